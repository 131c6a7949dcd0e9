//! How a call may connect (RFC 8445), as the person chose it.

use std::fmt;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How calls may connect, from the most open to the strictest. The stricter of two wins.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, TS,
)]
#[serde(rename_all = "snake_case")]
pub enum IcePolicy {
    /// Directly where possible, relayed where not. Without known servers this is the same as `LanOnly`.
    #[default]
    StunTurn,
    /// Directly, also across the internet: a STUN server learns this machine's public address. Never relayed.
    Stun,
    /// No server is asked; this reaches machines one can address directly.
    LanOnly,
    /// Through a TURN relay and in no other way: the other side learns no address of this machine.
    RelayOnly,
}

/// One entry of `RTCConfiguration.iceServers` (W3C webrtc, `RTCIceServer`).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct IceServer {
    /// `stun:`, `stuns:`, `turn:` or `turns:` URLs.
    pub urls: Vec<String>,
    /// For TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub username: Option<String>,
    /// For TURN. Secret: never printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub credential: Option<String>,
}

impl IceServer {
    /// This server as far as `wanted` allows; None where nothing of it is left.
    fn only(&self, wanted: fn(Service) -> bool) -> Option<Self> {
        let of_use = |url: &&String| service(url).is_some_and(wanted);
        let urls: Vec<String> = self.urls.iter().filter(of_use).cloned().collect();
        let turn = urls.iter().any(|url| service(url) == Some(Service::Turn));
        let secret = |value: &Option<String>| value.clone().filter(|_| turn);
        (!urls.is_empty()).then(|| Self {
            username: secret(&self.username),
            credential: secret(&self.credential),
            urls,
        })
    }
}

/// Addresses and credentials are personal: only counts show.
impl fmt::Debug for IceServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let credential = if self.credential.is_some() {
            "with"
        } else {
            "without"
        };
        write!(
            f,
            "IceServer({} urls, {credential} credential)",
            self.urls.len()
        )
    }
}

/// Which candidates may be used (W3C webrtc, `RTCIceTransportPolicy`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum IceTransportPolicy {
    /// Every type.
    All,
    /// Relayed ones only.
    Relay,
}

/// The dictionary for `new RTCPeerConnection(configuration)` (W3C webrtc, `RTCConfiguration`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RtcConfiguration {
    /// Servers to ask; empty: none.
    pub ice_servers: Vec<IceServer>,
    /// Which candidates may be used.
    pub ice_transport_policy: IceTransportPolicy,
}

/// What the peer connection of a call shall be made with: the stricter of the general policy and the contact's.
#[must_use]
pub fn configuration(
    general: IcePolicy,
    contact: Option<IcePolicy>,
    servers: &[IceServer],
) -> RtcConfiguration {
    let policy = contact.map_or(general, |contact| contact.max(general));
    let (wanted, transport): (fn(Service) -> bool, _) = match policy {
        IcePolicy::StunTurn => (|_| true, IceTransportPolicy::All),
        IcePolicy::Stun => (|service| service == Service::Stun, IceTransportPolicy::All),
        IcePolicy::LanOnly => (|_| false, IceTransportPolicy::All),
        IcePolicy::RelayOnly => (
            |service| service == Service::Turn,
            IceTransportPolicy::Relay,
        ),
    };
    RtcConfiguration {
        ice_servers: servers
            .iter()
            .filter_map(|server| server.only(wanted))
            .collect(),
        ice_transport_policy: transport,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Service {
    Stun,
    Turn,
}

/// What a server URL offers (RFC 7064, RFC 7065; schemes know no case).
fn service(url: &str) -> Option<Service> {
    let (scheme, _) = url.split_once(':')?;
    match scheme.to_ascii_lowercase().as_str() {
        "stun" | "stuns" => Some(Service::Stun),
        "turn" | "turns" => Some(Service::Turn),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::IcePolicy::{LanOnly, RelayOnly, Stun, StunTurn};
    use super::*;

    fn servers() -> Vec<IceServer> {
        vec![
            IceServer {
                urls: vec!["stun:stun.example.org".into()],
                username: None,
                credential: None,
            },
            IceServer {
                urls: vec![
                    "STUN:turn.example.org".into(),
                    "turn:turn.example.org?transport=udp".into(),
                ],
                username: Some("alice".into()),
                credential: Some("secret".into()),
            },
            IceServer {
                urls: vec!["http://example.org".into(), "junk".into()],
                username: None,
                credential: None,
            },
        ]
    }

    fn json(general: IcePolicy, contact: Option<IcePolicy>) -> String {
        serde_json::to_string(&configuration(general, contact, &servers())).unwrap()
    }

    #[test]
    fn the_dictionary_is_the_w3cs() {
        assert_eq!(
            json(StunTurn, None),
            concat!(
                r#"{"iceServers":[{"urls":["stun:stun.example.org"]},"#,
                r#"{"urls":["STUN:turn.example.org","turn:turn.example.org?transport=udp"],"#,
                r#""username":"alice","credential":"secret"}],"iceTransportPolicy":"all"}"#
            )
        );
    }

    #[test]
    fn each_policy_gets_the_servers_it_allows() {
        assert_eq!(
            json(LanOnly, None),
            r#"{"iceServers":[],"iceTransportPolicy":"all"}"#
        );
        assert_eq!(
            json(Stun, None),
            concat!(
                r#"{"iceServers":[{"urls":["stun:stun.example.org"]},{"urls":["STUN:turn.example.org"]}],"#,
                r#""iceTransportPolicy":"all"}"#
            )
        );
        assert_eq!(
            json(RelayOnly, None),
            concat!(
                r#"{"iceServers":[{"urls":["turn:turn.example.org?transport=udp"],"username":"alice","#,
                r#""credential":"secret"}],"iceTransportPolicy":"relay"}"#
            )
        );
    }

    #[test]
    fn the_stricter_wins_whoever_asked_for_it() {
        let rising = [StunTurn, Stun, LanOnly, RelayOnly];
        for (strictness, general) in rising.into_iter().enumerate() {
            assert_eq!(json(general, None), json(general, Some(general)));
            for milder in &rising[..strictness] {
                assert_eq!(json(general, Some(*milder)), json(general, None));
                assert_eq!(json(*milder, Some(general)), json(general, None));
            }
        }
    }

    #[test]
    fn without_known_servers_the_default_is_as_good_as_lan_only() {
        assert_eq!(
            configuration(IcePolicy::default(), None, &[]),
            configuration(LanOnly, None, &servers())
        );
    }

    #[test]
    fn policies_are_written_as_the_settings_know_them() {
        let written = serde_json::to_string(&[LanOnly, Stun, StunTurn, RelayOnly]).unwrap();
        assert_eq!(written, r#"["lan_only","stun","stun_turn","relay_only"]"#);
    }

    #[test]
    fn debug_shows_no_server_and_no_secret() {
        let shown = format!("{:?}", configuration(StunTurn, None, &servers()));
        for personal in ["example", "alice", "secret"] {
            assert!(!shown.contains(personal), "{shown}");
        }
    }
}
