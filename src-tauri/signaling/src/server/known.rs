//! Who was registered here lately, and is not now: for them, too, notes are taken.

use std::{collections::BTreeMap, ops::Bound};

use tokio::time::Instant;

use super::{
    shares::Origin,
    table::{Table, Thing},
};
use crate::{
    limits::{MAX_KNOWN_KEYS, NOTES_KEPT},
    wire::Key,
};

/// How much that is out of date is taken out each time somebody leaves.
const EXPIRED_AT_ONCE: usize = 4;

/// Keys, and until when they are remembered. Where there are too many, the origin goes first that made most of them known.
#[derive(Debug)]
pub(super) struct Known {
    left: Table<Key>,
    numbers: BTreeMap<Key, u64>,
    /// Somebody came whom we did not know, since this was last asked for.
    newcomers: bool,
}

impl Default for Known {
    fn default() -> Self {
        Self {
            left: Table::new(MAX_KNOWN_KEYS as u64),
            numbers: BTreeMap::new(),
            newcomers: false,
        }
    }
}

impl Known {
    /// This key registers: as long as it is here, it needs no place among those who left.
    pub(super) fn arrive(&mut self, key: &Key, now: Instant) {
        let before = self.forget(key);
        self.newcomers |= before.is_none_or(|before| before.until <= now);
    }

    /// This key was registered until now, from there.
    pub(super) fn leave(&mut self, key: Key, origin: Origin, now: Instant) {
        self.remember(key, origin, now + NOTES_KEPT, now);
    }

    /// An earlier run of the server knew this key, until then.
    pub(super) fn restore(&mut self, key: Key, until: Instant, now: Instant) {
        if until <= now || self.until(&key).is_some_and(|known| known >= until) {
            return;
        }
        self.newcomers = true;
        self.remember(key, Origin::Earlier, until, now);
    }

    fn remember(&mut self, key: Key, origin: Origin, until: Instant, now: Instant) {
        self.expire(now, EXPIRED_AT_ONCE);
        self.forget(&key);
        let number = self.left.insert(origin, 1, until, key);
        self.numbers.insert(key, number);
        while let Some((_, gone)) = self.left.crowded_out(now) {
            self.numbers.remove(&gone.value);
        }
    }

    fn forget(&mut self, key: &Key) -> Option<Thing<Key>> {
        let number = self.numbers.remove(key)?;
        self.left.remove(number)
    }

    fn until(&self, key: &Key) -> Option<Instant> {
        let number = self.numbers.get(key)?;
        Some(self.left.get(*number)?.until)
    }

    /// Whether this key was here lately.
    pub(super) fn was_here(&self, key: &Key, now: Instant) -> bool {
        self.until(key).is_some_and(|until| until > now)
    }

    /// Forgets at most so many that are out of date; gives how many.
    pub(super) fn expire(&mut self, now: Instant, most: usize) -> usize {
        for count in 0..most {
            let Some((_, gone)) = self.left.expired(now) else {
                return count;
            };
            self.numbers.remove(&gone.value);
        }
        most
    }

    /// Those who left, and until when they are remembered: at most so many, from after this key on.
    pub(super) fn page(
        &self,
        after: Option<Key>,
        most: usize,
        now: Instant,
    ) -> Vec<(Key, Instant)> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let page = self.numbers.range((start, Bound::Unbounded)).take(most);
        page.filter_map(|(key, number)| Some((*key, self.left.get(*number)?.until)))
            // One that is out of date still says how far this page goes.
            .map(|(key, until)| (key, until.max(now)))
            .collect()
    }

    /// Whether somebody became known since this was last asked.
    pub(super) fn take_newcomers(&mut self) -> bool {
        std::mem::take(&mut self.newcomers)
    }
}

#[cfg(test)]
mod tests;
