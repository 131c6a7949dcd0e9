//! How two people make sure that nobody stands between them: a number that both see, and a QR code.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha512};
use ts_rs::TS;

use crate::identity::PublicKey;

const LABEL: &[u8] = b"ringdown safety number 1\0";
const QR: &str = "ringdown-verify:1:";
/// Groups of five digits in a number.
const GROUPS: usize = 12;
/// Bytes of the hash that make one group.
const GROUP_BYTES: usize = 5;

/// What a scanned code says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Scan {
    /// It is this contact's, and they have this person's key.
    Match,
    /// It is somebody else's, or they have another key for this person: somebody may stand between them.
    Mismatch,
    /// It is no such code.
    NotOne,
}

/// The safety number of two people: 60 digits in 12 groups, the same whoever asks.
///
/// SHA-512 of a label, the lower and the higher key; each group is 5 bytes of it, big-endian, modulo 100,000.
#[must_use]
pub fn number(one: PublicKey, other: PublicKey) -> String {
    let (lower, higher) = (one.min(other), one.max(other));
    let hash = Sha512::new()
        .chain_update(LABEL)
        .chain_update(lower.as_bytes())
        .chain_update(higher.as_bytes())
        .finalize();
    let group = |bytes: &[u8]| {
        let number = bytes
            .iter()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        format!("{:05}", number % 100_000)
    };
    let groups: Vec<String> = hash.chunks(GROUP_BYTES).take(GROUPS).map(group).collect();
    groups.join(" ")
}

/// The text of the QR code that `me` shows to `them`.
#[must_use]
pub fn qr_text(me: PublicKey, them: PublicKey) -> String {
    format!("{QR}{me}:{them}")
}

/// What it means that `me` scanned this text from the screen of `them`.
#[must_use]
pub fn check_scan(me: PublicKey, them: PublicKey, text: &str) -> Scan {
    let keys = text.trim().strip_prefix(QR).and_then(|keys| {
        let (shown, expected) = keys.split_once(':')?;
        Some((shown.parse::<PublicKey>().ok()?, expected.parse().ok()?))
    });
    match keys {
        None => Scan::NotOne,
        Some(keys) if keys == (them, me) => Scan::Match,
        Some(_) => Scan::Mismatch,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Identity;
    use crate::tests::random::Random;

    fn key(seed: u8) -> PublicKey {
        Identity::from_seed([seed; 32]).public()
    }

    #[test]
    fn alice_and_bob_see_the_same_number_and_it_never_changes() {
        let (alice, bob) = (key(1), key(2));
        assert_eq!(number(alice, bob), number(bob, alice));
        assert_eq!(
            number(alice, bob),
            "94257 27214 89875 79013 99851 75849 88067 83301 10217 62059 86966 52217"
        );
    }

    #[test]
    fn every_number_has_twelve_groups_of_five_digits_and_no_two_are_the_same() {
        let mut random = Random::new(1);
        let mut seen = std::collections::HashSet::new();
        for _ in 0..200 {
            let [one, other] = [0; 2].map(|_| Identity::from_seed(random.seed()).public());
            let number = number(one, other);
            let groups: Vec<&str> = number.split(' ').collect();
            assert_eq!(groups.len(), 12);
            for group in groups {
                assert!(group.len() == 5 && group.bytes().all(|b| b.is_ascii_digit()));
            }
            assert!(seen.insert(number));
        }
    }

    #[test]
    fn one_scan_verifies_both_directions() {
        let (alice, bob, mallory) = (key(1), key(2), key(4));
        let shown_by_bob = qr_text(bob, alice);
        assert_eq!(check_scan(alice, bob, &shown_by_bob), Scan::Match);
        assert_eq!(
            check_scan(alice, bob, &format!(" {shown_by_bob}\n")),
            Scan::Match
        );
        // Mallory gave Alice a key of his own for Bob, or Bob one for Alice.
        assert_eq!(check_scan(alice, mallory, &shown_by_bob), Scan::Mismatch);
        assert_eq!(
            check_scan(alice, bob, &qr_text(bob, mallory)),
            Scan::Mismatch
        );
        // Alice's own code, or a third person's.
        assert_eq!(check_scan(alice, bob, &qr_text(alice, bob)), Scan::Mismatch);
        for other in [
            "",
            "ringdown:abc",
            "ringdown-verify:1:",
            "ringdown-verify:1:a:b",
        ] {
            assert_eq!(check_scan(alice, bob, other), Scan::NotOne);
        }
        let newer = shown_by_bob.replacen(":1:", ":2:", 1);
        assert_eq!(check_scan(alice, bob, &newer), Scan::NotOne);
    }
}
