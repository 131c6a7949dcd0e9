//! `cargo xtask demo`: Alice's and Bob's windows side by side, in a call.

use std::process::ExitCode;

use crate::packages::{self, Purpose};
use crate::run::{self, Error};
use crate::sh::Sh;

/// Builds the app and has the end-to-end crate's `demo` drive two of it.
pub fn demo(seconds: Option<u32>) -> Result<ExitCode, Error> {
    run::require_display("cargo xtask demo", |name| std::env::var_os(name))?;
    packages::ensure(Purpose::Drive)?;
    run::build_release()?;
    let mut demo = Sh::cargo().args([
        "run",
        "--release",
        "--package",
        "ringdown-e2e",
        "--bin",
        "demo",
        "--",
    ]);
    if let Some(seconds) = seconds {
        demo = demo.args(["--seconds", &seconds.to_string()]);
    }
    demo.run()?;
    Ok(ExitCode::SUCCESS)
}
