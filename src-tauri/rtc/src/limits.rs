//! How much of this machine the other side may use up.
//!
//! Whoever is at the other end of a call may be anybody's contact, with a client of their own. What they say decides
//! what is allocated, decoded and asked for here, so each of these has a bound. One that a well-behaved client could come
//! near to is given back with time ([`Budget`]).
//!
//! | what | bound | beyond it |
//! |---|---|---|
//! | a coded picture ([`MAX_PICTURE`]) | 1 MiB | held back, a key frame is asked for |
//! | size of a picture ([`MAX_SIDE`], [`MAX_PIXELS`]) | 4096 × 2304, either way up; all m-lines together | the same |
//! | another size ([`size_changes`]) | 8 at once, 2 a second | the same |
//! | pictures of an m-line ([`pictures`]) | 200 at once, 100 a second | the same |
//! | a packet of voice ([`MAX_VOICE`]) | 120 ms | dropped |
//! | voice of an m-line ([`sound`]) | 10 s at once, 1.25 s a second | dropped |
//! | leaps of voice's clock by over 3 s ([`leaps`]) | 8 at once, one in 2 s | dropped |
//! | m-lines that are heard ([`MAX_PLAYERS`]) | 4 | silent |
//! | RTP streams, told apart by SSRC ([`MAX_STREAMS`]) | 64 | their packets are dropped |
//! | a description ([`MAX_DESCRIPTION`]) | 64 KiB, [`MAX_SECTIONS`] m-lines of [`MAX_FORMATS`] formats | refused |
//! | ICE restarts ([`restarts`]) | 16 at once, one in 2 s | the offer is refused |
//! | candidates ([`candidates`]) | 64 for one set of credentials; over the call 256 at once, one a second | not tried |
//! | names of `.local` ([`names`]) | 32 at once, one in 3 s | not looked up |
//! | data channels ([`MAX_CHANNELS`]) | 64 | closed |
//! | channels refused so ([`MAX_REFUSED`]) | 64 | the connection is ended |
//! | messages on data channels ([`messages`], [`message_bytes`]) | 8192 at once, 200 a second; 8 MiB at once, 2 MB a second | left to be sent again |
//! | the same, by sending out of order | 16,384; 16 MiB | the connection is ended |
//! | events that the page has not handled ([`unread`](crate::peer)) | 1 MiB | data channels are not read |
//!
//! Pictures that the page does not take in time are dropped (`media_socket`); all other events are few by these bounds, and
//! none of them is lost.

use std::time::{Duration, Instant};

/// Longest coded picture, in bytes. Twenty times what a key frame of 1080p takes in a call.
pub(crate) const MAX_PICTURE: usize = 1024 * 1024;
/// Longest side of a picture, in pixels.
pub(crate) const MAX_SIDE: u16 = 4096;
/// Largest picture, and the largest sum of the sizes on all m-lines, in pixels. A decoder holds several such pictures
/// at 1.5 bytes a pixel.
pub(crate) const MAX_PIXELS: u32 = 4096 * 2304;
/// Longest packet of voice ([RFC 6716, section 3.4](https://www.rfc-editor.org/rfc/rfc6716#section-3.4), R5).
pub(crate) const MAX_VOICE: Duration = Duration::from_millis(120);
/// Most m-lines of voice that are played at once, each with a pipeline and a thread of its own.
pub(crate) const MAX_PLAYERS: usize = 4;
/// Most RTP streams of one connection.
pub(crate) const MAX_STREAMS: usize = 64;
/// Longest description that is read, in bytes. A sealed signal is at most 24 KiB long.
pub(crate) const MAX_DESCRIPTION: usize = 64 * 1024;
/// Most m= sections in a description: each has a track and may have a decoder. A call has three.
pub(crate) const MAX_SECTIONS: usize = 16;
/// Most formats of an m= line: payload types have seven bits.
pub(crate) const MAX_FORMATS: usize = 128;
/// Most data channels of one connection, whoever opened them.
pub(crate) const MAX_CHANNELS: usize = 64;
/// So many channels beyond [`MAX_CHANNELS`], and the connection is ended.
pub(crate) const MAX_REFUSED: usize = 64;

/// Changes of a picture's size: each takes a new decoder.
pub(crate) const fn size_changes() -> Budget {
    Budget::new(8, Duration::from_millis(500))
}

/// Pictures of one m-line. After a stall of two seconds all that were resent come at once.
pub(crate) const fn pictures() -> Budget {
    Budget::new(200, Duration::from_millis(10))
}

/// Voice of one m-line, in half milliseconds of sound.
pub(crate) const fn sound() -> Budget {
    Budget::new(20_000, Duration::from_micros(400))
}

/// Leaps of the clock of one m-line's voice: playing begins anew with each.
pub(crate) const fn leaps() -> Budget {
    Budget::new(8, Duration::from_secs(2))
}

/// ICE restarts by the other side: each opens sockets and asks all servers.
pub(crate) const fn restarts() -> Budget {
    Budget::new(16, Duration::from_secs(2))
}

/// Candidates over a whole call: checks are sent to each, wherever it is.
pub(crate) const fn candidates() -> Budget {
    Budget::new(256, Duration::from_secs(1))
}

/// Names over a whole call: the network is asked for each.
pub(crate) const fn names() -> Budget {
    Budget::new(32, Duration::from_secs(3))
}

/// Messages on data channels, and news of the channels themselves. Taken to the half; the rest is for what SCTP had
/// put together before.
pub(crate) const fn messages() -> Budget {
    Budget::new(16_384, Duration::from_millis(5))
}

/// Their bytes, likewise.
pub(crate) const fn message_bytes() -> Budget {
    Budget::new(16 * 1024 * 1024, Duration::from_nanos(500))
}

/// So much at once, and as much again as time gives back: a token bucket.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    most: u32,
    /// One is given back in so long.
    every: Duration,
    left: u32,
    /// Until when what was given back is counted.
    since: Option<Instant>,
}

impl Budget {
    pub const fn new(most: u32, every: Duration) -> Self {
        Self {
            most,
            every,
            left: most,
            since: None,
        }
    }

    /// Takes so many, all or none. False where there are not so many left.
    #[must_use]
    pub fn take(&mut self, now: Instant, count: u32) -> bool {
        self.give_back(now);
        match self.left.checked_sub(count) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }

    /// Less than half is left.
    #[must_use]
    pub fn is_half_spent(&mut self, now: Instant) -> bool {
        self.give_back(now);
        self.left < self.most / 2
    }

    fn give_back(&mut self, now: Instant) {
        let since = *self.since.get_or_insert(now);
        let passed = now.saturating_duration_since(since).as_nanos();
        let back = passed / self.every.as_nanos().max(1);
        let back = u32::try_from(back).unwrap_or(u32::MAX);
        self.left = self.left.saturating_add(back).min(self.most);
        self.since = Some(if self.left == self.most {
            now.max(since)
        } else {
            since + self.every * back
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_budget_is_spent_and_comes_back_with_time() {
        let (mut budget, now) = (Budget::new(3, 10 * MS), Instant::now());
        assert!((0..3).all(|_| budget.take(now, 1)));
        assert!(!budget.take(now + 9 * MS, 1));
        assert!(budget.take(now + 15 * MS, 1));
        assert!(!budget.take(now + 19 * MS, 1));
        assert!(budget.take(now + 20 * MS, 1), "the half before counts");
    }

    #[test]
    fn a_budget_knows_when_half_of_it_is_spent() {
        let (mut budget, now) = (Budget::new(4, 10 * MS), Instant::now());
        assert!(budget.take(now, 2) && !budget.is_half_spent(now));
        assert!(budget.take(now, 1) && budget.is_half_spent(now));
        assert!(!budget.is_half_spent(now + 10 * MS));
    }

    #[test]
    fn a_budget_never_holds_more_than_its_most() {
        let (mut budget, now) = (Budget::new(3, 10 * MS), Instant::now());
        assert!(budget.take(now, 3));
        let late = now + Duration::from_secs(100 * 365 * 86_400);
        assert!(!budget.take(late, 4));
        assert!(budget.take(late, 3) && !budget.take(late, 1));
        assert!(!budget.take(now, 1), "time that goes back gives nothing");
    }
}
