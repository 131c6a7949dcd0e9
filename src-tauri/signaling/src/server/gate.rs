//! How many WebSockets there are, in all and from one address, and who gives way when there are too many.
//!
//! When all places are taken, a connection from an address that holds few takes the place of one from the address that holds most
//! (max-min fairness, as in `shares.rs`): but only if that address is left with no fewer than the newcomer's then has. So nobody drives
//! out those who hold less than they do themselves, and two never drive each other out in turn.
//!
//! Of an address, [`Activity`] says which goes. An address that has as many as one may have loses one only for another of its own, and
//! only such as has been idle for longer than a client needs to register.

pub(super) mod activity;
pub(super) mod bucket;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, hash_map::Entry},
    hash::{BuildHasher as _, RandomState},
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::time::Instant;

use self::{
    activity::Activity,
    bucket::{Allowance, Bucket},
};
use super::ServerLimits;
use crate::limits::IDLE_AFTER;

/// Displaced connections that may still hold their socket while further ones are let in. They are part of the reserve of descriptors.
const CLOSING: usize = 8;

/// Addresses that are forgotten with each connection that comes or goes: more than one can add, so that none pile up.
const FORGOTTEN_AT_ONCE: usize = 2;

/// Why a connection is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The server is full.
    Full,
    /// Too many connections from this address.
    TooManyFromAddress,
}

/// Counts the connections of one server, and what each address sends.
#[derive(Debug)]
pub(super) struct Gate {
    most: usize,
    most_per_address: usize,
    /// A full one.
    sends: Bucket,
    /// Makes numbers of addresses.
    numbers: RandomState,
    started: Instant,
    open: Mutex<Open>,
}

/// No operation looks at more than the connections of one address.
#[derive(Debug, Default)]
struct Open {
    next: u64,
    /// Connections that have a place.
    placed: usize,
    /// Displaced ones that still hold their socket.
    closing: usize,
    households: HashMap<IpAddr, Household>,
    /// The addresses that have connections, by how many.
    ranking: BTreeSet<(usize, IpAddr)>,
    /// The addresses that have none, by when they may send as much as anyone and are forgotten.
    leaving: BTreeSet<(Instant, IpAddr)>,
}

/// Everyone at one address. Remembered until it may send as much as anyone: hanging up gives no new allowance.
#[derive(Debug)]
struct Household {
    connections: BTreeMap<u64, Arc<Activity>>,
    allowance: Allowance,
    /// As in [`Open::leaving`].
    leaves: Option<Instant>,
}

/// A connection that was let in; leaves when dropped.
#[derive(Debug)]
pub(super) struct Admission {
    gate: Arc<Gate>,
    address: IpAddr,
    number: u64,
    allowance: Allowance,
    activity: Arc<Activity>,
}

impl Admission {
    /// What this connection's address may still send.
    pub(super) fn allowance(&self) -> Allowance {
        self.allowance.clone()
    }

    /// To take note of what it does.
    pub(super) fn activity(&self) -> Arc<Activity> {
        Arc::clone(&self.activity)
    }

    /// A number for this connection's address, another one in each run of the server.
    pub(super) fn origin(&self) -> u64 {
        self.gate.numbers.hash_one(self.address)
    }
}

impl Gate {
    pub(super) fn new(limits: &ServerLimits, now: Instant) -> Self {
        let count = |most: u32| usize::try_from(most).unwrap_or(usize::MAX);
        Self {
            most: count(limits.connections),
            most_per_address: count(limits.connections_per_address),
            sends: Bucket::new(
                limits.sends_per_second_per_address,
                limits.send_burst_per_address,
                now,
            ),
            numbers: RandomState::new(),
            started: now,
            open: Mutex::default(),
        }
    }

    /// Lets a connection from this address in, if need be in the place of another, which is told so.
    pub(super) fn admit(
        self: &Arc<Self>,
        address: IpAddr,
        now: Instant,
    ) -> Result<Admission, Refusal> {
        let address = counted_as(address);
        let mut open = self.lock();
        open.forget(now);
        let displaced = self.whose_place(&open, address, now)?;
        if let Some((address, number)) = displaced {
            if open.closing >= CLOSING {
                return Err(Refusal::Full);
            }
            if let Some(activity) = open.remove(address, number, now) {
                open.closing += 1;
                activity.displace();
            }
        }
        let activity = Arc::new(Activity::new(self.started, now));
        let (number, allowance) = open.insert(address, &activity, &self.sends);
        Ok(Admission {
            gate: Arc::clone(self),
            address,
            number,
            allowance,
            activity,
        })
    }

    /// Which connection has to go for one from this address, if any.
    fn whose_place(
        &self,
        open: &Open,
        address: IpAddr,
        now: Instant,
    ) -> Result<Option<(IpAddr, u64)>, Refusal> {
        let own = open.households.get(&address);
        let held = own.map_or(0, |household| household.connections.len());
        if held >= self.most_per_address {
            let idle = own.and_then(|own| own.first_to_go(|one| one.is_idle(now, IDLE_AFTER)));
            return idle
                .map(|number| Some((address, number)))
                .ok_or(Refusal::TooManyFromAddress);
        }
        if open.placed < self.most {
            return Ok(None);
        }
        let greediest = open.ranking.last().filter(|(most, _)| *most > held + 1);
        let (_, greediest) = greediest.ok_or(Refusal::Full)?;
        let household = open.households.get(greediest);
        let number = household.and_then(|household| household.first_to_go(|_| true));
        number
            .map(|number| Some((*greediest, number)))
            .ok_or(Refusal::Full)
    }

    fn leave(&self, address: IpAddr, number: u64, now: Instant) {
        let mut open = self.lock();
        if open.remove(address, number, now).is_none() {
            open.closing = open.closing.saturating_sub(1);
        }
        open.forget(now);
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        // No code panics while it holds the lock, and the counts are whole at every moment.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn insert(
        &mut self,
        address: IpAddr,
        activity: &Arc<Activity>,
        sends: &Bucket,
    ) -> (u64, Allowance) {
        let number = self.next;
        self.next += 1;
        let household = self.households.entry(address);
        let household = household.or_insert_with(|| Household {
            connections: BTreeMap::new(),
            allowance: Allowance::new(sends.clone()),
            leaves: None,
        });
        if let Some(leaves) = household.leaves.take() {
            self.leaving.remove(&(leaves, address));
        }
        let held = household.connections.len();
        household.connections.insert(number, Arc::clone(activity));
        self.ranking.remove(&(held, address));
        self.ranking.insert((held + 1, address));
        self.placed += 1;
        (number, household.allowance.clone())
    }

    /// Takes its place from a connection. None where it has none any more.
    fn remove(&mut self, address: IpAddr, number: u64, now: Instant) -> Option<Arc<Activity>> {
        let Entry::Occupied(mut entry) = self.households.entry(address) else {
            return None;
        };
        let household = entry.get_mut();
        let held = household.connections.len();
        let activity = household.connections.remove(&number)?;
        self.placed = self.placed.saturating_sub(1);
        self.ranking.remove(&(held, address));
        if held > 1 {
            self.ranking.insert((held - 1, address));
            return Some(activity);
        }
        let leaves = household.allowance.full_at(now);
        if leaves <= now {
            entry.remove();
        } else {
            household.leaves = Some(leaves);
            self.leaving.insert((leaves, address));
        }
        Some(activity)
    }

    /// Forgets some of those who may send as much as anyone.
    fn forget(&mut self, now: Instant) {
        for _ in 0..FORGOTTEN_AT_ONCE {
            let Some((leaves, address)) = self.leaving.first().copied() else {
                return;
            };
            if leaves > now {
                return;
            }
            self.leaving.pop_first();
            self.households.remove(&address);
        }
    }
}

impl Household {
    fn first_to_go(&self, may: impl Fn(&Activity) -> bool) -> Option<u64> {
        let connections = self.connections.iter();
        let may = connections.filter(|(_, activity)| may(activity));
        may.min_by_key(|(_, activity)| activity.turn())
            .map(|(number, _)| *number)
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        self.gate.leave(self.address, self.number, Instant::now());
    }
}

/// One household has one IPv4 address but a whole IPv6 /64.
pub(super) fn counted_as(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)))
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests;
