//! One session: a call with one person, from its first message to its keys.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::handshake::{AROUND_SECOND, Answered, Handshake, MARK, Mark};
use super::transport::Transport;
use super::{EnvelopeError, Opened, packet};
use crate::identity::PublicKey;
use crate::message::{Kind, MAX_SIGNAL, Message};

/// A session of one call with one person.
pub(super) struct Session {
    pub(super) peer: PublicKey,
    pub(super) call: Uuid,
    pub(super) since_ms: u64,
    pub(super) state: State,
}

/// ```text
/// seal(Invite) ──▶ Began ── message 2 opened ──────────────▶ ┌──────┐
/// message 1 opened, an Invite ──▶ Called ── seal(answer) ──▶ │ Open │
///                                                            └──────┘
/// ```
pub(super) enum State {
    /// Message 1 is out.
    Began { handshake: Handshake, mark: Mark },
    /// Message 1 is here.
    Called { handshake: Handshake, mark: Mark },
    /// Both have the keys. `answer` is message 2 where it came from the other side: it may come once more.
    Open {
        transport: Box<Transport>,
        answer: Option<[u8; 32]>,
    },
}

/// The text of message 1.
#[derive(Serialize, Deserialize)]
pub(super) struct Letter {
    /// The sender's Ed25519 key.
    pub(super) from: PublicKey,
    /// When it was sealed, in milliseconds of Unix time.
    pub(super) at: u64,
    /// What message 2 shall begin with.
    #[serde(with = "crate::base64url")]
    pub(super) mark: Mark,
    pub(super) message: Message,
}

impl Session {
    /// Whether it waits for the other side's answer.
    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.state, State::Began { .. })
    }

    /// Whether the other side waits for ours.
    pub(super) fn is_unanswered(&self) -> bool {
        matches!(self.state, State::Called { .. })
    }

    /// Seals message 2 where this is its place; gives back the session as it is then.
    pub(super) fn answer(self, padded: &[u8]) -> Result<(Self, Vec<u8>), EnvelopeError> {
        let State::Called { handshake, mark } = self.state else {
            return Err(EnvelopeError::Misplaced);
        };
        let Answered {
            transport,
            envelope,
        } = handshake.answer(mark, padded)?;
        let state = State::Open {
            transport: Box::new(Transport::new(transport)),
            answer: None,
        };
        Ok((Self { state, ..self }, envelope))
    }

    /// Message 2 as [`Session::answer`] takes it.
    pub(super) fn padded_answer(message: &Message) -> Result<Vec<u8>, EnvelopeError> {
        packet::pad(&json(message)?, AROUND_SECOND)
    }

    /// Opens a message of the transport; `NotForUs` where it is none of this session.
    pub(super) fn open_transport(&mut self, packet: &[u8]) -> Result<Opened, EnvelopeError> {
        let State::Open { transport, .. } = &mut self.state else {
            return Err(EnvelopeError::NotForUs);
        };
        let text = transport.open(packet)?;
        self.opened(&text, |kind| !kind.may_only_begin())
    }

    /// The text of message 2, padded; `NotForUs` where it is none to this session.
    pub(super) fn read_answer(&mut self, packet: &[u8]) -> Result<Vec<u8>, EnvelopeError> {
        let (given, noise) = packet
            .split_first_chunk::<MARK>()
            .ok_or(EnvelopeError::NotForUs)?;
        match &mut self.state {
            State::Began { handshake, mark } if mark == given => {
                handshake.read_answer(noise).ok_or(EnvelopeError::NotForUs)
            }
            State::Open {
                answer: Some(answer),
                ..
            } if *answer == digest(packet) => Err(EnvelopeError::Repeated),
            State::Began { .. } | State::Called { .. } | State::Open { .. } => {
                Err(EnvelopeError::NotForUs)
            }
        }
    }

    /// The session once its message 2, this packet, was read.
    pub(super) fn answered(self, packet: &[u8]) -> Result<Self, EnvelopeError> {
        let State::Began { handshake, .. } = self.state else {
            return Err(EnvelopeError::NotForUs);
        };
        let state = State::Open {
            transport: Box::new(Transport::new(handshake.into_transport()?)),
            answer: Some(digest(packet)),
        };
        Ok(Self { state, ..self })
    }

    /// What the other side of this session says.
    pub(super) fn opened(
        &self,
        text: &[u8],
        may: impl Fn(&Kind) -> bool,
    ) -> Result<Opened, EnvelopeError> {
        let message: Message = serde_json::from_slice(text).map_err(|_| EnvelopeError::Body)?;
        if message.call != self.call || !may(&message.kind) {
            return Err(EnvelopeError::Misplaced);
        }
        if matches!(&message.kind, Kind::Signal { data } if data.len() > MAX_SIGNAL) {
            return Err(EnvelopeError::Body);
        }
        Ok(Opened {
            from: self.peer,
            message,
        })
    }
}

pub(super) fn digest(packet: &[u8]) -> [u8; 32] {
    Sha256::digest(packet).into()
}

pub(super) fn json(text: &impl Serialize) -> Result<Vec<u8>, EnvelopeError> {
    serde_json::to_vec(text).map_err(|_| EnvelopeError::Body)
}
