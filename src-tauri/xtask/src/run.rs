//! `cargo xtask run`: from a fresh clone to the app on the screen.

use std::env::consts::EXE_SUFFIX;
use std::ffi::OsString;
use std::process::ExitCode;

use crate::packages::{self, Purpose};
use crate::sh::{self, Sh};

/// Why the app did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no screen to show a window on.
    #[error(
        "there is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set), so no window can be shown.\n\
         In a desktop session, run this from a terminal of it. On a machine without a screen, start it on a virtual \
         one:\n\n    xvfb-run -a {0}\n\n(xvfb-run comes with: apt-get install xvfb xauth)"
    )]
    NoDisplay(String),
    /// Something needed is not installed.
    #[error(transparent)]
    Packages(#[from] packages::Error),
    /// The build failed, or the app could not be started.
    #[error(transparent)]
    Sh(#[from] sh::Error),
}

/// Installs, builds and starts the app with these arguments; returns its exit code.
pub fn run(arguments: &[OsString]) -> Result<ExitCode, Error> {
    require_display("cargo xtask run", |name| std::env::var_os(name))?;
    packages::ensure(Purpose::Run)?;
    Sh::cargo()
        .args(["build", "--release", "--package", "ringdown"])
        .run()?;
    let app = sh::target()
        .join("release")
        .join(format!("ringdown{}", EXE_SUFFIX));
    let status = Sh::new(app).args(arguments).here().status()?;
    Ok(status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Fails, before anything is built, where no window could be shown.
pub fn require_display(
    command: &str,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<(), Error> {
    let is_set = |name| variable(name).is_some_and(|value| !value.is_empty());
    if !cfg!(target_os = "linux") || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY") {
        Ok(())
    } else {
        Err(Error::NoDisplay(command.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_kind_of_display_will_do() {
        for name in ["DISPLAY", "WAYLAND_DISPLAY"] {
            let only = |asked: &str| (asked == name).then(|| OsString::from(":1"));
            assert!(require_display("cargo xtask run", only).is_ok());
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn without_a_display_we_are_told_what_to_type() {
        let error = require_display("cargo xtask demo", |_| None)
            .unwrap_err()
            .to_string();
        assert!(error.contains("xvfb-run -a cargo xtask demo"), "{error}");
        assert!(require_display("cargo xtask run", |_| Some(OsString::new())).is_err());
    }
}
