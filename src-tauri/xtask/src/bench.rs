//! `cargo xtask bench`: measuring, with what people get (a release build).

use std::process::ExitCode;

use clap::ValueEnum;

use crate::e2e;
use crate::packages::{self, Purpose};
use crate::run::Error;

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// A call between two windows: time to the first frame, frame rate, latency, CPU and memory by process
    Call,
    /// The app alone: from start to a window that takes input; CPU and memory while it waits in the background
    Idle,
    /// A server under each attack that the tests know: its memory, and what honest people notice
    Attack,
}

impl What {
    fn name(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Idle => "idle",
            Self::Attack => "attack",
        }
    }
}

/// Builds the app and the server, and has the end-to-end crate's `bench` measure it.
pub fn bench(what: What) -> Result<ExitCode, Error> {
    packages::ensure(Purpose::Drive)?;
    e2e::program("bench")?.args([what.name()]).run()?;
    Ok(ExitCode::SUCCESS)
}
