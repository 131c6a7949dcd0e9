//! ICE servers as a page names them: `RTCConfiguration`, read and checked.
//!
//! URLs are those of [RFC 7064](https://www.rfc-editor.org/rfc/rfc7064) and
//! [RFC 7065](https://www.rfc-editor.org/rfc/rfc7065). Nothing here has a `Debug`: names, addresses
//! and credentials are in it.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

use serde::Deserialize;

use crate::error::RtcError;

/// Most servers that are asked for one connection; those beyond are left out.
const MAX_SERVERS: usize = 16;
/// Longest URL, in bytes.
const MAX_URL: usize = 512;
/// Longest TURN user name and credential, in bytes (RFC 8489, section 14.3).
const MAX_SECRET: usize = 509;

/// How a TURN server is spoken to: `RTCIceServerTransportProtocol`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Transport {
    Udp,
    Tcp,
    Tls,
}

impl Transport {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }
}

/// Where a server is.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Host {
    Address(IpAddr),
    Name(String),
}

/// What a server is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    Stun,
    Turn(Transport),
    /// `stuns:` tells the address of a TCP connection, which no candidate here is; and TURN over DTLS
    /// has no implementation in Rust.
    Unsupported,
}

/// What a URL says.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ServerUrl {
    pub service: Service,
    pub host: Host,
    pub port: u16,
}

/// A long-term credential (RFC 8489, section 9.2); one that expires looks the same.
#[derive(Clone)]
pub(crate) struct Credentials {
    pub username: String,
    pub password: String,
}

/// A server to ask.
#[derive(Clone)]
pub(crate) struct Server {
    /// As the page wrote it: events and statistics name the server by it.
    pub name: Arc<str>,
    pub url: ServerUrl,
    pub credentials: Option<Credentials>,
    /// Its place among all, from 0: the order of preference.
    pub order: u16,
}

/// URLs of servers that may be asked wherever they are, since the person entered them; a copy shares them. All others were named
/// by somebody else.
#[derive(Clone, Default)]
pub(crate) struct OwnServers(Arc<RwLock<HashSet<String>>>);

impl OwnServers {
    /// Replaces them.
    pub fn set(&self, urls: impl IntoIterator<Item = String>) {
        let urls = urls.into_iter().collect();
        // the set is whole at every moment
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = urls;
    }

    /// Whether this is one, by its URL as the page wrote it.
    pub fn has(&self, server: &Server) -> bool {
        let urls = self.0.read().unwrap_or_else(PoisonError::into_inner);
        urls.contains(&*server.name)
    }
}

/// `RTCConfiguration`, as far as it is used.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Configuration {
    ice_servers: Vec<IceServer>,
    ice_transport_policy: Policy,
    ice_candidate_pool_size: u8,
}

/// `RTCIceServer`.
#[derive(Deserialize)]
struct IceServer {
    urls: Urls,
    username: Option<String>,
    credential: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Urls {
    One(String),
    Many(Vec<String>),
}

/// `RTCIceTransportPolicy`.
#[derive(Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Policy {
    #[default]
    All,
    Relay,
}

/// A configuration that was checked: the servers to ask, and what may be used.
#[derive(Clone, Default)]
pub(crate) struct IceConfig {
    pub servers: Vec<Server>,
    /// Only relayed candidates: no address of this machine may be told or used.
    pub relay_only: bool,
    /// Candidates are gathered before there is a description they are for (`iceCandidatePoolSize`).
    pub ahead: bool,
}

impl IceConfig {
    /// Whether there are TURN servers.
    pub fn has_relays(&self) -> bool {
        self.servers.iter().any(|server| server.url.is_turn())
    }
}

impl Configuration {
    /// Checks the servers.
    ///
    /// # Errors
    /// `SyntaxError` for what is no URL of a server, `InvalidAccessError` for a TURN server without
    /// a usable credential; as the specification of `setConfiguration` has it.
    pub fn read(self) -> Result<IceConfig, RtcError> {
        let mut servers = Vec::new();
        for one in self.ice_servers {
            let credentials = match (one.username, one.credential) {
                (Some(username), Some(password)) => Some(Credentials { username, password }),
                _ => None,
            };
            let urls = match one.urls {
                Urls::One(url) => vec![url],
                Urls::Many(urls) => urls,
            };
            for name in urls {
                let url = ServerUrl::parse(&name).ok_or_else(|| {
                    RtcError::new("SyntaxError", "this is no URL of an ICE server")
                })?;
                let credentials = credentials.clone().filter(|_| url.is_turn());
                if url.is_turn() && !credentials.as_ref().is_some_and(Credentials::fit) {
                    return Err(RtcError::access(
                        "a TURN server needs a user name and a credential, of at most 509 bytes each",
                    ));
                }
                servers.push((name, url, credentials));
            }
        }
        servers.truncate(MAX_SERVERS);
        let servers = servers.into_iter().zip(0_u16..);
        Ok(IceConfig {
            servers: servers
                .map(|((name, url, credentials), order)| Server {
                    name: name.into(),
                    url,
                    credentials,
                    order,
                })
                .collect(),
            relay_only: self.ice_transport_policy == Policy::Relay,
            ahead: self.ice_candidate_pool_size > 0,
        })
    }
}

impl Credentials {
    fn fit(&self) -> bool {
        self.username.len() <= MAX_SECRET && self.password.len() <= MAX_SECRET
    }
}

impl ServerUrl {
    /// Reads `stun:HOST[:PORT]` or `turn:HOST[:PORT][?transport=udp|tcp]`, each also with an s for TLS.
    /// The scheme is read in any case; nothing is percent-decoded.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_URL {
            return None;
        }
        let (scheme, rest) = text.split_once(':')?;
        let (authority, query) = match rest.split_once('?') {
            Some((authority, query)) => (authority, Some(query)),
            None => (rest, None),
        };
        let (service, default_port) = match (scheme.to_ascii_lowercase().as_str(), query) {
            ("stun", None) => (Service::Stun, 3478),
            ("stuns", None) => (Service::Unsupported, 5349),
            ("turn", None | Some("transport=udp")) => (Service::Turn(Transport::Udp), 3478),
            ("turn", Some("transport=tcp")) => (Service::Turn(Transport::Tcp), 3478),
            ("turns", None | Some("transport=tcp")) => (Service::Turn(Transport::Tls), 5349),
            ("turns", Some("transport=udp")) => (Service::Unsupported, 5349),
            _ => return None,
        };
        let (host, port) = split_authority(authority)?;
        let port = match port {
            Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => port.parse().ok()?,
            Some(_) => return None,
            None => default_port,
        };
        (port != 0).then_some(Self {
            service,
            host,
            port,
        })
    }

    fn is_turn(&self) -> bool {
        matches!(self.service, Service::Turn(_))
    }
}

fn split_authority(authority: &str) -> Option<(Host, Option<&str>)> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        let address = IpAddr::V6(address.parse().ok()?);
        let port = match port {
            "" => None,
            port => Some(port.strip_prefix(':')?),
        };
        return Some((Host::Address(address), port));
    }
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    let named = !host.is_empty()
        && host
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._-~".contains(c));
    let host = match host.parse() {
        Ok(address) => Host::Address(IpAddr::V4(address)),
        Err(_) if named => Host::Name(host.to_owned()),
        Err(_) => return None,
    };
    Some((host, port))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(configuration: serde_json::Value) -> Result<IceConfig, RtcError> {
        serde_json::from_value::<Configuration>(configuration)
            .unwrap()
            .read()
    }

    fn written(text: &str) -> Option<String> {
        let ServerUrl {
            service,
            host,
            port,
        } = ServerUrl::parse(text)?;
        let service = match service {
            Service::Stun => "stun",
            Service::Turn(transport) => transport.as_str(),
            Service::Unsupported => "unsupported",
        };
        let host = match host {
            Host::Address(address) => format!("<{address}>"),
            Host::Name(name) => name,
        };
        Some(format!("{service} {host} {port}"))
    }

    #[test]
    fn urls_say_who_to_ask_for_what_and_how() {
        for (url, meaning) in [
            ("stun:stun.example.org", "stun stun.example.org 3478"),
            ("STUN:192.0.2.1:19302", "stun <192.0.2.1> 19302"),
            ("stun:[2001:db8::1]:3479", "stun <2001:db8::1> 3479"),
            ("stuns:example.org", "unsupported example.org 5349"),
            ("turn:example.org", "udp example.org 3478"),
            ("turn:example.org?transport=udp", "udp example.org 3478"),
            ("turn:example.org:80?transport=tcp", "tcp example.org 80"),
            ("turns:example.org", "tls example.org 5349"),
            ("turns:[::1]:443?transport=tcp", "tls <::1> 443"),
            (
                "turns:example.org?transport=udp",
                "unsupported example.org 5349",
            ),
        ] {
            assert_eq!(written(url).as_deref(), Some(meaning), "{url}");
        }
    }

    #[test]
    fn what_is_no_url_of_a_server_is_refused() {
        for url in [
            "",
            "example.org",
            "http://example.org",
            "stun:",
            "stun://example.org",
            "stun:a?transport=udp",
            "stun:a:0",
            "stun:a:99999",
            "stun:a:+1",
            "stun:a b",
            "stun:::1",
            "stun:[::1",
            "stun:[::1]3478",
            "stun:[1.2.3.4]",
            "turn:a?transport=smoke",
            "turn:a?transport=udp&x=1",
            "turn:user@a",
            &format!("stun:{}", "a".repeat(600)),
        ] {
            assert!(ServerUrl::parse(url).is_none(), "{url}");
            let refused = read(json!({ "iceServers": [{ "urls": url }] }))
                .err()
                .unwrap();
            assert_eq!(refused.name, "SyntaxError");
        }
    }

    #[test]
    fn only_turn_servers_get_the_credential_and_they_need_one() {
        let servers =
            json!([{ "urls": ["stun:a", "turn:a"], "username": "alice", "credential": "secret" }]);
        let config = read(json!({ "iceServers": servers, "iceTransportPolicy": "relay" })).unwrap();
        let given: Vec<_> = config
            .servers
            .iter()
            .map(|server| (server.order, server.credentials.is_some()))
            .collect();
        assert_eq!(given, [(0, false), (1, true)]);
        assert!(config.relay_only && !config.ahead);
        assert!(read(json!({ "iceCandidatePoolSize": 1 })).unwrap().ahead);
        for incomplete in [
            json!({ "urls": "turn:a" }),
            json!({ "urls": "turn:a", "username": "alice" }),
            json!({ "urls": "turn:a", "username": "a".repeat(510), "credential": "secret" }),
        ] {
            let refused = read(json!({ "iceServers": [incomplete] })).err().unwrap();
            assert_eq!(refused.name, "InvalidAccessError");
        }
    }

    #[test]
    fn too_many_servers_are_left_out() {
        let urls: Vec<_> = (0..40).map(|n| format!("stun:s{n}.example.org")).collect();
        let config = read(json!({ "iceServers": [{ "urls": urls }] })).unwrap();
        assert_eq!(config.servers.len(), MAX_SERVERS);
    }
}
