//! Which cameras there are, and in which of its modes one is to be opened.

use gstreamer as gst;
use gstreamer::prelude::*;

use super::adaptation::Size;
use super::error::VideoError;
use super::pipewire::{self, Node};
use super::test_camera;
use crate::pipeline;

/// A camera, as the page is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Device {
    /// Stays the same as long as it is plugged in where it is.
    pub id: String,
    pub label: String,
    /// Made by a program: never opened unless chosen, where there is another.
    pub is_virtual: bool,
}

/// What the page wants of a camera's pictures, in pixels and pictures a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub size: Size,
    pub rate: u32,
}

/// A camera that was found.
#[derive(Clone)]
pub(super) struct Found {
    pub device: Device,
    pub source: Source,
}

/// What a camera is opened by.
#[derive(Clone)]
pub(super) enum Source {
    Node(Node),
    /// The kernel's, by its file.
    File(gst::Device),
    Test,
}

impl Source {
    /// What its pictures come out of, and the caps to open it with.
    pub fn open(
        &self,
        id: &str,
        wanted: Wanted,
    ) -> Result<(gst::Element, Option<gst::Caps>), VideoError> {
        match self {
            Self::Node(node) => {
                let modes = node.modes.as_ref();
                Ok((node.element()?, modes.and_then(|modes| mode(modes, wanted))))
            }
            Self::File(device) => {
                let element = device.create_element(None);
                let element = element.map_err(|error| VideoError::Busy(error.to_string()))?;
                Ok((element, device.caps().and_then(|caps| mode(&caps, wanted))))
            }
            Self::Test => test_camera::element(id, wanted),
        }
    }
}

/// The cameras that are there now, real ones first. Blocks.
pub(super) fn list() -> Result<Vec<Found>, VideoError> {
    pipeline::start()?;
    let nodes = pipewire::nodes();
    let known: Vec<String> = nodes.iter().filter_map(|node| node.path.clone()).collect();
    let nodes = nodes.into_iter().map(|node| Found {
        device: Device {
            id: node.name.clone(),
            label: node.label.clone(),
            is_virtual: node.is_virtual,
        },
        source: Source::Node(node),
    });
    // those that PipeWire has as well are opened by it: several programs can use them then
    let files = files()
        .into_iter()
        .filter(|found| !known.contains(&found.device.id));
    let mut found: Vec<Found> = nodes.chain(files).collect();
    found.sort_by_key(|one| one.device.is_virtual);
    number_namesakes(&mut found);
    Ok(found)
}

/// The kernel's cameras.
fn files() -> Vec<Found> {
    let provider = gst::DeviceProviderFactory::find("v4l2deviceprovider");
    let devices = provider
        .and_then(|provider| provider.get())
        .map(|provider| provider.devices());
    let found = devices.into_iter().flatten().filter_map(|device| {
        let properties = device.properties()?;
        let text = |name: &str| properties.get::<String>(name).ok();
        let driver = text("v4l2.device.driver").unwrap_or_default();
        Some(Found {
            device: Device {
                id: text("device.path")?,
                label: device.display_name().to_string(),
                is_virtual: driver.replace(['-', ' '], "").contains("v4l2loopback"),
            },
            source: Source::File(device),
        })
    });
    found.collect()
}

/// Two cameras of one name can be told apart.
fn number_namesakes(found: &mut [Found]) {
    let labels: Vec<String> = found.iter().map(|one| one.device.label.clone()).collect();
    for (at, one) in found.iter_mut().enumerate() {
        let before = labels
            .iter()
            .take(at)
            .filter(|label| **label == one.device.label);
        let count = before.count();
        if count > 0 {
            one.device.label = format!("{} ({})", one.device.label, count + 1);
        }
    }
}

/// The mode that comes nearest to what is wanted: large enough before fast enough before small, and rather raw than
/// compressed. None: whatever the camera gives by itself. A camera need not name a rate.
pub(super) fn mode(caps: &gst::Caps, wanted: Wanted) -> Option<gst::Caps> {
    let modes = caps.iter().filter_map(|structure| fixed(structure, wanted));
    let best = modes.min_by(|one, other| one.0.total_cmp(&other.0))?;
    Some(gst::Caps::builder_full().structure(best.1).build())
}

/// A structure of the camera's caps with one size and at most one rate, and how far that is from what is wanted.
fn fixed(structure: &gst::StructureRef, wanted: Wanted) -> Option<(f64, gst::Structure)> {
    let compressed = match structure.name().as_str() {
        "video/x-raw" => false,
        "image/jpeg" => true,
        _ => return None,
    };
    let mut mode = gst::Structure::new_empty(structure.name());
    let mut exact = structure.to_owned();
    let int = |side: u32| i32::try_from(side).unwrap_or(i32::MAX);
    let wanted_rate = gst::Fraction::new(int(wanted.rate), 1);
    if exact.has_field("width") {
        exact.fixate_field_nearest_int("width", int(wanted.size.0));
        exact.fixate_field_nearest_int("height", int(wanted.size.1));
    }
    if exact.has_field("framerate") {
        exact.fixate_field_nearest_fraction("framerate", wanted_rate);
    }
    let side = |name: &str| exact.get::<i32>(name).ok().map(f64::from);
    let (width, height) = (side("width")?, side("height")?);
    mode.set("width", exact.get::<i32>("width").ok()?);
    mode.set("height", exact.get::<i32>("height").ok()?);
    let mut distance = if compressed { 0.3 } else { 0.0 };
    let pixels = width * height / f64::from(wanted.size.0 * wanted.size.1).max(1.0);
    distance += if pixels < 1.0 { 2.0 / pixels } else { pixels };
    let shape = (width / height) / (f64::from(wanted.size.0) / f64::from(wanted.size.1).max(1.0));
    distance += shape.ln().abs() / 4.0;
    if let Ok(rate) = exact.get::<gst::Fraction>("framerate")
        && rate.numer() > 0
    {
        mode.set("framerate", rate);
        let rate = f64::from(rate.numer()) / f64::from(rate.denom().max(1));
        distance += (f64::from(wanted.rate) / rate - 1.0).max(0.0) * 2.0;
    }
    Some((distance, mode))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::str::FromStr;

    fn chosen(caps: &str, size: Size) -> String {
        pipeline::start().unwrap();
        let caps = gst::Caps::from_str(caps).unwrap();
        mode(&caps, Wanted { size, rate: 30 })
            .map_or_else(|| "none".to_owned(), |mode| mode.to_string())
    }

    #[test]
    fn the_mode_nearest_to_what_is_wanted_is_taken() {
        let webcam = "video/x-raw,format=YUY2,width=1280,height=720,framerate=10/1; \
             video/x-raw,format=YUY2,width=640,height=480,framerate={30/1,15/1}; \
             video/x-raw,format=YUY2,width=320,height=240,framerate=30/1; \
             image/jpeg,width=1280,height=720,framerate=30/1; image/jpeg,width=640,height=480,framerate=30/1";
        let vga = chosen(webcam, (640, 480));
        assert!(
            vga.starts_with("video/x-raw") && vga.contains("width=(int)640"),
            "{vga}"
        );
        let hd = chosen(webcam, (1280, 720));
        assert!(
            hd.starts_with("image/jpeg") && hd.contains("height=(int)720"),
            "{hd}"
        );
    }

    #[test]
    fn ranges_lists_and_caps_without_a_rate_are_understood() {
        let ranges =
            "video/x-raw,format={I420,NV12},width=[1,4096],height=[1,4096],framerate=[0/1,60/1]";
        let mode = chosen(ranges, (640, 480));
        assert!(
            mode.contains("width=(int)640, height=(int)480, framerate=(fraction)30/1"),
            "{mode}"
        );
        let mode = chosen("video/x-raw,format=NV12,width=800,height=600", (640, 480));
        assert!(
            mode.contains("width=(int)800") && !mode.contains("framerate"),
            "{mode}"
        );
        assert_eq!(chosen("video/x-h264", (640, 480)), "none");
        assert_eq!(chosen("video/x-raw", (640, 480)), "none");
    }
}
