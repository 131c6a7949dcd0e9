//! One m-line going out: a camera's pictures in, coded ones to its peer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::adaptation::Adaptation;
use super::capture::Taking;
use super::encoder::{Coded, Encoder};
use super::picture::{self, Picture, Scaler};
use super::{Camera, InACall};

/// Least time between two key frames that were asked for.
const KEY_INTERVAL: Duration = Duration::from_millis(300);
/// While muted, one black picture in this time.
const BLACK_INTERVAL: Duration = Duration::from_secs(1);
/// Bits a second until the peer says better.
const START_RATE: u64 = 600_000;
/// Bits a second for two pixels above which a picture hardly looks better: 1.7 Mb/s for 640×480. What it costs to code and
/// to decode would go on growing.
const MOST_BITS: u64 = 11;
/// Part by which the rate must change before the encoder is told.
const RATE_CHANGE: f64 = 0.05;
/// Least time between two pictures, in seconds: of a camera that gives 60 a second every other one is sent.
const LEAST_BETWEEN: f64 = 0.025;
/// A broken encoder is made anew after this time.
const ENCODER_PAUSE: Duration = Duration::from_secs(1);

/// What a sender is limited to, besides the link's rate.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Limits {
    /// Black is sent.
    #[serde(default)]
    pub muted: bool,
    /// Bits per second.
    #[serde(default)]
    pub max_bitrate: Option<u64>,
    /// Pictures a second.
    #[serde(default)]
    pub max_framerate: Option<f64>,
    /// A factor, at least 1.
    #[serde(default)]
    pub scale: Option<f64>,
}

/// A coded picture on its way to the peer.
pub(crate) struct Outgoing {
    pub key: bool,
    /// Microseconds, from an arbitrary start.
    pub timestamp: u64,
    pub data: Vec<u8>,
}

/// Takes coded pictures, from the encoder's thread; false when there is no room: then a key frame follows.
pub(crate) type Sink = Box<dyn Fn(Outgoing) -> bool + Send + Sync>;

/// Sends a camera until it is dropped.
pub(crate) struct Sending {
    shared: Arc<Shared>,
    /// Until it is dropped.
    taking: Option<Taking>,
    camera: Camera,
    _in_a_call: InACall,
}

struct Shared {
    state: Mutex<State>,
    figures: Mutex<Figures>,
    sink: Sink,
}

struct State {
    limits: Limits,
    rate: u64,
    adaptation: Adaptation,
    scaler: Scaler,
    encoder: Option<Encoder>,
    /// When an encoder failed.
    failed: Option<Duration>,
    told_rate: u64,
    key_wanted: bool,
    last_key: Option<Duration>,
    last: Option<Duration>,
    last_black: Option<Duration>,
    /// The peer sends what is coded. Before, one picture is coded and thrown away: an encoder takes its time to begin.
    started: bool,
    /// Nothing more is sent.
    closed: bool,
}

#[derive(Default)]
struct Figures {
    encoded: u64,
    key_frames: u64,
    encode_time: Duration,
    size: (u32, u32),
    /// Pictures in the second that is counted, when it began, and how many were in the one before.
    second: (u32, Duration, u32),
    /// The sink had no room: what follows can't be decoded.
    lost: bool,
}

impl Sending {
    pub fn start(camera: Camera, limits: Limits, sink: Sink) -> Self {
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                limits,
                rate: START_RATE,
                adaptation: Adaptation::default(),
                scaler: Scaler::default(),
                encoder: None,
                failed: None,
                told_rate: 0,
                key_wanted: true,
                last_key: None,
                last: None,
                last_black: None,
                started: false,
                closed: false,
            }),
            figures: Mutex::default(),
            sink,
        });
        let taker = Arc::downgrade(&shared);
        let taking = camera.take(Arc::new(move |picture: &Picture| {
            if let Some(shared) = taker.upgrade() {
                shared.captured(picture);
            }
        }));
        Self {
            shared,
            taking: Some(taking),
            _in_a_call: camera.in_a_call(),
            camera,
        }
    }

    /// The camera's number.
    pub fn camera(&self) -> u32 {
        self.camera.number()
    }

    pub fn set_limits(&self, limits: Limits) {
        let mut state = self.shared.state();
        state.key_wanted |= limits.muted != state.limits.muted;
        state.limits = limits;
    }

    /// Bits per second.
    pub fn set_rate(&self, rate: u64) {
        self.shared.state().rate = rate;
    }

    /// The peer sends from now on, and begins with a key frame.
    pub fn begin(&self) {
        let mut state = self.shared.state();
        state.started = true;
        state.key_wanted = true;
        state.last_key = None;
        state.last_black = None;
    }

    pub fn want_key(&self) {
        self.shared.state().key_wanted = true;
    }

    /// What `getStats()` tells of the encoder.
    pub fn figures(&self) -> Map<String, Value> {
        let limitation = self.shared.state().adaptation.limitation();
        let figures = self.shared.figures();
        let value = json!({
            "framesEncoded": figures.encoded, "keyFramesEncoded": figures.key_frames,
            "totalEncodeTime": figures.encode_time.as_secs_f64(), "framesPerSecond": figures.second.2,
            "frameWidth": figures.size.0, "frameHeight": figures.size.1,
            "qualityLimitationReason": limitation.as_str(),
        });
        match value {
            Value::Object(figures) => figures,
            _ => Map::new(),
        }
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.taking = None;
        // Here, and not wherever the last of `shared` goes, which may be on the encoder's own thread: stopping it waits
        // for its sink.
        let encoder = {
            let mut state = self.shared.state();
            state.closed = true;
            state.encoder.take()
        };
        drop(encoder);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn figures(&self) -> MutexGuard<'_, Figures> {
        self.figures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn captured(self: &Arc<Self>, picture: &Picture) {
        let mut state = self.state();
        let now = picture.captured;
        if state.closed || !state.started && state.encoder.is_some() {
            return;
        }
        let since = |then: Option<Duration>| then.map(|then| now.saturating_sub(then));
        let rate = state.limits.max_framerate.filter(|rate| *rate > 0.0);
        let least = rate.map_or(LEAST_BETWEEN, |rate| LEAST_BETWEEN.max(0.9 / rate));
        if since(state.last).is_some_and(|ago| ago.as_secs_f64() < least) {
            return;
        }
        state.key_wanted |= std::mem::take(&mut self.figures().lost);
        if state.limits.muted {
            if !state.key_wanted && since(state.last_black).is_some_and(|ago| ago < BLACK_INTERVAL)
            {
                return;
            }
            state.last_black = Some(now);
        }
        state.last = Some(now);
        let busy = state.encoder.as_ref().is_some_and(Encoder::is_busy);
        let micros = u64::try_from(now.as_micros()).unwrap_or(u64::MAX);
        state.adaptation.captured(micros, busy);
        if !busy {
            self.encode(&mut state, picture);
        }
    }

    fn encode(self: &Arc<Self>, state: &mut State, picture: &Picture) {
        let now = picture.captured;
        let rate = state.rate.min(state.limits.max_bitrate.unwrap_or(u64::MAX));
        let scale = state.limits.scale.unwrap_or(1.0).max(1.0);
        let size = state.adaptation.size(rate, picture.size(), scale);
        let rate = rate.min(u64::from(size.0 * size.1) * MOST_BITS / 2);
        let scaled = if state.limits.muted {
            picture::black(size, picture)
        } else {
            state.scaler.scale(picture, size)
        };
        let (Some(scaled), true) = (scaled, self.ready(state, now)) else {
            return;
        };
        let due = state
            .last_key
            .is_none_or(|last| now.saturating_sub(last) >= KEY_INTERVAL);
        let key = state.key_wanted && due;
        let Some(encoder) = &mut state.encoder else {
            return;
        };
        let told = state.told_rate as f64;
        if (rate as f64 - told).abs() > told * RATE_CHANGE {
            encoder.set_rate(rate);
            state.told_rate = rate;
        }
        if encoder.push(&scaled, key, state.started) {
            if key {
                state.key_wanted = false;
                state.last_key = Some(now);
            }
        } else {
            tracing::warn!("the video encoder failed and is started anew");
            state.encoder = None;
            state.failed = Some(now);
        }
    }

    /// Whether there is an encoder now.
    fn ready(self: &Arc<Self>, state: &mut State, now: Duration) -> bool {
        if state.encoder.is_some() {
            return true;
        }
        if state
            .failed
            .is_some_and(|at| now.saturating_sub(at) < ENCODER_PAUSE)
        {
            return false;
        }
        let target = Arc::downgrade(self);
        let encoder = Encoder::start(move |coded| {
            if let Some(shared) = target.upgrade() {
                shared.coded(coded);
            }
        });
        match encoder {
            Ok(encoder) => {
                state.encoder = Some(encoder);
                state.told_rate = 0;
                state.key_wanted = true;
                state.failed = None;
                true
            }
            Err(error) => {
                tracing::warn!("{error}");
                state.failed = Some(now);
                false
            }
        }
    }

    /// On the encoder's thread.
    fn coded(&self, coded: Coded) {
        if !coded.send {
            return;
        }
        let mut figures = self.figures();
        figures.encoded += 1;
        figures.key_frames += u64::from(coded.key);
        figures.encode_time += coded.took;
        figures.size = coded.size;
        let (count, began, _) = figures.second;
        let passed = coded.captured.saturating_sub(began);
        figures.second = if passed >= Duration::from_secs(1) {
            let rate = f64::from(count + 1) / passed.as_secs_f64();
            (0, coded.captured, rate.round() as u32)
        } else {
            (count + 1, began, figures.second.2)
        };
        drop(figures);
        let timestamp = u64::try_from(coded.captured.as_micros()).unwrap_or(u64::MAX);
        let outgoing = Outgoing {
            key: coded.key,
            timestamp,
            data: coded.data,
        };
        if !(self.sink)(outgoing) {
            self.figures().lost = true;
        }
    }
}
