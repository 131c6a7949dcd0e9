//! Sealed notes for who is not there: a few for each, for a few days. This is what memory holds; where there is a directory
//! for them, [`state`](super::state) makes it hold the same.
//!
//! They are kept for keys that are registered here or were lately, and for nobody else, and whoever leaves one can't tell: not
//! whether the key is known, nor whether somebody is registered at it, nor whether there was room. Where there is not room for
//! all, the oldest goes of the origin that holds most.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    fmt,
};

use tokio::time::Instant;

use super::{
    known::Known,
    shares::Origin,
    table::{Table, Thing},
};
use crate::{
    limits::{
        MAX_NOTES, MAX_NOTES_PER_KEY, MAX_NOTES_PER_ORIGIN, MAX_NOTES_PER_SENDER, NOTES_KEPT,
    },
    wire::{Key, Payload},
};

/// How much that is out of date is taken out each time a note comes.
const EXPIRED_AT_ONCE: usize = 4;

/// One note.
#[derive(Debug)]
struct Note {
    to: Key,
    payload: Payload,
}

/// A note with all that is to be remembered of it. `number` is good for this run of the server.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) number: u64,
    pub(super) to: Key,
    pub(super) payload: Payload,
    pub(super) until: Instant,
}

/// A note to be handed over.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) number: u64,
    pub(super) origin: Origin,
    pub(super) payload: Payload,
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
pub(super) struct Notes {
    /// Who was registered here lately.
    pub(super) known: Known,
    kept: Table<Note>,
    /// The numbers of the notes for each, oldest first.
    numbers: HashMap<Key, BTreeSet<(Instant, u64)>>,
}

impl Default for Notes {
    fn default() -> Self {
        Self {
            known: Known::default(),
            kept: Table::new(MAX_NOTES as u64),
            numbers: HashMap::new(),
        }
    }
}

impl fmt::Debug for Notes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Notes({})", self.kept.len())
    }
}

impl Notes {
    /// Keeps a note, if it can be, under the number returned. Whoever is registered now is known.
    pub(super) fn keep(
        &mut self,
        to: Key,
        is_here: bool,
        payload: &Payload,
        origin: Origin,
        now: Instant,
    ) -> Option<u64> {
        (is_here || self.known.was_here(&to, now))
            .then(|| self.add(to, payload.clone(), origin, now + NOTES_KEPT, now))
    }

    /// Keeps a note of an earlier run of the server, if it can be, under the number returned.
    pub(super) fn restore(
        &mut self,
        to: Key,
        payload: Payload,
        until: Instant,
        now: Instant,
    ) -> Option<u64> {
        (until > now).then(|| self.add(to, payload, Origin::Earlier, until, now))
    }

    fn add(
        &mut self,
        to: Key,
        payload: Payload,
        origin: Origin,
        until: Instant,
        now: Instant,
    ) -> u64 {
        self.expire(now, EXPIRED_AT_ONCE);
        let number = self.kept.insert(origin, 1, until, Note { to, payload });
        self.numbers.entry(to).or_default().insert((until, number));
        // Who leaves many loses their own older ones first, and only then does anybody's go.
        if let Some(gone) = self.one_too_many_of(&to, origin, now) {
            self.drop_note(gone);
        }
        // What was there before this run is not one sender's.
        if origin != Origin::Earlier
            && self.kept.held_by(origin) > MAX_NOTES_PER_ORIGIN as u64
            && let Some(gone) = self.kept.oldest_of(origin)
        {
            self.drop_note(gone);
        }
        while let Some((number, gone)) = self.kept.crowded_out(now) {
            self.unlist(number, &gone);
        }
        number
    }

    /// Which note for a key has to go, after one of this origin came.
    fn one_too_many_of(&self, to: &Key, origin: Origin, now: Instant) -> Option<u64> {
        let mut of: HashMap<Origin, (usize, u64)> = HashMap::new();
        let numbers = self.numbers.get(to)?;
        let (oldest_until, oldest) = numbers.first()?;
        // At most one more than may be kept, oldest first.
        for (_, number) in numbers {
            let origin = self.kept.get(*number)?.origin;
            of.entry(origin).or_insert((0, *number)).0 += 1;
        }
        let (theirs, their_oldest) = of.get(&origin)?;
        if origin != Origin::Earlier && *theirs > MAX_NOTES_PER_SENDER {
            return Some(*their_oldest);
        }
        if numbers.len() <= MAX_NOTES_PER_KEY {
            return None;
        }
        if *oldest_until <= now {
            return Some(*oldest);
        }
        let most = of.values().map(|(count, _)| *count).max()?;
        let heaviest = of.values().filter(|(count, _)| *count == most);
        heaviest
            .map(|(_, oldest)| *oldest)
            .min_by_key(|number| self.kept.get(*number).map(|note| (note.until, *number)))
    }

    fn drop_note(&mut self, number: u64) {
        if let Some(gone) = self.kept.remove(number) {
            self.unlist(number, &gone);
        }
    }

    fn unlist(&mut self, number: u64, gone: &Thing<Note>) {
        if let Some(numbers) = self.numbers.get_mut(&gone.value.to) {
            numbers.remove(&(gone.until, number));
            if numbers.is_empty() {
                self.numbers.remove(&gone.value.to);
            }
        }
    }

    /// What is kept for a key, oldest first.
    pub(super) fn of(&self, key: &Key, now: Instant) -> Vec<Left> {
        let numbers = self.numbers.get(key).into_iter().flatten();
        numbers
            .filter(|(until, _)| *until > now)
            .filter_map(|(_, number)| {
                let note = self.kept.get(*number)?;
                Some(Left {
                    number: *number,
                    origin: note.origin,
                    payload: note.value.payload.clone(),
                })
            })
            .collect()
    }

    /// The recipient has answered, whatever they said.
    pub(super) fn forget(&mut self, key: &Key, number: u64) {
        if self
            .kept
            .get(number)
            .is_some_and(|note| note.value.to == *key)
        {
            self.drop_note(number);
        }
    }

    /// Forgets at most so many notes that are out of date; gives how many.
    pub(super) fn expire(&mut self, now: Instant, most: usize) -> usize {
        for count in 0..most {
            let Some((number, gone)) = self.kept.expired(now) else {
                return count;
            };
            self.unlist(number, &gone);
        }
        most
    }

    /// How a place that holds the notes of these numbers differs, with at most `most` notes to be put there.
    pub(super) fn unlike(&self, there: &HashSet<u64>, most: usize) -> Difference {
        let mut gone = there.clone();
        let mut difference = Difference::default();
        for (number, note) in self.kept.iter() {
            if gone.remove(&number) {
                continue;
            }
            if difference.fresh.len() >= most {
                difference.more += 1;
                continue;
            }
            difference.fresh.push(Waiting {
                number,
                to: note.value.to,
                payload: note.value.payload.clone(),
                until: note.until,
            });
        }
        difference.gone = gone.into_iter().collect();
        difference
    }
}

#[cfg(test)]
mod tests;
