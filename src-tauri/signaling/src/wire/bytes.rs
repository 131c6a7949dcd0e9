//! Bytes on the wire: base64url without padding (RFC 4648 §5), canonical, nothing else accepted.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::limits::MAX_PAYLOAD_BYTES;

/// Why a text is not the bytes it should be. Never holds any of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BytesError {
    /// Another alphabet, padding, white space, or bits after the end.
    #[error("this is not base64url without padding")]
    Encoding,
    /// Not as many bytes as this field has.
    #[error("this field has {expected} bytes")]
    Length {
        /// Bytes.
        expected: usize,
    },
    /// Over [`MAX_PAYLOAD_BYTES`].
    #[error("a payload has at most {MAX_PAYLOAD_BYTES} bytes")]
    TooLarge,
}

/// A fixed number of bytes. `Debug` shows at most four characters of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fixed<const N: usize>(pub [u8; N]);

/// An Ed25519 public key: where somebody can be reached.
pub type Key = Fixed<32>;

/// What a client signs to prove its key, fresh for each connection.
pub type Nonce = Fixed<32>;

/// An Ed25519 signature.
pub type Signature = Fixed<64>;

impl<const N: usize> Fixed<N> {
    /// Reads base64url.
    ///
    /// # Errors
    /// [`BytesError::Encoding`] or [`BytesError::Length`].
    pub fn parse(text: &str) -> Result<Self, BytesError> {
        let bytes = URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| BytesError::Encoding)?;
        bytes
            .try_into()
            .map(Self)
            .map_err(|_| BytesError::Length { expected: N })
    }
}

impl<const N: usize> From<[u8; N]> for Fixed<N> {
    fn from(bytes: [u8; N]) -> Self {
        Self(bytes)
    }
}

impl<const N: usize> fmt::Display for Fixed<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl<const N: usize> fmt::Debug for Fixed<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.to_string();
        write!(f, "{}…", text.get(..4).unwrap_or(""))
    }
}

impl<const N: usize> Serialize for Fixed<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Fixed<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

/// Sealed bytes on their way, kept as the checked text they travel as: a server passes them on without decoding them.
/// `Debug` shows the size only.
#[derive(Clone, PartialEq, Eq)]
pub struct Payload(String);

impl Payload {
    /// Wraps bytes.
    ///
    /// # Errors
    /// [`BytesError::TooLarge`].
    pub fn new(bytes: &[u8]) -> Result<Self, BytesError> {
        if bytes.len() > MAX_PAYLOAD_BYTES {
            return Err(BytesError::TooLarge);
        }
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// Checks a text and keeps it. The size is not judged here: a frame bounds it, and a server answers `refused`.
    ///
    /// # Errors
    /// [`BytesError::Encoding`].
    pub fn parse(text: String) -> Result<Self, BytesError> {
        if canonical(text.as_bytes()) {
            Ok(Self(text))
        } else {
            Err(BytesError::Encoding)
        }
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        // Checked when it was made: it always decodes.
        URL_SAFE_NO_PAD.decode(&self.0).unwrap_or_default()
    }

    /// How many bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.0.len() / 4 * 3 + (self.0.len() % 4).saturating_sub(1)
    }
}

/// Whether a text is what encoding some bytes gives: the alphabet, a possible length, and no bits after the end.
fn canonical(text: &[u8]) -> bool {
    let spare_bits = match text.len() % 4 {
        0 => 0,
        2 => 0b1111,
        3 => 0b11,
        _ => return false,
    };
    let mut last = 0;
    for &byte in text {
        last = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return false,
        };
    }
    last & spare_bits == 0
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.size())
    }
}

impl Serialize for Payload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}
