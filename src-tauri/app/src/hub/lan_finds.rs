//! Where contacts seem to be on this network. Announcements can be copied by whoever hears them, so what they say is kept in
//! memory only, for a while, and used beside what a contact said themselves.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use ringdown_core::identity::PublicKey;
use ringdown_core::invite::Reach;

/// The most addresses of one contact; the freshest.
const MAX_ADDRESSES: usize = 3;
/// The most contacts; more than an announcement can be meant for.
const MAX_CONTACTS: usize = 256;
/// How long an address is used that is not announced any more: it is told again every minute as long as it is.
const LIFE: Duration = Duration::from_secs(180);

/// By contact, the freshest address first.
#[derive(Default)]
pub(super) struct LanFinds(HashMap<PublicKey, Vec<Find>>);

struct Find {
    at: Reach,
    until: Instant,
}

impl LanFinds {
    /// A contact was found at this address, or still is there. True where nothing of them was known: they came.
    pub(super) fn found(&mut self, now: Instant, key: PublicKey, at: Reach) -> bool {
        self.expire(now);
        if self.0.len() >= MAX_CONTACTS && !self.0.contains_key(&key) {
            let freshest = |finds: &Vec<Find>| finds.iter().map(|find| find.until).max();
            let oldest = self.0.iter().min_by_key(|(_, finds)| freshest(finds));
            if let Some(oldest) = oldest.map(|(key, _)| *key) {
                self.0.remove(&oldest);
            }
        }
        let until = now + LIFE;
        let finds = self.0.entry(key).or_default();
        let came = finds.is_empty();
        match finds.iter_mut().find(|find| find.at == at) {
            Some(known) => known.until = until,
            None => {
                finds.insert(0, Find { at, until });
                finds.truncate(MAX_ADDRESSES);
            }
        }
        came
    }

    /// Where this contact was found lately.
    pub(super) fn of(&self, now: Instant, key: PublicKey) -> impl Iterator<Item = &Reach> {
        let finds = self.0.get(&key).into_iter().flatten();
        finds
            .filter(move |find| find.until > now)
            .map(|find| &find.at)
    }

    /// They are no contact any more.
    pub(super) fn forget(&mut self, key: PublicKey) {
        self.0.remove(&key);
    }

    /// This machine is on another network.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    fn expire(&mut self, now: Instant) {
        self.0.retain(|_, finds| {
            finds.retain(|find| find.until > now);
            !finds.is_empty()
        });
    }
}

#[cfg(test)]
mod tests {
    use ringdown_core::identity::Identity;

    use super::*;

    fn bob() -> PublicKey {
        person(2)
    }

    fn person(seed: u8) -> PublicKey {
        Identity::from_seed([seed; 32]).public()
    }

    fn at(text: &str) -> Reach {
        Reach::parse(text).unwrap()
    }

    fn of(finds: &LanFinds, now: Instant) -> Vec<&str> {
        finds.of(now, bob()).map(Reach::as_str).collect()
    }

    #[test]
    fn the_freshest_three_are_used_for_as_long_as_they_are_announced() {
        let (start, mut finds) = (Instant::now(), LanFinds::default());
        for last in 1..=9 {
            let came = finds.found(start, bob(), at(&format!("ws://192.0.2.{last}:1")));
            assert_eq!(came, last == 1);
        }
        assert_eq!(
            of(&finds, start),
            ["ws://192.0.2.9:1", "ws://192.0.2.8:1", "ws://192.0.2.7:1"]
        );
        let later = start + LIFE / 2;
        assert!(!finds.found(later, bob(), at("ws://192.0.2.8:1")));
        assert_eq!(of(&finds, start + LIFE), ["ws://192.0.2.8:1"]);
        assert!(of(&finds, later + LIFE).is_empty());
        assert!(finds.found(later + LIFE, bob(), at("ws://192.0.2.8:1")));
        finds.forget(bob());
        assert!(of(&finds, later + LIFE).is_empty());
    }

    #[test]
    fn a_crowd_has_an_end_and_the_last_to_come_are_in_it() {
        let (start, mut finds) = (Instant::now(), LanFinds::default());
        let many = u32::try_from(MAX_CONTACTS).unwrap() + 44;
        for number in 0..many {
            let mut seed = [9; 32];
            seed[..4].copy_from_slice(&number.to_be_bytes());
            let key = Identity::from_seed(seed).public();
            let now = start + Duration::from_millis(number.into());
            finds.found(now, key, at("ws://192.0.2.1:1"));
        }
        assert_eq!(finds.0.len(), MAX_CONTACTS);
        finds.found(start + LIFE / 2, bob(), at("ws://192.0.2.2:1"));
        assert_eq!(of(&finds, start + LIFE / 2), ["ws://192.0.2.2:1"]);
    }
}
