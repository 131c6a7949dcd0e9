//! How fast somebody may send.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// The longest that a bucket is waited for: one that never fills again counts as full then.
const LONGEST_FILL: Duration = Duration::from_secs(3600);

/// What one address may still send. Clones share it.
#[derive(Debug, Clone)]
pub(in crate::server) struct Allowance(Arc<Mutex<Bucket>>);

impl Allowance {
    pub(in crate::server) fn new(bucket: Bucket) -> Self {
        Self(Arc::new(Mutex::new(bucket)))
    }

    /// Takes one send if there is one left.
    pub(in crate::server) fn take(&self, now: Instant) -> bool {
        self.lock().take(now)
    }

    /// From when on it is as if nothing had been sent; not after now if it is so now.
    pub(in crate::server) fn full_at(&self, now: Instant) -> Instant {
        self.lock().full_at(now)
    }

    fn lock(&self) -> MutexGuard<'_, Bucket> {
        // No code panics while it holds the lock, and a bucket is whole at every moment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A token bucket: `per_second` for ever, `burst` at once.
#[derive(Debug, Clone)]
pub(in crate::server) struct Bucket {
    tokens: f64,
    per_second: f64,
    burst: f64,
    filled: Instant,
}

impl Bucket {
    pub(in crate::server) fn new(per_second: u32, burst: u32, now: Instant) -> Self {
        Self {
            tokens: f64::from(burst),
            per_second: f64::from(per_second),
            burst: f64::from(burst),
            filled: now,
        }
    }

    fn fill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.filled = self.filled.max(now);
        self.tokens = (self.tokens + passed * self.per_second).min(self.burst);
    }

    /// From when on it is as it was at first.
    fn full_at(&mut self, now: Instant) -> Instant {
        self.fill(now);
        let missing = (self.burst - self.tokens) / self.per_second;
        let missing = match self.tokens >= self.burst {
            true => Duration::ZERO,
            false => Duration::try_from_secs_f64(missing).unwrap_or(LONGEST_FILL),
        };
        now + missing.min(LONGEST_FILL)
    }

    /// Takes one token if there is one.
    pub(in crate::server) fn take(&mut self, now: Instant) -> bool {
        self.fill(now);
        if self.tokens < 1.0 {
            return false;
        }
        self.tokens -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_a_burst_and_then_its_rate() {
        let start = Instant::now();
        let mut bucket = Bucket::new(10, 3, start);
        assert_eq!((0..5).filter(|_| bucket.take(start)).count(), 3);
        assert!(!bucket.take(start + Duration::from_millis(50)));
        assert!(bucket.take(start + Duration::from_millis(150)));
        let later = start + Duration::from_secs(60);
        assert_eq!((0..5).filter(|_| bucket.take(later)).count(), 3);
        let full = bucket.full_at(later);
        assert_eq!(full, later + Duration::from_millis(300));
        assert_eq!(bucket.full_at(full), full);
        assert!(bucket.take(full));
        assert!(bucket.full_at(full) > full);
    }

    #[test]
    fn a_bucket_that_never_fills_is_not_waited_for_for_ever() {
        let start = Instant::now();
        let mut bucket = Bucket::new(0, 3, start);
        assert_eq!(bucket.full_at(start), start);
        assert!(bucket.take(start));
        assert_eq!(bucket.full_at(start), start + LONGEST_FILL);
    }
}
