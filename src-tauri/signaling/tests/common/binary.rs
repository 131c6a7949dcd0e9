//! The binary as a process.

use std::{net::SocketAddr, process::Stdio};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

/// `ringdown-server` with these options, and nothing from outside.
pub fn command(arguments: &[&str]) -> Command {
    lonely(Command::new(BINARY), arguments)
}

/// The same, with this many files and sockets at most.
pub fn few_descriptors(most: usize, arguments: &[&str]) -> Command {
    let mut shell = Command::new("sh");
    let script = format!("ulimit -n {most}; exec \"$0\" \"$@\"");
    shell.args(["-c", &script, BINARY]);
    lonely(shell, arguments)
}

const BINARY: &str = env!("CARGO_BIN_EXE_ringdown-server");

fn lonely(mut command: Command, arguments: &[&str]) -> Command {
    command
        .args(arguments)
        .env_remove("RINGDOWN_LISTEN")
        .env_remove("RINGDOWN_CONFIG")
        .env_remove("RINGDOWN_NAME")
        .env_remove("RINGDOWN_TRUST_PROXY")
        .env_remove("RINGDOWN_STATE")
        .env_remove("RINGDOWN_STUN")
        .env_remove("RINGDOWN_TURN")
        .env_remove("RINGDOWN_TURN_SECRET")
        .env_remove("RINGDOWN_TURN_SECRET_FILE")
        .env_remove("RINGDOWN_TURN_TTL")
        .env_remove("RUST_LOG")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Waits for the line that says it is ready.
pub async fn ready(child: &mut Child) -> SocketAddr {
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap())
        .read_line(&mut line)
        .await
        .unwrap();
    line.trim_end()
        .strip_prefix("listening on ")
        .unwrap()
        .parse()
        .unwrap()
}

/// Sends a signal.
pub async fn terminate(child: &Child, signal: &str) {
    let id = child.id().unwrap().to_string();
    assert!(
        Command::new("kill")
            .args([signal, &id])
            .status()
            .await
            .unwrap()
            .success()
    );
}
