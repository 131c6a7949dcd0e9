//! A little internet in network namespaces: homes behind NATs and firewalls, public servers, and 20 ms between any
//! two of them. It is made for one test and goes with it.
//!
//! ```text
//! host ─┐                                              ┌─ wan ─ server (rendezvous)
//! host ─┴─ lan ─ router: NAT, firewall ─ wan ─ internet ┤
//!     host ─ lan ─ router ─ wan ─ lan ─ router ─ wan ──┘─ wan ─ server (STUN and TURN)
//! ```
//!
//! Every box is a namespace ([`Place`]); lans are bridges, and the internet is a program of ours ([`Internet`]), which
//! also delays packets and can keep what crosses it: no kernel has to have netem, nor any machine tcpdump.
//! It takes root, `ip`, `nft` and `/dev/net/tun`; [`why_not`] tells what is missing.

pub mod coturn;
pub mod end;
mod harness;
mod home;
mod internet;
mod place;
pub mod probe;
pub(crate) mod tun;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicU8, Ordering};

pub use self::harness::{Story, Tale, run};
pub use self::home::{Firewall, Home, Nat, Rules};
pub use self::internet::{Carried, Internet, ONE_WAY};
pub(crate) use self::place::remove_leftovers;
pub use self::place::{Bridge, Indoors, Place};
use crate::Result;
use crate::process::installed;

/// What the lab is made with.
const PROGRAMS: [&str; 5] = ["ip", "bridge", "nft", "conntrack", "turnserver"];

/// The whole of it. Dropping it takes it down, also while a test panics.
#[derive(Debug)]
pub struct Lab {
    internet: Internet,
    homes: AtomicU8,
    servers: AtomicU8,
}

impl Lab {
    /// An internet with nobody on it.
    ///
    /// # Errors
    /// When it can't be made: see [`why_not`].
    pub fn new() -> Result<Self> {
        place::remove_leftovers();
        Ok(Self {
            internet: Internet::new()?,
            homes: AtomicU8::new(1),
            servers: AtomicU8::new(1),
        })
    }

    /// What lies between the homes.
    #[must_use]
    pub fn internet(&self) -> &Internet {
        &self.internet
    }

    /// A home with one public IPv4 address, 203.0.113.N, and the network 192.168.N.0/24 behind its router.
    ///
    /// # Errors
    /// When it can't be made.
    pub fn home(&self, name: &str) -> Result<Home> {
        let number = self.homes.fetch_add(1, Ordering::Relaxed);
        let public = IpAddr::from(Ipv4Addr::new(203, 0, 113, number));
        let router = Place::new(&format!("{name}-router"))?;
        self.internet.join(&router, &[(public, 32)])?;
        Home::new(name, number, router, public)
    }

    /// A home whose network has the very addresses of another one's.
    ///
    /// # Errors
    /// When it can't be made.
    pub fn home_like(&self, other: &Home, name: &str) -> Result<Home> {
        let number = self.homes.fetch_add(1, Ordering::Relaxed);
        let public = IpAddr::from(Ipv4Addr::new(203, 0, 113, number));
        let router = Place::new(&format!("{name}-router"))?;
        self.internet.join(&router, &[(public, 32)])?;
        Home::new(name, other.number(), router, public)
    }

    /// A home whose router is plugged into another home's network: two translations, one behind the other.
    ///
    /// # Errors
    /// When it can't be made.
    pub fn home_behind(&self, outer: &Home, name: &str) -> Result<Home> {
        let number = self.homes.fetch_add(1, Ordering::Relaxed);
        let router = Place::new(&format!("{name}-router"))?;
        let address = outer.plug_in(&router, "wan")?;
        Home::new(name, number, router, address)
    }

    /// A home that has no IPv4 at all, and 2001:db8:N::/64 behind a router with a firewall.
    ///
    /// # Errors
    /// When it can't be made.
    pub fn home_without_ipv4(&self, name: &str) -> Result<Home> {
        let number = self.homes.fetch_add(1, Ordering::Relaxed);
        let network = home::network(number);
        let router = Place::new(&format!("{name}-router"))?;
        self.internet.join(&router, &[(network.into(), 64)])?;
        Home::new(name, number, router, network.into())
    }

    /// A machine on the internet without a home around it, with two addresses of each family.
    ///
    /// # Errors
    /// When it can't be made.
    pub fn server(&self, name: &str) -> Result<Server> {
        let number = self.servers.fetch_add(1, Ordering::Relaxed);
        let place = Place::new(name)?;
        let ipv4 = [2 * number, 2 * number + 1].map(|last| Ipv4Addr::new(198, 51, 100, last));
        let ipv6 = [2 * number, 2 * number + 1]
            .map(|last| Ipv6Addr::new(0x2001, 0xdb8, 0xffff, 0, 0, 0, 0, last.into()));
        let all = ipv4.map(|address| (address.into(), 32));
        let all: Vec<_> = all
            .into_iter()
            .chain(ipv6.map(|address| (address.into(), 128)))
            .collect();
        self.internet.join(&place, &all)?;
        Ok(Server { place, ipv4, ipv6 })
    }
}

/// A machine on the internet.
#[derive(Debug)]
pub struct Server {
    /// The machine.
    pub place: Place,
    /// Its IPv4 addresses.
    pub ipv4: [Ipv4Addr; 2],
    /// Its IPv6 addresses.
    pub ipv6: [Ipv6Addr; 2],
}

impl Server {
    /// All of its addresses.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        let ipv6 = self.ipv6.map(IpAddr::from);
        self.ipv4.map(IpAddr::from).into_iter().chain(ipv6)
    }
}

/// Why there can be no lab here; none if there can.
#[must_use]
pub fn why_not() -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        return Some("the network lab needs root".into());
    }
    if let Some(missing) = PROGRAMS.iter().find(|program| !installed(program)) {
        return Some(format!(
            "{missing} is not installed (cargo xtask test packages)"
        ));
    }
    // Root in a container may not be allowed to. Whatever else goes wrong is a failure, not an obstacle.
    let tried = Place::new("probe").and_then(|place| tun::open_in(&place, "wan"));
    tried
        .err()
        .map(|error| format!("the network lab can't be made here: {error}"))
}
