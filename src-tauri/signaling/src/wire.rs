//! The frames: JSON text messages tagged `"t"`, one frame a WebSocket message.
//!
//! ```text
//! client                      server                      recipient
//!   |        <- hello{v,nonce}  |                             |
//!   | register{key,signature} ->|                             |   only who wants to be reached
//!   |                 <- ready  |                             |
//!   |     <- servers{ice,ttl}   |                             |   where the server knows some
//!   | send{id,to,payload} ----> | deliver{id,payload} ------> |
//!   |                           | <---------- ack{id}, or refuse{id}
//!   |     <- result{id,outcome} |                             |
//!   | leave{id,to,payload} ---> | deliver{id,payload} ------> |   once they are there
//! ```
//!
//! Both sides ignore fields they do not know. A server answers a type it does not know with `error{unsupported}`, a client
//! ignores it: so either side can be newer. What is not backward compatible raises [`VERSION`](crate::limits::VERSION).

mod bytes;
mod codes;
mod ice;

pub use bytes::{BytesError, Fixed, Key, Nonce, Payload, Signature};
pub use codes::{CloseCode, ErrorCode, Outcome};
pub use ice::{IceServer, IceUrl, IceUrlError};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::limits::MAX_FRAME_BYTES;

/// What a client says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum ClientFrame {
    /// Proves a key and asks to be reachable at it. At most once a connection; answered by `ready`, or `error` and a close.
    Register {
        /// Ed25519 public key.
        key: Key,
        /// Over [`challenge::message`](crate::challenge::message).
        signature: Signature,
    },
    /// Asks to hand a payload to whoever is registered at `to`. Needs no registration; answered by `result`.
    Send {
        /// Chosen by the client, comes back in the `result`. Not reused while that is open.
        id: u32,
        /// Recipient.
        to: Key,
        /// Opaque to the server.
        payload: Payload,
    },
    /// Asks to keep a note for `to` until they are here; answered by `result`, at once and always alike.
    Leave {
        /// Chosen by the client, comes back in the `result`. Not that of an open `send`.
        id: u32,
        /// Recipient.
        to: Key,
        /// Opaque to the server; at most [`MAX_NOTE_BYTES`](crate::limits::MAX_NOTE_BYTES).
        payload: Payload,
    },
    /// Takes a `deliver`: its sender hears `delivered`. An unknown or late `id` is ignored.
    Ack {
        /// The `deliver`'s.
        id: u32,
    },
    /// Does not take a `deliver`: its sender hears what they would hear if nobody were registered, no earlier and no later.
    /// An unknown or late `id` is ignored.
    Refuse {
        /// The `deliver`'s.
        id: u32,
    },
}

/// What a server says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum ServerFrame {
    /// The first frame of a connection.
    Hello {
        /// Protocol version.
        v: u16,
        /// Fresh for this connection, good for one registration.
        nonce: Nonce,
    },
    /// The registration holds from now on.
    Ready,
    /// Servers that help a call to connect, for who is registered. Comes after `ready` and again before it expires; the newest
    /// counts.
    Servers {
        /// As in an `RTCConfiguration`.
        ice: Vec<IceServer>,
        /// For how many seconds from now on the credentials are good.
        ttl: u32,
    },
    /// A payload for the registered key; to be answered by `ack` or `refuse`.
    Deliver {
        /// Chosen by the server, for this connection.
        id: u32,
        /// As sent.
        payload: Payload,
    },
    /// How a `send` ended.
    Result {
        /// The `send`'s.
        id: u32,
        /// See [`Outcome`].
        outcome: Outcome,
        /// A sentence for people, where there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
    /// Something about the connection is wrong; most codes are followed by a close.
    Error {
        /// Stable, for programs.
        code: ErrorCode,
        /// A sentence for people.
        message: String,
    },
}

/// Why a text is not a frame. Never holds any of the text: that may be private.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Over [`MAX_FRAME_BYTES`].
    #[error("the frame has {size} bytes, more than {MAX_FRAME_BYTES}")]
    TooLarge {
        /// Bytes.
        size: usize,
    },
    /// A well-formed frame of a type that this side does not know.
    #[error("the frame is of an unknown type")]
    Unsupported,
    /// Not JSON, or a field is missing or wrong.
    #[error("the frame is malformed at column {column}")]
    Malformed {
        /// Where reading stopped, in bytes; 0 where that is not known.
        column: usize,
    },
}

impl ClientFrame {
    /// The `t` of every client frame.
    const TYPES: [&str; 5] = ["register", "send", "leave", "ack", "refuse"];

    /// The text to send.
    #[must_use]
    pub fn encode(&self) -> String {
        encode(self)
    }

    /// Reads what a client sent.
    ///
    /// # Errors
    /// See [`FrameError`].
    pub fn decode(text: &str) -> Result<Self, FrameError> {
        decode(text, &Self::TYPES)
    }
}

impl ServerFrame {
    /// The `t` of every server frame.
    const TYPES: [&str; 6] = ["hello", "ready", "servers", "deliver", "result", "error"];

    /// The text to send.
    #[must_use]
    pub fn encode(&self) -> String {
        encode(self)
    }

    /// Reads what a server sent.
    ///
    /// # Errors
    /// See [`FrameError`].
    pub fn decode(text: &str) -> Result<Self, FrameError> {
        decode(text, &Self::TYPES)
    }
}

fn encode<T: Serialize>(frame: &T) -> String {
    // Frames hold strings and numbers only, which always serialise; an empty text would be refused by the other side.
    serde_json::to_string(frame).unwrap_or_default()
}

fn decode<T: DeserializeOwned>(text: &str, known: &[&str]) -> Result<T, FrameError> {
    #[derive(Deserialize)]
    struct Tag {
        t: String,
    }

    if text.len() > MAX_FRAME_BYTES {
        return Err(FrameError::TooLarge { size: text.len() });
    }
    serde_json::from_str(text).map_err(|error| match serde_json::from_str::<Tag>(text) {
        Ok(tag) if !known.contains(&tag.t.as_str()) => FrameError::Unsupported,
        _ => FrameError::Malformed {
            column: error.column(),
        },
    })
}

#[cfg(test)]
mod tests;
