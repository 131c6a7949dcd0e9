//! The RTP packets that GStreamer's jitter buffer wants to see
//! ([RFC 3550, section 5.1](https://www.rfc-editor.org/rfc/rfc3550#section-5.1)). They never leave
//! this process: the real ones were taken apart by the engine.

use gstreamer as gst;

/// The payload type that stands for Opus here.
const OPUS: u8 = 96;

/// Our one stream.
const SSRC: u32 = 1;

/// What the packets hold.
pub(super) fn caps() -> gst::Caps {
    gst::Caps::builder("application/x-rtp")
        .field("media", "audio")
        .field("clock-rate", 48_000i32)
        .field("encoding-name", "OPUS")
        .field("payload", i32::from(OPUS))
        .build()
}

/// One packet. Only the low 16 bits of `seq` travel.
pub(super) fn packet(seq: u64, rtp_time: u32, payload: &[u8]) -> Vec<u8> {
    let mut packet = Vec::with_capacity(12 + payload.len());
    packet.extend([0x80, OPUS]);
    packet.extend((seq as u16).to_be_bytes());
    packet.extend(rtp_time.to_be_bytes());
    packet.extend(SSRC.to_be_bytes());
    packet.extend(payload);
    packet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_laid_out_as_the_rfc_says() {
        assert_eq!(
            packet(0x1_2345, 0xdead_beef, &[7, 8]),
            [
                0x80, 96, 0x23, 0x45, 0xde, 0xad, 0xbe, 0xef, 0, 0, 0, 1, 7, 8
            ]
        );
    }
}
