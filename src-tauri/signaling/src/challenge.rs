//! How a client proves that it holds the key it wants to be reached at.
//!
//! 1. The server opens with a nonce of 32 random bytes, made for this connection.
//! 2. The client signs `DOMAIN ‖ length of audience (u16, big-endian) ‖ audience ‖ nonce ‖ key`, where the audience is the
//!    authority it dialled, and sends key and signature.
//! 3. The server forgets the nonce and checks the signature (Ed25519, strict: RFC 8032 §5.1.7 without the weak keys) against
//!    every audience it is known by: the names in its configuration, and the local address of this very connection.
//!
//! What each part stops:
//! - the *domain*: a signature made here means nothing anywhere else, nor the other way round;
//! - the *nonce*: a recorded registration cannot be replayed on another connection;
//! - the *audience*: a server that a client dialled cannot pass on another server's nonce and register there as that client.
//!   For that the server must know its own names. It must not believe the `Host` header: the one who relays writes that;
//! - the *key*: the proof is for this key alone, whatever a signature scheme may allow.

use std::{fmt, net::SocketAddr, str::FromStr};

use ed25519_dalek::VerifyingKey;
use url::{Host, Url};

use crate::wire::{Key, Nonce, Signature};

/// First bytes of everything signed for a registration.
pub const DOMAIN: &[u8] = b"ringdown registration 1\0";

/// The authority a client dialled: lower-case host, colon, port, always with the port. An IPv6 address is in brackets.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Audience(String);

/// Why a text is not an audience.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is not a host name or address, with a port if it is not 443")]
pub struct AudienceError(String);

impl Audience {
    /// Of a `ws` or `wss` URL; `None` for any other.
    #[must_use]
    pub fn of_url(url: &Url) -> Option<Self> {
        let port = match url.scheme() {
            "ws" => url.port().unwrap_or(80),
            "wss" => url.port().unwrap_or(443),
            _ => return None,
        };
        url.host().map(|host| Self::of_host(&host, port))
    }

    /// Of an address that was dialled as such. An IPv4 address mapped into IPv6 counts as the IPv4 address.
    #[must_use]
    pub fn of_address(address: SocketAddr) -> Self {
        Self(SocketAddr::new(address.ip().to_canonical(), address.port()).to_string())
    }

    fn of_host(host: &Host<&str>, port: u16) -> Self {
        Self(format!("{host}:{port}"))
    }

    /// The text that is signed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Audience {
    type Err = AudienceError;

    /// Reads `example.org`, `example.org:7373`, `192.0.2.1:7373` or `[2001:db8::1]:7373`; without a port it is 443.
    fn from_str(text: &str) -> Result<Self, AudienceError> {
        let wrong = || AudienceError(text.to_owned());
        if text.is_empty()
            || text.contains(['/', '@', '?', '#', '\\'])
            || text.contains(char::is_whitespace)
        {
            return Err(wrong());
        }
        let url = Url::parse(&format!("wss://{text}")).map_err(|_| wrong())?;
        Self::of_url(&url).ok_or_else(wrong)
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Everything that is signed.
#[must_use]
pub fn message(audience: &Audience, nonce: &Nonce, key: &Key) -> Vec<u8> {
    let length = u16::try_from(audience.0.len()).unwrap_or(u16::MAX);
    [
        DOMAIN,
        &length.to_be_bytes(),
        audience.0.as_bytes(),
        &nonce.0,
        &key.0,
    ]
    .concat()
}

/// Whether `signature` proves `key` for this audience and nonce.
#[must_use]
pub fn verify(audience: &Audience, nonce: &Nonce, key: &Key, signature: &Signature) -> bool {
    VerifyingKey::from_bytes(&key.0).is_ok_and(|verifier| {
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        verifier
            .verify_strict(&message(audience, nonce, key), &signature)
            .is_ok()
    })
}

#[cfg(test)]
mod tests;
