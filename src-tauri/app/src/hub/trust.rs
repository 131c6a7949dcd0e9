//! How far a contact is trusted: verified, blocked, connected with early, over which paths.

use ringdown_core::call::Input;
use ringdown_core::contacts::{ContactError, Contacts};
use ringdown_core::ice::IcePolicy;
use ringdown_core::identity::PublicKey;
use ringdown_core::safety::{self, Scan};

use super::Hub;
use crate::ipc::{Safety, SafetyCheck, UiError};
use crate::qr;

impl Hub {
    /// What to compare with a contact.
    ///
    /// # Errors
    /// When there is no profile or no such contact.
    pub fn safety(&self, key: PublicKey) -> Result<Safety, UiError> {
        let own = self.own_key()?;
        self.known_contact(key)?;
        let text = safety::qr_text(own, key);
        Ok(Safety {
            number: safety::number(own, key),
            qr: qr::svg(&text).map_err(|error| UiError::new("qr", error))?,
            text,
        })
    }

    /// What a code scanned from a contact's screen says. A match marks them verified.
    ///
    /// # Errors
    /// When there is no profile or no such contact, or nothing could be written.
    pub fn check_safety(&mut self, key: PublicKey, text: &str) -> Result<SafetyCheck, UiError> {
        let own = self.own_key()?;
        self.known_contact(key)?;
        let scan = safety::check_scan(own, key, text);
        if scan == Scan::Match {
            self.set_verified(key, true)?;
        }
        Ok(scan.into())
    }

    /// Takes note that the numbers were compared, or takes that back.
    ///
    /// # Errors
    /// When there is no such contact, or nothing could be written.
    pub fn set_verified(&mut self, key: PublicKey, verified: bool) -> Result<(), UiError> {
        self.set(|contacts| contacts.set_verified(key, verified))
    }

    /// Stops or starts hearing a contact. A call with them ends.
    ///
    /// # Errors
    /// When there is no such contact, or nothing could be written.
    pub fn set_blocked(&mut self, key: PublicKey, blocked: bool) -> Result<(), UiError> {
        self.known_contact(key)?;
        if blocked {
            self.leave(key);
        }
        self.set(|contacts| contacts.set_blocked(key, blocked))?;
        self.watch_contacts();
        self.spread_presence();
        Ok(())
    }

    /// Chooses whether to connect with a contact while it rings.
    ///
    /// # Errors
    /// When there is no such contact, or nothing could be written.
    pub fn set_early(&mut self, key: PublicKey, early: bool) -> Result<(), UiError> {
        self.set(|contacts| contacts.set_early(key, early))
    }

    /// Chooses how calls with a contact may connect; None: as in the settings.
    ///
    /// # Errors
    /// When there is no such contact, or nothing could be written.
    pub fn set_contact_policy(
        &mut self,
        key: PublicKey,
        policy: Option<IcePolicy>,
    ) -> Result<(), UiError> {
        self.set(|contacts| contacts.set_ice_policy(key, policy))
    }

    /// Makes a contact a favourite, or no longer.
    ///
    /// # Errors
    /// When there is no such contact, or nothing could be written.
    pub fn set_favorite(&mut self, key: PublicKey, favorite: bool) -> Result<(), UiError> {
        self.set(|contacts| contacts.set_favorite(key, favorite))
    }

    /// Writes something down about a contact.
    ///
    /// # Errors
    /// When there is no such contact, it is too long, or nothing could be written.
    pub fn set_note(&mut self, key: PublicKey, note: &str) -> Result<(), UiError> {
        self.set(|contacts| contacts.set_note(key, note))
    }

    /// Chooses whether a contact may ask if this app is there.
    ///
    /// # Errors
    /// When there is no such contact, or nothing could be written.
    pub fn set_presence(&mut self, key: PublicKey, shows: bool) -> Result<(), UiError> {
        self.set(|contacts| contacts.set_presence(key, shows))?;
        self.spread_presence();
        self.show();
        Ok(())
    }

    /// Ends what is going on with a contact who is not to be heard any more.
    pub(super) fn leave(&mut self, key: PublicKey) {
        let Some(profile) = &self.profile else { return };
        let waiting = profile.calls.waiting();
        let (call, held) = (self.shown_call(), self.shown_held());
        // Without a profile there is no call.
        if waiting.is_some_and(|waiting| waiting.contact == key) {
            let _ = self.feed(Input::DeclineWaiting);
        }
        if held.is_some_and(|held| held.contact == key) {
            let _ = self.feed(Input::HangUpHeld);
        }
        if call.is_some_and(|call| call.contact == key) {
            let _ = self.feed(Input::HangUp);
        }
        if let Some(profile) = &mut self.profile {
            profile.sessions.forget(key);
        }
    }

    pub(super) fn known_contact(&self, key: PublicKey) -> Result<(), UiError> {
        let unknown = || UiError::new("contact", ContactError::Unknown);
        self.contacts.get(key).map(drop).ok_or_else(unknown)
    }

    fn set(
        &mut self,
        change: impl FnOnce(&mut Contacts) -> Result<(), ContactError>,
    ) -> Result<(), UiError> {
        self.change_contacts(|contacts| {
            change(contacts).map_err(|error| UiError::new("contact", error))
        })?;
        self.show();
        Ok(())
    }
}
