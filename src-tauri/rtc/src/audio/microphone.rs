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

use super::encoder::{Encoder, PACKET, Stamp};
use super::graph::{self, FRAME, RATE};
use super::place::Place;
use super::processing::{Frame, Processing};
use super::supervisor::{Line, Next, Wake};
use super::{AudioError, Inner, Microphone, PacketSink, Side, devices};

/// An open microphone that delivers nothing for so long is opened again.
const STALLED: Duration = Duration::from_secs(3);

/// The RTP clock follows real time over holes longer than this.
const HOLE: Duration = Duration::from_millis(60);

/// Time stamps waver when the processor is busy: so many packets have to agree on a hole.
const DOUBTS: u32 = 10;

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
    pub(super) fn start(inner: &Arc<Inner>, sink: PacketSink) -> Result<Self, AudioError> {
        let slot = Arc::new(Slot {
            sink,
            muted: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            encoder: Mutex::new(None),
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
    sink: PacketSink,
    muted: AtomicBool,
    closed: AtomicBool,
    encoder: Mutex<Option<Encoder>>,
}

impl Slot {
    fn encoder(&self) -> MutexGuard<'_, Option<Encoder>> {
        self.encoder.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, samples: &[i16; PACKET], stamp: Stamp) {
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
        let id = devices::present(&self.inner.config, Side::Microphone, self.chosen.as_deref());
        let source = source(&self.inner, id)?;
        self.place = Some(Place::new(
            Side::Microphone,
            &source,
            self.chosen.as_deref(),
        ));
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
        let mut framer = Framer {
            processing: processed.then(|| Arc::clone(&self.inner.processing)),
            frame: Vec::with_capacity(FRAME),
            packet: Vec::with_capacity(PACKET),
        };
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
                        captured(output, &sample, clock),
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
            if slot.encoder().is_none() {
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
        let started = graph::start().and_then(|()| {
            Encoder::start(move |packet| {
                if let Some(slot) = target.upgrade()
                    && !slot.closed.load(Ordering::Relaxed)
                {
                    (slot.sink)(packet);
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

/// When the first sample of this buffer was captured, by the system clock of GStreamer.
fn captured(output: &AppSink, sample: &gst::Sample, now: Duration) -> Duration {
    let stamp = || {
        let pts = sample.buffer()?.pts()?;
        let segment = sample.segment()?.downcast_ref::<gst::ClockTime>()?;
        Some(Duration::from(
            output.base_time()? + segment.to_running_time(pts)?,
        ))
    };
    // No device holds back more than this; a time stamp that says so is wrong.
    stamp()
        .filter(|stamp| now.saturating_sub(*stamp) < Duration::from_millis(500))
        .unwrap_or(now)
        .min(now)
}

/// Cuts the stream into frames, has them processed, and puts packets together.
struct Framer {
    processing: Option<Arc<Processing>>,
    frame: Vec<f32>,
    packet: Vec<i16>,
}

impl Framer {
    fn take(
        &mut self,
        sample: &gst::Sample,
        captured: Duration,
        mut deliver: impl FnMut(&[i16; PACKET], Duration),
    ) {
        let Some(map) = sample
            .buffer()
            .and_then(|buffer| buffer.map_readable().ok())
        else {
            return;
        };
        let (samples, _) = map.as_slice().as_chunks::<2>();
        for (index, bytes) in samples.iter().enumerate() {
            self.frame
                .push(f32::from(i16::from_le_bytes(*bytes)) / 32_768.0);
            let Ok(mut frame) = Frame::try_from(self.frame.as_slice()) else {
                continue;
            };
            self.frame.clear();
            // What came before this buffer was captured before it.
            let began = |length: usize| moved(captured, index + 1, length);
            if let Some(processing) = &self.processing {
                processing.capture(began(FRAME), &mut frame);
            }
            self.packet
                .extend(frame.iter().map(|sample| (sample * 32_767.0) as i16));
            if let Ok(packet) = <[i16; PACKET]>::try_from(self.packet.as_slice()) {
                self.packet.clear();
                deliver(&packet, began(PACKET));
            }
        }
    }
}

/// So many samples after the moment, and then so many before.
fn moved(moment: Duration, after: usize, before: usize) -> Duration {
    let time =
        |samples: usize| Duration::from_nanos(samples as u64 * 1_000_000_000 / u64::from(RATE));
    (moment + time(after)).saturating_sub(time(before))
}

/// Gives packets their RTP time: it advances by a packet each, and jumps over holes. It outlives
/// the device, so that time never goes back for those who listen.
pub(super) struct PacketClock {
    began: Instant,
    /// Samples since `began`, of the next packet.
    next: u64,
    /// How many packets in a row were stamped as if there was a hole before them.
    doubts: u32,
}

impl PacketClock {
    pub(super) fn new(began: Instant) -> Self {
        Self {
            began,
            next: 0,
            doubts: DOUBTS,
        }
    }

    /// The device was opened again: the next stamp is to be believed.
    fn reopened(&mut self) {
        self.doubts = DOUBTS;
    }

    /// The stamp of the next packet.
    fn stamp(&mut self, captured: Instant) -> Stamp {
        let elapsed = captured.saturating_duration_since(self.began);
        let hole = elapsed.saturating_sub(Duration::from_micros(self.next * 1_000 / 48));
        if hole <= HOLE {
            self.doubts = 0;
        } else if self.doubts < DOUBTS {
            self.doubts += 1;
        } else {
            let packets = hole.as_millis() as u64 / 20;
            self.next += packets * PACKET as u64;
            self.doubts = 0;
        }
        // RTP time wraps.
        let rtp_time = self.next as u32;
        self.next += PACKET as u64;
        Stamp { rtp_time, captured }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rtp_time_jumps_over_holes_and_never_back() {
        let began = Instant::now();
        let mut clock = PacketClock::new(began);
        let at = |ms| began + Duration::from_millis(ms);
        let mut stamp = |ms| clock.stamp(at(ms)).rtp_time / 960;
        assert_eq!(stamp(1_000), 50, "the first stamp is believed");
        assert_eq!((stamp(1_020), stamp(1_045), stamp(1_060)), (51, 52, 53));
        assert_eq!(
            (stamp(1_200), stamp(1_100)),
            (54, 55),
            "one late stamp is no hole"
        );
        let after: Vec<u32> = (0..11).map(|index| stamp(2_120 + index * 20)).collect();
        assert_eq!(after[9], 65, "ten may be wrong");
        assert_eq!(
            after[10], 116,
            "a second without a packet is a second in the stream"
        );
        assert_eq!(
            (stamp(2_300), stamp(2_310)),
            (117, 118),
            "early packets just follow"
        );
        clock.reopened();
        assert_eq!(clock.stamp(at(4_000)).rtp_time / 960, 200);
    }
}
