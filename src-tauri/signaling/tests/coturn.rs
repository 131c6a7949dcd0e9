//! Credentials that a real coturn takes. Where it is not installed the test says that it was skipped.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests"
)]

mod common;

use std::{
    io::{self, Write},
    net::UdpSocket,
    process::Stdio,
    time::Duration,
};

use common::{Events, Server, bob};
use ringdown_signaling::{Registration, ServerConfig, server::IceIssuer};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

/// A coturn on the loopback that shares a secret with our server.
struct Coturn {
    port: u16,
    _process: Child,
}

impl Coturn {
    /// `None`: not installed.
    async fn start(secret: &str) -> Option<Self> {
        let free = UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
        let file = |ending| format!("{}/coturn-{port}.{ending}", directory.display());
        let mut process = Command::new("turnserver")
            .args([
                "-n",
                "--no-cli",
                "--no-tls",
                "--no-dtls",
                "--allow-loopback-peers",
            ])
            .args([
                "-L",
                "127.0.0.1",
                "-E",
                "127.0.0.1",
                "-p",
                &port.to_string(),
            ])
            .args(["--use-auth-secret", "--static-auth-secret", secret])
            .args([
                "--realm",
                "ringdown.test",
                "--log-file",
                "stdout",
                "--verbose",
            ])
            .args(["--pidfile", &file("pid"), "--userdb", &file("db")])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .ok()?;
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.contains("UDP listener opened on") {
                break;
            }
        }
        // It stops when nobody reads what it says.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Some(Self {
            port,
            _process: process,
        })
    }

    /// Whether somebody by this name can have things relayed.
    async fn relays_for(&self, username: &str, credential: &str) -> bool {
        let port = self.port.to_string();
        Command::new("turnutils_uclient")
            .args(["-y", "-m", "1", "-n", "1", "-p", &port])
            .args(["-u", username, "-w", credential, "127.0.0.1"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .await
            .unwrap()
            .success()
    }
}

#[tokio::test]
async fn coturn_takes_the_credentials_that_a_client_is_told_and_no_others() {
    let Some(coturn) = Coturn::start("north").await else {
        // Not `println`, which the test harness keeps to itself when a test passes.
        writeln!(
            io::stderr(),
            "skipped: this needs turnserver and turnutils_uclient (coturn)"
        )
        .unwrap();
        return;
    };
    let turn = format!("turn:127.0.0.1:{}?transport=udp", coturn.port);
    let credentials = async |secret: &str| {
        let (turn, secret) = (vec![turn.parse().unwrap()], Some(secret.parse().unwrap()));
        let config = ServerConfig {
            ice: Some(IceIssuer::new(vec![], turn, secret, Duration::from_secs(60)).unwrap()),
            ..ServerConfig::default()
        };
        let server = Server::start_with(config).await;
        let (sender, mut events) = Events::channel();
        let _registration = Registration::spawn(server.url(), bob().key(), bob().signer(), sender);
        events.online().await;
        let (ice, _) = events.servers().await;
        let server = ice.into_iter().next().unwrap();
        (server.username.unwrap(), server.credential.unwrap())
    };
    let (username, credential) = credentials("north").await;
    assert!(coturn.relays_for(&username, &credential).await);
    // Not for longer than it was issued for, nor from a server that does not know the secret.
    let later = format!("9{username}");
    assert!(!coturn.relays_for(&later, &credential).await);
    let (username, credential) = credentials("south").await;
    assert!(!coturn.relays_for(&username, &credential).await);
}
