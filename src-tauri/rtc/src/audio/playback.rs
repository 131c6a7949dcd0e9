//! Opus packets as sound.
//!
//! ```text
//! push → RTP → jitter buffer → Opus → mono samples → (echo reference, level, mute) → pulsesink
//! ```
//!
//! The sink plays a packet at its arrival time plus the playout delay: what
//! [`Jitter`] and [`Margin`] say, and a fixed part for decoding and the device.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::AppSrc;

use super::graph;
use super::jitter::{Jitter, Margin};
use super::level::Level;
use super::place::Place;
use super::supervisor::{Line, Next, Wake, spawn};
use super::{AudioError, Inner, PlaybackStats, Side, devices, rtp};

/// The part of the playout delay that depends on nothing: the decoder holds each packet until it has
/// seen the next one (20 ms), which may be lost, and the device wants to be ahead (20 ms).
const FIXED: Duration = Duration::from_millis(40);

/// How far the sound may be from where it belongs before the sink moves it.
const ALIGNMENT: Duration = Duration::from_millis(10);

/// How long it has to be off before the sink moves it.
const OFF: Duration = Duration::from_millis(200);

/// A running playback stream; dropping it stops it and releases the device. Neither blocks.
pub struct Playback {
    shared: Arc<Shared>,
    wake: Sender<Wake>,
}

impl Playback {
    pub(super) fn start(inner: &Arc<Inner>) -> Result<Self, AudioError> {
        let shared = Arc::new(Shared::default());
        let line = PlaybackLine {
            inner: Arc::clone(inner),
            shared: Arc::clone(&shared),
            id: inner.next_stream(),
            chosen: None,
            delay: Duration::ZERO,
            buffer: None,
            samples: None,
            place: None,
        };
        let wake = spawn(line, inner.events.clone())?;
        inner.watch(wake.clone());
        Ok(Self { shared, wake })
    }

    /// Takes one Opus packet, in any order; duplicates and late ones are dropped.
    ///
    /// `seq` counts packets without wrapping, `rtp_time` is at 48 kHz. What comes before the device
    /// is open, or while it is gone, is lost. Never blocks.
    pub fn push(&self, seq: u64, rtp_time: u32, payload: Vec<u8>) {
        self.shared.packets.fetch_add(1, Ordering::Relaxed);
        let mut input = self.shared.input();
        input.jitter.arrived(Instant::now(), rtp_time);
        if let Some(source) = &input.source {
            let packet = gst::Buffer::from_mut_slice(rtp::packet(seq, rtp_time, &payload));
            if source.push_buffer(packet).is_err() {
                tracing::trace!("the playback stream is closing");
            }
        }
    }

    /// Muted: the packets go on being decoded, and nothing is heard. A new stream is not muted.
    pub fn set_muted(&self, muted: bool) {
        self.shared.muted.store(muted, Ordering::Relaxed);
    }

    /// How the stream is doing.
    #[must_use]
    pub fn stats(&self) -> PlaybackStats {
        let shared = &self.shared;
        PlaybackStats {
            packets: shared.packets.load(Ordering::Relaxed),
            late: shared.late.load(Ordering::Relaxed),
            samples: shared.samples.load(Ordering::Relaxed),
            concealed: shared.concealed.load(Ordering::Relaxed),
            delay: shared.delay(),
            level: shared.level.now(),
        }
    }
}

impl Drop for Playback {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Relaxed);
        // The thread may be gone already.
        let _ = self.wake.send(Wake::Changed);
    }
}

#[derive(Default)]
struct Shared {
    input: Mutex<Input>,
    closed: AtomicBool,
    muted: AtomicBool,
    packets: AtomicU64,
    late: AtomicU64,
    samples: AtomicU64,
    concealed: AtomicU64,
    delay_ms: AtomicU32,
    margin: Mutex<Margin>,
    level: Level,
}

#[derive(Default)]
struct Input {
    /// Present while a pipeline is open.
    source: Option<AppSrc>,
    jitter: Jitter,
}

impl Shared {
    fn input(&self) -> MutexGuard<'_, Input> {
        self.input.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn margin(&self) -> MutexGuard<'_, Margin> {
        self.margin.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn delay(&self) -> Duration {
        Duration::from_millis(self.delay_ms.load(Ordering::Relaxed).into())
    }
}

struct PlaybackLine {
    inner: Arc<Inner>,
    shared: Arc<Shared>,
    id: u64,
    chosen: Option<String>,
    /// The playout delay that is set.
    delay: Duration,
    buffer: Option<JitterBuffer>,
    /// Where samples go into the device's part of the pipeline.
    samples: Option<gst::Pad>,
    place: Option<Place>,
}

struct JitterBuffer {
    element: gst::Element,
    /// Late packets of earlier pipelines.
    late_before: u64,
}

impl Line for PlaybackLine {
    const SIDE: Side = Side::Speaker;

    fn open(&mut self, wake: &Sender<Wake>) -> Result<gst::Pipeline, AudioError> {
        self.chosen = self.inner.chosen(Side::Speaker);
        let config = &self.inner.config;
        // While the chosen one is away the default one stands in.
        let chosen = self.chosen.as_deref();
        let id = devices::present(config, Side::Speaker, chosen);
        let sink = graph::device(Side::Speaker, config.server.as_deref(), id)?;
        self.place = Some(Place::new(Side::Speaker, &sink, chosen, id));
        self.shared.level.forget();
        play_in_time(&sink);
        let pipeline = gst::Pipeline::new();
        pipeline.use_clock(Some(&gst::SystemClock::obtain()));
        let source = AppSrc::builder()
            .caps(&rtp::caps())
            .format(gst::Format::Time)
            .is_live(true)
            .do_timestamp(true)
            .build();
        let buffer = graph::make("rtpjitterbuffer")?;
        buffer.set_property("do-lost", true);
        buffer.set_property("faststart-min-packets", 1u32);
        let depacketise = graph::make("rtpopusdepay")?;
        let opus = graph::make("opusdec")?;
        opus.set_property("plc", true);
        opus.set_property("use-inband-fec", true);
        let (convert, filter) = (graph::make("audioconvert")?, graph::samples_only()?);
        // Lets the decoder run ahead of the device, which takes samples only shortly before they are due.
        let queue = graph::make("queue")?;
        let (adapt, resample) = (graph::make("audioconvert")?, graph::make("audioresample")?);
        graph::chain(
            &pipeline,
            &[
                source.upcast_ref(),
                &buffer,
                &depacketise,
                &opus,
                &convert,
                &filter,
                &queue,
                &adapt,
                &resample,
                &sink,
            ],
        )?;
        self.count_losses(&buffer);
        self.tap(&filter, wake);
        self.samples = queue.static_pad("sink");
        self.buffer = Some(JitterBuffer {
            element: buffer,
            late_before: self.shared.late.load(Ordering::Relaxed),
        });
        self.delay = Duration::ZERO;
        self.steer(&pipeline);
        self.shared.input().source = Some(source);
        Ok(pipeline)
    }

    /// Has the device opened before there is anything to play: it learns the format and that nothing is due yet. Left to
    /// the first packet of a call, that takes a good part of the first word.
    fn opened(&mut self) {
        let Some(pad) = &self.samples else { return };
        let segment = gst::FormattedSegment::<gst::ClockTime>::new();
        for event in [
            gst::event::StreamStart::new("silence"),
            gst::event::Caps::new(&graph::samples()),
            gst::event::Segment::new(&segment),
            gst::event::Gap::new(gst::ClockTime::ZERO, None),
        ] {
            if !pad.send_event(event) {
                tracing::debug!("the speaker could not be opened ahead");
                return;
            }
        }
    }

    fn close(&mut self) {
        self.shared.input().source = None;
        self.buffer = None;
        self.samples = None;
        self.place = None;
        self.inner.processing.forget(self.id);
    }

    fn changed(&mut self) -> Next {
        if self.shared.closed.load(Ordering::Relaxed) {
            Next::Stop
        } else if self.chosen == self.inner.chosen(Side::Speaker) {
            Next::Stay
        } else {
            Next::Reopen
        }
    }

    fn tick(&mut self, pipeline: &gst::Pipeline) -> Result<Next, AudioError> {
        self.steer(pipeline);
        if let Some(buffer) = &self.buffer {
            let stats = buffer.element.property::<gst::Structure>("stats");
            let late = stats.get::<u64>("num-late").unwrap_or_default();
            self.shared
                .late
                .store(buffer.late_before + late, Ordering::Relaxed);
        }
        let (config, events) = (&self.inner.config, &self.inner.events);
        self.place
            .as_mut()
            .map_or(Ok(Next::Stay), |place| place.look(config, events))
    }

    fn explain(&self, message: &str) -> AudioError {
        let flowed = self.shared.level.flowed();
        devices::explain(
            &self.inner.config,
            Side::Speaker,
            self.chosen.as_deref(),
            flowed,
            message,
        )
    }
}

impl PlaybackLine {
    /// Sets the playout delay that fits the network now.
    fn steer(&mut self, pipeline: &gst::Pipeline) {
        let target = self.shared.input().jitter.target();
        let Some(buffer) = &self.buffer else { return };
        let delay = target + FIXED + self.shared.margin().extra();
        if delay == self.delay {
            return;
        }
        self.delay = delay;
        let milliseconds = u32::try_from(target.as_millis()).unwrap_or(u32::MAX);
        buffer.element.set_property("latency", milliseconds);
        // Without this the pipeline adds up what its elements declare; the decoder alone declares
        // 120 ms for the 20 it needs.
        pipeline.set_latency(gst::ClockTime::try_from(self.delay).ok());
        graph::settle(pipeline);
        let total = u32::try_from(self.delay.as_millis()).unwrap_or(u32::MAX);
        self.shared.delay_ms.store(total, Ordering::Relaxed);
    }

    /// Counts the samples whose packet the jitter buffer gave up.
    fn count_losses(&self, buffer: &gst::Element) {
        let Some(pad) = buffer.static_pad("src") else {
            return;
        };
        let shared = Arc::clone(&self.shared);
        pad.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
            if let Some(gst::PadProbeData::Event(event)) = &info.data
                && let Some(lost) = event.structure()
                && lost.name() == "GstRTPPacketLost"
            {
                let nanoseconds = lost.get::<u64>("duration").unwrap_or_default();
                shared
                    .concealed
                    .fetch_add(nanoseconds * 48 / 1_000_000, Ordering::Relaxed);
            }
            gst::PadProbeReturn::Ok
        });
    }

    /// Measures, mutes, and shows the echo canceller what is about to be played.
    fn tap(&self, filter: &gst::Element, wake: &Sender<Wake>) {
        let Some(pad) = filter.static_pad("src") else {
            return;
        };
        let (shared, inner, id) = (Arc::clone(&self.shared), Arc::clone(&self.inner), self.id);
        let wake = Mutex::new(wake.clone());
        let (flowing, clock) = (AtomicBool::new(false), filter.downgrade());
        pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
            let Some(buffer) = info.buffer_mut() else {
                return gst::PadProbeReturn::Ok;
            };
            // By the clock; a segment of a live stream begins at zero.
            let due = match (buffer.pts(), clock.upgrade().and_then(|it| it.base_time())) {
                (Some(pts), Some(base)) => Some(Duration::from(base + pts) + shared.delay()),
                _ => None,
            };
            let left = due.and_then(|due| due.checked_sub(graph::now()));
            shared.margin().reached(Instant::now(), left);
            let Ok(mut map) = buffer.make_mut().map_writable() else {
                return gst::PadProbeReturn::Ok;
            };
            let (samples, _) = map.as_mut_slice().as_chunks_mut::<2>();
            let loudness = samples.iter().map(|sample| i16::from_le_bytes(*sample));
            shared.level.measure(loudness);
            shared
                .samples
                .fetch_add(samples.len() as u64, Ordering::Relaxed);
            if shared.muted.load(Ordering::Relaxed) {
                samples.fill([0; 2]);
            }
            if let Some(due) = due {
                let samples: Vec<f32> = samples
                    .iter()
                    .map(|sample| f32::from(i16::from_le_bytes(*sample)) / 32_768.0)
                    .collect();
                inner.processing.render(id, due, &samples);
            }
            if !flowing.swap(true, Ordering::Relaxed)
                && let Ok(wake) = wake.lock()
            {
                let _ = wake.send(Wake::Flowing);
            }
            gst::PadProbeReturn::Ok
        });
    }
}

/// Has the sink play each sample when its time has come, and correct small errors too: otherwise
/// it never follows a change of the playout delay.
fn play_in_time(sink: &gst::Element) {
    let time = |duration: Duration| duration.as_nanos() as u64;
    if sink.has_property("alignment-threshold", Some(gst::glib::Type::U64)) {
        sink.set_property("sync", true);
        sink.set_property("alignment-threshold", time(ALIGNMENT));
        sink.set_property("discont-wait", time(OFF));
    }
}
