//! How many may come in: WebSockets in all, and from one address; and how fast each may talk.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::ServerLimits;

/// Why a connection is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The server is full.
    Full,
    /// Too many connections from this address.
    TooManyFromAddress,
}

/// How long at most somebody who has left is remembered after they could send as much as anyone again.
const SWEEP_EVERY: Duration = Duration::from_secs(10);

/// Counts the connections of one server, and what each address sends.
#[derive(Debug)]
pub(super) struct Gate {
    most: u32,
    most_per_address: u32,
    /// A full one.
    sends: Bucket,
    /// Makes numbers of addresses.
    numbers: RandomState,
    open: Mutex<Open>,
}

#[derive(Debug)]
struct Open {
    all: u32,
    households: HashMap<IpAddr, Household>,
    swept: Instant,
}

/// Everyone at one address. Remembered until it may send as much as anyone: hanging up gives no new allowance.
#[derive(Debug)]
struct Household {
    connections: u32,
    allowance: Allowance,
}

impl Household {
    fn is_forgettable(&self, now: Instant) -> bool {
        self.connections == 0 && self.allowance.lock().is_full(now)
    }
}

/// What one address may still send. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Allowance(Arc<Mutex<Bucket>>);

impl Allowance {
    pub(super) fn new(bucket: Bucket) -> Self {
        Self(Arc::new(Mutex::new(bucket)))
    }

    /// Takes one send if there is one left.
    pub(super) fn take(&self, now: Instant) -> bool {
        self.lock().take(now)
    }

    fn lock(&self) -> MutexGuard<'_, Bucket> {
        // No code panics while it holds the lock, and a bucket is whole at every moment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that was let in; leaves when dropped.
#[derive(Debug)]
pub(super) struct Admission {
    gate: Arc<Gate>,
    address: IpAddr,
    allowance: Allowance,
}

impl Admission {
    /// What this connection's address may still send.
    pub(super) fn allowance(&self) -> Allowance {
        self.allowance.clone()
    }

    /// A number for this connection's address, another one in each run of the server.
    pub(super) fn origin(&self) -> u64 {
        self.gate.numbers.hash_one(self.address)
    }
}

impl Gate {
    pub(super) fn new(limits: &ServerLimits, now: Instant) -> Self {
        Self {
            most: limits.connections,
            most_per_address: limits.connections_per_address,
            sends: Bucket::new(
                limits.sends_per_second_per_address,
                limits.send_burst_per_address,
                now,
            ),
            numbers: RandomState::new(),
            open: Mutex::new(Open {
                all: 0,
                households: HashMap::new(),
                swept: now,
            }),
        }
    }

    pub(super) fn admit(
        self: &Arc<Self>,
        address: IpAddr,
        now: Instant,
    ) -> Result<Admission, Refusal> {
        let address = counted_as(address);
        let mut open = self.lock();
        if now >= open.swept + SWEEP_EVERY {
            open.swept = now;
            open.households
                .retain(|_, household| !household.is_forgettable(now));
        }
        if open.all >= self.most {
            return Err(Refusal::Full);
        }
        let household = open.households.entry(address);
        let household = household.or_insert_with(|| Household {
            connections: 0,
            allowance: Allowance::new(self.sends.clone()),
        });
        if household.connections >= self.most_per_address {
            return Err(Refusal::TooManyFromAddress);
        }
        household.connections += 1;
        let allowance = household.allowance.clone();
        open.all += 1;
        Ok(Admission {
            gate: Arc::clone(self),
            address,
            allowance,
        })
    }

    fn leave(&self, address: &IpAddr, now: Instant) {
        let mut open = self.lock();
        open.all = open.all.saturating_sub(1);
        if let Some(household) = open.households.get_mut(address) {
            household.connections = household.connections.saturating_sub(1);
            if household.is_forgettable(now) {
                open.households.remove(address);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        // No code panics while it holds the lock, and the counts are whole at every moment.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        self.gate.leave(&self.address, Instant::now());
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

/// A token bucket: `per_second` for ever, `burst` at once.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    tokens: f64,
    per_second: f64,
    burst: f64,
    filled: Instant,
}

impl Bucket {
    pub(super) fn new(per_second: u32, burst: u32, now: Instant) -> Self {
        Self {
            tokens: f64::from(burst),
            per_second: f64::from(per_second),
            burst: f64::from(burst),
            filled: now,
        }
    }

    fn fill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.filled = self.filled.max(now);
        self.tokens = (self.tokens + passed * self.per_second).min(self.burst);
    }

    /// Whether it is as it was at first.
    fn is_full(&mut self, now: Instant) -> bool {
        self.fill(now);
        self.tokens >= self.burst
    }

    /// Takes one token if there is one.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        self.fill(now);
        if self.tokens < 1.0 {
            return false;
        }
        self.tokens -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(now: Instant) -> Arc<Gate> {
        let limits = ServerLimits {
            connections: 3,
            connections_per_address: 2,
            sends_per_second_per_address: 1,
            send_burst_per_address: 2,
            ..ServerLimits::default()
        };
        Arc::new(Gate::new(&limits, now))
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_address_cannot_fill_the_server() {
        let now = Instant::now();
        let gate = gate(now);
        let (alice, bob) = (address("192.0.2.1"), address("192.0.2.2"));
        let first = gate.admit(alice, now).unwrap();
        let _second = gate.admit(alice, now).unwrap();
        assert_eq!(
            gate.admit(alice, now).unwrap_err(),
            Refusal::TooManyFromAddress
        );
        let _third = gate.admit(bob, now).unwrap();
        assert_eq!(gate.admit(bob, now).unwrap_err(), Refusal::Full);
        drop(first);
        gate.admit(alice, now).unwrap();
    }

    #[test]
    fn one_address_sends_no_more_however_many_connections_it_makes() {
        let now = Instant::now();
        let gate = gate(now);
        let mallory = address("2001:db8:1:2::1");
        let first = gate.admit(mallory, now).unwrap();
        let second = gate.admit(address("2001:db8:1:2:3::4"), now).unwrap();
        assert!(first.allowance().take(now) && second.allowance().take(now));
        assert!(!first.allowance().take(now) && !second.allowance().take(now));
        drop((first, second));
        // Nor does hanging up help.
        let again = gate.admit(mallory, now).unwrap();
        assert!(!again.allowance().take(now));
        // Another household is none the worse.
        let alice = gate.admit(address("2001:db8:1:3::1"), now).unwrap();
        assert!(alice.allowance().take(now));
        // And with time it may again.
        assert!(again.allowance().take(now + Duration::from_secs(1)));
    }

    #[test]
    fn nothing_is_remembered_for_long_of_who_left() {
        let now = Instant::now();
        let gate = gate(now);
        drop(gate.admit(address("192.0.2.1"), now).unwrap());
        assert_eq!(gate.lock().all, 0);
        assert!(gate.lock().households.is_empty());

        let mallory = gate.admit(address("192.0.2.1"), now).unwrap();
        let later = now + Duration::from_secs(3600);
        mallory.allowance().take(later);
        gate.leave(&mallory.address, later);
        assert_eq!(gate.lock().households.len(), 1);
        let alice = gate
            .admit(address("192.0.2.2"), later + SWEEP_EVERY)
            .unwrap();
        assert_eq!(gate.lock().households.len(), 1);
        drop(alice);
    }

    #[test]
    fn an_ipv6_household_counts_as_one() {
        let block = counted_as(address("2001:db8:1:2:3:4:5:6"));
        assert_eq!(block, counted_as(address("2001:db8:1:2::9")));
        assert_ne!(block, counted_as(address("2001:db8:1:3::9")));
        assert_eq!(
            counted_as(address("::ffff:192.0.2.1")),
            address("192.0.2.1")
        );
    }

    #[test]
    fn a_bucket_gives_a_burst_and_then_its_rate() {
        let start = Instant::now();
        let mut bucket = Bucket::new(10, 3, start);
        assert_eq!((0..5).filter(|_| bucket.take(start)).count(), 3);
        assert!(!bucket.take(start + Duration::from_millis(50)));
        assert!(bucket.take(start + Duration::from_millis(150)));
        let later = start + Duration::from_secs(60);
        assert_eq!((0..5).filter(|_| bucket.take(later)).count(), 3);
        assert!(!bucket.is_full(later) && bucket.is_full(later + Duration::from_secs(1)));
    }
}
