//! Our candidates: what was found out about where we can be reached.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use str0m::net::Protocol;
use str0m::{Candidate, CandidateKind, Rtc};

use super::candidates::kind_name;
use crate::servers::Transport;

/// Sockets from before an ICE restart stay open so long: each side changes over when it sees fit, and
/// Chromium sends to where it used to for seconds.
const LEFTOVER: Duration = Duration::from_secs(20);
/// Component 1 in the lowest byte of a priority (RFC 8445, section 5.1.2.1).
const COMPONENT: u32 = 255;
/// What of a local preference tells candidates of one type apart: str0m gives each type a range of its own.
const WITHIN_TYPE: u32 = 0x3fff;
/// So much is each gathering's local preference above the one before; twice as much as its candidates are apart.
const STEP: u32 = 256;
/// Later gatherings are all alike: a local preference has 16 bits.
const GATHERINGS: u32 = (0xffff - WITHIN_TYPE) / STEP;

/// A candidate of ours, and where it is from.
#[derive(Clone)]
pub(crate) struct Local {
    pub candidate: Candidate,
    /// The server it was found with, as the page named it.
    pub url: Option<Arc<str>>,
    /// How the server of a relayed one is spoken to.
    pub relay: Option<Transport>,
    /// `RTCNetworkType`, where it is known.
    pub network: Option<&'static str>,
}

impl Local {
    /// The address that packets of this candidate go out from and come in at.
    fn base(&self) -> SocketAddr {
        match self.candidate.kind() {
            CandidateKind::Relayed => self.candidate.addr(),
            _ => self.candidate.local(),
        }
    }
}

/// A socket of ours that was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HostAddress {
    pub address: SocketAddr,
    /// `RTCNetworkType`, where it is known.
    pub network: Option<&'static str>,
}

/// An address on a TURN server that relays to us.
pub(crate) struct RelayAddress {
    pub address: SocketAddr,
    /// The server, as the page named it.
    pub url: Arc<str>,
    pub transport: Transport,
    /// The server's place in the order of preference.
    pub order: u16,
}

/// The candidates of one connection's own side.
#[derive(Default)]
pub(crate) struct Ours {
    current: Vec<Local>,
    /// From before an ICE restart that is not in force yet.
    retired: Vec<Local>,
    /// Sockets and relays from before a restart that is, and until when.
    leftover: Vec<(SocketAddr, Instant)>,
    /// How often what had been found became old.
    gatherings: u32,
}

impl Ours {
    /// What is found from now on is for new credentials.
    pub fn renew(&mut self) {
        self.retired.append(&mut self.current);
        self.gatherings = self.gatherings.saturating_add(1);
    }

    /// All that was found for the credentials there are, to be announced.
    pub fn found(&self) -> Vec<Local> {
        self.current.clone()
    }

    /// A socket. Returns the candidate to announce.
    pub fn add_host(&mut self, rtc: &mut Rtc, host: HostAddress) -> Option<Local> {
        self.add(
            rtc,
            Local {
                candidate: Candidate::host(host.address, "udp").ok()?,
                url: None,
                relay: None,
                network: host.network,
            },
        )
    }

    /// How a server sees the socket at `base`. Returns the candidate, if that tells anything new.
    pub fn add_reflexive(
        &mut self,
        rtc: &mut Rtc,
        base: SocketAddr,
        address: SocketAddr,
        url: Arc<str>,
    ) -> Option<Local> {
        let host = self
            .current
            .iter()
            .find(|one| one.candidate.addr() == base)?;
        let network = host.network;
        self.add(
            rtc,
            Local {
                candidate: Candidate::server_reflexive(address, base, "udp").ok()?,
                url: Some(url),
                relay: None,
                network,
            },
        )
    }

    /// An allocation's address.
    pub fn add_relay(&mut self, rtc: &mut Rtc, relay: RelayAddress) -> Option<Local> {
        let priority = relay_priority(&relay);
        // ICE's checks carry the priority the candidate would have if it were found by them. That of a
        // relayed one would then pass for better than a reflexive one, and who hears the check before the
        // candidate is told would take the way round over the direct one. A fixed priority is carried as
        // it is.
        let candidate = Candidate::from_parts(
            format!("{priority:x}"),
            1,
            Protocol::Udp,
            priority,
            relay.address,
            CandidateKind::Relayed,
            Some(nowhere(relay.address)),
            None,
            None,
        );
        self.add(
            rtc,
            Local {
                candidate,
                url: Some(relay.url),
                relay: Some(relay.transport),
                network: None,
            },
        )
    }

    fn add(&mut self, rtc: &mut Rtc, mut local: Local) -> Option<Local> {
        local.candidate = rtc.add_local_candidate(local.candidate)?.clone();
        self.current.push(local.clone());
        Some(local)
    }

    /// An ICE restart is in force: what was announced before it is checked no more.
    pub fn restarted(&mut self, rtc: &mut Rtc, now: Instant) {
        for local in self.retired.drain(..) {
            rtc.direct_api().invalidate_candidate(&local.candidate);
            let base = local.base();
            if !self.leftover.iter().any(|(address, _)| *address == base) {
                self.leftover.push((base, now + LEFTOVER));
            }
        }
    }

    /// The socket or relay at this address is no more.
    pub fn lose(&mut self, rtc: &mut Rtc, address: SocketAddr) {
        for list in [&mut self.current, &mut self.retired] {
            for local in list.extract_if(.., |local| local.base() == address) {
                rtc.direct_api().invalidate_candidate(&local.candidate);
            }
        }
        self.leftover.retain(|(known, _)| *known != address);
    }

    /// Has the pairs of all that is left checked anew, at once. str0m would use another that works, but say so to the other
    /// side only with the next check of it that is due, and Chromium goes on sending to where nobody is until it hears that.
    pub fn check_anew(&self, rtc: &mut Rtc) {
        for local in &self.current {
            rtc.direct_api().invalidate_candidate(&local.candidate);
            rtc.add_local_candidate(local.candidate.clone());
        }
    }

    /// What to close: not checked any more for a while, and not in use.
    pub fn take_unused(&mut self, now: Instant, in_use: Option<SocketAddr>) -> Vec<SocketAddr> {
        let unused =
            |(address, until): &(SocketAddr, Instant)| *until <= now && Some(*address) != in_use;
        self.leftover
            .extract_if(.., |one| unused(one))
            .map(|(address, _)| address)
            .collect()
    }

    /// When there may be something to close.
    pub fn poll_timeout(&self, in_use: Option<SocketAddr>) -> Option<Instant> {
        let others = self
            .leftover
            .iter()
            .filter(|(address, _)| Some(*address) != in_use);
        others.map(|(_, until)| *until).min()
    }

    /// `RTCIceCandidateType` of an address of ours.
    pub fn kind(&self, address: SocketAddr) -> &'static str {
        let found = self.find(address);
        kind_name(found.map_or(CandidateKind::Host, |local| local.candidate.kind()))
    }

    /// The text of a candidate of the present gathering, under these credentials.
    pub fn text(&self, candidate: &Candidate, ufrag: &str) -> String {
        let mut candidate = candidate.clone();
        candidate.set_ufrag(ufrag);
        let text = candidate.to_sdp_string();
        let priority = told_priority(candidate.prio(), self.gatherings).to_string();
        let words = text.split(' ').enumerate();
        let told: Vec<&str> = words
            .map(|(at, word)| if at == 3 { &*priority } else { word })
            .collect();
        told.join(" ")
    }

    /// Where our sockets are, of this gathering.
    pub fn hosts(&self) -> impl Iterator<Item = SocketAddr> {
        let host = |local: &&Local| local.candidate.kind() == CandidateKind::Host;
        self.current.iter().filter(host).map(Local::base)
    }

    /// The candidate whose packets go out from this address; a socket's own comes before what servers
    /// say of it.
    pub fn find(&self, address: SocketAddr) -> Option<&Local> {
        let known = || self.current.iter().chain(&self.retired);
        known()
            .find(|local| local.candidate.addr() == address)
            .or_else(|| known().find(|local| local.base() == address))
    }
}

/// UDP before TCP before TLS, the servers in their order, IPv6 before IPv4.
fn relay_priority(relay: &RelayAddress) -> u32 {
    let kind: u32 = match relay.transport {
        Transport::Udp => 2,
        Transport::Tcp => 1,
        Transport::Tls => 0,
    };
    let family = if relay.address.is_ipv6() { 0 } else { 1 };
    let preference = 65_535 - u32::from(relay.order.min(30_000)) * 2 - family;
    kind << 24 | preference << 8 | COMPONENT
}

/// In place of the related address, which would name this machine.
fn nowhere(like: SocketAddr) -> SocketAddr {
    if like.is_ipv4() {
        ([0, 0, 0, 0], 0).into()
    } else {
        ([0_u16; 8], 0).into()
    }
}

/// The priority of a candidate that the other side is told. Of one type, what was found for a restart comes before all
/// that was found earlier; str0m would have it the other way round. Chromium, where it is the one to choose, sends by a pair
/// that died for 3.5 s unless another one has a higher priority.
fn told_priority(own: u32, gatherings: u32) -> u32 {
    let (kind, preference) = (own >> 24, own >> 8 & WITHIN_TYPE);
    kind << 24 | (preference + gatherings.min(GATHERINGS) * STEP) << 8 | COMPONENT
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relay(address: &str, transport: Transport, order: u16) -> RelayAddress {
        RelayAddress {
            address: address.parse().unwrap(),
            url: "turn:example.org".into(),
            transport,
            order,
        }
    }

    #[test]
    fn the_better_relay_has_the_higher_priority() {
        use Transport::{Tcp, Tls, Udp};
        let (four, six) = ("203.0.113.9:49152", "[2001:db8::9]:49152");
        let falling = [
            relay(six, Udp, 0),
            relay(four, Udp, 0),
            relay(six, Udp, 1),
            relay(four, Tcp, 0),
            relay(four, Tls, 0),
            relay(four, Tls, 15),
        ];
        let priorities: Vec<u32> = falling.iter().map(relay_priority).collect();
        assert!(
            priorities.is_sorted_by(|one, next| one > next),
            "{priorities:?}"
        );
    }

    #[test]
    fn what_is_found_for_a_restart_is_told_with_a_higher_priority_and_host_before_reflexive() {
        let mut rtc = Rtc::new(Instant::now());
        let mut ours = Ours::default();
        let mut told = Vec::new();
        for gathering in 1..=3_u16 {
            ours.renew();
            for port in [1, 2] {
                let address = SocketAddr::from(([10, 0, 0, 1], gathering * 10 + port));
                let network = None;
                let host = ours.add_host(&mut rtc, HostAddress { address, network });
                let seen = SocketAddr::from(([203, 0, 113, 9], address.port()));
                let url = "stun:example.org".into();
                let reflexive = ours.add_reflexive(&mut rtc, address, seen, url);
                let [host, reflexive] = [host, reflexive].map(|local| {
                    let text = ours.text(&local.unwrap().candidate, "abcd");
                    let priority = text.split(' ').nth(3).unwrap();
                    priority.parse::<u32>().unwrap()
                });
                assert!(host > reflexive, "{host} {reflexive}");
                told.push((gathering, [host, reflexive]));
            }
        }
        for pair in told.windows(2) {
            let [(before, earlier), (gathering, later)] = pair else {
                unreachable!("windows of two");
            };
            for (earlier, later) in earlier.iter().zip(later) {
                assert_eq!(later > earlier, gathering > before, "{told:?}");
            }
        }
        let most = told_priority(0x7eff_ffff, u32::MAX);
        assert!(most >> 24 == 0x7e && most > told_priority(0x7eff_ffff, 100));
    }

    #[test]
    fn what_is_told_of_a_relay_names_no_other_address() {
        let mut rtc = Rtc::new(Instant::now());
        let mut ours = Ours::default();
        let local = ours
            .add_relay(&mut rtc, relay("203.0.113.9:49152", Transport::Tls, 0))
            .unwrap();
        let told = ours.text(&local.candidate, "abcd");
        assert!(
            told.ends_with(" 203.0.113.9 49152 typ relay raddr 0.0.0.0 rport 0 ufrag abcd"),
            "{told}"
        );
    }
}
