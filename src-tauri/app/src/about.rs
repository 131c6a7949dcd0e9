//! What the app tells of itself.

use std::path::Path;
use std::process::Command;

use crate::ipc::UiError;

/// Of everything that is in the app. `cargo xtask licences` writes it; a step of the tests compares.
pub const LICENCES: &str = include_str!("../licences.txt");

/// The version of this app.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Shows the folder of the logs in the system's file manager.
///
/// # Errors
/// When there is no file manager; the sentence names the folder.
pub fn open_logs(data_dir: &Path) -> Result<(), UiError> {
    let folder = data_dir.join("log");
    let program = if cfg!(target_os = "macos") {
        "open"
    } else if cfg!(target_os = "windows") {
        "explorer"
    } else {
        "xdg-open"
    };
    let opened = Command::new(program).arg(&folder).spawn();
    let mut child = opened.map_err(|error| {
        UiError::new(
            "open_logs",
            format!(
                "{program} could not be started: {error}. The logs are in {}.",
                folder.display()
            ),
        )
    })?;
    // Nobody waits for a file manager, but somebody has to take note of its end.
    std::thread::spawn(move || child.wait());
    Ok(())
}
