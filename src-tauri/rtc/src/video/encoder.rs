//! Pictures in, VP8 out: libvpx by GStreamer's `vp8enc`, set up for a call.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::{AppSink, AppSinkCallbacks, AppSrc};

use super::adaptation::Size;
use super::error::VideoError;
use super::picture::Picture;
use crate::pipeline::{self, PipelineError};

/// Pictures that wait for the encoder; with more it is busy. They would only add delay.
const MOST_WAITING: u64 = 2;
/// A key frame is at most so many percent of what a picture may take on average: a larger one takes so long on
/// a thin link that everything behind it is late.
const KEY_FRAME_PERCENT: i32 = 500;
/// The encoder's own view of a buffer at the other side, in ms, as in libwebrtc: after a difficult picture it saves for
/// so long.
const BUFFER: (i32, i32, i32) = (500, 600, 1000);
/// libvpx's `cpu-used`, -16 to 16: the further from 0, the quicker at the price of quality. As libwebrtc has it on desktops.
const SPEED: i32 = -6;
/// The worst quality it may fall to, of 63; beyond, it leaves pictures out.
const WORST: i32 = 56;
/// Pixels above which a second thread codes.
const TWO_THREADS: u32 = 640 * 480;

/// A coded picture.
pub(super) struct Coded {
    pub key: bool,
    /// When it was captured, by the clock of [`crate::pipeline::now`].
    pub captured: Duration,
    pub size: Size,
    pub data: Vec<u8>,
    /// How long it was in the encoder.
    pub took: Duration,
    /// As it was said when it went in.
    pub send: bool,
}

/// One encoder, for pictures of one size after the other; stops when dropped (not on its own sink's thread).
pub(super) struct Encoder {
    pipeline: gst::Pipeline,
    input: AppSrc,
    vp8: gst::Element,
    size: Size,
    rate: u64,
    inside: Arc<Inside>,
}

/// What the encoder has taken in and not given out.
#[derive(Default)]
struct Inside {
    pushed: AtomicU64,
    done: AtomicU64,
    taken: Mutex<Vec<Taken>>,
}

/// A picture that went in.
#[derive(Clone, Copy)]
struct Taken {
    captured: Duration,
    at: Duration,
    send: bool,
}

impl Encoder {
    /// Starts an encoder that calls `sink` from its own thread.
    pub fn start(sink: impl Fn(Coded) + Send + Sync + 'static) -> Result<Self, VideoError> {
        pipeline::start()?;
        let inside = Arc::new(Inside::default());
        let pipeline = gst::Pipeline::new();
        let input = AppSrc::builder()
            .format(gst::Format::Time)
            .is_live(true)
            .do_timestamp(false)
            .build();
        let vp8 = pipeline::make("vp8enc")?;
        vp8.set_property("deadline", 1_i64);
        vp8.set_property("cpu-used", SPEED);
        vp8.set_property_from_str("end-usage", "cbr");
        vp8.set_property_from_str("keyframe-mode", "disabled");
        // a camera's pictures do not come exactly when its rate says
        vp8.set_property("timebase", gst::Fraction::new(1, 90_000));
        vp8.set_property("lag-in-frames", 0);
        vp8.set_property("min-quantizer", 2);
        vp8.set_property("max-quantizer", WORST);
        vp8.set_property("undershoot", 100);
        vp8.set_property("overshoot", 15);
        vp8.set_property("buffer-initial-size", BUFFER.0);
        vp8.set_property("buffer-optimal-size", BUFFER.1);
        vp8.set_property("buffer-size", BUFFER.2);
        vp8.set_property("max-intra-bitrate", KEY_FRAME_PERCENT);
        vp8.set_property("dropframe-threshold", 30);
        vp8.set_property("static-threshold", 1);
        // taken in and given out are counted here, where also what the encoder leaves out comes by
        let entered = Arc::clone(&inside);
        if let Some(pad) = vp8.static_pad("sink") {
            pad.add_probe(gst::PadProbeType::BUFFER, move |_, _| {
                entered.done.fetch_add(1, Ordering::Relaxed);
                gst::PadProbeReturn::Ok
            });
        }
        let output = AppSink::builder().sync(false).build();
        let left = Arc::clone(&inside);
        output.set_callbacks(
            AppSinkCallbacks::builder()
                .new_sample(move |output| {
                    let sample = output.pull_sample().map_err(|_| gst::FlowError::Eos)?;
                    if let Some(coded) = coded(&sample, &left) {
                        sink(coded);
                    }
                    Ok(gst::FlowSuccess::Ok)
                })
                .build(),
        );
        pipeline::chain(&pipeline, &[input.upcast_ref(), &vp8, output.upcast_ref()])?;
        let encoder = Self {
            pipeline,
            input,
            vp8,
            size: (0, 0),
            rate: 0,
            inside,
        };
        encoder
            .pipeline
            .set_state(gst::State::Playing)
            .map_err(|_| PipelineError::Start("the VP8 encoder did not start".to_owned()))?;
        Ok(encoder)
    }

    /// Bits per second, from the next picture on.
    pub fn set_rate(&mut self, rate: u64) {
        if rate != self.rate {
            self.rate = rate;
            let rate = i32::try_from(rate).unwrap_or(i32::MAX);
            self.vp8.set_property("target-bitrate", rate.max(1));
        }
    }

    /// Whether another picture would only wait.
    pub fn is_busy(&self) -> bool {
        let pushed = self.inside.pushed.load(Ordering::Relaxed);
        pushed.saturating_sub(self.inside.done.load(Ordering::Relaxed)) >= MOST_WAITING
    }

    /// Takes a picture; its size is that of what comes out, and another one than before makes a key frame.
    /// `send` comes out with it. False when the encoder is broken.
    pub fn push(&mut self, picture: &Picture, key: bool, send: bool) -> bool {
        let size = picture.size();
        if size != self.size {
            let Ok(caps) = picture.info.to_caps() else {
                return false;
            };
            let threads = if size.0 * size.1 > TWO_THREADS { 2 } else { 1 };
            self.vp8.set_property("threads", threads);
            self.input.set_caps(Some(&caps));
            self.size = size;
        }
        if key {
            let event = gstreamer_video::DownstreamForceKeyUnitEvent::builder()
                .all_headers(true)
                .build();
            self.input.send_event(event);
        }
        let mut buffer = picture.buffer.clone();
        {
            // the pixels stay shared; what is made is a new head for them
            let buffer = buffer.make_mut();
            let time = gst::ClockTime::try_from(picture.captured).ok();
            buffer.set_pts(time);
            buffer.set_dts(None);
            buffer.set_duration(None);
        }
        self.inside.taken().push(Taken {
            captured: picture.captured,
            at: pipeline::now(),
            send,
        });
        self.inside.pushed.fetch_add(1, Ordering::Relaxed);
        self.input.push_buffer(buffer).is_ok() && !self.failed()
    }

    fn failed(&self) -> bool {
        let error = |bus: gst::Bus| bus.pop_filtered(&[gst::MessageType::Error]);
        self.pipeline.bus().and_then(error).is_some()
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        pipeline::shut(&self.pipeline);
    }
}

impl Inside {
    fn taken(&self) -> MutexGuard<'_, Vec<Taken>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was captured at this time; what is older was left out by the encoder.
    fn give(&self, captured: Duration) -> Option<Taken> {
        let mut taken = self.taken();
        let given = *taken.iter().find(|one| one.captured == captured)?;
        taken.retain(|one| one.captured > captured);
        Some(given)
    }
}

fn coded(sample: &gst::Sample, inside: &Inside) -> Option<Coded> {
    let buffer = sample.buffer()?;
    let captured = Duration::from(buffer.pts()?);
    let taken = inside.give(captured)?;
    let caps = sample.caps()?.structure(0)?;
    let side = |name| u32::try_from(caps.get::<i32>(name).ok()?).ok();
    Some(Coded {
        key: !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT),
        captured,
        size: (side("width")?, side("height")?),
        data: buffer.map_readable().ok()?.as_slice().to_vec(),
        took: pipeline::now().saturating_sub(taken.at),
        send: taken.send,
    })
}
