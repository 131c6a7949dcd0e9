//! STUN and TURN servers that meeting points lend for a while, with credentials that expire.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use ringdown_core::ice::IceServer;
use ringdown_signaling::limits::TURN_TTL_MAX;

use super::Hub;

/// By meeting point.
#[derive(Default)]
pub(super) struct Helpers(HashMap<String, Lent>);

struct Lent {
    servers: Vec<IceServer>,
    /// By a meeting point on this machine.
    from_here: bool,
    until: Instant,
}

impl Helpers {
    /// Replaces what the meeting point at `url` lent before. `ttl` counts from `now`, up to [`TURN_TTL_MAX`].
    pub(super) fn lend(
        &mut self,
        url: String,
        ice: Vec<ringdown_signaling::IceServer>,
        from_here: bool,
        now: Instant,
        ttl: Duration,
    ) {
        let until = now + ttl.min(TURN_TTL_MAX);
        let servers = ice.into_iter().map(|server| IceServer {
            urls: server.urls,
            username: server.username,
            credential: server.credential,
        });
        let servers = servers.collect();
        let lent = Lent {
            servers,
            from_here,
            until,
        };
        self.0.insert(url, lent);
    }

    /// Forgets what was lent by a meeting point that is not used any more. True if there was something.
    pub(super) fn keep(&mut self, is_used: impl Fn(&str) -> bool) -> bool {
        let before = self.0.len();
        self.0.retain(|url, _| is_used(url));
        self.0.len() < before
    }

    /// What meeting points on this machine lend.
    fn lent_here(&self) -> impl Iterator<Item = &IceServer> {
        let here = self.0.values().filter(|lent| lent.from_here);
        here.flat_map(|lent| &lent.servers)
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

    /// URLs of the servers that may be on this machine: those that the person entered, and those that a meeting point on this machine
    /// lends.
    #[must_use]
    pub fn servers_allowed_here(&self) -> Vec<String> {
        let own = self.settings.ice_servers.iter();
        let all = own.chain(self.helpers.lent_here());
        all.flat_map(|server| &server.urls).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
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
            false,
            now,
            Duration::from_secs(60),
        );
        let both = helpers.with(&own, now);
        assert_eq!(urls(&both), ["stun:own.example.org", "turn:a.example.org"]);
        helpers.lend(
            "ws://a".into(),
            vec![server("b")],
            false,
            now,
            Duration::from_secs(90),
        );
        let replaced = helpers.with(&[], now);
        assert_eq!(urls(&replaced), ["turn:b.example.org"]);
        assert!(helpers.with(&[], now + Duration::from_secs(90)).is_empty());
    }

    #[test]
    fn nothing_is_lent_for_ever_nor_by_a_server_that_is_not_used_any_more() {
        let now = Instant::now();
        let mut helpers = Helpers::default();
        let ages = Duration::from_secs(u32::MAX.into());
        helpers.lend("ws://a".into(), vec![server("a")], false, now, ages);
        helpers.lend("ws://b".into(), vec![server("b")], true, now, ages);
        assert!(!helpers.keep(|_| true));
        assert!(helpers.keep(|url| url == "ws://b"));
        assert_eq!(urls(&helpers.with(&[], now)), ["turn:b.example.org"]);
        assert_eq!(helpers.lent_here().count(), 1);
        assert!(helpers.with(&[], now + TURN_TTL_MAX).is_empty());
    }
}
