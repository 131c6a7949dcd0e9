//! What is asked for on the command line.

use std::time::Duration;

use super::people::Who;
use super::scenario::{SCENARIOS, Scenario};
use crate::Result;

/// What is to be measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// In this order.
    pub scenarios: Vec<Scenario>,
    /// In this order, within each scenario.
    pub who: Vec<Who>,
    /// Calls of each.
    pub repeats: u32,
    /// After this time no further call is begun.
    pub budget: Duration,
    /// Whether `perf` watches: that takes some of the processor itself.
    pub profile: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            scenarios: SCENARIOS.into(),
            who: Who::ALL.into(),
            repeats: 3,
            budget: Duration::from_secs(2 * 60 * 60),
            profile: false,
        }
    }
}

impl Options {
    /// Reads `--scenario a,b`, `--who a,b`, `--repeats N`, `--minutes N` and `--profile`, each with a default.
    ///
    /// # Errors
    /// When there is no such option, or not that value of it, with those that there are.
    pub fn read(words: impl IntoIterator<Item = String>) -> Result<Self> {
        let mut options = Self::default();
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            if word == "--profile" {
                options.profile = true;
                continue;
            }
            let value = words.next().ok_or_else(|| format!("{word} has no value"))?;
            match word.as_str() {
                "--scenario" => {
                    options.scenarios = chosen(&value, &SCENARIOS, |scenario| scenario.name)?;
                }
                "--who" => options.who = chosen(&value, &Who::ALL, |who| who.name())?,
                "--repeats" => options.repeats = value.parse()?,
                "--minutes" => {
                    let minutes: u32 = value.parse()?;
                    options.budget = Duration::from_secs(u64::from(minutes) * 60);
                }
                _ => return Err(format!("there is no option {word}").into()),
            }
        }
        Ok(options)
    }
}

fn chosen<T: Copy>(names: &str, all: &[T], name: impl Fn(&T) -> &'static str) -> Result<Vec<T>> {
    names
        .split(',')
        .map(|wanted| {
            let found = all.iter().find(|one| name(one) == wanted).copied();
            found.ok_or_else(|| {
                let known: Vec<_> = all.iter().map(&name).collect();
                format!("there is no “{wanted}”; there are: {}", known.join(", ")).into()
            })
        })
        .collect()
}
