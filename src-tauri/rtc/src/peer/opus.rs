//! How long the sound in an Opus packet is
//! ([RFC 6716, section 3](https://www.rfc-editor.org/rfc/rfc6716#section-3)).

use std::time::Duration;

use crate::limits::MAX_VOICE;

/// Longest frame inside a packet, in bytes (R2).
const MAX_FRAME: usize = 1275;
/// A length of so many or more has a second byte.
const LONG: usize = 252;

/// The sound in a packet. `None` for what is malformed or longer than 120 ms: the rules are R1 to R7 of section 3.4.
pub(crate) fn duration(packet: &[u8]) -> Option<Duration> {
    let (&toc, rest) = packet.split_first()?;
    let frame = frame(toc >> 3);
    let frames = match toc & 3 {
        0 => (rest.len() <= MAX_FRAME).then_some(1),
        1 => (rest.len() % 2 == 0 && rest.len() / 2 <= MAX_FRAME).then_some(2),
        2 => {
            let (first, rest) = length(rest)?;
            let second = rest.len().checked_sub(first)?;
            (second <= MAX_FRAME).then_some(2)
        }
        _ => many(rest),
    }?;
    let duration = frame * frames;
    (duration <= MAX_VOICE).then_some(duration)
}

/// The length of each frame, by the configuration number.
fn frame(configuration: u8) -> Duration {
    let micros = match configuration {
        // speech
        0..12 => match configuration & 3 {
            0 => 10_000,
            1 => 20_000,
            2 => 40_000,
            _ => 60_000,
        },
        // both: 10 and 20 ms
        12..16 => 10_000 << (configuration & 1),
        // music: 2.5, 5, 10 and 20 ms
        _ => 2_500 << (configuration & 3),
    };
    Duration::from_micros(micros)
}

/// The number of frames in a packet that says it itself.
fn many(packet: &[u8]) -> Option<u32> {
    let (&head, mut rest) = packet.split_first()?;
    let (variable, padded, frames) = (head & 0x80 != 0, head & 0x40 != 0, head & 0x3f);
    let mut padding = 0_usize;
    let mut more = padded;
    while more {
        let (&byte, after) = rest.split_first()?;
        rest = after;
        more = byte == u8::MAX;
        padding += if more { 254 } else { usize::from(byte) };
    }
    let mut left = rest.len().checked_sub(padding)?;
    let count = usize::from(frames);
    if count == 0 {
        return None;
    }
    if variable {
        for _ in 1..count {
            let (length, after) = length(rest)?;
            left = left.checked_sub(rest.len() - after.len() + length)?;
            rest = after;
        }
        (left <= MAX_FRAME).then_some(u32::from(frames))
    } else {
        (left % count == 0 && left / count <= MAX_FRAME).then_some(u32::from(frames))
    }
}

/// The length of a frame, and what is behind it.
fn length(packet: &[u8]) -> Option<(usize, &[u8])> {
    let (&first, rest) = packet.split_first()?;
    let first = usize::from(first);
    if first < LONG {
        return Some((first, rest));
    }
    let (&second, rest) = rest.split_first()?;
    Some((first + 4 * usize::from(second), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(packet: &[u8]) -> Option<f64> {
        duration(packet).map(|duration| duration.as_secs_f64() * 1000.0)
    }

    /// A packet's first byte.
    fn toc(configuration: u8, code: u8) -> u8 {
        configuration << 3 | code
    }

    #[test]
    fn a_packet_of_each_configuration_has_its_length() {
        let lengths = [
            (0, 10.0),
            (1, 20.0),
            (2, 40.0),
            (11, 60.0),
            (12, 10.0),
            (15, 20.0),
            (16, 2.5),
            (17, 5.0),
            (30, 10.0),
            (31, 20.0),
        ];
        for (configuration, length) in lengths {
            assert_eq!(millis(&[toc(configuration, 0), 1, 2]), Some(length));
        }
        assert_eq!(millis(&[toc(31, 0)]), Some(20.0), "a frame may be empty");
    }

    #[test]
    fn two_frames_and_many_are_added_up() {
        assert_eq!(millis(&[toc(1, 1), 1, 2]), Some(40.0));
        assert_eq!(millis(&[toc(1, 2), 1, 9, 9, 9]), Some(40.0));
        assert_eq!(millis(&[toc(1, 3), 3, 1, 1, 1]), Some(60.0));
        assert_eq!(millis(&[toc(1, 3), 0x83, 1, 2, 7, 8, 8, 9]), Some(60.0));
        let padded = [toc(1, 3), 0x43, 2, 1, 1, 1, 0, 0];
        assert_eq!(millis(&padded), Some(60.0));
    }

    #[test]
    fn more_than_120_ms_are_refused() {
        assert_eq!(millis(&[toc(31, 3), 6, 1, 1, 1, 1, 1, 1]), Some(120.0));
        assert_eq!(millis(&[toc(31, 3), 7, 1, 1, 1, 1, 1, 1, 1]), None);
        assert_eq!(millis(&[toc(11, 3), 2, 1, 1]), Some(120.0));
        assert_eq!(millis(&[toc(11, 3), 3, 1, 1, 1]), None);
        for configuration in 0..32 {
            assert!(millis(&[toc(configuration, 3), 63]).is_none_or(|ms| ms <= 120.0));
        }
        assert_eq!(millis(&[toc(16, 3), 48]), Some(120.0), "48 empty frames");
        assert_eq!(millis(&[toc(16, 3), 49]), None);
    }

    #[test]
    fn frames_that_do_not_fit_the_packet_are_refused() {
        let malformed: [&[u8]; 11] = [
            &[],
            &[toc(1, 1), 1],
            &[toc(1, 2)],
            &[toc(1, 2), 5, 1],
            &[toc(1, 2), 252],
            &[toc(1, 3)],
            &[toc(1, 3), 0],
            &[toc(1, 3), 3, 1, 1],
            &[toc(1, 3), 0x83, 1, 9],
            &[toc(1, 3), 0x43, 9, 1, 1, 1],
            &[toc(1, 3), 0x43, 255, 255, 255],
        ];
        for packet in malformed {
            assert_eq!(millis(packet), None, "{packet:?}");
        }
        assert!(duration(&[&[toc(1, 0)][..], &[0; 1275]].concat()).is_some());
        assert!(duration(&[&[toc(1, 0)][..], &[0; 1276]].concat()).is_none());
    }
}
