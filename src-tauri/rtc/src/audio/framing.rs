//! From a stream of samples to packets, and what time they are of.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gstreamer as gst;

use super::encoder::{PACKET, Stamp};
use super::graph::{FRAME, RATE};
use super::processing::{Frame, Processing};

/// The RTP clock follows real time over holes longer than this.
const HOLE: Duration = Duration::from_millis(60);

/// Time stamps waver when the processor is busy: so many packets have to agree on a hole.
const DOUBTS: u32 = 10;

/// Cuts the stream into frames, has them processed, and puts packets together.
pub(super) struct Framer {
    processing: Option<Arc<Processing>>,
    frame: Vec<f32>,
    packet: Vec<i16>,
}

impl Framer {
    /// Without processing the samples pass as they are.
    pub(super) fn new(processing: Option<Arc<Processing>>) -> Self {
        Self {
            processing,
            frame: Vec::with_capacity(FRAME),
            packet: Vec::with_capacity(PACKET),
        }
    }

    /// Takes a buffer of which the first sample was captured at `captured`, and delivers the
    /// packets that it completes with the time of their first sample.
    pub(super) fn take(
        &mut self,
        sample: &gst::Sample,
        captured: Duration,
        mut deliver: impl FnMut(&[i16; PACKET], Duration),
    ) {
        let Some(map) = sample
            .buffer()
            .and_then(|buffer| buffer.map_readable().ok())
        else {
            return;
        };
        let (samples, _) = map.as_slice().as_chunks::<2>();
        for (index, bytes) in samples.iter().enumerate() {
            self.frame
                .push(f32::from(i16::from_le_bytes(*bytes)) / 32_768.0);
            let Ok(mut frame) = Frame::try_from(self.frame.as_slice()) else {
                continue;
            };
            self.frame.clear();
            // What came before this buffer was captured before it.
            let began = |length: usize| moved(captured, index + 1, length);
            if let Some(processing) = &self.processing {
                processing.capture(began(FRAME), &mut frame);
            }
            self.packet
                .extend(frame.iter().map(|sample| (sample * 32_767.0) as i16));
            if let Ok(packet) = <[i16; PACKET]>::try_from(self.packet.as_slice()) {
                self.packet.clear();
                deliver(&packet, began(PACKET));
            }
        }
    }
}

/// So many samples after the moment, and then so many before.
fn moved(moment: Duration, after: usize, before: usize) -> Duration {
    let time =
        |samples: usize| Duration::from_nanos(samples as u64 * 1_000_000_000 / u64::from(RATE));
    (moment + time(after)).saturating_sub(time(before))
}

/// Gives packets their RTP time: it advances by a packet each, and jumps over holes. It outlives
/// the device, so that time never goes back for those who listen.
pub(super) struct PacketClock {
    began: Instant,
    /// Samples since `began`, of the next packet.
    next: u64,
    /// How many packets in a row were stamped as if there was a hole before them.
    doubts: u32,
}

impl PacketClock {
    pub(super) fn new(began: Instant) -> Self {
        Self {
            began,
            next: 0,
            doubts: DOUBTS,
        }
    }

    /// The device was opened again: the next stamp is to be believed.
    pub(super) fn reopened(&mut self) {
        self.doubts = DOUBTS;
    }

    /// The stamp of the next packet.
    pub(super) fn stamp(&mut self, captured: Instant) -> Stamp {
        let elapsed = captured.saturating_duration_since(self.began);
        let hole = elapsed.saturating_sub(Duration::from_micros(self.next * 1_000 / 48));
        if hole <= HOLE {
            self.doubts = 0;
        } else if self.doubts < DOUBTS {
            self.doubts += 1;
        } else {
            let packets = hole.as_millis() as u64 / 20;
            self.next += packets * PACKET as u64;
            self.doubts = 0;
        }
        // RTP time wraps.
        let rtp_time = self.next as u32;
        self.next += PACKET as u64;
        Stamp { rtp_time, captured }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rtp_time_jumps_over_holes_and_never_back() {
        let began = Instant::now();
        let mut clock = PacketClock::new(began);
        let at = |ms| began + Duration::from_millis(ms);
        let mut stamp = |ms| clock.stamp(at(ms)).rtp_time / 960;
        assert_eq!(stamp(1_000), 50, "the first stamp is believed");
        assert_eq!((stamp(1_020), stamp(1_045), stamp(1_060)), (51, 52, 53));
        assert_eq!(
            (stamp(1_200), stamp(1_100)),
            (54, 55),
            "one late stamp is no hole"
        );
        let after: Vec<u32> = (0..11).map(|index| stamp(2_120 + index * 20)).collect();
        assert_eq!(after[9], 65, "ten may be wrong");
        assert_eq!(
            after[10], 116,
            "a second without a packet is a second in the stream"
        );
        assert_eq!(
            (stamp(2_300), stamp(2_310)),
            (117, 118),
            "early packets just follow"
        );
        clock.reopened();
        assert_eq!(clock.stamp(at(4_000)).rtp_time / 960, 200);
    }
}
