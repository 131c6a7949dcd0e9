//! Becoming who is in a backup, and beginning anew. Whatever moment the process dies, the data directory is afterwards
//! either the old identity with the old contacts or the new one with the new, and the old ones are in a folder beside.
//!
//! What makes it so is one change: a transaction of the database, or, where that is damaged, a new file in its place. The
//! database says whose it is, and the key is staged beside the old one before (`keys::swap`); who starts in between
//! finishes or takes back. Nothing of the old is moved or removed before it was copied.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ringdown_core::identity::{Identity, PublicKey};

use crate::backup::Content;
use crate::clock;
use crate::durable;
use crate::instance::make_private_dir;
use crate::ipc::UiError;
use crate::keys::{self, KeyError};
use crate::store::{Book, Store, StoreError, files};

/// Why nothing, or not all, was changed. The old identity is still there.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// Contacts and settings.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The identity.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The folder for what was there.
    #[error("{path} can't be written: {source}. Make room or allow writing there, and try again.", path = .path.display())]
    Aside {
        /// Which folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl From<RestoreError> for UiError {
    fn from(error: RestoreError) -> Self {
        match &error {
            RestoreError::Store(store) => Self::new(store.code(), store),
            RestoreError::Key(key) => Self::new(key.code(), key),
            RestoreError::Aside { .. } => Self::new("unwritable", error),
        }
    }
}

/// What is done and on the disk: after each of these the process may die.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The old contacts are in the folder beside.
    ContactsCopied,
    /// So is where the old key is.
    KeyCopied,
    /// The new key is beside the old one.
    KeyStaged,
    /// The new database is whole, where the old one is damaged.
    ContactsStaged,
    /// The database is the new one, and says whose it is.
    Committed,
    /// The new key is in the place of the old one.
    Settled,
}

/// Called after every step; an error there is as if the step had failed.
type After<'a> = &'a mut dyn FnMut(Step) -> Result<(), RestoreError>;

/// For all but the tests.
pub fn go_on(_: Step) -> Result<(), RestoreError> {
    Ok(())
}

/// Makes `store` that of who is in the backup, and the key of `dir` theirs.
///
/// # Errors
/// When something could not be written; all is as it was then.
pub fn restore(
    dir: &Path,
    store: &mut Store,
    content: &Content<Book>,
    own: Option<&Identity>,
    after: After<'_>,
) -> Result<(), RestoreError> {
    let key = content.identity.public();
    let aside = new_folder(dir, "before-restore")?;
    store.copy_to(&aside)?;
    after(Step::ContactsCopied)?;
    keys::copy_aside(dir, &aside)?;
    after(Step::KeyCopied)?;
    // Who restores a backup of themselves has the key where it rests best.
    if own.is_none_or(|own| own.public() != key) {
        keys::stage(dir, &content.identity)?;
        after(Step::KeyStaged)?;
    }
    // Where this fails, the staged key stays until the next start: only that sees what of it reached the disk.
    store.replace(key, &content.book)?;
    finish(dir, key, after);
    Ok(())
}

/// The same where the database can't be opened: the backup's takes the place of its file.
///
/// # Errors
/// When something could not be written; all is as it was then.
pub fn restore_damaged(
    dir: &Path,
    content: &Content<Book>,
    after: After<'_>,
) -> Result<(), RestoreError> {
    let key = content.identity.public();
    let aside = new_folder(dir, "before-restore")?;
    files::copy(dir, &aside)?;
    after(Step::ContactsCopied)?;
    keys::copy_aside(dir, &aside)?;
    after(Step::KeyCopied)?;
    let staging = dir.join(STAGING);
    discard_staged(dir)?;
    make_private_dir(&staging).map_err(unwritable(&staging))?;
    keys::stage(dir, &content.identity)?;
    after(Step::KeyStaged)?;
    let mut store = Store::open(&staging)?;
    store.replace(key, &content.book)?;
    after(Step::ContactsStaged)?;
    files::put(store, dir)?;
    finish(dir, key, after);
    // The next start does it otherwise.
    let _ = discard_staged(dir);
    Ok(())
}

/// Where the database is made that replaces a damaged one.
const STAGING: &str = "restoring";

/// Removes a database that was made to replace a damaged one and did not.
///
/// # Errors
/// When it is there and stays.
pub fn discard_staged(dir: &Path) -> Result<(), RestoreError> {
    let staging = dir.join(STAGING);
    match fs::remove_dir_all(&staging) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unwritable(&staging)(error)),
        _ => Ok(()),
    }
}

/// From here on the new one counts: what can't be done now, the next start does.
fn finish(dir: &Path, key: PublicKey, after: After<'_>) {
    let settled = after(Step::Committed)
        .and_then(|()| Ok(keys::settle(dir, Some(key))?))
        .and_then(|()| after(Step::Settled));
    if let Err(error) = settled {
        let code = UiError::from(error).code;
        tracing::warn!("the restored key is put in its place by the next start: {code}");
    }
}

/// Takes the key in a file that the person chose, where the database is there and its key is not.
///
/// # Errors
/// When it is none, or another's, or can't be written; nothing is changed then.
pub fn take_key(dir: &Path, bytes: &[u8]) -> Result<(), RestoreError> {
    let store = Store::open(dir)?;
    let owner = store.owner()?;
    let identity = keys::chosen(bytes, &owner)?;
    let key = identity.public();
    let aside = new_folder(dir, "before-key")?;
    keys::copy_aside(dir, &aside)?;
    keys::stage(dir, &identity)?;
    store.set_owner(key)?;
    Ok(keys::settle(dir, Some(key))?)
}

/// Moves everything that makes somebody of this data directory to a folder beside. Then nobody has been here.
///
/// # Errors
/// When something can't be moved; it is where it was, or in the folder, or in both.
pub fn begin_anew(dir: &Path) -> Result<(), RestoreError> {
    let aside = new_folder(dir, "before-anew")?;
    match Store::open(dir) {
        Ok(store) => store.copy_to(&aside)?,
        Err(_) => files::copy(dir, &aside)?,
    }
    keys::copy_aside(dir, &aside)?;
    // The contacts last: as long as they are there, a key that is missing is not taken for a first start.
    keys::remove(dir)?;
    Ok(files::remove(dir)?)
}

/// A folder of its own for what was here, `NAME-2026-11-24-133707`.
fn new_folder(dir: &Path, name: &str) -> Result<PathBuf, RestoreError> {
    let stamp = clock::stamp(clock::now_ms());
    let wanted = dir.join(format!("{name}-{stamp}"));
    let others = (2..).map(|n| dir.join(format!("{name}-{stamp}-{n}")));
    let path = std::iter::once(wanted.clone())
        .chain(others)
        .find(|path| !path.exists())
        .unwrap_or(wanted);
    make_private_dir(&path)
        .and_then(|()| durable::sync_dir(dir))
        .map_err(unwritable(&path))?;
    Ok(path)
}

fn unwritable(path: &Path) -> impl FnOnce(io::Error) -> RestoreError {
    let path = path.to_owned();
    move |source| RestoreError::Aside { path, source }
}
