//! A way for packets, with a rate, a queue and jitter.

use std::time::{Duration, Instant};

/// One way from one to the other.
pub(super) const LATENCY: Duration = Duration::from_millis(10);

/// The way to Bob, as thin and as unsteady as it is.
#[derive(Default)]
pub(super) struct Link {
    /// Bits a second; any number where there is none.
    pub rate: Option<u64>,
    /// Packets are up to so much later than others, each by chance: some are overtaken.
    pub jitter: Duration,
    /// Until when the packets before are on their way into it.
    pub busy: Option<Instant>,
    pub chance: u64,
}

/// More than this does not wait in front of a thin link.
const QUEUE: Duration = Duration::from_millis(500);
/// IPv4 and UDP headers, in bytes.
const HEADERS: usize = 28;

impl Link {
    /// When a packet comes out at the other end; `None` when there is no room in the queue.
    pub fn carry(&mut self, now: Instant, length: usize) -> Option<Instant> {
        let mut out = now;
        if let Some(rate) = self.rate {
            out = self.busy.unwrap_or(now).max(now);
            if out - now > QUEUE {
                return None;
            }
            out += Duration::from_secs_f64(((length + HEADERS) * 8) as f64 / rate as f64);
            self.busy = Some(out);
        }
        Some(out + LATENCY + self.jitter.mul_f64(self.roll()))
    }

    /// 0 to 1, the same in each run.
    fn roll(&mut self) -> f64 {
        let chance = self.chance.wrapping_mul(6_364_136_223_846_793_005);
        self.chance = chance.wrapping_add(1_442_695_040_888_963_407);
        (self.chance >> 40) as f64 / f64::from(1 << 24)
    }
}
