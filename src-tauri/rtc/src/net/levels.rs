//! How loud voices are, told while a page wants to know: a level only when it changed by as much as can be seen. A page that had to ask
//! would ask ten times a second, which costs it more than the whole of a voice call.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::limits::MAX_PLAYERS;

/// For so long a page is told of a voice after it asked; it asks again before that.
const TOLD: Duration = Duration::from_secs(5);
/// Between two looks at the levels.
const EVERY: Duration = Duration::from_millis(100);
/// Steps of loudness, which is the square root of the level: speech lies low on a linear scale.
const STEPS: f64 = 24.0;

/// Which voices are listened to, by mid.
#[derive(Debug, Default)]
pub(super) struct Levels {
    listened: BTreeMap<String, Listened>,
    /// When to look next; `None` while nobody wants to know.
    due: Option<Instant>,
}

#[derive(Debug)]
struct Listened {
    until: Instant,
    /// The step that was told last.
    told: Option<u8>,
}

impl Levels {
    /// A page wants to know of a voice for some time from `now` on. Of more voices than are played none is added.
    pub(super) fn listen(&mut self, now: Instant, mid: String) {
        let room = self.listened.len() < MAX_PLAYERS;
        if let Some(listened) = self.listened.get_mut(&mid) {
            listened.until = now + TOLD;
        } else if room {
            let (until, told) = (now + TOLD, None);
            self.listened.insert(mid, Listened { until, told });
        } else {
            return;
        }
        self.due.get_or_insert(now);
    }

    /// When to look next.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Looks, if it is time to: what there is to tell, by mid. `level` is asked for each voice's, 0 to 1.
    pub(super) fn look(&mut self, now: Instant, level: impl Fn(&str) -> f64) -> Vec<(String, f64)> {
        if self.due.is_none_or(|due| now < due) {
            return Vec::new();
        }
        self.listened.retain(|_, listened| now < listened.until);
        self.due = (!self.listened.is_empty()).then_some(now + EVERY);
        let mut changed = Vec::new();
        for (mid, listened) in &mut self.listened {
            let level = level(mid).clamp(0.0, 1.0);
            let step = (level.sqrt() * STEPS).round() as u8;
            if listened.told.replace(step) != Some(step) {
                changed.push((mid.clone(), level));
            }
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks as often as is due for so long, at a voice that is as loud as `level` says.
    fn told(levels: &mut Levels, mut now: Instant, long: Duration, level: f64) -> (Instant, usize) {
        let (end, mut told) = (now + long, 0);
        while let Some(due) = levels.due().filter(|due| *due < end) {
            now = due.max(now);
            told += levels.look(now, |_| level).len();
        }
        (end, told)
    }

    #[test]
    fn a_voice_that_stays_as_it_is_is_told_once() {
        let (mut levels, now) = (Levels::default(), Instant::now());
        levels.listen(now, "0".into());
        let (now, first) = told(&mut levels, now, Duration::from_secs(2), 0.0);
        assert_eq!(first, 1);
        let (now, louder) = told(&mut levels, now, Duration::from_secs(1), 0.3);
        assert_eq!(louder, 1);
        let (_, hardly) = told(&mut levels, now, Duration::from_secs(1), 0.3001);
        assert_eq!(hardly, 0, "nobody sees that");
    }

    #[test]
    fn nobody_looks_when_nobody_asked_or_the_page_is_gone() {
        let (mut levels, now) = (Levels::default(), Instant::now());
        assert_eq!(levels.due(), None);
        levels.listen(now, "0".into());
        let (now, _) = told(&mut levels, now, Duration::from_secs(4), 0.1);
        levels.listen(now, "0".into());
        let (now, still) = told(&mut levels, now, Duration::from_secs(4), 0.5);
        assert_eq!(still, 1, "asked again in time");
        let (now, after) = told(&mut levels, now, Duration::from_secs(60), 1.0);
        assert_eq!((after, levels.due()), (1, None));
        assert_eq!(told(&mut levels, now, TOLD, 0.0).1, 0);
    }

    #[test]
    fn a_page_that_asks_for_all_there_could_be_is_told_of_as_many_as_are_played() {
        let (mut levels, now) = (Levels::default(), Instant::now());
        for mid in 0..1000 {
            levels.listen(now, mid.to_string());
        }
        assert_eq!(levels.look(now, |_| 0.5).len(), MAX_PLAYERS);
    }
}
