//! The database as files, for when it can't be opened.

use std::io;
use std::path::{Path, PathBuf};

use super::{FILE, Store, StoreError};
use crate::durable;

/// The database, and what SQLite keeps beside it.
fn files(dir: &Path) -> [PathBuf; 3] {
    ["", "-wal", "-shm"].map(|end| dir.join(format!("{FILE}{end}")))
}

/// Copies the database of `dir` to `aside`, whatever state it is in.
///
/// # Errors
/// When it can't be read or written.
pub fn copy(dir: &Path, aside: &Path) -> Result<(), StoreError> {
    for path in files(dir) {
        if let Some(name) = path.file_name() {
            durable::copy(&path, &aside.join(name)).map_err(|error| unusable(&path, &error))?;
        }
    }
    Ok(())
}

/// Removes the database of `dir`.
///
/// # Errors
/// When it can't be removed.
pub fn remove(dir: &Path) -> Result<(), StoreError> {
    for path in files(dir) {
        let removed = durable::remove(&path).and_then(|()| durable::sync_dir(dir));
        removed.map_err(|error| unusable(&path, &error))?;
    }
    Ok(())
}

/// Puts a database that was made in `staged` in the place of the one in `dir`, all at once.
///
/// # Errors
/// When it can't be put there: the old one is where it was then.
pub fn put(staged: Store, dir: &Path) -> Result<(), StoreError> {
    let from = staged.path.clone();
    // What is in the write-ahead log goes to the database and the log goes, when the last connection is closed.
    staged
        .connection
        .close()
        .map_err(|(_, error)| super::explain(&from, error.into()))?;
    let [to, wal, shm] = files(dir);
    let moved = || {
        std::fs::OpenOptions::new()
            .write(true)
            .open(&from)?
            .sync_all()?;
        // A log of the old database must not be played back on the new one.
        for log in [wal, shm] {
            durable::remove(&log)?;
        }
        durable::sync_dir(dir)?;
        durable::rename(&from, &to)
    };
    moved().map_err(|error| unusable(&to, &error))
}

pub(super) fn unusable(path: &Path, error: &io::Error) -> StoreError {
    let path = path.to_owned();
    match error.kind() {
        io::ErrorKind::StorageFull => StoreError::Full(path),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            StoreError::ReadOnly(path)
        }
        kind => StoreError::File {
            path,
            source: kind.into(),
        },
    }
}
