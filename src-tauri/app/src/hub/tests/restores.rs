//! The process dies in the middle of a restore, or a step of it fails, and the app is started again.
//!
//! It really dies: a process of its own, which is this program again with the name of an ignored test, restores with real
//! files and ends itself after a step.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::person::{HERE, Someone, friends};
use super::*;
use crate::backup::Content;
use crate::restore::{RestoreError, Step, go_on, restore, restore_damaged};
use crate::store::Book;

/// The data directory, and the step after which to die, told to a process of its own.
const DIR: &str = "RINGDOWN_TEST_DIR";
const STEP: &str = "RINGDOWN_TEST_STEP";

const STEPS: [Step; 5] = [
    Step::ContactsCopied,
    Step::KeyCopied,
    Step::KeyStaged,
    Step::Committed,
    Step::Settled,
];
const STEPS_OVER_DAMAGE: [Step; 6] = [
    Step::ContactsCopied,
    Step::KeyCopied,
    Step::KeyStaged,
    Step::ContactsStaged,
    Step::Committed,
    Step::Settled,
];

fn carol() -> Content<Book> {
    Content {
        identity: Identity::from_seed([9; 32]),
        book: Book {
            name: DisplayName::parse("Carol").unwrap(),
            contacts: Vec::new(),
            invites: Vec::new(),
            requests: Incoming::default(),
            settings: Settings::default(),
        },
    }
}

fn copy_of(dir: &Path) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
        }
    }
    copy
}

/// Restores Carol in a process that dies after `step`.
fn dies_after(dir: &Path, test: &str, step: Step) {
    let ended = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            &format!("hub::tests::restores::{test}"),
            "--include-ignored",
        ])
        .env(DIR, dir)
        .env(STEP, format!("{step:?}"))
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), None, "it did not die: {ended:?}");
}

fn place() -> PathBuf {
    std::env::var_os(DIR)
        .expect("started by another test")
        .into()
}

fn die(step: Step) -> Result<(), RestoreError> {
    if std::env::var(STEP).is_ok_and(|wanted| wanted == format!("{step:?}")) {
        std::process::abort();
    }
    Ok(())
}

#[test]
#[ignore = "run by whatever_moment_the_process_dies… in a process of its own"]
fn restores() {
    let mut store = Store::open(&place()).unwrap();
    restore(&place(), &mut store, &carol(), None, &mut die).unwrap();
}

#[test]
#[ignore = "run by whatever_moment_it_dies_over_damaged_contacts… in a process of its own"]
fn restores_over_damage() {
    restore_damaged(&place(), &carol(), &mut die).unwrap();
}

/// Who is there after a start, and with how many contacts.
async fn who(dir: TempDir) -> (String, PublicKey, usize, TempDir) {
    let someone = Someone::opens(dir, HERE).await;
    let snapshot = someone.snapshot().await;
    let key = someone.key().await;
    let name = snapshot.profile.unwrap().name;
    let dir = someone.closes().await;
    assert!(!dir.path().join("identity.next").exists());
    assert!(!dir.path().join("restoring").exists());
    (name, key, snapshot.contacts.len(), dir)
}

#[tokio::test]
async fn whatever_moment_the_process_dies_it_is_whole_bob_or_whole_carol_who_starts_again() {
    let (_alice, bob, key) = friends().await;
    let hers = carol().identity.public();
    let template = bob.closes().await;
    let mut seen = Vec::new();
    for step in STEPS {
        let dir = copy_of(template.path());
        dies_after(dir.path(), "restores", step);
        let (name, found, contacts, dir) = who(dir).await;
        match (name.as_str(), contacts) {
            ("Bob", 1) => assert_eq!(found, key, "{step:?}"),
            ("Carol", 0) => assert_eq!(found, hers, "{step:?}"),
            mixed => panic!("after {step:?} it is {mixed:?}"),
        }
        seen.push(name.clone());
        // A start changes nothing about it, and nobody has lost the way to the other one.
        assert_eq!(who(copy_of(dir.path())).await.0, name);
        let mut store = Store::open(dir.path()).unwrap();
        restore(dir.path(), &mut store, &carol(), None, &mut go_on).unwrap();
        drop(store);
        assert_eq!(who(dir).await.0, "Carol");
    }
    assert_eq!(seen, ["Bob", "Bob", "Bob", "Carol", "Carol"]);
}

#[tokio::test]
async fn whatever_step_fails_it_is_whole_bob_or_whole_carol_who_goes_on() {
    let (_alice, bob, key) = friends().await;
    let template = bob.closes().await;
    for broken in STEPS {
        let dir = copy_of(template.path());
        let mut store = Store::open(dir.path()).unwrap();
        let mut fail = |step| match step == broken {
            true => Err(RestoreError::Aside {
                path: PathBuf::from("/full"),
                source: std::io::ErrorKind::StorageFull.into(),
            }),
            false => Ok(()),
        };
        let done = restore(dir.path(), &mut store, &carol(), None, &mut fail);
        drop(store);
        let (name, found, contacts, _dir) = who(dir).await;
        // What was said to the person is what a start shows.
        match done {
            Err(_) => assert_eq!((name.as_str(), found, contacts), ("Bob", key, 1)),
            Ok(()) => assert_eq!((name.as_str(), contacts), ("Carol", 0)),
        }
        assert_eq!(
            name == "Carol",
            matches!(broken, Step::Committed | Step::Settled)
        );
    }
}

#[tokio::test]
async fn whatever_moment_it_dies_over_damaged_contacts_these_and_the_key_are_there_or_carol_is() {
    let bob = Someone::arrives("Bob").await;
    let template = bob.closes().await;
    let damaged = vec![b'x'; 8192];
    fs::write(template.path().join("ringdown.db"), &damaged).unwrap();
    let kept = fs::read(template.path().join("identity.key")).unwrap();
    let mut restored = 0;
    for step in STEPS_OVER_DAMAGE {
        let dir = copy_of(template.path());
        dies_after(dir.path(), "restores_over_damage", step);
        let bob = Someone::tries_to_open(copy_of(dir.path())).await;
        if bob.hub.ask(|hub| Ok(hub.snapshot())).await.is_ok() {
            assert_eq!(who(dir).await.0, "Carol");
            restored += 1;
            continue;
        }
        assert_eq!(fs::read(dir.path().join("ringdown.db")).unwrap(), damaged);
        assert_eq!(fs::read(dir.path().join("identity.key")).unwrap(), kept);
        restore_damaged(dir.path(), &carol(), &mut go_on).unwrap();
        assert_eq!(who(dir).await.0, "Carol");
    }
    assert_eq!(restored, 2);
}
