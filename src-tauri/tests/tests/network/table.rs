//! What came of the calls, for people and for docs/NETWORK.md.

use std::fmt;
use std::time::Duration;

use crate::pair::Talk;
use crate::scenario::Bob;

/// A row a scenario.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<Row>,
    resumed: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    title: &'static str,
    ends: &'static str,
    /// Each way that was seen, Alice's and Bob's view of it.
    ways: Vec<String>,
    /// In order.
    times: Vec<Duration>,
    hung: u32,
}

impl Table {
    /// Adds what came of a scenario; `hung`: how many calls are left out because WebKitGTK deadlocked in them.
    pub fn add(&mut self, title: &'static str, bob: Bob, talks: &[Talk], hung: u32) {
        let ends = bob.ends();
        let mut ways: Vec<String> = talks
            .iter()
            .map(|talk| format!("{}; {}", talk.pairs[0], talk.pairs[1]))
            .collect();
        ways.sort_unstable();
        ways.dedup();
        let times = talks.iter().map(|talk| talk.took).collect();
        self.rows.push(Row::new(title, ends, ways, times, hung));
    }

    /// Adds how long calls took to come back.
    pub fn add_resumed(&mut self, title: &'static str, bob: Bob, took: &[Duration], hung: u32) {
        let row = Row::new(title, bob.ends(), Vec::new(), took.to_vec(), hung);
        self.resumed.push(row);
    }
}

impl Row {
    fn new(
        title: &'static str,
        ends: &'static str,
        ways: Vec<String>,
        mut times: Vec<Duration>,
        hung: u32,
    ) -> Self {
        times.sort_unstable();
        let row = Self {
            title,
            ends,
            ways,
            times,
            hung,
        };
        println!("{row}");
        row
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("| network | ends | Alice's candidates; Bob's | calls | accept to connected: median (least to most) |\n")?;
        f.write_str("|---|---|---|---|---|\n")?;
        self.rows.iter().try_for_each(|row| writeln!(f, "{row}"))?;
        f.write_str("\n| what happens | ends | | times | until both see each other again: median (least to most) |\n")?;
        f.write_str("|---|---|---|---|---|\n")?;
        self.resumed.iter().try_for_each(|row| writeln!(f, "{row}"))
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            title,
            ends,
            ways,
            times,
            hung,
        } = self;
        let at = |place: usize| times.get(place).map_or(0, Duration::as_millis);
        let (median, most) = (at(times.len() / 2), at(times.len().saturating_sub(1)));
        let hung = match hung {
            0 => String::new(),
            _ => format!(" (and {hung} with a window that hung)"),
        };
        let (count, ways) = (times.len(), ways.join(" or "));
        write!(
            f,
            "| {title} | {ends} | {ways} | {count}{hung} | {median} ms ({} to {most}) |",
            at(0)
        )
    }
}
