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
