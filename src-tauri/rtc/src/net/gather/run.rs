//! One round of gathering: who was asked, and what is still to come.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::sync::mpsc;

use super::relay::{self, Way};
use super::{Failure, Part, Tls};
use crate::net::addresses;
use crate::peer::targets::may_be_asked;
use crate::servers::{Host, IceConfig, OwnServers, Server, Service, Transport};

/// Most addresses of one name that are tried.
const MAX_ADDRESSES: usize = 4;

/// What the tasks of a round report. Those of an earlier round are known by its number.
pub(crate) enum Found {
    /// Where to ask for reflexive addresses.
    Stun {
        run: u64,
        server: Arc<str>,
        part: Part,
        addresses: Vec<SocketAddr>,
    },
    /// An allocation.
    Relay {
        run: u64,
        addresses: Vec<SocketAddr>,
        server: Server,
        transport: Transport,
        way: Way,
    },
    Failed {
        run: u64,
        server: Arc<str>,
        part: Part,
        failure: Failure,
    },
    /// Somebody sent a packet to a relayed address.
    Packet {
        relay: SocketAddr,
        from: SocketAddr,
        packet: Vec<u8>,
    },
    /// An allocation ended.
    Over {
        server: Arc<str>,
        addresses: Vec<SocketAddr>,
    },
}

/// What the tasks use.
#[derive(Clone)]
pub(super) struct Surroundings {
    pub run: u64,
    pub bind: Option<IpAddr>,
    pub own: OwnServers,
    pub tls: Tls,
    pub found: mpsc::Sender<Found>,
}

/// The rounds of one connection.
pub(crate) struct Gathering {
    around: Surroundings,
    /// Who has not answered what, by name.
    waiting: Vec<(Arc<str>, Part)>,
    /// The hosts have been gathered, and the end was not told.
    open: bool,
}

impl Gathering {
    /// `found`: where the reports go.
    pub fn new(
        bind: Option<IpAddr>,
        own: OwnServers,
        tls: Tls,
        found: mpsc::Sender<Found>,
    ) -> Self {
        let run = 0;
        Self {
            around: Surroundings {
                run,
                bind,
                own,
                tls,
                found,
            },
            waiting: Vec::new(),
            open: false,
        }
    }

    /// Begins a round: asks every server, and forgets the round before.
    pub fn start(&mut self, config: &IceConfig) {
        self.around.run += 1;
        self.waiting.clear();
        self.open = true;
        for server in &config.servers {
            self.ask(server, config.relay_only);
        }
    }

    /// Asks for relays once more, in the same round: the network changed.
    pub fn ask_relays(&mut self, config: &IceConfig) {
        self.open = true;
        for server in &config.servers {
            if matches!(server.url.service, Service::Turn(_)) {
                self.ask(server, true);
            }
        }
    }

    /// Asks for reflexive addresses once more, in the same round: there are new sockets.
    pub fn ask_reflexive(&mut self, config: &IceConfig) {
        self.open = true;
        for server in &config.servers {
            match server.url.service {
                Service::Stun => self.ask_stun(server, Part::Alone),
                Service::Turn(Transport::Udp) => self.ask_stun(server, Part::Beside),
                Service::Turn(_) | Service::Unsupported => {}
            }
        }
    }

    fn ask(&mut self, server: &Server, relay_only: bool) {
        match server.url.service {
            Service::Stun if relay_only => {}
            Service::Stun => self.ask_stun(server, Part::Alone),
            Service::Turn(transport) => {
                if transport == Transport::Udp && !relay_only {
                    self.ask_stun(server, Part::Beside);
                }
                self.waiting.push((Arc::clone(&server.name), Part::Relay));
                tokio::spawn(relay::run(server.clone(), transport, self.around.clone()));
            }
            Service::Unsupported => {
                self.waiting.push((Arc::clone(&server.name), Part::Relay));
                let failure = Failure::unreachable("This kind of server is not supported.");
                let report = self.around.failed(&server.name, Part::Relay, failure);
                let found = self.around.found.clone();
                tokio::spawn(async move {
                    let _ = found.send(report).await;
                });
            }
        }
    }

    fn ask_stun(&mut self, server: &Server, part: Part) {
        self.waiting.push((Arc::clone(&server.name), part));
        let (server, around) = (server.clone(), self.around.clone());
        tokio::spawn(async move {
            let report = match resolve(&server, &around).await {
                Ok(addresses) => Found::Stun {
                    run: around.run,
                    server: server.name,
                    part,
                    addresses,
                },
                Err(failure) => around.failed(&server.name, part, failure),
            };
            let _ = around.found.send(report).await;
        });
    }

    /// Whether a report belongs to this round.
    pub fn is_current(&self, run: u64) -> bool {
        self.around.run == run
    }

    /// A server has said what it has to say.
    pub fn done(&mut self, server: &str, part: Part) {
        let same = |(name, asked): &(Arc<str>, Part)| **name == *server && *asked == part;
        if let Some(at) = self.waiting.iter().position(same) {
            self.waiting.swap_remove(at);
        }
    }

    /// Whether a TURN server has not answered.
    pub fn awaits_relays(&self) -> bool {
        self.waiting.iter().any(|(_, part)| *part == Part::Relay)
    }

    /// True once, when the round is complete.
    pub fn poll_complete(&mut self) -> bool {
        self.open && self.waiting.is_empty() && std::mem::replace(&mut self.open, false)
    }
}

/// The addresses of a server, in the order to try them; with `bind`, of its family only. Not those to which somebody else may not
/// send this machine.
pub(super) async fn resolve(
    server: &Server,
    around: &Surroundings,
) -> Result<Vec<SocketAddr>, Failure> {
    let (url, bind) = (&server.url, around.bind);
    let unknown = || Failure::unreachable("The server's name was not found.");
    let mut addresses: Vec<SocketAddr> = match &url.host {
        Host::Address(address) => vec![(*address, url.port).into()],
        Host::Name(name) => {
            let found = tokio::net::lookup_host((name.as_str(), url.port));
            let found = tokio::time::timeout(super::PATIENCE, found).await;
            let found = found.map_err(|_| unknown())?.map_err(|_| unknown())?;
            found.collect()
        }
    };
    addresses.retain(|address| bind.is_none_or(|bind| bind.is_ipv4() == address.is_ipv4()));
    if !around.own.has(server) {
        let here = addresses::here(bind);
        let before = addresses.len();
        addresses.retain(|address| may_be_asked(address.ip(), here));
        if addresses.is_empty() && before > 0 {
            return Err(Failure::unreachable(
                "A server that a meeting point lends may not be on this machine. Enter it in the settings to use it.",
            ));
        }
    }
    let mut tried = Vec::new();
    for address in addresses {
        if !tried.contains(&address) && tried.len() < MAX_ADDRESSES {
            tried.push(address);
        }
    }
    if tried.is_empty() {
        return Err(Failure::unreachable(
            "The server has no address of a kind this machine uses.",
        ));
    }
    Ok(tried)
}
