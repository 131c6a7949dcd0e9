//! How much the encoders should make, and what to do when they made too much.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The estimate before there is one, in bits per second.
pub(crate) const START: u64 = 1_000_000;
/// Most that is asked of all encoders together, in bits per second.
pub(crate) const CAP: u64 = 2_500_000;
/// Least that is asked of an encoder, in bits per second: below, VP8 makes no pictures worth seeing.
const FLOOR: u64 = 50_000;
/// What voice takes without redundancy, in bits per second. As in the estimate, headers do not count.
const VOICE: u64 = 34_000;
/// What voice takes with it: each packet holds the one before as well.
const REDUNDANT_VOICE: u64 = 68_000;
/// Below this estimate, in bits per second, the picture needs what redundancy takes…
const THIN: u64 = 400_000;
/// …and above this one both have room.
const ROOMY: u64 = 550_000;
/// With this part of all packets lost, voice needs its redundancy more than the picture does.
const LOSSY: f32 = 0.03;
/// Encoders get this much of what is left. Less leaves the estimate stuck low after congestion, for
/// nothing probes it.
const SHARE: (u64, u64) = (9, 10);
/// Resends are allowed for up to this part of all packets.
const MOST_LOST: f32 = 0.5;
/// Least time between two figures for one encoder. A lower one does not wait.
const INTERVAL: Duration = Duration::from_millis(200);
/// Changes up to this part of the last figure are not worth telling.
const STEP: u64 = 20;
/// In so much time most of a rise is followed: what lasts shorter was a guess.
const RISE: Duration = Duration::from_millis(500);
/// So long the first measurement takes.
const NEW: Duration = Duration::from_secs(1);
/// So long after its first measurement the link is probed for pictures that nobody sends yet.
const SOUNDING: Duration = Duration::from_secs(3);

/// What one m-line was told and may send.
#[derive(Debug, Default)]
struct Encoder {
    limit: Option<u64>,
    told: Option<(u64, Instant)>,
}

/// Shares the estimate among the encoders.
///
/// A fall is followed at once, a rise with some delay. Rates are in bits per second.
#[derive(Debug)]
pub(crate) struct RateControl {
    estimate: u64,
    /// When the link was measured first and last.
    measured: Option<(Instant, Instant)>,
    /// Most that was measured while pictures were wanted.
    best: Option<u64>,
    /// Whether the estimate was made without pictures in mind: it is then worth nothing for them.
    narrow: bool,
    /// Part of the packets that are lost, 0 to 1.
    lost: f32,
    voice: bool,
    redundant: bool,
    /// An m-line for pictures was agreed on, with or without an encoder.
    pictures: bool,
    encoders: BTreeMap<u16, Encoder>,
}

impl Default for RateControl {
    fn default() -> Self {
        Self {
            estimate: START,
            measured: None,
            best: None,
            narrow: false,
            lost: 0.0,
            voice: false,
            redundant: true,
            pictures: false,
            encoders: BTreeMap::new(),
        }
    }
}

impl RateControl {
    /// What the other side says the connection bears; for those who report no arrival times.
    pub fn set_estimate(&mut self, estimate: u64) {
        self.estimate = estimate;
    }

    /// What the link was measured to carry a moment ago, and the part of packets lost in the last second.
    pub fn measure(&mut self, now: Instant, estimate: u64, lost: f32) {
        self.lost = lost.clamp(0.0, MOST_LOST);
        if self.measured.is_none() && estimate == START {
            return;
        }
        let (first, last) = *self.measured.get_or_insert((now, now));
        self.measured = Some((first, now));
        if estimate <= self.estimate || self.encoders.is_empty() {
            self.estimate = estimate;
        } else {
            let part = now.saturating_duration_since(last).min(RISE);
            let rise = u128::from(estimate - self.estimate) * part.as_millis() / RISE.as_millis();
            self.estimate += u64::try_from(rise).unwrap_or(0);
        }
        if self.wants_pictures() {
            self.best = self.best.max(Some(estimate));
        }
        self.narrow |= self.encoders.is_empty() && now > first + SOUNDING;
    }

    /// Whether voice takes its part.
    pub fn set_voice(&mut self, sends: bool) {
        self.voice = sends;
    }

    /// Whether an m-line for pictures was agreed on, even if nothing is filmed yet.
    pub fn set_pictures(&mut self, agreed: bool) {
        self.pictures = agreed;
    }

    /// Whether each packet of voice is to hold the one before as well: not where that would take a thin
    /// link from the picture, unless packets get lost.
    pub fn redundancy(&mut self) -> bool {
        let enough = if self.redundant { THIN } else { ROOMY };
        self.redundant = self.estimate >= enough || self.lost >= LOSSY || self.encoders.is_empty();
        self.redundant
    }

    /// The encoder of this m-line runs; `limit` in bits per second. Returns the rate from which the link is to
    /// be measured anew when it is the first one: what arrived before was voice, and by that the first delay
    /// would bring the estimate down to voice. Not while the link is being measured for the first time.
    pub fn start(&mut self, index: u16, limit: Option<u64>) -> Option<u64> {
        let first = self.encoders.is_empty();
        self.encoders.entry(index).or_default().limit = limit;
        let known = |(from, to): (Instant, Instant)| to.saturating_duration_since(from) >= NEW;
        if !first || !self.measured.is_some_and(known) {
            return None;
        }
        let fell = self.best.is_some_and(|best| self.estimate < best / 2);
        if self.narrow || fell {
            self.estimate = self.best.map_or(START, |best| best.min(START));
        }
        self.narrow = false;
        self.estimate = self.estimate.max(FLOOR);
        Some(self.estimate)
    }

    pub fn stop(&mut self, index: u16) {
        if self.encoders.remove(&index).is_some() && self.encoders.is_empty() {
            self.best = Some(self.estimate);
            self.narrow = true;
        }
    }

    /// A new page knows nothing of what was told.
    pub fn forget_told(&mut self) {
        self.encoders
            .values_mut()
            .for_each(|encoder| encoder.told = None);
    }

    /// Whether the link is to be probed for pictures: while one is sent; and, so that the first one has
    /// its size, when the link is new. Not for ever: each probe delays the voice on a thin link.
    fn wants_pictures(&self) -> bool {
        !self.encoders.is_empty() || self.pictures && !self.narrow
    }

    /// The estimate worth probing for, in bits per second: what the encoders may make, and voice and
    /// headers on top. Probing for more would fill the link with nothing.
    pub fn desired(&self) -> u64 {
        let limits = self
            .encoders
            .values()
            .map(|encoder| encoder.limit.unwrap_or(CAP).min(CAP));
        let pictures = match limits.sum::<u64>().min(CAP) {
            0 if self.wants_pictures() => CAP,
            sum => sum,
        };
        pictures * SHARE.1 / SHARE.0 + 2 * REDUNDANT_VOICE
    }

    fn share(&self) -> u64 {
        let voice = match (self.voice, self.redundant) {
            (false, _) => 0,
            (true, false) => VOICE,
            (true, true) => REDUNDANT_VOICE,
        };
        let all = self.estimate.saturating_sub(voice) * SHARE.0 / SHARE.1;
        // what is lost is sent again
        let all = (all as f64 * f64::from(1.0 - self.lost)) as u64;
        all.min(CAP) / u64::try_from(self.encoders.len()).unwrap_or(1).max(1)
    }

    /// The next figure to tell: m-line index, bits per second.
    pub fn poll(&mut self, now: Instant) -> Option<(u16, u64)> {
        let share = self.share();
        self.encoders.iter_mut().find_map(|(&index, encoder)| {
            let rate = encoder.wanted(share)?;
            let waits = |(told, at): (u64, Instant)| rate > told && now < at + INTERVAL;
            if encoder.told.is_some_and(waits) {
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

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// An encoder runs, and this was measured.
    fn measured(now: Instant, estimate: u64) -> RateControl {
        let mut rates = RateControl::default();
        rates.set_pictures(true);
        rates.measure(now, estimate, 0.0);
        assert_eq!(rates.start(1, None), None, "it was just measured");
        rates
    }

    #[test]
    fn an_encoder_starts_with_nine_tenths_of_a_megabit() {
        let now = Instant::now();
        let mut rates = RateControl::default();
        assert_eq!(rates.start(1, None), None, "nothing better is known");
        assert_eq!(rates.poll(now), Some((1, 900_000)));
        assert_eq!(rates.poll(now), None);
    }

    #[test]
    fn voice_comes_first() {
        let mut rates = RateControl::default();
        rates.start(1, None);
        rates.set_voice(true);
        assert_eq!(rates.poll(Instant::now()), Some((1, 838_800)));
    }

    #[test]
    fn a_thin_link_carries_a_picture_beside_the_voice() {
        let now = Instant::now();
        let mut rates = measured(now, 264_000);
        rates.set_voice(true);
        assert!(!rates.redundancy());
        assert_eq!(rates.poll(now), Some((1, 207_000)));
    }

    #[test]
    fn redundancy_goes_when_the_link_is_thin_and_comes_when_it_is_roomy_or_loses_packets() {
        let now = Instant::now();
        let mut rates = measured(now, 410_000);
        assert!(rates.redundancy());
        rates.measure(now, 390_000, 0.0);
        assert!(!rates.redundancy());
        rates.measure(now + 5000 * MS, 500_000, 0.0);
        assert!(!rates.redundancy(), "not back and forth");
        rates.measure(now + 6000 * MS, 390_000, 0.05);
        assert!(rates.redundancy());
        rates.measure(now + 7000 * MS, 390_000, 0.0);
        assert!(!rates.redundancy());
        rates.measure(now + 8000 * MS, 600_000, 0.0);
        assert!(rates.redundancy());
    }

    #[test]
    fn without_a_picture_voice_keeps_its_redundancy() {
        let mut rates = RateControl::default();
        rates.measure(Instant::now(), 100_000, 0.0);
        assert!(rates.redundancy());
    }

    #[test]
    fn a_fall_is_told_at_once_and_a_rise_five_times_a_second_if_it_is_worth_it() {
        let now = Instant::now();
        let mut rates = measured(now, 1_000_001);
        rates.poll(now);
        rates.measure(now + 600 * MS, 1_040_000, 0.0);
        assert_eq!(
            (rates.poll(now + 600 * MS), rates.poll_timeout()),
            (None, None)
        );
        rates.measure(now + 610 * MS, 500_000, 0.0);
        assert_eq!(rates.poll(now + 610 * MS), Some((1, 450_000)));
        rates.measure(now + 620 * MS, 400_000, 0.0);
        assert_eq!(rates.poll(now + 620 * MS), Some((1, 360_000)));
        rates.measure(now + 720 * MS, 900_000, 0.0);
        assert_eq!(
            (rates.poll(now + 720 * MS), rates.poll_timeout()),
            (None, Some(now + 820 * MS))
        );
        assert_eq!(rates.poll(now + 820 * MS), Some((1, 450_000)));
    }

    #[test]
    fn a_rise_that_lasts_is_followed_whole() {
        let now = Instant::now();
        let mut rates = measured(now, 400_000);
        rates.poll(now);
        for at in 1..=20 {
            rates.measure(now + 100 * MS * at, 2_000_000, 0.0);
        }
        let told = rates.poll(now + 2000 * MS).unwrap().1;
        assert!((1_700_000..=1_800_000).contains(&told), "{told}");
    }

    #[test]
    fn what_is_lost_leaves_room_to_be_sent_again() {
        let now = Instant::now();
        let mut rates = measured(now, 1_000_001);
        rates.measure(now, 1_000_000, 0.15);
        let told = rates.poll(now).unwrap().1;
        assert!((760_000..=770_000).contains(&told), "{told}");
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
        assert_eq!(rates.desired(), 2 * REDUNDANT_VOICE);
        rates.start(1, Some(900_000));
        assert_eq!(rates.desired(), 1_000_000 + 2 * REDUNDANT_VOICE);
        rates.start(2, None);
        assert_eq!(rates.desired(), CAP * 10 / 9 + 2 * REDUNDANT_VOICE);
    }

    #[test]
    fn a_new_link_is_probed_for_pictures_until_it_is_known_and_no_longer() {
        let now = Instant::now();
        let mut rates = RateControl::default();
        rates.set_pictures(true);
        rates.measure(now, START, 0.0);
        rates.measure(now + 9000 * MS, START, 0.0);
        assert!(rates.desired() > CAP, "no answer came yet");
        rates.measure(now + 9100 * MS, 2_000_000, 0.0);
        assert!(rates.desired() > CAP);
        rates.measure(now + 12_200 * MS, 2_000_000, 0.0);
        assert_eq!(rates.desired(), 2 * REDUNDANT_VOICE);
    }

    #[test]
    fn who_opens_the_camera_in_the_middle_of_a_voice_call_has_the_link_measured_anew() {
        let now = Instant::now();
        let mut rates = RateControl::default();
        rates.set_pictures(true);
        rates.measure(now, 2_000_000, 0.0);
        rates.measure(now + 4000 * MS, 2_000_000, 0.0);
        rates.measure(now + 9000 * MS, 250_000, 0.0);
        assert_eq!(rates.start(1, None), Some(START));
        assert_eq!(rates.poll(now + 9000 * MS), Some((1, 900_000)));
        assert_eq!(rates.start(1, Some(800_000)), None, "it runs already");
    }

    #[test]
    fn a_thin_link_is_not_taken_for_a_wide_one_then() {
        let now = Instant::now();
        let mut rates = RateControl::default();
        rates.set_pictures(true);
        rates.measure(now, 290_000, 0.0);
        rates.measure(now + 9000 * MS, 200_000, 0.0);
        assert_eq!(rates.start(1, None), Some(290_000));
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
}
