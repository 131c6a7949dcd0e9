//! Who holds how much of something that there is only so much of, so that the one who holds most gives way first.
//!
//! When there is too little for everybody, whoever wants little keeps all of it, and the others get equal shares of the rest
//! (max-min fairness): each time something has to go, it is the oldest thing of the origin that holds most. So nobody drives
//! out those who hold less than they do themselves, however fast they come.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::Bound,
};

/// Where something came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Origin {
    /// An earlier run of the server took it, and did not write down where it came from.
    Earlier,
    /// A network address, as a number that says nothing and is another one in each run.
    Address(u64),
}

/// What each origin holds, each thing named by its age: the smallest is the oldest, and no two have the same. The steps of an
/// operation grow with the logarithm of the number of things.
#[derive(Debug)]
pub(super) struct Shares<A> {
    /// Each thing's weight.
    things: BTreeMap<(Origin, A), u64>,
    holders: HashMap<Origin, Holder<A>>,
    /// Who holds most is last; of several who hold as much, the one with the oldest thing.
    ranking: BTreeSet<(u64, Reverse<A>, Origin)>,
    total: u64,
}

#[derive(Debug, Clone, Copy)]
struct Holder<A> {
    weight: u64,
    oldest: A,
}

impl<A> Default for Shares<A> {
    fn default() -> Self {
        Self {
            things: BTreeMap::new(),
            holders: HashMap::new(),
            ranking: BTreeSet::new(),
            total: 0,
        }
    }
}

impl<A: Ord + Copy> Shares<A> {
    /// Gives an origin a thing of this weight, which is at least 1.
    pub(super) fn add(&mut self, origin: Origin, age: A, weight: u64) {
        self.remove(origin, age);
        let weight = weight.max(1);
        let before = self.holders.get(&origin).copied();
        let after = before.map_or(
            Holder {
                weight,
                oldest: age,
            },
            |before| Holder {
                weight: before.weight.saturating_add(weight),
                oldest: before.oldest.min(age),
            },
        );
        self.things.insert((origin, age), weight);
        self.total = self.total.saturating_add(weight);
        self.rank(origin, before, Some(after));
    }

    /// Takes a thing away; gives its weight, if it was there.
    pub(super) fn remove(&mut self, origin: Origin, age: A) -> Option<u64> {
        let weight = self.things.remove(&(origin, age))?;
        self.total = self.total.saturating_sub(weight);
        let before = self.holders.get(&origin).copied();
        let next = (Bound::Excluded((origin, age)), Bound::Unbounded);
        let next = self.things.range(next).next();
        let next = next.filter(|((holder, _), _)| *holder == origin);
        let after = before.and_then(|before| {
            let oldest = match age > before.oldest {
                true => before.oldest,
                false => next?.0.1,
            };
            let weight = before.weight.saturating_sub(weight);
            Some(Holder { weight, oldest })
        });
        self.rank(origin, before, after);
        Some(weight)
    }

    fn rank(&mut self, origin: Origin, before: Option<Holder<A>>, after: Option<Holder<A>>) {
        if let Some(Holder { weight, oldest }) = before {
            self.ranking.remove(&(weight, Reverse(oldest), origin));
        }
        if let Some(holder) = after {
            self.ranking
                .insert((holder.weight, Reverse(holder.oldest), origin));
            self.holders.insert(origin, holder);
        } else {
            self.holders.remove(&origin);
        }
    }

    /// The weight of all things.
    pub(super) const fn total(&self) -> u64 {
        self.total
    }

    /// The weight of what an origin holds.
    pub(super) fn held_by(&self, origin: Origin) -> u64 {
        self.holders.get(&origin).map_or(0, |holder| holder.weight)
    }

    /// An origin's oldest thing, and its weight.
    pub(super) fn oldest_of(&self, origin: Origin) -> Option<(A, u64)> {
        let age = self.holders.get(&origin)?.oldest;
        let weight = self.things.get(&(origin, age))?;
        Some((age, *weight))
    }

    /// What goes first: the oldest thing of the origin that holds most.
    pub(super) fn first_to_go(&self) -> Option<(Origin, A)> {
        let (_, Reverse(age), origin) = self.ranking.last()?;
        Some((*origin, *age))
    }
}

#[cfg(test)]
mod tests;
