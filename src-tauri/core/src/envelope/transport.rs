//! All messages of a session after the first two: in any order, each once.
//!
//! The nonce of the cipher travels with the message. A count would tell the server which messages belong together, so it
//! is drawn at random, and both sides remember those used: the sender uses none twice, the recipient opens none twice.

use std::collections::HashSet;

use snow::StatelessTransportState;

use super::EnvelopeError;
use super::packet::{self, TAG};

/// Bytes of a nonce.
const NONCE: usize = 8;
/// Bytes around the padded text: version, nonce, tag.
pub(super) const AROUND: usize = 1 + NONCE + TAG;
/// The most messages of a session in one direction; a call of a day has some 9,000.
const MAX_MESSAGES: usize = 65_536;

/// Both directions of a session.
pub(super) struct Transport {
    keys: StatelessTransportState,
    sent: HashSet<u64>,
    seen: HashSet<u64>,
}

impl Transport {
    pub(super) fn new(keys: StatelessTransportState) -> Self {
        Self {
            keys,
            sent: HashSet::new(),
            seen: HashSet::new(),
        }
    }

    /// Seals the session's next message.
    pub(super) fn seal(&mut self, text: &[u8]) -> Result<Vec<u8>, EnvelopeError> {
        loop {
            let nonce = draw()?;
            // Noise keeps the highest one for itself.
            if nonce != u64::MAX && !self.sent.contains(&nonce) {
                return self.seal_with(nonce, text);
            }
        }
    }

    pub(super) fn seal_with(&mut self, nonce: u64, text: &[u8]) -> Result<Vec<u8>, EnvelopeError> {
        if self.sent.len() >= MAX_MESSAGES || self.sent.contains(&nonce) {
            return Err(EnvelopeError::TooMany);
        }
        let padded = packet::pad(text, AROUND)?;
        self.sent.insert(nonce);
        let mut noise = vec![0; padded.len() + TAG];
        self.keys
            .write_message(nonce, &padded, &mut noise)
            .map_err(|_| EnvelopeError::Seal)?;
        Ok(packet::wrap(&nonce.to_be_bytes(), &noise))
    }

    /// The text, where it is a message of this session.
    ///
    /// # Errors
    /// `NotForUs` where it is none; `Repeated`, `TooMany`, `Body`.
    pub(super) fn open(&mut self, packet: &[u8]) -> Result<Vec<u8>, EnvelopeError> {
        let (nonce, noise) = packet
            .split_first_chunk::<NONCE>()
            .ok_or(EnvelopeError::NotForUs)?;
        let nonce = u64::from_be_bytes(*nonce);
        let mut padded = vec![0; noise.len()];
        let len = self
            .keys
            .read_message(nonce, noise, &mut padded)
            .map_err(|_| EnvelopeError::NotForUs)?;
        padded.truncate(len);
        if self.seen.contains(&nonce) {
            return Err(EnvelopeError::Repeated);
        }
        if self.seen.len() >= MAX_MESSAGES {
            return Err(EnvelopeError::TooMany);
        }
        self.seen.insert(nonce);
        Ok(packet::unpad(&padded)?.to_vec())
    }
}

fn draw() -> Result<u64, EnvelopeError> {
    let mut bytes = [0; NONCE];
    getrandom::fill(&mut bytes).map_err(|_| EnvelopeError::Seal)?;
    Ok(u64::from_be_bytes(bytes))
}
