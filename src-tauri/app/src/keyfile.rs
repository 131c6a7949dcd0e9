//! The identity at rest: a file only its owner can read.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use ringdown_core::identity::Identity;

/// Why the identity can't be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file can't be read or written.
    #[error("Your key in {} can't be used: {source}. Check that the disk has room and that the file is yours.", path.display())]
    Io {
        /// The key file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not 32 bytes long.
    #[error("The key file {} is damaged. Put it back from a backup, or move it away to start with a new identity (your friends will then need a new invite).", .0.display())]
    Damaged(PathBuf),
    /// The system has no randomness to make a key from.
    #[error("This system gives no random numbers to make a key from: {0}")]
    Random(String),
}

/// The identity in `dir`, if one was made.
///
/// # Errors
/// When the file is there but can't be used; it is never overwritten then.
pub fn load(dir: &Path) -> Result<Option<Identity>, KeyError> {
    let path = path(dir);
    match fs::read(&path) {
        Ok(bytes) => match <[u8; 32]>::try_from(bytes) {
            Ok(seed) => Ok(Some(Identity::from_seed(seed))),
            Err(_) => Err(KeyError::Damaged(path)),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(KeyError::Io { path, source }),
    }
}

/// Makes an identity and keeps it in `dir`, readable by its owner only. The file is whole or absent, never half.
///
/// # Errors
/// When it can't be written, or there is one already.
pub fn create(dir: &Path) -> Result<Identity, KeyError> {
    let path = path(dir);
    let identity = Identity::generate().map_err(|error| KeyError::Random(error.to_string()))?;
    write_new(&path, identity.seed().as_ref()).map_err(|source| KeyError::Io { path, source })?;
    Ok(identity)
}

fn write_new(path: &Path, seed: &[u8]) -> std::io::Result<()> {
    let partial = path.with_extension("partial");
    match fs::remove_file(&partial) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&partial)?;
    file.write_all(seed)?;
    file.sync_all()?;
    fs::hard_link(&partial, path)?;
    fs::remove_file(&partial)
}

fn path(dir: &Path) -> PathBuf {
    dir.join("identity.key")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_made_is_the_key_found() {
        let dir = tempfile::tempdir().unwrap();
        assert!(load(dir.path()).unwrap().is_none());
        let made = create(dir.path()).unwrap();
        assert_eq!(load(dir.path()).unwrap().unwrap().public(), made.public());
    }

    #[test]
    fn a_key_is_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let made = create(dir.path()).unwrap();
        assert!(matches!(create(dir.path()), Err(KeyError::Io { .. })));
        assert_eq!(load(dir.path()).unwrap().unwrap().public(), made.public());
    }

    #[test]
    fn a_damaged_key_is_said_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("identity.key"), b"short").unwrap();
        assert!(matches!(load(dir.path()), Err(KeyError::Damaged(_))));
        assert_eq!(fs::read(dir.path().join("identity.key")).unwrap(), b"short");
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_may_read_the_key() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        create(dir.path()).unwrap();
        let mode = fs::metadata(dir.path().join("identity.key"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
