//! How the world sees our sockets: STUN Binding requests
//! ([RFC 8489](https://www.rfc-editor.org/rfc/rfc8489)), sent from the very sockets that media will use.
//! No I/O: packets and time go in, packets and findings come out.

use std::collections::{BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use stun_types::attribute::{ErrorCode, XorMappedAddress};
use stun_types::message::{
    BINDING, Message, MessageClass, MessageWrite, MessageWriteExt, MessageWriteVec, TransactionId,
};

use super::{Failure, Part, quiet};

/// Between the first request and the second; it doubles from then on.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// Requests without an answer, and the server counts as unreachable: after 7.75 s.
const TRIES: u32 = 5;
/// A NAT forgets a mapping that is not used; 30 s is what the hastiest do (RFC 8445, section 5.1.1.4).
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// STUN messages are no longer than this, in bytes; media packets that are get never parsed as such.
const MAX_MESSAGE: usize = 1280;
/// Sockets times servers that are asked.
const MAX_ASKS: usize = 128;

/// What was found out.
pub(crate) enum Finding {
    /// The socket at `base` is seen as `address`.
    Mapped {
        base: SocketAddr,
        address: SocketAddr,
        server: Arc<str>,
    },
    /// A server has answered every socket, or was given up. `failure`: no socket had a good answer.
    Done {
        server: Arc<str>,
        part: Part,
        failure: Option<Failure>,
    },
}

/// One socket asking one server.
struct Ask {
    base: SocketAddr,
    to: SocketAddr,
    server: Arc<str>,
    part: Part,
    transaction: TransactionId,
    /// Requests sent since the last answer.
    sent: u32,
    next: Instant,
    mapped: Option<SocketAddr>,
}

/// All that is asked, and was answered.
#[derive(Default)]
pub(crate) struct Reflexive {
    asks: Vec<Ask>,
    /// Servers that told an address.
    helpful: BTreeSet<(Arc<str>, Part)>,
    findings: VecDeque<Finding>,
    /// A way was found: mappings need no more looking after, ICE's own checks keep those in use.
    settled: bool,
}

impl Reflexive {
    /// Asks the server at `to` how it sees the socket at `base`. The finding names it by `server`.
    pub fn ask(
        &mut self,
        now: Instant,
        base: SocketAddr,
        to: SocketAddr,
        server: &Arc<str>,
        part: Part,
    ) {
        let same =
            |ask: &Ask| (ask.base, ask.to, ask.part, &ask.server) == (base, to, part, server);
        if self.asks.len() >= MAX_ASKS
            || base.is_ipv4() != to.is_ipv4()
            || self.asks.iter().any(same)
        {
            return;
        }
        self.asks.push(Ask {
            base,
            to,
            server: Arc::clone(server),
            part,
            transaction: TransactionId::generate(),
            sent: 0,
            next: now,
            mapped: None,
        });
    }

    /// All sockets that ask this server have been named. Without any, it is done.
    pub fn asked(&mut self, server: &Arc<str>, part: Part) {
        self.done(server, part, || {
            Failure::unreachable("No network of this machine has addresses of the server's kind.")
        });
    }

    /// The socket at this address is no more.
    pub fn forget(&mut self, base: SocketAddr) {
        let gone: Vec<Ask> = self.asks.extract_if(.., |ask| ask.base == base).collect();
        for Ask { server, part, .. } in gone.iter().filter(|ask| ask.mapped.is_none()) {
            self.done(server, *part, || {
                Failure::unreachable("The network of this machine changed.")
            });
        }
    }

    /// Nothing has to be kept alive any more; what has not been answered is still asked.
    pub fn settle(&mut self) {
        self.settled = true;
        self.asks.retain(|ask| ask.mapped.is_none());
    }

    /// An ask came to its end. Tells so when it was the server's last.
    fn done(&mut self, server: &Arc<str>, part: Part, failure: impl FnOnce() -> Failure) {
        let same = |ask: &Ask| ask.server == *server && ask.part == part;
        if self
            .asks
            .iter()
            .any(|ask| same(ask) && ask.mapped.is_none())
        {
            return;
        }
        let helpful = self.helpful.contains(&(Arc::clone(server), part));
        self.findings.push_back(Finding::Done {
            server: Arc::clone(server),
            part,
            failure: (!helpful).then(failure),
        });
    }

    /// Takes an answer to a request of ours; false for any other packet.
    pub fn handle_packet(&mut self, from: SocketAddr, to: SocketAddr, packet: &[u8]) -> bool {
        let first = packet.first().is_some_and(|first| *first <= 3);
        if !first || packet.len() > MAX_MESSAGE || self.asks.is_empty() {
            return false;
        }
        let Some((transaction, answer)) = read(packet) else {
            return false;
        };
        let ask = self.asks.iter_mut().find(|ask| {
            ask.transaction == transaction && ask.to == from && ask.base == to && ask.sent > 0
        });
        let Some(ask) = ask else { return false };
        let (base, server, part) = (ask.base, Arc::clone(&ask.server), ask.part);
        match answer {
            Ok(address) => {
                ask.sent = 0;
                ask.transaction = TransactionId::generate();
                ask.next += KEEP_ALIVE;
                let before = ask.mapped.replace(address);
                self.helpful.insert((Arc::clone(&server), part));
                if before != Some(address) {
                    self.findings.push_back(Finding::Mapped {
                        base,
                        address,
                        server: Arc::clone(&server),
                    });
                }
                if before.is_none() {
                    self.done(&server, part, || Failure::unreachable(""));
                }
                if self.settled {
                    self.asks.retain(|ask| ask.mapped.is_none());
                }
            }
            Err(failure) => {
                self.asks.retain(|ask| ask.transaction != transaction);
                self.done(&server, part, || failure);
            }
        }
        true
    }

    /// The next request to send: from where, to where.
    pub fn poll_transmit(&mut self, now: Instant) -> Option<(SocketAddr, SocketAddr, Vec<u8>)> {
        while let Some(at) = self.asks.iter().position(|ask| ask.next <= now) {
            let ask = self.asks.get_mut(at)?;
            if ask.sent == TRIES {
                let ask = self.asks.remove(at);
                // a mapping once found may still be good: whatever uses it will tell
                if ask.mapped.is_none() {
                    self.done(&ask.server, ask.part, || {
                        Failure::unreachable("The STUN server did not answer.")
                    });
                }
                continue;
            }
            ask.next = now + FIRST_WAIT * 2_u32.pow(ask.sent);
            ask.sent += 1;
            return Some((ask.base, ask.to, request(ask.transaction)));
        }
        None
    }

    /// What was found out since the last call.
    pub fn poll_finding(&mut self) -> Option<Finding> {
        self.findings.pop_front()
    }

    /// When [`Self::poll_transmit`] has something to do.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.asks.iter().map(|ask| ask.next).min()
    }
}

fn request(transaction: TransactionId) -> Vec<u8> {
    quiet(|| {
        let kind =
            stun_types::message::MessageType::from_class_method(MessageClass::Request, BINDING);
        let mut message = Message::builder(kind, transaction, MessageWriteVec::new());
        // without it some servers take the request for something else; it cannot fail on a fresh message
        let _ = message.add_fingerprint();
        message.finish()
    })
}

/// What an answer says: the address, or why there is none.
type Answer = Result<SocketAddr, Failure>;

/// Reads the answer to a Binding request.
fn read(packet: &[u8]) -> Option<(TransactionId, Answer)> {
    quiet(|| {
        let message = Message::from_bytes(packet).ok()?;
        let transaction = message.transaction_id();
        if !message.has_method(BINDING) || !message.is_response() {
            return None;
        }
        if message.has_class(MessageClass::Error) {
            let error = message.attribute::<ErrorCode>().ok()?;
            let (code, text) = (error.code(), error.reason().to_owned());
            return Some((transaction, Err(Failure { code, text })));
        }
        let mapped = message.attribute::<XorMappedAddress>().ok()?;
        Some((transaction, Ok(mapped.addr(transaction))))
    })
}

#[cfg(test)]
mod tests;
