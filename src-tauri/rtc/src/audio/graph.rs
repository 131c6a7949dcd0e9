//! The bricks that the pipelines are made of: elements, the sample format, the two devices.

use gstreamer as gst;
use gstreamer::prelude::*;

use super::devices;
use super::{AudioError, Side};
pub(super) use crate::pipeline::{chain, make, now, shut, start};

/// Samples a second, everywhere in this module.
pub(super) const RATE: u32 = 48_000;

/// Samples in the 10 ms frames that echo cancellation works on.
pub(super) const FRAME: usize = 480;

/// How much sound the device's buffer holds, and how much it hands over at once, in microseconds.
/// With 5 ms at once PulseAudio's source delivered nothing.
const DEVICE_BUFFER: (i64, i64) = (40_000, 10_000);

/// The samples that this module works on: 16 bits, 48 kHz, mono.
pub(super) fn samples() -> gst::Caps {
    gst::Caps::builder("audio/x-raw")
        .field("format", "S16LE")
        .field("layout", "interleaved")
        .field("rate", 48_000i32)
        .field("channels", 1i32)
        .build()
}

/// An element that lets through only [`samples`].
pub(super) fn samples_only() -> Result<gst::Element, AudioError> {
    let filter = make("capsfilter")?;
    filter.set_property("caps", samples());
    Ok(filter)
}

/// The device element of one side. What it needs has just been seen to answer.
///
/// With a PulseAudio server (PipeWire is one too) it is a stream there; without one, and when no
/// server was asked for by its address, it is whatever GStreamer finds by itself.
pub(super) fn device(
    side: Side,
    server: Option<&str>,
    id: Option<&str>,
) -> Result<gst::Element, AudioError> {
    match pulse(side, server, id) {
        Ok(element) => Ok(element),
        Err(error) if server.is_some() => Err(error),
        Err(_) => match id {
            Some(id) => devices::element(side, id),
            None => automatic(side),
        },
    }
}

/// Whether a PulseAudio server answers.
pub(super) fn pulse_answers(server: Option<&str>) -> Result<(), AudioError> {
    pulse(Side::Microphone, server, None).map(|_| ())
}

/// Has every element of the pipeline follow a changed latency.
pub(super) fn settle(pipeline: &gst::Pipeline) {
    if pipeline.recalculate_latency().is_err() {
        tracing::debug!("the pipeline's latency could not be set");
    }
}

fn pulse(side: Side, server: Option<&str>, id: Option<&str>) -> Result<gst::Element, AudioError> {
    let element = make(match side {
        Side::Microphone => "pulsesrc",
        Side::Speaker => "pulsesink",
    })?;
    element.set_property("server", server);
    element.set_property("device", id);
    element.set_property("client-name", "Ringdown");
    // A phone call: the desktop may quieten its music. No second echo canceller on top of ours.
    element.set_property(
        "stream-properties",
        gst::Structure::builder("props")
            .field("media.role", "phone")
            .field("filter.suppress", "echo-cancel")
            .build(),
    );
    tune(&element);
    let answered = opens(&element);
    shut(&element);
    if answered {
        Ok(element)
    } else {
        Err(AudioError::NoServer)
    }
}

fn automatic(side: Side) -> Result<gst::Element, AudioError> {
    let element = make(match side {
        Side::Microphone => "autoaudiosrc",
        Side::Speaker => "autoaudiosink",
    })?;
    let opened = opens(&element);
    // With nothing to be found it puts a stand-in there that makes or swallows silence.
    let real = element
        .downcast_ref::<gst::Bin>()
        .and_then(|bin| bin.children().into_iter().next())
        .and_then(|child| child.factory())
        .filter(|factory| {
            opened
                && !matches!(
                    factory.name().as_str(),
                    "audiotestsrc" | "fakesrc" | "fakesink"
                )
        });
    shut(&element);
    let element = real
        .and_then(|factory| factory.create().build().ok())
        .ok_or(AudioError::NotFound(side))?;
    tune(&element);
    Ok(element)
}

/// Whether the element gets as far as READY: device elements reach their server or device there.
fn opens(element: &gst::Element) -> bool {
    element.set_state(gst::State::Ready).is_ok()
}

/// Short buffers, and our clock instead of the device's.
pub(super) fn tune(element: &gst::Element) {
    let (buffer, period) = DEVICE_BUFFER;
    if element.has_property("buffer-time", Some(gst::glib::Type::I64)) {
        element.set_property("buffer-time", buffer);
        element.set_property("latency-time", period);
        element.set_property("provide-clock", false);
    }
}
