//! `cargo xtask bench`: measuring, with what people get (a release build).

use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::e2e;
use crate::packages::{self, Purpose};
use crate::run::Error;

/// What can be measured.
#[derive(Debug, Subcommand)]
pub enum What {
    /// A call between two windows: time to the first frame, frame rate, latency, CPU and memory by process
    Call,
    /// The app alone: from start to a window that takes input; CPU and memory while it waits in the background
    Idle,
    /// A server under each attack that the tests know: its memory, and what honest people notice
    Attack,
    /// The same call by two windows and by two Chromiums, over links that lose and delay (needs root)
    Media(Media),
}

/// Which calls. What is not said is left to the program that measures: it knows what there is.
#[derive(Debug, Args)]
pub struct Media {
    /// clean, loss5, loss15, jitter30, step, thin, outage, both, voice (default: all)
    #[arg(long, value_name = "A,B")]
    scenario: Option<String>,
    /// ringdown, visible, headless: the latter two are Chromium with and without a window (default: all)
    #[arg(long, value_name = "A,B")]
    who: Option<String>,
    /// Calls of each, of which the table has the median (default: 3)
    #[arg(long, value_name = "N")]
    repeats: Option<u32>,
    /// After so many minutes no further call is begun (default: 120)
    #[arg(long, value_name = "N")]
    minutes: Option<u32>,
    /// Have `perf` (linux-perf) tell in which threads and libraries the processor's time goes
    #[arg(long)]
    profile: bool,
}

impl What {
    fn purpose(&self) -> Purpose {
        match self {
            Self::Call | Self::Idle | Self::Attack => Purpose::Drive,
            Self::Media(_) => Purpose::Bench,
        }
    }

    fn words(&self) -> Vec<String> {
        match self {
            Self::Call => vec!["call".into()],
            Self::Idle => vec!["idle".into()],
            Self::Attack => vec!["attack".into()],
            Self::Media(media) => media.words(),
        }
    }
}

impl Media {
    fn words(&self) -> Vec<String> {
        let options = [
            ("--scenario", self.scenario.clone()),
            ("--who", self.who.clone()),
            ("--repeats", self.repeats.map(|number| number.to_string())),
            ("--minutes", self.minutes.map(|number| number.to_string())),
        ];
        let given = options
            .into_iter()
            .filter_map(|(name, value)| Some([name.to_owned(), value?]));
        let profile = self.profile.then(|| "--profile".to_owned());
        std::iter::once("media".to_owned())
            .chain(given.flatten())
            .chain(profile)
            .collect()
    }
}

/// Builds the app and the server, and has the end-to-end crate's `bench` measure it.
pub fn bench(what: &What) -> Result<ExitCode, Error> {
    packages::ensure(what.purpose())?;
    e2e::program("bench")?.args(what.words()).run()?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_handed_on_and_nothing_else() {
        let media = Media {
            scenario: Some("clean,voice".into()),
            who: None,
            repeats: Some(5),
            minutes: None,
            profile: true,
        };
        let words = What::Media(media).words();
        assert_eq!(
            words,
            [
                "media",
                "--scenario",
                "clean,voice",
                "--repeats",
                "5",
                "--profile"
            ]
        );
        assert_eq!(What::Call.words(), ["call"]);
    }
}
