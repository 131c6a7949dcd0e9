//! Holds back frames that cannot be decoded.

use std::time::{Duration, Instant};

/// Least time between two requests for a key frame.
const ASK_AGAIN: Duration = Duration::from_millis(500);

/// Lets a key frame through and what follows it without a gap.
#[derive(Debug)]
pub(crate) struct FrameGate {
    waiting: bool,
    asked: Option<Instant>,
}

impl Default for FrameGate {
    /// Nothing can be decoded before the first key frame.
    fn default() -> Self {
        Self {
            waiting: true,
            asked: None,
        }
    }
}

impl FrameGate {
    /// Whether the frame may pass. `contiguous`: nothing is missing before it.
    pub fn admit(&mut self, contiguous: bool, key: bool) -> bool {
        if key {
            *self = Self {
                waiting: false,
                asked: None,
            };
            return true;
        }
        if !contiguous {
            self.waiting = true;
        }
        !self.waiting
    }

    /// The receiver needs a key frame, for a reason of its own.
    pub fn lose(&mut self) {
        self.waiting = true;
    }

    /// Whether a key frame is to be asked for now; asking again is up to the caller's timer.
    pub fn asks(&mut self, now: Instant) -> bool {
        let due = self.waiting && self.asked.is_none_or(|at| now >= at + ASK_AGAIN);
        if due {
            self.asked = Some(now);
        }
        due
    }

    /// When to ask again.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.asked.filter(|_| self.waiting).map(|at| at + ASK_AGAIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_passes_before_the_first_key_frame() {
        let mut gate = FrameGate::default();
        assert!(!gate.admit(true, false));
        assert!(gate.admit(true, true));
        assert!(gate.admit(true, false));
    }

    #[test]
    fn a_gap_closes_the_gate_until_a_key_frame() {
        let mut gate = FrameGate::default();
        gate.admit(true, true);
        assert!(!gate.admit(false, false));
        assert!(!gate.admit(true, false));
        assert!(gate.admit(false, true));
    }

    #[test]
    fn a_key_frame_is_asked_for_again_and_again_but_not_all_the_time() {
        let now = Instant::now();
        let mut gate = FrameGate::default();
        assert!(gate.asks(now));
        assert!(!gate.asks(now + ASK_AGAIN / 2));
        assert_eq!(gate.poll_timeout(), Some(now + ASK_AGAIN));
        assert!(gate.asks(now + ASK_AGAIN));
        gate.admit(true, true);
        assert_eq!(gate.poll_timeout(), None);
        assert!(!gate.asks(now + 10 * ASK_AGAIN));
    }
}
