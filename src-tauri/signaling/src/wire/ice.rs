//! STUN and TURN servers on the wire.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use url::Host;

/// One entry of an `RTCConfiguration`'s `iceServers`. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IceServer {
    /// `stun:`, `stuns:`, `turn:` or `turns:` URLs.
    pub urls: Vec<String>,
    /// For TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// For TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

impl fmt::Debug for IceServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IceServer").finish_non_exhaustive()
    }
}

/// A checked URL of a STUN server (RFC 7064) or TURN server (RFC 7065).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IceUrl {
    text: String,
    is_turn: bool,
}

/// Why a text is no such URL. Each is a sentence that says how to write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IceUrlError {
    /// Another scheme, or none.
    #[error("It must start with stun:, stuns:, turn: or turns:.")]
    Scheme,
    /// As in a web address.
    #[error("There are no slashes in it: write turn:HOST, not turn://HOST.")]
    Slashes,
    /// No name and no address.
    #[error("After the colon there must be a name or an address.")]
    Host,
    /// Not 1 to 65535.
    #[error("The port must be a number from 1 to 65535.")]
    Port,
    /// Something else after the port.
    #[error(
        "After the port there can only be ?transport=udp or ?transport=tcp, and only with TURN."
    )]
    Transport,
}

impl IceUrl {
    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it relays, so that it needs credentials.
    #[must_use]
    pub const fn is_turn(&self) -> bool {
        self.is_turn
    }
}

impl FromStr for IceUrl {
    type Err = IceUrlError;

    fn from_str(text: &str) -> Result<Self, IceUrlError> {
        let (scheme, rest) = text.split_once(':').ok_or(IceUrlError::Scheme)?;
        let is_turn = match scheme.to_ascii_lowercase().as_str() {
            "stun" | "stuns" => false,
            "turn" | "turns" => true,
            _ => return Err(IceUrlError::Scheme),
        };
        if rest.starts_with('/') {
            return Err(IceUrlError::Slashes);
        }
        let (place, transport) = match rest.split_once('?') {
            Some((place, query)) => (place, Some(query)),
            None => (rest, None),
        };
        match transport {
            None => {}
            Some("transport=udp" | "transport=tcp") if is_turn => {}
            Some(_) => return Err(IceUrlError::Transport),
        }
        // A colon inside brackets belongs to an IPv6 address.
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            Some(_) | None => (place, None),
        };
        if let Some(port) = port {
            let number = port.bytes().all(|byte| byte.is_ascii_digit());
            if !number || !port.parse::<u16>().is_ok_and(|port| port > 0) {
                return Err(IceUrlError::Port);
            }
        }
        Host::parse(host).map_err(|_| IceUrlError::Host)?;
        Ok(Self {
            text: text.to_owned(),
            is_turn,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_as_people_write_them_are_understood() {
        for (text, is_turn) in [
            ("stun:stun.example.org", false),
            ("stuns:stun.example.org:5349", false),
            ("turn:192.0.2.1", true),
            ("TURN:turn.example.org:3478?transport=udp", true),
            ("turns:[2001:db8::1]:443?transport=tcp", true),
            ("turn:[2001:db8::1]", true),
        ] {
            let url: IceUrl = text.parse().unwrap();
            assert_eq!((url.as_str(), url.is_turn()), (text, is_turn));
        }
    }

    #[test]
    fn each_mistake_has_its_sentence() {
        for (text, error) in [
            ("turn.example.org", IceUrlError::Scheme),
            ("https://turn.example.org", IceUrlError::Scheme),
            ("turn://turn.example.org", IceUrlError::Slashes),
            ("turn:", IceUrlError::Host),
            ("turn:two words", IceUrlError::Host),
            ("turn:2001:db8::zz", IceUrlError::Port),
            ("turn:a.example:0", IceUrlError::Port),
            ("turn:a.example:+5", IceUrlError::Port),
            ("turn:a.example:70000", IceUrlError::Port),
            ("turn:a.example?transport=sctp", IceUrlError::Transport),
            ("stun:a.example?transport=udp", IceUrlError::Transport),
        ] {
            assert_eq!(text.parse::<IceUrl>(), Err(error), "{text}");
        }
    }

    #[test]
    fn debug_output_shows_no_credential() {
        let server = IceServer {
            urls: vec!["turn:192.0.2.1".to_owned()],
            username: Some("1700000000:someone".to_owned()),
            credential: Some("secret".to_owned()),
        };
        assert_eq!(format!("{server:?}"), "IceServer { .. }");
    }
}
