//! A home: its network, and the router that stands between it and the rest.

use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};

use super::place::Place;
use crate::Result;

/// How a router translates addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Nat {
    /// One port inside keeps its number outside, to whomever it sends: what a STUN server sees holds for others.
    #[default]
    PortPreserving,
    /// Another port outside for every target ("symmetric"): what a STUN server sees holds for it alone.
    Symmetric,
}

/// What a router lets out. In comes only what was asked for from inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Firewall {
    /// Everything.
    #[default]
    Open,
    /// Everything but UDP.
    NoUdp,
    /// TCP to port 443.
    Only443,
}

/// What a router does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rules {
    /// Translation, of IPv4 only.
    pub nat: Nat,
    /// Filtering.
    pub firewall: Firewall,
    /// A machine inside reaches another one by the public address (RFC 4787 section 6).
    pub hairpin: bool,
    /// The machines inside can't reach each other directly, as in many a guests' Wi-Fi.
    pub isolated: bool,
}

/// A router and the network behind it.
#[derive(Debug)]
pub struct Home {
    name: String,
    number: u8,
    router: Place,
    address: IpAddr,
    hosts: AtomicU8,
}

impl Home {
    pub(super) fn new(name: &str, number: u8, router: Place, address: IpAddr) -> Result<Self> {
        router.ip("link add lan type bridge\nlink set lan up")?;
        // The rules are for what is routed. Where the kernel would apply them to what stays on the network too, it
        // would also send hairpins from one machine straight to the other.
        for family in ["ip", "ip6"] {
            let option = format!("bridge/bridge-nf-call-{family}tables");
            if Path::new("/proc/sys/net").join(&option).exists() {
                router.set(&option, "0")?;
            }
        }
        if address.is_ipv4() {
            router.ip(&format!("addr add 192.168.{number}.1/24 dev lan"))?;
            router.set("ipv4/ip_forward", "1")?;
            // It would tell machines on one network of each other, which a hairpin is to keep apart.
            router.set("ipv4/conf/all/send_redirects", "0")?;
            router.set("ipv4/conf/lan/send_redirects", "0")?;
        } else {
            router.ip(&format!("addr add {}/64 dev lan nodad", host6(number, 1)))?;
            router.set("ipv6/conf/all/forwarding", "1")?;
        }
        let home = Self {
            name: name.into(),
            number,
            router,
            address,
            hosts: AtomicU8::new(2),
        };
        home.apply(Rules::default())?;
        Ok(home)
    }

    /// The N in 192.168.N.0/24.
    pub(super) fn number(&self) -> u8 {
        self.number
    }

    /// The address the router has outside: what the rest of the world sees of an IPv4 home.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// Gives the router these rules. Connections that are there live on as they are.
    ///
    /// # Errors
    /// When it does not take them.
    pub fn apply(&self, rules: Rules) -> Result<()> {
        self.router.nft(&self.ruleset(rules))?;
        let isolated = if rules.isolated { "on" } else { "off" };
        for host in 2..self.hosts.load(Ordering::Relaxed) {
            self.router.bridge_tool(&[
                "link",
                "set",
                "dev",
                &socket(host),
                "isolated",
                isolated,
            ])?;
        }
        Ok(())
    }

    /// The router starts anew, with these rules: no connection that it knew lives on.
    ///
    /// # Errors
    /// When it does not.
    pub fn restart(&self, rules: Rules) -> Result<()> {
        self.apply(rules)?;
        self.router.forget()
    }

    /// A machine on this network.
    ///
    /// # Errors
    /// When it can't be made.
    pub fn host(&self) -> Result<Place> {
        let host = self.hosts.load(Ordering::Relaxed);
        let place = Place::new(&format!("{}-{host}", self.name))?;
        self.plug_in(&place, "eth0")?;
        // By its port one knows whose packet it is: that is how the hairpin leads home.
        let ports = ports_of(host);
        place.set(
            "ipv4/ip_local_port_range",
            &format!("{} {}", ports.start(), ports.end()),
        )?;
        Ok(place)
    }

    /// Lays a cable from this network to a machine and returns the address it gets there. Of several cables the one
    /// plugged in first is used.
    ///
    /// # Errors
    /// When there is a device of that name already.
    pub fn plug_in(&self, place: &Place, device: &str) -> Result<IpAddr> {
        let host = self.hosts.fetch_add(1, Ordering::Relaxed);
        let (number, socket) = (self.number, socket(host));
        self.router.ip(&format!(
            "link add {socket} type veth peer name {device} netns {}\nlink set {socket} master lan up",
            place.name()
        ))?;
        // Router's end first: a device is of use once the other end is up.
        let (address, prefix, nodad): (IpAddr, _, _) = if self.address.is_ipv4() {
            (host4(number, host).into(), 24, "")
        } else {
            (host6(number, host).into(), 64, " nodad")
        };
        place.ip(&format!("addr add {address}/{prefix} dev {device}{nodad}"))?;
        self.put_back(place, device)?;
        Ok(address)
    }

    /// [`Home::plug_in`], for a tunnel: it is preferred to every cable.
    ///
    /// # Errors
    /// As there.
    pub fn tunnel(&self, place: &Place, device: &str) -> Result<IpAddr> {
        let address = self.plug_in(place, device)?;
        let gateway = self.gateway();
        place.ip(&format!(
            "route add default via {gateway} dev {device} metric 1"
        ))?;
        Ok(address)
    }

    /// The router's own address on this network.
    fn gateway(&self) -> IpAddr {
        if self.address.is_ipv4() {
            host4(self.number, 1).into()
        } else {
            host6(self.number, 1).into()
        }
    }

    /// Puts a cable that was pulled (its device is down) back in.
    ///
    /// # Errors
    /// When there was none.
    pub fn put_back(&self, place: &Place, device: &str) -> Result<()> {
        let gateway = self.gateway();
        let metric = place.next_metric();
        place.ip(&format!(
            "link set {device} up\nroute add default via {gateway} dev {device} metric {metric}"
        ))
    }

    fn ruleset(&self, rules: Rules) -> String {
        let mut text = String::new();
        if let IpAddr::V4(public) = self.address {
            self.translation(&mut text, rules, public);
        }
        let blocked = match rules.firewall {
            Firewall::Open => "",
            Firewall::NoUdp => "meta l4proto udp drop;",
            Firewall::Only443 => {
                "oifname \"wan\" meta l4proto != tcp drop; oifname \"wan\" tcp dport != 443 drop;"
            }
        };
        // What comes unasked is dropped before it leaves a trace: a port it would seem to be taken by would be given
        // another number when somebody inside uses it.
        let _ = write!(
            text,
            "table inet filter {{
                chain pass {{
                    type filter hook forward priority filter; policy drop;
                    {blocked}
                    ct state established,related accept
                    iifname \"lan\" accept
                }}
                chain own {{
                    type filter hook input priority filter; policy drop;
                    ct state established,related accept
                    iifname {{ \"lo\", \"lan\" }} accept
                    meta l4proto ipv6-icmp accept
                }}
            }}"
        );
        text
    }

    fn translation(&self, text: &mut String, rules: Rules, public: Ipv4Addr) {
        let masquerade = match rules.nat {
            Nat::PortPreserving => "masquerade",
            Nat::Symmetric => "masquerade random,fully-random",
        };
        let (mut homeward, mut outward) = (String::new(), String::new());
        if rules.hairpin {
            for host in 2..self.hosts.load(Ordering::Relaxed) {
                let (ports, address) = (ports_of(host), host4(self.number, host));
                let (first, last) = (ports.start(), ports.end());
                let _ = writeln!(
                    homeward,
                    "iifname \"lan\" ip daddr {public} udp dport {first}-{last} dnat to {address}"
                );
            }
            outward = format!("oifname \"lan\" ct status dnat snat to {public}");
        }
        // Writing to a string does not fail.
        let _ = write!(
            text,
            "table ip nat {{
                chain home {{
                    type nat hook prerouting priority dstnat;
                    {homeward}
                }}
                chain out {{
                    type nat hook postrouting priority srcnat;
                    {outward}
                    oifname \"wan\" {masquerade}
                }}
            }}\n"
        );
    }
}

/// The router's end of a cable.
fn socket(host: u8) -> String {
    format!("socket{host}")
}

/// The ports that programs of a machine get.
fn ports_of(host: u8) -> std::ops::RangeInclusive<u16> {
    let first = 10_000 * u16::from(host.min(5));
    first..=first + 9_999
}

fn host4(home: u8, host: u8) -> Ipv4Addr {
    Ipv4Addr::new(192, 168, home, host)
}

fn host6(home: u8, host: u8) -> Ipv6Addr {
    Ipv6Addr::from_bits(network(home).to_bits() | u128::from(host))
}

/// What is routed to an IPv6 home.
pub(super) fn network(home: u8) -> Ipv6Addr {
    Ipv6Addr::new(0x2001, 0xdb8, home.into(), 0, 0, 0, 0, 0)
}
