//! The addresses of this machine that a call may use.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};
use std::path::Path;

use crate::peer::targets::Here;

/// Most sockets a peer opens.
const MAX: usize = 12;
/// Addresses that nobody has (RFC 5737, RFC 3849): the way to them is the way to everybody.
const SOMEWHERE: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
];

/// An address of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Address {
    pub ip: IpAddr,
    /// `RTCNetworkType` of its interface, where it is known.
    pub network: Option<&'static str>,
    /// The kernel's number of its interface, where packets have to be told which to leave by.
    pub interface: Option<u32>,
}

/// The addresses to gather: `bind` alone where it is given, else those of every interface that is up.
///
/// Loopback is used only by a machine that has nothing else, so that two people on it can still
/// call each other.
pub(crate) fn to_gather(bind: Option<IpAddr>) -> Vec<Address> {
    if let Some(ip) = bind {
        let (network, interface) = (None, None);
        return vec![Address {
            ip,
            network,
            interface,
        }];
    }
    // a machine that cannot list its interfaces has none that could be used
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let up = || {
        let up = |one: &&if_addrs::Interface| one.is_oper_up();
        interfaces.iter().filter(up)
    };
    let of = |ip: IpAddr| up().find(move |one| one.ip() == ip);
    choose(up().map(if_addrs::Interface::ip), &by_default())
        .into_iter()
        .map(|ip| Address {
            ip,
            network: of(ip).and_then(|one| network_of(&one.name)),
            interface: of(ip)
                .filter(|one| !one.is_loopback())
                .and_then(|one| one.index),
        })
        .collect()
}

/// Where our own candidates are.
pub(crate) fn here(bind: Option<IpAddr>) -> Here {
    let ours = to_gather(bind);
    let link_local = |ip: IpAddr| matches!(ip, IpAddr::V4(v4) if v4.is_link_local());
    Here {
        loopback: ours.iter().any(|one| one.ip.is_loopback()),
        link_local: ours.iter().any(|one| link_local(one.ip)),
    }
}

/// Every address of every interface that is up, for whatever use.
pub(crate) fn all() -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    interfaces
        .iter()
        .filter(|one| one.is_oper_up())
        .map(if_addrs::Interface::ip)
        .collect()
}

/// Where this machine is: its addresses, and those it would send from by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Places {
    addresses: Vec<IpAddr>,
    by_default: Vec<IpAddr>,
}

/// Where this machine is now.
pub(crate) fn places() -> Places {
    let mut addresses = all();
    addresses.retain(|address| !is_scoped(*address));
    addresses.sort_unstable();
    Places {
        addresses,
        by_default: by_default(),
    }
}

/// The addresses that the system itself would send from. Nothing is sent: connecting a datagram socket only looks
/// up the way.
fn by_default() -> Vec<IpAddr> {
    let from = |to: &IpAddr| {
        let any: IpAddr = match to {
            IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let socket = UdpSocket::bind((any, 0)).ok()?;
        socket.connect((*to, 9)).ok()?;
        Some(socket.local_addr().ok()?.ip())
    };
    SOMEWHERE.iter().filter_map(from).collect()
}

/// In the order of preference.
fn choose(addresses: impl Iterator<Item = IpAddr>, by_default: &[IpAddr]) -> Vec<IpAddr> {
    let (loopback, mut usable): (Vec<_>, Vec<_>) = addresses
        .filter(|address| !is_scoped(*address))
        .partition(IpAddr::is_loopback);
    if usable.is_empty() {
        usable = loopback;
    }
    // what the system prefers; for the rest a stable order: candidates of the same interfaces keep their priorities
    usable.sort_unstable_by_key(|address| (!by_default.contains(address), *address));
    usable.dedup();
    usable.truncate(MAX);
    usable
}

/// What the kernel says of an interface: a radio, a tunnel, or a device that is neither.
fn network_of(interface: &str) -> Option<&'static str> {
    let folder = Path::new("/sys/class/net").join(interface);
    let has = |name: &str| folder.join(name).exists();
    if has("wireless") || has("phy80211") {
        Some("wifi")
    } else if has("tun_flags") || interface.starts_with("wg") {
        Some("vpn")
    } else if has("device") {
        Some("ethernet")
    } else {
        None
    }
}

/// Link-local IPv6 addresses mean nothing without their interface, which a candidate cannot name.
fn is_scoped(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(addresses: &[&str]) -> Vec<String> {
        preferring(&[], addresses)
    }

    fn preferring(by_default: &[IpAddr], addresses: &[&str]) -> Vec<String> {
        choose(
            addresses.iter().map(|text| text.parse().unwrap()),
            by_default,
        )
        .iter()
        .map(IpAddr::to_string)
        .collect()
    }

    #[test]
    fn both_families_without_loopback_and_scoped_ones() {
        assert_eq!(
            chosen(&[
                "127.0.0.1",
                "::1",
                "fe80::1",
                "2001:db8::7",
                "192.168.1.9",
                "192.168.1.9"
            ]),
            ["192.168.1.9", "2001:db8::7"]
        );
    }

    #[test]
    fn a_machine_without_a_network_can_call_itself() {
        assert_eq!(
            chosen(&["127.0.0.1", "::1", "fe80::1"]),
            ["127.0.0.1", "::1"]
        );
    }

    #[test]
    fn what_the_system_would_use_comes_first() {
        let by_default = "192.168.7.2".parse().unwrap();
        assert_eq!(
            preferring(&[by_default], &["10.0.0.9", "192.168.7.2", "192.168.1.9"]),
            ["192.168.7.2", "10.0.0.9", "192.168.1.9"]
        );
    }

    #[test]
    fn what_is_bound_is_all() {
        let ip = "127.0.0.1".parse().unwrap();
        let all = to_gather(Some(ip));
        assert_eq!(all.iter().map(|one| one.ip).collect::<Vec<_>>(), [ip]);
        assert!(all.iter().all(|one| one.interface.is_none()));
        assert!(here(Some(ip)).loopback);
        let elsewhere = here(Some("192.0.2.1".parse().unwrap()));
        assert_eq!(elsewhere, Here::default());
    }
}
