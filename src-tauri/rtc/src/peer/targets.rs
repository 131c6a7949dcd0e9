//! Where the other side may make us send: checks go to the addresses that their candidates name.
//!
//! Without a limit they could name whatever listens on this machine, or answers datagrams without a password, and see by the
//! call's states what is there. Private networks stay allowed, since that is where two people on one network connect.
//!
//! `ringdown-signaling`, which this crate does not know, judges the servers that others name by a function of its own: addresses
//! alike, ports by the rule that browsers have for TCP.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// What decides of this machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Here {
    /// Its own candidates are on loopback: it is a test, or has no network at all.
    pub loopback: bool,
    /// It has an IPv4 link-local address (RFC 3927).
    pub link_local: bool,
}

/// Whether ICE may send to `address`. Not to:
///
/// - loopback (`127.0.0.0/8`, `::1`), unless our own candidates are there;
/// - IPv4 link-local addresses (`169.254.0.0/16`) unless this machine has one, and IPv6 ones (`fe80::/10`) at all, since a
///   candidate cannot name the interface;
/// - no single machine: multicast, broadcast and reserved (`224.0.0.0/3`, `ff00::/8`), "this network" (`0.0.0.0/8`, `::`), which
///   systems take for themselves;
/// - the same inside IPv6 (mapped, RFC 4291 §2.5.5.2, and NAT64, RFC 6052 §2.1);
/// - ports below 1024, except 80 and 443 of public addresses, as WebRTC in browsers has it; and [`SERVICES`].
pub(crate) fn may_be_checked(address: SocketAddr, here: Here) -> bool {
    let port = match address.port() {
        80 | 443 => !is_private(canonical(address.ip())),
        port => port >= 1024 && !SERVICES.contains(&port),
    };
    port && is_elsewhere(address.ip(), here)
}

/// Whether a STUN or TURN server that somebody else named may be at this address, whatever its port: as for ICE.
/// `ringdown-signaling` has judged the ports, and the addresses of those that are named by address; where a name leads is known only
/// when it was resolved.
pub(crate) fn may_be_asked(ip: IpAddr, here: Here) -> bool {
    is_elsewhere(ip, here)
}

fn is_elsewhere(ip: IpAddr, here: Here) -> bool {
    match canonical(ip) {
        IpAddr::V4(ip) => match ip.octets() {
            [0 | 224.., ..] => false,
            [127, ..] => here.loopback,
            _ => here.link_local || !ip.is_link_local(),
        },
        IpAddr::V6(ip) if ip.is_loopback() => here.loopback,
        IpAddr::V6(ip) => !ip.is_unspecified() && !ip.is_multicast() && !ip.is_unicast_link_local(),
    }
}

/// Services above port 1023 that answer datagrams or act on them: those of the "bad ports" of the
/// [Fetch standard](https://fetch.spec.whatwg.org/#port-blocking), and SSDP, mDNS and memcached.
const SERVICES: [u16; 22] = [
    1719, 1720, 1723, 1900, 2049, 3659, 4045, 4190, 5060, 5061, 5353, 6000, 6566, 6665, 6666, 6667,
    6668, 6669, 6679, 6697, 10080, 11211,
];

/// The IPv4 address that an IPv6 address leads to, where it does.
fn canonical(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V6(v6) => match v6.segments() {
            [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
                Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)).into()
            }
            _ => ip.to_canonical(),
        },
        IpAddr::V4(_) => ip,
    }
}

fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_private() || ip.is_loopback() || ip.is_link_local(),
        IpAddr::V6(ip) => is_private_v6(ip),
    }
}

fn is_private_v6(ip: Ipv6Addr) -> bool {
    ip.is_unique_local() || ip.is_loopback() || ip.is_unicast_link_local()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may(address: &str, here: Here) -> bool {
        may_be_checked(address.parse().unwrap(), here)
    }

    #[test]
    fn where_a_single_machine_may_be_is_checked() {
        for address in [
            "203.0.113.7:50000",
            "203.0.113.7:443",
            "[2001:db8::7]:443",
            "192.168.1.7:50000",
            "10.0.0.1:3478",
            "[fd00::7]:50000",
        ] {
            assert!(may(address, Here::default()), "{address}");
        }
    }

    #[test]
    fn loopback_foreign_links_and_crowds_are_not() {
        for address in [
            "127.0.0.1:50000",
            "0.0.0.0:50000",
            "0.1.2.3:50000",
            "169.254.169.254:50000",
            "224.0.0.251:50000",
            "240.0.0.1:50000",
            "255.255.255.255:50000",
            "[::1]:50000",
            "[::]:50000",
            "[fe80::1]:50000",
            "[ff02::fb]:50000",
            "[::ffff:127.0.0.1]:50000",
            "[64:ff9b::7f00:1]:50000",
        ] {
            assert!(!may(address, Here::default()), "{address}");
        }
        let test = Here {
            loopback: true,
            link_local: false,
        };
        assert!(may("127.0.0.1:50000", test) && may("[::1]:50000", test));
        let linked = Here {
            loopback: false,
            link_local: true,
        };
        assert!(may("169.254.7.7:50000", linked) && !may("127.0.0.1:50000", linked));
        assert!(!may("[fe80::1]:50000", linked));
    }

    #[test]
    fn ports_of_services_are_not() {
        for port in [0, 1, 22, 53, 123, 161, 514, 1023, 1900, 5060, 5353, 11211] {
            assert!(
                !may(&format!("203.0.113.7:{port}"), Here::default()),
                "{port}"
            );
        }
        for address in ["192.168.1.1:80", "10.0.0.1:443", "[fd00::1]:80"] {
            assert!(!may(address, Here::default()), "{address}");
        }
    }
}
