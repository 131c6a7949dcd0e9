//! Sealed notes for who is not there: a few for each, for a few days. This is what memory holds; where there is a directory
//! for them, [`state`](super::state) makes it hold the same.
//!
//! They are kept for keys that were registered here lately and for nobody else, and whoever leaves one can't tell: not
//! whether the key is known, nor whether somebody is registered at it, nor whether there was room.

use std::{
    collections::{HashMap, HashSet, VecDeque},
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
    /// Where it came from, as a number that says nothing; `None` of one that an earlier run of the server took.
    origin: Option<u64>,
    until: Instant,
}

/// A note with all that is to be remembered of it. `number` is good for this run of the server.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) number: u64,
    pub(super) to: Key,
    pub(super) payload: Payload,
    pub(super) until: Instant,
}

/// What is to be done so that another place holds the same notes.
#[derive(Debug, Default)]
pub(super) struct Difference {
    /// Numbers of notes that are kept no more.
    pub(super) gone: Vec<u64>,
    /// Notes that are not there yet.
    pub(super) fresh: Vec<Waiting>,
    /// How many more of these there are.
    pub(super) more: usize,
}

/// All notes of one server.
#[derive(Default)]
pub(super) struct Notes {
    /// Who was registered here, and until when they are remembered.
    known: HashMap<Key, Instant>,
    /// Somebody is among them since this was last asked for.
    newcomers: bool,
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
    /// This key registered, or is registered still, or left.
    pub(super) fn know(&mut self, key: Key, now: Instant) {
        self.know_until(key, now + NOTES_KEPT, now);
    }

    /// An earlier run of the server knew this key, until then.
    pub(super) fn know_until(&mut self, key: Key, until: Instant, now: Instant) {
        if let Some(known) = self.known.get_mut(&key) {
            self.newcomers |= *known <= now;
            *known = until.max(*known);
            return;
        }
        if self.known.len() >= MAX_KNOWN_KEYS {
            self.known.retain(|_, until| *until > now);
            if self.known.len() >= MAX_KNOWN_KEYS {
                return;
            }
        }
        self.known.insert(key, until);
        self.newcomers = true;
    }

    /// Who is known, and until when.
    pub(super) fn known(&self, now: Instant) -> Vec<(Key, Instant)> {
        let known = self.known.iter().filter(|(_, until)| **until > now);
        known.map(|(key, until)| (*key, *until)).collect()
    }

    /// Whether somebody became known since this was last asked.
    pub(super) fn take_newcomers(&mut self) -> bool {
        std::mem::take(&mut self.newcomers)
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
        self.add(to, payload.clone(), Some(origin), now + NOTES_KEPT, now)
    }

    /// Keeps a note of an earlier run of the server, if it can be, under the number returned.
    pub(super) fn restore(
        &mut self,
        to: Key,
        payload: Payload,
        until: Instant,
        now: Instant,
    ) -> Option<u64> {
        if until <= now {
            return None;
        }
        self.add(to, payload, None, until, now)
    }

    fn add(
        &mut self,
        to: Key,
        payload: Payload,
        origin: Option<u64>,
        until: Instant,
        now: Instant,
    ) -> Option<u64> {
        if self.count >= MAX_NOTES {
            self.sweep(now);
            if self.count >= MAX_NOTES {
                return None;
            }
        }
        let number = self.next;
        self.next += 1;
        let notes = self.kept.entry(to).or_default();
        let before = notes.len();
        notes.retain(|note| note.until > now);
        let place = notes.partition_point(|note| note.until <= until);
        let note = Note {
            number,
            payload,
            origin,
            until,
        };
        notes.insert(place, note);
        // Who leaves many loses their own older ones first, and only then does anybody's oldest go.
        let is_theirs = |note: &Note| origin.is_some() && note.origin == origin;
        let theirs = notes.iter().filter(|note| is_theirs(note)).count();
        let gone = if theirs > MAX_NOTES_PER_SENDER {
            notes.iter().position(is_theirs)
        } else {
            (notes.len() > MAX_NOTES_PER_KEY).then_some(0)
        };
        if let Some(gone) = gone {
            notes.remove(gone);
        }
        self.count = self.count + notes.len() - before;
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

    /// Forgets what is out of date.
    pub(super) fn sweep(&mut self, now: Instant) {
        self.known.retain(|_, until| *until > now);
        self.kept.retain(|_, notes| {
            notes.retain(|note| note.until > now);
            !notes.is_empty()
        });
        self.count = self.kept.values().map(VecDeque::len).sum();
    }

    /// How a place that holds the notes of these numbers differs, with at most `most` notes to be put there.
    pub(super) fn unlike(&self, there: &HashSet<u64>, most: usize) -> Difference {
        let mut gone = there.clone();
        let mut difference = Difference::default();
        for (to, notes) in &self.kept {
            for note in notes {
                if gone.remove(&note.number) {
                    continue;
                }
                if difference.fresh.len() >= most {
                    difference.more += 1;
                    continue;
                }
                difference.fresh.push(Waiting {
                    number: note.number,
                    to: *to,
                    payload: note.payload.clone(),
                    until: note.until,
                });
            }
        }
        difference.gone = gone.into_iter().collect();
        difference
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

    #[test]
    fn what_an_earlier_run_took_is_held_to_the_same_limits() {
        let (mut notes, now) = (Notes::default(), Instant::now());
        let ends = |text: u8| now + Duration::from_secs(text.into());
        assert_eq!(notes.restore(key(1), note(0), now, now), None, "expired");
        // In any order: the oldest goes, even if it came last.
        for text in (1..=20).rev() {
            notes.restore(key(1), note(text), ends(text), now);
        }
        let newest: Vec<Payload> = (5..=20).map(note).collect();
        assert_eq!(kept(&notes, now), newest);
        assert_eq!(kept(&notes, ends(19)), [note(20)]);
        notes.sweep(ends(19));
        assert_eq!(notes.count, 1);

        let mut notes = Notes::default();
        for number in 0..MAX_NOTES {
            let mut key = [0; 32];
            key[..8].copy_from_slice(&number.to_le_bytes());
            notes.restore(Key::from(key), note(1), ends(1), now);
        }
        assert_eq!(notes.restore(key(1), note(2), ends(2), now), None);
        assert!(notes.restore(key(1), note(2), ends(2), ends(1)).is_some());
    }

    #[test]
    fn who_was_known_is_known_for_the_rest_of_their_time() {
        let (mut notes, now) = (Notes::default(), Instant::now());
        let ends = now + Duration::from_secs(60);
        notes.know_until(key(1), ends, now);
        assert!(notes.take_newcomers() && !notes.take_newcomers());
        assert_eq!(notes.known(now), [(key(1), ends)]);
        assert_eq!(notes.keep(key(1), &note(7), 0, ends), None);
        notes.know(key(1), now);
        notes.know_until(key(1), ends, now);
        assert_eq!(notes.known(ends), [(key(1), now + NOTES_KEPT)]);
        assert!(!notes.take_newcomers(), "the same as before");
        notes.sweep(now + NOTES_KEPT);
        assert!(notes.known.is_empty());
    }

    #[test]
    fn another_place_learns_what_came_and_what_went() {
        let (mut notes, now) = (Notes::default(), Instant::now());
        notes.know(key(1), now);
        let numbers: Vec<u64> = (0..3)
            .filter_map(|text| notes.keep(key(1), &note(text), 0, now))
            .collect();
        let mut there: HashSet<u64> = [numbers[0], 99].into();
        let difference = notes.unlike(&there, 1);
        assert_eq!(difference.gone, [99]);
        assert_eq!((difference.fresh.len(), difference.more), (1, 1));
        assert_eq!(difference.fresh[0].payload, note(1));
        assert_eq!(difference.fresh[0].until, now + NOTES_KEPT);
        there.extend(numbers);
        notes.forget(&key(1), 1);
        let difference = notes.unlike(&there, 1);
        assert_eq!(difference.gone.len(), 2);
        assert!(difference.fresh.is_empty() && difference.more == 0);
    }
}
