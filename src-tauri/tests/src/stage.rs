//! A private display, D-Bus session and sound server.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::process::Command;

use crate::lab::Place;
use crate::process::Program;
use crate::sound::Sound;
use crate::{Result, eventually};

/// Where a test plays. Dropping it ends everything that runs on it.
#[derive(Debug)]
pub struct Stage {
    dir: TempDir,
    display: String,
    bus: String,
    sound: Sound,
    /// Kept to be ended last.
    _programs: Vec<Program>,
}

impl Stage {
    /// Sets up a display of `size` (e.g. `1920x1080`), unless `RINGDOWN_E2E_DISPLAY=here` asks for the real one.
    ///
    /// # Errors
    /// When one of the programs is missing or does not come up.
    pub async fn new(size: &str) -> Result<Self> {
        Self::set_up(size, true).await
    }

    /// [`Stage::new`] where nobody has a microphone.
    ///
    /// # Errors
    /// As [`Stage::new`].
    pub async fn without_microphones(size: &str) -> Result<Self> {
        Self::set_up(size, false).await
    }

    async fn set_up(size: &str, microphones: bool) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("ringdown-e2e-").tempdir()?;
        let mut programs = Vec::new();
        let display = match std::env::var("RINGDOWN_E2E_DISPLAY").as_deref() {
            Ok("here") => std::env::var("DISPLAY")?,
            _ => {
                let mut xvfb = Program::start(
                    Command::new("Xvfb")
                        .args([
                            "-displayfd",
                            "1",
                            "-screen",
                            "0",
                            &format!("{size}x24"),
                            "-nolisten",
                            "tcp",
                        ])
                        .stderr(std::process::Stdio::null()),
                )?;
                let number = xvfb.line().await?;
                programs.push(xvfb);
                format!(":{}", number.trim())
            }
        };
        let config = dir.path().join("bus.conf");
        std::fs::write(&config, bus_config(&dir.path().join("bus")))?;
        let mut bus = Program::start(
            Command::new("dbus-daemon")
                .args(["--print-address", "--nofork"])
                .arg(format!("--config-file={}", config.display())),
        )?;
        let address = bus.line().await?;
        programs.push(bus);
        let sound = Sound::start(dir.path(), microphones).await?;
        Ok(Self {
            dir,
            display,
            bus: address,
            sound,
            _programs: programs,
        })
    }

    /// A folder that is deleted with the stage.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The address of the session bus.
    #[must_use]
    pub fn bus(&self) -> &str {
        &self.bus
    }

    /// The display, as programs are told of it.
    #[must_use]
    pub fn display(&self) -> &str {
        &self.display
    }

    /// The sound server.
    #[must_use]
    pub fn sound(&self) -> &Sound {
        &self.sound
    }

    /// A command that runs on this stage, with `person`'s own speaker and microphone. Ringdown stays on the loopback
    /// device.
    #[must_use]
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>, person: &str) -> Command {
        let mut command = Command::new(program);
        command.env("RINGDOWN_BIND", "127.0.0.1");
        self.lend(&mut command, person);
        command
    }

    /// [`Stage::command`], at another place of the network: there, Ringdown uses all of it. Display, bus and sound are
    /// sockets in the file system, which namespaces of the network share.
    #[must_use]
    pub fn command_at(
        &self,
        place: &Place,
        program: impl AsRef<std::ffi::OsStr>,
        person: &str,
    ) -> Command {
        let mut command = place.command(program);
        command.env_remove("RINGDOWN_BIND");
        self.lend(&mut command, person);
        command
    }

    fn lend(&self, command: &mut Command, person: &str) {
        command
            .env("DISPLAY", &self.display)
            .env("DBUS_SESSION_BUS_ADDRESS", &self.bus)
            .env("NO_AT_BRIDGE", "1")
            .env("GDK_BACKEND", "x11")
            .env_remove("WAYLAND_DISPLAY");
        self.sound.lend(command, person);
    }

    /// Starts a stand-alone server on this port, and waits until it listens.
    ///
    /// # Errors
    /// When it does not.
    pub async fn meeting_point(&self, port: u16) -> Result<Program> {
        let mut command = self.command(binary("ringdown-server")?, "nobody");
        let mut server = Program::start(command.args(["--listen", &format!("127.0.0.1:{port}")]))?;
        let line = server.line().await?;
        if !line.contains("listening on") {
            return Err(format!("the server said “{line}”").into());
        }
        server.ignore_output();
        Ok(server)
    }

    /// Takes a picture of the whole display (needs ImageMagick).
    ///
    /// # Errors
    /// When `import` is missing or fails.
    pub async fn picture(&self, file: &Path) -> Result<()> {
        let status = Command::new("import")
            .env("DISPLAY", &self.display)
            .args(["-window", "root"])
            .arg(file)
            .status()
            .await?;
        if status.success() {
            Ok(())
        } else {
            Err("import took no picture".into())
        }
    }
}

/// A session bus as the system has it, but one that starts nothing: of the services that are installed on this machine, a
/// dunst that was started by the bus would find no display and end with signal 5, and a keyring would outlive the test.
fn bus_config(socket: &Path) -> String {
    format!(
        r#"<busconfig>
  <type>session</type>
  <listen>unix:path={}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#,
        socket.display()
    )
}

/// A binary of this workspace, built beside the running test.
///
/// # Errors
/// When it was not built: `cargo build -p ringdown -p ringdown-signaling` does.
pub fn binary(name: &str) -> Result<PathBuf> {
    let here = std::env::current_exe()?;
    let found = here
        .ancestors()
        .skip(1)
        .take(2)
        .map(|dir| dir.join(name))
        .find(|path| path.is_file());
    found.ok_or_else(|| {
        format!("{name} is not built: cargo build -p ringdown -p ringdown-signaling").into()
    })
}

/// Waits for a file.
///
/// # Errors
/// When it does not appear.
pub async fn file_appears(path: &Path) -> Result<()> {
    eventually(&format!("{} to appear", path.display()), || async {
        Ok(path.exists().then_some(()))
    })
    .await
}
