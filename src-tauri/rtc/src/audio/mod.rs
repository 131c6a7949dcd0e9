//! Native voice on Linux: the microphone as Opus packets, Opus packets as sound.

mod error;
mod events;

use std::time::{Duration, Instant};

pub use error::AudioError;
pub use events::{AudioEvent, Side};

/// What to open.
#[derive(Debug, Clone, Default)]
pub struct AudioConfig {
    /// Where the voice comes from. Default: [`Microphone::System`].
    pub microphone: Microphone,
    /// The address of the PulseAudio server, such as `unix:/run/user/1000/pulse/native`.
    /// Default: none, which means the session's own, and without one whatever else
    /// GStreamer finds (ALSA, JACK, OSS).
    pub server: Option<String>,
}

/// Where the voice comes from.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Microphone {
    /// The system's default microphone.
    #[default]
    System,
    /// A sine instead of a microphone, for tests.
    Tone {
        /// Its frequency in hertz.
        hz: f64,
    },
}

/// Twenty milliseconds of encoded voice.
#[derive(Clone)]
pub struct OpusPacket {
    /// One Opus packet.
    pub data: Vec<u8>,
    /// RTP timestamp of its first sample, 48 kHz; wraps.
    pub rtp_time: u32,
    /// When its first sample came out of the microphone.
    pub captured: Instant,
}

/// A microphone or a speaker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Stable across restarts where the system's own name is.
    pub id: String,
    /// What people call it.
    pub label: String,
    /// Whether the system uses it when nobody asks for another.
    pub default: bool,
}

/// The devices there are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Devices {
    /// Microphones.
    pub inputs: Vec<Device>,
    /// Speakers.
    pub outputs: Vec<Device>,
}

/// How a playback stream is doing.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PlaybackStats {
    /// Packets handed to [`Playback::push`].
    pub packets: u64,
    /// Packets that came too late to be played.
    pub late: u64,
    /// Samples (48 kHz) played, concealed ones included.
    pub samples: u64,
    /// Samples (48 kHz) whose packet did not come in time.
    pub concealed: u64,
    /// From a packet's arrival to its sound.
    pub delay: Duration,
    /// Loudness of the last 20 ms or so: 0 is silence, 1 the loudest there is.
    pub level: f64,
}

/// The sink of a capture.
pub type PacketSink = Box<dyn Fn(OpusPacket) + Send + Sync>;

/// The sound of this machine; cheap to clone.
#[derive(Clone)]
pub struct Audio {
    _config: AudioConfig,
}

impl Audio {
    /// Opens nothing yet.
    #[must_use]
    pub fn new(config: AudioConfig) -> Self {
        Self { _config: config }
    }

    /// Starts handing Opus packets to `sink` until the guard is dropped. Returns at once.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn capture(&self, _sink: PacketSink) -> Result<Capture, AudioError> {
        Err(AudioError::NoServer)
    }

    /// Opens a playback stream. Returns at once.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn play(&self) -> Result<Playback, AudioError> {
        Err(AudioError::NoServer)
    }

    /// Lists the devices. Blocks: not for a runtime's thread.
    ///
    /// # Errors
    /// When no sound server answers.
    pub fn devices(&self) -> Result<Devices, AudioError> {
        Err(AudioError::NoServer)
    }

    /// Finds a microphone (`None`: the default) and checks that it opens. Blocks.
    ///
    /// # Errors
    /// `NotFound`, `Busy`.
    pub fn microphone(&self, _id: Option<&str>) -> Result<Device, AudioError> {
        Err(AudioError::NotFound(Side::Microphone))
    }

    /// What happens to the devices from now on.
    #[must_use]
    pub fn events(&self) -> tokio::sync::broadcast::Receiver<AudioEvent> {
        tokio::sync::broadcast::channel(16).1
    }
}

/// A running capture; dropping it stops it.
pub struct Capture {}

impl Capture {
    /// Muted: packets go on, with silence in them.
    pub fn set_muted(&self, _muted: bool) {}
}

/// A running playback stream; dropping it stops it.
pub struct Playback {}

impl Playback {
    /// Takes one packet, in any order.
    pub fn push(&self, _seq: u64, _rtp_time: u32, _payload: Vec<u8>) {}
    /// Muted: packets go on being decoded, in silence.
    pub fn set_muted(&self, _muted: bool) {}
    /// How it goes.
    #[must_use]
    pub fn stats(&self) -> PlaybackStats {
        PlaybackStats::default()
    }
}
