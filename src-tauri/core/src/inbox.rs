//! Puts one call's messages back in the order in which they were sent.
//!
//! The ways a message can travel deliver some twice and some late. Each message is handed on once, when all before it
//! were; one that comes too far ahead is dropped (its sender sends it again until it was delivered).

use std::collections::BTreeMap;

/// The most messages that wait for one before them.
pub const MAX_WAITING: usize = 64;

/// One call's incoming messages. `T` is what they say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inbox<T> {
    expected: u32,
    waiting: BTreeMap<u32, T>,
}

impl<T> Default for Inbox<T> {
    fn default() -> Self {
        Self {
            expected: 0,
            waiting: BTreeMap::new(),
        }
    }
}

impl<T> Inbox<T> {
    /// The next message was already seen by other means.
    pub fn skip(&mut self) {
        self.expected = self.expected.saturating_add(1);
    }

    /// Takes a message in. True where it was not there before and there is room for it.
    pub fn put(&mut self, seq: u32, message: T) -> bool {
        let ahead = match seq.checked_sub(self.expected) {
            None => return false,
            Some(ahead) => usize::try_from(ahead).unwrap_or(usize::MAX),
        };
        if ahead > MAX_WAITING || self.waiting.contains_key(&seq) {
            return false;
        }
        self.waiting.insert(seq, message);
        true
    }

    /// The next message in order, if it is there.
    pub fn take(&mut self) -> Option<T> {
        let message = self.waiting.remove(&self.expected)?;
        self.expected = self.expected.saturating_add(1);
        Some(message)
    }
}
