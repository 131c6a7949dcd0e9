//! What decides which connection has to go first for another.

use std::{
    cmp::Reverse,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

/// What one connection has done so far. Written by its own session, without a lock, and read where there is no place left.
#[derive(Debug)]
pub(crate) struct Activity {
    /// The time that the others are counted from, in milliseconds. The same for all connections of a server.
    epoch: Instant,
    asked: AtomicU64,
    /// 0: it has not.
    registered: AtomicU64,
    displaced: Notify,
}

/// The smallest goes first: who is not registered before who is; of those, who asked for nothing for longest; of these, who registered
/// last. So whoever was there before a flood stays longest.
pub(super) type Turn = (bool, Reverse<u64>, u64);

impl Activity {
    /// Of a connection that comes now.
    pub(crate) fn new(epoch: Instant, now: Instant) -> Self {
        Self {
            epoch,
            asked: AtomicU64::new(millis(epoch, now)),
            registered: AtomicU64::new(0),
            displaced: Notify::new(),
        }
    }

    /// It asked for something.
    pub(crate) fn asks(&self, now: Instant) {
        self.asked.store(millis(self.epoch, now), Ordering::Relaxed);
    }

    /// It has registered a key.
    pub(crate) fn registers(&self, now: Instant) {
        let at = millis(self.epoch, now).saturating_add(1);
        self.registered.store(at, Ordering::Relaxed);
    }

    /// Resolves when it has to go for another.
    pub(crate) async fn displaced(&self) {
        self.displaced.notified().await;
    }

    pub(super) fn displace(&self) {
        self.displaced.notify_one();
    }

    pub(super) fn turn(&self) -> Turn {
        let registered = self.registered.load(Ordering::Relaxed);
        let asked = self.asked.load(Ordering::Relaxed);
        (registered > 0, Reverse(registered), asked)
    }

    /// Whether it is not registered and has asked for nothing for this long.
    pub(super) fn is_idle(&self, now: Instant, patience: Duration) -> bool {
        let asked = Duration::from_millis(self.asked.load(Ordering::Relaxed));
        self.registered.load(Ordering::Relaxed) == 0 && now >= self.epoch + asked + patience
    }
}

fn millis(epoch: Instant, now: Instant) -> u64 {
    let passed = now.saturating_duration_since(epoch).as_millis();
    u64::try_from(passed).unwrap_or(u64::MAX)
}
