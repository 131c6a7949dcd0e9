//! One allocation on a TURN server ([RFC 8656](https://www.rfc-editor.org/rfc/rfc8656)), without I/O:
//! `turn-client-proto` does the protocol and its refreshes; here is when to ask for what.
//!
//! - One request asks for addresses of both families; a server that has only one gives that.
//! - Permissions are asked for as soon as it is known who may be talked to. A packet to somebody there is
//!   none for yet waits for it, so that ICE's first check is late by a round trip, not by its
//!   retransmission.
//! - Once anything but ICE's checks goes to somebody, the pair was chosen: a channel is bound to them,
//!   which takes 4 bytes a packet instead of 36.
//!
//! - The crate sends a request every 50 ms at most, as gathering from many servers should; this is one
//!   server and a handful of requests, and each would cost the call its 50 ms. So the clock it is shown
//!   goes forward to whatever is due so soon.
//!
//! The crate tells too little of why an allocation fails, and waits for an answer to a password that was
//! refused; so errors are read here before it sees them. It also logs addresses, at every level: see
//! [`super::quiet`].

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use stun_types::TransportType;
use stun_types::attribute::ErrorCode;
use stun_types::message::{Message, MessageClass};
use turn_client_proto::api::{
    Transmit, TurnClientApi as _, TurnConfig, TurnEvent, TurnPollRet, TurnRecvRet,
};
use turn_client_proto::tcp::TurnClientTcp;
use turn_client_proto::udp::TurnClientUdp;
use turn_types::message::ALLOCATE;
use turn_types::{AddressFamily, TurnCredentials};

use super::{Failure, quiet};
use crate::servers::{Credentials, Transport};

mod client {
    #![allow(missing_docs, reason = "the macro writes none for all it makes")]
    use super::{TurnClientTcp, TurnClientUdp};
    turn_client_proto::impl_client!(pub(super) TurnClient, (Udp, TurnClientUdp), (Tcp, TurnClientTcp));
}
use client::TurnClient;

/// A request over UDP is repeated first after this; then after twice as long, and so on.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(2);
const TRIES: u32 = 7;
/// Packets kept for permissions under way.
const MAX_HELD: usize = 32;
/// Different machines of the other side that a permission is asked for: it chooses them.
const MAX_PERMISSIONS: usize = 32;
/// A permission that was refused is asked for again after this.
const REFUSED: Duration = Duration::from_secs(10);
/// Pairs that get a channel: whom media went to, over the allocation's life.
const MAX_CHANNELS: usize = 16;
/// What the crate would do within this, it does at once.
const SOON: Duration = Duration::from_millis(50);
/// Times in a row that its clock is put forward.
const MAX_HASTE: u32 = 64;

/// What happened.
pub(crate) enum Event {
    /// These addresses relay to us, one of a family.
    Allocated(Vec<SocketAddr>),
    /// The server refused, or does not answer.
    Failed(Failure),
    /// Somebody sent this to a relayed address.
    Packet { from: SocketAddr, packet: Vec<u8> },
    /// The allocation is no more.
    Over,
}

/// Where the asking for an allocation stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// No answer yet. `challenged`: the server asked who we are.
    Asking {
        challenged: bool,
    },
    Allocated,
    Over,
}

/// An allocation, or the asking for one.
pub(crate) struct Session {
    client: TurnClient,
    state: State,
    /// What the crate's clock counts from.
    start: Instant,
    /// How far its clock is ahead.
    ahead: Duration,
    /// Our end and the server's.
    ends: (SocketAddr, SocketAddr),
    transport: TransportType,
    /// Why the server said no, last.
    refusal: Option<(u16, String)>,
    held: VecDeque<(SocketAddr, Vec<u8>)>,
    /// Permissions asked for and not refused.
    permissions: BTreeSet<IpAddr>,
    refused: BTreeMap<IpAddr, Instant>,
    channels: BTreeSet<SocketAddr>,
    transmits: VecDeque<Vec<u8>>,
    events: VecDeque<Event>,
}

impl Session {
    /// Begins to ask: the first request is in [`Self::poll_transmit`].
    pub fn new(
        now: Instant,
        transport: Transport,
        ends: (SocketAddr, SocketAddr),
        credentials: &Credentials,
    ) -> Self {
        let credentials = TurnCredentials::new(&credentials.username, &credentials.password);
        let mut config = TurnConfig::new(credentials);
        config.add_address_family(AddressFamily::IPV6);
        config.set_request_retransmits(FIRST_WAIT, LONGEST_WAIT, TRIES, LONGEST_WAIT);
        let (client, transport) = quiet(|| match transport {
            Transport::Udp => (
                TurnClient::Udp(TurnClientUdp::allocate(ends.0, ends.1, config)),
                TransportType::Udp,
            ),
            Transport::Tcp | Transport::Tls => (
                TurnClient::Tcp(TurnClientTcp::allocate(ends.0, ends.1, config)),
                TransportType::Tcp,
            ),
        });
        let mut session = Self {
            client,
            state: State::Asking { challenged: false },
            start: now,
            ahead: Duration::ZERO,
            ends,
            transport,
            refusal: None,
            held: VecDeque::new(),
            permissions: BTreeSet::new(),
            refused: BTreeMap::new(),
            channels: BTreeSet::new(),
            transmits: VecDeque::new(),
            events: VecDeque::new(),
        };
        session.pump(now);
        session
    }

    /// A packet for somebody, by the allocation. UDP may lose it, so may this. An empty one only says
    /// that there may be others.
    pub fn send(&mut self, now: Instant, to: SocketAddr, packet: Vec<u8>) {
        if self.state != State::Allocated {
            return;
        }
        let at = self.clock(now);
        if packet.is_empty() {
            self.permit(now, to.ip());
            self.pump(now);
            return;
        }
        if !quiet(|| self.client.have_permission(TransportType::Udp, to.ip())) {
            if self.permit(now, to.ip()) && self.held.len() < MAX_HELD {
                self.held.push_back((to, packet));
            }
            self.pump(now);
            return;
        }
        if packet.first().is_some_and(|first| *first > 3) && self.wants_channel(to) {
            // without one, packets go on being wrapped into Send indications
            let _ = quiet(|| self.client.bind_channel(TransportType::Udp, to, at));
        }
        self.transmit(at, to, packet);
        self.pump(now);
    }

    fn transmit(&mut self, at: stun_proto::Instant, to: SocketAddr, packet: Vec<u8>) {
        let sent = quiet(|| self.client.send_to(TransportType::Udp, to, packet, at));
        if let Ok(Some(transmit)) = sent {
            self.transmits.push_back(transmit.build().data);
        }
    }

    /// Makes sure a permission is there, or asked for. False where there will be none.
    fn permit(&mut self, now: Instant, to: IpAddr) -> bool {
        if self.permissions.contains(&to) {
            return true;
        }
        self.refused.retain(|_, until| *until > now);
        if self.refused.contains_key(&to) || self.permissions.len() >= MAX_PERMISSIONS {
            return false;
        }
        let at = self.clock(now);
        let asked = quiet(|| self.client.create_permission(TransportType::Udp, to, at)).is_ok();
        if asked {
            self.permissions.insert(to);
        } else {
            self.refused.insert(to, now + REFUSED);
        }
        asked
    }

    fn wants_channel(&mut self, to: SocketAddr) -> bool {
        self.channels.len() < MAX_CHANNELS && self.channels.insert(to)
    }

    /// One whole message of the server: a datagram, or cut out of the stream.
    pub fn handle_message(&mut self, now: Instant, message: &[u8]) {
        self.look_for_refusal(message);
        let at = self.clock(now);
        let (local, server) = self.ends;
        let transmit = Transmit::new(message, self.transport, server, local);
        let received = quiet(|| match self.client.recv(transmit, at) {
            TurnRecvRet::PeerData(data) => Some((data.peer, data.data().to_vec())),
            _ => None,
        });
        if let Some((from, packet)) = received {
            self.events.push_back(Event::Packet { from, packet });
        }
        self.pump(now);
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.pump(now);
    }

    /// Gives the allocation back; goes on until [`Event::Over`].
    pub fn delete(&mut self, now: Instant) {
        let at = self.clock(now);
        if quiet(|| self.client.delete(at)).is_err() {
            self.end();
        }
        self.pump(now);
    }

    /// The next message for the server, whole.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.transmits.pop_front()
    }

    /// What happened next.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When to call [`Self::handle_timeout`] at the latest.
    pub fn poll_timeout(&mut self, now: Instant) -> Option<Instant> {
        if self.state == State::Over {
            return None;
        }
        let at = self.clock(now);
        match quiet(|| self.client.poll(at)) {
            TurnPollRet::WaitUntil(until) => Some(now + until.saturating_duration_since(at)),
            _ => Some(now),
        }
    }

    /// An error to the asking: its reason, and whether it is final.
    fn look_for_refusal(&mut self, message: &[u8]) {
        let State::Asking { challenged } = self.state else {
            return;
        };
        let refusal = quiet(|| {
            let message = Message::from_bytes(message).ok()?;
            let asked = message.has_method(ALLOCATE) && message.has_class(MessageClass::Error);
            let error = asked.then(|| message.attribute::<ErrorCode>().ok())??;
            Some((error.code(), error.reason().to_owned()))
        });
        let Some((code, reason)) = refusal else {
            return;
        };
        self.refusal = Some((code, reason));
        if code == ErrorCode::UNAUTHORIZED {
            if challenged {
                self.refuse();
            } else {
                self.state = State::Asking { challenged: true };
            }
        }
    }

    fn refuse(&mut self) {
        let (code, text) = self.refusal.take().unwrap_or((
            super::UNREACHABLE,
            "The TURN server did not answer.".to_owned(),
        ));
        self.state = State::Over;
        self.events.push_back(Event::Failed(Failure { code, text }));
    }

    fn end(&mut self) {
        if self.state != State::Over {
            self.state = State::Over;
            self.events.push_back(Event::Over);
        }
    }

    /// Takes everything from the client.
    fn pump(&mut self, now: Instant) {
        let mut haste = 0;
        loop {
            if self.state == State::Over {
                return;
            }
            let at = self.clock(now);
            let polled = quiet(|| self.client.poll(at));
            while let Some(transmit) = quiet(|| self.client.poll_transmit(at)) {
                self.transmits.push_back(transmit.data.to_vec());
            }
            while let Some(data) = quiet(|| self.client.poll_recv(at)) {
                let (from, packet) = (data.peer, data.data().to_vec());
                self.events.push_back(Event::Packet { from, packet });
            }
            let mut progress = false;
            while let Some(event) = quiet(|| self.client.poll_event()) {
                progress = true;
                self.handle_event(now, event);
            }
            if matches!(polled, TurnPollRet::Closed) {
                match self.state {
                    State::Asking { .. } => self.refuse(),
                    State::Allocated | State::Over => self.end(),
                }
            }
            if let TurnPollRet::WaitUntil(until) = quiet(|| self.client.poll(at))
                && haste < MAX_HASTE
            {
                let wait = until.saturating_duration_since(at);
                if !wait.is_zero() && wait <= SOON {
                    self.ahead += wait;
                    haste += 1;
                    progress = true;
                }
            }
            if !progress {
                return;
            }
        }
    }

    fn handle_event(&mut self, now: Instant, event: TurnEvent) {
        match event {
            TurnEvent::AllocationCreated(..) if self.state != State::Allocated => {
                self.state = State::Allocated;
                let addresses = quiet(|| {
                    let relayed = self.client.relayed_addresses();
                    relayed.map(|(_, address)| address).collect()
                });
                self.events.push_back(Event::Allocated(addresses));
            }
            TurnEvent::PermissionCreated(_, to) => {
                let at = self.clock(now);
                let (due, held) = std::mem::take(&mut self.held)
                    .into_iter()
                    .partition::<VecDeque<_>, _>(|(address, _)| address.ip() == to);
                self.held = held;
                for (to, packet) in due {
                    self.transmit(at, to, packet);
                }
            }
            TurnEvent::PermissionCreateFailed(_, to) => {
                self.permissions.remove(&to);
                self.refused.insert(to, now + REFUSED);
                self.held.retain(|(address, _)| address.ip() != to);
            }
            TurnEvent::ChannelCreateFailed(_, to) => {
                // it may be bound again by what is sent next; MAX_CHANNELS does not bound failures, but
                // the crate keeps an expired one from being asked for at once
                self.channels.remove(&to);
            }
            _ => {}
        }
    }

    /// The crate's clock: never 0, which it takes for "never".
    fn clock(&self, now: Instant) -> stun_proto::Instant {
        let passed = now.saturating_duration_since(self.start) + self.ahead;
        let passed = passed.as_nanos();
        stun_proto::Instant::from_nanos(i64::try_from(passed).unwrap_or(i64::MAX - 1) + 1)
    }
}

#[cfg(test)]
mod tests;
