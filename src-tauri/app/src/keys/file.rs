//! The secret in a file that only its owner can read.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use ringdown_core::identity::Identity;
use zeroize::Zeroizing;

use super::KeyError;
use crate::durable;

/// Where the identity of `dir` is.
pub(super) fn path(dir: &Path) -> PathBuf {
    dir.join("identity.key")
}

/// Where the identity is that will be `dir`'s once its database says so.
pub(super) fn next(dir: &Path) -> PathBuf {
    dir.join("identity.next")
}

/// The identity in a file, if there is one.
pub(super) fn load(path: &Path) -> Result<Option<Identity>, KeyError> {
    match fs::read(path).map(Zeroizing::new) {
        Ok(bytes) => match parse(&bytes) {
            Some(identity) => Ok(Some(identity)),
            None => Err(KeyError::Damaged(path.to_owned())),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(unusable(path)(source)),
    }
}

/// What such a file holds.
pub(super) fn parse(bytes: &[u8]) -> Option<Identity> {
    <[u8; 32]>::try_from(bytes).ok().map(Identity::from_seed)
}

/// Keeps an identity in `dir`. Never overwrites one.
pub(super) fn keep(dir: &Path, identity: &Identity) -> Result<(), KeyError> {
    let path = path(dir);
    durable::write_new(&path, identity.seed().as_ref()).map_err(unusable(&path))
}

/// Keeps the identity that may become `dir`'s.
pub(super) fn keep_next(dir: &Path, identity: &Identity) -> Result<(), KeyError> {
    let path = next(dir);
    durable::replace(&path, identity.seed().as_ref()).map_err(unusable(&path))
}

/// Removes a file with a secret. Its blocks are overwritten first; a disk that writes elsewhere may keep the old ones all
/// the same.
pub(super) fn wipe(path: &Path) -> Result<(), KeyError> {
    // Under another name, so that a half-wiped file is never read as a key.
    match fs::rename(path, path.with_extension(DOOMED)) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(unusable(path)(error)),
        Ok(()) => wipe_doomed(path),
    }
}

/// Removes what was left when the process died in the middle of writing or wiping a secret.
pub(super) fn tidy(dir: &Path) -> Result<(), KeyError> {
    let path = path(dir);
    durable::remove(&path.with_extension("partial")).map_err(unusable(&path))?;
    if path.with_extension(DOOMED).exists() {
        wipe_doomed(&path)?;
    }
    Ok(())
}

/// The end of the name of a file that is being wiped.
const DOOMED: &str = "gone";

fn wipe_doomed(path: &Path) -> Result<(), KeyError> {
    let doomed = path.with_extension(DOOMED);
    let wipe = || {
        let mut file = OpenOptions::new().write(true).open(&doomed)?;
        file.write_all(&[0; 32])?;
        file.sync_all()?;
        durable::remove(&doomed)?;
        path.parent().map_or(Ok(()), durable::sync_dir)
    };
    wipe().map_err(unusable(path))
}

pub(super) fn unusable(path: &Path) -> impl FnOnce(std::io::Error) -> KeyError {
    let path = path.to_owned();
    move |source| KeyError::Io { path, source }
}
