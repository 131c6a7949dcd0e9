//! `cargo xtask types`: ui/types.d.ts is generated from the Rust types that cross the IPC, by a test of the app.

use std::process::ExitCode;

use crate::sh::{self, Sh};
use crate::tally::{Cargo, Reader};

/// The variable that makes the test write the file in place of comparing it.
const WRITE: &str = "RINGDOWN_WRITE_TYPES";

/// Why the types were not written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The test failed: with `--check`, because the file is not up to date.
    #[error("{0}; where ui/types.d.ts is not up to date, `cargo xtask types` writes it")]
    Sh(#[from] sh::Error),
    /// The test is gone.
    #[error("the app has no test whose name holds `types`, so nothing was generated")]
    NoTest,
}

/// Writes the file, or only checks it.
pub fn types(check: bool) -> Result<ExitCode, Error> {
    let mut test = Sh::cargo().args(["test", "--package", "ringdown", "--lib", "types"]);
    if !check {
        test = test.env(WRITE, "1");
    }
    let mut counts = Cargo::default();
    test.lines(|line| counts.line(line))?;
    if counts.tally().is_empty() {
        Err(Error::NoTest)
    } else {
        Ok(ExitCode::SUCCESS)
    }
}
