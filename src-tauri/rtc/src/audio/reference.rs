//! What the speaker plays, by the time it is played: what the echo canceller compares with.
//!
//! Samples are written here when they are decoded, some 40 ms before they are played, in packets and
//! whenever the network and the processor please. The canceller needs them evenly, one frame for each
//! captured frame, and always the same time before their echo: with frames that came when they came
//! it lost the echo again and again. So both sides name the time of their samples, and what was not
//! written in time is silence, as it is for the speaker.

use std::collections::VecDeque;
use std::time::Duration;

use super::graph::{FRAME, RATE};
use super::processing::Frame;

/// Time stamps waver; samples follow their predecessors as long as they are no farther from where
/// their stamp says.
const TOLERANCE: i64 = RATE as i64 / 100;

/// The microphone's stamps waver more, and most when the processor is busy: so many frames in a row
/// have to be off before they are believed.
const DOUBTS: u32 = 30;

/// How far ahead of the captured frame to read. The echo must not come before its cause, so this
/// makes up for devices that claim to be faster than they are; but it has to be written by then.
const AHEAD: i64 = RATE as i64 / 50;

/// Samples that a stream may be ahead: 2 s.
const MOST: usize = RATE as usize * 2;

/// The playback streams' samples. All times are those of GStreamer's system clock.
#[derive(Default)]
pub(super) struct Reference {
    streams: Vec<(u64, Stream)>,
    /// The position of the next captured frame.
    next: Option<i64>,
    /// How many frames in a row were stamped otherwise.
    doubts: u32,
}

impl Reference {
    /// Takes samples of a stream, of which the first is played at `due`.
    pub(super) fn write(&mut self, stream: u64, due: Duration, samples: &[f32]) {
        let position = position(due);
        match self.streams.iter_mut().find(|(id, _)| *id == stream) {
            Some((_, stream)) => stream.write(position, samples),
            None => {
                let mut written = Stream {
                    start: position,
                    samples: VecDeque::new(),
                };
                written.write(position, samples);
                self.streams.push((stream, written));
            }
        }
    }

    /// A stream ended.
    pub(super) fn remove(&mut self, stream: u64) {
        self.streams.retain(|(id, _)| *id != stream);
    }

    /// What belongs to a frame of which the first sample was captured at `captured`.
    pub(super) fn read(&mut self, captured: Duration) -> Frame {
        let position = self.follow(position(captured) + AHEAD);
        let mut sum = [0.0; FRAME];
        for (_, stream) in &mut self.streams {
            stream.read(position, &mut sum);
        }
        sum.map(|sample: f32| sample.clamp(-1.0, 1.0))
    }

    /// Where the next frame is: after the last one, unless stamps say otherwise for a while.
    fn follow(&mut self, stamped: i64) -> i64 {
        let position = match self.next {
            Some(next) if next.abs_diff(stamped) <= TOLERANCE.unsigned_abs() => {
                self.doubts = 0;
                next
            }
            Some(next) if self.doubts < DOUBTS => {
                self.doubts += 1;
                next
            }
            _ => {
                self.doubts = 0;
                stamped
            }
        };
        self.next = Some(position + FRAME as i64);
        position
    }
}

fn position(time: Duration) -> i64 {
    i64::try_from(time.as_nanos() * u128::from(RATE) / 1_000_000_000).unwrap_or(i64::MAX)
}

struct Stream {
    /// The position of the first sample that is here.
    start: i64,
    samples: VecDeque<f32>,
}

impl Stream {
    fn write(&mut self, position: i64, samples: &[f32]) {
        let end = self.start + self.samples.len() as i64;
        let off = position - end;
        if off.abs() > TOLERANCE {
            if off > 0 && (off as usize) < MOST {
                self.samples.extend(std::iter::repeat_n(0.0, off as usize));
            } else if off < 0 && off.unsigned_abs() < self.samples.len() as u64 {
                self.samples
                    .truncate(self.samples.len() - off.unsigned_abs() as usize);
            } else {
                self.samples.clear();
                self.start = position;
            }
        }
        self.samples.extend(samples);
        let surplus = self.samples.len().saturating_sub(MOST);
        self.samples.drain(..surplus);
        self.start += surplus as i64;
    }

    /// Adds the samples from this position on, and forgets those before.
    fn read(&mut self, position: i64, sum: &mut Frame) {
        let past = usize::try_from(position - self.start)
            .unwrap_or_default()
            .min(self.samples.len());
        self.samples.drain(..past);
        self.start += past as i64;
        let Ok(silent) = usize::try_from(self.start - position) else {
            return;
        };
        let sounding = sum.iter_mut().skip(silent);
        sounding
            .zip(&self.samples)
            .for_each(|(total, sample)| *total += sample);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(value: f32) -> Frame {
        [value; FRAME]
    }

    fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// What is read for a frame captured then, all samples of which are the same.
    fn heard(reference: &mut Reference, ms: u64) -> f32 {
        let frame = reference.read(at(ms));
        assert!(frame.iter().all(|sample| *sample == frame[0]));
        frame[0]
    }

    /// When that is played which belongs to a frame captured then.
    fn due(ms: u64) -> Duration {
        at(ms) + Duration::from_millis(20)
    }

    #[test]
    fn what_is_played_at_a_time_is_read_for_that_time() {
        let mut reference = Reference::default();
        for (index, value) in [0.1, 0.2, 0.3].into_iter().enumerate() {
            reference.write(1, due(1_000 + 10 * index as u64), &frame(value));
        }
        assert_eq!(heard(&mut reference, 990), 0.0, "nothing is played yet");
        assert_eq!(heard(&mut reference, 1_000), 0.1);
        assert_eq!(heard(&mut reference, 1_017), 0.2, "a wavering stamp");
        assert_eq!(heard(&mut reference, 1_020), 0.3);
        assert_eq!(heard(&mut reference, 1_030), 0.0, "nothing came");
    }

    #[test]
    fn what_comes_late_keeps_its_place() {
        let mut reference = Reference::default();
        reference.write(1, due(990), &frame(0.1));
        for ms in [990, 1_000, 1_010] {
            reference.read(at(ms));
        }
        // The second and third frame come too late, in one go with the fifth.
        for (ms, value) in [(1_000, 0.2), (1_010, 0.3), (1_020, 0.4), (1_030, 0.5)] {
            reference.write(1, due(ms), &frame(value));
        }
        assert_eq!(heard(&mut reference, 1_020), 0.4);
        assert_eq!(heard(&mut reference, 1_030), 0.5);
    }

    #[test]
    fn a_changed_playout_delay_moves_the_samples() {
        let mut reference = Reference::default();
        for (ms, value) in [(1_000, 0.1), (1_040, 0.2), (1_030, 0.3)] {
            reference.write(1, due(ms), &frame(value));
        }
        let mut heard = Vec::new();
        for ms in [1_000, 1_010, 1_020, 1_030, 1_040] {
            heard.push(reference.read(at(ms))[0]);
        }
        assert_eq!(
            heard,
            [0.1, 0.0, 0.0, 0.3, 0.0],
            "what moves up replaces what was there"
        );
    }

    #[test]
    fn streams_are_added_up() {
        let mut reference = Reference::default();
        reference.write(1, due(1_000), &frame(0.25));
        reference.write(2, due(1_000), &frame(0.5));
        reference.write(3, due(1_000), &frame(0.75));
        reference.remove(3);
        assert_eq!(heard(&mut reference, 1_000), 0.75);
    }

    #[test]
    fn nobody_reading_costs_no_more_than_two_seconds() {
        let mut reference = Reference::default();
        for index in 0..1_000 {
            reference.write(1, due(index * 10), &frame(0.5));
        }
        assert_eq!(reference.streams[0].1.samples.len(), MOST);
        assert_eq!(heard(&mut reference, 8_000), 0.5);
    }

    #[test]
    fn stamps_that_waver_are_believed_only_when_they_insist() {
        let mut reference = Reference::default();
        for index in 0..1_000 {
            reference.write(1, due(index * 10), &frame(index as f32 / 1_000.0));
        }
        let mut read = |ms| (reference.read(at(ms))[0] * 1_000.0).round() as u64;
        assert_eq!(read(9_000), 900);
        assert_eq!((read(9_100), read(9_100), read(9_030)), (901, 902, 903));
        // The microphone lost half a second.
        let heard: Vec<u64> = (0..40).map(|index| read(9_540 + index * 10)).collect();
        assert_eq!(heard.first(), Some(&904));
        assert_eq!(heard.last(), Some(&993));
    }
}
