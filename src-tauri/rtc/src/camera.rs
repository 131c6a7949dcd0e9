//! What GStreamer needs for the page to come by a camera. The page opens it by itself, in a process of its own.

use gstreamer as gst;

use crate::pipeline;

/// Whether GStreamer can read pictures from PipeWire (Debian's gstreamer1.0-pipewire). The first time may take seconds,
/// when GStreamer looks through its plugins.
#[must_use]
pub fn can_read_pipewire() -> bool {
    pipeline::start().is_ok() && gst::ElementFactory::find("pipewiresrc").is_some()
}
