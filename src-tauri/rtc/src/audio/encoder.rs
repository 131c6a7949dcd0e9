//! Samples in, Opus packets out.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::{AppSink, AppSinkCallbacks, AppSrc};

use super::{AudioError, OpusPacket, graph};

/// Samples in a packet: 20 ms.
pub(super) const PACKET: usize = 960;

/// Bits a second. Constant: packets whose size follows the voice give away what is said
/// ([RFC 6562](https://www.rfc-editor.org/rfc/rfc6562)), and a muted microphone must look like an open one.
const BITRATE: i32 = 32_000;

/// How much loss, in percent, the repair data in each packet is made for.
const EXPECTED_LOSS: i32 = 10;

/// When a packet's first sample was captured.
#[derive(Clone, Copy)]
pub(super) struct Stamp {
    /// RTP time, 48 kHz.
    pub(super) rtp_time: u32,
    pub(super) captured: Instant,
}

/// One Opus encoder; stops when dropped (not on its own sink's thread).
pub(super) struct Encoder {
    pipeline: gst::Pipeline,
    input: AppSrc,
    /// The stamps of what is inside the encoder, which gives out a packet for each that it takes in.
    stamps: Arc<Mutex<VecDeque<Stamp>>>,
}

impl Encoder {
    /// Starts an encoder that calls `sink` from its own thread.
    pub(super) fn start(
        sink: impl Fn(OpusPacket) + Send + Sync + 'static,
    ) -> Result<Self, AudioError> {
        let pipeline = gst::Pipeline::new();
        let input = AppSrc::builder()
            .caps(&graph::samples())
            .format(gst::Format::Time)
            .is_live(true)
            .do_timestamp(false)
            .build();
        let opus = graph::make("opusenc")?;
        opus.set_property("bitrate", BITRATE);
        opus.set_property_from_str("bitrate-type", "cbr");
        opus.set_property_from_str("audio-type", "voice");
        opus.set_property_from_str("frame-size", "20");
        opus.set_property("inband-fec", true);
        opus.set_property("packet-loss-percentage", EXPECTED_LOSS);
        let stamps = Arc::new(Mutex::new(VecDeque::new()));
        let output = AppSink::builder().sync(false).build();
        output.set_callbacks(
            AppSinkCallbacks::builder()
                .new_sample({
                    let stamps = Arc::clone(&stamps);
                    move |output| {
                        let sample = output.pull_sample().map_err(|_| gst::FlowError::Eos)?;
                        if let Some(packet) = packet(&sample, &stamps) {
                            sink(packet);
                        }
                        Ok(gst::FlowSuccess::Ok)
                    }
                })
                .build(),
        );
        graph::chain(&pipeline, &[input.upcast_ref(), &opus, output.upcast_ref()])?;
        let encoder = Self {
            pipeline,
            input,
            stamps,
        };
        encoder
            .pipeline
            .set_state(gst::State::Playing)
            .map_err(|_| AudioError::Start("the Opus encoder did not start".to_owned()))?;
        Ok(encoder)
    }

    /// Takes one packet's samples.
    pub(super) fn push(&self, samples: &[i16; PACKET], stamp: Stamp) {
        let bytes: Vec<u8> = samples
            .iter()
            .flat_map(|sample| sample.to_le_bytes())
            .collect();
        let mut buffer = gst::Buffer::from_mut_slice(bytes);
        if let Some(buffer) = buffer.get_mut() {
            // The encoder must see an unbroken stream, also where the microphone's had a hole:
            // it would fill the hole, and then packets and stamps no longer match.
            buffer.set_pts(None);
        }
        lock(&self.stamps).push_back(stamp);
        if self.input.push_buffer(buffer).is_err() {
            lock(&self.stamps).pop_back();
        }
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        graph::shut(&self.pipeline);
    }
}

fn packet(sample: &gst::Sample, stamps: &Mutex<VecDeque<Stamp>>) -> Option<OpusPacket> {
    let data = sample.buffer()?.map_readable().ok()?.as_slice().to_vec();
    let stamp = lock(stamps).pop_front()?;
    Some(OpusPacket {
        data,
        rtp_time: stamp.rtp_time,
        captured: stamp.captured,
    })
}

fn lock(stamps: &Mutex<VecDeque<Stamp>>) -> std::sync::MutexGuard<'_, VecDeque<Stamp>> {
    stamps.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_packet_keeps_its_stamp_and_all_are_of_one_size() {
        graph::start().unwrap();
        let (packets, encoded) = channel();
        let encoder = Encoder::start(move |packet| packets.send(packet).unwrap()).unwrap();
        let began = Instant::now();
        let mut noise = 1_u32;
        for index in 0..100_u32 {
            // Half of it silence, and a hole of a second in the middle.
            let samples = std::array::from_fn(|_| {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                if index % 2 == 0 {
                    0
                } else {
                    (noise >> 17) as i16
                }
            });
            let rtp_time = index * 960 + if index < 50 { 0 } else { 48_000 };
            let captured = began + Duration::from_millis(u64::from(index) * 20);
            encoder.push(&samples, Stamp { rtp_time, captured });
        }
        let mut sizes = Vec::new();
        for index in 0..100_u32 {
            let packet = encoded.recv_timeout(Duration::from_secs(5)).unwrap();
            assert_eq!(
                packet.rtp_time,
                index * 960 + if index < 50 { 0 } else { 48_000 }
            );
            assert_eq!(
                packet.captured,
                began + Duration::from_millis(u64::from(index) * 20)
            );
            sizes.push(packet.data.len());
        }
        assert_eq!(sizes, vec![80; 100]);
    }

    /// Whether a mono packet of 20 ms carries repair data for the one before
    /// ([RFC 6716, section 4.2.3](https://www.rfc-editor.org/rfc/rfc6716#section-4.2.3)): the
    /// second bit of the speech layer.
    fn repairs(packet: &OpusPacket) -> bool {
        let speech_layer = packet.data[0] >> 3 < 16;
        speech_layer && packet.data[1] & 0x40 != 0
    }

    #[test]
    fn packets_of_speech_repair_the_ones_before_them() {
        graph::start().unwrap();
        let (packets, encoded) = channel();
        let encoder = Encoder::start(move |packet| packets.send(packet).unwrap()).unwrap();
        for index in 0..100_usize {
            let samples = std::array::from_fn(|n| {
                let seconds = (index * PACKET + n) as f64 / 48_000.0;
                let syllable = 0.6 + 0.4 * (seconds * 25.0).sin();
                let phase = 942.0 * seconds + 8.0 * (seconds * 3.0).sin();
                let voice: f64 = (1..15)
                    .map(|k| (phase * f64::from(k)).sin() / f64::from(k))
                    .sum();
                (syllable * voice * 8_000.0) as i16
            });
            let captured = Instant::now();
            encoder.push(
                &samples,
                Stamp {
                    rtp_time: 0,
                    captured,
                },
            );
        }
        let repaired = (0..100)
            .filter(|_| repairs(&encoded.recv_timeout(Duration::from_secs(5)).unwrap()))
            .count();
        assert!(repaired > 50, "{repaired} of 100");
    }
}
