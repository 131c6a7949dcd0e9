//! Cameras that need no device: each shows a ball that swings.

use gstreamer as gst;
use gstreamer::prelude::*;

use super::devices::{Device, Wanted};
use super::error::VideoError;
use crate::pipeline;

/// The cameras.
pub(super) fn cameras() -> [Device; 2] {
    [("test-1", "Test camera"), ("test-2", "Second test camera")].map(|(id, label)| Device {
        id: id.to_owned(),
        label: label.to_owned(),
        is_virtual: false,
    })
}

/// What the pictures of one come out of, and their caps.
pub(super) fn element(
    id: &str,
    wanted: Wanted,
) -> Result<(gst::Element, Option<gst::Caps>), VideoError> {
    let element = pipeline::make("videotestsrc")?;
    element.set_property("is-live", true);
    element.set_property_from_str("pattern", "ball");
    element.set_property(
        "background-color",
        if id == "test-1" {
            0xff1d_4f63_u32
        } else {
            0xff63_4f1d
        },
    );
    element.set_property("foreground-color", 0xfff2_e8d5_u32);
    element.set_property_from_str("motion", "sweep");
    let int = |one: u32| i32::try_from(one).unwrap_or(1).max(1);
    let caps = gst::Caps::builder("video/x-raw")
        .field("format", "I420")
        .field("width", int(wanted.size.0))
        .field("height", int(wanted.size.1))
        .field("framerate", gst::Fraction::new(int(wanted.rate), 1))
        .build();
    Ok((element, Some(caps)))
}
