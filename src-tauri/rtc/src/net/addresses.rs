//! The addresses of this machine that a call may use.

use std::net::IpAddr;

/// Most sockets a peer opens.
const MAX: usize = 12;

/// The addresses to gather: `bind` alone where it is given, else those of every interface that is up.
///
/// Loopback is used only by a machine that has nothing else, so that two people on it can still
/// call each other.
pub(crate) fn to_gather(bind: Option<IpAddr>) -> Vec<IpAddr> {
    if let Some(address) = bind {
        return vec![address];
    }
    // a machine that cannot list its interfaces has none that could be used
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    choose(
        interfaces
            .into_iter()
            .filter(if_addrs::Interface::is_oper_up)
            .map(|interface| interface.ip()),
    )
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
        let address = "127.0.0.1".parse().unwrap();
        assert_eq!(to_gather(Some(address)), [address]);
    }
}
