//! A camera's own picture for the page: small and raw. What is sent does not depend on it.

use std::sync::Mutex;
use std::time::Duration;

use super::adaptation::Size;
use super::picture::{self, Picture, Scaler};

/// The longest side, and the pictures a second, while nothing is sent: the page shows it large.
const ALONE: (u32, u32) = (640, 30);
/// And in a call, where it is in a corner: each picture shown costs the page.
const IN_A_CALL: (u32, u32) = (320, 15);

/// Raw pictures for the page, in time.
#[derive(Default)]
pub(super) struct Preview {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    scaler: Scaler,
    last: Option<Duration>,
}

impl Preview {
    /// The next picture to show, with its bytes: none while it is too soon.
    pub fn next(&self, picture: &Picture, in_a_call: bool) -> Option<(Size, Vec<u8>)> {
        let (longest, rate) = if in_a_call { IN_A_CALL } else { ALONE };
        let mut state = self.state.lock().ok()?;
        let least = Duration::from_secs(1) * 9 / 10 / rate;
        let ago = state.last.map(|last| picture.captured.saturating_sub(last));
        if ago.is_some_and(|ago| ago < least) {
            return None;
        }
        state.last = Some(picture.captured);
        let size = fitted(picture.size(), longest);
        let small = state.scaler.scale(picture, size)?;
        Some((size, picture::packed(&small)?))
    }
}

/// Even, of the same shape, no side longer than this nor than it is.
fn fitted(size: Size, longest: u32) -> Size {
    let side = size.0.max(size.1).max(1);
    let even = |one: u32| {
        let scaled = if side > longest {
            u64::from(one) * u64::from(longest) / u64::from(side)
        } else {
            u64::from(one)
        };
        (u32::try_from(scaled).unwrap_or(longest) & !1).max(2)
    };
    (even(size.0), even(size.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_picture_keeps_its_shape_and_is_no_larger_than_it_is_shown() {
        assert_eq!(fitted((640, 480), 320), (320, 240));
        assert_eq!(fitted((1280, 720), 640), (640, 360));
        assert_eq!(fitted((720, 1280), 320), (180, 320));
        assert_eq!(fitted((161, 121), 320), (160, 120));
        assert_eq!(fitted((4000, 3), 320), (320, 2));
    }
}
