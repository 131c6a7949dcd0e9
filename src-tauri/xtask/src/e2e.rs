//! Starting what lives in the end-to-end crate, so that it finds what was set up for it.

use std::env::consts::EXE_SUFFIX;

use crate::pulse;
use crate::sh::{self, Sh};

/// The app, the server and the crate that drives them. Built together, they share their dependencies; one after the
/// other, cargo would choose other features for some of these and build them anew.
pub const TOGETHER: [&str; 6] = [
    "--package",
    "ringdown",
    "--package",
    "ringdown-signaling",
    "--package",
    "ringdown-e2e",
];

/// Builds the app and the server beside which the tests will lie.
pub fn build() -> Result<(), sh::Error> {
    Sh::cargo().args(["build"]).args(TOGETHER).run()
}

/// The test of this name alone.
pub fn test(name: &str) -> Sh {
    tests().args(["--exact", name])
}

/// The tests of the end-to-end crate, one at a time: each has the machine to itself.
pub fn tests() -> Sh {
    let tests = [
        "test",
        "--package",
        "ringdown-e2e",
        "--no-fail-fast",
        "--",
        "--test-threads=1",
    ];
    with_sound(Sh::cargo().args(tests))
}

/// Builds the app as people get it, and a program of the end-to-end crate beside it, which is returned.
pub fn program(name: &str) -> Result<Sh, sh::Error> {
    Sh::cargo()
        .args(["build", "--release"])
        .args(TOGETHER)
        .run()?;
    let program = sh::target()
        .join("release")
        .join(format!("{name}{EXE_SUFFIX}"));
    Ok(with_sound(Sh::new(program)))
}

/// Lets it find the PulseAudio that was unpacked where none could be installed.
fn with_sound(command: Sh) -> Sh {
    match pulse::path() {
        Some(path) => command.env("PATH", path),
        None => command,
    }
}
