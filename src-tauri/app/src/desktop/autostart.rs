//! Starting with the session, in the background: friends can ring before anybody thinks of opening the app.
//!
//! On Linux and macOS a file of the person's own (XDG autostart, a launch agent), on Windows a value of their registry.

use std::io;
use std::path::{Path, PathBuf};

/// Why it could not be turned on or off.
#[derive(Debug, thiserror::Error)]
pub enum AutostartError {
    /// The system names no place for it, or where this program is.
    #[error(
        "Ringdown can't be started with your session on this system: {0}. Add it to the programs that are, by hand."
    )]
    Unknown(&'static str),
    /// It could not be written.
    #[error(
        "Ringdown could not be added to what starts with your session: {0}. Check that you may write there."
    )]
    Io(#[from] io::Error),
}

/// Whether the app starts with the session.
///
/// # Errors
/// When the system has no place for it.
pub fn is_on() -> Result<bool, AutostartError> {
    system::is_on()
}

/// Starts the app with the session from now on (with this data directory, where it is not the usual one), or not any
/// more.
///
/// # Errors
/// When it can't be written.
pub fn set(on: bool, data_dir: Option<&Path>) -> Result<(), AutostartError> {
    if on {
        system::turn_on(&program()?, data_dir)
    } else {
        system::turn_off()
    }
}

/// This program. An AppImage is mounted elsewhere each time it runs; its own file is what stays.
fn program() -> Result<PathBuf, AutostartError> {
    match std::env::var_os("APPIMAGE") {
        Some(image) if cfg!(target_os = "linux") => Ok(image.into()),
        _ => Ok(std::env::current_exe()?),
    }
}

/// What it is started with.
fn arguments(data_dir: Option<&Path>) -> Vec<String> {
    let mut arguments = vec!["--hidden".to_owned()];
    if let Some(dir) = data_dir {
        arguments.push("--data-dir".to_owned());
        arguments.push(dir.display().to_string());
    }
    arguments
}

#[cfg(not(windows))]
mod system {
    use std::path::{Path, PathBuf};

    use super::AutostartError;

    pub(super) fn is_on() -> Result<bool, AutostartError> {
        Ok(place()?.is_file())
    }

    pub(super) fn turn_on(program: &Path, data_dir: Option<&Path>) -> Result<(), AutostartError> {
        let place = place()?;
        if let Some(dir) = place.parent() {
            std::fs::create_dir_all(dir)?;
        }
        Ok(std::fs::write(place, entry(program, data_dir))?)
    }

    pub(super) fn turn_off() -> Result<(), AutostartError> {
        match std::fs::remove_file(place()?) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            other => Ok(other?),
        }
    }

    #[cfg(target_os = "macos")]
    fn place() -> Result<PathBuf, AutostartError> {
        let home = dirs::home_dir().ok_or(AutostartError::Unknown("it names no home folder"))?;
        Ok(home.join("Library/LaunchAgents/app.ringdown.desktop.plist"))
    }

    #[cfg(not(target_os = "macos"))]
    fn place() -> Result<PathBuf, AutostartError> {
        let config =
            dirs::config_dir().ok_or(AutostartError::Unknown("it names no folder for settings"))?;
        Ok(config.join("autostart/Ringdown.desktop"))
    }

    #[cfg(target_os = "macos")]
    fn entry(program: &Path, data_dir: Option<&Path>) -> String {
        let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
        let words: String = std::iter::once(program.display().to_string())
            .chain(super::arguments(data_dir))
            .map(|word| format!("<string>{}</string>", escaped(&word)))
            .collect();
        format!(
            r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
<key>Label</key><string>app.ringdown.desktop</string>
<key>ProgramArguments</key><array>{words}</array>
<key>RunAtLoad</key><true/>
</dict></plist>
"#
        )
    }

    /// The Desktop Entry Specification's, for the Autostart Specification.
    #[cfg(not(target_os = "macos"))]
    pub(super) fn entry(program: &Path, data_dir: Option<&Path>) -> String {
        let words =
            std::iter::once(program.display().to_string()).chain(super::arguments(data_dir));
        let words: Vec<_> = words.map(|word| quoted(&word)).collect();
        let exec = words.join(" ");
        format!(
            "[Desktop Entry]\nType=Application\nName=Ringdown\nComment=Be there when friends call\nExec={exec}\n\
             Icon=ringdown\nTerminal=false\nX-GNOME-Autostart-enabled=true\n"
        )
    }

    /// As an argument of `Exec`: in quotes, where these characters need a backslash, which itself has to be doubled as
    /// in every string of such a file; and a percent sign would begin a field code.
    #[cfg(not(target_os = "macos"))]
    fn quoted(word: &str) -> String {
        let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@".contains(c);
        if !word.is_empty() && word.chars().all(plain) {
            return word.to_owned();
        }
        let mut quoted = String::from("\"");
        for c in word.chars() {
            match c {
                '"' | '`' | '$' => quoted.push_str("\\\\"),
                '\\' => quoted.push_str("\\\\\\"),
                '%' => quoted.push('%'),
                _ => {}
            }
            quoted.push(c);
        }
        quoted.push('"');
        quoted
    }
}

#[cfg(windows)]
mod system {
    use std::path::Path;

    use windows_registry::CURRENT_USER;

    use super::AutostartError;

    const RUN: &str = r"Software\Microsoft\Windows\CurrentVersion\Run";
    const NAME: &str = "Ringdown";

    pub(super) fn is_on() -> Result<bool, AutostartError> {
        let key = CURRENT_USER.open(RUN).map_err(std::io::Error::from)?;
        Ok(key.get_string(NAME).is_ok())
    }

    pub(super) fn turn_on(program: &Path, data_dir: Option<&Path>) -> Result<(), AutostartError> {
        // No path holds a quotation mark here.
        let words =
            std::iter::once(program.display().to_string()).chain(super::arguments(data_dir));
        let words: Vec<_> = words.map(|word| format!("\"{word}\"")).collect();
        let key = CURRENT_USER.create(RUN).map_err(std::io::Error::from)?;
        key.set_string(NAME, words.join(" "))
            .map_err(std::io::Error::from)?;
        Ok(())
    }

    pub(super) fn turn_off() -> Result<(), AutostartError> {
        if is_on()? {
            let key = CURRENT_USER.create(RUN).map_err(std::io::Error::from)?;
            key.remove_value(NAME).map_err(std::io::Error::from)?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn it_starts_without_a_window() {
        let entry = system::entry(Path::new("/usr/bin/ringdown"), None);
        assert!(
            entry.contains("\nExec=/usr/bin/ringdown --hidden\n"),
            "{entry}"
        );
    }

    #[test]
    fn odd_folders_survive_the_quoting() {
        let program = Path::new("/home/bob/My \"Apps\"/100%/$x\\ringdown");
        let entry = system::entry(program, Some(Path::new("/tmp/bob's data")));
        let exec = entry
            .lines()
            .find_map(|line| line.strip_prefix("Exec="))
            .unwrap();
        assert_eq!(
            exec,
            "\"/home/bob/My \\\\\"Apps\\\\\"/100%%/\\\\$x\\\\\\\\ringdown\" --hidden --data-dir \"/tmp/bob's data\""
        );
    }

    #[test]
    fn desktops_take_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("Ringdown.desktop");
        let program = Path::new("/opt/with space/ringdown");
        std::fs::write(&file, system::entry(program, None)).unwrap();
        let checked = std::process::Command::new("desktop-file-validate")
            .arg(&file)
            .output();
        match checked {
            Ok(checked) => assert!(checked.status.success(), "{checked:?}"),
            Err(_) => eprintln!("skipped: desktop-file-validate is not installed"),
        }
    }
}
