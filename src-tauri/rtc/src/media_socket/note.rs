//! Text on the media socket, from the page: JSON, told apart by `t`.

use serde::Deserialize;
use serde_json::{Map, Value};

/// Longest text, in bytes.
pub(crate) const MAX_TEXT: usize = 16 * 1024;

/// What a page says.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "t", rename_all = "lowercase")]
pub(crate) enum Note {
    /// Its decoder lost the picture.
    Keyframe { peer: u32, index: u16 },
    /// Its coder's figures, once a second.
    Video {
        peer: u32,
        index: u16,
        #[serde(flatten)]
        figures: Map<String, Value>,
    },
}

/// Why a text message is none of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoteError {
    #[error("the text is longer than 16 KiB")]
    Long,
    #[error("the text is no message this engine knows")]
    Unknown,
}

impl Note {
    pub fn read(text: &str) -> Result<Self, NoteError> {
        if text.len() > MAX_TEXT {
            return Err(NoteError::Long);
        }
        serde_json::from_str(text).map_err(|_| NoteError::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_messages_are_read() {
        assert_eq!(
            Note::read(r#"{"t":"keyframe","peer":7,"index":1}"#),
            Ok(Note::Keyframe { peer: 7, index: 1 })
        );
        let note = Note::read(r#"{"t":"video","peer":7,"index":1,"framesDecoded":30}"#).unwrap();
        let Note::Video {
            peer: 7,
            index: 1,
            figures,
        } = note
        else {
            panic!()
        };
        assert_eq!(figures["framesDecoded"], 30);
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "{}",
            "[]",
            r#"{"t":"other"}"#,
            r#"{"t":"keyframe","peer":-1,"index":0}"#,
        ] {
            assert_eq!(Note::read(text), Err(NoteError::Unknown), "{text}");
        }
        assert_eq!(Note::read(&" ".repeat(MAX_TEXT + 1)), Err(NoteError::Long));
    }
}
