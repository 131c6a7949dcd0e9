//! Which addresses others may make this app connect to: servers that contacts name, and what is announced on the local network.
//!
//! Whoever may name a server could otherwise have the app speak to whatever listens on this machine, or on this network without
//! a password, and learn from how it goes what is there. What the person themselves chose is not judged here: a meeting point of
//! one's own may well be on `localhost`.
//!
//! Private networks (RFC 1918, RFC 4193) stay allowed, for that is where people on one network meet; so do this machine's own
//! addresses there, since two people may share a machine. What is left of them is a WebSocket handshake on a port that browsers
//! would allow, too.
//!
//! The engine in `ringdown-rtc`, which this crate does not know, judges ICE candidates by a function of its own: addresses alike,
//! ports by the rule that WebRTC has for datagrams.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// What decides of this machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Here {
    /// This app keeps to loopback itself, as in a test.
    pub(crate) loopback: bool,
    /// An interface has an IPv4 link-local address (RFC 3927).
    pub(crate) link_local: bool,
    /// The numbers of the interfaces that have an IPv6 link-local address.
    pub(crate) scopes: Vec<u32>,
}

impl Here {
    /// As it is now. `loopback`: this app keeps to loopback itself.
    pub(crate) fn look(loopback: bool) -> Self {
        // A machine that cannot list its interfaces has none that could be used.
        let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
        let mut here = Self {
            loopback,
            ..Self::default()
        };
        for interface in &interfaces {
            match interface.ip() {
                IpAddr::V4(ip) => here.link_local |= ip.is_link_local(),
                IpAddr::V6(ip) if ip.is_unicast_link_local() => here.scopes.extend(interface.index),
                IpAddr::V6(_) => {}
            }
        }
        here
    }
}

/// Whether others may have this app connect to `address` over TCP. Not to:
///
/// - loopback (`127.0.0.0/8`, `::1`), unless this app keeps to loopback itself;
/// - link-local addresses (`169.254.0.0/16`, `fe80::/10`) of a link that this machine is not on;
/// - no single machine: multicast, broadcast and reserved (`224.0.0.0/3`, `ff00::/8`), "this network" (`0.0.0.0/8`, `::`), which
///   systems take for themselves;
/// - the same inside IPv6 (mapped, RFC 4291 §2.5.5.2, and NAT64, RFC 6052 §2.1);
/// - [`BAD_PORTS`].
pub(crate) fn may_be_dialled(address: SocketAddr, here: &Here) -> bool {
    !is_bad_port(address.port())
        && match address {
            SocketAddr::V4(address) => is_single_v4(*address.ip(), here),
            SocketAddr::V6(address) => match v4_inside(address.ip()) {
                Some(inside) => is_single_v4(inside, here),
                None => is_single_v6(*address.ip(), address.scope_id(), here),
            },
        }
}

fn is_single_v4(ip: Ipv4Addr, here: &Here) -> bool {
    let [first, ..] = ip.octets();
    match first {
        0 | 224.. => false,
        127 => here.loopback,
        _ => here.link_local || !ip.is_link_local(),
    }
}

fn is_single_v6(ip: Ipv6Addr, scope: u32, here: &Here) -> bool {
    if ip.is_loopback() {
        return here.loopback;
    }
    let foreign = ip.is_unicast_link_local() && !here.scopes.contains(&scope);
    !ip.is_unspecified() && !ip.is_multicast() && !foreign
}

/// The IPv4 address that such an IPv6 address leads to.
fn v4_inside(ip: &Ipv6Addr) -> Option<Ipv4Addr> {
    match ip.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)))
        }
        _ => ip.to_ipv4_mapped(),
    }
}

/// Whether browsers refuse to connect to this port.
pub(crate) fn is_bad_port(port: u16) -> bool {
    BAD_PORTS.binary_search(&port).is_ok()
}

/// The "bad ports" of the [Fetch standard](https://fetch.spec.whatwg.org/#port-blocking), sorted: services that were made before
/// anybody thought of requests which come from elsewhere, and take a WebSocket handshake for something that it is not.
const BAD_PORTS: [u16; 83] = [
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101,
    102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427,
    465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990,
    993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667,
    6668, 6669, 6679, 6697, 10080,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn may(address: &str, here: &Here) -> bool {
        may_be_dialled(address.parse().unwrap(), here)
    }

    #[test]
    fn servers_on_the_internet_and_on_private_networks_are_dialled() {
        for address in [
            "203.0.113.7:443",
            "192.168.1.7:47100",
            "10.0.0.1:80",
            "100.64.0.1:7373",
            "[2001:db8::7]:443",
            "[fd00::7]:47100",
            "[64:ff9b::203.0.113.7]:443",
        ] {
            assert!(may(address, &Here::default()), "{address}");
        }
    }

    #[test]
    fn what_is_no_single_machine_elsewhere_is_not() {
        for address in [
            "127.0.0.1:47100",
            "127.9.9.9:443",
            "0.0.0.0:443",
            "0.1.2.3:443",
            "169.254.169.254:80",
            "224.0.0.251:443",
            "240.0.0.1:443",
            "255.255.255.255:443",
            "[::1]:443",
            "[::]:443",
            "[fe80::1]:443",
            "[fe80::1%3]:443",
            "[ff02::1]:443",
            "[::ffff:127.0.0.1]:443",
            "[::ffff:169.254.169.254]:80",
            "[64:ff9b::7f00:1]:443",
        ] {
            assert!(!may(address, &Here::default()), "{address}");
        }
    }

    #[test]
    fn on_loopback_and_on_a_link_of_ours_it_is_another_matter() {
        let test = Here {
            loopback: true,
            ..Here::default()
        };
        for address in ["127.0.0.1:47100", "[::1]:443", "[::ffff:127.0.0.1]:443"] {
            assert!(may(address, &test), "{address}");
        }
        assert!(!may("169.254.7.7:443", &test) && !may("0.0.0.0:443", &test));
        let linked = Here {
            link_local: true,
            scopes: vec![3],
            ..Here::default()
        };
        assert!(may("169.254.7.7:443", &linked) && may("[fe80::1%3]:443", &linked));
        assert!(!may("[fe80::1%4]:443", &linked) && !may("[fe80::1]:443", &linked));
        assert!(!may("127.0.0.1:443", &linked));
    }

    #[test]
    fn ports_that_browsers_refuse_are_refused() {
        assert!(BAD_PORTS.is_sorted());
        let here = Here {
            loopback: true,
            ..Here::default()
        };
        for port in [
            0, 1, 22, 25, 53, 110, 143, 465, 993, 2049, 5060, 6000, 6667, 10080,
        ] {
            assert!(!may(&format!("192.168.1.1:{port}"), &here), "{port}");
            assert!(!may(&format!("127.0.0.1:{port}"), &here), "{port}");
        }
        for port in [80, 443, 1024, 7373, 8080, 47100, 65535] {
            assert!(may(&format!("192.168.1.1:{port}"), &here), "{port}");
        }
    }
}
