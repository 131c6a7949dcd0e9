//! The binary as an operator meets it.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests"
)]

mod common;

use common::{
    Events,
    binary::{command, ready, terminate},
    bob,
};
use ringdown_signaling::{OfflineReason, Registration};
use tokio::{io::AsyncReadExt, net::TcpListener};

#[tokio::test]
async fn it_says_when_it_is_ready_serves_and_stops_in_order() {
    for signal in ["-TERM", "-INT"] {
        let mut child = command(&["--listen", "127.0.0.1:0"]).spawn().unwrap();
        let url = format!("ws://{}", ready(&mut child).await);
        let (sender, mut events) = Events::channel();
        let _registration = Registration::spawn(url.clone(), bob().key(), bob().signer(), sender);
        events.online().await;
        let courier = common::courier();
        let delivery = courier.deliver(&[url], bob().key(), b"sealed".to_vec());
        let (delivered, received) = tokio::join!(delivery, events.received());
        assert_eq!((delivered, &received[..]), (Ok(()), &b"sealed"[..]));
        terminate(&child, signal).await;
        assert_eq!(events.offline().await, OfflineReason::GoingAway);
        assert!(child.wait().await.unwrap().success());
    }
}

#[tokio::test]
async fn it_tells_who_registers_of_servers_for_calls_and_nobody_of_its_secret() {
    let mut child = command(&["--listen", "127.0.0.1:0", "--stun", "stun:s.example"])
        .env(
            "RINGDOWN_TURN",
            "turn:t.example,turns:t.example:443?transport=tcp",
        )
        .env("RINGDOWN_TURN_SECRET", "very-north")
        .env("RUST_LOG", "trace")
        .spawn()
        .unwrap();
    let url = format!("ws://{}", ready(&mut child).await);
    let (sender, mut events) = Events::channel();
    let _registration = Registration::spawn(url, bob().key(), bob().signer(), sender);
    events.online().await;
    let (ice, ttl) = events.servers().await;
    assert_eq!(ttl.as_secs(), 43_200);
    assert_eq!(ice[0].urls, ["stun:s.example"]);
    assert_eq!(ice[1].urls.len(), 2);
    terminate(&child, "-TERM").await;
    let output = child.wait_with_output().await.unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    let credential = ice[1].credential.as_deref().unwrap();
    assert!(
        !log.contains("very-north") && !log.contains(credential),
        "{log}"
    );

    let output = command(&["--turn", "turn:t.example"])
        .output()
        .await
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("--turn-secret-file"), "{error}");
    let mut help = command(&["--help"]);
    help.env("RINGDOWN_TURN_SECRET", "very-north");
    let help = String::from_utf8(help.output().await.unwrap().stdout).unwrap();
    assert!(
        help.contains("--turn-secret") && !help.contains("very-north"),
        "{help}"
    );
}

#[tokio::test]
async fn the_file_in_the_guide_for_hosts_is_right() {
    let guide = include_str!("../../../docs/SELF-HOSTING.md");
    let file = guide.split("```toml\n").nth(1).unwrap();
    let file = file.split("```").next().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let secret = directory.join("turn-secret");
    std::fs::write(&secret, "0123456789abcdef\n").unwrap();
    let state = directory.join("state");
    let mut file = file.to_owned();
    for (there, here) in [
        (
            "/run/credentials/ringdown-server.service/turn-secret",
            secret.to_str().unwrap(),
        ),
        ("/var/lib/ringdown", state.to_str().unwrap()),
        ("127.0.0.1:7373", "127.0.0.1:0"),
    ] {
        assert!(file.contains(there), "{there}");
        file = file.replace(there, here);
    }
    let path = directory.join("ringdown-server-guide.toml");
    std::fs::write(&path, file).unwrap();
    let mut child = command(&["--config"]).arg(&path).spawn().unwrap();
    let url = format!("ws://{}", ready(&mut child).await);
    let (sender, mut events) = Events::channel();
    let _registration = Registration::spawn(url, bob().key(), bob().signer(), sender);
    events.online().await;
    assert_eq!(events.servers().await.0.len(), 2);
    assert!(state.join("lock").exists());
}

#[tokio::test]
async fn a_taken_port_is_told_in_a_sentence() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = command(&["--listen", &address]).output().await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let error = String::from_utf8(output.stderr).unwrap();
    let expected = format!("ringdown-server: {address} is already in use by another program.");
    assert!(
        error.contains(&expected) && error.contains("--listen"),
        "{error}"
    );
}

#[tokio::test]
async fn an_address_of_another_machine_is_told_in_a_sentence() {
    let output = command(&["--listen", "192.0.2.1:7373"])
        .output()
        .await
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.contains("192.0.2.1:7373 is not an address of this computer"),
        "{error}"
    );
}

#[tokio::test]
async fn the_environment_and_the_file_are_heard_and_mistakes_in_them_told() {
    let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let good = directory.join("ringdown-server-good.toml");
    std::fs::write(
        &good,
        "listen = '127.0.0.1:0'\nnames = ['home.example']\n[limits]\nconnections = 5\n",
    )
    .unwrap();
    let mut child = command(&[]).env("RINGDOWN_CONFIG", &good).spawn().unwrap();
    assert!(ready(&mut child).await.ip().is_loopback());
    child.kill().await.unwrap();
    let mut log = String::new();
    child
        .stderr
        .unwrap()
        .read_to_string(&mut log)
        .await
        .unwrap();
    assert!(!log.contains("no --name is set"), "{log}");

    let mut child = command(&["--config"])
        .arg(&good)
        .env("RINGDOWN_LISTEN", "127.0.0.2:0")
        .spawn()
        .unwrap();
    assert_eq!(ready(&mut child).await.ip().to_string(), "127.0.0.2");

    let bad = directory.join("ringdown-server-bad.toml");
    std::fs::write(&bad, "[limits]\nconections = 5\n").unwrap();
    let output = command(&["--config"]).arg(&bad).output().await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.contains("conections") && error.contains("line 2"),
        "{error}"
    );

    for arguments in [["--listen", "nonsense"], ["--nats", "nats://127.0.0.1"]] {
        let output = command(&arguments).output().await.unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}
