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

/// Who is watched for: their id, and the key of the tags they announce for us.
pub(super) type People = HashMap<[u8; 32], [u8; 32]>;

#[derive(Default)]
pub(super) struct Watcher {
    people: People,
    seen: HashMap<String, Seen>,
}

struct Seen {
    record: Record,
    addresses: BTreeSet<SocketAddr>,
    told: HashSet<([u8; 32], SocketAddr)>,
}

impl Watcher {
    /// Watches for these people from now on, and says who of them is there already.
    pub(super) fn handle_people(&mut self, people: People) -> Vec<Found> {
        self.people = people;
        let Self { people, seen } = self;
        seen.values_mut()
            .flat_map(|seen| {
                seen.told.retain(|(id, _)| people.contains_key(id));
                seen.found(people)
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
        seen.found(&self.people)
    }

    /// An announcement has gone.
    pub(super) fn handle_gone(&mut self, name: &str) {
        self.seen.remove(name);
    }
}

impl Seen {
    fn found(&mut self, people: &People) -> Vec<Found> {
        let Self {
            record,
            addresses,
            told,
        } = self;
        let known = people.iter().filter(|(_, key)| record.is_for(key));
        known
            .flat_map(|(id, _)| addresses.iter().map(move |address| (*id, *address)))
            .filter(|pair| told.insert(*pair))
            .map(|(id, address)| Found {
                id,
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

    /// What each announces for the watcher by.
    fn tag_key(id: [u8; 32]) -> [u8; 32] {
        id.map(|byte| byte ^ 0xff)
    }

    fn people<const N: usize>(ids: [[u8; 32]; N]) -> People {
        ids.map(|id| (id, tag_key(id))).into()
    }

    fn announce(
        watcher: &mut Watcher,
        name: &str,
        key: [u8; 32],
        addresses: &[&str],
    ) -> Vec<String> {
        let addresses = addresses.iter().map(|address| address.parse().unwrap());
        let record = Record::new([9; 32], [tag_key(key)]);
        watcher
            .handle_announced(name, record, 7373, addresses)
            .into_iter()
            .map(|found| found.url)
            .collect()
    }

    #[test]
    fn bob_finds_alice_once_and_not_the_stranger() {
        let mut bob = Watcher::default();
        assert!(bob.handle_people(people([ALICE])).is_empty());
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
        bob.handle_people(people([ALICE]));
        announce(&mut bob, "a", ALICE, &["192.0.2.1"]);
        assert_eq!(
            announce(&mut bob, "a", ALICE, &["192.0.2.9", "2001:db8::1"]),
            ["ws://192.0.2.9:7373", "ws://[2001:db8::1]:7373"]
        );
    }

    #[test]
    fn alice_is_found_again_when_she_comes_back() {
        let mut bob = Watcher::default();
        bob.handle_people(people([ALICE]));
        announce(&mut bob, "a", ALICE, &["192.0.2.1"]);
        bob.handle_gone("a");
        assert_eq!(announce(&mut bob, "a", ALICE, &["192.0.2.1"]).len(), 1);
    }

    #[test]
    fn a_new_contact_who_is_there_already_is_found_at_once() {
        let mut carol = Watcher::default();
        carol.handle_people(people([ALICE]));
        announce(&mut carol, "b", BOB, &["192.0.2.2"]);
        let found = carol.handle_people(people([ALICE, BOB]));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].id, BOB);
        assert!(carol.handle_people(people([ALICE])).is_empty());
        assert_eq!(carol.handle_people(people([BOB])).len(), 1);
    }

    #[test]
    fn addresses_that_cannot_be_dialled_are_left_out() {
        let mut bob = Watcher::default();
        bob.handle_people(people([ALICE]));
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
        bob.handle_people(people([ALICE]));
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
