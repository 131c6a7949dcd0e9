//! Connections that have not become WebSockets yet: counted from the moment they are accepted, the oldest dropped first.
//!
//! Nothing is known of whoever makes such a connection, and making one costs nothing. So a new one is always taken, at the
//! cost of another: of the same address where that has too many, else of the address that has most, else, where each has one, of
//! any. Of these, whoever has had an answer goes before whoever waits for one, then the older before the newer. A flood drives
//! out its own, unless it comes from more addresses than there are places; then it drives out what waits for longer than an honest
//! client does.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Notify, oneshot};

use super::gate::counted_as;

/// Connections that may still be closing while further ones are accepted: to wait for each would halve the pace, and honest
/// people wait in the same queue as a flood. They are part of the reserve of descriptors.
const CLOSING: usize = 32;

/// The half-open connections of one server.
#[derive(Debug)]
pub(super) struct HalfOpen {
    most: usize,
    most_per_address: usize,
    book: Mutex<Book>,
    /// One has left.
    left: Notify,
}

#[derive(Debug, Default)]
struct Book {
    next: u64,
    /// Whoever goes first comes first. Those that were told to go are not in here any more.
    waiting: BTreeMap<Turn, Waiting>,
    addresses: HashMap<IpAddr, BTreeSet<Turn>>,
    /// The addresses that have more than one, by how many.
    greedy: BTreeSet<(usize, IpAddr)>,
    /// With those that were told to go and still hold their socket.
    open: usize,
}

/// When a connection has to go for another: the answered ones before the others, then the older before the newer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    waits_for_answer: bool,
    number: u64,
}

#[derive(Debug)]
struct Waiting {
    address: Option<IpAddr>,
    /// Dropped to tell it to go.
    _stay: oneshot::Sender<()>,
}

/// The place of one half-open connection; free again when dropped.
#[derive(Debug)]
pub(super) struct Place {
    book: Arc<HalfOpen>,
    number: u64,
    stay: oneshot::Receiver<()>,
}

/// Takes note that a connection was answered.
#[derive(Debug)]
pub(super) struct Answered {
    book: Arc<HalfOpen>,
    number: u64,
}

impl HalfOpen {
    /// For at most `most` connections, of which each address may have `most_per_address`. At least one each.
    pub(super) fn new(most: u32, most_per_address: u32) -> Self {
        let count = |most: u32| usize::try_from(most).unwrap_or(usize::MAX).max(1);
        Self {
            most: count(most),
            most_per_address: count(most_per_address),
            book: Mutex::default(),
            left: Notify::new(),
        }
    }

    /// Takes a connection from this address; from none where many people share it, as behind a trusted proxy. Whoever has to
    /// go for it is told so, and lets go of their socket before [`Self::settled`] returns, or soon after.
    pub(super) fn enter(self: &Arc<Self>, address: Option<IpAddr>) -> Place {
        let address = address.map(counted_as);
        let mut book = self.lock();
        if let Some(address) = address
            && book.count(&address) >= self.most_per_address
        {
            book.strike_first_of(&address);
        }
        let number = book.next;
        book.next += 1;
        book.open += 1;
        let (sender, stay) = oneshot::channel();
        let turn = Turn {
            waits_for_answer: true,
            number,
        };
        let waiting = Waiting {
            address,
            _stay: sender,
        };
        book.insert(turn, waiting);
        while book.waiting.len() > self.most {
            book.strike_one();
        }
        Place {
            book: Arc::clone(self),
            number,
            stay,
        }
    }

    /// Tells one to go. False where there is none.
    pub(super) fn dismiss_one(&self) -> bool {
        self.lock().strike_one()
    }

    /// Resolves when all but a few who were told to go have let go of their sockets. Without waiting for it, a flood would be
    /// accepted faster than sockets are closed.
    pub(super) async fn settled(&self) {
        loop {
            let left = self.left.notified();
            {
                let book = self.lock();
                if book.open <= book.waiting.len() + CLOSING {
                    return;
                }
            }
            left.await;
        }
    }

    fn leave(&self, number: u64) {
        let mut book = self.lock();
        book.strike_number(number);
        book.open = book.open.saturating_sub(1);
        drop(book);
        self.left.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        // No code panics while it holds the lock, and the counts are whole at every moment.
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn count(&self, address: &IpAddr) -> usize {
        self.addresses.get(address).map_or(0, BTreeSet::len)
    }

    fn insert(&mut self, turn: Turn, waiting: Waiting) {
        if let Some(address) = waiting.address {
            let before = self.count(&address);
            self.addresses.entry(address).or_default().insert(turn);
            self.recount(address, before);
        }
        self.waiting.insert(turn, waiting);
    }

    /// Whoever is struck out is told to go, once what this gives is dropped.
    fn strike(&mut self, turn: Turn) -> Option<Waiting> {
        let waiting = self.waiting.remove(&turn)?;
        if let Some(address) = waiting.address {
            let before = self.count(&address);
            if let Some(there) = self.addresses.get_mut(&address) {
                there.remove(&turn);
                if there.is_empty() {
                    self.addresses.remove(&address);
                }
            }
            self.recount(address, before);
        }
        Some(waiting)
    }

    fn recount(&mut self, address: IpAddr, before: usize) {
        self.greedy.remove(&(before, address));
        let now = self.count(&address);
        if now > 1 {
            self.greedy.insert((now, address));
        }
    }

    /// One of the address that has most, else whoever's turn it is. False where there is nobody.
    fn strike_one(&mut self) -> bool {
        if let Some((_, address)) = self.greedy.last().copied() {
            return self.strike_first_of(&address);
        }
        let first = self.waiting.first_key_value().map(|(turn, _)| *turn);
        first.is_some_and(|turn| self.strike(turn).is_some())
    }

    fn strike_first_of(&mut self, address: &IpAddr) -> bool {
        let first = self.addresses.get(address).and_then(BTreeSet::first);
        first
            .copied()
            .is_some_and(|turn| self.strike(turn).is_some())
    }

    fn strike_number(&mut self, number: u64) -> Option<Waiting> {
        [true, false].into_iter().find_map(|waits_for_answer| {
            self.strike(Turn {
                waits_for_answer,
                number,
            })
        })
    }
}

impl Answered {
    /// It was answered now.
    pub(super) fn tell(&self) {
        let mut book = self.book.lock();
        if let Some(waiting) = book.strike_number(self.number) {
            let turn = Turn {
                waits_for_answer: false,
                number: self.number,
            };
            book.insert(turn, waiting);
        }
    }
}

impl Place {
    /// To take note that it was answered.
    pub(super) fn answered(&self) -> Answered {
        Answered {
            book: Arc::clone(&self.book),
            number: self.number,
        }
    }

    /// Resolves when this connection has to go for a newer one.
    pub(super) async fn dismissed(&mut self) {
        // Nothing is ever sent: it ends when the sender is dropped.
        drop((&mut self.stay).await);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.book.leave(self.number);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    fn has_to_go(place: &mut Place) -> bool {
        place.dismissed().now_or_never().is_some()
    }

    #[test]
    fn an_address_with_too_many_drives_out_its_own() {
        let book = Arc::new(HalfOpen::new(10, 2));
        let mut alice = book.enter(address("192.0.2.1"));
        let mut mallory: Vec<Place> = (0..5).map(|_| book.enter(address("192.0.2.2"))).collect();
        let gone: Vec<bool> = mallory.iter_mut().map(has_to_go).collect();
        assert_eq!(gone, [true, true, true, false, false]);
        assert!(!has_to_go(&mut alice));
    }

    #[test]
    fn an_ipv6_household_has_one_address() {
        let book = Arc::new(HalfOpen::new(10, 1));
        let mut first = book.enter(address("2001:db8:1:2::1"));
        let mut neighbour = book.enter(address("2001:db8:1:3::1"));
        let _second = book.enter(address("2001:db8:1:2:ffff::1"));
        assert!(has_to_go(&mut first) && !has_to_go(&mut neighbour));
    }

    #[test]
    fn when_all_places_are_taken_the_address_with_most_gives_one_up() {
        let book = Arc::new(HalfOpen::new(5, 5));
        let mut alice = book.enter(address("192.0.2.1"));
        let mut trent: Vec<Place> = (0..2).map(|_| book.enter(address("192.0.2.2"))).collect();
        let mut mallory: Vec<Place> = (0..6).map(|_| book.enter(address("192.0.2.3"))).collect();
        let _bob = book.enter(address("192.0.2.4"));
        assert!(!has_to_go(&mut alice));
        let gone: Vec<bool> = mallory
            .iter_mut()
            .chain(&mut trent)
            .map(has_to_go)
            .collect();
        assert_eq!(gone, [true, true, true, true, true, false, false, false]);
    }

    #[test]
    fn when_each_address_has_one_the_oldest_of_all_goes() {
        let book = Arc::new(HalfOpen::new(3, 2));
        let mut places: Vec<Place> = (1..=5)
            .map(|number| book.enter(address(&format!("192.0.2.{number}"))))
            .collect();
        let gone: Vec<bool> = places.iter_mut().map(has_to_go).collect();
        assert_eq!(gone, [true, true, false, false, false]);
    }

    #[test]
    fn who_has_had_an_answer_goes_before_who_waits_for_one() {
        let book = Arc::new(HalfOpen::new(3, 2));
        let mut places: Vec<Place> = (1..=3)
            .map(|number| book.enter(address(&format!("192.0.2.{number}"))))
            .collect();
        places[1].answered().tell();
        places.push(book.enter(address("192.0.2.4")));
        let gone: Vec<bool> = places.iter_mut().map(has_to_go).collect();
        assert_eq!(gone, [false, true, false, false]);
        // Whoever was told to go is not taken in again by their answer.
        places[1].answered().tell();
        places.push(book.enter(address("192.0.2.5")));
        assert!(has_to_go(&mut places[0]));
    }

    #[test]
    fn whoever_comes_through_a_proxy_is_counted_among_all_and_by_no_address() {
        let book = Arc::new(HalfOpen::new(3, 1));
        let mut places: Vec<Place> = (0..4).map(|_| book.enter(None)).collect();
        let gone: Vec<bool> = places.iter_mut().map(has_to_go).collect();
        assert_eq!(gone, [true, false, false, false]);
    }

    #[test]
    fn a_flood_waits_until_who_was_told_to_go_is_gone() {
        let book = Arc::new(HalfOpen::new(2, 2));
        assert!(!book.dismiss_one());
        let mut places: Vec<Place> = (0..2 + CLOSING)
            .map(|_| book.enter(address("192.0.2.1")))
            .collect();
        assert!(book.settled().now_or_never().is_some());
        places.push(book.enter(address("192.0.2.2")));
        assert!(book.settled().now_or_never().is_none());
        places.remove(0);
        assert!(book.settled().now_or_never().is_some());
        assert!(book.dismiss_one());
        assert!(book.settled().now_or_never().is_none());
    }

    #[test]
    fn nothing_is_remembered_of_who_left() {
        let book = Arc::new(HalfOpen::new(2, 2));
        let all = [(); 3].map(|()| book.enter(address("192.0.2.1")));
        drop(all);
        let book = book.lock();
        assert!(book.waiting.is_empty() && book.addresses.is_empty());
        assert!(book.greedy.is_empty() && book.open == 0);
    }
}
