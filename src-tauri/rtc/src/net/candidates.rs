//! The task's part in gathering: sockets, servers and changes of the network, brought to the peer.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use super::addresses::{self, Address};
use super::gather::{Failure, Finding, Found, Part, Reflexive};
use super::task::Task;
use crate::peer::ours::{HostAddress, RelayAddress};

/// How long after an address is new its routes may follow.
pub(super) const SETTLING: Duration = Duration::from_secs(10);

impl Task {
    /// Opens sockets, tells of them, and asks the servers.
    pub(super) async fn gather(&mut self) {
        let settled = self.peer.is_up();
        self.reflexive = Reflexive::default();
        if settled {
            self.reflexive.settle();
        }
        self.seen = addresses::all();
        self.peer.set_here(addresses::here(self.surroundings.bind));
        if !self.ice.relay_only {
            let addresses = addresses::to_gather(self.surroundings.bind);
            self.open(&addresses).await;
        }
        self.gathering.start(&self.ice);
    }

    /// Opens a socket for each address, and tells of it.
    async fn open(&mut self, addresses: &[Address]) {
        let opened = self.sockets.open(addresses).await;
        let hosts: Vec<HostAddress> = opened
            .iter()
            .map(|&address| HostAddress {
                address,
                network: addresses
                    .iter()
                    .find(|one| one.ip == address.ip())
                    .and_then(|one| one.network),
            })
            .collect();
        self.peer.gathered_hosts(Instant::now(), &hosts);
    }

    /// Closes a socket or relay that is not used any more.
    pub(super) fn close(&mut self, address: SocketAddr) {
        self.sockets.close(address);
        self.reflexive.forget(address);
    }

    /// What a server's task reports.
    pub(super) fn handle_found(&mut self, found: Found) {
        let now = Instant::now();
        match found {
            Found::Packet {
                relay,
                from,
                packet,
            } => self.peer.handle_packet(now, from, relay, &packet),
            Found::Stun {
                run,
                server,
                part,
                addresses,
            } if self.gathering.is_current(run) => {
                let announced: Vec<_> = self.peer.host_addresses().collect();
                for base in announced {
                    // one of its addresses for each family will do
                    let same = |to: &&SocketAddr| to.is_ipv4() == base.is_ipv4();
                    if let Some(&to) = addresses.iter().find(same) {
                        self.reflexive.ask(now, base, to, &server, part);
                    }
                }
                self.reflexive.asked(&server, part);
            }
            Found::Relay {
                run,
                addresses,
                server,
                transport,
                way,
            } if self.gathering.is_current(run) => {
                for address in addresses {
                    self.sockets.add_relay(address, way.clone());
                    let relay = RelayAddress {
                        address,
                        url: server.name.clone(),
                        transport,
                        order: server.order,
                    };
                    if !self.peer.gathered_relay(now, relay) {
                        self.sockets.close(address);
                    }
                }
                self.gathering.done(&server.name, Part::Relay);
            }
            Found::Failed {
                run,
                server,
                part,
                failure,
            } if self.gathering.is_current(run) => {
                // what a TURN server is beside does not count as an error of its own
                if part != Part::Beside {
                    self.peer.gathering_failed(&server, &failure);
                }
                self.gathering.done(&server, part);
            }
            Found::Over { server, addresses } => {
                let known = |address: &SocketAddr| {
                    self.sockets.relays().any(|(relay, _)| relay == *address)
                };
                if addresses.iter().any(known) {
                    let failure = Failure::unreachable("The TURN server ended the connection.");
                    self.peer.gathering_failed(&server, &failure);
                }
                for address in addresses {
                    self.lose(address);
                }
            }
            // of a round before this one; an allocation is given back by being forgotten
            Found::Stun { .. } | Found::Relay { .. } | Found::Failed { .. } => {}
        }
    }

    fn lose(&mut self, address: SocketAddr) {
        self.close(address);
        self.peer.lost(Instant::now(), address);
    }

    /// Sends what is to be asked, and tells what was answered. Returns when there is more to do.
    pub(super) fn follow_gathering(&mut self, now: Instant) -> Option<Instant> {
        while let Some((from, to, packet)) = self.reflexive.poll_transmit(now) {
            self.sockets.send(from, to, &packet);
        }
        while let Some(finding) = self.reflexive.poll_finding() {
            match finding {
                Finding::Mapped {
                    base,
                    address,
                    server,
                } => self.peer.gathered_reflexive(now, base, address, server),
                Finding::Done {
                    server,
                    part,
                    failure,
                } => {
                    if let (Some(failure), Part::Alone) = (failure, part) {
                        self.peer.gathering_failed(&server, &failure);
                    }
                    self.gathering.done(&server, part);
                }
            }
        }
        if self.gathering.poll_complete() {
            self.peer.gathered_all();
        }
        if self.peer.is_up() {
            self.reflexive.settle();
        }
        // what was told is to be done before anybody sleeps
        if self.peer.has_output() {
            return Some(now);
        }
        self.reflexive.poll_timeout()
    }

    /// The machine's network changed: what led by addresses that are gone is closed, and those that are
    /// new are used at once, under the credentials there are. An ICE restart is the page's to decide.
    pub(super) async fn handle_change(&mut self) {
        let now = Instant::now();
        let all = addresses::all();
        let gained = all.iter().any(|ip| !self.seen.contains(ip));
        self.seen.clone_from(&all);
        self.peer.set_here(addresses::here(self.surroundings.bind));
        if gained {
            self.settling = Some(now + SETTLING);
        }
        let of_use = self.peer.has_gathered();
        let dead: Vec<SocketAddr> = self
            .sockets
            .relays()
            .filter(|(_, local)| !all.contains(local))
            .map(|(relay, _)| relay)
            .collect();
        let gone = self
            .sockets
            .addresses()
            .filter(|one| !all.contains(&one.ip()));
        let gone: Vec<SocketAddr> = gone.chain(dead.iter().copied()).collect();
        for address in gone {
            self.lose(address);
        }
        let known: Vec<IpAddr> = self.sockets.addresses().map(|one| one.ip()).collect();
        let mut new = Vec::new();
        if of_use && gained && !self.ice.relay_only {
            new = addresses::to_gather(self.surroundings.bind);
            new.retain(|one| !known.contains(&one.ip));
        }
        // a route may come some time after the address: until then, servers cannot be reached by it
        let settling = self.settling.is_some_and(|until| now < until);
        let without = self.sockets.relays().next().is_none() && !self.gathering.awaits_relays();
        let relays = of_use && without && (settling || !dead.is_empty());
        if new.is_empty() && !(relays && self.ice.has_relays()) {
            return;
        }
        self.peer.gathering_again();
        if !new.is_empty() {
            self.open(&new).await;
            self.gathering.ask_reflexive(&self.ice);
        }
        if relays {
            self.gathering.ask_relays(&self.ice);
        }
    }
}
