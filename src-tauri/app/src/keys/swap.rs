//! One identity in the place of another, at whatever moment the process dies.
//!
//! Which identity a data directory is, its database says ([`Owner`](crate::store::Owner)). So the new secret is staged beside
//! the old one, the database changes everything at once with one transaction, and only then the staged secret takes the old
//! one's place. Whoever looks in between does, before the transaction, away with what was staged, and after it, what was
//! left to do:
//!
//! ```text
//! identity.key (old)  identity.next (new)   database says old     -> identity.next goes
//! identity.key (old)  identity.next (new)   database says new     -> identity.next becomes identity.key
//! identity.key (new)  identity.keyring (of the old)                -> identity.keyring goes, its entry stays
//! ```

use std::path::Path;

use ringdown_core::identity::{Identity, PublicKey};

use super::marker::Marker;
use super::{KeyError, changing, file};
use crate::durable;

/// Stages the identity that is to be `dir`'s.
///
/// # Errors
/// When it can't be written; nothing has changed then.
pub fn stage(dir: &Path, identity: &Identity) -> Result<(), KeyError> {
    let _turn = changing();
    file::keep_next(dir, identity)
}

/// Does what an earlier change of identity left to do, or takes back what it had staged, by what the database says.
///
/// # Errors
/// When a file can't be read or written. Both secrets are still there then.
pub fn settle(dir: &Path, owner: Option<PublicKey>) -> Result<(), KeyError> {
    let _turn = changing();
    file::tidy(dir)?;
    let next = file::next(dir);
    let staged = match file::load(&next) {
        Ok(None) => return Ok(()),
        Ok(Some(staged)) => Some(staged.public()),
        // Files are staged whole; this one is nobody's.
        Err(KeyError::Damaged(_)) => None,
        Err(error) => return Err(error),
    };
    if staged.is_none() || staged != owner {
        return file::wipe(&next);
    }
    durable::rename(&next, &file::path(dir)).map_err(file::unusable(&next))?;
    match Marker::load(dir) {
        Ok(Some(marker)) if Some(marker.key) == owner => Ok(()),
        Ok(None) => Ok(()),
        _ => Marker::remove(dir),
    }
}

/// Copies where the identity of `dir` is, whatever it is, to `aside`.
///
/// # Errors
/// When something can't be copied.
pub fn copy_aside(dir: &Path, aside: &Path) -> Result<(), KeyError> {
    for path in [file::path(dir), Marker::path(dir)] {
        if let Some(name) = path.file_name() {
            durable::copy(&path, &aside.join(name)).map_err(file::unusable(&path))?;
        }
    }
    Ok(())
}

/// Removes where the identity of `dir` is; what is in the keyring stays there.
///
/// # Errors
/// When something can't be removed.
pub fn remove(dir: &Path) -> Result<(), KeyError> {
    let _turn = changing();
    file::wipe(&file::next(dir))?;
    let path = file::path(dir);
    durable::remove(&path).map_err(file::unusable(&path))?;
    Marker::remove(dir)
}
