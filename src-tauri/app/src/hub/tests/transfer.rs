//! Moving to another machine.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ringdown_core::call::Phase;

use super::person::{HERE, Someone, friends};
use super::*;
use crate::store::Owner;

const PASSPHRASE: &str = "correct horse battery";

async fn backup_of(someone: &Someone) -> String {
    let made = someone.hub.backup(PASSPHRASE.into()).await.unwrap();
    STANDARD.encode(std::fs::read(made.path).unwrap())
}

#[tokio::test]
async fn bobs_new_machine_is_bob_and_alice_notices_nothing() {
    let (alice, bob, key) = friends().await;
    let backup = backup_of(&bob).await;
    let before = bob.snapshot().await;
    bob.closes().await;

    let new = Someone::opens(tempfile::tempdir().unwrap(), HERE).await;
    new.hub.restore(backup, PASSPHRASE.into()).await.unwrap();
    let after = new.sees(|snapshot| snapshot.line.online).await;
    assert_eq!(after.profile, before.profile);
    assert_eq!(after.contacts, before.contacts);
    assert_eq!(after.settings, before.settings);
    let her = alice.key().await;
    new.calls(her).await;
    alice.is_in(Phase::Ringing).await;
    let call = alice.snapshot().await.call.unwrap();
    assert_eq!((call.contact, call.name.as_str()), (key, "Bob"));
    // And so after a start.
    let new = Someone::opens(new.closes().await, HERE).await;
    assert_eq!(new.key().await, key);
}

#[tokio::test]
async fn restoring_over_somebody_keeps_who_was_there_aside() {
    let (_alice, bob, key) = friends().await;
    let backup = backup_of(&bob).await;
    bob.closes().await;
    let carol = Someone::arrives("Carol").await;
    let hers = carol.key().await;
    carol.hub.restore(backup, PASSPHRASE.into()).await.unwrap();
    assert_eq!(carol.key().await, key);
    assert_eq!(carol.snapshot().await.profile.unwrap().name, "Bob");

    let aside = std::fs::read_dir(carol.dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| {
            path.is_dir()
                && path
                    .file_name()
                    .unwrap()
                    .to_string_lossy()
                    .starts_with("before-restore")
        })
        .unwrap();
    assert_eq!(
        keys::public_key(&aside, &Owner::default()).unwrap(),
        Some(hers)
    );
    let name: Option<String> = Store::open(&aside).unwrap().setting("name").unwrap();
    assert_eq!(name.as_deref(), Some("Carol"));
}

#[tokio::test]
async fn what_does_not_open_changes_nothing() {
    let (alice, bob, key) = friends().await;
    let backup = backup_of(&bob).await;
    let before = bob.snapshot().await;
    for (data, passphrase, code) in [
        (backup.as_str(), "wrong horse battery", "passphrase"),
        ("AAAA", PASSPHRASE, "backup_damaged"),
        ("*", PASSPHRASE, "backup_damaged"),
        (
            &backup[..backup.len() / 8 * 4],
            PASSPHRASE,
            "backup_damaged",
        ),
    ] {
        let refused = bob.hub.restore(data.into(), passphrase.into()).await;
        assert_eq!(refused.unwrap_err().code, code);
    }
    assert_eq!(bob.snapshot().await, before);
    // Nor does a backup in the middle of a call.
    alice.calls(key).await;
    bob.is_in(Phase::Ringing).await;
    let refused = bob.hub.restore(backup, PASSPHRASE.into()).await;
    assert_eq!(refused.unwrap_err().code, "in_call");
    let weak = bob.hub.backup("1234".into()).await.unwrap_err();
    assert_eq!(weak.code, "passphrase_weak");
}
