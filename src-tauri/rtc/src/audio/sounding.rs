//! Plays a sound of the app's own on a speaker of its own.
//!
//! ```text
//! course → convert, resample → the chosen speaker, or the default one while that can't be had
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::{AppSrc, AppSrcCallbacks};
use tokio::sync::broadcast;

use super::graph::{self, FRAME, RATE};
use super::sound::{Course, Sound};
use super::supervisor::{Line, Next, Wake, spawn};
use super::{AudioError, Inner, Side, devices};

/// A sound that is played; dropping it hushes it, which does not block.
pub struct Sounding {
    shared: Arc<Shared>,
    wake: Sender<Wake>,
}

impl Sounding {
    pub(super) fn start(
        inner: &Arc<Inner>,
        sound: Sound,
        device: Option<&str>,
    ) -> Result<Self, AudioError> {
        // Whoever asks can play it elsewhere, but has to know now.
        for needed in ["audioconvert", "audioresample"] {
            graph::make(needed)?;
        }
        let shared = Arc::new(Shared::default());
        let line = SoundLine {
            inner: Arc::clone(inner),
            shared: Arc::clone(&shared),
            sound,
            device: device.map(str::to_owned),
            opened: 0,
            due: false,
        };
        // Not the calls' own channel: no call fares worse when a ring fails.
        let (events, _) = broadcast::channel(1);
        let wake = spawn(line, events)?;
        Ok(Self { shared, wake })
    }
}

impl Drop for Sounding {
    fn drop(&mut self) {
        self.shared.hushed.store(true, Ordering::Relaxed);
        // The thread may be gone already.
        let _ = self.wake.send(Wake::Changed);
    }
}

#[derive(Default)]
struct Shared {
    hushed: AtomicBool,
    /// The open device takes samples.
    flowing: AtomicBool,
    /// All was played.
    over: AtomicBool,
}

struct SoundLine {
    inner: Arc<Inner>,
    shared: Arc<Shared>,
    sound: Sound,
    /// What was asked for (`None`: the default).
    device: Option<String>,
    /// How often it was tried to open a device.
    opened: u32,
    /// It was hushed for a tick already, and should be over.
    due: bool,
}

impl Line for SoundLine {
    const SIDE: Side = Side::Speaker;

    fn open(&mut self, wake: &Sender<Wake>) -> Result<gst::Pipeline, AudioError> {
        let config = &self.inner.config;
        // The chosen one may be there and not open: then each is tried in turn.
        let chosen = self
            .device
            .as_deref()
            .filter(|_| self.opened.is_multiple_of(2));
        self.opened = self.opened.wrapping_add(1);
        let id = devices::present(config, Side::Speaker, chosen);
        let sink = graph::device(Side::Speaker, config.server.as_deref(), id)?;
        let pipeline = gst::Pipeline::new();
        pipeline.use_clock(Some(&gst::SystemClock::obtain()));
        let source = self.source(wake);
        let (convert, resample) = (graph::make("audioconvert")?, graph::make("audioresample")?);
        graph::chain(
            &pipeline,
            &[source.upcast_ref(), &convert, &resample, &sink],
        )?;
        self.notice_flow(&sink, wake);
        Ok(pipeline)
    }

    fn close(&mut self) {
        self.shared.flowing.store(false, Ordering::Relaxed);
    }

    fn changed(&mut self) -> Next {
        let is = |flag: &AtomicBool| flag.load(Ordering::Relaxed);
        let shared = &self.shared;
        // What flows is faded first.
        if is(&shared.over) || is(&shared.hushed) && !is(&shared.flowing) {
            Next::Stop
        } else {
            Next::Stay
        }
    }

    fn tick(&mut self, _pipeline: &gst::Pipeline) -> Result<Next, AudioError> {
        // A device that takes no samples any more never comes to the end of the fade.
        if self.due {
            return Ok(Next::Stop);
        }
        self.due = self.shared.hushed.load(Ordering::Relaxed);
        Ok(Next::Stay)
    }

    fn explain(&self, message: &str) -> AudioError {
        let flowed = self.shared.flowing.load(Ordering::Relaxed);
        let config = &self.inner.config;
        devices::explain(
            config,
            Side::Speaker,
            self.device.as_deref(),
            flowed,
            message,
        )
    }
}

impl SoundLine {
    /// Gives out the sound as it is taken, a frame at a time: what was given out can't be taken back.
    fn source(&self, wake: &Sender<Wake>) -> AppSrc {
        let source = AppSrc::builder()
            .caps(&graph::samples())
            .format(gst::Format::Time)
            .build();
        source.set_max_bytes(FRAME as u64 * 2);
        let (shared, wake) = (Arc::clone(&self.shared), wake.clone());
        let (mut course, mut frames) = (Course::new(self.sound.clone()), 0);
        source.set_callbacks(
            AppSrcCallbacks::builder()
                .need_data(move |source, _| {
                    let Some(samples) = course.next(shared.hushed.load(Ordering::Relaxed)) else {
                        shared.over.store(true, Ordering::Relaxed);
                        // The supervisor lives as long as its pipeline.
                        let _ = wake.send(Wake::Changed);
                        return;
                    };
                    if source.push_buffer(buffer(&samples, frames)).is_err() {
                        tracing::trace!("the sound's stream is closing");
                    }
                    frames += 1;
                })
                .build(),
        );
        source
    }

    fn notice_flow(&self, sink: &gst::Element, wake: &Sender<Wake>) {
        let Some(pad) = sink.static_pad("sink") else {
            return;
        };
        let (shared, wake) = (
            Arc::clone(&self.shared),
            std::sync::Mutex::new(wake.clone()),
        );
        pad.add_probe(gst::PadProbeType::BUFFER, move |_, _| {
            shared.flowing.store(true, Ordering::Relaxed);
            if let Ok(wake) = wake.lock() {
                let _ = wake.send(Wake::Flowing);
            }
            gst::PadProbeReturn::Remove
        });
    }
}

/// The frame of this number, with its time.
fn buffer(samples: &[i16; FRAME], number: u64) -> gst::Buffer {
    let bytes: Vec<u8> = samples.iter().flat_map(|one| one.to_le_bytes()).collect();
    let mut buffer = gst::Buffer::from_mut_slice(bytes);
    if let Some(buffer) = buffer.get_mut() {
        let frame = gst::ClockTime::from_mseconds(FRAME as u64 * 1_000 / u64::from(RATE));
        buffer.set_pts(number * frame);
        buffer.set_duration(frame);
    }
    buffer
}
