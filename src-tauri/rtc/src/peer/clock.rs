//! Timestamps that go on, whatever becomes of where they come from.

use std::time::{Duration, Instant};

/// Makes 32-bit timestamps that wrap go on for ever.
#[derive(Debug, Default)]
pub(crate) struct Unwrap(Option<u64>);

impl Unwrap {
    /// The timestamp nearest to the last one that has these lower bits.
    pub fn next(&mut self, timestamp: u32) -> u64 {
        let next = match self.0 {
            None => u64::from(timestamp) + (1 << 32),
            Some(last) => {
                let step = timestamp.wrapping_sub(last as u32) as i32;
                last.saturating_add_signed(i64::from(step))
            }
        };
        self.0 = Some(next);
        next
    }
}

/// A step longer than this is no pause but another clock.
const LONGEST_STEP: Duration = Duration::from_secs(5);

/// Makes the pictures of one m-line follow each other in time.
///
/// The page's timestamps come from what it captures: another camera, or a screen in its place, can
/// begin anywhere. The receiver would take a leap for seconds of delay.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    /// What came in last, what went out for it, and when, in microseconds.
    last: Option<(u64, u64, Instant)>,
}

impl Timeline {
    /// The time to send with a picture, in microseconds; always later than the one before.
    pub fn next(&mut self, now: Instant, timestamp: u64) -> u64 {
        let next = match self.last {
            None => timestamp,
            Some((came, went, at)) => {
                let step = timestamp.checked_sub(came).map(Duration::from_micros);
                let step = step.filter(|step| !step.is_zero() && *step <= LONGEST_STEP);
                let step = step.unwrap_or_else(|| now.saturating_duration_since(at));
                went + u64::try_from(step.as_micros()).unwrap_or(1).max(1)
            }
        };
        self.last = Some((timestamp, next, now));
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_wrapping_clock_goes_on() {
        let mut clock = Unwrap::default();
        let first = clock.next(u32::MAX - 959);
        assert_eq!(clock.next(0), first + 960);
        assert_eq!(clock.next(960), first + 1920);
        assert_eq!(clock.next(0), first + 960, "packets may be out of order");
    }

    #[test]
    fn pictures_keep_the_distances_of_their_capture() {
        let (mut timeline, now) = (Timeline::default(), Instant::now());
        assert_eq!(timeline.next(now, 5_000_000), 5_000_000);
        assert_eq!(timeline.next(now + 90 * MS, 5_033_333), 5_033_333);
        assert_eq!(timeline.next(now + 91 * MS, 6_000_000), 6_000_000);
    }

    #[test]
    fn another_camera_goes_on_where_the_last_one_ended() {
        let (mut timeline, now) = (Timeline::default(), Instant::now());
        timeline.next(now, 5_000_000);
        assert_eq!(timeline.next(now + 40 * MS, 20), 5_040_000, "back");
        assert_eq!(timeline.next(now + 73 * MS, 33_353), 5_073_333);
        assert_eq!(
            timeline.next(now + 100 * MS, 900_000_000),
            5_100_333,
            "far ahead"
        );
        assert_eq!(
            timeline.next(now + 100 * MS, 900_000_000),
            5_100_334,
            "twice the same"
        );
    }
}
