//! How long to hold packets back so that nearly all of them come in time.
//!
//! Each packet's delay is compared with the fastest of the last seconds; the playout delay is
//! what 97 of 100 packets stay under. More is taken at once, less only after a calm while: each
//! change moves the sound, and the echo canceller has to find it again.

use std::time::{Duration, Instant};

/// The least and the most that packets are held back.
pub(super) const BOUNDS: (Duration, Duration) =
    (Duration::from_millis(20), Duration::from_millis(240));

/// Width of a step.
const STEP: Duration = Duration::from_millis(20);

/// Steps in the histogram: up to the upper bound.
const STEPS: usize = 12;

/// What a new packet weighs against all before it: about 4 s are remembered.
const WEIGHT: f32 = 0.005;

/// The share of packets that may come too late.
const TOO_LATE: f32 = 0.03;

/// The fastest packet is looked for in the last one to two of these.
const WINDOW: Duration = Duration::from_secs(10);

/// How long less would have been enough before less is taken.
const CALM: Duration = Duration::from_secs(10);

/// The playout delay that fits the packets' arrival times.
#[derive(Debug)]
pub(super) struct Jitter {
    /// Share of the packets by how many steps later than the fastest they came.
    shares: [f32; STEPS],
    first: Option<(Instant, u32)>,
    /// The fastest transit of this window and of the one before, in nanoseconds after the first packet's.
    fastest: (i64, i64),
    window: Option<Instant>,
    target: Duration,
    /// Since when less would be enough.
    calm: Option<Instant>,
}

impl Default for Jitter {
    fn default() -> Self {
        let mut shares = [0.0; STEPS];
        // Before anything is known: one step of jitter.
        shares[1] = 1.0;
        Self {
            shares,
            first: None,
            fastest: (i64::MAX, i64::MAX),
            window: None,
            target: STEP * 2,
            calm: None,
        }
    }
}

impl Jitter {
    /// A packet arrived. `rtp_time` is its RTP time at 48 kHz.
    pub(super) fn arrived(&mut self, now: Instant, rtp_time: u32) {
        let (began, first) = *self.first.get_or_insert((now, rtp_time));
        // Wraps rightly in both directions, twelve hours each way.
        let samples = i64::from(rtp_time.wrapping_sub(first).cast_signed());
        let transit = nanoseconds(now.saturating_duration_since(began)) - samples * 62_500 / 3;
        let window = *self.window.get_or_insert(now);
        if now.saturating_duration_since(window) > WINDOW {
            self.window = Some(now);
            self.fastest = (i64::MAX, self.fastest.0);
        }
        self.fastest.0 = self.fastest.0.min(transit);
        let late = transit - self.fastest.0.min(self.fastest.1);
        let step = usize::try_from(late / nanoseconds(STEP))
            .unwrap_or_default()
            .min(STEPS - 1);
        for (index, share) in self.shares.iter_mut().enumerate() {
            *share *= 1.0 - WEIGHT;
            if index == step {
                *share += WEIGHT;
            }
        }
        self.steer(now);
    }

    /// How long to hold packets back.
    pub(super) fn target(&self) -> Duration {
        self.target
    }

    fn steer(&mut self, now: Instant) {
        let wanted = self.wanted();
        if wanted >= self.target {
            self.target = wanted;
            self.calm = None;
        } else if now.saturating_duration_since(*self.calm.get_or_insert(now)) > CALM {
            self.target = self.target.saturating_sub(STEP).max(wanted);
            self.calm = None;
        }
    }

    fn wanted(&self) -> Duration {
        let mut later = 1.0;
        let mut steps = 0;
        for share in self.shares {
            if later <= TOO_LATE {
                break;
            }
            later -= share;
            steps += 1;
        }
        (STEP * steps).clamp(BOUNDS.0, BOUNDS.1)
    }
}

fn nanoseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Packets every 20 ms for `seconds`, each late by what `late` says of its number, in ms.
    fn run(jitter: &mut Jitter, from: Instant, seconds: u64, late: impl Fn(u64) -> u64) -> Instant {
        let start = jitter.first.map_or(0, |(began, _)| {
            u64::try_from(from.duration_since(began).as_millis()).unwrap() / 20
        });
        for index in start..start + seconds * 50 {
            let sent = Duration::from_millis((index - start) * 20);
            let rtp_time = (u64::from(u32::MAX) - 5_000 + index * 960) as u32;
            jitter.arrived(from + sent + Duration::from_millis(late(index)), rtp_time);
        }
        from + Duration::from_secs(seconds)
    }

    #[test]
    fn a_calm_network_gets_the_least_after_a_while() {
        let mut jitter = Jitter::default();
        run(&mut jitter, Instant::now(), 60, |_| 0);
        assert_eq!(jitter.target(), BOUNDS.0);
    }

    #[test]
    fn a_rough_network_gets_what_it_needs_and_loses_it_again() {
        let mut jitter = Jitter::default();
        let rough = run(&mut jitter, Instant::now(), 10, |index| index * 37 % 70);
        assert_eq!(jitter.target(), Duration::from_millis(80));
        run(&mut jitter, rough, 120, |_| 5);
        assert_eq!(jitter.target(), BOUNDS.0);
    }

    #[test]
    fn one_stall_changes_nothing() {
        let mut jitter = Jitter::default();
        let calm = run(&mut jitter, Instant::now(), 30, |_| 0);
        let before = jitter.target();
        // Five packets in one go, after the oldest was held up for 100 ms.
        run(&mut jitter, calm, 2, |index| {
            100_u64.saturating_sub((index - 1500) * 20)
        });
        assert_eq!(jitter.target(), before);
    }

    #[test]
    fn a_clock_that_runs_slow_is_not_taken_for_jitter() {
        let mut jitter = Jitter::default();
        // 100 parts in a million: 2 µs a packet, 12 ms in two minutes.
        run(&mut jitter, Instant::now(), 120, |index| index * 2 / 1000);
        assert_eq!(jitter.target(), BOUNDS.0);
    }

    #[test]
    fn it_has_bounds() {
        let mut jitter = Jitter::default();
        run(&mut jitter, Instant::now(), 10, |index| index % 2 * 5_000);
        assert_eq!(jitter.target(), BOUNDS.1);
    }
}
