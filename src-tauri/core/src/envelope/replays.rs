//! Which first messages were opened already. Each has a key of its own, which is remembered until the message itself
//! would be stale.

use std::collections::HashMap;

use super::{EnvelopeError, MAX_NOTE_AGE_MS, MAX_SKEW_MS};
use crate::identity::PublicKey;
use crate::message::Kind;

/// The most first messages of one contact that are opened in that time. A call that rings in vain has some 25.
const MAX_OF_CONTACT: usize = 512;
/// The same of all who are no contact, together.
const MAX_OF_GUESTS: usize = 256;

/// How old a first message may be, in milliseconds. A note waits for its recipient.
pub(super) fn patience(kind: &Kind) -> u64 {
    match kind {
        Kind::Note { .. } => MAX_NOTE_AGE_MS,
        _ => MAX_SKEW_MS,
    }
}

/// Whether the sender of a first message is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Admission {
    /// A contact.
    Contact,
    /// No contact, and shows an invite of ours.
    Guest,
    /// A stranger, or somebody blocked.
    Refused,
}

/// A first message that was opened: to be kept, so that it is not opened once more after a restart.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Seen {
    /// The message's own key.
    pub ephemeral: [u8; 32],
    /// When it can be forgotten, in milliseconds of Unix time.
    pub until_ms: u64,
}

/// The number says nothing, and yet nobody needs it in a log.
impl std::fmt::Debug for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seen")
    }
}

/// Who sent a message, as far as their number is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    Contact(PublicKey),
    Guest,
    /// Of an earlier run.
    Before,
}

#[derive(Default)]
pub(super) struct Replays {
    seen: HashMap<[u8; 32], (u64, Whose)>,
    news: Vec<Seen>,
}

impl Replays {
    pub(super) fn new(before: impl IntoIterator<Item = Seen>) -> Self {
        let entry = |seen: Seen| (seen.ephemeral, (seen.until_ms, Whose::Before));
        Self {
            seen: before.into_iter().map(entry).collect(),
            news: Vec::new(),
        }
    }

    pub(super) fn contains(&self, ephemeral: &[u8; 32]) -> bool {
        self.seen.contains_key(ephemeral)
    }

    /// Whether one more message of this sender may be opened, and whose it counts as.
    pub(super) fn room_for(
        &mut self,
        now_ms: u64,
        from: PublicKey,
        admission: Admission,
    ) -> Result<Whose, EnvelopeError> {
        self.seen.retain(|_, (until, _)| *until > now_ms);
        let (whose, most) = match admission {
            Admission::Contact => (Whose::Contact(from), MAX_OF_CONTACT),
            Admission::Guest => (Whose::Guest, MAX_OF_GUESTS),
            Admission::Refused => return Err(EnvelopeError::NotHeard),
        };
        let theirs = self.seen.values().filter(|(_, other)| *other == whose);
        if theirs.count() >= most {
            return Err(EnvelopeError::TooMany);
        }
        Ok(whose)
    }

    /// Remembers a message that is stale after `patience` milliseconds; for longer than any clock takes to find that.
    pub(super) fn add(&mut self, now_ms: u64, patience: u64, ephemeral: [u8; 32], whose: Whose) {
        let until_ms = now_ms.saturating_add(patience).saturating_add(MAX_SKEW_MS);
        self.seen.insert(ephemeral, (until_ms, whose));
        if self.news.len() < MAX_OF_CONTACT {
            self.news.push(Seen {
                ephemeral,
                until_ms,
            });
        }
    }

    pub(super) fn take_news(&mut self) -> Vec<Seen> {
        std::mem::take(&mut self.news)
    }
}
