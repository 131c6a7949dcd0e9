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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::random::Random;

    fn drain(inbox: &mut Inbox<u32>) -> Vec<u32> {
        std::iter::from_fn(|| inbox.take()).collect()
    }

    #[test]
    fn in_order_they_pass_at_once() {
        let mut inbox = Inbox::default();
        for seq in 0..3 {
            assert!(inbox.put(seq, seq));
            assert_eq!(drain(&mut inbox), [seq]);
        }
    }

    #[test]
    fn a_late_one_lets_those_after_it_through() {
        let mut inbox = Inbox::default();
        assert!(inbox.put(2, 2) && inbox.put(1, 1));
        assert!(drain(&mut inbox).is_empty());
        assert!(inbox.put(0, 0));
        assert_eq!(drain(&mut inbox), [0, 1, 2]);
    }

    #[test]
    fn a_repeated_one_is_dropped_while_it_waits_and_after_it_passed() {
        let mut inbox = Inbox::default();
        assert!(inbox.put(1, 1));
        assert!(!inbox.put(1, 99));
        assert!(inbox.put(0, 0));
        assert_eq!(drain(&mut inbox), [0, 1]);
        assert!(!inbox.put(0, 99) && !inbox.put(1, 99));
        assert!(drain(&mut inbox).is_empty());
    }

    #[test]
    fn what_comes_too_far_ahead_is_dropped_until_there_is_room() {
        let mut inbox = Inbox::default();
        let most = u32::try_from(MAX_WAITING).unwrap();
        assert!(inbox.put(most, 0) && !inbox.put(most + 1, 0) && !inbox.put(u32::MAX, 0));
        assert!(inbox.put(0, 0));
        assert_eq!(drain(&mut inbox), [0]);
        assert!(inbox.put(most + 1, 0));
    }

    #[test]
    fn after_a_skip_the_next_one_is_expected() {
        let mut inbox = Inbox::default();
        inbox.skip();
        assert!(!inbox.put(0, 0) && inbox.put(1, 1));
        assert_eq!(drain(&mut inbox), [1]);
    }

    #[test]
    fn any_shuffling_with_repeats_comes_out_in_order() {
        for seed in 0..200 {
            let mut random = Random::new(seed);
            let mut travelling: Vec<u32> = (0..60).chain((0..60).filter(|n| n % 3 == 0)).collect();
            let (mut inbox, mut seen) = (Inbox::default(), Vec::new());
            while !travelling.is_empty() {
                let seq = travelling.swap_remove(random.below(travelling.len()));
                inbox.put(seq, seq);
                seen.extend(drain(&mut inbox));
            }
            assert_eq!(seen, (0..60).collect::<Vec<_>>(), "seed {seed}");
        }
    }
}
