//! The note in the data directory that says which entry of the keyring holds the secret.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use ringdown_core::identity::PublicKey;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{KeyError, file::unusable};
use crate::durable;

/// No secret in it. The entry's name is random, so that no two data directories, nor one and its restored copy, share one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Marker {
    /// The name of the keyring's entry.
    pub(super) entry: String,
    /// What the secret must give.
    pub(super) key: PublicKey,
}

impl Marker {
    /// A marker with an entry of its own.
    pub(super) fn new(key: PublicKey) -> Result<Self, KeyError> {
        let entry = Uuid::new_v4().simple().to_string();
        Ok(Self { entry, key })
    }

    pub(super) fn load(dir: &Path) -> Result<Option<Self>, KeyError> {
        let path = Self::path(dir);
        match fs::read(&path) {
            Ok(bytes) => match serde_json::from_slice(&bytes) {
                Ok(marker) => Ok(Some(marker)),
                Err(_) => Err(KeyError::Damaged(path)),
            },
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(unusable(&path)(source)),
        }
    }

    /// Replaces the one that is there.
    pub(super) fn keep(&self, dir: &Path) -> Result<(), KeyError> {
        let path = Self::path(dir);
        let text = serde_json::to_vec(self).unwrap_or_default();
        durable::replace(&path, &text).map_err(unusable(&path))
    }

    /// Forgets the entry; what is in the keyring stays there.
    pub(super) fn remove(dir: &Path) -> Result<(), KeyError> {
        let path = Self::path(dir);
        durable::remove(&path)
            .and_then(|()| durable::sync_dir(dir))
            .map_err(unusable(&path))
    }

    pub(super) fn path(dir: &Path) -> PathBuf {
        dir.join("identity.keyring")
    }
}
