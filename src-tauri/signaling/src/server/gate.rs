//! How many may come in: connections in all, and from one address; and how fast each may talk.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::time::Instant;

/// Why a connection is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The server is full.
    Full,
    /// Too many connections from this address.
    TooManyFromAddress,
}

/// Counts the connections of one server.
#[derive(Debug)]
pub(super) struct Gate {
    most: u32,
    most_per_address: u32,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    all: u32,
    by_address: HashMap<IpAddr, u32>,
}

/// A connection that was let in; leaves when dropped.
#[derive(Debug)]
pub(super) struct Admission {
    gate: Arc<Gate>,
    address: IpAddr,
}

impl Gate {
    pub(super) fn new(most: u32, most_per_address: u32) -> Self {
        Self {
            most,
            most_per_address,
            open: Mutex::default(),
        }
    }

    pub(super) fn admit(self: &Arc<Self>, address: IpAddr) -> Result<Admission, Refusal> {
        let address = counted_as(address);
        let mut open = self.lock();
        if open.all >= self.most {
            return Err(Refusal::Full);
        }
        let here = open.by_address.entry(address).or_default();
        if *here >= self.most_per_address {
            return Err(Refusal::TooManyFromAddress);
        }
        *here += 1;
        open.all += 1;
        Ok(Admission {
            gate: Arc::clone(self),
            address,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        // No code panics while it holds the lock, and the counts are whole at every moment.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let mut open = self.gate.lock();
        open.all = open.all.saturating_sub(1);
        if let Some(here) = open.by_address.get_mut(&self.address) {
            *here = here.saturating_sub(1);
            if *here == 0 {
                open.by_address.remove(&self.address);
            }
        }
    }
}

/// One household has one IPv4 address but a whole IPv6 /64.
fn counted_as(address: IpAddr) -> IpAddr {
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

    /// Takes one token if there is one.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.filled = now;
        self.tokens = (self.tokens + passed * self.per_second).min(self.burst);
        if self.tokens < 1.0 {
            return false;
        }
        self.tokens -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn one_address_cannot_fill_the_server() {
        let gate = Arc::new(Gate::new(3, 2));
        let alice: IpAddr = "192.0.2.1".parse().unwrap();
        let bob: IpAddr = "192.0.2.2".parse().unwrap();
        let first = gate.admit(alice).unwrap();
        let _second = gate.admit(alice).unwrap();
        assert_eq!(gate.admit(alice).unwrap_err(), Refusal::TooManyFromAddress);
        let _third = gate.admit(bob).unwrap();
        assert_eq!(gate.admit(bob).unwrap_err(), Refusal::Full);
        drop(first);
        gate.admit(alice).unwrap();
    }

    #[test]
    fn nothing_is_remembered_of_who_left() {
        let gate = Arc::new(Gate::new(3, 2));
        drop(gate.admit("192.0.2.1".parse().unwrap()).unwrap());
        assert_eq!(gate.lock().all, 0);
        assert!(gate.lock().by_address.is_empty());
    }

    #[test]
    fn an_ipv6_household_counts_as_one() {
        let block = counted_as("2001:db8:1:2:3:4:5:6".parse().unwrap());
        assert_eq!(block, counted_as("2001:db8:1:2::9".parse().unwrap()));
        assert_ne!(block, counted_as("2001:db8:1:3::9".parse().unwrap()));
        assert_eq!(
            counted_as("::ffff:192.0.2.1".parse().unwrap()),
            "192.0.2.1".parse::<IpAddr>().unwrap()
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
    }
}
