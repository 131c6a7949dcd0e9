//! `cargo xtask demo`: Alice's and Bob's windows side by side, in a call.

use std::process::ExitCode;

use crate::e2e;
use crate::packages::{self, Purpose};
use crate::run::{self, Error};

/// Tells the end-to-end crate to open its windows on this screen, and not on a virtual one of its own.
const DISPLAY: &str = "RINGDOWN_E2E_DISPLAY";

/// Builds the app and has the end-to-end crate's `demo` drive two of it.
pub fn demo(seconds: Option<u32>) -> Result<ExitCode, Error> {
    run::require_display("cargo xtask demo", |name| std::env::var_os(name))?;
    packages::ensure(Purpose::Drive)?;
    let demo = e2e::program("demo")?.env(DISPLAY, "here");
    demo.args(seconds.map(|seconds| seconds.to_string()))
        .run()?;
    Ok(ExitCode::SUCCESS)
}
