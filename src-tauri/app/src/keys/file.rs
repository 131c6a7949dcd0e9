//! The secret in a file that only its owner can read.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use ringdown_core::identity::Identity;
use zeroize::Zeroizing;

use super::KeyError;

/// The identity in `dir`, if one is in a file.
pub(super) fn load(dir: &Path) -> Result<Option<Identity>, KeyError> {
    let path = path(dir);
    match fs::read(&path).map(Zeroizing::new) {
        Ok(bytes) => match <[u8; 32]>::try_from(bytes.as_slice()) {
            Ok(seed) => Ok(Some(Identity::from_seed(seed))),
            Err(_) => Err(KeyError::Damaged(path)),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(KeyError::Io { path, source }),
    }
}

/// Keeps an identity in `dir`. Never overwrites one.
pub(super) fn keep(dir: &Path, identity: &Identity) -> Result<(), KeyError> {
    let path = path(dir);
    write(&path, identity.seed().as_ref(), |partial, path| {
        // A link, unlike a rename, fails where there is something already.
        fs::hard_link(partial, path)?;
        fs::remove_file(partial)
    })
    .map_err(|source| KeyError::Io { path, source })
}

/// Removes the file, if it still holds this identity. Its blocks are overwritten first; a disk that writes elsewhere may keep the old ones all the same.
pub(super) fn remove(dir: &Path, identity: &Identity) -> Result<(), KeyError> {
    let is_other = |found: Identity| found.public() != identity.public();
    if load(dir)?.is_none_or(is_other) {
        return Ok(());
    }
    let path = path(dir);
    // Under another name, so that a half-wiped file is never read as a key.
    let doomed = path.with_extension("gone");
    let wipe = || {
        fs::rename(&path, &doomed)?;
        let mut file = OpenOptions::new().write(true).open(&doomed)?;
        file.write_all(&[0; 32])?;
        file.sync_all()?;
        fs::remove_file(&doomed)
    };
    wipe().map_err(|source| KeyError::Io {
        path: path.clone(),
        source,
    })
}

/// Writes a file only its owner can read, in the place of the one that is there. It is whole or as it was, never half.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    write(path, bytes, |partial, path| fs::rename(partial, path))
}

fn write(
    path: &Path,
    bytes: &[u8],
    put: impl FnOnce(&Path, &Path) -> std::io::Result<()>,
) -> std::io::Result<()> {
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
    file.write_all(bytes)?;
    file.sync_all()?;
    put(&partial, path)
}

pub(super) fn path(dir: &Path) -> PathBuf {
    dir.join("identity.key")
}
