//! A message as it travels: signed by its sender, for one recipient.
//!
//! Version 1, in this order:
//!
//! | bytes | what |
//! |---|---|
//! | 1 | version, `0x01` |
//! | 32 | the sender's key |
//! | 64 | Ed25519 signature over a label, the recipient's key and the body |
//! | rest | the body: a [`Message`] as JSON |
//!
//! The recipient's key is signed and not sent: an envelope shown to somebody else does not verify (a recipient can't
//! pass it on as if it were for another). Whoever carries it can read it: **the next version replaces the inside by
//! Noise IK, and nobody outside this module changes.**

use serde_json::Error as JsonError;

use crate::identity::{Domain, Identity, PublicKey};
use crate::message::{Kind, MAX_SIGNAL, Message};

/// The largest envelope, in bytes.
pub const MAX_ENVELOPE: usize = 32 * 1024;

const VERSION: u8 = 1;
const KEY_LEN: usize = 32;
const SIGNATURE_LEN: usize = 64;

/// Why an envelope can't be made or opened. Opening one that fails changes nothing.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// Larger than [`MAX_ENVELOPE`].
    #[error("an envelope has at most {MAX_ENVELOPE} bytes, not {0}")]
    TooLarge(usize),
    /// Shorter than its head.
    #[error("the envelope ends too early")]
    Truncated,
    /// Version 0: never made.
    #[error("this is no envelope")]
    NotAnEnvelope,
    /// Made by a newer Ringdown.
    #[error("the envelope has version {0}, which only a newer Ringdown can open")]
    NewerVersion(u8),
    /// The sender's key is none.
    #[error("the sender's key is not usable")]
    Sender,
    /// Not made by its sender for this recipient: forged, changed on its way, or for somebody else.
    #[error("the envelope was not signed by its sender for this recipient")]
    Signature,
    /// Genuine, and its body is no message this version knows.
    #[error("the envelope holds no message of this version")]
    Body(#[source] Option<JsonError>),
}

/// Makes an envelope which only `to` will open, and which proves it comes from `from`.
///
/// # Errors
/// [`EnvelopeError::TooLarge`]; a message with a signal that [`crate::call::Calls`] let through never is.
pub fn seal(from: &Identity, to: PublicKey, message: &Message) -> Result<Vec<u8>, EnvelopeError> {
    let body = serde_json::to_vec(message).map_err(|error| EnvelopeError::Body(Some(error)))?;
    let len = 1 + KEY_LEN + SIGNATURE_LEN + body.len();
    if len > MAX_ENVELOPE {
        return Err(EnvelopeError::TooLarge(len));
    }
    let signature = from.sign(Domain::Envelope, &signed(to, &body));
    let mut envelope = Vec::with_capacity(len);
    envelope.push(VERSION);
    envelope.extend_from_slice(from.public().as_bytes());
    envelope.extend_from_slice(&signature);
    envelope.extend_from_slice(&body);
    Ok(envelope)
}

/// Opens an envelope for `me`: who sent it, and what it says.
///
/// # Errors
/// [`EnvelopeError`] for all that was not made by [`seal`] for this recipient.
pub fn open(me: &Identity, envelope: &[u8]) -> Result<(PublicKey, Message), EnvelopeError> {
    if envelope.len() > MAX_ENVELOPE {
        return Err(EnvelopeError::TooLarge(envelope.len()));
    }
    let (&version, rest) = envelope.split_first().ok_or(EnvelopeError::Truncated)?;
    match version {
        0 => return Err(EnvelopeError::NotAnEnvelope),
        VERSION => {}
        newer => return Err(EnvelopeError::NewerVersion(newer)),
    }
    let (sender, rest) = rest
        .split_first_chunk::<KEY_LEN>()
        .ok_or(EnvelopeError::Truncated)?;
    let (signature, body) = rest
        .split_first_chunk::<SIGNATURE_LEN>()
        .ok_or(EnvelopeError::Truncated)?;
    let sender = PublicKey::from_bytes(*sender).map_err(|_| EnvelopeError::Sender)?;
    if !sender.verify(Domain::Envelope, &signed(me.public(), body), signature) {
        return Err(EnvelopeError::Signature);
    }
    let message: Message =
        serde_json::from_slice(body).map_err(|error| EnvelopeError::Body(Some(error)))?;
    match &message.kind {
        Kind::Signal { data } if data.len() > MAX_SIGNAL => Err(EnvelopeError::Body(None)),
        _ => Ok((sender, message)),
    }
}

/// Whether a message saying this can be sealed: JSON writes some characters with two bytes or more.
pub(crate) fn fits(data: &str) -> bool {
    const REST: usize = 1024;
    let written: usize = data
        .bytes()
        .map(|byte| match byte {
            b'"' | b'\\' | b'\n' | b'\r' | b'\t' => 2,
            0..0x20 => 6,
            _ => 1,
        })
        .sum();
    data.len() <= MAX_SIGNAL && written + REST <= MAX_ENVELOPE
}

fn signed(to: PublicKey, body: &[u8]) -> Vec<u8> {
    [to.as_bytes().as_slice(), body].concat()
}
