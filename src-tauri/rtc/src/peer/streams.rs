//! The RTP streams that the other side may make up: str0m keeps something for each, before it knows whose it is.

use std::collections::BTreeSet;

use crate::limits::MAX_STREAMS;

/// So many may come from anywhere: media can be there before ICE says by which way.
const FROM_ANYWHERE: usize = 16;

/// The streams seen so far, by SSRC.
#[derive(Debug, Default)]
pub(super) struct Streams {
    known: BTreeSet<u32>,
}

impl Streams {
    /// Whether a packet may be looked at. `expected`: it comes from where the other side is, as far as ICE knows.
    pub fn admit(&mut self, packet: &[u8], expected: impl FnOnce() -> bool) -> bool {
        let Some(ssrc) = ssrc(packet) else {
            return true;
        };
        if self.known.contains(&ssrc) {
            return true;
        }
        let room =
            self.known.len() < FROM_ANYWHERE || (self.known.len() < MAX_STREAMS && expected());
        room && self.known.insert(ssrc)
    }
}

/// The stream of an RTP packet; `None` for everything else
/// ([RFC 7983](https://www.rfc-editor.org/rfc/rfc7983#section-7), [RFC 5761, section 4](https://www.rfc-editor.org/rfc/rfc5761#section-4)).
fn ssrc(packet: &[u8]) -> Option<u32> {
    let &[first, kind] = packet.first_chunk()?;
    let media = (128..=191).contains(&first) && !(192..=223).contains(&kind);
    let ssrc = packet.get(8..12)?.first_chunk()?;
    media.then(|| u32::from_be_bytes(*ssrc))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rtp(ssrc: u32) -> Vec<u8> {
        let mut packet = vec![0x80, 96, 0, 1, 0, 0, 0, 0];
        packet.extend(ssrc.to_be_bytes());
        packet
    }

    #[test]
    fn streams_without_end_are_not_looked_at_and_the_first_ones_go_on() {
        let mut streams = Streams::default();
        let admitted = (0..10_000)
            .filter(|&ssrc| streams.admit(&rtp(ssrc), || true))
            .count();
        assert_eq!(admitted, MAX_STREAMS);
        assert!(streams.admit(&rtp(0), || false) && !streams.admit(&rtp(9_999), || true));
    }

    #[test]
    fn a_stranger_can_not_use_up_what_the_other_side_may_need() {
        let mut streams = Streams::default();
        let strangers = (0..1000).filter(|&ssrc| streams.admit(&rtp(ssrc), || false));
        assert_eq!(strangers.count(), FROM_ANYWHERE);
        assert!(streams.admit(&rtp(70_000), || true));
    }

    #[test]
    fn reports_checks_and_handshakes_are_no_streams() {
        let mut streams = Streams::default();
        for ssrc in 0..1000_u32 {
            for first in [[0x80, 200], [0x81, 206], [0, 1], [22, 254]] {
                let mut packet = rtp(ssrc);
                packet[..2].copy_from_slice(&first);
                assert!(streams.admit(&packet, || false));
            }
        }
        assert!(streams.admit(&[0x80], || false) && streams.admit(&[], || false));
    }
}
