//! What the polyfill asks of one peer.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;

use crate::error::RtcError;
use crate::sdp::{Direction, Kind};
use crate::servers::Configuration;
use crate::video::Limits;

/// Audio or video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MediaKind {
    Audio,
    Video,
}

impl From<MediaKind> for Kind {
    fn from(kind: MediaKind) -> Self {
        match kind {
            MediaKind::Audio => Self::Audio,
            MediaKind::Video => Self::Video,
        }
    }
}

/// A transceiver to offer.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OfferLine {
    /// The page's own number for it, given back with its mid.
    pub index: u32,
    pub mid: Option<String>,
    pub kind: MediaKind,
    pub direction: Direction,
    #[serde(default)]
    pub streams: Vec<String>,
    pub track: Option<String>,
    #[serde(default)]
    pub stopped: bool,
}

/// A transceiver to answer with.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AnswerLine {
    pub mid: String,
    pub direction: Direction,
    #[serde(default)]
    pub streams: Vec<String>,
    pub track: Option<String>,
    #[serde(default)]
    pub stopped: bool,
}

/// What goes out on an m-line.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Sender {
    pub mid: String,
    pub kind: MediaKind,
    pub active: bool,
    #[serde(default)]
    pub muted: bool,
    /// Bits per second.
    pub max_bitrate: Option<u64>,
}

/// What is done with what comes in on an m-line.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Receiver {
    pub mid: String,
    pub kind: MediaKind,
    pub enabled: bool,
}

/// A data channel to open.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChannelOpen {
    pub label: String,
    #[serde(default = "yes")]
    pub ordered: bool,
    pub max_retransmits: Option<u16>,
    /// Milliseconds.
    pub max_packet_life_time: Option<u16>,
    #[serde(default)]
    pub protocol: String,
    #[serde(default)]
    pub negotiated: bool,
    pub id: Option<u16>,
}

fn yes() -> bool {
    true
}

/// A message for a data channel: text, or bytes in base64.
#[derive(Clone, Deserialize)]
pub(crate) struct ChannelSend {
    pub channel: u32,
    text: Option<String>,
    base64: Option<String>,
}

impl ChannelSend {
    /// The message and whether it is binary.
    ///
    /// # Errors
    /// When it is neither, both, or no base64.
    pub fn message(self) -> Result<(Vec<u8>, bool), RtcError> {
        match (self.text, self.base64) {
            (Some(text), None) => Ok((text.into_bytes(), false)),
            (None, Some(bytes)) => {
                let bytes = BASE64_STANDARD
                    .decode(bytes)
                    .map_err(|_| RtcError::kind("the message is no base64"))?;
                Ok((bytes, true))
            }
            _ => Err(RtcError::kind("a message is either text or base64")),
        }
    }
}

/// A request to one peer; `Debug` is left out, descriptions, candidates and credentials are in here.
#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum PeerRequest {
    CreateOffer {
        #[serde(default)]
        ice_restart: bool,
        #[serde(default)]
        data_channel: bool,
        #[serde(default)]
        transceivers: Vec<OfferLine>,
    },
    SetLocalOffer {
        sdp: String,
    },
    Rollback {},
    SetRemoteOffer {
        sdp: String,
    },
    CreateAnswer {
        #[serde(default)]
        transceivers: Vec<AnswerLine>,
    },
    SetLocalAnswer {
        sdp: String,
    },
    SetRemoteAnswer {
        sdp: String,
    },
    AddCandidate {
        candidate: String,
        ufrag: Option<String>,
    },
    Sender(Sender),
    Receiver(Receiver),
    ChannelOpen(ChannelOpen),
    ChannelSend(ChannelSend),
    ChannelClose {
        channel: u32,
    },
    /// The page has handled all events up to the one with this mark.
    Acknowledge {
        mark: u64,
    },
    Stats {},
    /// What an m-line sends of a camera that the page opened; no camera: none. Whoever runs the peer takes it.
    SendCamera {
        index: u16,
        camera: Option<u32>,
        limits: Limits,
    },
    /// How loud a voice is, as `level` events for some seconds; whoever runs the peer takes it.
    Level {
        mid: String,
    },
    /// For the next gathering; whoever runs the peer takes it.
    SetConfiguration {
        configuration: Configuration,
    },
}
