//! What an announcement says, and how to recognise somebody in it.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::wire::{BytesError, Fixed, Key};

/// First bytes of what a tag hashes, so that it is no other protocol's hash.
const DOMAIN: &[u8] = b"ringdown lan tag 1\0";

/// Version of the record. Records of another version are ignored.
const VERSION: &str = "1";

/// The first 16 bytes of SHA-256 over domain, salt and key: names somebody to those who know their key, and to nobody else.
pub type Tag = Fixed<16>;

/// The TXT record of an announcement: `v=1`, `s=` the salt, `h=` the tag, both base64url.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    salt: Fixed<16>,
    tag: Tag,
}

impl Record {
    /// Announces `key`, under a salt to be used for one announcement only: who is announced cannot be followed from one
    /// start of the app to the next.
    #[must_use]
    pub fn new(salt: [u8; 16], key: &[u8; 32]) -> Self {
        let salt = Fixed(salt);
        Self {
            salt,
            tag: tag(&salt, &Key::from(*key)),
        }
    }

    /// Whether this announces `key`.
    #[must_use]
    pub fn is_of(&self, key: &[u8; 32]) -> bool {
        self.tag == tag(&self.salt, &Key::from(*key))
    }

    /// The TXT properties.
    #[must_use]
    pub fn properties(&self) -> [(&'static str, String); 3] {
        [
            ("v", VERSION.to_owned()),
            ("s", self.salt.to_string()),
            ("h", self.tag.to_string()),
        ]
    }

    /// Reads TXT properties, of which `property` gives the value by name.
    ///
    /// # Errors
    /// See [`RecordError`].
    pub fn read<'a>(property: impl Fn(&str) -> Option<&'a str>) -> Result<Self, RecordError> {
        let value = |name| property(name).ok_or(RecordError::Missing);
        if value("v")? != VERSION {
            return Err(RecordError::OtherVersion);
        }
        Ok(Self {
            salt: Fixed::parse(value("s")?)?,
            tag: Fixed::parse(value("h")?)?,
        })
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
    /// Salt or tag is damaged.
    #[error(transparent)]
    Bytes(#[from] BytesError),
}

fn tag(salt: &Fixed<16>, key: &Key) -> Tag {
    let hash = Sha256::new()
        .chain_update(DOMAIN)
        .chain_update(salt.0)
        .chain_update(key.0)
        .finalize();
    let mut tag = [0; 16];
    tag.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    Fixed(tag)
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v={VERSION} s={} h={}", self.salt, self.tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(record: &Record) -> Result<Record, RecordError> {
        let properties = record.properties();
        Record::read(|name| {
            properties
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value.as_str())
        })
    }

    #[test]
    fn a_contact_recognises_alice_and_a_stranger_does_not() {
        let record = read(&Record::new([7; 16], &[1; 32])).unwrap();
        assert!(record.is_of(&[1; 32]));
        assert!(!record.is_of(&[2; 32]));
    }

    #[test]
    fn two_announcements_of_alice_have_nothing_in_common() {
        let [one, other] = [[7; 16], [8; 16]].map(|salt| Record::new(salt, &[1; 32]));
        assert_ne!(one.salt, other.salt);
        assert_ne!(one.tag, other.tag);
    }

    #[test]
    fn the_bytes_are_golden() {
        let text = Record::new([7; 16], &[1; 32]).to_string();
        assert_eq!(
            text,
            "v=1 s=BwcHBwcHBwcHBwcHBwcHBw h=0wjnQoxInvJQa1rVLo0asQ"
        );
    }

    #[test]
    fn foreign_and_damaged_records_are_ignored() {
        let with = |v: &'static str, s: &'static str| {
            Record::read(move |name| match name {
                "v" => Some(v),
                "s" => Some(s),
                "h" => Some("BwcHBwcHBwcHBwcHBwcHBw"),
                _ => None,
            })
        };
        assert!(with("1", "BwcHBwcHBwcHBwcHBwcHBw").is_ok());
        assert_eq!(
            with("2", "BwcHBwcHBwcHBwcHBwcHBw"),
            Err(RecordError::OtherVersion)
        );
        assert_eq!(
            with("1", "BwcH"),
            Err(RecordError::Bytes(BytesError::Length { expected: 16 }))
        );
        assert_eq!(
            with("1", "BwcH=+"),
            Err(RecordError::Bytes(BytesError::Encoding))
        );
        assert_eq!(Record::read(|_| None), Err(RecordError::Missing));
    }
}
