//! For how long not to be disturbed.

use time::{Duration, OffsetDateTime, Time};

/// What the menu offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quiet {
    /// Sixty minutes from now.
    Hour,
    /// Until people get up: see [`MORNING`].
    Tomorrow,
    /// Not any more.
    Off,
}

/// When a day begins, by the clock on the wall.
pub const MORNING: Time = match Time::from_hms(8, 0, 0) {
    Ok(morning) => morning,
    Err(_) => Time::MIDNIGHT,
};

impl Quiet {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Tomorrow => "tomorrow",
            Self::Off => "off",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let all = [Self::Hour, Self::Tomorrow, Self::Off];
        all.into_iter().find(|quiet| quiet.as_str() == text)
    }

    /// Until when, in Unix milliseconds, chosen now on this computer's clock. None: not at all.
    #[must_use]
    pub fn until_ms(self) -> Option<u64> {
        // Without a time zone (a broken system) the day is that of Greenwich.
        let now = OffsetDateTime::now_local().unwrap_or_else(|_| OffsetDateTime::now_utc());
        let until = self.until(now)?;
        u64::try_from(until.unix_timestamp_nanos() / 1_000_000).ok()
    }

    /// In the small hours, "tomorrow" is the day that is about to begin.
    fn until(self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        match self {
            Self::Off => None,
            Self::Hour => Some(now + Duration::HOUR),
            Self::Tomorrow => {
                let morning = now.replace_time(MORNING);
                Some(if now.hour() < 4 {
                    morning
                } else {
                    morning + Duration::DAY
                })
            }
        }
    }
}

/// As the person reads it on the clock on the wall: `15:30`.
#[must_use]
pub fn clock(unix_ms: u64) -> String {
    let at = i64::try_from(unix_ms / 1000)
        .ok()
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let offset = time::UtcOffset::local_offset_at(at).unwrap_or(time::UtcOffset::UTC);
    let at = at.to_offset(offset);
    format!("{:02}:{:02}", at.hour(), at.minute())
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn tomorrow_begins_in_the_morning() {
        let evening = datetime!(2026-11-24 22:15 +1);
        assert_eq!(
            Quiet::Tomorrow.until(evening),
            Some(datetime!(2026-11-25 8:00 +1))
        );
        assert_eq!(
            Quiet::Hour.until(evening),
            Some(datetime!(2026-11-24 23:15 +1))
        );
        assert_eq!(Quiet::Off.until(evening), None);
    }

    #[test]
    fn after_midnight_the_next_morning_is_meant() {
        assert_eq!(
            Quiet::Tomorrow.until(datetime!(2026-11-25 1:30 +1)),
            Some(datetime!(2026-11-25 8:00 +1))
        );
    }
}
