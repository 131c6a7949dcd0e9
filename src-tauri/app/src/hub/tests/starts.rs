//! The app starts, closes and starts again.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use ringdown_core::call::{EndReason, Phase};
use ringdown_core::identity::PublicKey;

use super::person::{APART, HERE, Someone, become_friends, friends};
use super::*;

#[tokio::test]
async fn contacts_and_name_are_there_after_a_restart_and_a_new_port_is_learned_from_a_call() {
    let alice = Someone::arrives("Alice").await;
    let bob = Someone::arrives_at(APART, "Bob").await;
    become_friends(&alice, &bob).await;
    let dir = bob.closes().await;
    let old_port = Store::open(dir.path())
        .unwrap()
        .setting::<u16>("port")
        .unwrap()
        .unwrap();
    let squatter = std::net::TcpListener::bind(SocketAddr::from((APART, old_port))).unwrap();

    let bob = Someone::opens(dir, APART).await;
    let snapshot = bob.snapshot().await;
    assert_eq!(snapshot.profile.unwrap().name, "Bob");
    assert_eq!(snapshot.contacts.len(), 1);
    assert_eq!(
        snapshot.notices.first().map(|notice| notice.code.as_str()),
        Some("port_taken")
    );
    let key: PublicKey = snapshot.contacts.first().unwrap().key.parse().unwrap();
    bob.hub.ask(move |hub| hub.call(key, false)).await.unwrap();
    alice.is_in(Phase::Ringing).await;
    alice.hub.ask(Hub::decline).await.unwrap();
    bob.hears_of_end(EndReason::Declined).await;
    drop(squatter);
}

#[tokio::test]
async fn what_cannot_be_saved_changes_nothing() {
    let (alice, bob) = (
        Someone::arrives("Alice").await,
        Someone::arrives("Bob").await,
    );
    let invite = bob.snapshot().await.invite.unwrap();
    let other = rusqlite::Connection::open(alice.dir.path().join("ringdown.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let link = invite.clone();
    let refused = alice
        .hub
        .ask(move |hub| hub.add_contact(&link, None))
        .await
        .unwrap_err();
    assert_eq!(refused.code, "storage_locked");
    assert!(alice.snapshot().await.contacts.is_empty());
    other.execute_batch("ROLLBACK").unwrap();
    alice
        .hub
        .ask(move |hub| hub.add_contact(&invite, None))
        .await
        .unwrap();
    assert_eq!(alice.snapshot().await.contacts.len(), 1);
}

#[tokio::test]
async fn without_a_name_there_is_no_invite_and_no_call() {
    let alice = Someone::opens(tempfile::tempdir().unwrap(), HERE).await;
    assert_eq!(alice.snapshot().await.invite, None);
    assert_eq!(
        alice.hub.ask(Hub::hang_up).await.unwrap_err().code,
        "no_profile"
    );
    let options = Options::for_tests(alice.dir.path().to_owned(), HERE.into());
    assert_eq!(invite_offline(&options).unwrap_err().code, "no_profile");
}

fn key_file(dir: &Path) -> PathBuf {
    dir.join("identity.key")
}

async fn says(who: &Someone) -> String {
    let answered = who.hub.ask(|hub| Ok(hub.snapshot())).await;
    answered.unwrap_err().code
}

/// The folder beside in which something of before is.
fn folder(dir: &Path, begin: &str) -> PathBuf {
    let entries = std::fs::read_dir(dir).unwrap();
    let mut folders = entries.map(|entry| entry.unwrap().path()).filter(|path| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.starts_with(begin)
    });
    folders.next().unwrap()
}

#[tokio::test]
async fn contacts_without_a_key_are_never_a_first_start_and_the_key_file_brings_bob_back() {
    let (_alice, bob, _) = friends().await;
    let key = bob.key().await;
    let dir = bob.closes().await;
    let kept = std::fs::read(key_file(dir.path())).unwrap();
    std::fs::remove_file(key_file(dir.path())).unwrap();

    let bob = Someone::tries_to_open(dir).await;
    assert_eq!(says(&bob).await, "key_missing");
    assert_eq!(
        bob.hub.set_name("Bob").await.unwrap_err().code,
        "key_missing"
    );
    assert_eq!(bob.hub.start_again().await.unwrap_err().code, "key_missing");
    assert!(!key_file(bob.dir.path()).exists(), "no key was made");
    let options = Options::for_tests(bob.dir.path().to_owned(), HERE.into());
    assert_eq!(invite_offline(&options).unwrap_err().code, "key_missing");

    // What is no key, and whose key it is not, is refused.
    for wrong in [&b"a shopping list"[..], &[7; 32], b""] {
        let refused = bob.hub.take_key(STANDARD.encode(wrong)).await;
        assert_eq!(refused.unwrap_err().code, "key_file");
    }
    bob.hub.take_key(STANDARD.encode(kept)).await.unwrap();
    let snapshot = bob.snapshot().await;
    assert_eq!(snapshot.profile.unwrap().name, "Bob");
    assert_eq!(snapshot.contacts.len(), 1);
    assert_eq!(bob.key().await, key);
    // And so after a start.
    let bob = Someone::opens(bob.closes().await, HERE).await;
    assert_eq!(bob.key().await, key);
}

#[tokio::test]
async fn putting_the_key_file_back_by_hand_and_trying_again_is_enough() {
    let bob = Someone::arrives("Bob").await;
    let key = bob.key().await;
    let dir = bob.closes().await;
    let away = dir.path().join("elsewhere");
    std::fs::rename(key_file(dir.path()), &away).unwrap();
    let bob = Someone::tries_to_open(dir).await;
    assert_eq!(
        says(&bob).await,
        "key_missing",
        "a name alone is somebody too"
    );
    std::fs::rename(&away, key_file(bob.dir.path())).unwrap();
    // Two clicks at once are one start.
    let (first, second) = tokio::join!(bob.hub.start_again(), bob.hub.start_again());
    assert!(first.is_ok() && second.is_ok());
    assert_eq!(bob.key().await, key);
}

#[tokio::test]
async fn a_damaged_key_and_somebody_elses_are_said_and_a_backup_brings_bob_back() {
    for (content, code) in [(&b"half"[..], "key"), (&[7; 32], "key_other")] {
        let (_alice, bob, key) = friends().await;
        let made = bob
            .hub
            .backup("correct horse battery".into())
            .await
            .unwrap();
        let backup = STANDARD.encode(std::fs::read(made.path).unwrap());
        let dir = bob.closes().await;
        std::fs::write(key_file(dir.path()), content).unwrap();

        let bob = Someone::tries_to_open(dir).await;
        assert_eq!(says(&bob).await, code);
        let wrong = bob
            .hub
            .restore(backup.clone(), "wrong horse battery".into())
            .await;
        assert_eq!(wrong.unwrap_err().code, "passphrase");
        assert_eq!(says(&bob).await, code);
        let restored = bob
            .hub
            .restore(backup, "correct horse battery".into())
            .await;
        restored.unwrap();
        assert_eq!(bob.key().await, key);
        assert_eq!(bob.snapshot().await.contacts.len(), 1);
        let aside = folder(bob.dir.path(), "before-restore");
        assert_eq!(std::fs::read(key_file(&aside)).unwrap(), content);
    }
}

#[tokio::test]
async fn damaged_contacts_are_said_and_a_backup_brings_bob_back() {
    let (_alice, bob, key) = friends().await;
    let made = bob
        .hub
        .backup("correct horse battery".into())
        .await
        .unwrap();
    let backup = STANDARD.encode(std::fs::read(made.path).unwrap());
    let dir = bob.closes().await;
    std::fs::write(dir.path().join("ringdown.db"), [b'x'; 8192]).unwrap();
    let bob = Someone::tries_to_open(dir).await;
    assert_eq!(says(&bob).await, "storage_damaged");
    let restored = bob
        .hub
        .restore(backup, "correct horse battery".into())
        .await;
    restored.unwrap();
    assert_eq!(
        (bob.key().await, bob.snapshot().await.contacts.len()),
        (key, 1)
    );
}

#[tokio::test]
async fn beginning_anew_is_asked_for_and_loses_nothing() {
    let (_alice, bob, key) = friends().await;
    let refused = bob.hub.begin_anew().await;
    assert!(
        refused.is_ok() && bob.key().await == key,
        "nothing was wrong, so nothing is done"
    );
    let dir = bob.closes().await;
    let kept = std::fs::read(key_file(dir.path())).unwrap();
    std::fs::write(key_file(dir.path()), [7; 32]).unwrap();
    let bob = Someone::tries_to_open(dir).await;
    bob.hub.begin_anew().await.unwrap();
    let snapshot = bob.snapshot().await;
    assert!(snapshot.profile.is_none() && snapshot.contacts.is_empty());
    bob.hub.set_name("Bob the second").await.unwrap();
    assert_ne!(bob.key().await, key);
    // Whoever finds the key later has it all in the folder beside.
    let aside = folder(bob.dir.path(), "before-anew");
    let again = tempfile::tempdir().unwrap();
    std::fs::copy(aside.join("ringdown.db"), again.path().join("ringdown.db")).unwrap();
    std::fs::write(key_file(again.path()), kept).unwrap();
    let found = Someone::opens(again, HERE).await;
    assert_eq!(
        (found.key().await, found.snapshot().await.contacts.len()),
        (key, 1)
    );
}

#[tokio::test]
async fn contacts_that_another_program_holds_are_no_reason_to_begin_anew() {
    let bob = Someone::arrives("Bob").await;
    let dir = bob.closes().await;
    let other = rusqlite::Connection::open(dir.path().join("ringdown.db")).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let bob = Someone::tries_to_open(dir).await;
    assert_eq!(says(&bob).await, "storage_locked");
    assert_eq!(
        bob.hub.begin_anew().await.unwrap_err().code,
        "storage_locked"
    );
    drop(other);
    bob.hub.start_again().await.unwrap();
    assert_eq!(bob.snapshot().await.profile.unwrap().name, "Bob");
}

#[cfg(unix)]
#[tokio::test]
async fn a_data_directory_open_to_others_is_closed_and_bob_is_told_once() {
    use std::os::unix::fs::PermissionsExt as _;
    let bob = Someone::arrives("Bob").await;
    let dir = bob.closes().await;
    let database = dir.path().join("ringdown.db");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&database), 0o600, "whatever the umask says");
    for (path, mode) in [(dir.path(), 0o755), (&database, 0o644)] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let bob = Someone::opens(dir, HERE).await;
    let notices = bob.snapshot().await.notices;
    assert!(
        notices.iter().any(|notice| notice.code == "data_open"),
        "{notices:?}"
    );
    assert_eq!((mode(bob.dir.path()), mode(&database)), (0o700, 0o600));
    let bob = Someone::opens(bob.closes().await, HERE).await;
    let notices = bob.snapshot().await.notices;
    assert!(
        notices.iter().all(|notice| notice.code != "data_open"),
        "{notices:?}"
    );
}
