//! How long to wait before connecting again.

use std::time::Duration;

use crate::limits::{BACKOFF_MAX, BACKOFF_MIN};

/// Doubles from [`BACKOFF_MIN`] to [`BACKOFF_MAX`]. Each wait is shortened at random by up to a half, so that the clients of a
/// server that came back do not all return in the same moment.
#[derive(Debug, Clone)]
pub(super) struct Backoff {
    next: Duration,
}

impl Backoff {
    pub(super) fn new() -> Self {
        Self { next: BACKOFF_MIN }
    }

    pub(super) fn reset(&mut self) {
        *self = Self::new();
    }

    /// Straight to the longest wait: coming back soon would do harm.
    pub(super) fn exhaust(&mut self) {
        self.next = BACKOFF_MAX;
    }

    /// The next wait. `chance` is a random number.
    pub(super) fn wait(&mut self, chance: u32) -> Duration {
        let full = self.next;
        self.next = (full * 2).min(BACKOFF_MAX);
        full - full.mul_f64(0.5 * f64::from(chance) / f64::from(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_start_over() {
        let mut backoff = Backoff::new();
        let waits: Vec<_> = (0..9).map(|_| backoff.wait(0).as_millis()).collect();
        assert_eq!(
            waits,
            [250, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000]
        );
        backoff.reset();
        assert_eq!(backoff.wait(0), BACKOFF_MIN);
        backoff.exhaust();
        assert_eq!(backoff.wait(0), BACKOFF_MAX);
    }

    #[test]
    fn chance_shortens_a_wait_by_no_more_than_half() {
        assert_eq!(Backoff::new().wait(u32::MAX), BACKOFF_MIN / 2);
        let middle = Backoff::new().wait(u32::MAX / 2);
        assert!(middle > BACKOFF_MIN / 2 && middle < BACKOFF_MIN);
    }
}
