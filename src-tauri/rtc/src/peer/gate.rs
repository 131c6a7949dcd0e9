//! Holds back frames that cannot be decoded, and those that are not to be.

use std::time::{Duration, Instant};

use super::vp8::{Picture, Size};
use crate::limits::{self, Budget};

/// Least time between two requests for a key frame.
const ASK_AGAIN: Duration = Duration::from_millis(500);

/// What a gate does with frames that change the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing can be decoded before a key frame.
    Waiting,
    Open,
    /// Nothing is to come on this m-line.
    Resting,
}

/// Lets a key frame through and what follows it without a gap.
#[derive(Debug)]
pub(crate) struct FrameGate {
    state: State,
    asked: Option<Instant>,
    /// Of the last key frame that passed.
    size: Option<Size>,
    changes: Budget,
    pictures: Budget,
    /// Something was refused: from now on key frames are not asked for faster because some arrive.
    wary: bool,
}

impl Default for FrameGate {
    fn default() -> Self {
        Self {
            state: State::Waiting,
            asked: None,
            size: None,
            changes: limits::size_changes(),
            pictures: limits::pictures(),
            wary: false,
        }
    }
}

impl FrameGate {
    /// Whether the frame may pass. `contiguous`: nothing is missing before it; `picture`: what it says of itself, `None`
    /// where no decoder is to see it; `room`: the pixels that other m-lines leave.
    pub fn admit(
        &mut self,
        now: Instant,
        contiguous: bool,
        picture: Option<Picture>,
        room: u32,
    ) -> bool {
        if self.state == State::Resting {
            self.state = State::Waiting;
        }
        let picture = picture.filter(|picture| self.bears(now, *picture, room));
        match picture {
            None => {
                self.wary = true;
                self.state = State::Waiting;
            }
            Some(Picture::Key(size)) => {
                self.size = Some(size);
                self.state = State::Open;
                if !self.wary {
                    self.asked = None;
                }
            }
            Some(Picture::Delta) if !contiguous => self.state = State::Waiting,
            Some(Picture::Delta) => {}
        }
        picture.is_some() && self.state == State::Open
    }

    /// Whether a frame keeps within the bounds.
    fn bears(&mut self, now: Instant, picture: Picture, room: u32) -> bool {
        let fits = match picture {
            Picture::Delta => true,
            Picture::Key(size) => {
                size.area() <= room && (self.size == Some(size) || self.changes.take(now, 1))
            }
        };
        fits && self.pictures.take(now, 1)
    }

    /// Pixels of the picture that is decoded.
    pub fn area(&self) -> u32 {
        let size = self.size.filter(|_| self.state != State::Resting);
        size.map_or(0, Size::area)
    }

    /// The receiver needs a key frame, for a reason of its own.
    pub fn lose(&mut self) {
        self.state = State::Waiting;
    }

    /// Nothing is to come any more, until something does.
    pub fn rest(&mut self) {
        self.state = State::Resting;
        self.asked = None;
    }

    /// Whether a key frame is to be asked for now; asking again is up to the caller's timer.
    pub fn asks(&mut self, now: Instant) -> bool {
        let due = self.state == State::Waiting && self.asked.is_none_or(|at| now >= at + ASK_AGAIN);
        if due {
            self.asked = Some(now);
        }
        due
    }

    /// When to ask again.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.asked
            .filter(|_| self.state == State::Waiting)
            .map(|at| at + ASK_AGAIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::MAX_PIXELS;

    const DELTA: Option<Picture> = Some(Picture::Delta);

    fn key(width: u16) -> Option<Picture> {
        Some(Picture::Key(Size { width, height: 480 }))
    }

    /// A gate, and what it says to a frame now.
    fn gate() -> (FrameGate, Instant) {
        (FrameGate::default(), Instant::now())
    }

    impl FrameGate {
        fn takes(&mut self, now: Instant, picture: Option<Picture>) -> bool {
            self.admit(now, true, picture, MAX_PIXELS)
        }
    }

    #[test]
    fn nothing_passes_before_the_first_key_frame() {
        let (mut gate, now) = gate();
        assert!(!gate.takes(now, DELTA));
        assert!(gate.takes(now, key(640)));
        assert!(gate.takes(now, DELTA));
    }

    #[test]
    fn a_gap_closes_the_gate_until_a_key_frame() {
        let (mut gate, now) = gate();
        gate.takes(now, key(640));
        assert!(!gate.admit(now, false, DELTA, MAX_PIXELS));
        assert!(!gate.takes(now, DELTA));
        assert!(gate.admit(now, false, key(640), MAX_PIXELS));
    }

    #[test]
    fn a_key_frame_is_asked_for_again_and_again_but_not_all_the_time() {
        let (mut gate, now) = gate();
        assert!(gate.asks(now));
        assert!(!gate.asks(now + ASK_AGAIN / 2));
        assert_eq!(gate.poll_timeout(), Some(now + ASK_AGAIN));
        assert!(gate.asks(now + ASK_AGAIN));
        gate.takes(now, key(640));
        assert_eq!(gate.poll_timeout(), None);
        assert!(!gate.asks(now + 10 * ASK_AGAIN));
    }

    #[test]
    fn what_follows_a_refused_picture_is_held_back_and_a_key_frame_asked_for() {
        let (mut gate, now) = gate();
        assert!(gate.takes(now, key(640)));
        assert!(!gate.asks(now));
        assert!(!gate.takes(now, None));
        assert!(!gate.takes(now, DELTA));
        assert!(gate.asks(now));
        assert!(gate.takes(now, key(640)) && gate.takes(now, DELTA));
    }

    #[test]
    fn who_sends_good_and_bad_ones_in_turn_is_not_asked_more_often() {
        let (mut gate, now) = gate();
        let mut asked = 0;
        for ms in 0..1000 {
            let now = now + Duration::from_millis(ms);
            gate.takes(now, if ms % 20 == 0 { key(640) } else { None });
            asked += u32::from(gate.asks(now));
        }
        assert_eq!(asked, 2);
    }

    #[test]
    fn a_size_that_changes_all_the_time_is_held_back() {
        let (mut gate, now) = gate();
        let mut passed = 0;
        for at in 0..600_u16 {
            let now = now + Duration::from_millis(u64::from(at) * 10);
            passed += u32::from(gate.takes(now, key(1 + at)));
        }
        assert_eq!(passed, 8 + 11, "eight at once, two in each of six seconds");
        let later = now + Duration::from_secs(60);
        assert!(gate.takes(later, key(640)) && gate.takes(later, key(1280)));
    }

    #[test]
    fn more_pictures_than_any_camera_makes_are_held_back() {
        let (mut gate, now) = gate();
        let passed = (0..1000).filter(|_| gate.takes(now, key(640))).count();
        assert_eq!(passed, 200);
    }

    #[test]
    fn all_pictures_together_are_no_larger_than_one_may_be() {
        let (mut gate, now) = gate();
        assert!(gate.admit(now, true, key(1000), 480_000));
        assert_eq!(gate.area(), 480_000);
        assert!(!gate.admit(now, true, key(1001), 480_000));
        assert_eq!(gate.area(), 480_000, "that one is still decoded");
        gate.rest();
        assert_eq!(gate.area(), 0);
        assert!(!gate.asks(now), "nothing is to come");
    }
}
