//! Which microphones and speakers there are, and whether one opens.

use std::time::{Duration, Instant};

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::AppSink;

use super::{AudioConfig, AudioError, Device, Devices, Inner, Side, graph, microphone};

/// How long a device has to deliver its first sample.
const OPENS: Duration = Duration::from_secs(5);

/// A device as the system describes it.
struct Found {
    device: Device,
    /// Records what a speaker plays.
    monitor: bool,
}

/// Lists the devices.
pub(super) fn list(config: &AudioConfig) -> Result<Devices, AudioError> {
    let server = config.server.as_deref();
    let answers = graph::pulse_answers(server);
    match answers {
        Err(error) if server.is_some() => Err(error),
        _ => Ok(Devices {
            inputs: microphones(config),
            outputs: found(config, Side::Speaker)
                .into_iter()
                .map(|found| found.device)
                .collect(),
        }),
    }
}

/// Finds a microphone; whether it opens is not tried.
pub(super) fn find_microphone(inner: &Inner, id: Option<&str>) -> Result<Device, AudioError> {
    let config = &inner.config;
    match config.microphone {
        super::Microphone::Tone { hz } => Ok(Device {
            id: "tone".to_owned(),
            label: format!("Tone of {hz} Hz"),
            default: true,
        }),
        super::Microphone::System => {
            if config.server.is_some() {
                graph::pulse_answers(config.server.as_deref())?;
            }
            let known = microphones(config);
            let wanted = known.iter().find(|device| match id {
                Some(id) => device.id == id,
                None => device.default,
            });
            match (wanted, id) {
                (Some(device), _) => Ok(device.clone()),
                // Not every system says which is the default one.
                (None, None) => Ok(Device {
                    id: String::new(),
                    label: "Default microphone".to_owned(),
                    default: true,
                }),
                (None, Some(_)) => Err(AudioError::NotFound(Side::Microphone)),
            }
        }
    }
}

/// Finds a microphone and checks that it delivers.
pub(super) fn open_microphone(inner: &Inner, id: Option<&str>) -> Result<Device, AudioError> {
    let device = find_microphone(inner, id)?;
    let source = microphone::source(inner, id)?;
    let pipeline = gst::Pipeline::new();
    let output = AppSink::builder().sync(false).build();
    graph::chain(&pipeline, &[&source, output.upcast_ref()])?;
    let delivered = delivers(&pipeline, &output);
    graph::shut(&pipeline);
    delivered.map_err(|message| explain(&inner.config, Side::Microphone, id, false, &message))?;
    Ok(device)
}

fn delivers(pipeline: &gst::Pipeline, output: &AppSink) -> Result<(), String> {
    pipeline
        .set_state(gst::State::Playing)
        .map_err(|error| error.to_string())?;
    let bus = pipeline.bus().ok_or("no bus")?;
    let until = Instant::now() + OPENS;
    while Instant::now() < until {
        if output
            .try_pull_sample(gst::ClockTime::from_mseconds(50))
            .is_some()
        {
            return Ok(());
        }
        if let Some(message) = bus.pop_filtered(&[gst::MessageType::Error])
            && let gst::MessageView::Error(error) = message.view()
        {
            return Err(error.error().to_string());
        }
    }
    Err("it delivers nothing".to_owned())
}

/// Refuses a microphone that is none: with no microphone in the machine a sound server offers the
/// speaker's own monitor, and the other one would hear themselves.
///
/// `current` is where the sound server put the stream, or nothing before there is one. A monitor of
/// another speaker was made the default by somebody, on purpose; and so was one that was `chosen`.
pub(super) fn check_input(
    config: &AudioConfig,
    chosen: Option<&str>,
    current: Option<&str>,
) -> Result<(), AudioError> {
    if chosen.is_some() && (current.is_none() || current == chosen) {
        return Ok(());
    }
    let used = found(config, Side::Microphone)
        .into_iter()
        .find(|found| match current {
            Some(current) => found.device.id == current,
            None => found.device.default,
        });
    match used {
        Some(found) if found.monitor && monitors_default(config, &found.device) => {
            Err(AudioError::NotFound(Side::Microphone))
        }
        _ => Ok(()),
    }
}

/// The chosen device, if it is there.
pub(super) fn present<'a>(
    config: &AudioConfig,
    side: Side,
    chosen: Option<&'a str>,
) -> Option<&'a str> {
    chosen.filter(|id| {
        found(config, side)
            .iter()
            .any(|found| found.device.id == *id)
    })
}

/// What an error of a device's pipeline means, found out by looking what there is now.
pub(super) fn explain(
    config: &AudioConfig,
    side: Side,
    id: Option<&str>,
    flowed: bool,
    message: &str,
) -> AudioError {
    if flowed {
        return AudioError::Lost(side, message.to_owned());
    }
    if graph::pulse_answers(config.server.as_deref()).is_err() && config.server.is_some() {
        return AudioError::NoServer;
    }
    let there = found(config, side).into_iter().any(|found| match id {
        Some(id) => found.device.id == id,
        None => !found.monitor || found.device.default,
    });
    if there {
        AudioError::Busy(side)
    } else {
        AudioError::NotFound(side)
    }
}

/// The element of a device that does not belong to a PulseAudio server.
pub(super) fn element(side: Side, id: &str) -> Result<gst::Element, AudioError> {
    let device = monitored(side)
        .into_iter()
        .find(|device| identity(device) == id)
        .ok_or(AudioError::NotFound(side))?;
    let element = device
        .create_element(None)
        .map_err(|_| AudioError::Busy(side))?;
    graph::tune(&element);
    Ok(element)
}

fn microphones(config: &AudioConfig) -> Vec<Device> {
    found(config, Side::Microphone)
        .into_iter()
        .filter(|found| {
            !found.monitor || found.device.default && !monitors_default(config, &found.device)
        })
        .map(|found| found.device)
        .collect()
}

/// Whether this is the monitor of the default speaker.
fn monitors_default(config: &AudioConfig, monitor: &Device) -> bool {
    found(config, Side::Speaker).iter().any(|speaker| {
        speaker.device.default && monitor.id == format!("{}.monitor", speaker.device.id)
    })
}

fn found(config: &AudioConfig, side: Side) -> Vec<Found> {
    let devices = match pulse_provider(config.server.as_deref()) {
        // Only a started provider knows which devices are the default ones.
        Some(provider) if provider.start().is_ok() => {
            let devices = provider.devices();
            provider.stop();
            devices
                .into_iter()
                .filter(|device| device.has_classes(class(side)))
                .collect()
        }
        _ if config.server.is_some() => Vec::new(),
        _ => monitored(side),
    };
    devices
        .iter()
        .map(|device| {
            let properties = device.properties();
            let is = |name: &str| {
                properties
                    .as_ref()
                    .and_then(|properties| properties.get::<bool>(name).ok())
            };
            let monitor = properties
                .as_ref()
                .and_then(|properties| properties.get::<String>("device.class").ok())
                .is_some_and(|class| class == "monitor");
            Found {
                device: Device {
                    id: identity(device),
                    label: device.display_name().to_string(),
                    default: is("is-default").unwrap_or(false),
                },
                monitor,
            }
        })
        .collect()
}

/// A provider of its own: the shared one knows only the session's server.
fn pulse_provider(server: Option<&str>) -> Option<gst::DeviceProvider> {
    let factory = gst::DeviceProviderFactory::find("pulsedeviceprovider")?
        .load()
        .ok()?;
    let factory = factory.downcast::<gst::DeviceProviderFactory>().ok()?;
    let provider = gst::glib::Object::with_type(factory.device_provider_type())
        .downcast::<gst::DeviceProvider>()
        .ok()?;
    provider.set_property("server", server);
    Some(provider)
}

fn monitored(side: Side) -> Vec<gst::Device> {
    let factories = gst::DeviceProviderFactory::factories(gst::Rank::Marginal);
    factories
        .into_iter()
        // that of PipeWire 0.3.65 frees what it still uses when a device goes; ALSA's has the devices as well
        .filter(|factory| {
            factory.has_classes(Some(class(side))) && !factory.name().starts_with("pipewire")
        })
        .filter_map(|factory| factory.get())
        .flat_map(|provider| provider.devices())
        .filter(|device| device.has_classes(class(side)))
        .collect()
}

fn class(side: Side) -> &'static str {
    match side {
        Side::Microphone => "Audio/Source",
        Side::Speaker => "Audio/Sink",
    }
}

/// The sound server's own name for it, where it has one.
fn identity(device: &gst::Device) -> String {
    if device.has_property("internal-name", Some(gst::glib::Type::STRING)) {
        device
            .property::<Option<String>>("internal-name")
            .unwrap_or_default()
    } else {
        device.display_name().to_string()
    }
}
