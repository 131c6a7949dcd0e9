//! The order in which what is queued for one recipient goes out: fair between where it came from.
//!
//! Start-time fair queueing (Goyal, Vin, Cheng, 1996). Each origin has a clock that goes on by the weight of what was taken
//! from it, and next is whoever's clock is lowest. Who had nothing queued begins at the clock of who was served last, or goes
//! on from their own where that is later. So a payload of somebody who sends little goes out before the backlog of somebody
//! who sends much, and several who all send much get equal parts of the line, in bytes. What comes from one origin keeps
//! its order.

use std::collections::{BTreeSet, HashMap};

use super::shares::{Origin, Shares};

/// Origins with nothing queued whose places are remembered; beyond, the lowest is forgotten.
const PLACES_REMEMBERED: usize = 256;

/// What is queued, by number: the lower is the older.
#[derive(Debug, Default)]
pub(super) struct FairQueue {
    queued: Shares<u64>,
    /// Of those who have something queued, and of those who had, as far as their clocks are ahead.
    places: HashMap<Origin, Place>,
    waiting: BTreeSet<(Place, Origin)>,
    idle: BTreeSet<(Place, Origin)>,
    /// The clock of who was served last, before that.
    now: u64,
    turns: u64,
}

/// Where an origin stands: the lowest is next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    clock: u64,
    /// Of those with the same clock, who has had nothing yet comes first, and then who has stood there for longer.
    was_served: bool,
    turn: u64,
}

impl FairQueue {
    /// Queues something.
    pub(super) fn push(&mut self, origin: Origin, number: u64, weight: u64) {
        let is_waiting = self.queued.held_by(origin) > 0;
        self.queued.add(origin, number, weight);
        if is_waiting {
            return;
        }
        let before = self.places.get(&origin).copied();
        if let Some(before) = before {
            self.idle.remove(&(before, origin));
        }
        let place = before.filter(|before| before.clock >= self.now);
        let place = place.unwrap_or_else(|| Place {
            clock: self.now,
            was_served: false,
            turn: self.next_turn(),
        });
        self.places.insert(origin, place);
        self.waiting.insert((place, origin));
    }

    fn next_turn(&mut self) -> u64 {
        self.turns += 1;
        self.turns
    }

    /// What is next: its origin, number and weight.
    pub(super) fn next(&self) -> Option<(Origin, u64, u64)> {
        let (_, origin) = self.waiting.first()?;
        let (number, weight) = self.queued.oldest_of(*origin)?;
        Some((*origin, number, weight))
    }

    /// Takes out what is next, as served.
    pub(super) fn take(&mut self) {
        let Some((origin, number, weight)) = self.next() else {
            return;
        };
        let Some((Place { clock, .. }, _)) = self.waiting.pop_first() else {
            return;
        };
        self.now = self.now.max(clock);
        let place = Place {
            clock: clock.saturating_add(weight),
            was_served: true,
            turn: self.next_turn(),
        };
        self.places.insert(origin, place);
        self.waiting.insert((place, origin));
        self.remove(origin, number);
        self.forget_places();
    }

    /// Forgets the places of those who have nothing queued and would get no better one, and of too many others.
    fn forget_places(&mut self) {
        while let Some((place, origin)) = self.idle.first().copied()
            && (place.clock <= self.now || self.idle.len() > PLACES_REMEMBERED)
        {
            self.idle.remove(&(place, origin));
            self.places.remove(&origin);
        }
    }

    /// Takes something out as if it had never been queued.
    pub(super) fn remove(&mut self, origin: Origin, number: u64) {
        if self.queued.remove(origin, number).is_none() || self.queued.held_by(origin) > 0 {
            return;
        }
        if self.queued.total() == 0 {
            // Nobody waits: all begin anew.
            *self = Self::default();
        } else if let Some(place) = self.places.get(&origin) {
            self.waiting.remove(&(*place, origin));
            self.idle.insert((*place, origin));
            self.forget_places();
        }
    }

    /// The weight of all that is queued.
    pub(super) const fn weight(&self) -> u64 {
        self.queued.total()
    }

    /// What goes first where there is no room: the oldest of the origin that has most queued.
    pub(super) fn first_to_go(&self) -> Option<(Origin, u64)> {
        self.queued.first_to_go()
    }
}

#[cfg(test)]
mod tests;
