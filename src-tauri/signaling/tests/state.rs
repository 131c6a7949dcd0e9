//! Notes of missed calls and a server that ends: the binary, with `--state`.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests"
)]

mod common;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use common::{
    Events,
    binary::{command, ready, terminate},
    bob,
};
use ringdown_signaling::Registration;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    process::Child,
    time::{sleep, timeout},
};

/// Not a limit of anything: a test that waits for what does not come shall end.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server that runs, and the directory for its notes.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    async fn start(state: &Path) -> Self {
        let mut child = command(&["--listen", "127.0.0.1:0", "--state"])
            .arg(state)
            .spawn()
            .unwrap();
        let url = format!("ws://{}", ready(&mut child).await);
        Self { child, url }
    }

    /// Bob is reachable; or was, once these are dropped.
    async fn bob(&self) -> (Registration, Events) {
        let (sender, mut events) = Events::channel();
        let registration =
            Registration::spawn(self.url.clone(), bob().key(), bob().signer(), sender);
        events.online().await;
        (registration, events)
    }

    async fn leave(&self, note: &[u8]) {
        let courier = common::courier();
        let urls = std::slice::from_ref(&self.url);
        courier.leave(urls, bob().key(), note).await.unwrap();
    }

    /// Nothing waits for Bob any more: the first thing that comes is what is sent now.
    async fn has_no_more(&self, events: &mut Events) {
        let courier = common::courier();
        let urls = std::slice::from_ref(&self.url);
        let delivery = courier.deliver(urls, bob().key(), b"a call".to_vec());
        let (delivered, received) = tokio::join!(delivery, events.received());
        assert_eq!((delivered, &received[..]), (Ok(()), &b"a call"[..]));
    }

    /// Ends it in order, and gives what it logged.
    async fn stop(self) -> String {
        terminate(&self.child, "-TERM").await;
        let output = self.child.wait_with_output().await.unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stderr).unwrap()
    }

    async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}

fn files(state: &Path, suffix: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(state) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.to_str().unwrap().ends_with(suffix))
        .collect()
}

/// Until so many notes lie on the disk, which is a moment after they were left or taken.
async fn written(state: &Path, count: usize) {
    until(|| files(state, ".note").len() == count).await;
}

async fn until(so: impl Fn() -> bool) {
    let wait = async {
        while !so() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, wait).await.unwrap();
}

fn directory() -> (TempDir, PathBuf) {
    let parent = tempfile::tempdir().unwrap();
    let state = parent.path().join("state");
    (parent, state)
}

/// A directory with a note for Bob, as a server has left it.
async fn with_a_note() -> (TempDir, PathBuf) {
    let (parent, state) = directory();
    let server = Server::start(&state).await;
    drop(server.bob().await);
    server.leave(b"note").await;
    server.stop().await;
    assert_eq!(files(&state, ".note").len(), 1);
    (parent, state)
}

fn change(path: &Path, change: impl FnOnce(&mut Value)) {
    let mut content = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    change(&mut content);
    fs::write(path, content.to_string()).unwrap();
}

#[tokio::test]
async fn a_note_waits_for_bob_in_a_server_that_was_started_anew() {
    let (_parent, state) = directory();
    let server = Server::start(&state).await;
    drop(server.bob().await);
    server.leave(b"note").await;
    // At once: what is on its way to the disk is waited for.
    server.stop().await;

    let server = Server::start(&state).await;
    // Bob is still known.
    server.leave(b"later").await;
    let (bobs, mut events) = server.bob().await;
    assert_eq!(events.received().await, b"note");
    assert_eq!(events.received().await, b"later");
    server.has_no_more(&mut events).await;
    drop((bobs, events));
    server.stop().await;
    assert_eq!(files(&state, ".note").len(), 0);

    let server = Server::start(&state).await;
    let (_bobs, mut events) = server.bob().await;
    server.has_no_more(&mut events).await;
}

#[tokio::test]
async fn a_note_waits_for_bob_in_a_server_that_was_killed() {
    let (_parent, state) = directory();
    let server = Server::start(&state).await;
    drop(server.bob().await);
    server.leave(b"note").await;
    written(&state, 1).await;
    until(|| state.join("known.json").exists()).await;
    server.kill().await;

    let server = Server::start(&state).await;
    server.leave(b"later").await;
    written(&state, 2).await;
    server.kill().await;

    let server = Server::start(&state).await;
    let (bobs, mut events) = server.bob().await;
    assert_eq!(events.received().await, b"note");
    assert_eq!(events.received().await, b"later");
    written(&state, 0).await;
    drop((bobs, events));
    server.kill().await;

    let server = Server::start(&state).await;
    let (_bobs, mut events) = server.bob().await;
    server.has_no_more(&mut events).await;
}

#[tokio::test]
async fn a_note_that_is_out_of_date_is_gone() {
    let (_parent, state) = with_a_note().await;
    let note = files(&state, ".note").remove(0);
    change(&note, |note| note["until"] = json!(1_000_000_000_000_u64));
    let server = Server::start(&state).await;
    let (_bobs, mut events) = server.bob().await;
    server.has_no_more(&mut events).await;
    written(&state, 0).await;
}

#[tokio::test]
async fn nobody_is_known_for_longer_than_they_were_told() {
    let (_parent, state) = with_a_note().await;
    change(&state.join("known.json"), |known| {
        known["keys"][0][1] = json!(1_000_000_000_000_u64);
    });
    let server = Server::start(&state).await;
    server.leave(b"later").await;
    let (_bobs, mut events) = server.bob().await;
    assert_eq!(events.received().await, b"note");
    server.has_no_more(&mut events).await;
}

#[tokio::test]
async fn the_limit_for_one_key_holds_for_what_lies_on_the_disk() {
    let (_parent, state) = with_a_note().await;
    let note = files(&state, ".note").remove(0);
    for copy in 0..30 {
        fs::copy(&note, state.join(format!("{copy}.note"))).unwrap();
    }
    let server = Server::start(&state).await;
    let (_bobs, mut events) = server.bob().await;
    for _ in 0..ringdown_signaling::limits::MAX_NOTES_PER_KEY {
        assert_eq!(events.received().await, b"note");
    }
    server.has_no_more(&mut events).await;
    written(&state, 0).await;
}

#[tokio::test]
async fn what_is_damaged_is_put_aside_and_the_rest_is_handed_over() {
    let (_parent, state) = with_a_note().await;
    let note = files(&state, ".note").remove(0);
    let whole = fs::read(&note).unwrap();
    fs::write(state.join("1.note"), &whole[..whole.len() / 2]).unwrap();
    fs::write(state.join("2.note"), "").unwrap();
    fs::write(state.join("3.note"), vec![b' '; 1 << 20]).unwrap();
    fs::write(state.join("known.json"), [0xff; 64]).unwrap();
    let server = Server::start(&state).await;
    let (_bobs, mut events) = server.bob().await;
    assert_eq!(events.received().await, b"note");
    server.has_no_more(&mut events).await;
    written(&state, 0).await;
    let log = server.stop().await;
    for name in ["1.note", "2.note", "3.note", "known.json"] {
        assert!(state.join(format!("{name}.damaged")).exists(), "{name}");
        assert!(log.contains(&format!("{name} is damaged")), "{log}");
    }
    assert!(state.join("known.json").exists());
}

#[tokio::test]
async fn a_directory_that_can_not_be_made_stops_nobody_and_is_used_when_it_can() {
    let parent = tempfile::tempdir().unwrap();
    let stone = parent.path().join("stone");
    fs::write(&stone, "not a directory").unwrap();
    let state = stone.join("state");
    let server = Server::start(&state).await;
    drop(server.bob().await);
    server.leave(b"note").await;
    let (bobs, mut events) = server.bob().await;
    assert_eq!(events.received().await, b"note", "from memory");
    server.has_no_more(&mut events).await;
    drop((bobs, events));

    server.leave(b"later").await;
    fs::remove_file(&stone).unwrap();
    server.leave(b"even later").await;
    written(&state, 2).await;
    let log = server.stop().await;
    assert_eq!(log.matches("notes can't be kept").count(), 1, "{log}");
    assert!(log.contains("again"), "{log}");

    let server = Server::start(&state).await;
    let (_bobs, mut events) = server.bob().await;
    // Both may have come in the same millisecond.
    let mut received = [events.received().await, events.received().await];
    received.sort();
    assert_eq!(received, [&b"even later"[..], b"later"]);
}

#[tokio::test]
async fn two_servers_do_not_share_a_directory() {
    let (_parent, state) = directory();
    let server = Server::start(&state).await;
    let mut second = command(&["--listen", "127.0.0.1:0"]);
    let output = second.env("RINGDOWN_STATE", &state).output().await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let error = String::from_utf8(output.stderr).unwrap();
    let expected = format!(
        "ringdown-server: {} is in use by another ringdown-server.",
        state.display()
    );
    assert!(
        error.contains(&expected) && error.contains("--state"),
        "{error}"
    );
    // A server that was killed leaves nothing in the way.
    server.kill().await;
    Server::start(&state).await;
}

#[tokio::test]
async fn what_lies_on_the_disk_is_sealed_and_for_the_owner_alone() {
    let (_parent, state) = with_a_note().await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&state), 0o700);
    let all = files(&state, "");
    assert_eq!(all.len(), 3, "the lock, who is known, and the note");
    for file in all {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    let note = files(&state, ".note").remove(0);
    change(&note, |note| {
        let mut fields: Vec<_> = note.as_object().unwrap().keys().cloned().collect();
        fields.sort();
        assert_eq!(fields, ["payload", "to", "until"]);
        assert_eq!(note["payload"], "bm90ZQ");
    });
    change(&state.join("known.json"), |known| {
        assert_eq!(known.as_object().unwrap().len(), 1);
        assert_eq!(known["keys"].as_array().unwrap().len(), 1);
        assert_eq!(known["keys"][0].as_array().unwrap().len(), 2);
    });
    // One that others may look into is told of, and left as it is.
    fs::set_permissions(&state, fs::Permissions::from_mode(0o755)).unwrap();
    let log = Server::start(&state).await.stop().await;
    assert!(log.contains("chmod 700"), "{log}");
    assert_eq!(mode(&state), 0o755);
}

#[tokio::test]
async fn a_server_without_a_directory_says_so_once() {
    let mut child = command(&["--listen", "127.0.0.1:0"]).spawn().unwrap();
    let url = format!("ws://{}", ready(&mut child).await);
    let server = Server { child, url };
    drop(server.bob().await);
    server.leave(b"note").await;
    let log = server.stop().await;
    assert_eq!(log.matches("no --state is set").count(), 1, "{log}");

    let (_parent, state) = directory();
    let log = Server::start(&state).await.stop().await;
    assert!(!log.contains("--state"), "{log}");
}
