//! The microphone: one device, any number of captures.
//!
//! ```text
//! pulsesrc → 10 ms frames → processing → 20 ms packets → capture 1: Opus → sink
//! (or a tone)                                          → capture 2: Opus → sink
//! ```

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::{AppSink, AppSinkCallbacks};
use tokio::sync::Notify;

use super::encoder::{Encoder, PACKET, Stamp};
use super::framing::Framer;
use super::graph::{self, FRAME};
use super::level::Level;
use super::place::Place;
use super::supervisor::{Line, Next, Wake};
use super::{AudioError, Inner, Microphone, PacketSink, Side, devices};
use crate::pipeline;

/// An open microphone that delivers nothing for so long is opened again.
const STALLED: Duration = Duration::from_secs(3);

/// A running capture of the microphone; dropping it stops it and, when it was the last one,
/// releases the device.
///
/// Neither blocks: the thread that owns the device does the work. The sink may be in the middle of
/// a call when the guard is dropped; no further call begins.
pub struct Capture {
    slot: Arc<Slot>,
    inner: Arc<Inner>,
}

impl Capture {
    /// Without a sink it only listens: nothing is encoded.
    pub(super) fn start(inner: &Arc<Inner>, sink: Option<PacketSink>) -> Result<Self, AudioError> {
        let slot = Arc::new(Slot {
            sink,
            level: Level::default(),
            muted: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            encoder: Mutex::new(None),
            heard: Notify::new(),
        });
        let mut captures = inner.captures();
        if !captures.wake() {
            let line = MicrophoneLine {
                inner: Arc::clone(inner),
                chosen: None,
                session: 0,
                place: None,
                live: Arc::default(),
            };
            captures.wake = Some(super::supervisor::spawn(line, inner.events.clone())?);
        }
        captures.slots.push(Arc::clone(&slot));
        captures.wake();
        drop(captures);
        Ok(Self {
            slot,
            inner: Arc::clone(inner),
        })
    }

    /// Muted: the packets go on, of the same size and with silence in them, and the device stays
    /// open. Takes effect with the next packet. A new capture is not muted.
    pub fn set_muted(&self, muted: bool) {
        self.slot.muted.store(muted, Ordering::Relaxed);
    }

    /// Loudness (root mean square) of the last 20 ms as they would be sent, muted or not: 0 is
    /// silence, 1 the loudest there is.
    #[must_use]
    pub fn level(&self) -> f64 {
        self.slot.level.now()
    }

    /// Returns once the microphone has delivered something.
    pub async fn heard(&self) {
        if !self.slot.level.flowed() {
            self.slot.heard.notified().await;
        }
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        self.slot.closed.store(true, Ordering::Relaxed);
        self.inner.captures().wake();
    }
}

/// What the captures of one [`Audio`](super::Audio) share.
#[derive(Default)]
pub(super) struct Captures {
    slots: Vec<Arc<Slot>>,
    /// Reaches the thread that has the microphone open; none runs while there is no capture.
    wake: Option<Sender<Wake>>,
}

impl Captures {
    /// Tells the thread to look at what changed; false when there is none.
    pub(super) fn wake(&self) -> bool {
        self.wake
            .as_ref()
            .is_some_and(|wake| wake.send(Wake::Changed).is_ok())
    }
}

struct Slot {
    sink: Option<PacketSink>,
    level: Level,
    muted: AtomicBool,
    closed: AtomicBool,
    encoder: Mutex<Option<Encoder>>,
    /// Told with every packet, for whoever waits for the first.
    heard: Notify,
}

impl Slot {
    fn encoder(&self) -> MutexGuard<'_, Option<Encoder>> {
        self.encoder.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, samples: &[i16; PACKET], stamp: Stamp) {
        self.level.measure(samples.iter().copied());
        self.heard.notify_one();
        if let Some(encoder) = &*self.encoder() {
            let muted = self.muted.load(Ordering::Relaxed);
            encoder.push(if muted { &[0; PACKET] } else { samples }, stamp);
        }
    }
}

/// When the last samples came.
type Live = Arc<Mutex<Option<Instant>>>;

struct MicrophoneLine {
    inner: Arc<Inner>,
    /// The device that is open now (`None`: the default).
    chosen: Option<String>,
    /// Which start of the processing is ours.
    session: u64,
    place: Option<Place>,
    live: Live,
}

impl MicrophoneLine {
    fn live(&self) -> MutexGuard<'_, Option<Instant>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line for MicrophoneLine {
    const SIDE: Side = Side::Microphone;

    fn open(&mut self, wake: &Sender<Wake>) -> Result<gst::Pipeline, AudioError> {
        *self.live() = None;
        self.inner.clock().reopened();
        self.chosen = self.inner.chosen(Side::Microphone);
        // While the chosen one is away the default one stands in.
        let chosen = self.chosen.as_deref();
        let id = devices::present(&self.inner.config, Side::Microphone, chosen);
        let source = source(&self.inner, id)?;
        self.place = Some(Place::new(Side::Microphone, &source, chosen, id));
        let pipeline = gst::Pipeline::new();
        pipeline.use_clock(Some(&gst::SystemClock::obtain()));
        let output = AppSink::builder()
            .sync(false)
            .caps(&graph::samples())
            .build();
        let processed = matches!(self.inner.config.microphone, Microphone::System);
        if processed {
            self.session = self.inner.processing.start();
        }
        let mut framer = Framer::new(processed.then(|| Arc::clone(&self.inner.processing)));
        let (inner, live, wake) = (
            Arc::clone(&self.inner),
            Arc::clone(&self.live),
            wake.clone(),
        );
        output.set_callbacks(
            AppSinkCallbacks::builder()
                .new_sample(move |output| {
                    let sample = output.pull_sample().map_err(|_| gst::FlowError::Eos)?;
                    let (now, clock) = (Instant::now(), graph::now());
                    if live
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .replace(now)
                        .is_none()
                    {
                        // The supervisor lives as long as its pipeline.
                        let _ = wake.send(Wake::Flowing);
                    }
                    framer.take(
                        &sample,
                        pipeline::captured(output, &sample, clock),
                        |samples, began| {
                            let age = clock.saturating_sub(began);
                            let stamp = inner.clock().stamp(now.checked_sub(age).unwrap_or(now));
                            let slots = inner.captures().slots.clone();
                            slots.iter().for_each(|slot| slot.push(samples, stamp));
                        },
                    );
                    Ok(gst::FlowSuccess::Ok)
                })
                .build(),
        );
        let (convert, resample) = (graph::make("audioconvert")?, graph::make("audioresample")?);
        graph::chain(
            &pipeline,
            &[&source, &convert, &resample, output.upcast_ref()],
        )?;
        Ok(pipeline)
    }

    fn close(&mut self) {
        self.place = None;
        self.inner.processing.stop(self.session);
    }

    fn changed(&mut self) -> Next {
        let mut captures = self.inner.captures();
        let (closed, open): (Vec<_>, Vec<_>) = std::mem::take(&mut captures.slots)
            .into_iter()
            .partition(|slot| slot.closed.load(Ordering::Relaxed));
        captures.slots = open;
        let slots = captures.slots.clone();
        if slots.is_empty() {
            captures.wake = None;
        }
        drop(captures);
        // Outside of the lock: stopping an encoder waits for its sink.
        for slot in closed {
            let encoder = slot.encoder().take();
            drop(encoder);
        }
        if slots.is_empty() {
            return Next::Stop;
        }
        for slot in slots {
            if slot.sink.is_some() && slot.encoder().is_none() {
                self.encode(&slot);
            }
        }
        if self.chosen == self.inner.chosen(Side::Microphone) {
            Next::Stay
        } else {
            Next::Reopen
        }
    }

    fn tick(&mut self, _pipeline: &gst::Pipeline) -> Result<Next, AudioError> {
        if self.live().is_some_and(|last| last.elapsed() > STALLED) {
            return Err(AudioError::Lost(
                Side::Microphone,
                "it delivers nothing any more".to_owned(),
            ));
        }
        let (config, events) = (&self.inner.config, &self.inner.events);
        self.place
            .as_mut()
            .map_or(Ok(Next::Stay), |place| place.look(config, events))
    }

    fn explain(&self, message: &str) -> AudioError {
        let flowed = self.live().is_some();
        devices::explain(
            &self.inner.config,
            Side::Microphone,
            self.chosen.as_deref(),
            flowed,
            message,
        )
    }
}

impl MicrophoneLine {
    fn encode(&self, slot: &Arc<Slot>) {
        let target = Arc::downgrade(slot);
        let started = graph::start().map_err(AudioError::from).and_then(|()| {
            Encoder::start(move |packet| {
                if let Some(slot) = target.upgrade()
                    && let Some(sink) = &slot.sink
                    && !slot.closed.load(Ordering::Relaxed)
                {
                    sink(packet);
                }
            })
        });
        match started {
            Ok(encoder) => *slot.encoder() = Some(encoder),
            Err(error) => tracing::warn!("{error}"),
        }
    }
}

/// The element that the voice comes from.
pub(super) fn source(inner: &Inner, id: Option<&str>) -> Result<gst::Element, AudioError> {
    match inner.config.microphone {
        Microphone::System => {
            devices::check_input(&inner.config, id, None)?;
            graph::device(Side::Microphone, inner.config.server.as_deref(), id)
        }
        Microphone::Tone { hz } => {
            let tone = graph::make("audiotestsrc")?;
            tone.set_property("is-live", true);
            tone.set_property("freq", hz);
            tone.set_property("volume", 0.25);
            tone.set_property("samplesperbuffer", i32::try_from(FRAME).unwrap_or_default());
            Ok(tone)
        }
    }
}
