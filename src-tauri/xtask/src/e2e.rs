//! Starting what lives in the end-to-end crate, so that it finds what was set up for it.

use crate::pulse;
use crate::sh::Sh;

/// Cargo, with the PulseAudio that was unpacked where none could be installed.
pub fn cargo() -> Sh {
    let cargo = Sh::cargo();
    match pulse::path() {
        Some(path) => cargo.env("PATH", path),
        None => cargo,
    }
}

/// A program of the end-to-end crate, built like the app that people get.
pub fn program(name: &str) -> Sh {
    cargo().args([
        "run",
        "--release",
        "--package",
        "ringdown-e2e",
        "--bin",
        name,
        "--",
    ])
}
