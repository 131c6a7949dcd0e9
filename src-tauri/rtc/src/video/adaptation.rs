//! How large the coded picture is: what the bit rate is worth, and what the machine can keep up with.
//! Pure: figures in, a size out. `ui/rtc/adaptation.js` does it for what the page codes, with fewer sizes.

use crate::limits::{MAX_PIXELS, MAX_SIDE};

/// Bits a second for each pixel of the picture below which a smaller one looks better.
const BITS_PER_PIXEL: f64 = 0.8;
/// A larger picture has to be worth this much more than the limit.
const HYSTERESIS: f64 = 1.15;
/// A larger picture has to be worth it for so long, and a smaller one to be needed, in µs: each change of size costs a
/// key frame. The first size waits for nothing.
const STEADY_LARGER: u64 = 3_000_000;
const STEADY_SMALLER: u64 = 500_000;
/// By how much the picture shrinks, step by step, as the rate falls: of 640×480 to 480×360, 320×240, 240×180, 160×120.
const STEPS: [f64; 7] = [1.0, 4.0 / 3.0, 2.0, 8.0 / 3.0, 4.0, 16.0 / 3.0, 8.0];
/// No side gets shorter than this by rate or load, in pixels.
const SMALLEST: f64 = 120.0;
/// And as the machine falls behind.
const LOAD_STEPS: [f64; 3] = [1.0, 2.0, 4.0];
/// The machine is too slow when more than this part of the pictures was dropped in a period…
const TOO_MANY: f64 = 0.2;
/// …of this length, in µs.
const PERIOD: u64 = 2_000_000;
/// Fewer pictures in a period tell nothing.
const FEW: u32 = 10;
/// Good periods before a larger picture is tried; doubled each time that it fails.
const PATIENCE: u32 = 5;
const MOST_PATIENCE: u32 = 80;

/// Why the picture is smaller than captured, as `getStats()` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limitation {
    None,
    Bandwidth,
    Cpu,
}

impl Limitation {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Bandwidth => "bandwidth",
            Self::Cpu => "cpu",
        }
    }
}

/// Width and height, in pixels.
pub(super) type Size = (u32, u32);

pub(super) struct Adaptation {
    /// Bits per second.
    rate: f64,
    /// The step by rate; unknown before the first picture.
    by_rate: Option<usize>,
    better: Option<Better>,
    /// Time of the newest picture, in µs.
    now: u64,
    load: Load,
}

/// Another size would be better.
#[derive(Clone, Copy)]
struct Better {
    /// Since when, in µs.
    since: u64,
    larger: bool,
}

#[derive(Default)]
struct Load {
    step: usize,
    good: u32,
    patience: u32,
    period: u64,
    seen: u32,
    dropped: u32,
}

impl Default for Adaptation {
    fn default() -> Self {
        Self {
            rate: 1_000_000.0,
            by_rate: None,
            better: None,
            now: 0,
            load: Load {
                patience: PATIENCE,
                ..Load::default()
            },
        }
    }
}

impl Adaptation {
    /// One captured picture, its time in µs; `dropped`: the encoder was still busy.
    pub fn captured(&mut self, now: u64, dropped: bool) {
        self.now = now;
        self.load.captured(now, dropped);
    }

    /// The size to code a captured picture in at this rate, in bits per second: even, never larger than captured nor
    /// than the other side takes. `requested`: at least so many times smaller.
    pub fn size(&mut self, rate: u64, captured: Size, requested: f64) -> Size {
        self.rate = rate as f64;
        let (width, height) = (f64::from(captured.0.max(1)), f64::from(captured.1.max(1)));
        self.fit(width * height);
        let (by_rate, by_load) = self.factors();
        let wanted = by_rate
            .max(by_load)
            .min((width.min(height) / SMALLEST).max(1.0));
        let most = f64::from(MAX_SIDE);
        let least = [
            requested,
            width / most,
            height / most,
            (width * height / f64::from(MAX_PIXELS)).sqrt(),
        ];
        let factor = least.into_iter().fold(wanted.max(1.0), f64::max);
        // 640 / (4 / 3) is not quite 480
        let even = |side: f64| (2 * (side / factor / 2.0 + 1e-6) as u32).max(2);
        (even(width), even(height))
    }

    pub fn limitation(&self) -> Limitation {
        let (by_rate, by_load) = self.factors();
        if by_load > by_rate {
            Limitation::Cpu
        } else if by_rate > 1.0 {
            Limitation::Bandwidth
        } else {
            Limitation::None
        }
    }

    fn factors(&self) -> (f64, f64) {
        let step = self.by_rate.unwrap_or(0);
        (
            STEPS.get(step).copied().unwrap_or(1.0),
            LOAD_STEPS.get(self.load.step).copied().unwrap_or(1.0),
        )
    }

    fn fit(&mut self, pixels: f64) {
        let worth = |step: usize| {
            let factor = STEPS.get(step).copied().unwrap_or(1.0);
            BITS_PER_PIXEL * pixels / (factor * factor)
        };
        let mut step = self.by_rate.unwrap_or(0);
        while step + 1 < STEPS.len() && self.rate < worth(step) {
            step += 1;
        }
        let before = *self.by_rate.get_or_insert(step);
        while step > 0 && step <= before && self.rate >= worth(step - 1) * HYSTERESIS {
            step -= 1;
        }
        if step == before {
            self.better = None;
            return;
        }
        let larger = step < before;
        // time that runs backwards is another clock's
        let known = self
            .better
            .filter(|better| better.larger == larger && better.since <= self.now);
        let better = known.unwrap_or(Better {
            since: self.now,
            larger,
        });
        self.better = Some(better);
        let steady = if larger {
            STEADY_LARGER
        } else {
            STEADY_SMALLER
        };
        if self.now - better.since >= steady {
            self.by_rate = Some(step);
            self.better = None;
        }
    }
}

impl Load {
    fn captured(&mut self, now: u64, dropped: bool) {
        self.seen += 1;
        self.dropped += u32::from(dropped);
        if now >= self.period && now - self.period < PERIOD {
            return;
        }
        let slow = self.seen >= FEW && f64::from(self.dropped) > f64::from(self.seen) * TOO_MANY;
        if slow {
            self.step = (self.step + 1).min(LOAD_STEPS.len() - 1);
            self.good = 0;
        } else if self.step > 0 {
            self.good += 1;
            if self.good >= self.patience {
                self.step -= 1;
                self.good = 0;
                self.patience = (self.patience * 2).min(MOST_PATIENCE);
            }
        }
        self.period = now;
        (self.seen, self.dropped) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VGA: Size = (640, 480);
    const SECOND: u64 = 1_000_000;

    /// Pictures at 30 a second for so many seconds; the size of the last one.
    fn film(
        adaptation: &mut Adaptation,
        seconds: u64,
        rate: u64,
        dropped: impl Fn(u64) -> bool,
    ) -> Size {
        let mut size = VGA;
        for picture in 0..seconds * 30 {
            let now = adaptation.now + SECOND / 30;
            adaptation.captured(now, dropped(picture));
            size = adaptation.size(rate, VGA, 1.0);
        }
        size
    }

    #[test]
    fn the_first_size_is_what_the_rate_is_worth() {
        for (rate, size) in [
            (2_000_000, VGA),
            (188_000, (480, 360)),
            (77_000, (320, 240)),
            (30_000, (160, 120)),
        ] {
            assert_eq!(Adaptation::default().size(rate, VGA, 1.0), size, "{rate}");
        }
        let hd = Adaptation::default().size(2_000_000, (1280, 720), 1.0);
        assert_eq!(hd, (1280, 720));
        assert_eq!(
            Adaptation::default().size(500_000, (1280, 720), 1.0),
            (960, 540)
        );
    }

    #[test]
    fn a_fall_of_the_rate_is_followed_soon_and_a_rise_once_it_lasts() {
        let mut adaptation = Adaptation::default();
        assert_eq!(film(&mut adaptation, 2, 1_000_000, |_| false), VGA);
        assert_eq!(film(&mut adaptation, 1, 150_000, |_| false), (480, 360));
        assert_eq!(adaptation.limitation(), Limitation::Bandwidth);
        assert_eq!(film(&mut adaptation, 2, 1_000_000, |_| false), (480, 360));
        assert_eq!(film(&mut adaptation, 2, 1_000_000, |_| false), VGA);
        // not worth the change: just above the limit
        film(&mut adaptation, 2, 150_000, |_| false);
        assert_eq!(film(&mut adaptation, 10, 250_000, |_| false), (480, 360));
    }

    #[test]
    fn a_machine_that_falls_behind_codes_less_and_tries_again_later() {
        let mut adaptation = Adaptation::default();
        let every_third = |picture| picture % 3 == 0;
        assert_eq!(film(&mut adaptation, 5, 2_000_000, every_third), (160, 120));
        assert_eq!(adaptation.limitation(), Limitation::Cpu);
        assert_eq!(film(&mut adaptation, 60, 2_000_000, |_| false), VGA);
        assert_eq!(adaptation.limitation(), Limitation::None);
    }

    #[test]
    fn a_picture_is_even_keeps_its_shape_and_fits_what_the_other_side_takes() {
        let size =
            |captured, requested| Adaptation::default().size(50_000_000, captured, requested);
        assert_eq!(size((641, 481), 1.0), (640, 480));
        assert_eq!(size((720, 1280), 2.0), (360, 640));
        assert_eq!(size((2560, 1080), 1.0), (2560, 1080));
        let (width, height) = size((8192, 8192), 1.0);
        assert!(width * height <= MAX_PIXELS && width == height);
        assert_eq!(size((1, 1), 1.0), (2, 2));
    }
}
