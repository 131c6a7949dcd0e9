//! The cameras that PipeWire has, by its own `pw-dump`.
//!
//! GStreamer's provider of them is not asked: that of PipeWire 0.3.65 frees what it still uses when a camera goes, and
//! takes the whole process with it.

use std::io::Read;
use std::process::{Command, Stdio};
use std::str::FromStr;
use std::sync::mpsc::channel;
use std::time::Duration;

use gstreamer as gst;
use gstreamer::prelude::*;
use serde_json::Value;

use super::error::VideoError;
use crate::pipeline;

/// PipeWire answers within this time or not at all.
const ANSWERS: Duration = Duration::from_secs(2);
/// Properties that only nodes of devices have.
const OF_DEVICES: [&str; 4] = [
    "device.id",
    "device.api",
    "api.v4l2.path",
    "api.libcamera.path",
];

/// A node that gives pictures.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    /// As it is called from start to start.
    pub name: String,
    pub label: String,
    /// Of this moment's node.
    serial: String,
    /// No device is behind it.
    pub is_virtual: bool,
    /// The kernel's file of it.
    pub path: Option<String>,
    /// What it can give, where it says so.
    pub modes: Option<gst::Caps>,
}

impl Node {
    /// What its pictures come out of.
    pub fn element(&self) -> Result<gst::Element, VideoError> {
        let element = pipeline::make("pipewiresrc")?;
        let by = if element.has_property("target-object", None) {
            "target-object"
        } else {
            "path"
        };
        element.set_property(by, &self.serial);
        // the node stands still when its buffers are kept
        element.set_property("always-copy", true);
        Ok(element)
    }
}

/// The nodes; none where there is no PipeWire. Blocks.
pub(super) fn nodes() -> Vec<Node> {
    if gst::ElementFactory::find("pipewiresrc").is_none() {
        return Vec::new();
    }
    let said = dump().unwrap_or_default();
    // one list, and another one of what changed meanwhile
    let lists = serde_json::Deserializer::from_slice(&said).into_iter::<Value>();
    let mut nodes: Vec<Node> = Vec::new();
    for node in lists.map_while(Result::ok).flat_map(|list| read(&list)) {
        nodes.retain(|known| known.serial != node.serial);
        nodes.push(node);
    }
    nodes
}

/// All that PipeWire has to say.
fn dump() -> Option<Vec<u8>> {
    let mut child = Command::new("pw-dump")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .inspect_err(|error| tracing::debug!("pw-dump can't be started: {error}"))
        .ok()?;
    let mut said = child.stdout.take()?;
    let (all, read) = channel();
    std::thread::spawn(move || {
        let mut text = Vec::new();
        if said.read_to_end(&mut text).is_ok() {
            // whoever asked may have given up
            let _ = all.send(text);
        }
    });
    let text = read.recv_timeout(ANSWERS);
    if text.is_err() {
        tracing::warn!("PipeWire does not answer");
        let _ = child.kill();
    }
    let _ = child.wait();
    text.ok()
}

fn read(dump: &Value) -> Vec<Node> {
    let objects = dump.as_array().map(Vec::as_slice).unwrap_or_default();
    objects
        .iter()
        .filter_map(|object| node(object.get("info")?))
        .collect()
}

fn node(info: &Value) -> Option<Node> {
    let properties = info.get("props")?;
    let text = |name: &str| match properties.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    (text("media.class")? == "Video/Source").then_some(())?;
    let name = text("node.name")?;
    let label = ["node.description", "node.nick"]
        .into_iter()
        .find_map(text)
        .unwrap_or_else(|| name.clone());
    let formats = info
        .get("params")
        .and_then(|params| params.get("EnumFormat"));
    Some(Node {
        label,
        serial: text("object.serial")?,
        is_virtual: !OF_DEVICES.into_iter().any(|name| text(name).is_some()),
        path: text("api.v4l2.path"),
        modes: formats.and_then(modes),
        name,
    })
}

/// The formats as GStreamer has them.
fn modes(formats: &Value) -> Option<gst::Caps> {
    let modes: Vec<String> = formats.as_array()?.iter().filter_map(mode).collect();
    gst::Caps::from_str(&modes.join("; ")).ok()
}

fn mode(format: &Value) -> Option<String> {
    let kind = match format.get("mediaSubtype")?.as_str()? {
        "raw" => "video/x-raw",
        "mjpg" => "image/jpeg",
        _ => return None,
    };
    let size = format.get("size")?;
    let width = choice(size, |one| Some(one.get("width")?.as_u64()?.to_string()))?;
    let height = choice(size, |one| Some(one.get("height")?.as_u64()?.to_string()))?;
    let rate = format.get("framerate").and_then(|rate| {
        choice(rate, |one| {
            let part = |name| one.get(name).and_then(Value::as_u64).filter(|one| *one > 0);
            Some(format!("{}/{}", part("num")?, part("denom")?))
        })
    });
    let rate = rate.map_or_else(String::new, |rate| format!(",framerate={rate}"));
    Some(format!("{kind},width={width},height={height}{rate}"))
}

/// What may be chosen, in GStreamer's words: one value, a list of alternatives, or a range.
fn choice(value: &Value, read: impl Fn(&Value) -> Option<String>) -> Option<String> {
    if value.get("default").is_none() {
        return read(value);
    }
    if let (Some(least), Some(most)) = (value.get("min"), value.get("max")) {
        return Some(format!("[{},{}]", read(least)?, read(most)?));
    }
    let all: Vec<String> = value.as_object()?.values().filter_map(read).collect();
    (!all.is_empty()).then(|| format!("{{{}}}", all.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn cameras_are_read_and_nothing_else_is() {
        pipeline::start().unwrap();
        let size = |width: u32, height: u32| json!({ "width": width, "height": height });
        let rate = |num: u32| json!({ "num": num, "denom": 1 });
        let formats = json!([
            { "mediaType": "video", "mediaSubtype": "raw", "format": "YUY2", "size": size(640, 480),
              "framerate": { "default": rate(30), "alt1": rate(30), "alt2": rate(15) } },
            { "mediaType": "video", "mediaSubtype": "mjpg",
              "size": { "default": size(640, 480), "min": size(1, 1), "max": size(1280, 720) },
              "framerate": rate(0) },
            { "mediaType": "video", "mediaSubtype": "h264", "size": size(1920, 1080) },
        ]);
        let dump = json!([
            { "type": "PipeWire:Interface:Core", "info": null },
            { "info": { "props": { "media.class": "Audio/Source", "node.name": "mic", "object.serial": 1 } } },
            { "info": { "props": {
                "media.class": "Video/Source", "node.name": "v4l2_input.usb", "node.description": "Webcam",
                "object.serial": 45, "device.id": 40, "api.v4l2.path": "/dev/video0",
            }, "params": { "EnumFormat": formats } } },
            { "info": { "props": { "media.class": "Video/Source", "node.name": "obs", "object.serial": "46" } } },
        ]);
        let [camera, other] = read(&dump).try_into().unwrap();
        let caps = camera.modes.clone().unwrap().to_string();
        assert_eq!(
            (
                &*camera.label,
                &*camera.serial,
                camera.path.as_deref(),
                camera.is_virtual
            ),
            ("Webcam", "45", Some("/dev/video0"), false)
        );
        assert!(
            caps.contains("width=(int)640") && caps.contains("30/1") && caps.contains("15/1"),
            "{caps}"
        );
        assert!(
            caps.contains("image/jpeg") && caps.contains("[ 1, 1280 ]"),
            "{caps}"
        );
        assert!(!caps.contains("1920"), "{caps}");
        assert_eq!(
            (&*other.label, other.is_virtual, other.modes),
            ("obs", true, None)
        );
        for none in [json!(null), json!({}), json!([{ "info": { "props": {} } }])] {
            assert_eq!(read(&none), []);
        }
    }
}
