//! Taking everything to another machine: backup and restore.

use std::path::{Path, PathBuf};

use ringdown_core::call::Phase;
use ringdown_core::identity::Identity;

use super::Hub;
use crate::backup::Content;
use crate::clock;
use crate::durable;
use crate::ipc::{KeyStore, UiError};
use crate::restore;
use crate::store::Book;

impl Hub {
    /// Everything, to be sealed.
    ///
    /// # Errors
    /// When there is nobody yet.
    pub(super) fn content(&self) -> Result<Content<Book>, UiError> {
        let profile = self.profile()?;
        Ok(Content {
            identity: Identity::from_seed(*profile.identity.seed()),
            book: Book {
                name: profile.name.clone(),
                contacts: self.contacts.iter().cloned().collect(),
                invites: self.issued.iter().cloned().collect(),
                requests: self.incoming.clone(),
                settings: self.settings.clone(),
            },
        })
    }

    /// Becomes who is in the backup. Who was here before is kept in a folder beside.
    ///
    /// # Errors
    /// While a call is on, or when something could not be written.
    pub(super) fn restore(&mut self, content: Content<Book>) -> Result<(), UiError> {
        let call = self
            .profile
            .as_ref()
            .and_then(|profile| profile.calls.snapshot(std::time::Instant::now()));
        if call.is_some_and(|call| call.phase != Phase::Ended) {
            return Err(UiError::new(
                "in_call",
                "End the call first, then restore the backup.",
            ));
        }
        let own = self.identity.as_deref();
        let dir = &self.options.data_dir;
        restore::restore(dir, &mut self.store, &content, own, &mut restore::go_on)?;
        if own.is_none_or(|own| own.public() != content.identity.public()) {
            self.key_store = KeyStore::File;
            self.identity = Some(content.identity.into());
        }
        self.line.forget();
        self.profile = None;
        self.outgoing = ringdown_core::requests::Outgoing::default();
        self.read_book()?;
        self.show();
        Ok(())
    }

    pub(super) fn backup_dir(&self) -> PathBuf {
        self.options.backup_dir.clone()
    }
}

/// Writes a backup that only its owner may read, under a new name. It is whole and on the disk then.
///
/// # Errors
/// When it can't be written.
pub(super) fn write_backup(dir: &Path, file: &[u8]) -> Result<PathBuf, UiError> {
    let name = format!("ringdown-backup-{}.age", clock::stamp(clock::now_ms()));
    let path = dir.join(name);
    let written = std::fs::create_dir_all(dir).and_then(|()| durable::write_new(&path, file));
    written.map_err(|error| unwritable(&path, &error))?;
    Ok(path)
}

fn unwritable(path: &Path, error: &std::io::Error) -> UiError {
    let sentence = format!(
        "{} can't be written: {error}. Make room or allow writing there, and try again.",
        path.display()
    );
    UiError::new("unwritable", sentence)
}
