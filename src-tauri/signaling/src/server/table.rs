//! Things that are kept for a time, up to a weight in all, with fair shares for where they came from.
//!
//! What is out of date leaves by a queue in the order of time, a few at each step: no operation takes longer because the
//! table is full, or because much of it is out of date at once.

use std::collections::{BTreeSet, HashMap};

use tokio::time::Instant;

use super::shares::{Origin, Shares};

/// See the module.
#[derive(Debug)]
pub(super) struct Table<T> {
    most: u64,
    things: HashMap<u64, Thing<T>>,
    /// In the order in which they get out of date.
    ends: BTreeSet<(Instant, u64)>,
    shares: Shares<(Instant, u64)>,
    next: u64,
}

/// A thing in a [`Table`].
#[derive(Debug)]
pub(super) struct Thing<T> {
    pub(super) origin: Origin,
    pub(super) until: Instant,
    pub(super) value: T,
}

impl<T> Table<T> {
    /// With room for things of this weight together.
    pub(super) fn new(most: u64) -> Self {
        Self {
            most,
            things: HashMap::new(),
            ends: BTreeSet::new(),
            shares: Shares::default(),
            next: 0,
        }
    }

    /// Puts something in, even if there is no room: see [`Self::crowded_out`]. Numbers are given in order, from 0.
    pub(super) fn insert(&mut self, origin: Origin, weight: u64, until: Instant, value: T) -> u64 {
        let number = self.next;
        self.next += 1;
        let thing = Thing {
            origin,
            until,
            value,
        };
        self.things.insert(number, thing);
        self.ends.insert((until, number));
        self.shares.add(origin, (until, number), weight);
        number
    }

    /// Takes something out.
    pub(super) fn remove(&mut self, number: u64) -> Option<Thing<T>> {
        let thing = self.things.remove(&number)?;
        self.ends.remove(&(thing.until, number));
        self.shares.remove(thing.origin, (thing.until, number));
        Some(thing)
    }

    /// Takes out one thing that is out of date.
    pub(super) fn expired(&mut self, now: Instant) -> Option<(u64, Thing<T>)> {
        let (_, number) = self.ends.first().filter(|(until, _)| *until <= now)?;
        let number = *number;
        Some((number, self.remove(number)?))
    }

    /// Takes out one thing for which there is no room: one that is out of date, else the oldest of the origin that holds most.
    pub(super) fn crowded_out(&mut self, now: Instant) -> Option<(u64, Thing<T>)> {
        if self.shares.total() <= self.most {
            return None;
        }
        if let Some(expired) = self.expired(now) {
            return Some(expired);
        }
        let (_, (_, number)) = self.shares.first_to_go()?;
        Some((number, self.remove(number)?))
    }

    pub(super) fn get(&self, number: u64) -> Option<&Thing<T>> {
        self.things.get(&number)
    }

    /// All of it, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &Thing<T>)> {
        self.things.iter().map(|(number, thing)| (*number, thing))
    }

    /// How many things there are.
    pub(super) fn len(&self) -> usize {
        self.things.len()
    }

    /// The number that the next thing gets.
    pub(super) const fn next_number(&self) -> u64 {
        self.next
    }

    /// When the first of them gets out of date.
    pub(super) fn first_end(&self) -> Option<Instant> {
        self.ends.first().map(|(until, _)| *until)
    }

    /// The weight of what an origin has here.
    pub(super) fn held_by(&self, origin: Origin) -> u64 {
        self.shares.held_by(origin)
    }

    /// An origin's oldest.
    pub(super) fn oldest_of(&self, origin: Origin) -> Option<u64> {
        self.shares.oldest_of(origin).map(|((_, number), _)| number)
    }
}

#[cfg(test)]
mod tests;
