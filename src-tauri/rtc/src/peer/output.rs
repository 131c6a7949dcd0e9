//! What a peer wants done.

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::{Value, json};
use str0m::net::Transmit;

use super::candidates::RemoteCandidate;

/// A coded picture that came in whole and can be decoded.
pub(crate) struct Frame {
    pub index: u16,
    pub key: bool,
    /// Microseconds, from an arbitrary start.
    pub timestamp: u64,
    pub data: Arc<[u8]>,
}

/// A packet of voice that came in.
pub(crate) struct VoicePacket {
    pub mid: String,
    /// Extended sequence number.
    pub seq: u64,
    /// 48 kHz.
    pub rtp_time: u32,
    pub data: Vec<u8>,
}

/// Something for whoever codes the pictures of an m-line: the page, or this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Notice {
    pub index: u16,
    pub what: EncoderRequest,
}

/// What an encoder is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EncoderRequest {
    KeyFrame,
    /// Pictures are sent from now on; begin with a key frame.
    Start,
    /// Bits per second to make.
    Rate(u64),
}

impl Notice {
    /// As the page reads it, without the peer's handle.
    pub fn to_json(self) -> Value {
        let index = self.index;
        match self.what {
            EncoderRequest::KeyFrame => json!({ "t": "keyframe", "index": index }),
            EncoderRequest::Start => json!({ "t": "start", "index": index }),
            EncoderRequest::Rate(bps) => json!({ "t": "rate", "index": index, "bps": bps }),
        }
    }
}

/// Something for whoever runs the peer; no `Debug`, there are addresses and media in here.
pub(crate) enum Output {
    /// Send a packet.
    Transmit(Transmit),
    /// An event for the page, without the peer's handle.
    Event(Value),
    /// A picture for the page.
    Frame(Frame),
    /// Something for whoever codes an m-line's pictures.
    Notice(Notice),
    /// Voice to be played.
    Voice(VoicePacket),
    /// Open new sockets, ask the servers, and say what was found: [`super::Peer::gathered_hosts`] and
    /// what is beside it.
    Gather,
    /// Something may come from this address of theirs.
    Expect(SocketAddr),
    /// Close the socket or relay at this address of ours.
    Close(SocketAddr),
    /// Resolve a name, then say so by [`super::Peer::resolved`].
    Resolve {
        host: String,
        candidate: RemoteCandidate,
    },
}
