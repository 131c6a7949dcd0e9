//! The addresses of this machine that a call may use.

use std::net::IpAddr;
use std::path::Path;

/// Most sockets a peer opens.
const MAX: usize = 12;

/// An address of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Address {
    pub ip: IpAddr,
    /// `RTCNetworkType` of its interface, where it is known.
    pub network: Option<&'static str>,
}

/// The addresses to gather: `bind` alone where it is given, else those of every interface that is up.
///
/// Loopback is used only by a machine that has nothing else, so that two people on it can still
/// call each other.
pub(crate) fn to_gather(bind: Option<IpAddr>) -> Vec<Address> {
    if let Some(ip) = bind {
        let network = None;
        return vec![Address { ip, network }];
    }
    // a machine that cannot list its interfaces has none that could be used
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let up = || {
        let up = |one: &&if_addrs::Interface| one.is_oper_up();
        interfaces.iter().filter(up)
    };
    choose(up().map(if_addrs::Interface::ip))
        .into_iter()
        .map(|ip| Address {
            ip,
            network: up()
                .find(|one| one.ip() == ip)
                .and_then(|one| network_of(&one.name)),
        })
        .collect()
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

fn choose(addresses: impl Iterator<Item = IpAddr>) -> Vec<IpAddr> {
    let (loopback, mut usable): (Vec<_>, Vec<_>) = addresses
        .filter(|address| !is_scoped(*address))
        .partition(IpAddr::is_loopback);
    if usable.is_empty() {
        usable = loopback;
    }
    // a stable order: candidates of the same interfaces keep their priorities
    usable.sort_unstable();
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
        choose(addresses.iter().map(|text| text.parse().unwrap()))
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
    fn what_is_bound_is_all() {
        let ip = "127.0.0.1".parse().unwrap();
        let network = None;
        assert_eq!(to_gather(Some(ip)), [Address { ip, network }]);
    }
}
