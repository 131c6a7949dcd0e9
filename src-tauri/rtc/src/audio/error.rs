//! What can go wrong with sound on this machine.

use super::events::Side;
use crate::pipeline::PipelineError;

/// Why the microphone or the speaker cannot be used.
///
/// Every message is a sentence that can be shown to a person. None of them holds a name, an
/// address or anything else about a call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AudioError {
    /// GStreamer itself did not start.
    #[error("The sound system could not be started: {0}")]
    Start(String),
    /// A GStreamer plugin that voice needs is not installed.
    #[error("The GStreamer element “{0}” is missing: install gstreamer1.0-plugins-base and -good")]
    MissingElement(String),
    /// No sound server answers and no other sound device was found either.
    #[error("No sound server answers on this machine")]
    NoServer,
    /// There is no such device, or none at all.
    #[error("No {0} was found")]
    NotFound(Side),
    /// The device exists but another program holds it, or it refuses to open.
    #[error("The {0} is there but cannot be opened; another program may be using it")]
    Busy(Side),
    /// A device or the sound server went away in the middle of its work.
    #[error("The {0} stopped working: {1}")]
    Lost(Side, String),
    /// The operating system gave no thread.
    #[error("No thread could be started for the {0}")]
    Thread(Side),
}

impl AudioError {
    /// The name of the `DOMException` that `getUserMedia` uses for this error.
    #[must_use]
    pub fn dom_name(&self) -> &'static str {
        match self {
            Self::NotFound(_) | Self::NoServer => "NotFoundError",
            Self::Busy(_) | Self::Lost(..) => "NotReadableError",
            Self::Start(_) | Self::MissingElement(_) | Self::Thread(_) => "AbortError",
        }
    }
}

impl From<PipelineError> for AudioError {
    fn from(error: PipelineError) -> Self {
        match error {
            PipelineError::Start(why) => Self::Start(why),
            PipelineError::MissingElement(name) => Self::MissingElement(name),
        }
    }
}
