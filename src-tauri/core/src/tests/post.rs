//! The link: what becomes of the envelopes that people send.

use std::time::Duration;

use uuid::Uuid;

use super::world::{Event, LATENCY, Who, World};
use crate::call::Input;
use crate::envelope;
use crate::identity::PublicKey;
use crate::message::Message;

/// From sending to knowing that it did not arrive.
const RETURNED_IN: Duration = Duration::from_secs(1);

/// A message on its way.
#[derive(Clone)]
pub(super) struct Letter {
    pub(super) from: Who,
    pub(super) to: Who,
    pub(super) call: Uuid,
    pub(super) kind: &'static str,
    payload: Vec<u8>,
}

/// What the link does with a letter.
pub(super) enum Fate {
    /// It arrives, once for each delay.
    Arrives(Vec<Duration>),
    /// It does not, and its sender is told.
    Returned,
    /// It does not, and nobody is told.
    Lost,
    /// It waits for [`World::release`].
    Held,
}

impl World {
    pub(super) fn letter(&self, from: Who, to: PublicKey, message: &Message) -> Letter {
        let identity = &self.people[from].identity;
        let payload = if self.sealed {
            envelope::seal(identity, to, message).unwrap()
        } else {
            serde_json::to_vec(message).unwrap()
        };
        let to = self
            .people
            .iter()
            .position(|person| person.key() == to)
            .unwrap();
        Letter {
            from,
            to,
            call: message.call,
            kind: message.kind.label(),
            payload,
        }
    }

    /// Puts a letter into the link.
    pub(super) fn post(&mut self, letter: Letter) {
        if letter.kind == "accept" {
            self.accepted.insert((letter.call, letter.from));
        }
        self.sent.push(letter.clone());
        match (self.fate)(&letter) {
            Fate::Arrives(delays) => {
                for delay in delays {
                    self.later(delay, Event::Letter(letter.clone()));
                }
            }
            Fate::Returned => self.send_back(&letter),
            Fate::Lost => {}
            Fate::Held => self.held.push(letter),
        }
    }

    /// Lets go of what was held, in this order.
    pub(super) fn release(&mut self, order: impl FnOnce(&mut Vec<Letter>)) {
        let mut held = std::mem::take(&mut self.held);
        order(&mut held);
        for letter in held {
            self.later(LATENCY, Event::Letter(letter));
        }
    }

    pub(super) fn send_back(&mut self, letter: &Letter) {
        let was_for = self.people[letter.to].key();
        self.later(
            RETURNED_IN,
            Event::Returned {
                to: letter.from,
                call: letter.call,
                was_for,
            },
        );
    }

    pub(super) fn arrive(&mut self, letter: &Letter) {
        let person = &self.people[letter.to];
        let (from, message) = if self.sealed {
            envelope::open(&person.identity, &letter.payload).unwrap()
        } else {
            let message = serde_json::from_slice(&letter.payload).unwrap();
            (self.people[letter.from].key(), message)
        };
        let name = self
            .people
            .iter()
            .find(|p| p.key() == from)
            .map(|p| p.name.clone());
        let name = name.filter(|_| !person.strangers.contains(&from));
        self.give(
            letter.to,
            Input::Received {
                from,
                name,
                message,
            },
        );
    }

    /// Sends a message past the sender's call machine.
    pub(super) fn forge(&mut self, from: Who, to: Who, message: &Message) {
        let letter = self.letter(from, self.people[to].key(), message);
        self.post(letter);
    }
}
