//! Running a program: it is shown as a person would type it, and when it fails a sentence says which one and how.

use std::ffi::{OsStr, OsString};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// How long a program that has ended may be silent before nothing more is expected of it. Something it left running
/// may hold the pipe open for ever.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Why a program did not do what it was started for.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such program.
    #[error("there is no program `{0}` here: install it, or run `cargo xtask test packages`")]
    NotFound(String),
    /// It could not be started, or its output could not be read.
    #[error("`{program}` could not be run: {source}")]
    Io {
        /// The program's name.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// It ran and said no.
    #[error("`{shown}` failed ({status})")]
    Failed {
        /// The command line.
        shown: String,
        /// How it ended.
        status: ExitStatus,
    },
}

/// A program about to be run, in the root of the repository unless told otherwise.
#[derive(Debug, Clone)]
pub struct Sh {
    program: OsString,
    args: Vec<OsString>,
    env: Vec<(&'static str, OsString)>,
    dir: Option<PathBuf>,
}

impl Sh {
    /// A program found on PATH, or by its path.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        Self {
            program: program.as_ref().to_owned(),
            args: Vec::new(),
            env: Vec::new(),
            dir: Some(root()),
        }
    }

    /// The same cargo that started this program.
    pub fn cargo() -> Self {
        Self::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(mut self, args: I) -> Self {
        self.args
            .extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// Sets a variable of the environment.
    #[must_use]
    pub fn env(mut self, name: &'static str, value: impl AsRef<OsStr>) -> Self {
        self.env.push((name, value.as_ref().to_owned()));
        self
    }

    /// Runs in this directory.
    #[must_use]
    pub fn dir(mut self, dir: impl AsRef<Path>) -> Self {
        self.dir = Some(dir.as_ref().to_owned());
        self
    }

    /// Runs where `cargo xtask` was typed.
    #[must_use]
    pub fn here(mut self) -> Self {
        self.dir = None;
        self
    }

    /// Runs it with our own standard input and output.
    pub fn run(&self) -> Result<(), Error> {
        self.check(self.status()?)
    }

    /// Like [`Sh::run`], but its exit status is the caller's to judge.
    pub fn status(&self) -> Result<ExitStatus, Error> {
        self.announce();
        self.command()
            .status()
            .map_err(|source| self.trouble(source))
    }

    /// Runs it, shows its standard output as it comes and hands over each line of it (without the line's end).
    pub fn lines(&self, mut each: impl FnMut(&str)) -> Result<(), Error> {
        self.announce();
        let mut child = self
            .command()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|source| self.trouble(source))?;
        let (events, coming) = mpsc::channel();
        if let Some(output) = child.stdout.take() {
            let events = events.clone();
            std::thread::spawn(move || forward(output, &events));
        }
        std::thread::spawn(move || wait(child, &events));

        let mut ended = None;
        loop {
            let event = match ended {
                None => coming.recv().ok(),
                Some(_) => coming.recv_timeout(LAST_WORDS).ok(),
            };
            match event {
                Some(Event::Line(line)) => {
                    // By the macro, which Rust's test runner hears: what our own tests run is not for CI's eyes.
                    println!("{line}");
                    each(&line);
                }
                Some(Event::Ended(status)) => ended = Some(status),
                None => break,
            }
        }
        match ended {
            Some(Ok(status)) => self.check(status),
            Some(Err(source)) => Err(self.trouble(source)),
            None => Err(self.trouble(io::ErrorKind::BrokenPipe.into())),
        }
    }

    /// Runs it unseen and returns what it wrote to its standard output.
    pub fn read(&self) -> Result<String, Error> {
        let output = self
            .quiet()
            .output()
            .map_err(|source| self.trouble(source))?;
        self.check(output.status)?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Whether it is there and ends well; it is run unseen.
    pub fn succeeds(&self) -> bool {
        self.quiet()
            .stdout(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }

    fn quiet(&self) -> Command {
        let mut command = self.command();
        command.stdin(Stdio::null()).stderr(Stdio::null());
        command
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args);
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(is_of_this_package) {
                command.env_remove(name);
            }
        }
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        if let Some(dir) = &self.dir {
            command.current_dir(dir);
        }
        command
    }

    fn announce(&self) {
        eprintln!("$ {}", self.shown());
    }

    /// The command line as a person would type it.
    fn shown(&self) -> String {
        let mut shown = String::new();
        for (name, value) in &self.env {
            shown.push_str(&format!("{name}={} ", quoted(value)));
        }
        let name = Path::new(&self.program);
        let is_cargo = name.file_stem() == Some(OsStr::new("cargo"));
        shown.push_str(&if is_cargo {
            "cargo".into()
        } else {
            quoted(&self.program)
        });
        for arg in &self.args {
            shown.push(' ');
            shown.push_str(&quoted(arg));
        }
        shown
    }

    fn check(&self, status: ExitStatus) -> Result<(), Error> {
        if status.success() {
            Ok(())
        } else {
            Err(Error::Failed {
                shown: self.shown(),
                status,
            })
        }
    }

    fn trouble(&self, source: io::Error) -> Error {
        let program = self.program.to_string_lossy().into_owned();
        match source.kind() {
            io::ErrorKind::NotFound => Error::NotFound(program),
            _ => Error::Io { program, source },
        }
    }
}

enum Event {
    Line(String),
    Ended(io::Result<ExitStatus>),
}

/// Sends on what a program writes, line by line, until it stops writing or nobody listens.
fn forward(output: impl Read, events: &mpsc::Sender<Event>) {
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    while output
        .read_until(b'\n', &mut line)
        .is_ok_and(|length| length > 0)
    {
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches(['\n', '\r']).to_owned();
        if events.send(Event::Line(text)).is_err() {
            return;
        }
        line.clear();
    }
}

fn wait(mut child: Child, events: &mpsc::Sender<Event>) {
    // A receiver that has gone needs no news.
    let _ = events.send(Event::Ended(child.wait()));
}

/// Variables that `cargo run` sets for xtask alone: handed on, they would make a further cargo build things anew.
fn is_of_this_package(name: &str) -> bool {
    [
        "CARGO_PKG_",
        "CARGO_MANIFEST_",
        "CARGO_BIN_NAME",
        "CARGO_CRATE_NAME",
        "CARGO_PRIMARY_PACKAGE",
    ]
    .iter()
    .any(|prefix| name.starts_with(prefix))
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_alphanumeric() || "-_=+./:,@%${}".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.into_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Whether a program of this name is found on PATH.
pub fn is_on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

/// The root of the repository.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// Cargo's target directory, wherever the person's configuration has put it: this program lies somewhere in it,
/// and cargo marks it with a `CACHEDIR.TAG`.
pub fn target() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    let marked = program
        .ancestors()
        .find(|dir| dir.join("CACHEDIR.TAG").is_file());
    marked.map_or_else(|| root().join("target"), Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Sh {
        Sh::new("sh").args(["-c", script])
    }

    #[test]
    fn a_command_is_shown_as_it_would_be_typed() {
        let doc = Sh::cargo()
            .env("RUSTDOCFLAGS", "-D warnings")
            .args(["doc", "--no-deps"]);
        assert_eq!(
            doc.shown(),
            "RUSTDOCFLAGS='-D warnings' cargo doc --no-deps"
        );
        assert_eq!(
            Sh::new("echo").args(["", "it's"]).shown(),
            r"echo '' 'it'\''s'"
        );
    }

    #[test]
    fn every_line_is_handed_over_even_the_last_without_an_end() {
        let mut lines = Vec::new();
        shell("printf 'one\\r\\ntwo\\nthr\\377ee'")
            .lines(|line| lines.push(line.to_owned()))
            .unwrap();
        assert_eq!(lines, ["one", "two", "thr\u{fffd}ee"]);
    }

    #[test]
    fn failing_is_told_with_the_command_and_the_status() {
        let error = shell("exit 3").lines(|_| {}).unwrap_err().to_string();
        assert!(error.contains("`sh -c 'exit 3'` failed"), "{error}");
        assert!(error.contains('3'), "{error}");
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = Sh::new("ringdown-no-such-program").run().unwrap_err();
        assert!(
            matches!(&error, Error::NotFound(name) if name == "ringdown-no-such-program"),
            "{error}"
        );
        assert!(!Sh::new("ringdown-no-such-program").succeeds());
    }

    #[test]
    fn something_left_running_does_not_hold_us_up() {
        let mut lines = Vec::new();
        shell("sleep 60 & echo $!")
            .lines(|line| lines.push(line.to_owned()))
            .unwrap();
        let left = lines.first().unwrap();
        shell(&format!("kill {left}")).run().unwrap();
    }

    #[test]
    fn what_cargo_set_for_xtask_is_not_handed_on() {
        assert!(is_of_this_package("CARGO_PKG_NAME"));
        assert!(is_of_this_package("CARGO_MANIFEST_DIR"));
        assert!(!is_of_this_package("CARGO_TARGET_DIR"));
        assert!(!is_of_this_package("CARGO_TERM_COLOR"));
    }

    #[test]
    fn the_root_holds_the_workspace() {
        assert!(root().join("tauri.conf.json").is_file());
    }
}
