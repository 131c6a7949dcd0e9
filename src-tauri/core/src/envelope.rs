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
    ///
    /// Without the JSON error, which would quote what is in there.
    #[error("the envelope holds no message of this version")]
    Body,
}

/// Makes an envelope which only `to` will open, and which proves it comes from `from`.
///
/// # Errors
/// [`EnvelopeError::TooLarge`]; a message with a signal that [`crate::call::Calls`] let through never is.
pub fn seal(from: &Identity, to: PublicKey, message: &Message) -> Result<Vec<u8>, EnvelopeError> {
    let body = serde_json::to_vec(message).map_err(|_| EnvelopeError::Body)?;
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
    let message: Message = serde_json::from_slice(body).map_err(|_| EnvelopeError::Body)?;
    match &message.kind {
        Kind::Signal { data } if data.len() > MAX_SIGNAL => Err(EnvelopeError::Body),
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

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::tests::random::Random;

    fn alice() -> Identity {
        Identity::from_seed([1; 32])
    }

    fn bob() -> Identity {
        Identity::from_seed([2; 32])
    }

    fn signal(data: String) -> Message {
        Message {
            call: Uuid::from_u128(7),
            seq: 3,
            kind: Kind::Signal { data },
        }
    }

    fn hello() -> Message {
        signal("hello".into())
    }

    #[test]
    fn what_alice_seals_for_bob_bob_opens_and_knows_it_is_hers() {
        let envelope = seal(&alice(), bob().public(), &hello()).unwrap();
        assert_eq!(
            open(&bob(), &envelope).unwrap(),
            (alice().public(), hello())
        );
    }

    #[test]
    fn its_bytes_never_change() {
        let envelope = seal(&alice(), bob().public(), &hello()).unwrap();
        assert_eq!(envelope[0], 1);
        assert_eq!(&envelope[1..33], alice().public().as_bytes());
        let body = br#"{"call":"00000000-0000-0000-0000-000000000007","seq":3,"kind":"signal","data":"hello"}"#;
        assert_eq!(&envelope[97..], body);
        // Ed25519 signatures are deterministic (RFC 8032), so this fixes label and order of what is signed.
        let signed = [
            b"ringdown envelope 1\0".as_slice(),
            bob().public().as_bytes(),
            body,
        ]
        .concat();
        assert_eq!(envelope[33..97], alice().sign(Domain::Rendezvous, &signed));
    }

    #[test]
    fn carol_cannot_open_it_and_bob_cannot_pass_it_on() {
        let envelope = seal(&alice(), bob().public(), &hello()).unwrap();
        let carol = Identity::from_seed([3; 32]);
        assert!(matches!(
            open(&carol, &envelope),
            Err(EnvelopeError::Signature)
        ));
    }

    #[test]
    fn mallory_cannot_speak_for_alice() {
        let mut envelope = seal(&Identity::from_seed([4; 32]), bob().public(), &hello()).unwrap();
        envelope[1..33].copy_from_slice(alice().public().as_bytes());
        assert!(matches!(
            open(&bob(), &envelope),
            Err(EnvelopeError::Signature)
        ));
        envelope[1..33].copy_from_slice(&[0; 32]);
        assert!(matches!(
            open(&bob(), &envelope),
            Err(EnvelopeError::Sender)
        ));
    }

    #[test]
    fn no_changed_byte_and_no_missing_one_goes_unnoticed() {
        let envelope = seal(&alice(), bob().public(), &hello()).unwrap();
        for at in 0..envelope.len() {
            let mut changed = envelope.clone();
            changed[at] ^= 1;
            assert!(open(&bob(), &changed).is_err(), "byte {at}");
            assert!(open(&bob(), &envelope[..at]).is_err(), "cut at {at}");
        }
        for end in 0..97 {
            assert!(matches!(
                open(&bob(), &envelope[..end]),
                Err(EnvelopeError::Truncated)
            ));
        }
        assert!(open(&bob(), &[envelope.as_slice(), b" "].concat()).is_err());
    }

    #[test]
    fn other_versions_are_told_apart() {
        let mut envelope = seal(&alice(), bob().public(), &hello()).unwrap();
        envelope[0] = 2;
        assert!(matches!(
            open(&bob(), &envelope),
            Err(EnvelopeError::NewerVersion(2))
        ));
        envelope[0] = 0;
        assert!(matches!(
            open(&bob(), &envelope),
            Err(EnvelopeError::NotAnEnvelope)
        ));
    }

    #[test]
    fn a_genuine_envelope_with_no_message_in_it_is_refused() {
        let long = signal("x".repeat(MAX_SIGNAL + 1));
        let bodies = [
            b"".to_vec(),
            b"{}".to_vec(),
            b"\xff".to_vec(),
            serde_json::to_vec(&long).unwrap(),
        ];
        for body in bodies {
            let signature = alice().sign(Domain::Envelope, &signed(bob().public(), &body));
            let key = *alice().public().as_bytes();
            let envelope = [[VERSION].as_slice(), &key, &signature, &body].concat();
            assert!(matches!(open(&bob(), &envelope), Err(EnvelopeError::Body)));
        }
    }

    #[test]
    fn too_large_is_too_large_both_ways() {
        let large = signal("\"".repeat(MAX_SIGNAL));
        assert!(matches!(
            seal(&alice(), bob().public(), &large),
            Err(EnvelopeError::TooLarge(_))
        ));
        let zeros = vec![1; MAX_ENVELOPE + 1];
        assert!(matches!(
            open(&bob(), &zeros),
            Err(EnvelopeError::TooLarge(_))
        ));
    }

    #[test]
    fn whatever_fits_can_be_sealed_and_comes_back() {
        let mut random = Random::new(1);
        let (mut fitting, mut refused) = (0, 0);
        for _ in 0..300 {
            let characters: &[char] = match random.below(3) {
                0 => &['a', 'ë', '字', '🙂'],
                1 => &['a', 'b', 'c', '"', '\\', '\n'],
                _ => &[
                    'a', 'b', 'c', 'd', 'e', 'f', 'g', '\0', '\u{1f}', '\u{8}', '\u{7f}',
                ],
            };
            let len = random.below(MAX_SIGNAL + 100);
            let mut data = String::new();
            while data.len() < len {
                data.push(characters[random.below(characters.len())]);
            }
            if fits(&data) {
                fitting += 1;
                let envelope = seal(&alice(), bob().public(), &signal(data.clone())).unwrap();
                assert_eq!(open(&bob(), &envelope).unwrap().1, signal(data));
            } else {
                refused += 1;
            }
        }
        assert!(fitting > 50 && refused > 5, "{fitting} {refused}");
    }

    #[test]
    fn errors_quote_nothing() {
        let body = br#"{"call":"00000000-0000-0000-0000-000000000007","seq":0,"kind":"secret"}"#;
        let signature = alice().sign(Domain::Envelope, &signed(bob().public(), body));
        let envelope = [
            [VERSION].as_slice(),
            alice().public().as_bytes(),
            &signature,
            body,
        ]
        .concat();
        let error = open(&bob(), &envelope).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"));
    }
}
