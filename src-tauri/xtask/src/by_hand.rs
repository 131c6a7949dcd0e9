//! Distributions on which people install things themselves: what is needed is looked for where any distribution has
//! it, and the command to type is told.

use std::path::Path;

use crate::distribution::ByHand;
use crate::packages::Purpose;
use crate::sh::{Sh, is_on_path};

/// Something is not there.
#[derive(Debug, thiserror::Error)]
#[error(
    "{missing} is missing, and this is not Debian or Ubuntu, where it would be installed now. Install:\n\n    \
     {command}\n"
)]
pub struct Missing {
    /// What was looked for and not found.
    missing: String,
    /// What to type.
    command: &'static str,
}

/// Where WebKit's and our own sound and pictures come from.
const LIBRARIES: [&str; 4] = [
    "webkit2gtk-4.1",
    "dbus-1",
    "gstreamer-1.0",
    "gstreamer-app-1.0",
];
const PLUGINS: [&str; 5] = ["app", "opus", "pulseaudio", "rtpmanager", "vpx"];
/// A private screen, session bus and sound daemon, and the driver.
const DRIVE: [&str; 6] = [
    "Xvfb",
    "xauth",
    "dbus-daemon",
    "pulseaudio",
    "pactl",
    "WebKitWebDriver",
];

/// The camera and the network of the bench, and what it compares with.
const BENCH: [&str; 7] = [
    "ip",
    "pipewire",
    "pw-cli",
    "wireplumber",
    "gst-launch-1.0",
    "chromium",
    "chromedriver",
];

/// Fails, saying what to type, when something needed for the purpose is missing.
pub fn check(advice: ByHand, purpose: Purpose) -> Result<(), Missing> {
    let to_build = program(&["cc", "pkg-config"])
        .or_else(library)
        .or_else(plugin);
    if let Some(missing) = to_build {
        return Err(Missing {
            missing,
            command: advice.run,
        });
    }
    let to_drive = || purpose.drives().then(|| program(&DRIVE)).flatten();
    let to_check = || {
        purpose
            .needs_node()
            .then(|| program(&["node", "npm"]))
            .flatten()
    };
    if let Some(missing) = to_drive().or_else(to_check) {
        return Err(Missing {
            missing,
            command: advice.test,
        });
    }
    let to_bench = (purpose == Purpose::Bench).then(|| program(&BENCH));
    match to_bench.flatten() {
        Some(missing) => Err(Missing {
            missing,
            command: advice.bench,
        }),
        None => Ok(()),
    }
}

/// The first of these programs that is not there.
fn program(names: &[&str]) -> Option<String> {
    let missing = names.iter().find(|name| !is_on_path(name))?;
    Some(format!("the program {missing}"))
}

fn library() -> Option<String> {
    let is_there = |name: &str| Sh::new("pkg-config").args(["--exists", name]).succeeds();
    let missing = LIBRARIES.iter().find(|name| !is_there(name))?;
    Some(format!(
        "the library {missing}, or what is needed to build with it,"
    ))
}

fn plugin() -> Option<String> {
    let dir = Sh::new("pkg-config")
        .args(["--variable=pluginsdir", "gstreamer-1.0"])
        .read()
        .ok()?;
    let is_there = |name: &str| {
        Path::new(dir.trim())
            .join(format!("libgst{name}.so"))
            .exists()
    };
    let missing = PLUGINS.iter().find(|name| !is_there(name))?;
    Some(format!("GStreamer's plugin {missing}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_named() {
        assert_eq!(program(&["sh", "ls"]), None);
        let missing = program(&["sh", "ringdown-no-such-program"]);
        assert_eq!(
            missing.as_deref(),
            Some("the program ringdown-no-such-program")
        );
    }
}
