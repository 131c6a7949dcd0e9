//! What an announcement says, and how to recognise somebody in it.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::{limits::MAX_TAGS, wire::Fixed};

/// First bytes of what a tag hashes, so that it is no other protocol's hash.
const DOMAIN: &[u8] = b"ringdown lan tag 2\0";

/// The same for the tags that mean nobody.
const NOBODY: &[u8] = b"ringdown lan padding 2\0";

/// Version of the record. Records of another version are ignored.
const VERSION: &[u8] = b"2";

/// Announcements have a multiple of so many tags, so that the number of contacts does not show.
const BLOCK: usize = 8;

/// Tags in one string of the record, which has at most 255 bytes (RFC 6763 §6.1).
const TAGS_A_STRING: usize = 24;

/// The names of the strings with tags; as many as [`MAX_TAGS`] need.
const STRINGS: [&str; 5] = ["t0", "t1", "t2", "t3", "t4"];

/// The first 8 bytes of SHA-256 over domain, salt and a tag key: says something to who has that key, and to nobody else.
pub type Tag = Fixed<8>;

/// The TXT record of an announcement: `v=2`, `s=` the salt, `t0=`… the tags, 24 a string, as bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    salt: Fixed<16>,
    /// Sorted. They look random, so this order says nothing about whose they are.
    tags: Vec<Tag>,
}

impl Record {
    /// An announcement for those who have one of `keys`, of which [`MAX_TAGS`] count. `seed` is random and for this one only:
    /// then two announcements of one person have nothing in common for anybody else.
    #[must_use]
    pub fn new(seed: [u8; 32], keys: impl IntoIterator<Item = [u8; 32]>) -> Self {
        let mut salt = [0; 16];
        salt.iter_mut().zip(seed).for_each(|(to, from)| *to = from);
        let salt = Fixed(salt);
        let mut tags: Vec<Tag> = keys
            .into_iter()
            .take(MAX_TAGS)
            .map(|key| tag(DOMAIN, &salt.0, &key))
            .collect();
        // From the half of the seed that stays here: who does not know it can't tell these from tags.
        let padded = tags.len().next_multiple_of(BLOCK).max(BLOCK);
        let missing = padded - tags.len();
        tags.extend(
            (0_u8..)
                .take(missing)
                .map(|number| tag(NOBODY, &[number], &seed)),
        );
        tags.sort_unstable();
        Self { salt, tags }
    }

    /// Whether this is meant for who has `key`.
    #[must_use]
    pub fn is_for(&self, key: &[u8; 32]) -> bool {
        self.tags
            .binary_search(&tag(DOMAIN, &self.salt.0, key))
            .is_ok()
    }

    /// The TXT properties.
    #[must_use]
    pub fn properties(&self) -> Vec<(&'static str, Vec<u8>)> {
        let tags = self.tags.chunks(TAGS_A_STRING);
        let tags = tags.map(|tags| tags.iter().flat_map(|tag| tag.0).collect());
        [("v", VERSION.to_vec()), ("s", self.salt.0.to_vec())]
            .into_iter()
            .chain(STRINGS.into_iter().zip(tags))
            .collect()
    }

    /// Reads TXT properties, of which `property` gives the value by name.
    ///
    /// # Errors
    /// See [`RecordError`].
    pub fn read<'a>(property: impl Fn(&str) -> Option<&'a [u8]>) -> Result<Self, RecordError> {
        let value = |name| property(name).ok_or(RecordError::Missing);
        if value("v")? != VERSION {
            return Err(RecordError::OtherVersion);
        }
        let salt = value("s")?.try_into().map_err(|_| RecordError::Damaged)?;
        let mut tags = Vec::new();
        for bytes in STRINGS.into_iter().map_while(&property) {
            let (whole, rest) = bytes.as_chunks();
            if !rest.is_empty() {
                return Err(RecordError::Damaged);
            }
            tags.extend(whole.iter().copied().map(Fixed));
        }
        // Not more work for us than our own announcement is for others.
        tags.truncate(MAX_TAGS);
        tags.sort_unstable();
        Ok(Self {
            salt: Fixed(salt),
            tags,
        })
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} tags", self.tags.len())
    }
}

/// Why an announcement is not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// A property is not there.
    #[error("a property is missing")]
    Missing,
    /// Made by another version of the app.
    #[error("the record is of another version")]
    OtherVersion,
    /// Salt or tags have not the length they should.
    #[error("the record is damaged")]
    Damaged,
}

fn tag(domain: &[u8], salt: &[u8], key: &[u8; 32]) -> Tag {
    let hash = Sha256::new()
        .chain_update(domain)
        .chain_update(salt)
        .chain_update(key)
        .finalize();
    let mut tag = [0; 8];
    tag.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    Fixed(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Alice and Bob, Alice and Carol have between them.
    const FOR_BOB: [u8; 32] = [1; 32];
    const FOR_CAROL: [u8; 32] = [2; 32];
    const FOR_A_STRANGER: [u8; 32] = [3; 32];

    fn read(properties: &[(&'static str, Vec<u8>)]) -> Result<Record, RecordError> {
        Record::read(|name| {
            properties
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value.as_slice())
        })
    }

    fn many(count: u8) -> impl Iterator<Item = [u8; 32]> {
        (0..count).map(|number| [number; 32])
    }

    #[test]
    fn contacts_recognise_alice_and_a_stranger_does_not() {
        let record = Record::new([7; 32], [FOR_BOB, FOR_CAROL]);
        let record = read(&record.properties()).unwrap();
        assert!(record.is_for(&FOR_BOB) && record.is_for(&FOR_CAROL));
        assert!(!record.is_for(&FOR_A_STRANGER));
    }

    #[test]
    fn who_was_removed_recognises_alice_no_more() {
        let record = Record::new([7; 32], [FOR_CAROL]);
        assert!(!record.is_for(&FOR_BOB));
    }

    #[test]
    fn every_number_of_contacts_survives_the_round_trip_and_does_not_show() {
        for count in 0..=u8::try_from(MAX_TAGS).unwrap() {
            let record = Record::new([7; 32], many(count));
            let properties = record.properties();
            assert_eq!(read(&properties), Ok(record.clone()));
            assert!(many(count).all(|key| record.is_for(&key)));
            assert!(
                record.tags.len().is_multiple_of(BLOCK)
                    && record.tags.len() < usize::from(count) + BLOCK + 1
            );
            let size: usize = properties
                .iter()
                .map(|(name, value)| {
                    let string = name.len() + 1 + value.len();
                    assert!(string <= 255);
                    1 + string
                })
                .sum();
            // RFC 6763 §6.2: more would not go into one packet.
            assert!(size < 1000, "{size}");
        }
        let sizes = [1, 8].map(|count| Record::new([7; 32], many(count)).tags.len());
        assert_eq!(sizes[0], sizes[1]);
        assert_eq!(Record::new([7; 32], many(255)).tags.len(), MAX_TAGS);
    }

    #[test]
    fn the_order_of_the_contacts_does_not_show() {
        let [one, other] =
            [[FOR_BOB, FOR_CAROL], [FOR_CAROL, FOR_BOB]].map(|keys| Record::new([7; 32], keys));
        assert_eq!(one, other);
    }

    #[test]
    fn two_announcements_of_alice_have_nothing_in_common() {
        let [one, other] = [[7; 32], [8; 32]].map(|seed| Record::new(seed, [FOR_BOB]));
        assert_ne!(one.salt, other.salt);
        assert!(!one.tags.iter().any(|tag| other.tags.contains(tag)));
    }

    #[test]
    fn the_bytes_are_golden() {
        let properties = Record::new([7; 32], [FOR_BOB]).properties();
        let hex =
            |bytes: &[u8]| -> String { bytes.iter().map(|byte| format!("{byte:02x}")).collect() };
        let text: Vec<String> = properties
            .iter()
            .map(|(name, value)| format!("{name}={}", hex(value)))
            .collect();
        assert_eq!(text[0], "v=32");
        assert_eq!(text[1], "s=07070707070707070707070707070707");
        // The one that means something is 09c61d826eebb547.
        let tags = "t0=09c61d826eebb5470e39ac9b34672d1511f946c7fb2f4ea06237284216d223ce\
                    8379ae4c5527e75b89861f8fb70f36b9a4f685b4e9ed68a8dabe9a47fc062b0a";
        assert_eq!(text[2], tags);
    }

    #[test]
    fn foreign_and_damaged_records_are_ignored() {
        let with = |v: &[u8], s: &[u8], t: &[u8]| {
            read(&[("v", v.to_vec()), ("s", s.to_vec()), ("t0", t.to_vec())])
        };
        assert!(with(b"2", &[7; 16], &[7; 16]).is_ok());
        assert_eq!(
            with(b"1", &[7; 16], &[7; 16]),
            Err(RecordError::OtherVersion)
        );
        assert_eq!(with(b"2", &[7; 15], &[7; 16]), Err(RecordError::Damaged));
        assert_eq!(with(b"2", &[7; 16], &[7; 15]), Err(RecordError::Damaged));
        assert_eq!(read(&[]), Err(RecordError::Missing));
        let crowd = STRINGS.map(|name| (name, vec![7; 248]));
        let crowd: Vec<_> = [("v", b"2".to_vec()), ("s", vec![7; 16])]
            .into_iter()
            .chain(crowd)
            .collect();
        assert_eq!(read(&crowd).unwrap().tags.len(), MAX_TAGS);
    }
}
