//! How long to hold packets back so that nearly all of them are heard.
//!
//! [`Jitter`] looks at the network: each packet's delay is compared with the fastest of the last
//! seconds; the playout delay is what 97 of 100 packets stay under. [`Margin`] looks at this
//! machine: when samples reach the speaker only after they should have been played, because the
//! processor is busy, it adds to the delay. Both take more at once and less only after a calm while:
//! each change moves the sound, and the echo canceller has to find it again.

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
const CALM: Duration = Duration::from_secs(5);

/// Packets that come so close after one another waited for the same thing: they count as one.
const BURST: Duration = Duration::from_millis(5);

/// A delay that changes by more than this is another clock, not a slow packet.
const JUMP: Duration = Duration::from_secs(10);

/// The playout delay that fits the packets' arrival times.
#[derive(Debug)]
pub(super) struct Jitter {
    /// Share of the packets by how many steps later than the fastest they came.
    shares: [f32; STEPS],
    first: Option<(Instant, u32)>,
    /// The fastest transit of this window and of the one before, in nanoseconds after the first packet's.
    fastest: (i64, i64),
    window: Option<Instant>,
    /// When the last packet came.
    last: Option<Instant>,
    target: Duration,
    /// Since when less would be enough, and how much would have been since then.
    calm: Option<(Instant, Duration)>,
}

impl Default for Jitter {
    fn default() -> Self {
        let mut shares = [0.0; STEPS];
        // Before anything is known: a little more than the least.
        shares[0] = 0.8;
        shares[1] = 0.2;
        Self {
            shares,
            first: None,
            fastest: (i64::MAX, i64::MAX),
            window: None,
            last: None,
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
        let jump =
            self.fastest.0 != i64::MAX && transit.abs_diff(self.fastest.0) > JUMP.as_nanos() as u64;
        if jump {
            // The sender began again: what is known of the network stays.
            self.first = None;
            self.fastest = (i64::MAX, i64::MAX);
            self.window = None;
            return self.arrived(now, rtp_time);
        }
        let window = *self.window.get_or_insert(now);
        if now.saturating_duration_since(window) > WINDOW {
            self.window = Some(now);
            self.fastest = (i64::MAX, self.fastest.0);
        }
        self.fastest.0 = self.fastest.0.min(transit);
        let last = self.last.replace(now);
        if last.is_some_and(|last| now.saturating_duration_since(last) < BURST) {
            return;
        }
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
            return;
        }
        let (since, enough) = self.calm.get_or_insert((now, wanted));
        *enough = wanted.max(*enough);
        if now.saturating_duration_since(*since) > CALM {
            self.target = *enough;
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

/// Samples have to reach the speaker so long before they are played.
const NEEDED: Duration = Duration::from_millis(10);

/// Samples that are late within so long of the first count as one accident.
const ACCIDENT: Duration = Duration::from_millis(300);

/// So many accidents within [`BUSY`] are none.
const ACCIDENTS: u32 = 3;

/// See [`ACCIDENTS`].
const BUSY: Duration = Duration::from_secs(5);

/// How long no sample has to be late before less is tried.
const QUIET: Duration = Duration::from_secs(30);

/// The most that a busy machine can add.
const MOST: Duration = Duration::from_millis(100);

/// What a busy machine adds to the playout delay.
#[derive(Debug, Default)]
pub(super) struct Margin {
    extra: Duration,
    /// When the accidents that are counted began, when the last one did, and how many there were.
    late: Option<(Instant, Instant, u32)>,
    /// The last time anything was late or changed.
    disturbed: Option<Instant>,
}

impl Margin {
    /// Samples reached the speaker with so much time left (`None`: too late already).
    pub(super) fn reached(&mut self, now: Instant, left: Option<Duration>) {
        let disturbed = *self.disturbed.get_or_insert(now);
        if left.is_some_and(|left| left >= NEEDED) {
            if now.saturating_duration_since(disturbed) > QUIET {
                self.extra = self.extra.saturating_sub(STEP);
                self.disturbed = Some(now);
            }
            return;
        }
        self.disturbed = Some(now);
        let since = |then| now.saturating_duration_since(then);
        let count = match &mut self.late {
            Some((_, last, _)) if since(*last) < ACCIDENT => return,
            Some((first, last, count)) if since(*first) < BUSY => {
                *last = now;
                *count += 1;
                *count
            }
            late => {
                *late = Some((now, now, 1));
                1
            }
        };
        if count >= ACCIDENTS {
            self.extra = (self.extra + STEP).min(MOST);
            self.late = Some((now, now, 0));
        }
    }

    /// How much to add to the playout delay.
    pub(super) fn extra(&self) -> Duration {
        self.extra
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
        // Twenty packets in one go, after the oldest was held up for 400 ms.
        run(&mut jitter, calm, 2, |index| {
            400_u64.saturating_sub((index - 1500) * 20)
        });
        assert_eq!(jitter.target(), before);
    }

    #[test]
    fn a_network_that_always_delivers_in_bursts_gets_what_it_needs() {
        let mut jitter = Jitter::default();
        run(&mut jitter, Instant::now(), 10, |index| {
            (4 - index % 5) * 20
        });
        assert_eq!(jitter.target(), Duration::from_millis(100));
    }

    #[test]
    fn a_clock_that_runs_slow_is_not_taken_for_jitter() {
        let mut jitter = Jitter::default();
        // 100 parts in a million: 2 µs a packet, 12 ms in two minutes.
        run(&mut jitter, Instant::now(), 120, |index| index * 2 / 1000);
        assert_eq!(jitter.target(), BOUNDS.0);
    }

    #[test]
    fn another_clock_is_not_taken_for_jitter() {
        let mut jitter = Jitter::default();
        let began = Instant::now();
        let before = run(&mut jitter, began, 30, |_| 0);
        for index in 0..500_u32 {
            let now = before + Duration::from_millis(u64::from(index) * 20);
            jitter.arrived(now, 2_000_000_000 + index * 960);
        }
        assert_eq!(jitter.target(), BOUNDS.0);
    }

    #[test]
    fn a_busy_machine_gets_more_and_a_quiet_one_less_again() {
        let mut margin = Margin::default();
        let began = Instant::now();
        let at = |ms| began + Duration::from_millis(ms);
        for ms in 0..299 {
            margin.reached(at(ms), None);
        }
        margin.reached(at(3_000), Some(Duration::from_millis(9)));
        assert_eq!(margin.extra(), Duration::ZERO, "two accidents");
        margin.reached(at(3_400), None);
        assert_eq!(margin.extra(), STEP);
        for ms in 0..30_000 {
            margin.reached(at(4_000 + ms), None);
        }
        assert_eq!(margin.extra(), MOST);
        for step in 0..10_000 {
            margin.reached(at(34_000 + step * 20), Some(NEEDED));
        }
        assert_eq!(margin.extra(), Duration::ZERO);
    }

    #[test]
    fn it_has_bounds() {
        let mut jitter = Jitter::default();
        run(&mut jitter, Instant::now(), 10, |index| index % 2 * 5_000);
        assert_eq!(jitter.target(), BOUNDS.1);
    }
}
