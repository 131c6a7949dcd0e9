//! Who can be called, among those who agreed to tell each other.
//!
//! Asking tells that one is there. So only those are asked, and answered, whom the person shows it or waits for, and
//! nobody while the person is invisible: then a question is refused, which looks like being offline. Each side has to
//! allow it.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use ringdown_core::contacts::Standing;
use ringdown_core::identity::PublicKey;
use ringdown_core::message::{Kind, Message, Presence};
use ringdown_core::requests::alone;
use uuid::Uuid;

use super::{Happened, Hub};
use crate::ipc::UiError;

/// How often everybody who may know is asked anew: an app that dies says nothing.
const ASK_EVERY: Duration = Duration::from_secs(5 * 60);
/// The same for those whom the person waits for.
const ASK_WANTED_EVERY: Duration = Duration::from_secs(60);

/// What is known of others, and what they were told.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Of those who ever said something in this run.
    states: HashMap<PublicKey, Presence>,
    /// Questions under way.
    asked: HashMap<Uuid, PublicKey>,
    /// Who was told that the person is there, and how.
    told: HashMap<PublicKey, Presence>,
    due: Option<Instant>,
}

impl Known {
    /// Whether they are there; None where they never said.
    pub(super) fn reachable(&self, key: PublicKey) -> Option<bool> {
        let state = self.states.get(&key)?;
        Some(*state != Presence::Gone)
    }

    /// When [`Hub::ask_around`] is due.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }
}

impl Hub {
    /// Asks everybody who may know, now and again every few minutes; and those whom the person waits for more often.
    pub(super) fn ask_around(&mut self) {
        let pause = match self.wanted.is_empty() {
            true => ASK_EVERY,
            false => ASK_WANTED_EVERY,
        };
        self.presence.due = Some(Instant::now() + pause);
        self.presence.asked.clear();
        for key in self.who_may_know() {
            self.say_presence(key, self.own_presence(), true);
        }
    }

    /// Something changed: tells those who may know how it is now, and those who may no longer, that the person is gone.
    pub(super) fn spread_presence(&mut self) {
        let now = self.own_presence();
        let may: HashSet<_> = self.who_may_know().into_iter().collect();
        let told: Vec<_> = self.presence.told.keys().copied().collect();
        for key in told.into_iter().filter(|key| !may.contains(key)) {
            self.say_presence(key, Presence::Gone, false);
            self.presence.told.remove(&key);
            self.presence.states.remove(&key);
        }
        for key in may {
            match self.presence.told.get(&key) {
                Some(told) if *told == now => {}
                Some(_) => self.say_presence(key, now, false),
                None => self.say_presence(key, now, true),
            }
        }
    }

    /// The app closes. Who is not there themselves is not told: that would only take time.
    pub(super) fn take_leave(&mut self) {
        for key in self.who_may_know() {
            if self.presence.reachable(key) == Some(true) {
                self.say_presence(key, Presence::Gone, false);
            }
        }
    }

    /// Tells the person once a contact can be called, or does not.
    ///
    /// # Errors
    /// When there is no such contact, or nothing could be written.
    pub fn set_ring_when_free(&mut self, key: PublicKey, on: bool) -> Result<(), UiError> {
        self.known_contact(key)?;
        let mut wanted = self.wanted.clone();
        if on {
            wanted.insert(key);
        } else {
            wanted.remove(&key);
        }
        self.store.set_setting("wanted", &wanted)?;
        self.wanted = wanted;
        if on {
            self.ask_around();
        } else {
            self.spread_presence();
        }
        self.show();
        Ok(())
    }

    /// The person waits for this contact no more.
    ///
    /// Says whether they did.
    pub(super) fn want_no_more(&mut self, key: PublicKey) -> bool {
        let wanted = self.wanted.remove(&key);
        if wanted && let Err(error) = self.store.set_setting("wanted", &self.wanted) {
            // At worst the person is told once more after a restart.
            tracing::warn!("whom the person waits for was not kept: {}", error.code());
        }
        wanted
    }

    /// Whether this contact may know that the app is there.
    pub(super) fn shows_presence_to(&self, key: PublicKey) -> bool {
        let contact = self.contacts.get(key);
        let agreed = contact.is_some_and(|contact| {
            let shown = contact.shows_presence || self.wanted.contains(&key);
            shown && !contact.blocked && contact.standing == Standing::Mutual
        });
        agreed && !self.settings.invisible
    }

    /// A contact who may know says how they are.
    pub(super) fn take_presence(&mut self, from: PublicKey, id: Uuid, state: Presence, ask: bool) {
        self.presence.asked.remove(&id);
        let before = self.presence.states.insert(from, state);
        if ask {
            self.answer_presence(from, id);
        }
        if state == Presence::Free && self.want_no_more(from) {
            self.tell(from, Happened::Free);
        }
        if before != Some(state) {
            self.show();
        }
    }

    /// A message did not arrive; where it was a question, they are not there, or do not say.
    pub(super) fn presence_undelivered(&mut self, id: Uuid) {
        let Some(key) = self.presence.asked.remove(&id) else {
            return;
        };
        let state = self.presence.states.get_mut(&key);
        if let Some(state) = state.filter(|state| **state != Presence::Gone) {
            *state = Presence::Gone;
            self.show();
        }
    }

    pub(super) fn who_may_know(&self) -> Vec<PublicKey> {
        if self.profile.is_none() {
            return Vec::new();
        }
        let keys = self.contacts.iter().map(|contact| contact.key);
        keys.filter(|key| self.shows_presence_to(*key)).collect()
    }

    fn own_presence(&self) -> Presence {
        let busy = self
            .profile
            .as_ref()
            .is_some_and(|profile| profile.calls.is_busy());
        if busy { Presence::Busy } else { Presence::Free }
    }

    fn answer_presence(&mut self, to: PublicKey, call: Uuid) {
        let state = self.own_presence();
        self.presence.told.insert(to, state);
        let kind = Kind::Presence { state, ask: false };
        self.send_once(to, &Message { call, seq: 0, kind });
    }

    fn say_presence(&mut self, to: PublicKey, state: Presence, ask: bool) {
        let message = alone(Kind::Presence { state, ask });
        if ask {
            self.presence.asked.insert(message.call, to);
        }
        self.presence.told.insert(to, state);
        self.send_once(to, &message);
    }
}
