//! Which announcements are of people we know. No sockets here.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    net::{IpAddr, SocketAddr},
};

use super::{Found, Record};

/// Announcements remembered at most; further ones are ignored until some have gone.
const MOST_SEEN: usize = 512;

/// Addresses looked at in one announcement.
const MOST_ADDRESSES: usize = 8;

#[derive(Debug, Default)]
pub(super) struct Watcher {
    keys: HashSet<[u8; 32]>,
    seen: HashMap<String, Seen>,
}

#[derive(Debug)]
struct Seen {
    record: Record,
    addresses: BTreeSet<SocketAddr>,
    told: HashSet<([u8; 32], SocketAddr)>,
}

impl Watcher {
    /// Watches for these keys from now on, and says who of them is there already.
    pub(super) fn handle_keys(&mut self, keys: HashSet<[u8; 32]>) -> Vec<Found> {
        self.keys = keys;
        let Self { keys, seen } = self;
        seen.values_mut()
            .flat_map(|seen| {
                seen.told.retain(|(key, _)| keys.contains(key));
                seen.found(keys)
            })
            .collect()
    }

    /// An announcement is there, or has changed.
    pub(super) fn handle_announced(
        &mut self,
        name: &str,
        record: Record,
        port: u16,
        addresses: impl IntoIterator<Item = IpAddr>,
    ) -> Vec<Found> {
        let told = match self.seen.remove(name) {
            Some(before) if before.record == record => before.told,
            Some(_) | None => HashSet::new(),
        };
        if self.seen.len() >= MOST_SEEN || port == 0 {
            return Vec::new();
        }
        let addresses = addresses
            .into_iter()
            .filter(is_dialable)
            .take(MOST_ADDRESSES);
        let addresses = addresses
            .map(|address| SocketAddr::new(address, port))
            .collect();
        let seen = self.seen.entry(name.to_owned()).or_insert(Seen {
            record,
            addresses,
            told,
        });
        seen.found(&self.keys)
    }

    /// An announcement has gone.
    pub(super) fn handle_gone(&mut self, name: &str) {
        self.seen.remove(name);
    }
}

impl Seen {
    fn found(&mut self, keys: &HashSet<[u8; 32]>) -> Vec<Found> {
        let Self {
            record,
            addresses,
            told,
        } = self;
        let known = keys.iter().filter(|key| record.is_of(key));
        known
            .flat_map(|key| addresses.iter().map(move |address| (*key, *address)))
            .filter(|pair| told.insert(*pair))
            .map(|(key, address)| Found {
                key,
                url: format!("ws://{address}"),
            })
            .collect()
    }
}

/// A link-local IPv6 address says nothing without its interface, which a URL cannot name.
fn is_dialable(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            !address.is_unspecified() && !address.is_multicast() && !address.is_broadcast()
        }
        IpAddr::V6(address) => {
            !address.is_unspecified() && !address.is_multicast() && !address.is_unicast_link_local()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: [u8; 32] = [1; 32];
    const BOB: [u8; 32] = [2; 32];

    fn announce(
        watcher: &mut Watcher,
        name: &str,
        key: [u8; 32],
        addresses: &[&str],
    ) -> Vec<String> {
        let addresses = addresses.iter().map(|address| address.parse().unwrap());
        let record = Record::new([9; 16], &key);
        watcher
            .handle_announced(name, record, 7373, addresses)
            .into_iter()
            .map(|found| found.url)
            .collect()
    }

    #[test]
    fn bob_finds_alice_once_and_not_the_stranger() {
        let mut bob = Watcher::default();
        assert!(bob.handle_keys([ALICE].into()).is_empty());
        assert!(announce(&mut bob, "s", [3; 32], &["192.0.2.3"]).is_empty());
        assert_eq!(
            announce(&mut bob, "a", ALICE, &["192.0.2.1"]),
            ["ws://192.0.2.1:7373"]
        );
        assert!(announce(&mut bob, "a", ALICE, &["192.0.2.1"]).is_empty());
    }

    #[test]
    fn alice_is_found_at_her_new_address() {
        let mut bob = Watcher::default();
        bob.handle_keys([ALICE].into());
        announce(&mut bob, "a", ALICE, &["192.0.2.1"]);
        assert_eq!(
            announce(&mut bob, "a", ALICE, &["192.0.2.9", "2001:db8::1"]),
            ["ws://192.0.2.9:7373", "ws://[2001:db8::1]:7373"]
        );
    }

    #[test]
    fn alice_is_found_again_when_she_comes_back() {
        let mut bob = Watcher::default();
        bob.handle_keys([ALICE].into());
        announce(&mut bob, "a", ALICE, &["192.0.2.1"]);
        bob.handle_gone("a");
        assert_eq!(announce(&mut bob, "a", ALICE, &["192.0.2.1"]).len(), 1);
    }

    #[test]
    fn a_new_contact_who_is_there_already_is_found_at_once() {
        let mut carol = Watcher::default();
        carol.handle_keys([ALICE].into());
        announce(&mut carol, "b", BOB, &["192.0.2.2"]);
        let found = carol.handle_keys([ALICE, BOB].into());
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].key, BOB);
        assert!(carol.handle_keys([ALICE].into()).is_empty());
        assert_eq!(carol.handle_keys([BOB].into()).len(), 1);
    }

    #[test]
    fn addresses_that_cannot_be_dialled_are_left_out() {
        let mut bob = Watcher::default();
        bob.handle_keys([ALICE].into());
        assert!(
            announce(
                &mut bob,
                "a",
                ALICE,
                &["fe80::1", "0.0.0.0", "224.0.0.251", "::"]
            )
            .is_empty()
        );
    }

    #[test]
    fn a_flood_of_announcements_is_bounded() {
        let mut bob = Watcher::default();
        bob.handle_keys([ALICE].into());
        for number in 0..2 * MOST_SEEN {
            announce(&mut bob, &number.to_string(), BOB, &["192.0.2.2"]);
        }
        assert_eq!(bob.seen.len(), MOST_SEEN);
        let many: Vec<String> = (0..50).map(|last| format!("192.0.2.{last}")).collect();
        bob.handle_gone("0");
        assert_eq!(
            announce(
                &mut bob,
                "a",
                ALICE,
                &many.iter().map(String::as_str).collect::<Vec<_>>()
            )
            .len(),
            MOST_ADDRESSES
        );
    }
}
