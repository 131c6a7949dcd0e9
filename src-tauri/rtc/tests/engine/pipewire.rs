//! A PipeWire of a test's own, and camera nodes in it that GStreamer plays.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use crate::person::DEADLINE;

/// Set in the process that runs a test among cameras.
const INSIDE: &str = "RINGDOWN_TEST_AMONG_CAMERAS";

/// Runs a test, by its whole name, in a process whose session has a PipeWire and no camera yet: GStreamer finds it by the
/// environment, which a process has once.
pub fn among_cameras<F: Future<Output = ()>>(name: &str, test: impl FnOnce() -> F) {
    if std::env::var_os(INSIDE).is_some() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        return runtime.block_on(test());
    }
    let session = Session::start();
    let mut child = session.command(std::env::current_exe().unwrap());
    child
        .args([name, "--exact", "--nocapture"])
        .env(INSIDE, "1");
    assert!(child.status().unwrap().success(), "see above");
}

/// Ends a program with the test.
struct Ends(Child);

impl Drop for Ends {
    fn drop(&mut self) {
        // it may have ended by itself
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Session {
    folder: PathBuf,
    bus: String,
    _programs: Vec<Ends>,
}

impl Session {
    fn start() -> Self {
        static SESSIONS: AtomicU32 = AtomicU32::new(0);
        let number = SESSIONS.fetch_add(1, Ordering::Relaxed);
        let folder = format!("rd-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        std::fs::DirBuilder::new()
            .mode(0o700)
            .create(&folder)
            .unwrap();
        let mut bus = Command::new("dbus-daemon")
            .args(["--session", "--nofork", "--print-address"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut address = String::new();
        let said = bus.stdout.take().unwrap();
        BufReader::new(said).read_line(&mut address).unwrap();
        let mut session = Self {
            folder,
            bus: address.trim().to_owned(),
            _programs: vec![Ends(bus)],
        };
        session.run("pipewire");
        let socket = session.folder.join("pipewire-0");
        let until = Instant::now() + DEADLINE;
        while !socket.exists() {
            assert!(Instant::now() < until, "PipeWire does not come up");
            std::thread::yield_now();
        }
        session.run("wireplumber");
        session
    }

    fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command
            .env("DBUS_SESSION_BUS_ADDRESS", &self.bus)
            .env("XDG_RUNTIME_DIR", &self.folder)
            .env("PIPEWIRE_RUNTIME_DIR", &self.folder)
            .env("XDG_STATE_HOME", &self.folder);
        command
    }

    fn run(&mut self, program: &str) {
        let started = self
            .command(program)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let started = started.unwrap_or_else(|error| panic!("{program}: {error}"));
        self._programs.push(Ends(started));
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self._programs.clear();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A camera that is plugged in until it is dropped.
pub struct Plugged(#[expect(dead_code, reason = "kept to be ended")] Ends);

impl Plugged {
    /// `pictures` is the beginning of a GStreamer pipeline, `properties` are of PipeWire's node.
    pub fn new(name: &str, label: &str, pictures: &str, properties: &str) -> Self {
        let properties = format!(
            "stream-properties=props,media.class=Video/Source,media.role=Camera,node.name={name},node.description={label}{properties}"
        );
        let player = Command::new("gst-launch-1.0")
            .arg("-q")
            .args(pictures.split_whitespace())
            .args(["!", "pipewiresink", "mode=provide", &properties])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self(Ends(player))
    }
}
