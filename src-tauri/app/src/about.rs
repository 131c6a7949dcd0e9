//! What the app tells of itself.

use std::ffi::OsStr;
use std::io;
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
    open(folder.as_os_str()).map_err(|(program, error)| {
        UiError::new(
            "open_logs",
            format!(
                "{program} could not be started: {error}. The logs are in {}.",
                folder.display()
            ),
        )
    })
}

/// Shows a page of the web in the person's browser.
///
/// # Errors
/// When there is none; the sentence names the page.
pub fn open_page(page: &str) -> Result<(), UiError> {
    open(page.as_ref()).map_err(|(program, error)| {
        UiError::new(
            "open_page",
            format!("{program} could not be started: {error}. The page is {page}."),
        )
    })
}

/// Hands something to whatever program the system has for it.
fn open(what: &OsStr) -> Result<(), (&'static str, io::Error)> {
    let program = if cfg!(target_os = "macos") {
        "open"
    } else if cfg!(target_os = "windows") {
        "explorer"
    } else {
        "xdg-open"
    };
    let opened = Command::new(program).arg(what).spawn();
    let mut child = opened.map_err(|error| (program, error))?;
    // Nobody waits for a file manager or a browser, but somebody has to take note of its end.
    std::thread::spawn(move || child.wait());
    Ok(())
}
