//! Who somebody is: one Ed25519 key pair (RFC 8032).
//!
//! Every signature names its [`Domain`], so that a signature made for one purpose can never be shown as one made for
//! another.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// Characters of a public key written as text (base64url without padding, RFC 4648 section 5).
pub const KEY_CHARS: usize = 43;

const LAN_LABEL: &[u8] = b"ringdown lan secret 1\0";

/// Why there is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// The system's random number generator failed.
    #[error("the system gives no random numbers: {0}")]
    Random(getrandom::Error),
    /// Not 43 characters of base64url.
    #[error("a key is {KEY_CHARS} characters of base64url")]
    NotAKey,
    /// 32 bytes that are no point of the curve, or one of the few points anybody can sign for.
    #[error("these bytes are no usable Ed25519 key")]
    InvalidPoint,
}

/// What a signature is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Domain {
    /// Proving the key to a rendezvous. The signaling client's transcript begins with a label of its own, which differs
    /// from every label here; nothing is put before it, because that crate's server checks exactly those bytes. Stops a
    /// rendezvous from having anything but a challenge signed.
    Rendezvous,
}

impl Domain {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Rendezvous => b"",
        }
    }

    fn bytes(self, message: &[u8]) -> Vec<u8> {
        [self.label(), message].concat()
    }
}

/// An Ed25519 key pair. Its secret is wiped from memory on drop and never printed.
pub struct Identity(SigningKey);

impl Identity {
    /// A new identity from the system's random numbers.
    ///
    /// # Errors
    /// [`IdentityError::Random`] when the system has none to give.
    pub fn generate() -> Result<Self, IdentityError> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut_slice()).map_err(IdentityError::Random)?;
        Ok(Self::from_seed(*seed))
    }

    /// The identity this seed (RFC 8032: private key) stands for.
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        let seed = Zeroizing::new(seed);
        Self(SigningKey::from_bytes(&seed))
    }

    /// The secret to keep; wiped on drop.
    #[must_use]
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// The key others know this identity by.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// The X25519 secret that belongs to this key (RFC 7748 clamps it, and so does whoever uses it): the lower half of
    /// SHA-512 of the seed, which is what RFC 8032 signs with.
    pub(crate) fn x25519(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_scalar_bytes())
    }

    /// A secret that only this identity and `peer` can compute, by which one of them recognises the other's announcements
    /// on the local network: `announcer` is the key of the one who announces.
    ///
    /// SHA-256 of a label, the X25519 of both, and the announcer's key.
    #[must_use]
    pub fn lan_secret(&self, peer: PublicKey, announcer: PublicKey) -> [u8; 32] {
        let point = VerifyingKey::from_bytes(&peer.0).map(|key| key.to_montgomery());
        // A key that was checked is a point.
        let shared = point.map(|point| point.mul_clamped(*self.x25519()).to_bytes());
        let shared = Zeroizing::new(shared.unwrap_or_default());
        Sha256::new()
            .chain_update(LAN_LABEL)
            .chain_update(shared.as_slice())
            .chain_update(announcer.0)
            .finalize()
            .into()
    }

    /// Signs `message` for one purpose.
    #[must_use]
    pub fn sign(&self, domain: Domain, message: &[u8]) -> [u8; 64] {
        self.0.sign(&domain.bytes(message)).to_bytes()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({:?})", self.public())
    }
}

/// An Ed25519 public key, checked to be a point one can verify with. Ordered by its bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// Checks that the bytes are a key that can be verified with.
    ///
    /// # Errors
    /// [`IdentityError::InvalidPoint`]: not on the curve, or of small order (such a key verifies signatures nobody
    /// with a secret made).
    pub fn from_bytes(bytes: [u8; 32]) -> Result<Self, IdentityError> {
        match VerifyingKey::from_bytes(&bytes) {
            Ok(key) if !key.is_weak() => Ok(Self(bytes)),
            _ => Err(IdentityError::InvalidPoint),
        }
    }

    /// The 32 bytes of RFC 8032.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The X25519 key that belongs to this one (RFC 7748 section 4.1: the birational map, u = (1 + y) / (1 - y)).
    pub(crate) fn x25519(&self) -> [u8; 32] {
        // A key that was checked is a point.
        VerifyingKey::from_bytes(&self.0)
            .map(|key| key.to_montgomery().to_bytes())
            .unwrap_or_default()
    }

    /// Whether this key's owner signed `message` for this purpose (strict verification: one valid signature encoding,
    /// no small-order points).
    #[must_use]
    pub fn verify(&self, domain: Domain, message: &[u8], signature: &[u8; 64]) -> bool {
        VerifyingKey::from_bytes(&self.0).is_ok_and(|key| {
            let signature = Signature::from_bytes(signature);
            key.verify_strict(&domain.bytes(message), &signature)
                .is_ok()
        })
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

/// Who somebody knows is nobody's business, and a part of a key is enough to tell: nothing of it shows.
impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

impl FromStr for PublicKey {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        if text.len() != KEY_CHARS {
            return Err(IdentityError::NotAKey);
        }
        let bytes = URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| IdentityError::NotAKey)?;
        Self::from_bytes(bytes.try_into().map_err(|_| IdentityError::NotAKey)?)
    }
}

impl TryFrom<String> for PublicKey {
    type Error = IdentityError;

    fn try_from(text: String) -> Result<Self, IdentityError> {
        text.parse()
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        key.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alice() -> Identity {
        Identity::from_seed([1; 32])
    }

    #[test]
    fn two_new_identities_differ_and_a_kept_seed_brings_one_back() {
        let alice = Identity::generate().unwrap();
        assert_ne!(alice.public(), Identity::generate().unwrap().public());
        assert_eq!(Identity::from_seed(*alice.seed()).public(), alice.public());
    }

    #[test]
    fn a_key_is_the_one_rfc_8032_gives_for_its_seed() {
        // RFC 8032 section 7.1, test 1.
        let seed = [
            0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec,
            0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03,
            0x1c, 0xae, 0x7f, 0x60,
        ];
        let identity = Identity::from_seed(seed);
        assert_eq!(
            identity.public().to_string(),
            "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
        );
        // Domain::Rendezvous adds no label, so this is the RFC's signature of the empty message.
        assert_eq!(
            identity.sign(Domain::Rendezvous, b"")[..4],
            [0xe5, 0x56, 0x43, 0x00]
        );
    }

    #[test]
    fn text_and_back_is_the_same_key() {
        let key = alice().public();
        assert_eq!(key.to_string().len(), KEY_CHARS);
        assert_eq!(key.to_string().parse(), Ok(key));
        let json = serde_json::to_string(&key).unwrap();
        assert_eq!(json, format!("\"{key}\""));
        assert_eq!(serde_json::from_str::<PublicKey>(&json).unwrap(), key);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let text = alice().public().to_string();
        assert_eq!(text[1..].parse::<PublicKey>(), Err(IdentityError::NotAKey));
        assert_eq!(
            format!("{text}=").parse::<PublicKey>(),
            Err(IdentityError::NotAKey)
        );
        assert_eq!(
            "!".repeat(KEY_CHARS).parse::<PublicKey>(),
            Err(IdentityError::NotAKey)
        );
        let mut small_order = [0; 32];
        small_order[0] = 1;
        assert_eq!(
            PublicKey::from_bytes(small_order),
            Err(IdentityError::InvalidPoint)
        );
        let off_the_curve = (0..=255)
            .map(|n| [n; 32])
            .find(|b| VerifyingKey::from_bytes(b).is_err());
        assert_eq!(
            PublicKey::from_bytes(off_the_curve.unwrap()),
            Err(IdentityError::InvalidPoint)
        );
    }

    #[test]
    fn a_signature_holds_for_its_message_and_key_only() {
        let signature = alice().sign(Domain::Rendezvous, b"hello");
        let key = alice().public();
        assert!(key.verify(Domain::Rendezvous, b"hello", &signature));
        assert!(!key.verify(Domain::Rendezvous, b"hullo", &signature));
        let bob = Identity::from_seed([2; 32]).public();
        assert!(!bob.verify(Domain::Rendezvous, b"hello", &signature));
    }

    #[test]
    fn the_x25519_keys_of_both_sides_agree() {
        let mut random = crate::tests::random::Random::new(1);
        for _ in 0..50 {
            let [alice, bob] = [0; 2].map(|_| Identity::from_seed(random.seed()));
            let announcer = alice.public();
            let secret = alice.lan_secret(bob.public(), announcer);
            assert_eq!(secret, bob.lan_secret(announcer, announcer));
            assert_ne!(secret, alice.lan_secret(bob.public(), bob.public()));
            let carol = Identity::from_seed(random.seed());
            assert_ne!(secret, carol.lan_secret(announcer, announcer));
            assert_ne!(secret, carol.lan_secret(bob.public(), announcer));
        }
    }

    #[test]
    fn derived_keys_never_change() {
        // Computed with another implementation of RFC 7748.
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        let bob = Identity::from_seed([2; 32]);
        assert_eq!(
            hex(&alice().public().x25519()),
            "1b1b58dd50ea14b60da17b790cd02754d970c9bab864ebb3c0f3016fe51d3f57"
        );
        assert_eq!(
            hex(alice().x25519().as_slice()),
            "5ce86efb75fa4e2c410f46e16de9f6acae1a1703528651b69bc176c088bef3ee"
        );
        let secret = alice().lan_secret(bob.public(), alice().public());
        assert_eq!(
            hex(&secret),
            "e250ddbaf819fa9a124b7e31214ae0c3a777cec2ead53d2a901185032e1bb6d7"
        );
    }

    #[test]
    fn debug_shows_nothing_of_a_key() {
        let alice = alice();
        assert_eq!(format!("{alice:?}"), "Identity(Key)");
        assert_eq!(format!("{:?}", alice.public()), "Key");
    }
}
