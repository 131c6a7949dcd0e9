//! A sound system of the test's own: a PulseAudio daemon with null sinks, players and recorders.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Samples a second.
pub const RATE: usize = 48_000;

/// How long a state may take to come about. Only a failing test ever waits so long.
const DEADLINE: Duration = Duration::from_secs(30);

/// Waits for a state.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(
            Instant::now() < deadline,
            "in {DEADLINE:?} it never came about that {what}"
        );
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

/// One sound test at a time: they measure in real time, and the machine may be small.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A private PulseAudio server; killed when dropped.
pub struct Server {
    daemon: Option<Child>,
    modules: Vec<String>,
    dir: PathBuf,
    _turn: MutexGuard<'static, ()>,
}

impl Server {
    /// A server with these modules, such as `module-null-sink sink_name=speaker`.
    pub fn start(modules: &[&str]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let turn = turn();
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let dir =
            std::env::temp_dir().join(format!("ringdown-audio-{}-{count}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let modules = modules.iter().map(|&module| module.to_owned()).collect();
        let mut server = Self {
            daemon: None,
            modules,
            dir,
            _turn: turn,
        };
        server.revive();
        server
    }

    /// A speaker, and a microphone that hears what is played into the sink `voice`.
    pub fn with_devices() -> Self {
        let server = Self::start(&[
            "module-null-sink sink_name=speaker",
            "module-null-sink sink_name=voice",
        ]);
        server.choose_defaults();
        server
    }

    pub fn choose_defaults(&self) {
        self.control(&["set-default-sink", "speaker"]);
        self.control(&["set-default-source", "voice.monitor"]);
    }

    /// The address for clients.
    pub fn address(&self) -> String {
        format!("unix:{}", self.dir.join("native").display())
    }

    /// Kills the daemon as a crash would.
    pub fn kill(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            daemon.kill().unwrap();
            daemon.wait().unwrap();
        }
    }

    /// Starts the daemon again.
    pub fn revive(&mut self) {
        let mut command = Command::new("pulseaudio");
        command.args([
            "-n",
            "--daemonize=no",
            "--exit-idle-time=-1",
            "--use-pid-file=no",
        ]);
        let socket = self.dir.join("native");
        let _ = std::fs::remove_file(&socket);
        let native = format!(
            "module-native-protocol-unix auth-anonymous=1 socket={}",
            socket.display()
        );
        for module in self.modules.iter().chain([&native]) {
            command.args(["-L", module]);
        }
        private(&mut command, &self.dir);
        self.daemon = Some(
            command
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("these tests need the package pulseaudio"),
        );
        until("the sound server answers", || {
            self.pactl(&["info"]).status.success().then_some(())
        });
    }

    /// Runs `pactl` and returns what it says.
    pub fn control(&self, arguments: &[&str]) -> String {
        let output = self.pactl(arguments);
        assert!(output.status.success(), "pactl {arguments:?} failed");
        String::from_utf8(output.stdout).unwrap()
    }

    fn pactl(&self, arguments: &[&str]) -> std::process::Output {
        let mut command = Command::new("pactl");
        command
            .arg(format!("--server={}", self.address()))
            .args(arguments);
        private(&mut command, &self.dir);
        command
            .output()
            .expect("these tests need the package pulseaudio-utils")
    }

    /// Plays a sound into a sink until dropped: `sound(n)` is sample `n`, -1 to 1.
    pub fn play(&self, sink: &str, sound: impl Fn(usize) -> f64 + Send + 'static) -> Player {
        let mut child = self
            .stream("pacat", "--playback", sink)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut pipe = child.stdin.take().unwrap();
        std::thread::spawn(move || {
            // The pipe is the clock: it takes no more than is played. It breaks when the player goes.
            for block in 0.. {
                let samples = block * 480..(block + 1) * 480;
                let bytes: Vec<u8> = samples
                    .flat_map(|n| ((sound(n) * 32_767.0) as i16).to_le_bytes())
                    .collect();
                if pipe.write_all(&bytes).is_err() {
                    return;
                }
            }
        });
        Player { child }
    }

    /// Records a source until dropped.
    pub fn record(&self, source: &str) -> Recorder {
        let mut child = self
            .stream("parec", "--record", source)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut pipe = child.stdout.take().unwrap();
        let samples = Arc::new(Mutex::new(Vec::new()));
        let recorded = Arc::clone(&samples);
        std::thread::spawn(move || {
            let mut bytes = [0; 960];
            while pipe.read_exact(&mut bytes).is_ok() {
                let (block, _) = bytes.as_chunks::<2>();
                let block = block
                    .iter()
                    .map(|&sample| f64::from(i16::from_le_bytes(sample)) / 32_768.0);
                recorded.lock().unwrap().extend(block);
            }
        });
        let recorder = Recorder { child, samples };
        until("the recorder runs", || (recorder.len() > 0).then_some(()));
        recorder
    }

    fn stream(&self, program: &str, direction: &str, device: &str) -> Command {
        let mut command = Command::new(program);
        command
            .arg(format!("--server={}", self.address()))
            .arg(format!("--device={device}"))
            .args([
                direction,
                "--raw",
                "--format=s16le",
                "--rate=48000",
                "--channels=1",
            ])
            .args(["--latency-msec=20", "--process-time-msec=10"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        private(&mut command, &self.dir);
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// Keeps a program away from this user's own sound server.
fn private(command: &mut Command, dir: &Path) {
    command
        .env("XDG_RUNTIME_DIR", dir)
        .env("HOME", dir)
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("PULSE_SERVER")
        .env_remove("DISPLAY")
        .env_remove("DBUS_SESSION_BUS_ADDRESS");
}

/// Something that plays.
pub struct Player {
    child: Child,
}

impl Drop for Player {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Something that records.
pub struct Recorder {
    child: Child,
    samples: Arc<Mutex<Vec<f64>>>,
}

impl Recorder {
    /// Samples so far.
    pub fn len(&self) -> usize {
        self.samples.lock().unwrap().len()
    }

    /// The samples from `from` on.
    pub fn since(&self, from: usize) -> Vec<f64> {
        self.samples.lock().unwrap()[from..].to_vec()
    }

    /// The next `seconds` from now.
    pub fn next(&self, seconds: f64) -> Vec<f64> {
        let from = self.len();
        let count = (seconds * RATE as f64) as usize;
        until("enough is recorded", || {
            (self.len() >= from + count).then_some(())
        });
        self.since(from)[..count].to_vec()
    }

    /// Waits until a tone of this frequency is what is mostly heard.
    pub fn hears(&self, hz: f64) {
        until(&format!("{hz} Hz are heard"), || {
            let sound = self.next(0.2);
            (level(&sound) > 0.005 && share(&sound, hz) > 0.7).then_some(())
        });
    }

    /// Waits until half a second is silent.
    pub fn hears_nothing(&self) {
        until("nothing is heard", || {
            (level(&self.next(0.5)) < 0.000_3).then_some(())
        });
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The root of the mean square.
pub fn level(sound: &[f64]) -> f64 {
    (sound.iter().map(|sample| sample * sample).sum::<f64>() / sound.len() as f64).sqrt()
}

/// The share of the power that lies at one frequency (Goertzel's algorithm, Hann window).
pub fn share(sound: &[f64], hz: f64) -> f64 {
    let length = sound.len() as f64;
    let factor = 2.0 * (std::f64::consts::TAU * hz / RATE as f64).cos();
    let (mut one, mut two, mut power) = (0.0, 0.0, 0.0);
    for (n, sample) in sound.iter().enumerate() {
        let window = 0.5 - 0.5 * (std::f64::consts::TAU * n as f64 / length).cos();
        let sample = sample * window;
        power += sample * sample;
        (two, one) = (one, sample + factor * one - two);
    }
    if power == 0.0 {
        return 0.0;
    }
    // The Hann window spreads a tone over three lines; the middle one holds two thirds.
    (one * one + two * two - factor * one * two) * 2.0 / (length * power) * 1.5
}

/// A sine of a quarter of full scale.
pub fn tone(hz: f64) -> impl Fn(usize) -> f64 + Send + 'static {
    move |n| 0.25 * (std::f64::consts::TAU * hz * n as f64 / RATE as f64).sin()
}

/// Something like a voice: a gliding pitch with many harmonics, and hisses, in syllables.
pub fn babble(n: usize) -> f64 {
    let seconds = n as f64 / RATE as f64;
    let syllable = (seconds * 11.0).sin().max(0.0) * (0.6 + 0.4 * (seconds * 1.7).sin());
    let phase = 942.0 * seconds + 15.0 * (seconds * 2.0).sin();
    let pitch: f64 = (1..25)
        .map(f64::from)
        .map(|k| (phase * k).sin() / k.sqrt())
        .sum();
    // Scrambles the number of the sample (SplitMix64).
    let mut noise = (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    noise = (noise ^ (noise >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    noise ^= noise >> 27;
    let hiss =
        ((noise >> 40) as f64 / f64::from(1_u32 << 24) - 0.5) * (seconds * 7.0).sin().max(0.0);
    0.08 * syllable * pitch + 0.05 * hiss
}

/// A flag that a thread sets.
#[derive(Clone, Default)]
pub struct Flag(Arc<AtomicBool>);

impl Flag {
    pub fn set(&self, value: bool) {
        self.0.store(value, Ordering::Relaxed);
    }

    pub fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
