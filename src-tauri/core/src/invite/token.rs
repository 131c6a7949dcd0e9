//! What is secret in an invite: who shows it may ask to be a contact.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::base64url;
use crate::identity::IdentityError;

/// 16 random bytes, written as 22 characters of base64url.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(#[serde(with = "base64url")] [u8; 16]);

/// Not 22 characters of base64url.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a token is 22 characters of base64url")]
pub struct NotAToken;

impl Token {
    /// A new token from the system's random numbers.
    ///
    /// # Errors
    /// [`IdentityError::Random`] when the system has none to give.
    pub fn generate() -> Result<Self, IdentityError> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(IdentityError::Random)?;
        Ok(Self(bytes))
    }

    /// The token of these bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base64url::encode(&self.0))
    }
}

/// Secret: nothing of it shows.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

impl FromStr for Token {
    type Err = NotAToken;

    fn from_str(text: &str) -> Result<Self, NotAToken> {
        base64url::decode(text).map(Self).ok_or(NotAToken)
    }
}
