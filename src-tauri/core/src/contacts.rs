//! The address book: *your* name (petname) for *that* key.

use crate::ice::IcePolicy;
use crate::identity::PublicKey;
use crate::invite::{Invite, MAX_REACH, Reach};
use crate::name::DisplayName;

/// Why the book was not changed. The sentence says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContactError {
    /// The invite is one's own.
    #[error("This is your own invite. Send it to your friend, and paste the one they send you.")]
    OwnInvite,
    /// Another contact has this name.
    #[error("You already have a contact called “{0}”. Give this one another name.")]
    NameTaken(DisplayName),
    /// There is no contact with this key.
    #[error("This person is no longer a contact. Add them again with their invite.")]
    Unknown,
}

/// Somebody one knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// Who they are. Never changes.
    pub key: PublicKey,
    /// What you call them.
    pub name: DisplayName,
    /// What they called themselves in their invite.
    pub own_name: DisplayName,
    /// Where to reach them, best first.
    pub reach: Vec<Reach>,
    /// How calls with them may connect; None: as in the settings.
    pub ice_policy: Option<IcePolicy>,
}

/// What came of [`Contacts::add`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddOutcome {
    /// There is a new contact.
    Added,
    /// The key was there before, under this name; only where to reach them was updated.
    AlreadyKnown {
        /// Your name for them.
        name: DisplayName,
    },
}

/// Everyone one knows, by name. No two with one key, no two with one name (whatever its case).
#[derive(Debug, Clone, Default)]
pub struct Contacts(Vec<Contact>);

impl Contacts {
    /// The book as it was kept.
    #[must_use]
    pub fn from_saved(contacts: Vec<Contact>) -> Self {
        let mut book = Self(contacts);
        book.sort();
        book
    }

    /// Adds the maker of the invite under `name`, or under their own where none is given.
    ///
    /// # Errors
    /// [`ContactError::OwnInvite`], [`ContactError::NameTaken`]; the book is unchanged.
    pub fn add(
        &mut self,
        own: PublicKey,
        invite: Invite,
        name: Option<DisplayName>,
    ) -> Result<AddOutcome, ContactError> {
        if invite.key == own {
            return Err(ContactError::OwnInvite);
        }
        if let Some(known) = self.0.iter_mut().find(|contact| contact.key == invite.key) {
            known.own_name = invite.name;
            if !invite.reach.is_empty() {
                known.reach = invite.reach;
            }
            return Ok(AddOutcome::AlreadyKnown {
                name: known.name.clone(),
            });
        }
        let name = name.unwrap_or_else(|| invite.name.clone());
        self.check_free(&name, invite.key)?;
        self.0.push(Contact {
            key: invite.key,
            name,
            own_name: invite.name,
            reach: invite.reach,
            ice_policy: None,
        });
        self.sort();
        Ok(AddOutcome::Added)
    }

    /// Calls a contact something else.
    ///
    /// # Errors
    /// [`ContactError::Unknown`], [`ContactError::NameTaken`]; the book is unchanged.
    pub fn rename(&mut self, key: PublicKey, name: DisplayName) -> Result<(), ContactError> {
        self.get_mut(key)?;
        self.check_free(&name, key)?;
        self.get_mut(key)?.name = name;
        self.sort();
        Ok(())
    }

    /// Learns where a contact can be reached now; the first [`MAX_REACH`] addresses are kept.
    ///
    /// # Errors
    /// [`ContactError::Unknown`].
    pub fn set_reach(&mut self, key: PublicKey, mut reach: Vec<Reach>) -> Result<(), ContactError> {
        reach.truncate(MAX_REACH);
        self.get_mut(key)?.reach = reach;
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

    /// Forgets a contact and gives back what was known.
    ///
    /// # Errors
    /// [`ContactError::Unknown`].
    pub fn remove(&mut self, key: PublicKey) -> Result<Contact, ContactError> {
        let place = self.0.iter().position(|contact| contact.key == key);
        place
            .map(|place| self.0.remove(place))
            .ok_or(ContactError::Unknown)
    }

    /// The contact with this key.
    #[must_use]
    pub fn get(&self, key: PublicKey) -> Option<&Contact> {
        self.0.iter().find(|contact| contact.key == key)
    }

    /// The contact called this, whatever the case.
    #[must_use]
    pub fn find(&self, name: &DisplayName) -> Option<&Contact> {
        let folded = name.folded();
        self.0
            .iter()
            .find(|contact| contact.name.folded() == folded)
    }

    /// Everyone, by name.
    pub fn iter(&self) -> std::slice::Iter<'_, Contact> {
        self.0.iter()
    }

    fn get_mut(&mut self, key: PublicKey) -> Result<&mut Contact, ContactError> {
        self.0
            .iter_mut()
            .find(|contact| contact.key == key)
            .ok_or(ContactError::Unknown)
    }

    fn check_free(&self, name: &DisplayName, but_for: PublicKey) -> Result<(), ContactError> {
        match self.find(name) {
            Some(taken) if taken.key != but_for => Err(ContactError::NameTaken(taken.name.clone())),
            _ => Ok(()),
        }
    }

    fn sort(&mut self) {
        self.0.sort_by_cached_key(|contact| contact.name.folded());
    }
}

impl<'a> IntoIterator for &'a Contacts {
    type Item = &'a Contact;
    type IntoIter = std::slice::Iter<'a, Contact>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Identity;

    fn name(text: &str) -> DisplayName {
        DisplayName::parse(text).unwrap()
    }

    fn invite(seed: u8, own_name: &str, address: &str) -> Invite {
        Invite {
            key: Identity::from_seed([seed; 32]).public(),
            name: name(own_name),
            reach: vec![Reach::parse(address).unwrap()],
        }
    }

    fn alice() -> PublicKey {
        Identity::from_seed([1; 32]).public()
    }

    fn bob() -> Invite {
        invite(2, "Bob", "ws://192.0.2.2:1")
    }

    fn names(book: &Contacts) -> Vec<&str> {
        book.iter().map(|contact| contact.name.as_str()).collect()
    }

    #[test]
    fn alice_adds_bob_under_his_name_or_hers_for_him() {
        let mut book = Contacts::default();
        assert_eq!(book.add(alice(), bob(), None), Ok(AddOutcome::Added));
        let carol = invite(3, "Carol", "ws://192.0.2.3:1");
        let key = carol.key;
        book.add(alice(), carol, Some(name("aunt Carol"))).unwrap();
        assert_eq!(names(&book), ["aunt Carol", "Bob"]);
        assert_eq!(book.get(key).unwrap().own_name, name("Carol"));
        assert_eq!(book.find(&name("AUNT CAROL")).unwrap().key, key);
        assert_eq!(book.find(&name("Carol")), None);
    }

    #[test]
    fn alices_own_invite_makes_no_contact() {
        let mut book = Contacts::default();
        let own = invite(1, "Alice", "ws://192.0.2.1:1");
        assert_eq!(book.add(alice(), own, None), Err(ContactError::OwnInvite));
        assert_eq!(book.iter().count(), 0);
    }

    #[test]
    fn bobs_newer_invite_updates_where_he_is_and_keeps_her_name_for_him() {
        let mut book = Contacts::default();
        book.add(alice(), bob(), Some(name("Bobby"))).unwrap();
        let moved = invite(2, "Robert", "ws://192.0.2.99:1");
        let outcome = book.add(alice(), moved.clone(), Some(name("Someone")));
        assert_eq!(
            outcome,
            Ok(AddOutcome::AlreadyKnown {
                name: name("Bobby")
            })
        );
        let known = book.get(bob().key).unwrap();
        assert_eq!(
            (&known.name, &known.own_name, &known.reach),
            (&name("Bobby"), &name("Robert"), &moved.reach)
        );
        let nowhere = Invite {
            reach: Vec::new(),
            ..bob()
        };
        book.add(alice(), nowhere, None).unwrap();
        assert_eq!(book.get(bob().key).unwrap().reach, moved.reach);
    }

    #[test]
    fn two_bobs_need_two_names() {
        let mut book = Contacts::default();
        book.add(alice(), bob(), None).unwrap();
        let other = invite(3, "BOB", "ws://192.0.2.3:1");
        let key = other.key;
        let refused = book.add(alice(), other.clone(), None).unwrap_err();
        assert_eq!(refused, ContactError::NameTaken(name("Bob")));
        assert!(refused.to_string().contains("another name"));
        book.add(alice(), other, Some(name("Bob from work")))
            .unwrap();
        assert_eq!(
            book.rename(key, name("bob")),
            Err(ContactError::NameTaken(name("Bob")))
        );
        assert_eq!(book.rename(bob().key, name("BOB")), Ok(()));
        assert_eq!(names(&book), ["BOB", "Bob from work"]);
    }

    #[test]
    fn who_is_removed_is_unknown_and_the_name_is_free() {
        let mut book = Contacts::default();
        book.add(alice(), bob(), None).unwrap();
        let key = bob().key;
        book.set_ice_policy(key, Some(IcePolicy::RelayOnly))
            .unwrap();
        book.set_reach(key, vec![Reach::parse("ws://a").unwrap(); 20])
            .unwrap();
        let removed = book.remove(key).unwrap();
        assert_eq!(
            (removed.ice_policy, removed.reach.len()),
            (Some(IcePolicy::RelayOnly), MAX_REACH)
        );
        assert_eq!(book.remove(key), Err(ContactError::Unknown));
        assert_eq!(book.rename(key, name("B")), Err(ContactError::Unknown));
        assert_eq!(book.set_reach(key, Vec::new()), Err(ContactError::Unknown));
        assert_eq!(book.set_ice_policy(key, None), Err(ContactError::Unknown));
        assert_eq!(book.get(key), None);
        book.add(alice(), invite(3, "Bob", "ws://a"), None).unwrap();
    }

    #[test]
    fn a_saved_book_is_sorted_by_name() {
        let mut book = Contacts::default();
        for (seed, own_name) in [(2, "zoe"), (3, "Bob"), (4, "alan")] {
            book.add(alice(), invite(seed, own_name, "ws://a"), None)
                .unwrap();
        }
        let saved: Vec<Contact> = book.iter().rev().cloned().collect();
        assert_eq!(names(&Contacts::from_saved(saved)), ["alan", "Bob", "zoe"]);
    }

    #[test]
    fn debug_shows_no_names_and_no_addresses() {
        let mut book = Contacts::default();
        book.add(alice(), bob(), None).unwrap();
        let shown = format!("{book:?}");
        assert!(!shown.contains("Bob") && !shown.contains("192"), "{shown}");
    }
}
