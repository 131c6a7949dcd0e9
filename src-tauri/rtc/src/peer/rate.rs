//! How much the encoders should make, and what to do when they made too much.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The estimate before there is one, in bits per second.
pub(crate) const START: u64 = 1_000_000;
/// Most that is asked of all encoders together, in bits per second.
pub(crate) const CAP: u64 = 2_500_000;
/// Least that is asked of an encoder, in bits per second: below, VP8 makes no pictures worth seeing.
const FLOOR: u64 = 50_000;
/// What voice takes on the wire, with its redundancy, in bits per second.
pub(crate) const VOICE: u64 = 80_000;
/// Encoders get this much of what is left. Less leaves the estimate stuck low after congestion, for
/// nothing probes it.
const SHARE: (u64, u64) = (9, 10);
/// Least time between two figures for one encoder.
const INTERVAL: Duration = Duration::from_millis(200);
/// Changes up to this part of the last figure are not worth telling.
const STEP: u64 = 20;

/// What one m-line was told and may send.
#[derive(Debug, Default)]
struct Encoder {
    limit: Option<u64>,
    told: Option<(u64, Instant)>,
}

/// Shares the estimate among the encoders, told at most five times a second.
#[derive(Debug)]
pub(crate) struct RateControl {
    estimate: u64,
    voice: bool,
    encoders: BTreeMap<u16, Encoder>,
}

impl Default for RateControl {
    fn default() -> Self {
        Self {
            estimate: START,
            voice: false,
            encoders: BTreeMap::new(),
        }
    }
}

impl RateControl {
    /// The connection's estimate, in bits per second.
    pub fn set_estimate(&mut self, estimate: u64) {
        self.estimate = estimate;
    }

    /// Whether voice takes its part.
    pub fn set_voice(&mut self, sends: bool) {
        self.voice = sends;
    }

    /// The encoder of this m-line runs; `limit` in bits per second.
    pub fn start(&mut self, index: u16, limit: Option<u64>) {
        self.encoders.entry(index).or_default().limit = limit;
    }

    pub fn stop(&mut self, index: u16) {
        self.encoders.remove(&index);
    }

    /// A new page knows nothing of what was told.
    pub fn forget_told(&mut self) {
        self.encoders
            .values_mut()
            .for_each(|encoder| encoder.told = None);
    }

    /// The estimate worth probing for, in bits per second: what the encoders may make, and voice and
    /// headers on top. Probing for more would fill the link with nothing.
    pub fn desired(&self) -> u64 {
        let limits = self
            .encoders
            .values()
            .map(|encoder| encoder.limit.unwrap_or(CAP).min(CAP));
        limits.sum::<u64>().min(CAP) * SHARE.1 / SHARE.0 + 2 * VOICE
    }

    fn share(&self) -> u64 {
        let voice = if self.voice { VOICE } else { 0 };
        let all = (self.estimate.saturating_sub(voice) * SHARE.0 / SHARE.1).min(CAP);
        all / u64::try_from(self.encoders.len()).unwrap_or(1).max(1)
    }

    /// The next figure to tell: m-line index, bits per second.
    pub fn poll(&mut self, now: Instant) -> Option<(u16, u64)> {
        let share = self.share();
        self.encoders.iter_mut().find_map(|(&index, encoder)| {
            let rate = encoder.wanted(share)?;
            if encoder.told.is_some_and(|(_, at)| now < at + INTERVAL) {
                return None;
            }
            encoder.told = Some((rate, now));
            Some((index, rate))
        })
    }

    /// When a figure held back may be told.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let share = self.share();
        self.encoders
            .values()
            .filter(|encoder| encoder.wanted(share).is_some())
            .filter_map(|encoder| encoder.told.map(|(_, at)| at + INTERVAL))
            .min()
    }
}

impl Encoder {
    /// The new figure, where it differs enough from the one told last.
    fn wanted(&self, share: u64) -> Option<u64> {
        let rate = share.min(self.limit.unwrap_or(u64::MAX)).max(FLOOR);
        let differs = self
            .told
            .is_none_or(|(told, _)| told.abs_diff(rate) * STEP > told);
        differs.then_some(rate)
    }
}

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
    fn an_encoder_starts_with_nine_tenths_of_a_megabit() {
        let now = Instant::now();
        let mut rates = RateControl::default();
        rates.start(1, None);
        assert_eq!(rates.poll(now), Some((1, 900_000)));
        assert_eq!(rates.poll(now), None);
    }

    #[test]
    fn voice_comes_first() {
        let mut rates = RateControl::default();
        rates.start(1, None);
        rates.set_voice(true);
        assert_eq!(rates.poll(Instant::now()), Some((1, 828_000)));
    }

    #[test]
    fn at_most_five_times_a_second_and_only_what_is_worth_it() {
        let now = Instant::now();
        let mut rates = RateControl::default();
        rates.start(0, None);
        rates.poll(now);
        rates.set_estimate(1_040_000);
        assert_eq!(
            (rates.poll(now + 300 * MS), rates.poll_timeout()),
            (None, None)
        );
        rates.set_estimate(1_200_000);
        assert_eq!(
            (rates.poll(now + 100 * MS), rates.poll_timeout()),
            (None, Some(now + 200 * MS))
        );
        assert_eq!(rates.poll(now + 200 * MS), Some((0, 1_080_000)));
    }

    #[test]
    fn the_cap_the_senders_own_limit_and_the_floor_hold() {
        let now = Instant::now();
        let mut rates = RateControl::default();
        rates.set_estimate(50_000_000);
        rates.start(0, None);
        assert_eq!(rates.poll(now), Some((0, CAP)));
        rates.start(0, Some(300_000));
        assert_eq!(rates.poll(now + 200 * MS), Some((0, 300_000)));
        rates.set_estimate(0);
        assert_eq!(rates.poll(now + 400 * MS), Some((0, FLOOR)));
    }

    #[test]
    fn nothing_is_probed_for_that_nobody_would_send() {
        let mut rates = RateControl::default();
        assert_eq!(rates.desired(), 2 * VOICE);
        rates.start(1, Some(900_000));
        assert_eq!(rates.desired(), 1_000_000 + 2 * VOICE);
        rates.start(2, None);
        assert_eq!(rates.desired(), CAP * 10 / 9 + 2 * VOICE);
    }

    #[test]
    fn two_encoders_share() {
        let now = Instant::now();
        let mut rates = RateControl::default();
        rates.start(1, None);
        rates.start(2, None);
        assert_eq!(
            [rates.poll(now), rates.poll(now)],
            [Some((1, 450_000)), Some((2, 450_000))]
        );
        rates.stop(1);
        assert_eq!(rates.poll(now + 200 * MS), Some((2, 900_000)));
    }

    #[test]
    fn a_new_page_is_told_again() {
        let now = Instant::now();
        let mut rates = RateControl::default();
        rates.start(1, None);
        rates.poll(now);
        rates.forget_told();
        assert_eq!(rates.poll(now), Some((1, 900_000)));
    }

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
