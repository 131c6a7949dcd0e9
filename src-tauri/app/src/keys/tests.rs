//! The key in a file, and in a real keyring on a session bus of its own.
//!
//! The keyring is found once a process, by the environment: so the tests that need one run in a process of their own,
//! which is this program again with the name of an ignored test.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};

use super::*;

/// The data directory, told to a test in a process of its own.
const DIR: &str = "RINGDOWN_TEST_DIR";

#[tokio::test]
async fn the_key_made_is_the_key_found_and_only_its_owner_may_read_it() {
    let dir = tempfile::tempdir().unwrap();
    assert!(load(dir.path(), &Owner::default()).await.unwrap().is_none());
    assert_eq!(public_key(dir.path(), &Owner::default()).unwrap(), None);
    let (made, reason) = create(dir.path(), KeyStore::File).await.unwrap();
    assert_eq!((made.store, reason), (KeyStore::File, None));
    let found = load(dir.path(), &Owner::default()).await.unwrap().unwrap();
    assert_eq!(found.identity.public(), made.identity.public());
    let path = file::path(dir.path());
    let mode = std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_key_is_never_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let (made, _) = create(dir.path(), KeyStore::File).await.unwrap();
    let again = create(dir.path(), KeyStore::File).await;
    assert!(matches!(again, Err(KeyError::Io { .. })));
    assert_eq!(
        public_key(dir.path(), &Owner::default()).unwrap(),
        Some(made.identity.public())
    );
}

#[tokio::test]
async fn a_damaged_key_is_said_and_left_alone() {
    for name in ["identity.key", "identity.keyring"] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        std::fs::write(&path, b"short").unwrap();
        assert!(matches!(
            load(dir.path(), &Owner::default()).await,
            Err(KeyError::Damaged(_))
        ));
        assert_eq!(std::fs::read(&path).unwrap(), b"short");
    }
}

#[tokio::test]
async fn two_first_starts_at_once_make_one_key() {
    let dir = tempfile::tempdir().unwrap();
    let (one, other) = tokio::join!(
        create(dir.path(), KeyStore::File),
        create(dir.path(), KeyStore::File)
    );
    assert!(one.is_ok() != other.is_ok());
}

#[tokio::test]
async fn what_was_cut_off_in_the_middle_of_writing_or_wiping_is_wiped() {
    let dir = tempfile::tempdir().unwrap();
    create(dir.path(), KeyStore::File).await.unwrap();
    for name in ["identity.partial", "identity.gone", "identity.next"] {
        std::fs::write(dir.path().join(name), [7; 32]).unwrap();
    }
    load(dir.path(), &Owner::default()).await.unwrap().unwrap();
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn the_keyring_keeps_the_key_and_a_key_in_a_file_moves_there() {
    if in_session(UNLOCKED, "in_the_keyring") {
        in_session(UNLOCKED, "from_the_file");
    }
}

#[test]
fn a_locked_keyring_means_a_file_and_the_same_identity() {
    in_session(LOCKED, "not_in_the_keyring");
}

#[test]
fn without_a_keyring_the_key_is_in_a_file() {
    let nowhere = Command::new(std::env::current_exe().unwrap());
    ends_well(nowhere, "not_in_the_keyring", "unix:path=/nonexistent");
}

#[test]
fn a_keyring_that_never_answers_delays_the_start_and_no_more() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("bus");
    let _silent = UnixListener::bind(&path).unwrap();
    let silent = Command::new(std::env::current_exe().unwrap());
    let bus = format!("unix:path={}", path.display());
    ends_well(silent, "not_in_the_keyring", &bus);
}

const UNLOCKED: &str = "printf secret | gnome-keyring-daemon --unlock --components=secrets";
const LOCKED: &str = "gnome-keyring-daemon --start --components=secrets";

/// Runs an ignored test below on a session bus of its own with a keyring. False: no keyring is installed.
fn in_session(daemon: &str, test: &str) -> bool {
    let exists = |program: &str| {
        let asked = Command::new(program)
            .arg("--version")
            .stdout(Stdio::null())
            .status();
        asked.is_ok()
    };
    if !exists("gnome-keyring-daemon") || !exists("dbus-run-session") {
        eprintln!("skipped: gnome-keyring or dbus is not installed, so no real keyring is tried");
        return false;
    }
    let mut session = Command::new("dbus-run-session");
    let script = format!("{daemon} >/dev/null 2>&1; exec \"$0\" \"$@\"");
    session
        .args(["--", "sh", "-c", &script])
        .arg(std::env::current_exe().unwrap());
    ends_well(session, test, "");
    true
}

fn ends_well(mut command: Command, test: &str, bus: &str) {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let name = format!("keys::tests::{test}");
    let status = command
        .args(["--exact", &name, "--include-ignored", "--nocapture"])
        .env("HOME", home.path())
        .env("XDG_RUNTIME_DIR", home.path())
        .env("XDG_DATA_HOME", home.path())
        .env("DBUS_SESSION_BUS_ADDRESS", bus)
        .env_remove("DISPLAY")
        .env(DIR, &data)
        .status()
        .unwrap();
    assert!(status.success(), "{test}: {status}");
}

fn data_dir() -> PathBuf {
    std::env::var_os(DIR)
        .expect("started by another test")
        .into()
}

#[tokio::test]
#[ignore = "run by the_keyring_keeps_the_key… in a session of its own"]
async fn in_the_keyring() {
    let dir = data_dir();
    let (made, reason) = create(&dir, KeyStore::Keyring).await.unwrap();
    assert_eq!((made.store, reason), (KeyStore::Keyring, None));
    assert!(!file::path(&dir).exists());
    let found = load(&dir, &Owner::default()).await.unwrap().unwrap();
    assert_eq!(found.store, KeyStore::Keyring);
    assert_eq!(found.identity.public(), made.identity.public());
    assert_eq!(
        public_key(&dir, &Owner::default()).unwrap(),
        Some(made.identity.public())
    );

    // Another data directory has another key, and doesn't touch this one.
    let other = tempfile::tempdir().unwrap();
    create(other.path(), KeyStore::Keyring).await.unwrap();
    let found = load(&dir, &Owner::default()).await.unwrap().unwrap();
    assert_eq!(found.identity.public(), made.identity.public());

    // Somebody deletes the entry: that is said, and no new identity takes its place.
    let marker = Marker::load(&dir).unwrap().unwrap();
    std::thread::spawn(move || {
        let entry = ::keyring::Entry::new("app.ringdown.desktop", &marker.entry).unwrap();
        entry.delete_credential().unwrap();
    })
    .join()
    .unwrap();
    assert!(matches!(
        load(&dir, &Owner::default()).await,
        Err(KeyError::Gone)
    ));
    assert!(create(&dir, KeyStore::Keyring).await.is_err());
}

#[tokio::test]
#[ignore = "run by the_keyring_keeps_the_key… in a session of its own"]
async fn from_the_file() {
    let dir = data_dir();
    let (made, _) = create(&dir, KeyStore::File).await.unwrap();
    let saved = std::fs::read(file::path(&dir)).unwrap();
    move_to_keyring(&dir).await.unwrap().unwrap();
    assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 1);
    let found = load(&dir, &Owner::default()).await.unwrap().unwrap();
    assert_eq!(found.store, KeyStore::Keyring);
    assert_eq!(found.identity.public(), made.identity.public());

    // As after a power failure between the two: the file counts, and the next move goes to the same entry.
    let marker = Marker::load(&dir).unwrap();
    std::fs::write(file::path(&dir), saved).unwrap();
    assert_eq!(
        load(&dir, &Owner::default()).await.unwrap().unwrap().store,
        KeyStore::File
    );
    move_to_keyring(&dir).await.unwrap().unwrap();
    assert_eq!(Marker::load(&dir).unwrap(), marker);

    // Restoring somebody else is cut off before the database says so: the key in the keyring counts.
    let owner = |identity: &Identity| Owner {
        key: Some(identity.public()),
        in_use: true,
    };
    let aside = tempfile::tempdir().unwrap();
    let restored = Identity::from_seed([7; 32]);
    copy_aside(&dir, aside.path()).unwrap();
    stage(&dir, &restored).unwrap();
    let found = load(&dir, &owner(&made.identity)).await.unwrap().unwrap();
    assert_eq!(found.store, KeyStore::Keyring);
    assert_eq!(found.identity.public(), made.identity.public());
    // And after it: the restored one. The old one's marker is kept aside, its entry stays.
    stage(&dir, &restored).unwrap();
    let found = load(&dir, &owner(&restored)).await.unwrap().unwrap();
    assert_eq!(found.store, KeyStore::File);
    assert_eq!(found.identity.public(), restored.public());
    move_to_keyring(&dir).await.unwrap().unwrap();
    let found = load(&dir, &owner(&restored)).await.unwrap().unwrap();
    assert_eq!(found.store, KeyStore::Keyring);
    let old = load(aside.path(), &owner(&made.identity))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(old.identity.public(), made.identity.public());
    // A marker that is another's is not what the contacts know.
    assert!(matches!(
        load(&dir, &owner(&made.identity)).await,
        Err(KeyError::Other(_))
    ));
}

#[tokio::test]
#[ignore = "run by the tests of keyrings that are of no use"]
async fn not_in_the_keyring() {
    let dir = data_dir();
    let (made, reason) = create(&dir, KeyStore::Keyring).await.unwrap();
    assert_eq!(made.store, KeyStore::File);
    eprintln!("in a file, because {}", reason.unwrap());
    assert!(move_to_keyring(&dir).await.unwrap().is_err());
    let found = load(&dir, &Owner::default()).await.unwrap().unwrap();
    assert_eq!(found.store, KeyStore::File);
    assert_eq!(found.identity.public(), made.identity.public());

    // In the keyring once, and now it does not answer: that is an error, never a new identity.
    let marker = Marker::new(made.identity.public()).unwrap();
    marker.keep(&dir).unwrap();
    file::wipe(&file::path(&dir)).unwrap();
    assert!(load(&dir, &Owner::default()).await.is_err());
    assert!(create(&dir, KeyStore::Keyring).await.is_err());
    assert_eq!(
        public_key(&dir, &Owner::default()).unwrap(),
        Some(made.identity.public())
    );
}
