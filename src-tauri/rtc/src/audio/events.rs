//! What happens to the devices while they are in use.

use std::fmt;

use super::AudioError;

/// Which end of the sound path something concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// Where the voice comes in.
    Microphone,
    /// Where the other one's voice comes out.
    Speaker,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Microphone => "microphone",
            Self::Speaker => "speaker",
        })
    }
}

/// Something a user of [`Audio`](super::Audio) may want to know of.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AudioEvent {
    /// The device could not be opened or stopped working. It is tried again by itself, at first
    /// quickly, then every few seconds; the same error in a row is told once. Also told, and
    /// followed by `Running` at once, when a device was unplugged and another one stands in.
    Failed {
        /// Which device.
        side: Side,
        /// What happened.
        error: AudioError,
    },
    /// The device delivers or takes sound: the first time, and again after each `Failed`.
    Running {
        /// Which device.
        side: Side,
    },
}
