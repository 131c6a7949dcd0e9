//! The command line asks the app that runs: how it is, to hang up, and to do what a second start was for. One question a
//! connection, over a socket in the data directory that only its owner may open.
//!
//! ```text
//! ringdown status   ── {"ask":"status"} ──────────────────────────────────> DIR/control ──> hub
//!                  <── {"ok":{"running":true,…}} ──
//! ringdown call Bob ── {"ask":"open","arguments":["ringdown","call","Bob"]} ──> DIR/control ──> window
//!                  <── {"ok":null} ──
//! ```

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use ringdown_core::call::{Direction, Phase};
use serde::{Deserialize, Serialize};

use crate::hub::Hub;
use crate::ipc::{Quiet, UiError};
use crate::options::Action;

/// How long a question and its answer may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest question or answer, in bytes.
const MAX_LINE: u64 = 16 * 1024;

/// Questions that are heard at a time; further ones wait.
#[cfg(unix)]
const MAX_QUESTIONS: usize = 16;

/// What can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Question {
    /// How things are.
    Status,
    /// End the call, or refuse the one that rings.
    HangUp,
    /// Show the window and do what a second start was asked for.
    Open {
        /// The second start's, its own name included.
        arguments: Vec<String>,
    },
}

/// How things are. Programs read this: members are added, and none taken away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// There is an app with this data directory.
    pub running: bool,
    /// Of the app.
    pub version: String,
    /// Friends can ring here.
    pub online: bool,
    /// Calls don't ring: the person does not want to be disturbed.
    pub quiet: bool,
    /// Missed calls that were not looked at.
    pub missed: u32,
    /// The call that is on.
    pub call: Option<CallStatus>,
    /// Who else calls, by name.
    pub waiting: Option<String>,
    /// Who is on hold, by name.
    pub held: Option<String>,
}

/// The call that is on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallStatus {
    /// What the person calls the other side.
    pub name: String,
    /// Who called.
    pub direction: Direction,
    /// How far it is.
    pub phase: Phase,
    /// How long they have talked; null: not yet.
    pub seconds: Option<u64>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Ok(Option<Status>),
    Error { code: String, message: String },
}

impl Question {
    /// What the command line asks of an app that runs; None where it asks nothing.
    #[must_use]
    pub fn of(action: &Action) -> Option<Self> {
        match action {
            Action::Status { .. } => Some(Self::Status),
            Action::HangUp => Some(Self::HangUp),
            Action::Call { .. } | Action::Find | Action::Add { .. } | Action::Invite => None,
        }
    }
}

impl Status {
    fn not_running() -> Self {
        Self {
            running: false,
            version: crate::about::VERSION.to_owned(),
            online: false,
            quiet: false,
            missed: 0,
            call: None,
            waiting: None,
            held: None,
        }
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let online = if self.online { "online" } else { "offline" };
        let quiet = if self.quiet { ", do not disturb" } else { "" };
        writeln!(f, "Ringdown {} is running: {online}{quiet}.", self.version)?;
        match &self.call {
            Some(call) => writeln!(f, "{}", call)?,
            None => writeln!(f, "No call.")?,
        }
        if let Some(name) = &self.waiting {
            writeln!(f, "{name} calls too.")?;
        }
        if let Some(name) = &self.held {
            writeln!(f, "{name} is on hold.")?;
        }
        write!(f, "Missed calls: {}", self.missed)
    }
}

impl std::fmt::Display for CallStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = &self.name;
        match (self.phase, self.direction) {
            (Phase::Inviting | Phase::Ringing, Direction::Outgoing) => write!(f, "Calling {name}."),
            (Phase::Inviting | Phase::Ringing, Direction::Incoming) => {
                write!(f, "{name} is calling.")
            }
            (Phase::Connecting, _) => write!(f, "Connecting with {name}."),
            (Phase::Connected, _) => {
                write!(
                    f,
                    "In a call with {name} for {} s.",
                    self.seconds.unwrap_or(0)
                )
            }
            (Phase::Reconnecting, _) => write!(f, "Reconnecting with {name}."),
            (Phase::Ended, _) => write!(f, "No call."),
        }
    }
}

fn hang_up(hub: &mut Hub) -> Result<Option<Status>, UiError> {
    match hub.snapshot().call {
        Some(call) if call.phase != Phase::Ended => hub.hang_up().map(|()| None),
        _ => Err(UiError::new("no_call", "There is no call to end.")),
    }
}

fn status(hub: &Hub) -> Status {
    let snapshot = hub.snapshot();
    let call = snapshot.call.filter(|call| call.phase != Phase::Ended);
    Status {
        running: true,
        version: crate::about::VERSION.to_owned(),
        online: snapshot.line.online,
        quiet: snapshot.quiet != Quiet::Off,
        missed: snapshot.missed,
        call: call.map(|call| CallStatus {
            name: call.name.to_string(),
            direction: call.direction,
            phase: call.phase,
            seconds: call.connected_ms.map(|ms| ms / 1000),
        }),
        waiting: snapshot.waiting.map(|waiting| waiting.name),
        held: snapshot.held.map(|held| held.name.to_string()),
    }
}

/// Hands this start, with these arguments, over to the app that runs with the data directory, if one does. Nothing of a window has been begun
/// by then, so there is nothing to take down again. An app that does not answer is left to whoever asks next.
#[must_use]
pub fn hand_over(data_dir: &Path, arguments: &[OsString]) -> bool {
    let arguments = arguments
        .iter()
        .map(|one| one.to_string_lossy().into_owned())
        .collect();
    ask(data_dir, &Question::Open { arguments }).is_ok()
}

/// Asks the app that runs, and prints what it says.
#[must_use]
pub fn ask_and_print(data_dir: &Path, question: &Question, json: bool) -> ExitCode {
    let asked = ask(data_dir, question);
    let status = match &asked {
        Ok(status) => status.clone(),
        Err(error) if error.code == "not_running" && json => Some(Status::not_running()),
        Err(_) => None,
    };
    match status {
        Some(status) if json => println!("{}", serde_json::to_string(&status).unwrap_or_default()),
        Some(status) => println!("{status}"),
        None => {}
    }
    match asked {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ringdown: {error}");
            ExitCode::FAILURE
        }
    }
}

fn socket(data_dir: &Path) -> PathBuf {
    data_dir.join("control")
}

fn not_running(data_dir: &Path) -> UiError {
    UiError::new(
        "not_running",
        format!(
            "Ringdown is not running with the data directory {}. Start it first.",
            data_dir.display()
        ),
    )
}

#[cfg(unix)]
pub use self::unix::{Control, ask};

/// Here the app has no such socket.
///
/// # Errors
/// Always.
#[cfg(not(unix))]
pub fn ask(_data_dir: &Path, _question: &Question) -> Result<Option<Status>, UiError> {
    Err(UiError::new(
        "unsupported",
        "The command line can't ask a running Ringdown on this system yet.",
    ))
}

#[cfg(unix)]
mod unix {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::net::UnixStream;
    use std::sync::Arc;

    use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::UnixListener;
    use tokio::sync::Semaphore;
    use tokio::task::JoinHandle;

    use super::*;
    use crate::hub::HubHandle;

    /// Asks the app that runs with this data directory.
    ///
    /// # Errors
    /// `not_running` where there is none; else the app's own.
    pub fn ask(data_dir: &Path, question: &Question) -> Result<Option<Status>, UiError> {
        let mute = |error: std::io::Error| {
            UiError::new(
                "mute",
                format!("Ringdown runs and does not answer ({error}). Try again."),
            )
        };
        let mut stream =
            UnixStream::connect(socket(data_dir)).map_err(|_| not_running(data_dir))?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(mute)?;
        stream.set_write_timeout(Some(PATIENCE)).map_err(mute)?;
        let mut line = serde_json::to_string(question).map_err(|error| mute(error.into()))?;
        line.push('\n');
        stream.write_all(line.as_bytes()).map_err(mute)?;
        let mut line = String::new();
        let mut reader = BufReader::new(stream.take(MAX_LINE));
        reader.read_line(&mut line).map_err(mute)?;
        match serde_json::from_str(&line).map_err(|error| mute(error.into()))? {
            Answer::Ok(status) => Ok(status),
            Answer::Error { code, message } => Err(UiError { code, message }),
        }
    }

    /// Does what a second start with these arguments was for.
    type SecondStart = Arc<dyn Fn(&[String]) + Send + Sync>;

    /// Listens as long as it lives.
    #[derive(Debug)]
    pub struct Control(JoinHandle<()>);

    impl Control {
        /// Starts on the current runtime. The data directory is locked, so a socket that is there is nobody's.
        /// `second_start` is called with the arguments of each start that is handed over.
        ///
        /// # Errors
        /// When the socket can't be made: then the command line finds no app.
        pub fn open(
            data_dir: &Path,
            hub: HubHandle,
            second_start: impl Fn(&[String]) + Send + Sync + 'static,
        ) -> std::io::Result<Self> {
            let path = socket(data_dir);
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let listener = UnixListener::bind(&path)?;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
            let second_start: SecondStart = Arc::new(second_start);
            Ok(Self(tokio::spawn(listen(listener, hub, second_start))))
        }
    }

    impl Drop for Control {
        fn drop(&mut self) {
            self.0.abort();
        }
    }

    async fn listen(listener: UnixListener, hub: HubHandle, second_start: SecondStart) {
        let room = Arc::new(Semaphore::new(MAX_QUESTIONS));
        loop {
            // Nobody closes it.
            let Ok(place) = Arc::clone(&room).acquire_owned().await else {
                return;
            };
            match listener.accept().await {
                Ok((stream, _)) => {
                    let served = serve(stream, hub.clone(), second_start.clone());
                    tokio::spawn(async move {
                        // Whoever asks and does not wait is not answered.
                        drop(tokio::time::timeout(PATIENCE, served).await);
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!("the command line was not heard: {error}");
                    tokio::time::sleep(PATIENCE).await;
                }
            }
        }
    }

    async fn serve(
        stream: tokio::net::UnixStream,
        hub: HubHandle,
        second_start: SecondStart,
    ) -> std::io::Result<()> {
        let (reader, mut writer) = stream.into_split();
        let mut line = String::new();
        let mut reader = tokio::io::BufReader::new(reader.take(MAX_LINE));
        reader.read_line(&mut line).await?;
        let answered = match serde_json::from_str::<Question>(&line) {
            Ok(Question::Status) => hub.ask(|hub| Ok(Some(status(hub)))).await,
            Ok(Question::HangUp) => hub.ask(hang_up).await,
            Ok(Question::Open { arguments }) => {
                second_start(&arguments);
                Ok(None)
            }
            Err(_) => Err(UiError::new(
                "unknown",
                "The app that runs is of another version. Quit it and start this one.",
            )),
        };
        let answer = match answered {
            Ok(status) => Answer::Ok(status),
            Err(UiError { code, message }) => Answer::Error { code, message },
        };
        let mut line = serde_json::to_string(&answer)?;
        line.push('\n');
        writer.write_all(line.as_bytes()).await
    }
}
