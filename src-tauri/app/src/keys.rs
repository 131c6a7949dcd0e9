//! The identity at rest: in the system's keyring where there is one that answers, else in a file only its owner can read.
//!
//! A data directory holds one of two files:
//!
//! ```text
//! identity.key      the secret itself                     (KeyStore::File)
//! identity.keyring  which entry of the keyring holds it,  (KeyStore::Keyring)
//!                   and the public key it must give
//! ```
//!
//! Where both are there, a move was interrupted and the secret in the file is the one that counts. The database says whose
//! it is ([`Owner`]): a key that is another's, or none beside somebody's contacts, is an error that people can do
//! something about, never a new identity. The keyring is asked with a time limit: one that hangs, or waits for a password,
//! delays the start by that and no more. What is in the keyring is never replaced by something new because the keyring
//! does not answer: then there would be two identities, and friends would know the other one.

mod file;
mod keyring;
mod marker;
mod swap;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ringdown_core::identity::{Identity, PublicKey};

pub use self::keyring::KeyringError;
use self::marker::Marker;
pub use self::swap::{copy_aside, remove, settle, stage};
use crate::ipc::KeyStore;
use crate::store::Owner;

/// Why the identity can't be read or kept. The sentence says what to do.
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
    /// The file is not what a Ringdown wrote.
    #[error("The key file {} is damaged. Restore a backup, choose a copy of the file, or begin anew (your friends will then need a new invite).", .0.display())]
    Damaged(PathBuf),
    /// It is in the keyring, which does not give it now.
    #[error(
        "Your key is in this system's keyring, and {0} Then start Ringdown again; nothing was changed."
    )]
    Keyring(#[source] KeyringError),
    /// It was in the keyring, and is not any more.
    #[error(
        "This system's keyring no longer holds your key. Restore a backup, choose the key file if you have one, or begin anew (your friends will then need a new invite)."
    )]
    Gone,
    /// There is none, and the database is somebody's.
    #[error("Your contacts are here, but your key is not: there is no {}. Put it back, restore a backup, choose a copy of the file, or begin anew (your friends will then need a new invite).", .0.display())]
    Missing(PathBuf),
    /// It is not the one of whom the database is.
    #[error("The key in {} is not the one that your contacts know. Restore a backup, choose the right key file, or begin anew (your friends will then need a new invite).", .0.display())]
    Other(PathBuf),
    /// What was chosen is no key.
    #[error(
        "This is no key file. Choose the one that is called identity.key; nothing was changed."
    )]
    NoKey,
    /// What was chosen is not the key of whom the database is.
    #[error(
        "This is not the key that your contacts know. Choose another file; nothing was changed."
    )]
    Unfitting,
    /// The system has no randomness to make a key from.
    #[error("This system gives no random numbers to make a key from: {0}")]
    Random(String),
}

impl KeyError {
    /// A stable name for the UI.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Keyring(_) => "keyring",
            Self::Gone => "key_gone",
            Self::Missing(_) => "key_missing",
            Self::Other(_) => "key_other",
            Self::NoKey | Self::Unfitting => "key_file",
            Self::Io { .. } | Self::Damaged(_) | Self::Random(_) => "key",
        }
    }
}

/// An identity and where it rests.
#[derive(Debug)]
pub struct Kept {
    /// The identity.
    pub identity: Identity,
    /// Where its secret is.
    pub store: KeyStore,
}

/// Held while the files of an identity are changed: moving it to the keyring, beside the hub, must not end in a restore.
fn changing() -> MutexGuard<'static, ()> {
    static CHANGING: Mutex<()> = Mutex::new(());
    // Nothing is half done by whoever panicked that the next one does not look at.
    CHANGING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The identity of this data directory; none if none was made.
///
/// # Errors
/// When there is one that can't be had now, or none where the database is somebody's; nothing is lost then.
pub async fn load(dir: &Path, owner: &Owner) -> Result<Option<Kept>, KeyError> {
    settle(dir, owner.key)?;
    let path = file::path(dir);
    let in_file = match (file::load(&path), owner.key) {
        (Ok(Some(identity)), Some(key)) if identity.public() != key => Err(KeyError::Other(path)),
        (Err(error), _) => Err(error),
        (Ok(Some(identity)), _) => {
            let store = KeyStore::File;
            return Ok(Some(Kept { identity, store }));
        }
        (Ok(None), _) => Ok(()),
    };
    match (Marker::load(dir), owner.key) {
        // It is known whose it must be, so whatever is in the file does not matter.
        (Ok(Some(marker)), Some(key)) if marker.key == key => from_keyring(&marker).await.map(Some),
        (found, _) => {
            in_file?;
            match (found?, owner) {
                (Some(marker), Owner { key: None, .. }) => from_keyring(&marker).await.map(Some),
                (Some(_), _) => Err(KeyError::Other(Marker::path(dir))),
                (None, Owner { key: None, in_use }) if !in_use => Ok(None),
                (None, _) => Err(KeyError::Missing(file::path(dir))),
            }
        }
    }
}

async fn from_keyring(marker: &Marker) -> Result<Kept, KeyError> {
    let found = keyring::fetch(&marker.entry)
        .await
        .map_err(KeyError::Keyring)?;
    match found.map(|seed| Identity::from_seed(*seed)) {
        Some(identity) if identity.public() == marker.key => Ok(Kept {
            identity,
            store: KeyStore::Keyring,
        }),
        _ => Err(KeyError::Gone),
    }
}

/// The public key of this data directory's identity, for which no keyring need be asked and nothing is changed.
///
/// # Errors
/// When a file is there but can't be used, or there is none where the database is somebody's.
pub fn public_key(dir: &Path, owner: &Owner) -> Result<Option<PublicKey>, KeyError> {
    // In the order in which a change of identity moves them, so that none is missed that is just being made.
    let staged = file::load(&file::next(dir))?.map(|identity| identity.public());
    let in_file = file::load(&file::path(dir))?.map(|identity| identity.public());
    let in_keyring = Marker::load(dir)?.map(|marker| marker.key);
    match owner.key {
        Some(key) if [staged, in_file, in_keyring].contains(&Some(key)) => Ok(Some(key)),
        None if in_file.is_some() || in_keyring.is_some() => Ok(in_file.or(in_keyring)),
        None if !owner.in_use => Ok(None),
        _ => Err(KeyError::Missing(file::path(dir))),
    }
}

/// The identity in a file that a person chose, if it is the one of whom the database is.
///
/// # Errors
/// [`KeyError::NoKey`] or [`KeyError::Unfitting`].
pub fn chosen(bytes: &[u8], owner: &Owner) -> Result<Identity, KeyError> {
    let identity = file::parse(bytes).ok_or(KeyError::NoKey)?;
    match owner.key {
        Some(key) if key != identity.public() => Err(KeyError::Unfitting),
        _ => Ok(identity),
    }
}

/// Makes an identity and keeps it: in the keyring if `wanted` says so and it takes it, else in a file.
/// The second value says why it is in a file although the keyring was wanted.
///
/// # Errors
/// When it could be kept nowhere, or there is one already.
pub async fn create(
    dir: &Path,
    wanted: KeyStore,
) -> Result<(Kept, Option<KeyringError>), KeyError> {
    // Of two that are asked for at one time, the second finds the first.
    static CREATING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    let _turn = CREATING.lock().await;
    if let Some(path) = [file::path(dir), Marker::path(dir)]
        .into_iter()
        .find(|path| path.exists())
    {
        let source = std::io::ErrorKind::AlreadyExists.into();
        return Err(KeyError::Io { path, source });
    }
    let identity = Identity::generate().map_err(|error| KeyError::Random(error.to_string()))?;
    let mut reason = None;
    if wanted == KeyStore::Keyring {
        match keep_in_keyring(dir, &identity).await? {
            Ok(marker) => {
                let _turn = changing();
                marker.keep(dir)?;
                let store = KeyStore::Keyring;
                return Ok((Kept { identity, store }, None));
            }
            Err(refused) => reason = Some(refused),
        }
    }
    // An entry that the keyring makes after all, too late, holds this same identity.
    let _turn = changing();
    file::keep(dir, &identity)?;
    let store = KeyStore::File;
    Ok((Kept { identity, store }, reason))
}

/// Moves the identity in the file to the keyring, and says which one was moved. The file goes only when the keyring has
/// given the secret back and what says where it is is on the disk.
///
/// # Errors
/// When a file can't be read, written or removed; the identity is still there then.
pub async fn move_to_keyring(
    dir: &Path,
) -> Result<Result<Option<PublicKey>, KeyringError>, KeyError> {
    let path = file::path(dir);
    let Some(identity) = file::load(&path)? else {
        return Ok(Ok(None));
    };
    let marker = match keep_in_keyring(dir, &identity).await? {
        Ok(marker) => marker,
        Err(refused) => return Ok(Err(refused)),
    };
    let _turn = changing();
    // While the keyring took its time, a backup may have been restored.
    let now = file::load(&path)?.map(|identity| identity.public());
    if now != Some(identity.public()) {
        return Ok(Ok(None));
    }
    marker.keep(dir)?;
    file::wipe(&path)?;
    Ok(Ok(now))
}

/// Stores, reads back and compares. The marker that is returned says where it is once it is kept.
async fn keep_in_keyring(
    dir: &Path,
    identity: &Identity,
) -> Result<Result<Marker, KeyringError>, KeyError> {
    let marker = match Marker::load(dir)? {
        // Of an interrupted move: the entry may be there already.
        Some(marker) if marker.key == identity.public() => marker,
        _ => Marker::new(identity.public())?,
    };
    let kept = keyring::keep(&marker.entry, &identity.seed()).await;
    Ok(kept.map(|()| marker))
}
