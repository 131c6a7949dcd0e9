//! `cargo xtask bench`: measuring, with what people get (a release build).

use std::process::ExitCode;

use clap::ValueEnum;

use crate::packages::{self, Purpose};
use crate::run::{self, Error};
use crate::sh::Sh;

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// A call between two windows: time to the first frame, frame rate, latency, CPU and memory by process
    Call,
}

impl What {
    fn name(self) -> &'static str {
        match self {
            Self::Call => "call",
        }
    }
}

/// Builds the app and has the end-to-end crate's `bench` measure it.
pub fn bench(what: What) -> Result<ExitCode, Error> {
    packages::ensure(Purpose::Drive)?;
    run::build_release()?;
    let bench = [
        "run",
        "--release",
        "--package",
        "ringdown-e2e",
        "--bin",
        "bench",
        "--",
        what.name(),
    ];
    Sh::cargo().args(bench).run()?;
    Ok(ExitCode::SUCCESS)
}
