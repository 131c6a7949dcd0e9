//! Which announcements are of people we know. No sockets here.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    net::{IpAddr, SocketAddr},
};

use super::{Found, Record};
use crate::targets::{Here, may_be_dialled};

/// Announcements remembered at most; a further one takes the place of one that is of nobody we know, or is ignored.
const MOST_SEEN: usize = 512;

/// Addresses looked at in one announcement.
const MOST_ADDRESSES: usize = 8;

/// Addresses of one person that are told again: whoever keeps them keeps few.
const MOST_TOLD_AGAIN: usize = 4;

/// Who is watched for: their id, and the key of the tags they announce for us.
pub(super) type People = HashMap<[u8; 32], [u8; 32]>;

#[derive(Default)]
pub(super) struct Watcher {
    /// Discovery was told to use the loopback interface, as in a test.
    loopback: bool,
    people: People,
    seen: HashMap<String, Seen>,
}

struct Seen {
    record: Record,
    addresses: BTreeSet<SocketAddr>,
    /// Of the addresses above, and people who are watched for.
    told: HashSet<([u8; 32], SocketAddr)>,
}

impl Watcher {
    /// `loopback`: discovery was told to use the loopback interface, as in a test.
    pub(super) fn new(loopback: bool) -> Self {
        Self {
            loopback,
            ..Self::default()
        }
    }

    /// Watches for these people from now on, and says who of them is there already.
    pub(super) fn handle_people(&mut self, people: People) -> Vec<Found> {
        self.people = people;
        let Self { people, seen, .. } = self;
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
        let mut told = match self.seen.remove(name) {
            Some(before) if before.record == record => before.told,
            Some(_) | None => HashSet::new(),
        };
        // It came by a link that we are on. A link-local IPv6 address says nothing without its interface, which a URL cannot name.
        let here = Here {
            loopback: self.loopback,
            link_local: true,
            scopes: Vec::new(),
        };
        let addresses: BTreeSet<SocketAddr> = addresses
            .into_iter()
            .map(|address| SocketAddr::new(address, port))
            .filter(|address| may_be_dialled(*address, &here))
            .take(MOST_ADDRESSES)
            .collect();
        if addresses.is_empty() || !self.has_room() {
            return Vec::new();
        }
        // Whoever announces ever new addresses is not remembered by all of them.
        told.retain(|(_, address)| addresses.contains(address));
        let seen = self.seen.entry(name.to_owned()).or_insert(Seen {
            record,
            addresses,
            told,
        });
        seen.found(&self.people)
    }

    /// Who is still there, to be told again to whoever forgets after a while.
    pub(super) fn still_there(&self) -> Vec<Found> {
        let mut told: HashMap<[u8; 32], BTreeSet<SocketAddr>> = HashMap::new();
        for (id, address) in self.seen.values().flat_map(|seen| &seen.told) {
            let addresses = told.entry(*id).or_default();
            if addresses.len() < MOST_TOLD_AGAIN {
                addresses.insert(*address);
            }
        }
        let pairs = told
            .into_iter()
            .flat_map(|(id, addresses)| addresses.into_iter().map(move |address| (id, address)));
        pairs.map(found).collect()
    }

    /// Room for one more, if need be in place of one that is of nobody we know.
    fn has_room(&mut self) -> bool {
        if self.seen.len() < MOST_SEEN {
            return true;
        }
        let nobodys = self.seen.iter().find(|(_, seen)| seen.told.is_empty());
        let nobodys = nobodys.map(|(name, _)| name.clone());
        nobodys.is_some_and(|name| self.seen.remove(&name).is_some())
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
            .map(found)
            .collect()
    }
}

fn found((id, address): ([u8; 32], SocketAddr)) -> Found {
    Found {
        id,
        url: format!("ws://{address}"),
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
                &[
                    "fe80::1",
                    "0.0.0.0",
                    "224.0.0.251",
                    "::",
                    "127.0.0.1",
                    "::1"
                ]
            )
            .is_empty()
        );
    }

    #[test]
    fn a_stranger_who_announces_alices_record_at_ever_new_addresses_leaves_no_more_than_the_last() {
        let mut bob = Watcher::default();
        bob.handle_people(people([ALICE]));
        for last in 1..=200 {
            let address = format!("192.0.2.{last}");
            assert_eq!(announce(&mut bob, "s", ALICE, &[&address]).len(), 1);
            assert_eq!(bob.seen["s"].told.len(), 1);
        }
        let there: Vec<String> = bob
            .still_there()
            .into_iter()
            .map(|found| found.url)
            .collect();
        assert_eq!(there, ["ws://192.0.2.200:7373"]);
        for name in 0..20 {
            announce(
                &mut bob,
                &name.to_string(),
                ALICE,
                &[&format!("198.51.100.{name}")],
            );
        }
        assert_eq!(bob.still_there().len(), MOST_TOLD_AGAIN);
        bob.handle_people(people([BOB]));
        assert!(bob.still_there().is_empty());
    }

    #[test]
    fn a_crowd_of_strangers_does_not_hide_alice() {
        let mut bob = Watcher::default();
        bob.handle_people(people([ALICE]));
        for number in 0..MOST_SEEN {
            announce(&mut bob, &number.to_string(), BOB, &["192.0.2.2"]);
        }
        assert_eq!(announce(&mut bob, "a", ALICE, &["192.0.2.1"]).len(), 1);
        assert_eq!(bob.seen.len(), MOST_SEEN);
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
