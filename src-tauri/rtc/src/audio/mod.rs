//! Native voice on Linux: the microphone as Opus packets, Opus packets as sound.
//!
//! ```text
//! microphone → 10 ms frames → echo, noise, gain (sonora) → Opus 32 kb/s, 20 ms → sink
//!                                   ▲ what is about to be played
//! push → jitter buffer → Opus → ────┴──→ speaker
//!
//! sound (a ring) ────────────────────→ any speaker
//! ```
//!
//! Voice processing is made for voices. A steady tone loses about 13 dB to noise suppression and then
//! stays where it is; and what both ends hear at the same time and pitch is an echo: a test that
//! sends tones both ways needs two frequencies.
//!
//! Devices, Opus and the jitter buffer are GStreamer's; voice processing is `sonora`'s. A PulseAudio
//! server (PipeWire is one too) is used where one answers, else whatever GStreamer finds.
//!
//! Each open device has a thread of its own that opens and closes it (`supervisor`), so no method
//! here but [`Audio::devices`], [`Audio::microphone`] and [`Audio::sound`] ever blocks. A device that fails, or a
//! sound server that dies, is told as an [`AudioEvent`] and tried again until it is back; captures
//! and playback streams live through it.

mod devices;
mod encoder;
mod error;
mod events;
mod framing;
mod graph;
mod jitter;
mod level;
mod microphone;
mod place;
mod playback;
mod processing;
mod reference;
mod rtp;
mod sound;
mod sounding;
mod supervisor;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::broadcast;

use framing::PacketClock;
use microphone::Captures;
use processing::Processing;
use supervisor::Wake;

pub use error::AudioError;
pub use events::{AudioEvent, Side};
pub use microphone::Capture;
pub use playback::Playback;
pub use sound::{Sound, SoundError};
pub use sounding::Sounding;

/// Events that wait for a receiver; older ones are lost to it.
const EVENTS: usize = 64;

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
    /// A sine of a quarter of full scale instead of a microphone, for tests. Everything behind it
    /// is the same but echo cancellation, noise suppression and gain control, which would take a
    /// steady tone for noise.
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
    /// Samples (48 kHz) whose packet did not come in time: rebuilt from the repair data in the
    /// packet after it, or made up.
    pub concealed: u64,
    /// From a packet's arrival to its sound.
    pub delay: Duration,
    /// Loudness (root mean square) of the last 20 ms, muted or not: 0 is silence, 1 the loudest there is.
    pub level: f64,
}

/// Takes the packets of a capture; must return soon, or packets are late.
pub type PacketSink = Box<dyn Fn(OpusPacket) + Send + Sync>;

/// The sound of this machine; cheap to clone. Devices are closed when the last capture and the last
/// playback stream are gone, whether or not an `Audio` still exists.
#[derive(Clone)]
pub struct Audio {
    inner: Arc<Inner>,
}

impl Audio {
    /// Opens nothing yet and does not even start GStreamer.
    #[must_use]
    pub fn new(config: AudioConfig) -> Self {
        let (events, _) = broadcast::channel(EVENTS);
        let began = Instant::now();
        Self {
            inner: Arc::new(Inner {
                config,
                events,
                processing: Arc::default(),
                captures: Mutex::default(),
                clock: Mutex::new(PacketClock::new(began)),
                chosen: Mutex::default(),
                streams: AtomicU64::new(0),
                watchers: Mutex::default(),
            }),
        }
    }

    /// Starts handing Opus packets to `sink`, from a thread of its own, until the guard is dropped.
    ///
    /// Several captures share one device. Returns at once: a microphone that is missing or busy is
    /// told by an [`AudioEvent::Failed`] and tried again.
    ///
    /// # Errors
    /// [`AudioError::Thread`].
    pub fn capture(&self, sink: PacketSink) -> Result<Capture, AudioError> {
        Capture::start(&self.inner, Some(sink))
    }

    /// Opens the microphone to see how loud it hears ([`Capture::level`]) until the guard is
    /// dropped. As [`capture`](Self::capture), but nothing is encoded.
    ///
    /// # Errors
    /// [`AudioError::Thread`].
    pub fn listen(&self) -> Result<Capture, AudioError> {
        Capture::start(&self.inner, None)
    }

    /// Opens a playback stream. Returns at once: a speaker that is missing or busy is told by an
    /// [`AudioEvent::Failed`] and tried again.
    ///
    /// # Errors
    /// [`AudioError::Thread`].
    pub fn play(&self) -> Result<Playback, AudioError> {
        Playback::start(&self.inner)
    }

    /// Plays a sound of the app's own on this speaker (`None`: the default one) until it is over or
    /// the guard is dropped: then it is silent within a tenth of a second. While that speaker is
    /// away or does not open, the default one stands in. No calls are told of its failures.
    /// **Blocks** where GStreamer was not started yet: not for a runtime's thread.
    ///
    /// # Errors
    /// [`AudioError::Start`] or [`AudioError::MissingElement`] where GStreamer can't play,
    /// [`AudioError::Thread`].
    pub fn sound(&self, sound: Sound, device: Option<&str>) -> Result<Sounding, AudioError> {
        graph::start()?;
        Sounding::start(&self.inner, sound, device)
    }

    /// Lists the devices. What records a speaker's output counts as a microphone only when somebody
    /// made it the default one. **Blocks**, up to a second or so: not for a runtime's thread.
    ///
    /// # Errors
    /// When the server of the configuration does not answer, or GStreamer does not start.
    pub fn devices(&self) -> Result<Devices, AudioError> {
        graph::start()?;
        devices::list(&self.inner.config)
    }

    /// Finds a microphone by its id (`None`: the default one) and checks that it delivers sound.
    /// **Blocks**, up to 5 s: not for a runtime's thread.
    ///
    /// # Errors
    /// [`AudioError::NotFound`] when there is none, [`AudioError::Busy`] when it does not open,
    /// [`AudioError::NoServer`] when the server of the configuration does not answer.
    pub fn microphone(&self, id: Option<&str>) -> Result<Device, AudioError> {
        graph::start()?;
        devices::open_microphone(&self.inner, id)
    }

    /// Finds a microphone by its id (`None`: the default one); whether it opens is not tried. **Blocks**, some tens
    /// of milliseconds: not for a runtime's thread.
    ///
    /// # Errors
    /// [`AudioError::NotFound`] when there is none, [`AudioError::NoServer`] when the server of the configuration
    /// does not answer.
    pub fn find_microphone(&self, id: Option<&str>) -> Result<Device, AudioError> {
        graph::start()?;
        devices::find_microphone(&self.inner, id)
    }

    /// Uses this device (`None`: the default one) from now on, for what is running too.
    pub fn choose(&self, side: Side, id: Option<&str>) {
        let id = id.map(str::to_owned);
        {
            let mut chosen = lock(&self.inner.chosen);
            match side {
                Side::Microphone => chosen.0 = id,
                Side::Speaker => chosen.1 = id,
            }
        }
        self.inner.captures().wake();
        lock(&self.inner.watchers).retain(|watcher| watcher.send(Wake::Changed).is_ok());
    }

    /// What happens to the devices from now on.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<AudioEvent> {
        self.inner.events.subscribe()
    }
}

/// What everything on one [`Audio`] shares.
struct Inner {
    config: AudioConfig,
    events: broadcast::Sender<AudioEvent>,
    processing: Arc<Processing>,
    captures: Mutex<Captures>,
    clock: Mutex<PacketClock>,
    /// The microphone and the speaker that were asked for.
    chosen: Mutex<(Option<String>, Option<String>)>,
    streams: AtomicU64,
    /// The playback streams' threads.
    watchers: Mutex<Vec<Sender<Wake>>>,
}

impl Inner {
    fn captures(&self) -> MutexGuard<'_, Captures> {
        lock(&self.captures)
    }

    fn clock(&self) -> MutexGuard<'_, PacketClock> {
        lock(&self.clock)
    }

    fn chosen(&self, side: Side) -> Option<String> {
        let chosen = lock(&self.chosen);
        match side {
            Side::Microphone => chosen.0.clone(),
            Side::Speaker => chosen.1.clone(),
        }
    }

    fn next_stream(&self) -> u64 {
        self.streams.fetch_add(1, Ordering::Relaxed)
    }

    fn watch(&self, thread: Sender<Wake>) {
        let mut watchers = lock(&self.watchers);
        watchers.retain(|watcher| watcher.send(Wake::Changed).is_ok());
        watchers.push(thread);
    }
}

/// A thread that panicked left nothing half done behind these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
