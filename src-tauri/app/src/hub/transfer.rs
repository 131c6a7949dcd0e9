//! Taking everything to another machine: backup and restore.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use ringdown_core::call::Phase;
use ringdown_core::identity::Identity;

use super::{Hub, StartError};
use crate::backup::Content;
use crate::clock;
use crate::instance::make_private_dir;
use crate::ipc::{KeyStore, UiError};
use crate::keys;
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
        let Content { identity, book } = content;
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
        let dir = self.options.data_dir.clone();
        let aside = dir.join(format!("before-restore-{}", clock::stamp(clock::now_ms())));
        make_private_dir(&aside).map_err(|error| unwritable(&aside, &error))?;
        self.store.copy_to(&aside)?;
        self.store.replace(&book)?;
        let same = self.own_key().is_ok_and(|own| own == identity.public());
        if !same {
            keys::replace(&dir, &identity, &aside).map_err(StartError::from)?;
            self.key_store = KeyStore::File;
            self.identity = Some(identity.into());
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

/// Writes a backup that only its owner may read, under a new name.
///
/// # Errors
/// When it can't be written.
pub(super) fn write_backup(dir: &Path, file: &[u8]) -> Result<PathBuf, UiError> {
    let name = format!("ringdown-backup-{}.age", clock::stamp(clock::now_ms()));
    let path = dir.join(name);
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = fs::create_dir_all(dir)
        .and_then(|()| options.open(&path))
        .and_then(|mut out| {
            out.write_all(file)?;
            out.sync_all()
        });
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
