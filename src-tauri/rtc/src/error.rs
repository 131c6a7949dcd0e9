//! What can go wrong, in the words of the web.

use crate::audio::AudioError;
use crate::sdp::SdpError;

/// Why a request failed: a `DOMException` for the polyfill to throw.
///
/// The message is for developers; it never holds a description, a candidate, an address or a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {message}")]
pub struct RtcError {
    /// The exception's name, such as `InvalidStateError`.
    pub name: String,
    /// What happened, in a sentence.
    pub message: String,
}

impl RtcError {
    pub(crate) fn new(name: &str, message: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            message: message.into(),
        }
    }

    pub(crate) fn state(message: &str) -> Self {
        Self::new("InvalidStateError", message)
    }

    pub(crate) fn operation(message: impl Into<String>) -> Self {
        Self::new("OperationError", message)
    }

    pub(crate) fn kind(message: impl Into<String>) -> Self {
        Self::new("TypeError", message)
    }

    pub(crate) fn access(message: &str) -> Self {
        Self::new("InvalidAccessError", message)
    }

    pub(crate) fn gone() -> Self {
        Self::state("this peer is closed")
    }
}

impl From<SdpError> for RtcError {
    fn from(error: SdpError) -> Self {
        let name = match error {
            SdpError::Line(_) | SdpError::TooLong => "SyntaxError",
            _ => "OperationError",
        };
        Self::new(name, error.to_string())
    }
}

impl From<AudioError> for RtcError {
    fn from(error: AudioError) -> Self {
        Self::new(error.dom_name(), error.to_string())
    }
}

/// Why the engine could not be started.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The loopback media socket could not be opened.
    #[error("the media socket could not be opened on 127.0.0.1: {0}")]
    MediaSocket(#[source] std::io::Error),
    /// The media socket would let nobody in.
    #[error("no origin is allowed to open the media socket")]
    NoOrigins,
}
