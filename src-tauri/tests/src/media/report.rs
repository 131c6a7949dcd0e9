//! What was measured as a table: medians of all calls, and the ratio of Ringdown to Chromium.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::figures::{Figures, Measure, median};
use super::people::Who;
use super::profile::Share;
use super::scenario::Scenario;

/// A call that was measured.
#[derive(Debug, Clone)]
pub struct Call {
    /// Which one.
    pub scenario: Scenario,
    /// Whose.
    pub who: Who,
    /// Of each direction that was seen.
    pub figures: Vec<Figures>,
    /// The share of a core that each kind of process took, of both sides together, in hundredths.
    pub processes: BTreeMap<String, f64>,
    /// Where `perf` saw the processor, if it watched.
    pub profile: Vec<Share>,
}

/// All calls as markdown: one table, and a line for each product's processes.
#[must_use]
pub fn table(calls: &[Call]) -> String {
    let all: BTreeSet<Who> = calls.iter().map(|call| call.who).collect();
    let others: Vec<Who> = all
        .iter()
        .copied()
        .filter(|who| *who != Who::Ringdown)
        .collect();
    let mut text = String::from("| call | measure |");
    for who in &all {
        let _ = write!(text, " {} |", who.title());
    }
    for who in &others {
        let _ = write!(text, " ratio to {} |", who.name());
    }
    let _ = writeln!(text, "\n|{}", "---|".repeat(2 + all.len() + others.len()));
    let mut seen = Vec::new();
    for Call { scenario, .. } in calls {
        if seen.contains(&scenario.name) {
            continue;
        }
        seen.push(scenario.name);
        rows(&mut text, calls, scenario, &all, &others);
    }
    text.push_str("\nProcessor's time by process, both sides together, % of a core, medians:\n\n");
    for name in &seen {
        for who in &all {
            let of: Vec<_> = of(calls, name, *who).collect();
            if !of.is_empty() {
                let (title, count) = (who.title(), of.len());
                let _ = writeln!(
                    text,
                    "- {name}, {title} ({count} calls): {}",
                    processes(&of)
                );
            }
        }
    }
    for call in calls.iter().filter(|call| !call.profile.is_empty()) {
        profile(&mut text, call);
    }
    text
}

/// What took at least a hundredth of a core, of the whole machine.
fn profile(text: &mut String, call: &Call) {
    let (name, title) = (call.scenario.name, call.who.title());
    let _ = writeln!(
        text,
        "\n| {name}, {title}: thread | library | % of a core |\n|---|---|---|"
    );
    for Share {
        thread,
        library,
        core,
    } in call.profile.iter().filter(|share| share.core >= 1.0)
    {
        let _ = writeln!(text, "| {thread} | {library} | {core:.0} |");
    }
}

fn of<'a>(calls: &'a [Call], scenario: &'a str, who: Who) -> impl Iterator<Item = &'a Call> {
    calls
        .iter()
        .filter(move |call| call.scenario.name == scenario && call.who == who)
}

fn rows(
    text: &mut String,
    calls: &[Call],
    scenario: &Scenario,
    all: &BTreeSet<Who>,
    others: &[Who],
) {
    let mut values: BTreeMap<Measure, BTreeMap<Who, f64>> = BTreeMap::new();
    for who in all {
        let figures: Vec<_> = of(calls, scenario.name, *who)
            .flat_map(|call| &call.figures)
            .collect();
        let measures: BTreeSet<Measure> =
            figures.iter().flat_map(|one| one.keys().copied()).collect();
        for measure in measures {
            let mut found: Vec<f64> = figures
                .iter()
                .filter_map(|one| one.get(&measure).copied())
                .collect();
            if let Some(median) = median(&mut found) {
                values.entry(measure).or_default().insert(*who, median);
            }
        }
    }
    for (measure, by) in values {
        let (words, decimals) = measure.words();
        let _ = write!(text, "| {} | {words} |", scenario.words);
        for who in all {
            let value = by.get(who).map(|value| format!("{value:.decimals$}"));
            let _ = write!(text, " {} |", value.as_deref().unwrap_or("–"));
        }
        for who in others {
            let _ = write!(text, " {} |", ratio(by.get(&Who::Ringdown), by.get(who)));
        }
        text.push('\n');
    }
}

/// Ours to theirs; where theirs is nothing, there is none.
fn ratio(ours: Option<&f64>, theirs: Option<&f64>) -> String {
    match (ours, theirs) {
        (Some(ours), Some(theirs)) if *theirs > 0.0 => format!("{:.2}", ours / theirs),
        _ => "–".into(),
    }
}

fn processes(calls: &[&Call]) -> String {
    let names: BTreeSet<&String> = calls
        .iter()
        .flat_map(|call| call.processes.keys())
        .collect();
    let shares = names.into_iter().filter_map(|name| {
        let mut found: Vec<f64> = calls
            .iter()
            .map(|call| call.processes.get(name).copied().unwrap_or_default())
            .collect();
        let share = median(&mut found)?;
        (share >= 0.5).then(|| format!("{name} {share:.0}"))
    });
    shares.collect::<Vec<_>>().join(", ")
}
