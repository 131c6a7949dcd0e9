//! When a request goes out, and when again: until the other side has said yes.

use std::collections::HashMap;

use crate::contacts::{Contact, Contacts, Standing};
use crate::identity::PublicKey;

/// From one try to the next, in milliseconds: 5 s, then twice as long each time.
const FIRST_PAUSE_MS: u64 = 5_000;
/// The longest pause, in milliseconds: 10 minutes.
const MAX_PAUSE_MS: u64 = 600_000;
/// The shortest pause after something gave hope, in milliseconds.
const HOPE_PAUSE_MS: u64 = 1_000;

/// Requests to contacts who were asked and have not said yes. Nothing of it needs to be kept: after a start all are due.
#[derive(Debug, Clone, Default)]
pub struct Outgoing(HashMap<PublicKey, Tried>);

#[derive(Debug, Clone, Copy)]
struct Tried {
    times: u32,
    last_ms: u64,
    due_ms: u64,
}

impl Outgoing {
    /// Who is to be asked at `now_ms` (any clock, in milliseconds). Each counts as asked now.
    pub fn take_due(&mut self, now_ms: u64, contacts: &Contacts) -> Vec<PublicKey> {
        self.0
            .retain(|key, _| contacts.get(*key).is_some_and(to_be_asked));
        let open = contacts.iter().filter(|contact| to_be_asked(contact));
        let due: Vec<PublicKey> = open
            .map(|contact| contact.key)
            .filter(|key| self.due_ms(*key) <= now_ms)
            .collect();
        for key in &due {
            let times = self.0.get(key).map_or(0, |tried| tried.times);
            let pause = FIRST_PAUSE_MS.saturating_mul(1 << times.min(16));
            let tried = Tried {
                times: times.saturating_add(1),
                last_ms: now_ms,
                due_ms: now_ms.saturating_add(pause.min(MAX_PAUSE_MS)),
            };
            self.0.insert(*key, tried);
        }
        due
    }

    /// When [`Outgoing::take_due`] has something next; None where nobody is to be asked.
    #[must_use]
    pub fn poll_timeout(&self, contacts: &Contacts) -> Option<u64> {
        let open = contacts.iter().filter(|contact| to_be_asked(contact));
        open.map(|contact| self.due_ms(contact.key)).min()
    }

    /// Something gives hope that this contact can be reached now: they were found on this network, or called.
    pub fn hurry(&mut self, key: PublicKey) {
        if let Some(tried) = self.0.get_mut(&key) {
            tried.due_ms = tried
                .due_ms
                .min(tried.last_ms.saturating_add(HOPE_PAUSE_MS));
        }
    }

    /// The same for everybody: this app is online again.
    pub fn hurry_all(&mut self) {
        for key in self.0.keys().copied().collect::<Vec<_>>() {
            self.hurry(key);
        }
    }

    fn due_ms(&self, key: PublicKey) -> u64 {
        self.0.get(&key).map_or(0, |tried| tried.due_ms)
    }
}

fn to_be_asked(contact: &Contact) -> bool {
    contact.standing == Standing::Requested && !contact.blocked
}
