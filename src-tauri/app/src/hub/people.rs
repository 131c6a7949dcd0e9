//! The person, their contacts and their settings.

use std::path::PathBuf;
use std::time::Instant;

use ringdown_core::contacts::{Contact, ContactError, Contacts};
use ringdown_core::identity::PublicKey;
use ringdown_core::invite::Reach;
use ringdown_core::name::DisplayName;
use ringdown_core::requests::Incoming;

use super::{Hub, Profile};
use crate::ipc::{self, ContactView, KeyStore, Privacy, Settings, Snapshot, UiError};
use crate::keys::{Kept, KeyringError};
use crate::settings;
use crate::store::StoreError;

impl Hub {
    /// What the window shall draw.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            profile: self.profile.as_ref().map(|profile| ipc::Profile {
                name: profile.name.to_string(),
                key: profile.identity.public().to_string(),
            }),
            invite: self.current_link(),
            invites: self.invite_views(),
            requests: self.request_views(),
            privacy: Privacy {
                key_store: self.key_store,
                sandbox: self.options.sandbox,
            },
            contacts: self
                .contacts
                .iter()
                .map(|contact| ContactView {
                    key: contact.key.to_string(),
                    name: contact.name.to_string(),
                    own_name: contact.own_name.to_string(),
                    namesake: self
                        .contacts
                        .poses_as(contact.key)
                        .map(|other| other.name.to_string()),
                    standing: contact.standing,
                    verified: contact.verified,
                    blocked: contact.blocked,
                    early: contact.early,
                    ice_policy: contact.ice_policy,
                    favorite: contact.favorite,
                    note: contact.note.clone(),
                    last_call_ms: self
                        .history
                        .last_calls
                        .get(&contact.key.to_string())
                        .copied(),
                    shows_presence: contact.shows_presence,
                    reachable: self.presence.reachable(contact.key),
                    ring_when_free: self.wanted.contains(&contact.key),
                })
                .collect(),
            call: self.shown_call(),
            held: self.shown_held(),
            waiting: self.shown_waiting(),
            silent: self.is_silent(),
            missed: self.history.missed,
            history_version: self.history.version,
            quiet: match self.quiet.is_on(crate::clock::now_ms()) {
                true => self.quiet,
                false => ipc::Quiet::Off,
            },
            settings: self.settings.clone(),
            line: self.line.view(),
            update: self.update_view(),
            invite_waits: self.opened_invite.is_some(),
            notices: self.notices.clone(),
        }
    }

    /// Where an identity is to be made and kept, if there is none.
    pub(super) fn missing_identity(&self) -> Option<(PathBuf, KeyStore)> {
        let missing = self.identity.is_none();
        missing.then(|| (self.options.data_dir.clone(), self.options.key_store))
    }

    /// Takes an identity that was just made, and says so where it could not go to the keyring that is there.
    pub(super) fn introduce_identity(&mut self, kept: Kept, reason: Option<KeyringError>) {
        self.take_identity(kept);
        if let Some(reason) = reason.filter(|reason| *reason != KeyringError::None) {
            self.notice(&UiError::new(
                "key_in_file",
                format!("Your key is kept in a file that only you can read, because {reason} Ringdown moves it there at its next start."),
            ));
        }
    }

    /// What friends see from now on.
    ///
    /// # Errors
    /// When there is no identity yet, or nothing could be written.
    pub(super) fn set_name(&mut self, name: DisplayName) -> Result<(), UiError> {
        let identity = self.identity.clone();
        let identity = identity.ok_or_else(super::telephone::no_profile)?;
        self.store.set_profile(identity.public(), &name)?;
        match &mut self.profile {
            Some(profile) => profile.name = name,
            None => self.go_online(identity, name)?,
        }
        self.show();
        Ok(())
    }

    /// Gives a contact another name.
    ///
    /// # Errors
    /// When there is no such contact, the name is none or taken, or nothing could be written.
    pub fn rename_contact(&mut self, key: PublicKey, name: &str) -> Result<(), UiError> {
        let name = DisplayName::parse(name).map_err(|error| UiError::new("name", error))?;
        self.change_contacts(|contacts| {
            contacts
                .rename(key, name)
                .map_err(|error| UiError::new("contact", error))
        })?;
        self.show();
        Ok(())
    }

    /// Forgets a contact. A call with them ends, and they are not heard any more.
    ///
    /// # Errors
    /// When nothing could be written.
    pub fn remove_contact(&mut self, key: PublicKey) -> Result<(), UiError> {
        self.store.remove_contact(key)?;
        self.leave(key);
        self.finds.forget(key);
        let _ = self.contacts.remove(key);
        self.want_no_more(key);
        self.watch_contacts();
        self.show();
        Ok(())
    }

    /// Keeps the settings and acts on them.
    ///
    /// # Errors
    /// When one is out of range or no URL, or nothing could be written.
    pub fn save_settings(&mut self, wanted: Settings) -> Result<Settings, UiError> {
        let settings = settings::validate(wanted)?;
        self.store.set_setting("settings", &settings)?;
        self.settings = settings.clone();
        self.read_history()?;
        self.apply_settings();
        self.spread_presence();
        self.show();
        Ok(settings)
    }

    /// A contact seems to be on this network: they are tried there too for a while. Nothing of it is kept, for whoever is on this
    /// network can say so.
    pub(super) fn handle_found(&mut self, key: &[u8; 32], url: &str) {
        let (Ok(key), Ok(found)) = (PublicKey::from_bytes(*key), Reach::parse(url)) else {
            return;
        };
        let heard = self
            .contacts
            .get(key)
            .is_some_and(|contact| !contact.blocked);
        // Only when they come: somebody who announces ever new addresses does not have them asked each time.
        if heard && self.finds.found(Instant::now(), key, found) {
            self.outgoing.hurry(key);
        }
    }

    /// Where a contact can be reached now.
    pub(super) fn set_reach(&mut self, key: PublicKey, reach: Vec<Reach>) {
        self.learn(|contacts| contacts.set_reach(key, reach));
    }

    /// Where a caller says to look for them, as far as they say before they are answered.
    pub(super) fn take_hint(&mut self, key: PublicKey, servers: &[Reach], port: Option<u16>) {
        self.learn(|contacts| contacts.hint(key, servers, port));
    }

    fn learn(&mut self, change: impl FnOnce(&mut Contacts) -> Result<(), ContactError>) {
        let learned = self.change_contacts(|contacts| {
            change(contacts).map_err(|error| UiError::new("contact", error))
        });
        if let Err(error) = learned {
            tracing::warn!(
                "where a contact can be reached was not kept: {}",
                error.code
            );
        }
    }

    /// The first contact whose name begins like this, whatever the case.
    pub(super) fn contact_by_prefix(&self, prefix: &str) -> Result<PublicKey, UiError> {
        let wanted = prefix.trim().to_lowercase();
        let found = self
            .contacts
            .iter()
            .find(|contact| contact.name.to_string().to_lowercase().starts_with(&wanted));
        match found {
            Some(contact) if !wanted.is_empty() => Ok(contact.key),
            _ => Err(UiError::new(
                "nobody",
                format!("No contact is called “{}”. Add them first.", prefix.trim()),
            )),
        }
    }

    pub(super) fn own_key(&self) -> Result<PublicKey, UiError> {
        self.profile().map(|profile| profile.identity.public())
    }

    pub(super) fn profile(&self) -> Result<&Profile, UiError> {
        self.profile
            .as_ref()
            .ok_or_else(super::telephone::no_profile)
    }

    /// Changes the book and keeps what changed; when that fails the book is as it was.
    pub(super) fn change_contacts<T>(
        &mut self,
        change: impl FnOnce(&mut Contacts) -> Result<T, UiError>,
    ) -> Result<T, UiError> {
        let mut changed = self.contacts.clone();
        let outcome = change(&mut changed)?;
        self.keep_contacts(changed)?;
        Ok(outcome)
    }

    /// Keeps what is new in this book and takes it; when that fails the book is as it was.
    pub(super) fn keep_contacts(&mut self, changed: Contacts) -> Result<(), UiError> {
        let news: Vec<&Contact> = changed
            .iter()
            .filter(|contact| self.contacts.get(contact.key) != Some(contact))
            .collect();
        for contact in news {
            self.store.put_contact(contact)?;
        }
        self.contacts = changed;
        Ok(())
    }

    /// The same for those who ask.
    pub(super) fn keep_requests(&mut self, incoming: Incoming) -> Result<(), UiError> {
        if incoming != self.incoming {
            self.store.set_setting("requests", &incoming)?;
            self.incoming = incoming;
        }
        Ok(())
    }
}

/// A name as typed; nothing typed is none.
///
/// # Errors
/// When what was typed can't be a name.
pub(super) fn given_name(typed: Option<&str>) -> Result<Option<DisplayName>, UiError> {
    let typed = typed.map(str::trim).filter(|name| !name.is_empty());
    typed
        .map(DisplayName::parse)
        .transpose()
        .map_err(|error| UiError::new("name", error))
}

impl From<StoreError> for UiError {
    fn from(error: StoreError) -> Self {
        Self::new(error.code(), &error)
    }
}
