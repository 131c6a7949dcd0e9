//! Noise IK: the two messages that make a session.
//!
//! Pattern `IK` (Noise revision 34, section 7.5): the caller knows the callee's key beforehand and proves their own in
//! message 1.
//!
//! The prologue holds the recipient's Ed25519 key and not both: a callee can't know the caller's before opening
//! message 1. Its text names the caller's instead, and that must map to the X25519 key which Noise authenticated.

use snow::{Builder, HandshakeState, StatelessTransportState};

use super::EnvelopeError;
use super::packet::{self, TAG};
use crate::identity::{Identity, PublicKey};

const PATTERN: &str = "Noise_IK_25519_ChaChaPoly_BLAKE2s";
const PROLOGUE: &[u8] = b"ringdown noise 2\0";
/// Bytes of an X25519 key.
const KEY: usize = 32;
/// Bytes around the padded text of message 1: version, ephemeral key, sealed static key, tag.
pub(super) const AROUND_FIRST: usize = 1 + KEY + (KEY + TAG) + TAG;
/// Bytes around the padded text of message 2: version, mark, ephemeral key, tag.
pub(super) const AROUND_SECOND: usize = 1 + MARK + KEY + TAG;
/// Bytes of a [`Mark`].
pub(super) const MARK: usize = 8;

/// What message 2 begins with. The caller chooses it at random and tells it inside message 1, so the caller's app knows
/// the answer at a glance, and nobody else can tell it from the nonce of a transport message.
pub(super) type Mark = [u8; MARK];

/// A key made for one message, for tests that fix bytes.
pub(super) type Ephemeral = [u8; KEY];

/// One side's half of a handshake.
pub(super) struct Handshake(HandshakeState);

/// Message 1 as it was opened.
pub(super) struct First {
    pub(super) handshake: Handshake,
    /// The key that is new in every message 1.
    pub(super) ephemeral: Ephemeral,
    /// The X25519 key of whoever sealed it.
    pub(super) sender: [u8; KEY],
    pub(super) text: Vec<u8>,
}

/// Seals message 1. `fixed` is for golden tests; None draws a new key.
pub(super) fn write_first(
    me: &Identity,
    to: PublicKey,
    text: &[u8],
    fixed: Option<&Ephemeral>,
) -> Result<(Handshake, Vec<u8>), EnvelopeError> {
    let padded = packet::pad(text, AROUND_FIRST)?;
    let mut handshake = Handshake::new(me, to, Some(to), fixed)?;
    let noise = handshake.write(&padded)?;
    Ok((handshake, packet::wrap(&[], &noise)))
}

/// Opens message 1; [`EnvelopeError::NotForUs`] after one Diffie-Hellman where it is none for us. `fixed` is for golden
/// tests of the answer.
pub(super) fn read_first(
    me: &Identity,
    packet: &[u8],
    fixed: Option<&Ephemeral>,
) -> Result<First, EnvelopeError> {
    let (ephemeral, _) = packet
        .split_first_chunk::<KEY>()
        .ok_or(EnvelopeError::NotForUs)?;
    let mut handshake = Handshake::new(me, me.public(), None, fixed)?;
    let padded = handshake.read(packet).ok_or(EnvelopeError::NotForUs)?;
    let sender = handshake.0.get_remote_static();
    let sender = sender.and_then(|key| key.try_into().ok());
    Ok(First {
        sender: sender.ok_or(EnvelopeError::Sender)?,
        ephemeral: *ephemeral,
        text: packet::unpad(&padded)?.to_vec(),
        handshake,
    })
}

impl Handshake {
    fn new(
        me: &Identity,
        recipient: PublicKey,
        remote: Option<PublicKey>,
        fixed: Option<&Ephemeral>,
    ) -> Result<Self, EnvelopeError> {
        let failed = |_: snow::Error| EnvelopeError::Seal;
        let secret = me.x25519();
        let prologue = [PROLOGUE, recipient.as_bytes()].concat();
        let remote = remote.map(|key| key.x25519());
        let mut builder = Builder::new(PATTERN.parse().map_err(failed)?)
            .local_private_key(secret.as_slice())
            .and_then(|builder| builder.prologue(&prologue))
            .map_err(failed)?;
        if let Some(fixed) = fixed {
            builder = builder.fixed_ephemeral_key_for_testing_only(fixed);
        }
        let state = match &remote {
            Some(remote) => builder
                .remote_public_key(remote)
                .and_then(Builder::build_initiator),
            None => builder.build_responder(),
        };
        Ok(Self(state.map_err(failed)?))
    }

    /// Seals message 2. The padding has to be done by then, so that nothing here fails halfway.
    pub(super) fn answer(mut self, mark: Mark, padded: &[u8]) -> Result<Answered, EnvelopeError> {
        let noise = self.write(padded)?;
        Ok(Answered {
            transport: self.into_transport()?,
            envelope: packet::wrap(&mark, &noise),
        })
    }

    /// Opens message 2, its mark taken off. One that fails leaves the handshake as it was.
    pub(super) fn read_answer(&mut self, noise: &[u8]) -> Option<Vec<u8>> {
        self.read(noise)
    }

    /// The keys for all that follows.
    pub(super) fn into_transport(self) -> Result<StatelessTransportState, EnvelopeError> {
        self.0
            .into_stateless_transport_mode()
            .map_err(|_| EnvelopeError::Seal)
    }

    fn write(&mut self, padded: &[u8]) -> Result<Vec<u8>, EnvelopeError> {
        let mut noise = vec![0; padded.len() + AROUND_FIRST];
        let len = self.0.write_message(padded, &mut noise);
        noise.truncate(len.map_err(|_| EnvelopeError::Seal)?);
        Ok(noise)
    }

    fn read(&mut self, noise: &[u8]) -> Option<Vec<u8>> {
        let mut padded = vec![0; noise.len()];
        let len = self.0.read_message(noise, &mut padded).ok()?;
        padded.truncate(len);
        Some(padded)
    }
}

/// Message 2, and the keys for what follows it.
pub(super) struct Answered {
    pub(super) transport: StatelessTransportState,
    pub(super) envelope: Vec<u8>,
}
