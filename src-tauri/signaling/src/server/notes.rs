//! Sealed notes for who is not there: a few for each, for a few days, in memory only.
//!
//! They are kept for keys that were registered here lately and for nobody else, and whoever leaves one can't tell: not
//! whether the key is known, nor whether somebody is registered at it, nor whether there was room.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
};

use tokio::time::Instant;

use crate::{
    limits::{MAX_KNOWN_KEYS, MAX_NOTES, MAX_NOTES_PER_KEY, MAX_NOTES_PER_SENDER, NOTES_KEPT},
    wire::{Key, Payload},
};

/// One note.
struct Note {
    number: u64,
    payload: Payload,
    /// Where it came from, as a number that says nothing.
    origin: u64,
    until: Instant,
}

/// All notes of one server.
#[derive(Default)]
pub(super) struct Notes {
    /// Who was registered here, and until when they are remembered.
    known: HashMap<Key, Instant>,
    kept: HashMap<Key, VecDeque<Note>>,
    /// How many are kept.
    count: usize,
    next: u64,
}

impl fmt::Debug for Notes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Notes({})", self.count)
    }
}

impl Notes {
    /// This key registered, or left.
    pub(super) fn know(&mut self, key: Key, now: Instant) {
        if self.known.len() >= MAX_KNOWN_KEYS && !self.known.contains_key(&key) {
            self.known.retain(|_, until| *until > now);
            if self.known.len() >= MAX_KNOWN_KEYS {
                return;
            }
        }
        self.known.insert(key, now + NOTES_KEPT);
    }

    /// Keeps a note, if it can be, under the number returned.
    pub(super) fn keep(
        &mut self,
        to: Key,
        payload: &Payload,
        origin: u64,
        now: Instant,
    ) -> Option<u64> {
        self.known.get(&to).filter(|until| **until > now)?;
        if self.count >= MAX_NOTES {
            self.sweep(now);
            if self.count >= MAX_NOTES {
                return None;
            }
        }
        let number = self.next;
        let notes = self.kept.entry(to).or_default();
        let before = notes.len();
        notes.retain(|note| note.until > now);
        // Who leaves many loses their own older ones first, and only then does anybody's oldest go.
        let theirs = notes.iter().filter(|note| note.origin == origin).count();
        let gone = if theirs >= MAX_NOTES_PER_SENDER {
            notes.iter().position(|note| note.origin == origin)
        } else {
            (notes.len() >= MAX_NOTES_PER_KEY).then_some(0)
        };
        if let Some(gone) = gone {
            notes.remove(gone);
        }
        notes.push_back(Note {
            number,
            payload: payload.clone(),
            origin,
            until: now + NOTES_KEPT,
        });
        self.count = self.count + notes.len() - before;
        self.next += 1;
        Some(number)
    }

    /// What is kept for a key, oldest first.
    pub(super) fn of(&self, key: &Key, now: Instant) -> Vec<(u64, Payload)> {
        let notes = self.kept.get(key).into_iter().flatten();
        notes
            .filter(|note| note.until > now)
            .map(|note| (note.number, note.payload.clone()))
            .collect()
    }

    /// The recipient has answered, whatever they said.
    pub(super) fn forget(&mut self, key: &Key, number: u64) {
        if let Some(notes) = self.kept.get_mut(key) {
            let before = notes.len();
            notes.retain(|note| note.number != number);
            self.count -= before - notes.len();
            if notes.is_empty() {
                self.kept.remove(key);
            }
        }
    }

    fn sweep(&mut self, now: Instant) {
        self.kept.retain(|_, notes| {
            notes.retain(|note| note.until > now);
            !notes.is_empty()
        });
        self.count = self.kept.values().map(VecDeque::len).sum();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn key(number: u8) -> Key {
        Key::from([number; 32])
    }

    fn note(text: u8) -> Payload {
        Payload::new(&[text]).unwrap()
    }

    fn kept(notes: &Notes, now: Instant) -> Vec<Payload> {
        notes
            .of(&key(1), now)
            .into_iter()
            .map(|(_, note)| note)
            .collect()
    }

    #[test]
    fn a_note_waits_for_bob_until_he_answered_or_some_days_went_by() {
        let (mut notes, now) = (Notes::default(), Instant::now());
        notes.know(key(1), now);
        let number = notes.keep(key(1), &note(7), 0, now).unwrap();
        assert_eq!(kept(&notes, now), [note(7)]);
        notes.forget(&key(1), number);
        assert!(kept(&notes, now).is_empty() && notes.count == 0);
        notes.keep(key(1), &note(8), 0, now);
        assert!(kept(&notes, now + NOTES_KEPT).is_empty());
        notes.sweep(now + NOTES_KEPT);
        assert_eq!(notes.count, 0);
    }

    #[test]
    fn nothing_is_kept_for_who_was_never_here_or_not_for_long() {
        let (mut notes, now) = (Notes::default(), Instant::now());
        assert_eq!(notes.keep(key(1), &note(7), 0, now), None);
        notes.know(key(1), now);
        assert_eq!(notes.keep(key(1), &note(7), 0, now + NOTES_KEPT), None);
    }

    #[test]
    fn who_leaves_many_notes_drives_out_their_own() {
        let (mut notes, now) = (Notes::default(), Instant::now());
        notes.know(key(1), now);
        notes.keep(key(1), &note(0), 1, now);
        for text in 1..=20 {
            notes.keep(
                key(1),
                &note(text),
                2,
                now + Duration::from_secs(text.into()),
            );
        }
        let left = kept(&notes, now);
        assert_eq!(left.len(), 1 + MAX_NOTES_PER_SENDER);
        assert_eq!(left.first(), Some(&note(0)), "Alice's is still there");
        for origin in 3..100 {
            notes.keep(key(1), &note(99), origin, now);
        }
        assert_eq!(kept(&notes, now).len(), MAX_NOTES_PER_KEY);
        assert_eq!(notes.count, MAX_NOTES_PER_KEY);
    }
}
