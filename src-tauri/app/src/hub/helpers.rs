//! STUN and TURN servers that meeting points lend for a while, with credentials that expire.

use std::collections::HashMap;
use std::time::Instant;

use ringdown_core::ice::IceServer;

use super::Hub;

/// By meeting point.
#[derive(Default)]
pub(super) struct Helpers(HashMap<String, Lent>);

struct Lent {
    servers: Vec<IceServer>,
    until: Instant,
}

impl Helpers {
    /// Replaces what the meeting point at `url` lent before.
    pub(super) fn lend(
        &mut self,
        url: String,
        ice: Vec<ringdown_signaling::IceServer>,
        until: Instant,
    ) {
        let servers = ice.into_iter().map(|server| IceServer {
            urls: server.urls,
            username: server.username,
            credential: server.credential,
        });
        let servers = servers.collect();
        self.0.insert(url, Lent { servers, until });
    }

    /// The person's own servers, and after them those lent and still good.
    pub(super) fn with(&mut self, own: &[IceServer], now: Instant) -> Vec<IceServer> {
        self.0.retain(|_, lent| lent.until > now);
        let mut all = own.to_vec();
        for server in self.0.values().flat_map(|lent| &lent.servers) {
            if !all.contains(server) {
                all.push(server.clone());
            }
        }
        all
    }
}

impl Hub {
    /// The servers that meeting points lend, as far as they are still good.
    pub fn lent_servers(&mut self) -> Vec<IceServer> {
        self.helpers.with(&[], Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn server(name: &str) -> ringdown_signaling::IceServer {
        ringdown_signaling::IceServer {
            urls: vec![format!("turn:{name}.example.org")],
            username: Some("1".into()),
            credential: Some("secret".into()),
        }
    }

    fn urls(servers: &[IceServer]) -> Vec<&str> {
        servers
            .iter()
            .flat_map(|server| server.urls.iter().map(String::as_str))
            .collect()
    }

    #[test]
    fn lent_servers_come_after_ones_own_and_go_when_their_time_is_over() {
        let now = Instant::now();
        let own = [IceServer {
            urls: vec!["stun:own.example.org".into()],
            username: None,
            credential: None,
        }];
        let mut helpers = Helpers::default();
        helpers.lend(
            "ws://a".into(),
            vec![server("a")],
            now + Duration::from_secs(60),
        );
        let both = helpers.with(&own, now);
        assert_eq!(urls(&both), ["stun:own.example.org", "turn:a.example.org"]);
        helpers.lend(
            "ws://a".into(),
            vec![server("b")],
            now + Duration::from_secs(90),
        );
        let replaced = helpers.with(&[], now);
        assert_eq!(urls(&replaced), ["turn:b.example.org"]);
        assert!(helpers.with(&[], now + Duration::from_secs(90)).is_empty());
    }
}
