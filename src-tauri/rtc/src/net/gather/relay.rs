//! The task that asks one TURN server for an allocation, and carries packets while there is one.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;

use super::link::Link;
use super::run::{Found, Surroundings, resolve};
use super::session::{Event, Session};
use super::{Failure, PATIENCE, Part, STAGGER, UNREACHABLE};
use crate::servers::{Credentials, Server, Service, Transport};

/// Packets that wait to be sent; beyond, they are dropped, as on any full link.
const WAITING: usize = 128;
/// How long a server may take to confirm that an allocation is given back.
const GOODBYE: Duration = Duration::from_millis(500);
/// A stream that takes nothing for this long is dead.
const STALLED: Duration = Duration::from_secs(5);
/// No sleep is longer than this.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// A packet to be sent by a relay, and to whom; an empty one asks to let through what comes from there.
pub(crate) struct RelayPacket {
    pub to: SocketAddr,
    pub packet: Vec<u8>,
}

/// An allocation, as whoever uses it holds it; when the last copy is gone, it is given back.
#[derive(Clone)]
pub(crate) struct Way {
    pub packets: mpsc::Sender<RelayPacket>,
    /// The address of this machine it was made from.
    pub local: IpAddr,
}

/// Asks the server, and carries packets until nobody uses the allocation or it ends.
pub(super) async fn run(server: Server, transport: Transport, around: Surroundings) {
    let Some(credentials) = server.credentials.clone() else {
        return;
    };
    let asked = ask(&server, transport, &credentials, &around);
    let asked = tokio::time::timeout(PATIENCE, asked).await;
    let unanswered = || Err(Failure::unreachable("The TURN server did not answer."));
    match asked.unwrap_or_else(|_| unanswered()) {
        Ok(Asked {
            relay, addresses, ..
        }) => {
            let (packets, waiting) = mpsc::channel(WAITING);
            let local = relay.link.ends.0.ip();
            let name = Arc::clone(&server.name);
            let found = Found::Relay {
                run: around.run,
                addresses: addresses.clone(),
                server,
                transport,
                way: Way { packets, local },
            };
            if around.found.send(found).await.is_ok() {
                relay.carry(waiting, &addresses, &around.found).await;
                let over = Found::Over {
                    server: name,
                    addresses,
                };
                let _ = around.found.send(over).await;
            }
        }
        Err(failure) => {
            let _ = around
                .found
                .send(around.failed(&server.name, Part::Relay, failure))
                .await;
        }
    }
}

struct Asked {
    relay: Relay,
    addresses: Vec<SocketAddr>,
}

/// Tries the server's addresses, each a little later than the one before; the first that works counts.
async fn ask(
    server: &Server,
    transport: Transport,
    credentials: &Credentials,
    around: &Surroundings,
) -> Result<Asked, Failure> {
    debug_assert!(server.url.service == Service::Turn(transport));
    let addresses = resolve(server, around).await?;
    let mut waiting = addresses.into_iter();
    let mut attempts = FuturesUnordered::new();
    let mut worst: Option<Failure> = None;
    loop {
        match waiting.next() {
            Some(to) => attempts.push(allocate(server, transport, to, credentials, around)),
            None if attempts.is_empty() => {
                return Err(worst.unwrap_or_else(|| {
                    Failure::unreachable("The TURN server's name has no address.")
                }));
            }
            None => {}
        }
        let pause = if waiting.len() > 0 { STAGGER } else { PATIENCE };
        match tokio::time::timeout(pause, attempts.next()).await {
            Ok(Some(Ok(asked))) => return Ok(asked),
            // what a server says tells more than that another address is dead
            Ok(Some(Err(failure))) => match worst {
                Some(ref known) if known.code != UNREACHABLE => {}
                _ => worst = Some(failure),
            },
            Ok(None) | Err(_) => {}
        }
    }
}

async fn allocate(
    server: &Server,
    transport: Transport,
    to: SocketAddr,
    credentials: &Credentials,
    around: &Surroundings,
) -> Result<Asked, Failure> {
    let link = Link::connect(transport, &server.url.host, to, around.bind, &around.tls).await?;
    let session = Session::new(Instant::now(), transport, link.ends, credentials);
    let mut relay = Relay { link, session };
    let closed =
        |_| Failure::unreachable("The TURN server refuses connections or cannot be reached.");
    loop {
        relay.flush().await.map_err(closed)?;
        while let Some(event) = relay.session.poll_event() {
            match event {
                Event::Allocated(addresses) => return Ok(Asked { relay, addresses }),
                Event::Failed(failure) => return Err(failure),
                Event::Packet { .. } | Event::Over => {}
            }
        }
        relay.step().await.map_err(closed)?;
    }
}

/// An allocation and the way to its server.
struct Relay {
    link: Link,
    session: Session,
}

impl Relay {
    /// Sends what is to be sent.
    async fn flush(&mut self) -> io::Result<()> {
        while let Some(message) = self.session.poll_transmit() {
            let sent = tokio::time::timeout(STALLED, self.link.send(&message)).await;
            match sent.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
                // a datagram that finds no way is lost; whether that is so for good, time tells
                Err(error) if is_passing(&error) => {}
                sent => sent?,
            }
        }
        Ok(())
    }

    /// Waits for a message or for time to pass, and handles it.
    async fn step(&mut self) -> io::Result<()> {
        let now = Instant::now();
        let wake = self.session.poll_timeout(now);
        let wake = wake.unwrap_or(now).min(now + LONGEST_SLEEP);
        tokio::select! {
            message = self.link.receive() => match message {
                Ok(message) => self.session.handle_message(Instant::now(), &message),
                Err(error) if is_passing(&error) => {}
                Err(error) => return Err(error),
            },
            () = tokio::time::sleep_until(wake.into()) => self.session.handle_timeout(Instant::now()),
        }
        Ok(())
    }

    /// Carries packets both ways until the allocation ends or nobody wants it any more.
    async fn carry(
        mut self,
        mut waiting: mpsc::Receiver<RelayPacket>,
        addresses: &[SocketAddr],
        found: &mpsc::Sender<Found>,
    ) {
        loop {
            if self.flush().await.is_err() {
                return;
            }
            while let Some(event) = self.session.poll_event() {
                match event {
                    Event::Packet { from, packet } => {
                        let same = |relay: &&SocketAddr| relay.is_ipv4() == from.is_ipv4();
                        if let Some(&relay) = addresses.iter().find(same) {
                            // a peer that is too busy for a packet loses it
                            let _ = found.try_send(Found::Packet {
                                relay,
                                from,
                                packet,
                            });
                        }
                    }
                    Event::Over | Event::Failed(_) => return,
                    Event::Allocated(_) => {}
                }
            }
            let moved = tokio::select! {
                next = waiting.recv() => match next {
                    Some(RelayPacket { to, packet }) => {
                        self.session.send(Instant::now(), to, packet);
                        Ok(())
                    }
                    None => break,
                },
                moved = self.step() => moved,
            };
            if moved.is_err() {
                return;
            }
        }
        // as long as it takes, but no longer: an allocation that is not given back ends by itself
        let _ = tokio::time::timeout(GOODBYE, self.give_back()).await;
    }

    async fn give_back(mut self) -> io::Result<()> {
        self.session.delete(Instant::now());
        loop {
            self.flush().await?;
            while let Some(event) = self.session.poll_event() {
                if matches!(event, Event::Over) {
                    return Ok(());
                }
            }
            self.step().await?;
        }
    }
}

/// What a datagram socket says of a network that may come back; a server that is gone says so itself
/// ("connection refused").
fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::WouldBlock
            | io::ErrorKind::Interrupted
            | io::ErrorKind::PermissionDenied
    )
}

impl Surroundings {
    /// The report of a failure.
    pub(super) fn failed(&self, server: &Arc<str>, part: Part, failure: Failure) -> Found {
        Found::Failed {
            run: self.run,
            server: Arc::clone(server),
            part,
            failure,
        }
    }
}
