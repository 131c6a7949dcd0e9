//! What the desktop shows, worked out from one snapshot after the other. No I/O: snapshots in, [`Deed`]s out.

mod asking;
#[cfg(test)]
mod tests;

use ringdown_core::call::{Direction, EndReason, Phase};
use ringdown_core::contacts::Standing;
use ringdown_core::identity::PublicKey;
use uuid::Uuid;

use self::asking::Asking;
pub use self::asking::{Asked, Who};
use super::tray::{TrayState, quiet};
use crate::hub::{Happened, News};
use crate::ipc::{ContactView, Quiet, Snapshot};

/// Somebody calls.
#[derive(Clone, PartialEq, Eq)]
pub struct Ringing {
    /// The call.
    pub call: Uuid,
    /// Who.
    pub contact: PublicKey,
    /// What the person calls them.
    pub name: String,
    /// They want to show a picture.
    pub video: bool,
    /// The safety numbers were compared.
    pub verified: bool,
    /// They wait, since the person is in a call with somebody of this name.
    pub during: Option<String>,
}

/// Calls of one person that rang in vain.
#[derive(Clone, PartialEq, Eq)]
pub struct Missed {
    /// Whose.
    pub contact: PublicKey,
    /// What the person calls them.
    pub name: String,
    /// How many, since somebody last looked.
    pub count: u32,
}

/// What is to be done on the desktop, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// Show that somebody calls.
    Ring(Ringing),
    /// Take that off the screen at once.
    RingOver(Uuid),
    /// Show that calls were missed.
    Missed(Missed),
    /// Show that somebody is to be called.
    Tell(News),
    /// Take what was shown about this person off the screen: it was seen.
    Seen(PublicKey),
    /// Show who asks to become a contact, in place of what was shown of that.
    Asked(Asked),
    /// Take that off the screen: it was seen, answered, or nobody asks any more.
    AskedOver,
    /// Show how things are.
    Tray(TrayState),
}

/// What is shown.
#[derive(Debug, Default)]
pub struct Scene {
    /// The person has the window before them, and what it tells nothing else has to.
    looked_at: bool,
    ringing: Option<Ringing>,
    asking: Asking,
    missed: Vec<Missed>,
    told: Vec<PublicKey>,
    tray: TrayState,
}

impl Scene {
    /// The call that rings.
    #[must_use]
    pub fn ringing(&self) -> Option<&Ringing> {
        self.ringing.as_ref()
    }

    /// The key of the one who has waited longest of those who ask, as far as the person was told and has not looked.
    #[must_use]
    pub fn asking(&self) -> Option<&str> {
        self.asking.first()
    }

    /// The hub's state has changed.
    #[must_use]
    pub fn handle_snapshot(&mut self, now: &Snapshot) -> Vec<Deed> {
        let mut deeds = Vec::new();
        let ringing = ringing(now).or_else(|| waiting(now));
        if ringing != self.ringing {
            let before = std::mem::replace(&mut self.ringing, ringing.clone());
            if let Some(before) = before {
                deeds.push(Deed::RingOver(before.call));
                deeds.extend(self.missed(&before, now));
            }
            let told = ringing.filter(|_| !self.looked_at);
            deeds.extend(told.map(Deed::Ring));
        }
        deeds.extend(self.asking.handle_snapshot(now, self.looked_at));
        deeds.extend(self.tray(now));
        deeds
    }

    /// Something happened that rang nowhere.
    #[must_use]
    pub fn handle_news(&mut self, news: &News) -> Option<Deed> {
        if self.looked_at {
            return None;
        }
        let (contact, name) = (news.contact, news.name.to_string());
        Some(match news.what {
            Happened::Missed => Deed::Missed(self.count(contact, name)),
            Happened::CallBackDue | Happened::Free => {
                if !self.told.contains(&contact) {
                    self.told.push(contact);
                }
                Deed::Tell(news.clone())
            }
        })
    }

    /// The window has the person's attention, or has it no more. Once they look, what was missed is seen.
    #[must_use]
    pub fn handle_focus(&mut self, focused: bool) -> Vec<Deed> {
        self.looked_at = focused;
        if !focused {
            return Vec::new();
        }
        let missed = std::mem::take(&mut self.missed);
        let told = std::mem::take(&mut self.told);
        let missed = missed.iter().map(|missed| missed.contact);
        let seen = missed.chain(told).map(Deed::Seen);
        seen.chain(self.asking.handle_look()).collect()
    }

    fn missed(&mut self, before: &Ringing, now: &Snapshot) -> Option<Deed> {
        let call = now.call.as_ref().filter(|call| call.id == before.call);
        let missed = match call {
            Some(call) => call.reason.is_some_and(in_vain),
            // The window draws no end of a call that waited; the history counts it.
            None => before.during.is_some() && now.missed > self.tray.missed,
        };
        missed.then(|| Deed::Missed(self.count(before.contact, before.name.clone())))
    }

    fn count(&mut self, contact: PublicKey, name: String) -> Missed {
        let at = self
            .missed
            .iter()
            .position(|missed| missed.contact == contact);
        let mut missed = match at {
            Some(at) => self.missed.remove(at),
            None => Missed {
                contact,
                name: String::new(),
                count: 0,
            },
        };
        missed.name = name;
        missed.count = missed.count.saturating_add(1);
        self.missed.push(missed.clone());
        missed
    }

    fn tray(&mut self, now: &Snapshot) -> Option<Deed> {
        let tray = TrayState {
            online: now.line.online,
            quiet_until: match now.quiet {
                Quiet::Off => None,
                Quiet::Until { until_ms } => Some(quiet::clock(until_ms)),
                Quiet::On => Some(String::new()),
            },
            missed: now.missed,
            favourites: now.contacts.iter().filter_map(favourite).collect(),
        };
        (tray != self.tray).then(|| {
            self.tray = tray.clone();
            Deed::Tray(tray)
        })
    }
}

fn ringing(now: &Snapshot) -> Option<Ringing> {
    let call = now.call.as_ref()?;
    let rings = call.direction == Direction::Incoming
        && matches!(call.phase, Phase::Inviting | Phase::Ringing);
    (rings && !now.silent).then(|| Ringing {
        call: call.id,
        contact: call.contact,
        name: call.name.to_string(),
        video: call.peer_video,
        verified: verified(now, &call.contact.to_string()),
        during: None,
    })
}

/// Whoever calls during a call. While the person is not to be disturbed the hub does not tell of them.
fn waiting(now: &Snapshot) -> Option<Ringing> {
    let (call, waiting) = (now.call.as_ref()?, now.waiting.as_ref()?);
    Some(Ringing {
        call: waiting.id,
        contact: waiting.contact.parse().ok()?,
        name: waiting.name.clone(),
        video: waiting.video,
        verified: verified(now, &waiting.contact),
        during: Some(call.name.to_string()),
    })
}

fn verified(now: &Snapshot, key: &str) -> bool {
    let mut contacts = now.contacts.iter();
    contacts.any(|contact| contact.key == key && contact.verified)
}

/// Whether a call that ended so was missed: neither answered nor refused.
fn in_vain(reason: EndReason) -> bool {
    match reason {
        EndReason::Missed | EndReason::Cancelled | EndReason::Unreachable | EndReason::Busy => true,
        EndReason::Declined
        | EndReason::NoAnswer
        | EndReason::EndedByMe
        | EndReason::EndedByPeer
        | EndReason::Lost
        | EndReason::NotConnected
        | EndReason::Untrusted => false,
    }
}

fn favourite(contact: &ContactView) -> Option<(PublicKey, String)> {
    let can_be_called =
        contact.favorite && contact.standing == Standing::Mutual && !contact.blocked;
    let key = contact.key.parse().ok().filter(|_| can_be_called)?;
    Some((key, contact.name.clone()))
}

/// Names stay out of logs.
impl std::fmt::Debug for Ringing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ringing {{ video: {} }}", self.video)
    }
}

impl std::fmt::Debug for Missed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Missed {{ count: {} }}", self.count)
    }
}
