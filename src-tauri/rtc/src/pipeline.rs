//! What sound and pictures share of GStreamer: elements, pipelines, their clock.

use std::sync::OnceLock;
use std::time::Duration;

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::AppSink;

/// No device holds back more than this; a time stamp that says so is wrong.
const MOST_HELD_BACK: Duration = Duration::from_millis(500);

/// Why a pipeline can't be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PipelineError {
    /// GStreamer itself did not start, or an element of it.
    #[error("GStreamer could not be started: {0}")]
    Start(String),
    /// A GStreamer plugin is not installed.
    #[error("The GStreamer element “{0}” is missing: install gstreamer1.0-plugins-base and -good")]
    MissingElement(String),
}

/// Starts GStreamer once a process. The first time may take seconds, when it looks through its plugins.
pub(crate) fn start() -> Result<(), PipelineError> {
    static STARTED: OnceLock<Result<(), String>> = OnceLock::new();
    STARTED
        .get_or_init(|| gst::init().map_err(|error| error.to_string()))
        .clone()
        .map_err(PipelineError::Start)
}

/// Makes an element with its default properties.
pub(crate) fn make(factory: &str) -> Result<gst::Element, PipelineError> {
    gst::ElementFactory::make(factory)
        .build()
        .map_err(|_| PipelineError::MissingElement(factory.to_owned()))
}

/// Adds the elements to the pipeline and links them in their order.
pub(crate) fn chain(
    pipeline: &gst::Pipeline,
    elements: &[&gst::Element],
) -> Result<(), PipelineError> {
    let failed = |error: gst::glib::BoolError| PipelineError::Start(error.to_string());
    pipeline.add_many(elements).map_err(failed)?;
    gst::Element::link_many(elements).map_err(failed)
}

/// Stops an element or a pipeline and lets go of its device.
pub(crate) fn shut(element: &impl IsA<gst::Element>) {
    if element.set_state(gst::State::Null).is_err() {
        tracing::debug!("a GStreamer element did not stop cleanly");
    }
}

/// The time of the clock that all pipelines run by: the system's monotonic one.
pub(crate) fn now() -> Duration {
    gst::SystemClock::obtain()
        .time()
        .map_or(Duration::ZERO, Duration::from)
}

/// When what begins in this buffer was captured, by the clock of [`now`].
pub(crate) fn captured(output: &AppSink, sample: &gst::Sample, now: Duration) -> Duration {
    let stamp = || {
        let pts = sample.buffer()?.pts()?;
        let segment = sample.segment()?.downcast_ref::<gst::ClockTime>()?;
        Some(Duration::from(
            output.base_time()? + segment.to_running_time(pts)?,
        ))
    };
    stamp()
        .filter(|stamp| now.saturating_sub(*stamp) < MOST_HELD_BACK)
        .unwrap_or(now)
        .min(now)
}
