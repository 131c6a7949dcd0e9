//! A private PulseAudio in which every person has a speaker that can be recorded and a microphone that can be fed.

use std::f64::consts::TAU;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use crate::process::Program;
use crate::stage::file_appears;
use crate::{Result, eventually};

/// Samples a second in every recording.
pub const RATE: u32 = 48_000;
/// Below this nothing is heard.
pub const SILENCE: f64 = 0.000_3;
/// Who may be on the stage.
const PEOPLE: [&str; 3] = ["alice", "bob", "carol"];

/// The sound server.
#[derive(Debug)]
pub struct Sound {
    socket: PathBuf,
    _daemon: Program,
}

impl Sound {
    /// Starts it, its socket in `dir`; with a microphone for everybody, or for nobody.
    ///
    /// # Errors
    /// When PulseAudio is missing or does not come up.
    pub async fn start(dir: &Path, microphones: bool) -> Result<Self> {
        let socket = dir.join("pulse");
        let runtime = dir.join("pulse-runtime");
        tokio::fs::create_dir(&runtime).await?;
        let mut command = Command::new("pulseaudio");
        command
            .args([
                "-n",
                "--daemonize=no",
                "--exit-idle-time=-1",
                "--disallow-exit",
                "--use-pid-file=no",
            ])
            .args(["--log-level=error", "-L"])
            .arg(format!(
                "module-native-protocol-unix auth-anonymous=1 socket={}",
                socket.display()
            ))
            .env("HOME", &runtime)
            .env("PULSE_RUNTIME_PATH", &runtime)
            .env("XDG_RUNTIME_DIR", &runtime)
            .env_remove("DBUS_SESSION_BUS_ADDRESS")
            .stderr(Stdio::null());
        for person in PEOPLE {
            command.args([
                "-L",
                &format!("module-null-sink sink_name={person}_speaker rate={RATE}"),
            ]);
            command.args([
                "-L",
                &format!("module-null-sink sink_name={person}_voice rate={RATE}"),
            ]);
            if microphones {
                let source =
                    format!("source_name={person}_microphone master={person}_voice.monitor");
                command.args(["-L", &format!("module-remap-source {source}")]);
            }
        }
        let mut daemon = Program::start(&mut command)?;
        daemon.ignore_output();
        file_appears(&socket).await?;
        let sound = Self {
            socket,
            _daemon: daemon,
        };
        eventually("PulseAudio to answer", || async {
            let answer = sound
                .tool("pactl")
                .args(["list", "short", "modules"])
                .output()
                .await?;
            let loaded = String::from_utf8_lossy(&answer.stdout)
                .lines()
                .filter(|line| line.contains("carol"))
                .count();
            Ok((loaded >= 2 + usize::from(microphones)).then_some(()))
        })
        .await?;
        Ok(sound)
    }

    /// Lets a command use this server, with `person`'s speaker and microphone as the defaults.
    pub fn lend(&self, command: &mut Command, person: &str) {
        command
            .env("PULSE_SERVER", format!("unix:{}", self.socket.display()))
            .env("PULSE_SINK", format!("{person}_speaker"))
            .env("PULSE_SOURCE", format!("{person}_microphone"));
    }

    fn tool(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env("PULSE_SERVER", format!("unix:{}", self.socket.display()))
            .kill_on_drop(true);
        command
    }

    /// Feeds a steady tone into `person`'s microphone until the guard is dropped.
    ///
    /// # Errors
    /// When `pacat` can't be started.
    pub fn hum(&self, person: &str, hz: f64) -> Result<Hum> {
        let mut sample = 0_u32;
        self.feed(person, move || {
            sample = (sample + 1) % (RATE * 100);
            let level = (TAU * hz * f64::from(sample) / f64::from(RATE)).sin() * 9_000.0;
            level as i16
        })
    }

    /// Plays a recording into `person`'s microphone, over and over, until the guard is dropped.
    ///
    /// # Errors
    /// When `pacat` can't be started.
    pub fn speak(&self, person: &str, recording: Vec<i16>) -> Result<Hum> {
        let mut at = 0;
        self.feed(person, move || {
            at = (at + 1) % recording.len().max(1);
            recording.get(at).copied().unwrap_or_default()
        })
    }

    fn feed(&self, person: &str, mut next: impl FnMut() -> i16 + Send + 'static) -> Result<Hum> {
        let mut pacat = self
            .tool("pacat")
            .args([
                "--playback",
                "--raw",
                "--format=s16le",
                "--channels=1",
                &format!("--rate={RATE}"),
            ])
            .arg(format!("--device={person}_voice"))
            .stdin(Stdio::piped())
            .spawn()?;
        let mut stdin = pacat.stdin.take().ok_or("pacat has no stdin")?;
        tokio::spawn(async move {
            loop {
                let block: Vec<u8> = (0..RATE / 50).flat_map(|_| next().to_le_bytes()).collect();
                // The guard is gone, so is pacat.
                if stdin.write_all(&block).await.is_err() {
                    return;
                }
            }
        });
        Ok(Hum { _pacat: pacat })
    }

    /// Records `seconds` of what `person` hears.
    ///
    /// # Errors
    /// When `parec` fails.
    pub async fn listen(&self, person: &str, seconds: f64) -> Result<Vec<f64>> {
        let mut parec = self
            .tool("parec")
            .args([
                "--raw",
                "--format=s16le",
                "--channels=1",
                &format!("--rate={RATE}"),
                "--latency-msec=20",
            ])
            .arg(format!("--device={person}_speaker.monitor"))
            .stdout(Stdio::piped())
            .spawn()?;
        let mut bytes = vec![0; (seconds * f64::from(RATE)) as usize * 2];
        parec
            .stdout
            .take()
            .ok_or("parec has no stdout")?
            .read_exact(&mut bytes)
            .await?;
        parec.kill().await?;
        Ok(bytes
            .chunks_exact(2)
            .map(|pair| f64::from(i16::from_le_bytes([pair[0], pair[1]])) / 32_768.0)
            .collect())
    }

    /// Waits until there is anything to be heard at `person`'s.
    ///
    /// # Errors
    /// When it stays silent.
    pub async fn hears_something(&self, person: &str) -> Result<()> {
        eventually(&format!("{person} to hear something"), || async {
            let heard = self.listen(person, 0.4).await?;
            Ok((loudness(&heard) > 0.005).then_some(()))
        })
        .await
    }

    /// Waits until it is silent at `person`'s for so many seconds.
    ///
    /// # Errors
    /// When it never is.
    pub async fn hears_nothing(&self, person: &str, seconds: f64) -> Result<()> {
        eventually(&format!("{person} to hear nothing"), || async {
            let heard = self.listen(person, seconds).await?;
            Ok((loudness(&heard) < SILENCE).then_some(()))
        })
        .await
    }

    /// Whether something plays at `person`'s, were it silence.
    ///
    /// # Errors
    /// When PulseAudio does not say.
    pub async fn is_in_use(&self, person: &str) -> Result<bool> {
        let (sinks, inputs) = (self.list("sinks").await?, self.list("sink-inputs").await?);
        let speaker = format!("{person}_speaker");
        let speaker = sinks.iter().find(|sink| sink.get(1) == Some(&speaker));
        let speaker = speaker.and_then(|sink| sink.first());
        Ok(inputs.iter().any(|input| input.get(1) == speaker))
    }

    /// The fields of each of what PulseAudio has of this.
    async fn list(&self, what: &str) -> Result<Vec<Vec<String>>> {
        let mut pactl = self.tool("pactl");
        let answer = pactl.args(["list", "short", what]).output().await?;
        let lines = String::from_utf8(answer.stdout)?;
        let fields = |line: &str| line.split('\t').map(str::to_owned).collect();
        Ok(lines.lines().map(fields).collect())
    }

    /// Waits until `person` hears a tone: most of what comes from the speaker is at `hz`.
    ///
    /// # Errors
    /// When it stays away.
    pub async fn hears(&self, person: &str, hz: f64) -> Result<()> {
        eventually(&format!("{person} to hear {hz} Hz"), || async {
            let heard = self.listen(person, 0.4).await?;
            Ok((loudness(&heard) > 0.001 && share(&heard, hz) > 0.5).then_some(()))
        })
        .await
    }

    /// Waits until `person` does not hear `hz` (any more).
    ///
    /// # Errors
    /// When it goes on.
    pub async fn hears_no(&self, person: &str, hz: f64) -> Result<()> {
        eventually(&format!("{person} to hear {hz} Hz no more"), || async {
            let heard = self.listen(person, 0.4).await?;
            Ok((share(&heard, hz) * loudness(&heard) < 0.0005).then_some(()))
        })
        .await
    }
}

/// What sounds in a microphone until this is dropped.
#[derive(Debug)]
pub struct Hum {
    _pacat: Child,
}

/// Root mean square, 0 to 1.
#[must_use]
pub fn loudness(samples: &[f64]) -> f64 {
    (samples.iter().map(|sample| sample * sample).sum::<f64>() / samples.len().max(1) as f64).sqrt()
}

/// The share of the signal's energy that is at `hz`, 0 to 1, by the Goertzel algorithm over the whole recording.
#[must_use]
pub fn share(samples: &[f64], hz: f64) -> f64 {
    // Blocks of 20 ms: a jitter buffer's small time shifts must not smear the tone away.
    let block = (RATE / 50) as usize;
    let (mut at, mut all) = (0.0, 0.0);
    for samples in samples.chunks_exact(block) {
        let turn = 2.0 * (TAU * hz / f64::from(RATE)).cos();
        let (mut one, mut two) = (0.0, 0.0);
        for sample in samples {
            (one, two) = (sample + turn * one - two, one);
        }
        at += (one * one + two * two - turn * one * two) * 2.0 / block as f64;
        all += samples.iter().map(|sample| sample * sample).sum::<f64>();
    }
    if all == 0.0 { 0.0 } else { (at / all).min(1.0) }
}
