//! STUN and TURN servers on the wire.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use url::Host;

use crate::targets::{Here, is_bad_port, may_be_dialled};

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
    host: Host,
    port: Option<u16>,
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

    /// Whether a server may lend this: not what leads to a place where others may not send this app, nor to a port that browsers
    /// refuse for TURN (below 1024, except 53, 80 and 443). `here`: the server itself is on loopback, and so may this be. Names
    /// other than `localhost` are not resolved.
    pub(crate) fn may_be_lent(&self, here: &Here) -> bool {
        let port = match self.port {
            None => true,
            Some(53 | 80 | 443) => true,
            Some(port) => port >= 1024 && !is_bad_port(port),
        };
        // Judged above.
        let any = 3478;
        port && match &self.host {
            Host::Ipv4(ip) => may_be_dialled((*ip, any).into(), here),
            Host::Ipv6(ip) => may_be_dialled((*ip, any).into(), here),
            Host::Domain(name) => {
                let name = name.trim_end_matches('.');
                here.loopback || !(name == "localhost" || name.ends_with(".localhost"))
            }
        }
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
        let port = port
            .map(|port| {
                let number = port.bytes().all(|byte| byte.is_ascii_digit());
                let port = port.parse().ok().filter(|port| number && *port > 0);
                port.ok_or(IceUrlError::Port)
            })
            .transpose()?;
        let host = Host::parse(host).map_err(|_| IceUrlError::Host)?;
        Ok(Self {
            text: text.to_owned(),
            is_turn,
            host,
            port,
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
    fn a_server_lends_nothing_of_this_machine_unless_it_is_on_it() {
        let may = |text: &str, loopback| {
            let here = Here {
                loopback,
                ..Here::default()
            };
            text.parse::<IceUrl>().unwrap().may_be_lent(&here)
        };
        for text in [
            "stun:stun.example.org",
            "turn:192.168.1.7:3478",
            "turn:turn.example.org:443?transport=tcp",
            "turn:turn.example.org:53",
            "turns:[2001:db8::1]:5349",
        ] {
            assert!(may(text, false), "{text}");
        }
        for text in [
            "stun:127.0.0.1",
            "turn:127.0.0.1:8080?transport=tcp",
            "turn:localhost:8080?transport=tcp",
            "turn:printer.localhost.:9100",
            "stun:[::1]",
        ] {
            assert!(!may(text, false) && may(text, true), "{text}");
        }
        for text in [
            "turn:192.168.1.1:22?transport=tcp",
            "turn:192.168.1.1:6667?transport=tcp",
            "stun:0.0.0.0",
            "stun:224.0.0.251",
            "turn:169.254.169.254:80?transport=tcp",
        ] {
            assert!(!may(text, false), "{text}");
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
