//! What the person chooses for one contact.

use super::{ContactError, Contacts, MAX_NOTE};
use crate::ice::IcePolicy;
use crate::identity::PublicKey;

impl Contacts {
    /// Stops or starts hearing a contact.
    ///
    /// # Errors
    /// [`ContactError::Unknown`].
    pub fn set_blocked(&mut self, key: PublicKey, blocked: bool) -> Result<(), ContactError> {
        self.get_mut(key)?.blocked = blocked;
        Ok(())
    }

    /// Takes note that the person compared the safety number with a contact, or takes that back.
    ///
    /// # Errors
    /// [`ContactError::Unknown`].
    pub fn set_verified(&mut self, key: PublicKey, verified: bool) -> Result<(), ContactError> {
        self.get_mut(key)?.verified = verified;
        Ok(())
    }

    /// Chooses whether to connect with a contact while it rings.
    ///
    /// # Errors
    /// [`ContactError::Unknown`].
    pub fn set_early(&mut self, key: PublicKey, early: bool) -> Result<(), ContactError> {
        self.get_mut(key)?.early = early;
        Ok(())
    }

    /// Makes a contact a favourite, or no longer.
    ///
    /// # Errors
    /// [`ContactError::Unknown`].
    pub fn set_favorite(&mut self, key: PublicKey, favorite: bool) -> Result<(), ContactError> {
        self.get_mut(key)?.favorite = favorite;
        Ok(())
    }

    /// Writes something down about a contact.
    ///
    /// # Errors
    /// [`ContactError::Unknown`], [`ContactError::NoteTooLong`]; the book is unchanged.
    pub fn set_note(&mut self, key: PublicKey, note: &str) -> Result<(), ContactError> {
        let note = note.trim();
        if note.chars().count() > MAX_NOTE {
            return Err(ContactError::NoteTooLong);
        }
        note.clone_into(&mut self.get_mut(key)?.note);
        Ok(())
    }

    /// Chooses whether a contact may ask if this app is there.
    ///
    /// # Errors
    /// [`ContactError::Unknown`].
    pub fn set_presence(&mut self, key: PublicKey, shows: bool) -> Result<(), ContactError> {
        self.get_mut(key)?.shows_presence = shows;
        Ok(())
    }

    /// Chooses how calls with a contact may connect; None: as in the settings.
    ///
    /// # Errors
    /// [`ContactError::Unknown`].
    pub fn set_ice_policy(
        &mut self,
        key: PublicKey,
        policy: Option<IcePolicy>,
    ) -> Result<(), ContactError> {
        self.get_mut(key)?.ice_policy = policy;
        Ok(())
    }
}
