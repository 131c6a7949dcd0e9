//! Becoming each other's contact: requests that come in, requests that go out.
//!
//! 1. Whoever opens an invite has its maker as a contact and sends a `Request` that shows the invite's token;
//!    [`Outgoing`] says when to send it again.
//! 2. The maker's person is asked; see [`Incoming`]. Who shows no good token is not heard, exactly as if nobody were
//!    there.
//! 3. On "accept" the maker has a contact too and answers `Welcome`. From then on both are each other's.
//!
//! Neither belongs to a call: the call machine never sees these messages.

mod outgoing;
mod quota;
#[cfg(test)]
mod tests;

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use self::outgoing::Outgoing;

use crate::contacts::{ContactError, Contacts};
use crate::envelope::Admission;
use crate::identity::PublicKey;
use crate::invite::issued::{InviteKind, IssuedBook};
use crate::invite::{MAX_REACH, Reach, Token};
use crate::message::{Kind, Message};
use crate::name::{DisplayName, Look};

/// The most requests that wait for the person. Where there are as many, a further one takes the place of the newest of the
/// invite that most of them show, or is not heard; it comes again.
pub const MAX_PENDING: usize = 32;
/// The most of them that show one one-time invite: it was given to one person, so a second one shows that it got around, and
/// whoever else has it can't push out the one it was for.
pub const MAX_PENDING_ONE_TIME: usize = 3;
/// The most of them that show one permanent invite.
pub const MAX_PENDING_PERMANENT: usize = 8;
/// The most people turned away who are remembered.
pub const MAX_TURNED_AWAY: usize = 1024;

/// Why a request could not be accepted. The sentence says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// It was dealt with already.
    #[error("This request is no longer there. Ask your friend to send it again.")]
    Gone,
    /// The address book refused.
    #[error(transparent)]
    Contact(#[from] ContactError),
}

/// Somebody who would like to be a contact.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// Who.
    pub key: PublicKey,
    /// What they call themselves.
    pub name: DisplayName,
    /// Where they can be reached.
    pub reach: Vec<Reach>,
    /// From the invite they opened.
    pub token: Token,
    /// When they first asked, in milliseconds of Unix time.
    pub received_ms: u64,
    /// They have changed their name since. Once is a slip of the pen put right; more would have the person read another name each
    /// time they look.
    #[serde(default)]
    pub renamed: bool,
}

impl Pending {
    /// They ask once more.
    fn ask_again(&mut self, name: DisplayName, token: Token, reach: Vec<Reach>) -> Step {
        let renamed = self.name != name && !self.renamed;
        let moved = (self.token, &self.reach) != (token, &reach);
        if renamed {
            self.name = name;
            self.renamed = true;
        }
        (self.token, self.reach) = (token, reach);
        match (renamed, moved) {
            (true, _) => Step::Asked,
            (false, true) => Step::AskedFromElsewhere,
            (false, false) => Step::Nothing,
        }
    }
}

/// Who it is is personal.
impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pending({:?})", self.key)
    }
}

/// What is to be done after a `Request` or `Welcome`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A contact asked: the book has learned from it; answer with a [`welcome`].
    Welcome,
    /// The list of those who ask has changed: keep and show it.
    Asked,
    /// Somebody who asks can be reached elsewhere, or shows another invite. It need not be written, or they could have that done as
    /// often as they like: it is kept with the next change, and they say it again each time they ask.
    AskedFromElsewhere,
    /// A contact said yes, or where they are now: the book has learned from it.
    Met,
    /// Nothing.
    Nothing,
}

/// Requests that came in: those that wait for the person, and whom the person does not want to hear of again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incoming {
    pending: Vec<Pending>,
    turned_away: Vec<PublicKey>,
}

impl Incoming {
    /// Whether the sender of a first message is heard: every contact who is not blocked; and strangers with nothing but a
    /// request that shows a good token, unless they were turned away before. For [`crate::envelope::Sessions::open`].
    #[must_use]
    pub fn admission(
        &self,
        now_ms: u64,
        from: PublicKey,
        message: &Message,
        contacts: &Contacts,
        issued: &IssuedBook,
    ) -> Admission {
        match (contacts.get(from), &message.kind) {
            (Some(contact), _) if contact.blocked => Admission::Refused,
            (Some(_), _) => Admission::Contact,
            (None, Kind::Request { token, .. }) => {
                let shown = token.filter(|token| issued.admits(*token, now_ms));
                let room = shown.is_some_and(|token| self.has_room(now_ms, from, token, issued));
                match room && !self.turned_away.contains(&from) {
                    true => Admission::Guest,
                    false => Admission::Refused,
                }
            }
            (None, _) => Admission::Refused,
        }
    }

    /// Takes in a message that [`Incoming::admission`] let through. Messages of calls are none of its business.
    pub fn received(
        &mut self,
        now_ms: u64,
        from: PublicKey,
        message: Message,
        contacts: &mut Contacts,
        issued: &IssuedBook,
    ) -> Step {
        if self.admission(now_ms, from, &message, contacts, issued) == Admission::Refused {
            return Step::Nothing;
        }
        match message.kind {
            Kind::Request { name, token, reach } => {
                if contacts.meet(from, name.clone(), reach.clone()).is_ok() {
                    return Step::Welcome;
                }
                let Some(token) = token else {
                    return Step::Nothing;
                };
                let mut waiting = self.pending.iter_mut();
                if let Some(waiting) = waiting.find(|pending| pending.key == from) {
                    return waiting.ask_again(name, token, reach);
                }
                self.make_room(now_ms, from, token, issued);
                self.pending.push(Pending {
                    key: from,
                    name,
                    reach,
                    token,
                    received_ms: now_ms,
                    renamed: false,
                });
                self.pending.sort_by_key(|pending| pending.received_ms);
                Step::Asked
            }
            Kind::Welcome { name, reach } => match contacts.meet(from, name, reach) {
                Ok(()) => Step::Met,
                Err(_) => Step::Nothing,
            },
            Kind::Invite { .. }
            | Kind::Ringing { .. }
            | Kind::Accept { .. }
            | Kind::Here { .. }
            | Kind::Decline { .. }
            | Kind::Busy
            | Kind::Cancel
            | Kind::Signal { .. }
            | Kind::Alive
            | Kind::Note { .. }
            | Kind::Presence { .. }
            | Kind::HangUp { .. } => Step::Nothing,
        }
    }

    /// The person says yes: there is a new contact, under `name` or their own; a one-time invite is used up, and whoever else
    /// asked with it asks no more. Answer with a [`welcome`]. Gives back how many others asked so: then the invite got around, and
    /// the person is to make sure whom they said yes to.
    ///
    /// # Errors
    /// [`RequestError`]; nothing has changed then.
    pub fn accept(
        &mut self,
        key: PublicKey,
        name: Option<DisplayName>,
        contacts: &mut Contacts,
        issued: &mut IssuedBook,
    ) -> Result<usize, RequestError> {
        let asked = self.get(key).ok_or(RequestError::Gone)?;
        let (token, reach) = (asked.token, asked.reach.clone());
        contacts.add_asker(key, asked.name.clone(), reach, name)?;
        let rivals = self.rivals(key, issued);
        issued.use_up(token, key);
        self.pending.retain(|pending| {
            let rival = rivals > 0 && pending.token == token;
            pending.key != key && !rival
        });
        Ok(rivals)
    }

    /// The person does not answer: this key is not heard any more, and whoever else has the invite still is.
    pub fn ignore(&mut self, key: PublicKey) {
        self.pending.retain(|pending| pending.key != key);
        if !self.turned_away.contains(&key) {
            if self.turned_away.len() >= MAX_TURNED_AWAY {
                self.turned_away.remove(0);
            }
            self.turned_away.push(key);
        }
    }

    /// The person says no, and means everybody who has a one-time invite that this key showed: it is used up.
    pub fn block(&mut self, key: PublicKey, issued: &mut IssuedBook) {
        if let Some(asked) = self.get(key) {
            issued.use_up(asked.token, key);
        }
        self.ignore(key);
    }

    /// The person added somebody themselves: what they thought of them before no longer counts.
    pub fn forgive(&mut self, key: PublicKey) {
        self.pending.retain(|pending| pending.key != key);
        self.turned_away.retain(|turned_away| *turned_away != key);
    }

    /// The request of this key.
    #[must_use]
    pub fn get(&self, key: PublicKey) -> Option<&Pending> {
        self.pending.iter().find(|pending| pending.key == key)
    }

    /// How many others ask with the same one-time invite as this key.
    #[must_use]
    pub fn rivals(&self, key: PublicKey, issued: &IssuedBook) -> usize {
        let token = self.get(key).map(|asked| asked.token);
        match token.map(|token| (token, issued.kind_of(token))) {
            Some((token, Some(InviteKind::OneTime))) => self.others_with(key, token).count(),
            _ => 0,
        }
    }

    /// Who asks under a name that looks like that of somebody else who asks.
    #[must_use]
    pub fn namesakes(&self) -> Vec<PublicKey> {
        let looks: Vec<_> = self
            .pending
            .iter()
            .map(|asked| (asked.key, asked.name.look()))
            .collect();
        let alike = |(key, look): &&(PublicKey, Look)| {
            looks
                .iter()
                .any(|(other, seen)| other != key && seen.is_like(look))
        };
        looks.iter().filter(alike).map(|(key, _)| *key).collect()
    }

    /// Requests that wait for the person, oldest first.
    #[must_use]
    pub fn pending(&self) -> &[Pending] {
        &self.pending
    }
}

/// Asks a contact to have this person as a contact too.
#[must_use]
pub fn request(name: DisplayName, token: Option<Token>, mut reach: Vec<Reach>) -> Message {
    reach.truncate(MAX_REACH);
    alone(Kind::Request { name, token, reach })
}

/// Tells a contact that they are one.
#[must_use]
pub fn welcome(name: DisplayName, mut reach: Vec<Reach>) -> Message {
    reach.truncate(MAX_REACH);
    alone(Kind::Welcome { name, reach })
}

/// A message that belongs to no call.
#[must_use]
pub fn alone(kind: Kind) -> Message {
    Message {
        call: Uuid::new_v4(),
        seq: 0,
        kind,
    }
}
