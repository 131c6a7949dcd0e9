//! The link: what becomes of the envelopes that people send.

use std::time::Duration;

use uuid::Uuid;

use super::random::Random;
use super::world::{Event, LATENCY, Who, World};
use crate::call::{Input, Known};
use crate::envelope::{Admission, EnvelopeError, Opened};
use crate::identity::PublicKey;
use crate::message::{Kind, Message};

/// From sending to knowing that it did not arrive.
const RETURNED_IN: Duration = Duration::from_secs(1);

/// A message on its way.
#[derive(Clone)]
pub(super) struct Letter {
    pub(super) from: Who,
    pub(super) to: Who,
    pub(super) call: Uuid,
    pub(super) kind: &'static str,
    payload: Payload,
    /// Not as its sender posted it: nobody may open it.
    meddled: bool,
}

#[derive(Clone)]
enum Payload {
    Sealed(Vec<u8>),
    /// What nobody can seal in this place: as if sealing stopped nobody from saying it.
    Forged(Message),
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
    /// Seals a message, as every app does with what its call machine says.
    pub(super) fn letter(&mut self, from: Who, to: PublicKey, message: &Message) -> Letter {
        let now_ms = self.unix_ms();
        let sealed = self.people[from].sessions.seal(now_ms, to, message);
        let payload = match sealed {
            Ok(envelope) => Payload::Sealed(envelope),
            // It answers something forged, which no session was for.
            Err(EnvelopeError::Misplaced) if self.liars => Payload::Forged(message.clone()),
            Err(error) => panic!("{message:?} can't be sealed: {error}"),
        };
        self.addressed(from, to, message, payload)
    }

    fn addressed(&self, from: Who, to: PublicKey, message: &Message, payload: Payload) -> Letter {
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
            meddled: false,
        }
    }

    /// What a malicious server does with letters that it has seen, and with those it holds.
    pub(super) fn meddle(&mut self, random: &mut Random) {
        let genuine: Vec<&Letter> = self.sent.iter().filter(|l| !l.meddled).collect();
        if genuine.is_empty() {
            return;
        }
        let mut letter = genuine[random.below(genuine.len())].clone();
        let other = genuine[random.below(genuine.len())].clone();
        let Payload::Sealed(envelope) = &mut letter.payload else {
            return;
        };
        match (random.below(4), other.payload) {
            // Replays it; once it may well be heard, where it was lost before.
            (0, _) => {}
            (1, _) => {
                let at = random.below(envelope.len());
                envelope[at] ^= 1 << random.below(8);
                letter.meddled = true;
            }
            (2, _) => {
                let addressee = letter.to;
                letter.to = random.below(self.people.len());
                letter.meddled = letter.to != addressee;
            }
            // Puts the head of one on the body of another, say the mark of an answer on something else.
            (_, Payload::Sealed(body)) => {
                let changed = [&envelope[..9], &body[9..]].concat();
                letter.meddled = changed != *envelope && changed != body;
                *envelope = changed;
            }
            (_, Payload::Forged(_)) => return,
        }
        self.post(letter);
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

    /// What an app does with an envelope: what it can't open, or from whom it hears nothing, it refuses.
    pub(super) fn arrive(&mut self, letter: &Letter) {
        let now_ms = self.unix_ms();
        let from = self.people[letter.from].key();
        let person = &mut self.people[letter.to];
        let opened = match &letter.payload {
            Payload::Sealed(envelope) => {
                let strangers = &person.strangers;
                person.sessions.open(now_ms, envelope, |from, _| {
                    match strangers.contains(&from) {
                        true => Admission::Refused,
                        false => Admission::Contact,
                    }
                })
            }
            Payload::Forged(message) => Ok(vec![Opened {
                from,
                message: message.clone(),
            }]),
        };
        assert!(!letter.meddled || opened.is_err(), "a meddled letter opens");
        person.seen.extend(person.sessions.take_seen());
        match opened {
            Ok(opened) => opened
                .into_iter()
                .for_each(|opened| self.hear(letter.to, opened)),
            Err(error) if error.is_delivered() => {}
            Err(_) => self.send_back(letter),
        }
    }

    fn hear(&mut self, who: Who, opened: Opened) {
        let Opened { from, message } = opened;
        let person = &self.people[who];
        let sender = self.people.iter().find(|p| p.key() == from);
        let known = sender.map(|sender| Known {
            name: sender.name.clone(),
            early: person.early,
        });
        let contact = known.filter(|_| !person.strangers.contains(&from));
        self.give(
            who,
            Input::Received {
                from,
                contact,
                message,
            },
        );
    }

    /// Sends a message past the sender's call machine, and where it could not be sealed past that as well.
    pub(super) fn forge(&mut self, from: Who, to: Who, message: &Message) {
        let (now_ms, key) = (self.unix_ms(), self.people[to].key());
        let sessions = &mut self.people[from].sessions;
        // Their own app still works, so its sessions stay as they are.
        let begins = matches!(message.kind, Kind::Invite { .. });
        let payload = match begins && sessions.has(key, message.call) {
            true => None,
            false => sessions.seal(now_ms, key, message).ok(),
        };
        let payload = payload.map_or_else(|| Payload::Forged(message.clone()), Payload::Sealed);
        let letter = self.addressed(from, key, message, payload);
        self.post(letter);
    }
}
