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

/// Fails, saying what to type, when something needed for the purpose is missing.
pub fn check(advice: ByHand, purpose: Purpose) -> Result<(), Missing> {
    if let Some(missing) = probe(Purpose::Run) {
        return Err(Missing {
            missing,
            command: advice.run,
        });
    }
    match probe(purpose) {
        Some(missing) => Err(Missing {
            missing,
            command: advice.test,
        }),
        None => Ok(()),
    }
}

/// The first thing needed for the purpose that is not there, looked for where any distribution has it.
fn probe(purpose: Purpose) -> Option<String> {
    let programs: &[&str] = match purpose {
        Purpose::Run => &["cc", "pkg-config"],
        Purpose::Drive => &[
            "Xvfb",
            "xauth",
            "dbus-daemon",
            "pulseaudio",
            "pactl",
            "WebKitWebDriver",
        ],
        Purpose::Test => &[
            "Xvfb",
            "xauth",
            "dbus-daemon",
            "pulseaudio",
            "pactl",
            "WebKitWebDriver",
            "xdotool",
            "node",
            "npm",
        ],
    };
    if let Some(program) = programs.iter().find(|program| !is_on_path(program)) {
        return Some((*program).to_owned());
    }
    if purpose > Purpose::Run {
        return None;
    }
    let libraries = [
        "webkit2gtk-4.1",
        "dbus-1",
        "gstreamer-1.0",
        "gstreamer-app-1.0",
    ];
    let absent = |library: &&&str| !Sh::new("pkg-config").args(["--exists", library]).succeeds();
    if let Some(library) = libraries.iter().find(absent) {
        return Some(format!("the library {library}"));
    }
    let plugins = Sh::new("pkg-config")
        .args(["--variable=pluginsdir", "gstreamer-1.0"])
        .read()
        .ok()?;
    let absent = |plugin: &&&str| {
        !Path::new(plugins.trim())
            .join(format!("libgst{plugin}.so"))
            .exists()
    };
    let plugin = ["app", "opus", "pulseaudio", "rtpmanager", "vpx"]
        .iter()
        .find(absent)?;
    Some(format!("GStreamer's plugin {plugin}"))
}
