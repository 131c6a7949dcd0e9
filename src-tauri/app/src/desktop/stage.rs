//! A desktop of one's own for a test: a session bus, and a screen where that is wanted. It ends with the test.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longer than anything takes; reaching it is a failure.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A program that ends with the test.
pub struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Program {
    pub fn start(command: &mut Command) -> Self {
        Self(
            command
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap_or_else(|error| panic!("{command:?}: {error}")),
        )
    }

    /// The first line it says.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        let output = self.0.stdout.as_mut().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        line.trim().to_owned()
    }
}

/// A session bus.
pub struct Bus {
    dir: tempfile::TempDir,
    address: String,
    _daemon: Program,
}

impl Bus {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut daemon = Program::start(Command::new("dbus-daemon").args([
            "--session",
            "--print-address",
            "--nofork",
            &format!("--address=unix:path={}", dir.path().join("bus").display()),
        ]));
        let address = daemon.line();
        Self {
            dir,
            address,
            _daemon: daemon,
        }
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    pub fn dir(&self) -> &std::path::Path {
        self.dir.path()
    }

    /// Waits until somebody has this name. Asking them for something would have the bus start another one.
    pub async fn has(&self, name: &'static str) {
        let bus = self.connect().await;
        let names = zbus::fdo::DBusProxy::new(&bus).await.unwrap();
        let start = Instant::now();
        let name = zbus::names::BusName::try_from(name).unwrap();
        while !names.name_has_owner(name.clone()).await.unwrap() {
            assert!(start.elapsed() < PATIENCE, "nobody is {name}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub async fn connect(&self) -> zbus::Connection {
        let bus = zbus::connection::Builder::address(self.address.as_str()).unwrap();
        bus.build().await.unwrap()
    }
}

/// A screen nobody sees.
pub struct Screen {
    display: String,
    _server: Program,
}

impl Screen {
    pub fn new() -> Self {
        let mut server = Program::start(Command::new("Xvfb").args([
            "-displayfd",
            "1",
            "-screen",
            "0",
            "800x600x24",
            "-nolisten",
            "tcp",
        ]));
        let display = format!(":{}", server.line());
        Self {
            display,
            _server: server,
        }
    }

    pub fn display(&self) -> &str {
        &self.display
    }
}

/// Waits until `look` gives something.
pub async fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
