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
//! Where both are there, a move was interrupted and the secret in the file is the one that counts. The keyring is asked
//! with a time limit: one that hangs, or waits for a password, delays the start by that and no more. What is in the
//! keyring is never replaced by something new because the keyring does not answer: then there would be two identities,
//! and friends would know the other one.

mod file;
mod keyring;
mod marker;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use ringdown_core::identity::{Identity, PublicKey};

pub use self::keyring::KeyringError;
use self::marker::Marker;
use crate::ipc::KeyStore;

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
    #[error("The key file {} is damaged. Put it back from a backup, or move it away to start with a new identity (your friends will then need a new invite).", .0.display())]
    Damaged(PathBuf),
    /// It is in the keyring, which does not give it now.
    #[error(
        "Your key is in this system's keyring, and {0} Then start Ringdown again; nothing was changed."
    )]
    Keyring(#[source] KeyringError),
    /// It was in the keyring, and is not any more.
    #[error("This system's keyring no longer holds your key. Restore a backup, or move {} away to start with a new identity (your friends will then need a new invite).", .0.display())]
    Gone(PathBuf),
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
            Self::Gone(_) => "key_gone",
            _ => "key",
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

/// The identity of this data directory, if one was made.
///
/// # Errors
/// When there is one that can't be had now; nothing is changed then.
pub async fn load(dir: &Path) -> Result<Option<Kept>, KeyError> {
    if let Some(identity) = file::load(dir)? {
        return Ok(Some(Kept {
            identity,
            store: KeyStore::File,
        }));
    }
    let Some(marker) = Marker::load(dir)? else {
        return Ok(None);
    };
    let found = keyring::fetch(&marker.entry)
        .await
        .map_err(KeyError::Keyring)?;
    match found.map(|seed| Identity::from_seed(*seed)) {
        Some(identity) if identity.public() == marker.key => Ok(Some(Kept {
            identity,
            store: KeyStore::Keyring,
        })),
        _ => Err(KeyError::Gone(Marker::path(dir))),
    }
}

/// The public key of this data directory's identity, for which no keyring need be asked.
///
/// # Errors
/// When a file is there but can't be used.
pub fn public_key(dir: &Path) -> Result<Option<PublicKey>, KeyError> {
    match file::load(dir)? {
        Some(identity) => Ok(Some(identity.public())),
        None => Ok(Marker::load(dir)?.map(|marker| marker.key)),
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
            Ok(()) => {
                let store = KeyStore::Keyring;
                return Ok((Kept { identity, store }, None));
            }
            Err(refused) => reason = Some(refused),
        }
    }
    // An entry that the keyring makes after all, too late, holds this same identity.
    file::keep(dir, &identity)?;
    let store = KeyStore::File;
    Ok((Kept { identity, store }, reason))
}

/// Moves the identity in the file to the keyring. The file goes only when the keyring has given the secret back.
///
/// # Errors
/// When a file can't be read, written or removed; the identity is still there then.
pub async fn move_to_keyring(dir: &Path) -> Result<Result<(), KeyringError>, KeyError> {
    let Some(identity) = file::load(dir)? else {
        return Ok(Ok(()));
    };
    if let Err(refused) = keep_in_keyring(dir, &identity).await? {
        return Ok(Err(refused));
    }
    file::remove(dir, &identity)?;
    Ok(Ok(()))
}

/// Keeps a restored identity in a file, from which the next start moves it on. What was there is in `aside` afterwards.
///
/// # Errors
/// When something could not be written; the old identity still counts then.
pub fn replace(dir: &Path, identity: &Identity, aside: &Path) -> Result<(), KeyError> {
    for path in [file::path(dir), Marker::path(dir)] {
        if let Some(name) = path.file_name()
            && path.exists()
        {
            std::fs::rename(&path, aside.join(name))
                .map_err(|source| KeyError::Io { path, source })?;
        }
    }
    file::keep(dir, identity)
}

/// Stores, reads back and compares; only then the marker is written.
async fn keep_in_keyring(
    dir: &Path,
    identity: &Identity,
) -> Result<Result<(), KeyringError>, KeyError> {
    let marker = match Marker::load(dir)? {
        // Of an interrupted move: the entry may be there already.
        Some(marker) if marker.key == identity.public() => marker,
        _ => Marker::new(identity.public())?,
    };
    let seed = identity.seed();
    if let Err(refused) = keyring::keep(&marker.entry, &seed).await {
        return Ok(Err(refused));
    }
    marker.keep(dir)?;
    Ok(Ok(()))
}
