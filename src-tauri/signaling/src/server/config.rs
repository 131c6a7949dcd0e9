//! What a server is told before it starts.

use std::{net::IpAddr, time::Duration};

use super::IceIssuer;
use crate::{challenge::Audience, limits};

/// Settings of a server. `default()` suits the one inside the app: reached by the address it listens at, no proxy.
#[derive(Debug, Clone, Default)]
pub struct ServerConfig {
    /// Names that clients dial this server by: `example.org` (port 443), `example.org:7373`. At most
    /// [`limits::MAX_NAMES`]; further ones are not looked at. The address a connection really arrived at always counts too.
    /// Default: none.
    pub names: Vec<Audience>,
    /// Reverse proxies whose `X-Forwarded-For` is believed, by their address. Default: none.
    pub trusted_proxies: Vec<IpAddr>,
    /// Servers that help calls to connect, for those who register. Default: none.
    pub ice: Option<IceIssuer>,
    /// Whether to show people with a browser the page that invite links lead to, and what this server is. Default: no.
    pub pages: bool,
    /// Sizes, rates and times.
    pub limits: ServerLimits,
}

/// The limits a server can be given; the defaults are the constants in [`limits`].
#[derive(Debug, Clone)]
pub struct ServerLimits {
    /// Connections at a time that are no WebSockets yet, beside [`Self::connections`]. At least 1. Default
    /// [`limits::MAX_HALF_OPEN`].
    pub half_open: u32,
    /// Of these, from one address. At least 1. Default [`limits::MAX_HALF_OPEN_PER_ADDRESS`].
    pub half_open_per_address: u32,
    /// Default [`limits::MAX_CONNECTIONS`].
    pub connections: u32,
    /// Default [`limits::MAX_CONNECTIONS_PER_ADDRESS`].
    pub connections_per_address: u32,
    /// Default [`limits::SENDS_PER_SECOND`].
    pub sends_per_second: u32,
    /// Default [`limits::SEND_BURST`].
    pub send_burst: u32,
    /// Default [`limits::SENDS_PER_SECOND_PER_ADDRESS`].
    pub sends_per_second_per_address: u32,
    /// Default [`limits::SEND_BURST_PER_ADDRESS`].
    pub send_burst_per_address: u32,
    /// Default [`limits::FRAMES_PER_SECOND`].
    pub frames_per_second: u32,
    /// Default [`limits::FRAME_BURST`].
    pub frame_burst: u32,
    /// Default [`limits::OFFLINE_AFTER`].
    pub offline_after: Duration,
    /// Default [`limits::SERVER_PING_AFTER`].
    pub ping_after: Duration,
    /// Default [`limits::DEAD_AFTER`].
    pub dead_after: Duration,
    /// Default [`limits::ANONYMOUS_IDLE`].
    pub anonymous_idle: Duration,
    /// Default [`limits::UPGRADE_TIMEOUT`].
    pub upgrade_timeout: Duration,
    /// Default [`limits::WRITE_TIMEOUT`].
    pub write_timeout: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            half_open: limits::MAX_HALF_OPEN,
            half_open_per_address: limits::MAX_HALF_OPEN_PER_ADDRESS,
            connections: limits::MAX_CONNECTIONS,
            connections_per_address: limits::MAX_CONNECTIONS_PER_ADDRESS,
            sends_per_second: limits::SENDS_PER_SECOND,
            send_burst: limits::SEND_BURST,
            sends_per_second_per_address: limits::SENDS_PER_SECOND_PER_ADDRESS,
            send_burst_per_address: limits::SEND_BURST_PER_ADDRESS,
            frames_per_second: limits::FRAMES_PER_SECOND,
            frame_burst: limits::FRAME_BURST,
            offline_after: limits::OFFLINE_AFTER,
            ping_after: limits::SERVER_PING_AFTER,
            dead_after: limits::DEAD_AFTER,
            anonymous_idle: limits::ANONYMOUS_IDLE,
            upgrade_timeout: limits::UPGRADE_TIMEOUT,
            write_timeout: limits::WRITE_TIMEOUT,
        }
    }
}

impl ServerLimits {
    /// For the server inside the app, which few people use and which everybody on the network can reach: it has to leave the app
    /// its memory and its descriptors.
    #[must_use]
    pub fn embedded() -> Self {
        Self {
            half_open: limits::EMBEDDED_HALF_OPEN,
            half_open_per_address: limits::EMBEDDED_HALF_OPEN_PER_ADDRESS,
            connections: limits::EMBEDDED_CONNECTIONS,
            connections_per_address: limits::EMBEDDED_CONNECTIONS_PER_ADDRESS,
            ..Self::default()
        }
    }

    /// The same, or fewer connections where this many descriptors are not enough for them and for `reserve` other files and
    /// sockets of the process. None of `descriptors` is no limit. A quarter is for connections that are no WebSockets yet, and one
    /// address has no more than half of anything.
    #[must_use]
    pub fn within(self, descriptors: Option<u64>, reserve: u64) -> Self {
        let room = descriptors.map_or(u32::MAX, |descriptors| {
            u32::try_from(descriptors.saturating_sub(reserve)).unwrap_or(u32::MAX)
        });
        if self.half_open.saturating_add(self.connections) <= room {
            return self;
        }
        let half_open = self.half_open.min(room / 4).max(1);
        let connections = self.connections.min(room - half_open.min(room)).max(1);
        Self {
            half_open,
            half_open_per_address: self.half_open_per_address.min(half_open.div_ceil(2)),
            connections,
            connections_per_address: self.connections_per_address.min(connections.div_ceil(2)),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(limits: &ServerLimits) -> [u32; 4] {
        [
            limits.half_open,
            limits.half_open_per_address,
            limits.connections,
            limits.connections_per_address,
        ]
    }

    #[test]
    fn connections_leave_the_process_its_reserve() {
        let limits = ServerLimits::default();
        let all = counts(&limits);
        for plenty in [None, Some(30_000)] {
            assert_eq!(counts(&limits.clone().within(plenty, 64)), all);
        }
        let few = limits.clone().within(Some(256), 64);
        assert_eq!(counts(&few), [48, 24, 144, 72]);
        assert_eq!(few.half_open + few.connections + 64, 256);
        // Where there is nothing to spare, it still is a server.
        for none in [0, 64] {
            assert_eq!(counts(&limits.clone().within(Some(none), 64)), [1; 4]);
        }
    }

    #[test]
    fn the_server_inside_the_app_fits_into_the_usual_limit() {
        let limits = ServerLimits::embedded();
        assert_eq!(
            counts(&limits.clone().within(Some(1024), 512)),
            counts(&limits)
        );
    }
}
