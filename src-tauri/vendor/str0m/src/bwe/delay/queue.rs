use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::super::AckedPacket;
use super::super::time::Timestamp;

/// The last packets looked at. A queue delays all of them, jitter hardly ever does.
const RECENT: usize = 12;
/// The shortest delay is that of so long.
const BASE_WINDOW: Duration = Duration::from_secs(15);
/// It is kept by parts of that.
const BASE_STEP: Duration = Duration::from_secs(1);
/// Delays up to this are no queue worth the name.
const THRESHOLD_MS: f64 = 10.0;
/// RFC 3550, appendix A.8.
const JITTER_GAIN: f64 = 1.0 / 16.0;

/// Tells a standing queue from jitter.
///
/// While there is a queue, every packet waits in it, so even the fastest of the last few is late. Under jitter
/// some of them are as fast as ever, however much the others vary.
#[derive(Debug, Default)]
pub struct QueueDetector {
    recent: VecDeque<f64>,
    /// The shortest delay of each part of the window, oldest first.
    base: VecDeque<(Instant, f64)>,
    jitter_ms: f64,
    last: Option<f64>,
}

impl QueueDetector {
    /// Record an acknowledged packet, in the order of arrival.
    pub fn add_packet(&mut self, packet: &AckedPacket) {
        // The two clocks differ by an unknown constant, which falls away in differences.
        let delay = Timestamp::from(packet.remote_recv_time) - Timestamp::from(packet.local_send_time);
        let delay = delay.as_secs_f64() * 1000.0;
        if let Some(last) = self.last.replace(delay) {
            self.jitter_ms += ((delay - last).abs() - self.jitter_ms) * JITTER_GAIN;
        }
        while self.recent.len() >= RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(delay);

        let now = packet.remote_recv_time;
        match self.base.back_mut() {
            Some((since, base)) if now.saturating_duration_since(*since) < BASE_STEP => {
                *base = base.min(delay);
            }
            _ => self.base.push_back((now, delay)),
        }
        while self
            .base
            .front()
            .is_some_and(|(since, _)| now.saturating_duration_since(*since) > BASE_WINDOW)
        {
            self.base.pop_front();
        }
    }

    /// Whether packets wait somewhere.
    pub fn has_queue(&self) -> bool {
        let least = |delays: &mut dyn Iterator<Item = f64>| delays.fold(f64::INFINITY, f64::min);
        let recent = least(&mut self.recent.iter().copied());
        let base = least(&mut self.base.iter().map(|(_, base)| *base));
        recent - base > THRESHOLD_MS + self.jitter_ms
    }
}
