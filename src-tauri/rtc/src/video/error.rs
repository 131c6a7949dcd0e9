//! What can go wrong with cameras on this machine.

use crate::error::RtcError;
use crate::pipeline::PipelineError;

/// Why a camera can't be used. Every message is a sentence; none holds anything about a call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum VideoError {
    #[error("{0}")]
    Pipeline(#[from] PipelineError),
    /// There is no such camera, or none at all.
    #[error("No camera was found")]
    NotFound,
    /// It is there but refuses to open.
    #[error("The camera is there but cannot be opened; another program may be using it: {0}")]
    Busy(String),
    /// It opened, and no picture came.
    #[error(
        "The camera delivers no picture; another program may be using it, or a switch on it is off"
    )]
    Silent,
    /// Whoever asked is not there any more.
    #[error("The page that asked for the camera is gone")]
    PageGone,
    /// The operating system gave no thread.
    #[error("No thread could be started for the camera")]
    Thread,
}

impl From<VideoError> for RtcError {
    fn from(error: VideoError) -> Self {
        let name = match error {
            VideoError::NotFound => "NotFoundError",
            VideoError::Busy(_) | VideoError::Silent => "NotReadableError",
            VideoError::Pipeline(_) | VideoError::PageGone | VideoError::Thread => "AbortError",
        };
        Self::new(name, error.to_string())
    }
}
