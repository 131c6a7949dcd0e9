//! How loud a stream is now.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The level counts as nothing when no sound came for so long.
const QUIET: Duration = Duration::from_millis(200);

/// The loudness (root mean square, 0 to 1) of what a stream carried last.
#[derive(Default)]
pub(super) struct Level(Mutex<Option<(f64, Instant)>>);

impl Level {
    /// Takes the stream's newest samples.
    pub(super) fn measure(&self, samples: impl ExactSizeIterator<Item = i16>) {
        *self.lock() = Some((root_mean_square(samples), Instant::now()));
    }

    /// A stream begins anew.
    pub(super) fn forget(&self) {
        *self.lock() = None;
    }

    /// Whether there was any sound since the stream began, silence included.
    pub(super) fn flowed(&self) -> bool {
        self.lock().is_some()
    }

    /// 0 is silence, and what a stream has that stopped.
    pub(super) fn now(&self) -> f64 {
        match *self.lock() {
            Some((level, measured)) if measured.elapsed() < QUIET => level,
            _ => 0.0,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<(f64, Instant)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn root_mean_square(samples: impl ExactSizeIterator<Item = i16>) -> f64 {
    let count = samples.len().max(1);
    let power: f64 = samples
        .map(|sample| (f64::from(sample) / 32_768.0).powi(2))
        .sum();
    (power / count as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_is_that_of_the_newest_samples() {
        let level = Level::default();
        assert!(!level.flowed() && level.now() == 0.0);
        level.measure([0; 480].into_iter());
        assert!(level.flowed() && level.now() == 0.0, "silence flows, too");
        level.measure([16_384, -16_384].into_iter());
        assert_eq!(level.now(), 0.5);
        level.measure(std::iter::empty());
        assert_eq!(level.now(), 0.0);
        level.forget();
        assert!(!level.flowed());
    }
}
