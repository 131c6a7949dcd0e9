//! Counting tests from what test runners print.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::AddAssign;

/// How many tests passed, failed and were skipped. Displayed as `N passed, M failed, K skipped`, which is the line
/// that CI reads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Ended well.
    pub passed: u64,
    /// Ended badly, or were cancelled.
    pub failed: u64,
    /// Were not run.
    pub skipped: u64,
}

impl Tally {
    /// Whether no test was run. Skipped ones were not run.
    pub fn is_empty(self) -> bool {
        self.passed == 0 && self.failed == 0
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        )
    }
}

/// Reads the lines of one run of a test runner.
pub trait Reader {
    /// Takes the next line, without its end.
    fn line(&mut self, line: &str);
    /// What was counted.
    fn tally(&self) -> Tally;
}

/// `cargo test`: one closing line for each test binary, added up.
#[derive(Debug, Default)]
pub struct Cargo(Tally);

impl Reader for Cargo {
    fn line(&mut self, line: &str) {
        let line = plain(line);
        // A test, or a program that a test started, may have written the beginning of this line.
        let Some((_, result)) = line.split_once("test result: ") else {
            return;
        };
        let Some(counts) = result
            .strip_prefix("ok. ")
            .or_else(|| result.strip_prefix("FAILED. "))
        else {
            return;
        };
        let mut of_this_binary = Tally::default();
        for count in counts.split(';') {
            match number_and_word(count) {
                Some((number, "passed")) => of_this_binary.passed = number,
                Some((number, "failed")) => of_this_binary.failed = number,
                Some((number, "ignored")) => of_this_binary.skipped = number,
                _ => {}
            }
        }
        self.0 += of_this_binary;
    }

    fn tally(&self) -> Tally {
        self.0
    }
}

/// `cargo test` of tests that drive windows: tells those that failed because a window hung from those that failed.
#[derive(Debug, Default)]
pub struct Windows {
    counts: Cargo,
    /// Whose failure is being told.
    told: Option<String>,
    failed: BTreeSet<String>,
    hung: BTreeSet<String>,
    /// What the failures said, as it was printed.
    story: Vec<String>,
}

/// Lines of [`Windows::story`] that are kept: the rest is noise of what the tests started.
const STORY: usize = 120;

impl Windows {
    /// What a failure says whose window hangs (`DEAD_WINDOW` in src-tauri/tests/src/lib.rs).
    pub const HUNG: &str = "a window no longer answers";

    /// What the failed tests said, to be told again at the end of a long output.
    pub fn story(&self) -> &[String] {
        &self.story
    }

    /// The tests whose window hung, if no test failed otherwise.
    pub fn only_hung(&self) -> Option<&BTreeSet<String>> {
        let all = u64::try_from(self.hung.len()).ok() == Some(self.counts.tally().failed);
        (all && !self.hung.is_empty() && self.hung == self.failed).then_some(&self.hung)
    }
}

impl Reader for Windows {
    fn line(&mut self, line: &str) {
        self.counts.line(line);
        let line = plain(line);
        if let Some(rest) = line.strip_prefix("---- ") {
            let name = rest.split(' ').next().unwrap_or_default().to_owned();
            self.failed.insert(name.clone());
            self.told = Some(name);
        } else if line.starts_with("test result: ") {
            self.told = None;
        } else if line.contains(Self::HUNG)
            && let Some(name) = &self.told
        {
            self.hung.insert(name.clone());
        }
        if self.told.is_some() && self.story.len() < STORY {
            self.story.push(line);
        }
    }

    fn tally(&self) -> Tally {
        self.counts.tally()
    }
}

/// Node's test runner with the `tap` or the `spec` reporter: one block of counts at the end. The last of each count
/// is taken, since a test's own output can look like one.
#[derive(Debug, Default)]
pub struct Node {
    passed: u64,
    failed: u64,
    cancelled: u64,
    skipped: u64,
}

impl Reader for Node {
    fn line(&mut self, line: &str) {
        let line = plain(line);
        let Some(count) = line.strip_prefix("# ").or_else(|| line.strip_prefix("ℹ ")) else {
            return;
        };
        let Some((word, number)) = count.split_once(' ') else {
            return;
        };
        let Ok(number) = number.trim().parse() else {
            return;
        };
        match word {
            "pass" => self.passed = number,
            "fail" => self.failed = number,
            "cancelled" => self.cancelled = number,
            "skipped" => self.skipped = number,
            _ => {}
        }
    }

    fn tally(&self) -> Tally {
        Tally {
            passed: self.passed,
            failed: self.failed + self.cancelled,
            skipped: self.skipped,
        }
    }
}

fn number_and_word(count: &str) -> Option<(u64, &str)> {
    let (number, word) = count.trim().split_once(' ')?;
    Some((number.parse().ok()?, word))
}

/// The line without colours.
fn plain(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        if c != '\u{1b}' {
            plain.push(c);
            continue;
        }
        match rest.next() {
            // A control sequence ends with a letter.
            Some('[') => drop(rest.find(char::is_ascii_alphabetic)),
            // The choice of a character set: one more character.
            Some('(') => drop(rest.next()),
            _ => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_whose_window_hung_is_told_from_one_that_failed() {
        let told = |lines: &[&str]| {
            let mut windows = Windows::default();
            for line in lines {
                windows.line(line);
            }
            windows.only_hung().cloned().map(Vec::from_iter)
        };
        let hung = [
            "---- call::ten stdout ----",
            "Error: \"waited in vain: the video (a window no longer answers)\"",
            "---- by_relay ----",
            "it took too long (a window no longer answers)",
            "test result: FAILED. 4 passed; 1 failed; 0 ignored",
            "test result: FAILED. 4 passed; 1 failed; 0 ignored",
        ];
        assert_eq!(
            told(&hung).unwrap(),
            ["by_relay".to_owned(), "call::ten".to_owned()]
        );
        let failed = [
            "---- other stdout ----",
            "left: 1",
            "test result: FAILED. 4 passed; 1 failed; 0 ignored",
        ];
        assert_eq!(told(&failed), None);
        let mut windows = Windows::default();
        for line in ["running 9 tests", failed[0], failed[1], failed[2], "noise"] {
            windows.line(line);
        }
        assert_eq!(windows.story(), &failed[..2], "it is told again");
        assert_eq!(told(&[hung.as_slice(), &failed].concat()), None);
        assert_eq!(
            told(&["test result: ok. 4 passed; 0 failed; 0 ignored"]),
            None
        );
    }

    fn read(mut reader: impl Reader, output: &str) -> Tally {
        output.lines().for_each(|line| reader.line(line));
        reader.tally()
    }

    #[test]
    fn cargos_closing_lines_are_added_up() {
        let output = "
running 2 tests
test call::glare ... ok
test call::busy ... ok

test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s

   Doc-tests ringdown_core

running 1 test
test result: ok. 1 passed; 0 failed; 3 ignored; 0 measured; 0 filtered out; finished in 0.11s
";
        assert_eq!(
            read(Cargo::default(), output),
            Tally {
                passed: 3,
                failed: 0,
                skipped: 3
            }
        );
    }

    #[test]
    fn failures_of_cargo_are_counted() {
        let output = "
test result: FAILED. 7 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 1.20s
error: test failed, to rerun pass `-p ringdown-core --lib`
test result: ok. 4 passed; 0 failed; 0 ignored; 0 measured; 9 filtered out; finished in 0.00s
";
        assert_eq!(
            read(Cargo::default(), output),
            Tally {
                passed: 11,
                failed: 2,
                skipped: 1
            }
        );
    }

    #[test]
    fn other_output_on_the_same_line_does_not_hide_cargos() {
        let output = "
Xvfb: no keymap, going ontest result: ok. 5 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 2s
\u{1b}[1mtest result: \u{1b}[32mok\u{1b}(B\u{1b}[m. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0s
the test result: was not what we hoped
";
        assert_eq!(
            read(Cargo::default(), output),
            Tally {
                passed: 6,
                failed: 0,
                skipped: 0
            }
        );
    }

    #[test]
    fn nodes_closing_block_counts() {
        let tap = "
TAP version 13
# Subtest: sdp
    ok 1 - parses an offer
ok 1 - sdp
# a test wrote: pass 99
# pass 99
1..12
# tests 12
# suites 3
# pass 9
# fail 1
# cancelled 1
# skipped 1
# todo 0
# duration_ms 812.4
";
        assert_eq!(
            read(Node::default(), tap),
            Tally {
                passed: 9,
                failed: 2,
                skipped: 1
            }
        );
        let spec = "\u{1b}[34mℹ pass 4\u{1b}[39m\n\u{1b}[34mℹ fail 0\u{1b}[39m\n\u{1b}[34mℹ skipped 2\u{1b}[39m\n";
        assert_eq!(
            read(Node::default(), spec),
            Tally {
                passed: 4,
                failed: 0,
                skipped: 2
            }
        );
    }

    #[test]
    fn a_run_without_a_test_is_seen() {
        let none = "test result: ok. 0 passed; 0 failed; 4 ignored; 0 measured; 0 filtered out; finished in 0s";
        assert!(read(Cargo::default(), none).is_empty());
        assert!(read(Cargo::default(), "").is_empty());
        assert!(read(Node::default(), "TAP version 13\n1..0\n# pass 0\n# fail 0").is_empty());
    }

    #[test]
    fn the_line_for_ci_is_exactly_this() {
        let tally = Tally {
            passed: 132,
            failed: 0,
            skipped: 4,
        };
        assert_eq!(tally.to_string(), "132 passed, 0 failed, 4 skipped");
    }
}
