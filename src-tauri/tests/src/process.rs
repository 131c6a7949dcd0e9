//! Programs the stage starts; they end with it.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::Result;

/// A running program, killed when dropped.
#[derive(Debug)]
pub struct Program {
    name: String,
    child: Child,
    output: Option<Lines<BufReader<ChildStdout>>>,
}

impl Program {
    /// Starts it. Its stdout can be read by [`Program::line`]; its stderr goes to the test's.
    ///
    /// # Errors
    /// When it can't be started: it is probably not installed.
    pub fn start(command: &mut Command) -> Result<Self> {
        let name = command
            .as_std()
            .get_program()
            .to_string_lossy()
            .into_owned();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{name} can't be started: {error}"))?;
        let output = child
            .stdout
            .take()
            .map(|stdout| BufReader::new(stdout).lines());
        Ok(Self {
            name,
            child,
            output,
        })
    }

    /// The next line of its stdout.
    ///
    /// # Errors
    /// When it ends before it prints one.
    pub async fn line(&mut self) -> Result<String> {
        let output = self.output.as_mut().ok_or("stdout is taken")?;
        let line = output.next_line().await?;
        line.ok_or_else(|| format!("{} ended without a word", self.name).into())
    }

    /// Reads stdout away from now on, so that the program never waits for us.
    pub fn ignore_output(&mut self) {
        if let Some(mut output) = self.output.take() {
            tokio::spawn(async move { while let Ok(Some(_)) = output.next_line().await {} });
        }
    }

    /// The process id; none once it has ended.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Kills it as a crash would and waits for its end.
    ///
    /// # Errors
    /// When it can't be killed.
    pub async fn kill(&mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }
}

/// A TCP port that was free a moment ago, for programs that can't tell which one they took.
///
/// # Errors
/// When there is none.
pub fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?
        .local_addr()?
        .port())
}

/// Whether a program is installed.
#[must_use]
pub fn installed(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).is_file()))
}
