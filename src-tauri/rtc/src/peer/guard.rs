//! What to do with pictures while the pacer is behind.

use std::time::{Duration, Instant};

/// The pacer's queue may grow this old before frames are dropped.
const TOO_OLD: Duration = Duration::from_millis(350);
/// And has to be this young again before sending goes on.
const YOUNG: Duration = Duration::from_millis(150);
/// Least time between two requests for a key frame.
const ASK_AGAIN: Duration = Duration::from_millis(300);

/// What to do with a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    Send,
    Drop,
    /// And ask the encoder for a key frame: the queue is short enough again.
    DropAndAsk,
}

/// Drops whole frames while the pacer, which never drops, is too far behind.
#[derive(Debug, Default)]
pub(crate) struct DropGuard {
    dropping: bool,
    asked: Option<Instant>,
}

impl DropGuard {
    /// `waiting`: how long the oldest packet has been in the pacer's queue.
    pub fn admit(&mut self, now: Instant, waiting: Duration, key: bool) -> Admission {
        if !self.dropping {
            if waiting <= TOO_OLD {
                return Admission::Send;
            }
            self.dropping = true;
            return Admission::Drop;
        }
        if waiting >= YOUNG {
            return Admission::Drop;
        }
        if key {
            *self = Self::default();
            return Admission::Send;
        }
        if self.asked.is_some_and(|at| now < at + ASK_AGAIN) {
            return Admission::Drop;
        }
        self.asked = Some(now);
        Admission::DropAndAsk
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn frames_are_dropped_until_a_key_frame_after_the_queue_is_short() {
        let now = Instant::now();
        let mut guard = DropGuard::default();
        assert_eq!(guard.admit(now, 350 * MS, false), Admission::Send);
        assert_eq!(guard.admit(now, 351 * MS, true), Admission::Drop);
        assert_eq!(guard.admit(now, 200 * MS, true), Admission::Drop);
        assert_eq!(guard.admit(now, 100 * MS, false), Admission::DropAndAsk);
        assert_eq!(guard.admit(now + 100 * MS, 50 * MS, false), Admission::Drop);
        assert_eq!(
            guard.admit(now + 300 * MS, 50 * MS, false),
            Admission::DropAndAsk
        );
        assert_eq!(guard.admit(now + 330 * MS, 50 * MS, true), Admission::Send);
        assert_eq!(guard.admit(now + 360 * MS, 50 * MS, false), Admission::Send);
    }
}
