//! The address book: *your* name (petname) for *that* key.

mod choices;
mod names;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use self::names::Names;
use crate::call::Known;
use crate::ice::IcePolicy;
use crate::identity::PublicKey;
use crate::invite::{Invite, MAX_REACH, Reach, Token};
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
    /// Another contact has a name that looks so.
    #[error(
        "This name looks like that of your contact “{0}”. Give this one a name that you can't mistake for it."
    )]
    NameAlike(DisplayName),
    /// There is no contact with this key.
    #[error("This person is no longer a contact. Add them again with their invite.")]
    Unknown,
    /// More than [`MAX_NOTE`].
    #[error("A note has room for 500 characters. Make it shorter.")]
    NoteTooLong,
}

/// The longest note about a contact, in characters.
pub const MAX_NOTE: usize = 500;

/// Whether the other side has this person as a contact too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// They were asked and have not said yes.
    Requested,
    /// They have.
    Mutual,
}

/// Somebody one knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Who they are. Never changes.
    pub key: PublicKey,
    /// What you call them.
    pub name: DisplayName,
    /// What they called themselves in their invite.
    pub own_name: DisplayName,
    /// Where to reach them, best first: as they say themselves, or their first invite did.
    pub reach: Vec<Reach>,
    /// Where else, as invites say that were opened since. Whoever knows their key can make one, so these come beside what they
    /// said, until they say something new.
    #[serde(default)]
    pub invited: Vec<Reach>,
    /// How calls with them may connect; None: as in the settings.
    pub ice_policy: Option<IcePolicy>,
    /// Whether they have this person as a contact.
    pub standing: Standing,
    /// The person compared the safety number with them.
    pub verified: bool,
    /// They are not heard, and can't tell that from being offline.
    pub blocked: bool,
    /// Connect with them while it still rings, if they agree: it is quicker, and shows them this machine's addresses.
    pub early: bool,
    /// From their invite, to be shown with the request while [`Standing::Requested`].
    pub token: Option<Token>,
    /// Among the first, and heard when others are not to disturb.
    #[serde(default)]
    pub favorite: bool,
    /// What the person wrote down about them.
    #[serde(default)]
    pub note: String,
    /// They may ask whether this app is there.
    #[serde(default)]
    pub shows_presence: bool,
}

impl Contact {
    fn new(key: PublicKey, name: DisplayName, own_name: DisplayName, standing: Standing) -> Self {
        Self {
            key,
            name,
            own_name,
            reach: Vec::new(),
            invited: Vec::new(),
            ice_policy: None,
            standing,
            verified: false,
            blocked: false,
            early: false,
            token: None,
            favorite: false,
            note: String::new(),
            shows_presence: false,
        }
    }

    /// Everywhere they may be reached, what they said themselves first.
    pub fn everywhere(&self) -> impl Iterator<Item = &Reach> {
        let invited = self.invited.iter();
        self.reach
            .iter()
            .chain(invited.filter(|reach| !self.reach.contains(reach)))
    }

    /// What the call machine has to know of a contact who is heard; None where they are blocked.
    #[must_use]
    pub fn known(&self) -> Option<Known> {
        (!self.blocked).then(|| Known {
            name: self.name.clone(),
            early: self.early,
        })
    }
}

/// What came of [`Contacts::add`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddOutcome {
    /// There is a new contact.
    Added,
    /// The key was there before, under this name; there may be more places now to reach them at.
    AlreadyKnown {
        /// Your name for them.
        name: DisplayName,
    },
}

/// Everyone one knows, by name. No two with one key, no two whose names can be mistaken for each other.
#[derive(Debug, Clone, Default)]
pub struct Contacts {
    people: Vec<Contact>,
    /// What the names look like.
    names: Names,
}

impl Contacts {
    /// The book as it was kept. An earlier Ringdown let in names that look alike: the contact who is less well known gets a number
    /// behind theirs.
    #[must_use]
    pub fn from_saved(mut people: Vec<Contact>) -> Self {
        names::tell_apart(&mut people);
        let mut book = Self {
            people,
            names: Names::default(),
        };
        book.order();
        book
    }

    /// Adds the maker of the invite under `name`, or under their own where none is given. They are still to be asked.
    ///
    /// # Errors
    /// [`ContactError::OwnInvite`], [`ContactError::NameTaken`], [`ContactError::NameAlike`]; the book is unchanged.
    pub fn add(
        &mut self,
        own: PublicKey,
        invite: Invite,
        name: Option<DisplayName>,
    ) -> Result<AddOutcome, ContactError> {
        if invite.key == own {
            return Err(ContactError::OwnInvite);
        }
        if let Some(known) = self
            .people
            .iter_mut()
            .find(|contact| contact.key == invite.key)
        {
            let before = known.invited.iter();
            let before = before.filter(|reach| !invite.reach.contains(reach));
            let invited = invite.reach.iter().chain(before);
            known.invited = invited.take(MAX_REACH).cloned().collect();
            if known.standing == Standing::Requested {
                // Nothing was heard of them yet but what invites say.
                known.own_name = invite.name;
                known.token = invite.token.or(known.token);
            }
            let name = known.name.clone();
            self.order();
            return Ok(AddOutcome::AlreadyKnown { name });
        }
        let name = name.unwrap_or_else(|| invite.name.clone());
        self.check_free(&name, invite.key)?;
        self.people.push(Contact {
            reach: invite.reach,
            token: invite.token,
            ..Contact::new(invite.key, name, invite.name, Standing::Requested)
        });
        self.order();
        Ok(AddOutcome::Added)
    }

    /// Adds somebody who asked, under `name`, or under their own where none is given.
    ///
    /// # Errors
    /// [`ContactError::NameTaken`], [`ContactError::NameAlike`]; the book is unchanged.
    pub(crate) fn add_asker(
        &mut self,
        key: PublicKey,
        own_name: DisplayName,
        reach: Vec<Reach>,
        name: Option<DisplayName>,
    ) -> Result<(), ContactError> {
        if self.get(key).is_none() {
            let name = name.unwrap_or_else(|| own_name.clone());
            self.check_free(&name, key)?;
            self.people
                .push(Contact::new(key, name, own_name.clone(), Standing::Mutual));
            self.order();
        }
        self.meet(key, own_name, reach)
    }

    /// A contact has this person as a contact too, and says what they are called and where they can be reached.
    ///
    /// # Errors
    /// [`ContactError::Unknown`].
    pub(crate) fn meet(
        &mut self,
        key: PublicKey,
        own_name: DisplayName,
        reach: Vec<Reach>,
    ) -> Result<(), ContactError> {
        let contact = self.get_mut(key)?;
        contact.standing = Standing::Mutual;
        contact.token = None;
        let renamed = std::mem::replace(&mut contact.own_name, own_name.clone()) != own_name;
        if !reach.is_empty() {
            self.set_reach(key, reach)?;
        }
        if renamed {
            self.order();
        }
        Ok(())
    }

    /// Calls a contact something else.
    ///
    /// # Errors
    /// [`ContactError::Unknown`], [`ContactError::NameTaken`], [`ContactError::NameAlike`]; the book is unchanged.
    pub fn rename(&mut self, key: PublicKey, name: DisplayName) -> Result<(), ContactError> {
        self.get_mut(key)?;
        self.check_free(&name, key)?;
        self.get_mut(key)?.name = name;
        self.order();
        Ok(())
    }

    /// Learns from a contact where they can be reached now; the first [`MAX_REACH`] addresses are kept, and nothing that only an
    /// invite said.
    ///
    /// # Errors
    /// [`ContactError::Unknown`].
    pub fn set_reach(&mut self, key: PublicKey, mut reach: Vec<Reach>) -> Result<(), ContactError> {
        reach.truncate(MAX_REACH);
        let contact = self.get_mut(key)?;
        contact.reach = reach;
        contact.invited.clear();
        Ok(())
    }

    /// Takes a caller's hint at where they can be reached now: meeting points that have a name take the place of those
    /// known before, and a new port is tried at the addresses known already.
    ///
    /// # Errors
    /// [`ContactError::Unknown`].
    pub fn hint(
        &mut self,
        key: PublicKey,
        servers: &[Reach],
        port: Option<u16>,
    ) -> Result<(), ContactError> {
        let known = &self.get_mut(key)?.reach;
        let stays = |reach: &&Reach| servers.is_empty() || !reach.is_named();
        let moved = known
            .iter()
            .filter_map(|reach| port.and_then(|port| reach.with_port(port)));
        let mut reach: Vec<Reach> = Vec::new();
        for reachable in servers
            .iter()
            .cloned()
            .chain(moved)
            .chain(known.iter().filter(stays).cloned())
        {
            if !reach.contains(&reachable) {
                reach.push(reachable);
            }
        }
        reach.truncate(MAX_REACH);
        self.get_mut(key)?.reach = reach;
        Ok(())
    }

    /// Forgets a contact and gives back what was known.
    ///
    /// # Errors
    /// [`ContactError::Unknown`].
    pub fn remove(&mut self, key: PublicKey) -> Result<Contact, ContactError> {
        let place = self.people.iter().position(|contact| contact.key == key);
        let removed = place.map(|place| self.people.remove(place));
        self.order();
        removed.ok_or(ContactError::Unknown)
    }

    /// The contact with this key.
    #[must_use]
    pub fn get(&self, key: PublicKey) -> Option<&Contact> {
        self.people.iter().find(|contact| contact.key == key)
    }

    /// The contact called this, whatever the case.
    #[must_use]
    pub fn find(&self, name: &DisplayName) -> Option<&Contact> {
        let folded = name.folded();
        self.people
            .iter()
            .find(|contact| contact.name.folded() == folded)
    }

    /// What the call machine has to know of whoever sent a message; None for strangers and for blocked contacts.
    #[must_use]
    pub fn known(&self, key: PublicKey) -> Option<Known> {
        self.get(key).and_then(Contact::known)
    }

    /// The contact who has a name that looks like the one somebody else calls themselves: a new key is a new person, and the
    /// window warns that this one is not the old one.
    #[must_use]
    pub fn namesake(&self, key: PublicKey, name: &DisplayName) -> Option<&Contact> {
        self.get(self.names.namesake(key, &name.look())?)
    }

    /// The contact for whom this one can be mistaken by what they call themselves, whatever they are called here.
    #[must_use]
    pub fn poses_as(&self, key: PublicKey) -> Option<&Contact> {
        self.get(self.names.posed_as(key)?)
    }

    /// Everyone, by name.
    pub fn iter(&self) -> std::slice::Iter<'_, Contact> {
        self.people.iter()
    }

    fn get_mut(&mut self, key: PublicKey) -> Result<&mut Contact, ContactError> {
        self.people
            .iter_mut()
            .find(|contact| contact.key == key)
            .ok_or(ContactError::Unknown)
    }

    fn check_free(&self, name: &DisplayName, but_for: PublicKey) -> Result<(), ContactError> {
        let alike = self.names.called(but_for, &name.look());
        let Some(taken) = alike.and_then(|key| self.get(key)) else {
            return Ok(());
        };
        Err(match taken.name.folded() == name.folded() {
            true => ContactError::NameTaken(taken.name.clone()),
            false => ContactError::NameAlike(taken.name.clone()),
        })
    }

    /// To be called after names have changed.
    fn order(&mut self) {
        self.people
            .sort_by_cached_key(|contact| contact.name.folded());
        self.names = Names::of(&self.people);
    }
}

impl<'a> IntoIterator for &'a Contacts {
    type Item = &'a Contact;
    type IntoIter = std::slice::Iter<'a, Contact>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
