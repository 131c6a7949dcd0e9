//! Tests that share what is slow to make, and are counted as skipped where there can be no lab.

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

use super::why_not;
use crate::Result;

/// What happens in a test.
pub type Tale = Box<dyn FnOnce() -> Result<()> + Send>;
/// A test: its name, and what happens in it.
pub type Story = (String, Tale);

/// Where this is set, a lab that can't be made is a failure.
const REQUIRED: &str = "RINGDOWN_LAB_REQUIRED";

/// Runs them one after the other, as `cargo test` would, in the given order.
#[must_use]
pub fn run(stories: Vec<Story>) -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    let obstacle = why_not();
    if let Some(obstacle) = &obstacle {
        eprintln!("skipped: {obstacle}");
        if std::env::var_os(REQUIRED).is_some() {
            return ExitCode::FAILURE;
        }
    }
    let trials = stories.into_iter().map(|(name, story)| {
        Trial::test(name, move || {
            story().map_err(|error| Failed::from(error.to_string()))
        })
        .with_ignored_flag(obstacle.is_some())
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}
