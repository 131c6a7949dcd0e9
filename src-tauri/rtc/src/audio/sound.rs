//! A sound of the app's own, such as a ring, and how it goes:
//!
//! ```text
//!           ┌─ again ─┐
//!           ▼         │
//! start → sounding ───┴─ once, or hushed → draining → over
//! ```
//!
//! It fades within 10 ms when it is hushed. The device then gets silence until it has played what it
//! was given before, since closing it earlier would cut the fade off, which clicks.

use std::sync::Arc;
use std::time::Duration;

use super::graph::{FRAME, RATE};

/// How long a sound may last.
const LONGEST: Duration = Duration::from_secs(10);

/// How long it may be from the beginning of a sound to its next.
const SELDOMEST: Duration = Duration::from_secs(60);

/// Frames of silence (10 ms each) behind a sound: what the device holds (40 ms), what is on the way
/// to it, and some more. All that and the fade are less than the 100 ms within which it is to be silent.
const DRAIN: usize = 7;

/// Why something is no sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SoundError {
    /// There are no samples.
    #[error("the sound is empty")]
    Empty,
    /// It lasts longer than 10 s.
    #[error("the sound is longer than {} s", LONGEST.as_secs())]
    TooLong,
    /// It would begin again before it is over, or in more than 60 s.
    #[error("the sound is repeated too soon or too seldom")]
    Repetition,
}

/// A sound to play.
#[derive(Clone)]
pub struct Sound {
    samples: Arc<[i16]>,
    /// From one beginning to the next, in samples; not for what is played once.
    every: Option<usize>,
}

impl Sound {
    /// Mono samples at 48 kHz, 10 s at most. `every`: repeated after so long, counted from its
    /// beginning, 60 s at most.
    ///
    /// # Errors
    /// [`SoundError`].
    pub fn new(samples: Vec<i16>, every: Option<Duration>) -> Result<Self, SoundError> {
        if samples.is_empty() {
            return Err(SoundError::Empty);
        }
        if samples.len() > count(LONGEST) {
            return Err(SoundError::TooLong);
        }
        let repeated = |every: Duration| every <= SELDOMEST && count(every) >= samples.len();
        if !every.is_none_or(repeated) {
            return Err(SoundError::Repetition);
        }
        Ok(Self {
            samples: samples.into(),
            every: every.map(count),
        })
    }

    /// Whether it goes on until it is hushed.
    #[must_use]
    pub fn repeats(&self) -> bool {
        self.every.is_some()
    }
}

fn count(duration: Duration) -> usize {
    let samples = duration.as_millis() * u128::from(RATE) / 1_000;
    usize::try_from(samples).unwrap_or(usize::MAX)
}

/// How far a sound has come.
pub(super) struct Course {
    sound: Sound,
    stage: Stage,
}

enum Stage {
    /// The next sample, counted from the last beginning.
    Sounding(usize),
    /// So many more frames of silence.
    Draining(usize),
}

impl Course {
    pub(super) fn new(sound: Sound) -> Self {
        Self {
            sound,
            stage: Stage::Sounding(0),
        }
    }

    /// The next 10 ms; nothing when it is over.
    pub(super) fn next(&mut self, hushed: bool) -> Option<[i16; FRAME]> {
        match self.stage {
            // Hushed before anything of it was heard.
            Stage::Sounding(0) if hushed => None,
            Stage::Sounding(at) => {
                let frame = self.frame(at, hushed);
                let next = at + FRAME;
                self.stage = match self.sound.every {
                    _ if hushed => Stage::Draining(DRAIN),
                    Some(every) if next >= every => Stage::Sounding(0),
                    None if next >= self.sound.samples.len() => Stage::Draining(DRAIN),
                    _ => Stage::Sounding(next),
                };
                Some(frame)
            }
            Stage::Draining(0) => None,
            Stage::Draining(left) => {
                self.stage = Stage::Draining(left - 1);
                Some([0; FRAME])
            }
        }
    }

    /// The samples from `at` on, and silence behind the sound.
    fn frame(&self, at: usize, fading: bool) -> [i16; FRAME] {
        let rest = self.sound.samples.get(at..).unwrap_or_default();
        let mut frame = [0; FRAME];
        for (index, (to, from)) in frame.iter_mut().zip(rest).enumerate() {
            let left = (FRAME - index) as f32 / FRAME as f32;
            *to = if fading {
                (f32::from(*from) * left) as i16
            } else {
                *from
            };
        }
        frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn loud(length: Duration, every: Option<Duration>) -> Sound {
        Sound::new(vec![8_000; count(length)], every).unwrap()
    }

    fn is_silent(frame: &[i16; FRAME]) -> bool {
        frame.iter().all(|sample| *sample == 0)
    }

    #[test]
    fn a_sound_has_samples_and_bounds() {
        let error = |samples: usize, every: Option<Duration>| {
            let sound = Sound::new(vec![1; samples], every);
            sound.map(|sound| sound.repeats()).err()
        };
        let second = RATE as usize;
        assert_eq!(error(0, None), Some(SoundError::Empty));
        assert_eq!(error(10 * second, None), None);
        assert_eq!(error(10 * second + 1, None), Some(SoundError::TooLong));
        assert_eq!(error(second, Some(SECOND)), None);
        assert_eq!(
            error(second + 1, Some(SECOND)),
            Some(SoundError::Repetition)
        );
        assert_eq!(error(1, Some(SELDOMEST)), None);
        assert_eq!(error(1, Some(2 * SELDOMEST)), Some(SoundError::Repetition));
        assert_eq!(error(1, Some(Duration::MAX)), Some(SoundError::Repetition));
    }

    #[test]
    fn a_ring_is_repeated_with_silence_between() {
        let mut course = Course::new(loud(SECOND, Some(3 * SECOND)));
        let mut seconds = || {
            let frames: Vec<bool> = (0..100)
                .map(|_| is_silent(&course.next(false).unwrap()))
                .collect();
            frames
                .iter()
                .all(|silent| *silent == frames[0])
                .then_some(frames[0])
        };
        let (sound, silence) = (Some(false), Some(true));
        for _ in 0..3 {
            assert_eq!([seconds(), seconds(), seconds()], [sound, silence, silence]);
        }
    }

    #[test]
    fn what_is_hushed_fades_in_a_frame_and_is_over_soon() {
        let mut course = Course::new(loud(SECOND, Some(SECOND)));
        assert_eq!(course.next(false), Some([8_000; FRAME]));
        let fade = course.next(true).unwrap();
        assert!(fade.is_sorted_by(|one, next| one >= next));
        assert_eq!((fade[0], fade[FRAME - 1] < 20), (8_000, true));
        for _ in 0..DRAIN {
            assert!(is_silent(&course.next(true).unwrap()));
        }
        assert_eq!(course.next(true), None);
    }

    #[test]
    fn what_is_hushed_before_it_began_is_never_heard() {
        assert_eq!(Course::new(loud(SECOND, None)).next(true), None);
    }

    #[test]
    fn what_is_played_once_ends_by_itself() {
        let mut course = Course::new(loud(Duration::from_millis(15), None));
        let mut frames = std::iter::from_fn(|| course.next(false));
        assert_eq!(frames.next(), Some([8_000; FRAME]));
        let last = frames.next().unwrap();
        assert_eq!((last[239], last[240]), (8_000, 0));
        assert_eq!(frames.filter(is_silent).count(), DRAIN);
    }
}
