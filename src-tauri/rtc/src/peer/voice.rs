//! Which packets of voice are played, and under which number.
//!
//! The jitter buffer and the decoder behind this make up sound for what its numbers say is missing, and wait for what its
//! times say is still to come. Both are the other side's word, so packets are renumbered where they leap: a gap that is
//! longer than anybody wants to hear made-up sound for is no gap then, but a new beginning.

use std::time::{Duration, Instant};

use super::opus;
use crate::limits::{self, Budget};

/// Packets missing in a row for which sound is made up: 5 s of 20 ms each.
const MAX_MISSING: u64 = 250;
/// Sound that is made up for them, in samples.
const MAX_GAP: u32 = 5 * RATE;
/// Packets that one may be overtaken by.
const MAX_BEHIND: u64 = 250;
/// How far a packet's time may be from when it came, in samples: beyond, it is another clock.
const MAX_DRIFT: i64 = 3 * RATE as i64;
/// Two clocks drift apart: what packets are compared with is no older.
const ANCHOR: Duration = Duration::from_secs(10);
/// Samples a second of RTP's clock for Opus.
const RATE: u32 = 48_000;

/// The newest packet that passed.
#[derive(Debug, Clone, Copy)]
struct Newest {
    seq: u64,
    rtp_time: u32,
}

/// The voice of one m-line.
#[derive(Debug)]
pub(crate) struct VoiceGate {
    newest: Option<Newest>,
    /// What packets' times are compared with: when one came, and its time.
    anchor: Option<(Instant, u32)>,
    /// By how much their numbers are ahead of those handed on.
    ahead: u64,
    sound: Budget,
    leaps: Budget,
}

impl Default for VoiceGate {
    fn default() -> Self {
        Self {
            newest: None,
            anchor: None,
            ahead: 0,
            sound: limits::sound(),
            leaps: limits::leaps(),
        }
    }
}

impl VoiceGate {
    /// The number under which a packet is to be played; `None` when it is not to be.
    pub fn admit(&mut self, now: Instant, seq: u64, rtp_time: u32, packet: &[u8]) -> Option<u64> {
        let sound = opus::duration(packet)?;
        let halves = u32::try_from(sound.as_micros() / 500).unwrap_or(u32::MAX);
        let Some(newest) = self.newest else {
            let passes = self.sound.take(now, halves);
            return passes.then(|| self.begin(now, seq, rtp_time));
        };
        let Some(step) = seq.checked_sub(newest.seq).filter(|step| *step > 0) else {
            // overtaken, or there already: the jitter buffer knows
            let late = newest.seq - seq <= MAX_BEHIND && self.sound.take(now, halves);
            return late.then(|| seq.checked_sub(self.ahead)).flatten();
        };
        let later = rtp_time.wrapping_sub(newest.rtp_time);
        let leap = later.cast_signed() < 0 || self.drift(now, rtp_time).abs() > MAX_DRIFT;
        if leap && !self.leaps.take(now, 1) || !self.sound.take(now, halves) {
            return None;
        }
        if leap || step > MAX_MISSING || (step > 1 && later > MAX_GAP) {
            self.ahead += step - 1;
        }
        if leap {
            self.anchor = None;
        }
        Some(self.begin(now, seq, rtp_time))
    }

    fn begin(&mut self, now: Instant, seq: u64, rtp_time: u32) -> u64 {
        self.newest = Some(Newest { seq, rtp_time });
        let old = |(at, _): &mut (Instant, u32)| now.saturating_duration_since(*at) > ANCHOR;
        self.anchor.take_if(old);
        self.anchor.get_or_insert((now, rtp_time));
        seq.saturating_sub(self.ahead)
    }

    /// How much later a packet's time is than when it came, in samples.
    fn drift(&self, now: Instant, rtp_time: u32) -> i64 {
        let Some((at, anchor)) = self.anchor else {
            return 0;
        };
        let passed = now.saturating_duration_since(at).as_millis();
        let passed = i64::try_from(passed).unwrap_or(i64::MAX);
        let told = i64::from(rtp_time.wrapping_sub(anchor).cast_signed());
        told.saturating_sub(passed.saturating_mul(i64::from(RATE) / 1000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 20 ms.
    const PACKET: &[u8] = &[31 << 3, 1, 2, 3];
    const MS: Duration = Duration::from_millis(1);

    fn gate() -> (VoiceGate, Instant) {
        (VoiceGate::default(), Instant::now())
    }

    /// So many packets in good order. Returns when the next one comes, its number and its time.
    fn speak(
        gate: &mut VoiceGate,
        (mut now, mut seq, mut time): (Instant, u64, u32),
        packets: u32,
    ) -> (Instant, u64, u32) {
        for _ in 0..packets {
            assert!(gate.admit(now, seq, time, PACKET).is_some());
            now += 20 * MS;
            seq += 1;
            time = time.wrapping_add(960);
        }
        (now, seq, time)
    }

    #[test]
    fn voice_passes_as_it_is_over_the_end_of_its_clock() {
        let (mut gate, now) = gate();
        let mut at = (now, 70_000, u32::MAX - 5000);
        at = speak(&mut gate, at, 3000);
        assert_eq!(gate.admit(at.0, at.1, at.2, PACKET), Some(73_000));
    }

    #[test]
    fn what_was_overtaken_and_what_was_lost_keep_their_numbers() {
        let (mut gate, now) = gate();
        let (now, seq, time) = speak(&mut gate, (now, 100, 0), 10);
        assert_eq!(
            gate.admit(now, seq + 50, time + 50 * 960, PACKET),
            Some(160)
        );
        assert_eq!(gate.admit(now, seq + 1, time + 960, PACKET), Some(111));
        assert_eq!(gate.admit(now, seq - 5, time - 5 * 960, PACKET), Some(105));
    }

    #[test]
    fn no_sound_is_made_up_for_a_gap_of_minutes() {
        let (mut gate, now) = gate();
        let (now, seq, time) = speak(&mut gate, (now, 0, 0), 10);
        // an outage: both numbers and times go on
        let later = now + Duration::from_secs(300);
        let next = gate.admit(later, seq + 15_000, time + 15_000 * 960, PACKET);
        assert_eq!(next, Some(10));
        assert_eq!(
            gate.admit(later, seq + 15_001, time + 15_001 * 960, PACKET),
            Some(11)
        );
        assert_eq!(gate.admit(later, seq, time, PACKET), None, "far behind");
    }

    #[test]
    fn who_was_silent_goes_on_whether_their_clock_did_or_not() {
        for time_of_silence in [0, 60 * RATE] {
            let (mut gate, now) = gate();
            let (now, seq, time) = speak(&mut gate, (now, 0, 0), 10);
            let later = (now + Duration::from_secs(60), seq, time + time_of_silence);
            speak(&mut gate, later, 100);
        }
    }

    #[test]
    fn a_clock_that_leaps_with_every_packet_is_not_followed() {
        for leap in [
            40 * 60 * RATE,
            4 * RATE,
            0_u32.wrapping_sub(4 * RATE),
            (1 << 31) - 1,
        ] {
            let (mut gate, now) = gate();
            let (now, seq, time) = speak(&mut gate, (now, 0, 0), 10);
            let passed = (0..500_u32).filter(|&at| {
                let now = now + 20 * MS * at;
                let time = time.wrapping_add(leap.wrapping_mul(at + 1));
                // three numbers are left out as well, so that sound would be made up
                gate.admit(now, seq + 4 * u64::from(at), time, PACKET)
                    .is_some()
            });
            assert!(passed.count() < 20, "{leap}");
        }
    }

    #[test]
    fn small_leaps_do_not_add_up_to_more_sound_than_time_has_passed() {
        let (mut gate, now) = gate();
        let (now, seq, mut time) = speak(&mut gate, (now, 0, 0), 10);
        let (mut made_up, mut last) = (0_u64, (seq - 1, time));
        for at in 0..500_u32 {
            time = time.wrapping_add(2 * RATE);
            let number = seq + 2 * u64::from(at);
            let admitted = gate.admit(now + 20 * MS * at, number, time, PACKET);
            if let Some(admitted) = admitted {
                let gap = admitted > last.0 + 1;
                made_up += if gap {
                    u64::from(time.wrapping_sub(last.1))
                } else {
                    0
                };
                last = (admitted, time);
            }
        }
        let seconds = made_up / u64::from(RATE);
        assert!(seconds <= 40, "{seconds} s of sound made up in 10 s");
    }

    #[test]
    fn more_sound_than_time_is_dropped() {
        let (mut gate, now) = gate();
        // 120 ms in each of a thousand packets a second
        let long = [31 << 3 | 3, 6, 1, 1, 1, 1, 1, 1];
        let passed = (0..2000_u32).filter(|&at| {
            let now = now + MS * at;
            gate.admit(now, u64::from(at), at.wrapping_mul(48), &long)
                .is_some()
        });
        let passed = passed.count();
        assert!(passed <= 10_000 / 120 + 2500 / 120 + 1, "{passed}");
    }

    #[test]
    fn what_is_no_opus_or_too_long_is_dropped() {
        let (mut gate, now) = gate();
        for packet in [&[][..], &[31 << 3 | 3, 48], &[31 << 3 | 3, 0], &[1, 2]] {
            assert_eq!(gate.admit(now, 1, 0, packet), None);
        }
        assert_eq!(gate.admit(now, 1, 0, PACKET), Some(1));
    }
}
