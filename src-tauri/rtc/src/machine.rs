//! What the page asks of this machine, beside any connection: which devices there are, a microphone and a camera, a
//! ring on a speaker, how loud the microphone hears.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::broadcast;
use tokio::time::Instant;

use crate::audio::{
    Audio, AudioError, AudioEvent, Capture, Device, Devices, Side, Sound, SoundError, Sounding,
};
use crate::error::RtcError;
use crate::limits::MAX_SIDE;
use crate::video::{self, Video};

/// The microphone is let go of when nobody has asked how loud it hears for so long: a page that hangs or is
/// gone says nothing.
const LEASE: Duration = Duration::from_secs(3);

/// How long a microphone has to deliver its first sound.
const OPENS: Duration = Duration::from_secs(5);

/// The requests that are for the machine.
pub(crate) const OPS: [&str; 10] = [
    "devices",
    "microphone",
    "microphoneEnd",
    "camera",
    "cameraEnd",
    "speaker",
    "play",
    "hush",
    "microphoneLevel",
    "microphoneRest",
];

/// A request for the machine.
#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum MachineRequest {
    Devices {},
    /// Opens the microphone, which stays open until `microphoneEnd`: a sender that takes it up has its sound at once.
    Microphone {
        device_id: Option<String>,
    },
    /// The page has no track of the microphone any more.
    MicrophoneEnd {},
    /// Opens a camera, and answers once its first picture is there.
    Camera {
        device_id: Option<String>,
        /// That one or none.
        #[serde(default)]
        exact: bool,
        /// Pixels.
        width: Option<u32>,
        height: Option<u32>,
        /// Pictures a second.
        frame_rate: Option<f64>,
    },
    /// The page has no track of this opening any more.
    CameraEnd {
        camera: u32,
    },
    Speaker {
        device_id: Option<String>,
    },
    /// Plays a sound in place of the one that is played.
    Play {
        device_id: Option<String>,
        /// Base64 of 16-bit little-endian samples, mono, 48 kHz.
        samples: String,
        /// A ring: repeated after so many milliseconds, until it is hushed.
        every_ms: Option<u32>,
    },
    /// Ends a sound, if it is still played.
    Hush {
        sound: u32,
    },
    /// Opens the microphone, if it is not open already.
    MicrophoneLevel {},
    MicrophoneRest {},
}

/// This machine's sound and cameras, as the page has them. When it is dropped, all is silent and dark.
pub(crate) struct Machine {
    pub audio: Audio,
    pub video: Video,
    player: Mutex<Player>,
    trial: Arc<Mutex<Option<Trial>>>,
    /// The microphone, while the page has a track of it.
    open: Mutex<Option<Capture>>,
}

/// One sound at a time: two rings would be one too many.
#[derive(Default)]
struct Player {
    playing: Option<Playing>,
    /// The number of the sound that was begun last.
    last: u32,
    /// How often all rings were ended: one that was asked for before is not to begin afterwards.
    ended: u32,
}

struct Playing {
    sound: u32,
    rings: bool,
    _sounding: Sounding,
}

/// The microphone while the page shows how loud it hears.
struct Trial {
    capture: Capture,
    until: Instant,
}

impl Machine {
    pub fn new(audio: Audio, video: Video) -> Self {
        Self {
            audio,
            video,
            player: Mutex::default(),
            trial: Arc::default(),
            open: Mutex::default(),
        }
    }

    /// Another page is there: it wants nothing of what the one before asked for.
    pub fn rest(&self) {
        let mut player = lock(&self.player);
        player.ended = player.ended.wrapping_add(1);
        player.playing = None;
        *lock(&self.trial) = None;
        *lock(&self.open) = None;
        self.video.rest();
    }

    /// Ends the ring, if there is one.
    pub fn stop_ringing(&self) {
        let mut player = lock(&self.player);
        player.ended = player.ended.wrapping_add(1);
        player.playing.take_if(|playing| playing.rings);
    }

    /// Carries out a request.
    pub async fn handle(&self, request: MachineRequest) -> Result<Value, RtcError> {
        match request {
            MachineRequest::Devices {} => {
                let (audio, video) = (self.audio.clone(), self.video.clone());
                let devices = blocking(move || audio.devices());
                let (devices, cameras) = tokio::join!(devices, blocking(move || video.devices()));
                let cameras = cameras?.inspect_err(|error| tracing::warn!("{error}"));
                let cameras = cameras.unwrap_or_default();
                let devices = match devices? {
                    // a machine with cameras and no sound
                    Err(_) if !cameras.is_empty() => Devices::default(),
                    devices => devices?,
                };
                let list = |devices: &[Device]| devices.iter().map(told).collect::<Vec<_>>();
                let camera = |one: &video::Device| json!({ "id": one.id, "label": one.label });
                Ok(json!({
                    "inputs": list(&devices.inputs), "outputs": list(&devices.outputs),
                    "cameras": cameras.iter().map(camera).collect::<Vec<_>>(),
                }))
            }
            MachineRequest::Camera {
                device_id,
                exact,
                width,
                height,
                frame_rate,
            } => {
                let wanted = wanted(width, height, frame_rate);
                let opened = self.video.open(device_id, exact, wanted).await?;
                Ok(json!({
                    "camera": opened.number, "id": opened.device.id, "label": opened.device.label,
                    "width": opened.size.0, "height": opened.size.1, "frameRate": wanted.rate,
                }))
            }
            MachineRequest::CameraEnd { camera } => {
                self.video.end(camera);
                Ok(json!({}))
            }
            MachineRequest::Microphone { device_id } => self.open(device_id).await,
            MachineRequest::MicrophoneEnd {} => {
                *lock(&self.open) = None;
                Ok(json!({}))
            }
            MachineRequest::Speaker { device_id } => {
                let audio = self.audio.clone();
                let known = blocking(move || {
                    let known = match &device_id {
                        Some(id) => audio.devices()?.outputs.iter().any(|one| one.id == *id),
                        None => true,
                    };
                    if known {
                        audio.choose(Side::Speaker, device_id.as_deref());
                    }
                    Ok::<_, AudioError>(known)
                });
                if known.await?? {
                    Ok(json!({}))
                } else {
                    Err(AudioError::NotFound(Side::Speaker).into())
                }
            }
            MachineRequest::Play {
                device_id,
                samples,
                every_ms,
            } => self.play(device_id, read(&samples, every_ms)?).await,
            MachineRequest::Hush { sound } => {
                let mut player = lock(&self.player);
                player.playing.take_if(|playing| playing.sound == sound);
                Ok(json!({}))
            }
            MachineRequest::MicrophoneLevel {} => Ok(json!({ "level": self.level()? })),
            MachineRequest::MicrophoneRest {} => {
                *lock(&self.trial) = None;
                Ok(json!({}))
            }
        }
    }

    /// Opens the microphone and keeps it open. What a call sends is taken from the same stream: opened a second
    /// time, a device can take as long as it did the first time.
    async fn open(&self, device_id: Option<String>) -> Result<Value, RtcError> {
        let find = |id: Option<String>| {
            let audio = self.audio.clone();
            blocking(move || audio.find_microphone(id.as_deref()))
        };
        // The default one opens while its name is looked up; one that may not be there is found first.
        let known = match &device_id {
            Some(_) => Some(find(device_id.clone()).await??),
            None => None,
        };
        self.audio.choose(Side::Microphone, device_id.as_deref());
        let mut events = self.audio.events();
        let capture = self.audio.listen()?;
        let opening = async {
            tokio::select! {
                () = capture.heard() => Ok(()),
                error = failure(&mut events) => Err(error),
                () = tokio::time::sleep(OPENS) => Err(None),
            }
        };
        let (opened, device) = match known {
            Some(device) => (opening.await, Ok(device)),
            None => {
                let (opened, found) = tokio::join!(opening, find(None));
                (opened, found?)
            }
        };
        match opened {
            Ok(()) => {
                *lock(&self.open) = Some(capture);
                Ok(told(&device?))
            }
            Err(Some(error)) => Err(error.into()),
            // A failure that was told before is not told again: what it is, a try by itself says.
            Err(None) => {
                drop(capture);
                let audio = self.audio.clone();
                let device = blocking(move || audio.microphone(device_id.as_deref())).await??;
                Ok(told(&device))
            }
        }
    }

    async fn play(&self, device: Option<String>, sound: Sound) -> Result<Value, RtcError> {
        let rings = sound.repeats();
        let ended = lock(&self.player).ended;
        let audio = self.audio.clone();
        let sounding = blocking(move || audio.sound(sound, device.as_deref())).await??;
        let mut player = lock(&self.player);
        if rings && player.ended != ended {
            return Err(RtcError::new("AbortError", "what rang is over"));
        }
        // A sample of a ringtone must not be what a call is missed for.
        if !rings && player.playing.as_ref().is_some_and(|one| one.rings) {
            return Err(RtcError::state("it rings"));
        }
        player.last = player.last.wrapping_add(1);
        player.playing = Some(Playing {
            sound: player.last,
            rings,
            _sounding: sounding,
        });
        Ok(json!({ "sound": player.last }))
    }

    /// How loud the microphone hears, 0 to 1; 0 until it is open.
    fn level(&self) -> Result<f64, AudioError> {
        let mut trial = lock(&self.trial);
        let until = Instant::now() + LEASE;
        if let Some(trial) = &mut *trial {
            trial.until = until;
            return Ok(trial.capture.level());
        }
        let capture = self.audio.listen()?;
        *trial = Some(Trial { capture, until });
        tokio::spawn(let_go(Arc::downgrade(&self.trial), until));
        Ok(0.0)
    }
}

/// Why the microphone does not open; none when that can't be heard any more.
async fn failure(events: &mut broadcast::Receiver<AudioEvent>) -> Option<AudioError> {
    loop {
        match events.recv().await {
            Ok(AudioEvent::Failed {
                side: Side::Microphone,
                error,
            }) => return Some(error),
            Err(broadcast::error::RecvError::Closed) => return None,
            Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
        }
    }
}

/// Lets go of the microphone when nobody asks any more.
async fn let_go(trial: Weak<Mutex<Option<Trial>>>, mut until: Instant) {
    loop {
        tokio::time::sleep_until(until).await;
        let Some(trial) = trial.upgrade() else { return };
        let mut trial = lock(&trial);
        match &*trial {
            Some(trial) if trial.until > Instant::now() => until = trial.until,
            _ => {
                *trial = None;
                return;
            }
        }
    }
}

/// Reads a sound of the page.
fn read(samples: &str, every_ms: Option<u32>) -> Result<Sound, RtcError> {
    let bytes = STANDARD.decode(samples).ok();
    let samples = bytes.as_deref().and_then(|bytes| {
        let (samples, rest) = bytes.as_chunks::<2>();
        rest.is_empty().then_some(samples)
    });
    let samples = samples.ok_or_else(|| RtcError::kind("the samples are malformed"))?;
    let samples = samples.iter().map(|one| i16::from_le_bytes(*one)).collect();
    let every = every_ms.map(|every| Duration::from_millis(every.into()));
    Sound::new(samples, every).map_err(RtcError::from)
}

impl From<SoundError> for RtcError {
    fn from(error: SoundError) -> Self {
        Self::kind(error.to_string())
    }
}

/// The pictures a page gets without saying what it wants: 640×480, 30 a second.
fn wanted(width: Option<u32>, height: Option<u32>, rate: Option<f64>) -> video::Wanted {
    let (width, height) = match (width, height) {
        (Some(width), Some(height)) => (width, height),
        (Some(width), None) => (width, width.saturating_mul(3) / 4),
        (None, Some(height)) => (height.saturating_mul(4) / 3, height),
        (None, None) => (640, 480),
    };
    let most = MAX_SIDE.into();
    video::Wanted {
        size: (width.clamp(2, most), height.clamp(2, most)),
        rate: rate.unwrap_or(30.0).clamp(1.0, 60.0) as u32,
    }
}

fn told(device: &Device) -> Value {
    json!({ "id": device.id, "label": device.label })
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, RtcError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| RtcError::operation("the sound system did not answer"))
}

/// Nothing is half done behind these locks when somebody panics.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{AudioConfig, Microphone};
    use crate::media_socket::Page;
    use crate::video::CameraSource;

    fn machine() -> Machine {
        let audio = Audio::new(AudioConfig {
            microphone: Microphone::Tone { hz: 440.0 },
            server: None,
        });
        Machine::new(audio, Video::new(CameraSource::Test, Page::default()))
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_that_falls_silent_does_not_keep_the_microphone() {
        let machine = machine();
        let is_open = || lock(&machine.trial).is_some();
        machine.level().unwrap();
        for _ in 0..3 {
            tokio::time::sleep(LEASE / 2).await;
            machine.level().unwrap();
        }
        assert!(is_open());
        tokio::time::sleep(LEASE + Duration::from_secs(1)).await;
        assert!(!is_open());
        machine.level().unwrap();
        assert!(is_open(), "it can be opened again");
    }

    #[tokio::test]
    async fn the_microphone_is_open_as_long_as_the_page_has_a_track_of_it() {
        let machine = machine();
        let is_open = || lock(&machine.open).is_some();
        let open = || MachineRequest::Microphone { device_id: None };
        assert_eq!(machine.handle(open()).await.unwrap()["id"], "tone");
        assert!(is_open());
        machine
            .handle(MachineRequest::MicrophoneEnd {})
            .await
            .unwrap();
        assert!(!is_open());

        machine.handle(open()).await.unwrap();
        machine.rest();
        assert!(!is_open(), "a page that is gone has none");
    }
}
