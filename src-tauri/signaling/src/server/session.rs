//! One connection, without its socket: what comes in at what time, what is to be said and done.
//!
//! ```text
//!            register, proven                    replaced
//!  Greeted ------------------------> Registered ----------+
//!     |  register, not proven            |                |
//!     |  nothing said for long           | dead           |
//!     +----------------------------------+----------------+--> closed, each with its code
//! ```

mod in_flight;

use std::{collections::VecDeque, sync::Arc};

use tokio::time::Instant;

use self::in_flight::InFlight;
use super::{
    ServerConfig,
    arrival::Arrival,
    deliveries::Next,
    gate::bucket::Bucket,
    hub::{Hub, Mail, Mailbox, Receipt, Seat},
};
use crate::{
    challenge::{self, Audience},
    limits::{MAX_NOTE_BYTES, MAX_OPEN_SENDS, MAX_PAYLOAD_BYTES, VERSION},
    wire::{
        ClientFrame, ErrorCode, FrameError, Key, Nonce, Outcome, Payload, ServerFrame, Signature,
    },
};

/// What a session wants done on its socket.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Send this frame.
    Frame(ServerFrame),
    /// Send a ping.
    Ping,
    /// Send a ping with these bytes, to see by its answer what came through.
    Ask([u8; 4]),
    /// Send this error, close with its code and end.
    Close(ErrorCode, &'static str),
}

/// Where a connection stands.
#[derive(Debug)]
enum Standing {
    /// Said hello; the nonce is good for one registration. May send.
    Greeted(Nonce),
    /// Reachable at a key. May send.
    Registered { seat: Seat },
}

/// A send of ours that nobody has taken yet.
#[derive(Debug)]
struct Open {
    /// Ours. The client's `id` can come again as soon as it has its result.
    number: u64,
    id: u32,
    /// When it is `offline`, whatever the reason, and not before.
    until: Instant,
}

#[derive(Debug)]
pub(super) struct Session {
    hub: Arc<Hub>,
    config: Arc<ServerConfig>,
    mailbox: Mailbox,
    arrival: Arrival,
    standing: Standing,
    /// Our own sends whose result is open, in the order of their deadlines.
    open: VecDeque<Open>,
    next_number: u64,
    in_flight: InFlight,
    /// When a registered client is told of servers for calls again.
    servers_due: Option<Instant>,
    sends: Bucket,
    frames: Bucket,
    /// When anything was last heard.
    heard: Instant,
    /// When anything was last asked of us; pings do not count.
    asked: Instant,
    /// When we last asked whether anyone is there.
    pinged: Option<Instant>,
    #[cfg(feature = "meddling")]
    pub(super) witness: Option<super::meddling::Witness>,
}

impl Session {
    /// A new connection.
    ///
    /// # Errors
    /// When the system has no random bytes.
    pub(super) fn new(
        hub: Arc<Hub>,
        config: Arc<ServerConfig>,
        mailbox: Mailbox,
        arrival: Arrival,
        now: Instant,
    ) -> Result<Self, getrandom::Error> {
        let mut nonce = [0; 32];
        getrandom::fill(&mut nonce)?;
        let limits = &config.limits;
        Ok(Self {
            sends: Bucket::new(limits.sends_per_second, limits.send_burst, now),
            frames: Bucket::new(limits.frames_per_second, limits.frame_burst, now),
            hub,
            config,
            mailbox,
            arrival,
            standing: Standing::Greeted(Nonce::from(nonce)),
            open: VecDeque::new(),
            next_number: 0,
            in_flight: InFlight::default(),
            servers_due: None,
            heard: now,
            asked: now,
            pinged: None,
            #[cfg(feature = "meddling")]
            witness: None,
        })
    }

    /// With somebody to see what it says and hears.
    #[cfg(feature = "meddling")]
    pub(super) fn seen_by(mut self, witness: Option<super::meddling::Witness>) -> Self {
        self.witness = witness;
        self
    }

    /// The first frame.
    pub(super) fn hello(&self) -> Option<Act> {
        match self.standing {
            Standing::Greeted(nonce) => Some(Act::Frame(ServerFrame::Hello { v: VERSION, nonce })),
            Standing::Registered { .. } => None,
        }
    }

    /// Anything at all came in that we did not cause.
    pub(super) fn handle_sign_of_life(&mut self, now: Instant, acts: &mut Vec<Act>) {
        self.handle_life(now);
        if !self.frames.take(now) {
            acts.push(Act::Close(
                ErrorCode::RateLimited,
                "Too many frames. Slow down and connect again.",
            ));
        }
    }

    fn handle_life(&mut self, now: Instant) {
        self.heard = now;
        self.pinged = None;
    }

    /// A pong came in.
    pub(super) fn handle_pong(&mut self, now: Instant, bytes: &[u8], acts: &mut Vec<Act>) {
        if self.in_flight.handle_pong(bytes) {
            self.handle_life(now);
            self.deliver(now, acts);
        } else {
            self.handle_sign_of_life(now, acts);
        }
    }

    /// A text message came in.
    pub(super) fn handle_text(&mut self, now: Instant, text: &str, acts: &mut Vec<Act>) {
        #[cfg(feature = "meddling")]
        self.witness.iter().for_each(|witness| witness.hears(text));
        let frame = ClientFrame::decode(text);
        // How many deliveries there are to be answered is up to others.
        let is_answer = matches!(
            frame,
            Ok(ClientFrame::Ack { .. } | ClientFrame::Refuse { .. })
        );
        if is_answer && self.in_flight.take_owed() {
            self.handle_life(now);
        } else {
            self.handle_sign_of_life(now, acts);
        }
        if !acts.is_empty() {
            return;
        }
        match frame {
            Ok(ClientFrame::Register { key, signature }) => {
                self.register(now, key, &signature, acts)
            }
            Ok(ClientFrame::Send { id, to, payload }) => self.send(now, id, &to, payload, acts),
            Ok(ClientFrame::Leave { id, to, payload }) => self.leave(now, id, to, &payload, acts),
            Ok(ClientFrame::Ack { id }) => self.answered(now, id, Receipt::confirm, acts),
            Ok(ClientFrame::Refuse { id }) => self.answered(now, id, Receipt::refuse, acts),
            Err(FrameError::Unsupported) => acts.push(Act::Frame(ServerFrame::Error {
                code: ErrorCode::Unsupported,
                message: "This server does not know that type of frame.".to_owned(),
            })),
            Err(FrameError::TooLarge { .. }) => acts.push(too_large()),
            Err(FrameError::Malformed { .. }) => acts.push(malformed()),
        }
    }

    /// A binary message came in; there are none in this protocol.
    pub(super) fn handle_binary(&mut self, now: Instant, acts: &mut Vec<Act>) {
        self.handle_sign_of_life(now, acts);
        acts.push(malformed());
    }

    /// A message over the hard limit came in.
    pub(super) fn handle_oversized(acts: &mut Vec<Act>) {
        acts.push(too_large());
    }

    /// Something was asked of us.
    fn asks(&mut self, now: Instant) {
        self.asked = now;
        self.arrival.activity.asks(now);
    }

    fn register(&mut self, now: Instant, key: Key, signature: &Signature, acts: &mut Vec<Act>) {
        self.asks(now);
        let Standing::Greeted(nonce) = self.standing else {
            acts.push(Act::Close(
                ErrorCode::AlreadyRegistered,
                "This connection is already registered.",
            ));
            return;
        };
        let proves = |audience: &Audience| challenge::verify(audience, &nonce, &key, signature);
        let names = &self.config.names;
        if self
            .arrival
            .audiences(names)
            .any(|audience| proves(&audience))
        {
            self.arrival.host = None;
            self.arrival.activity.registers(now);
            self.standing = Standing::Registered {
                seat: self.hub.register(
                    key,
                    self.mailbox.clone(),
                    self.arrival.origin,
                    now,
                    self.config.limits.offline_after,
                ),
            };
            acts.push(Act::Frame(ServerFrame::Ready));
            self.tell_servers(now, acts);
        } else if self.arrival.called().any(|audience| proves(&audience)) {
            let message =
                "This server is not known by that name. Whoever runs it can add it with --name.";
            acts.push(Act::Close(ErrorCode::WrongAudience, message));
        } else {
            acts.push(Act::Close(
                ErrorCode::BadSignature,
                "The signature does not prove that key.",
            ));
        }
    }

    /// Tells of the servers for calls, if there are any, and sees to it that they are told again in time.
    fn tell_servers(&mut self, now: Instant, acts: &mut Vec<Act>) {
        if let Some(ice) = &self.config.ice
            && let Standing::Registered { seat } = &self.standing
        {
            self.servers_due = Some(now + ice.refresh_after());
            let frame = ice.issue(self.arrival.origin, seat.key());
            acts.extend(frame.map(Act::Frame));
        }
    }

    fn send(&mut self, now: Instant, id: u32, to: &Key, payload: Payload, acts: &mut Vec<Act>) {
        self.asks(now);
        let may = self.open.len() < MAX_OPEN_SENDS as usize
            && self.sends.take(now)
            && self.arrival.allowance.take(now);
        if !may {
            let message = Some("Too much at once. Try again in a moment.".to_owned());
            acts.push(Act::Frame(ServerFrame::Result {
                id,
                outcome: Outcome::Busy,
                message,
            }));
            return;
        }
        if payload.size() > MAX_PAYLOAD_BYTES {
            let message = Some(format!("A payload has at most {MAX_PAYLOAD_BYTES} bytes."));
            acts.push(Act::Frame(ServerFrame::Result {
                id,
                outcome: Outcome::Refused,
                message,
            }));
            return;
        }
        let number = self.next_number;
        self.next_number += 1;
        let until = now + self.config.limits.offline_after;
        self.open.push_back(Open { number, id, until });
        let receipt = self.mailbox.receipt(number, until, self.arrival.origin);
        self.hub.send(to, payload, receipt, now);
    }

    /// A note for somebody. What becomes of it is nobody's business: the answer is always the same.
    fn leave(&mut self, now: Instant, id: u32, to: Key, payload: &Payload, acts: &mut Vec<Act>) {
        self.asks(now);
        let may = self.sends.take(now) && self.arrival.allowance.take(now);
        let outcome = match payload.size() {
            _ if !may => Outcome::Busy,
            size if size > MAX_NOTE_BYTES => Outcome::Refused,
            _ => {
                let until = now + self.config.limits.offline_after;
                self.hub.leave(to, payload, self.arrival.origin, now, until);
                Outcome::Taken
            }
        };
        acts.push(result(id, outcome));
    }

    /// A delivery was answered, whichever way.
    fn answered(&mut self, now: Instant, id: u32, how: fn(Receipt), acts: &mut Vec<Act>) {
        if let Some(receipt) = self.in_flight.answered(id) {
            how(receipt);
        }
        self.deliver(now, acts);
    }

    /// Writes what is queued for us, as far as the line has room.
    fn deliver(&mut self, now: Instant, acts: &mut Vec<Act>) {
        let Standing::Registered { seat } = &self.standing else {
            return;
        };
        loop {
            match seat.next_delivery(self.in_flight.room(), now) {
                Next::Delivery(delivery) => {
                    let (id, payload) = self.in_flight.sent(*delivery, now);
                    acts.push(Act::Frame(ServerFrame::Deliver { id, payload }));
                }
                Next::NoRoom => {
                    acts.extend(self.in_flight.ask().map(Act::Ask));
                    return;
                }
                Next::Nothing => return,
            }
        }
    }

    /// Mail from another session.
    pub(super) fn handle_mail(&mut self, now: Instant, mail: Mail, acts: &mut Vec<Act>) {
        match mail {
            Mail::Waiting => self.deliver(now, acts),
            Mail::Delivered(number) => {
                let index = self.open.iter().position(|open| open.number == number);
                if let Some(open) = index.and_then(|index| self.open.remove(index)) {
                    acts.push(result(open.id, Outcome::Delivered));
                }
            }
            Mail::Replaced => {
                acts.push(Act::Close(
                    ErrorCode::Replaced,
                    "The same key registered on a newer connection.",
                ));
            }
        }
    }

    /// When [`Self::handle_timeout`] wants to be called, at the latest.
    pub(super) fn deadline(&self) -> Instant {
        let limits = &self.config.limits;
        let life = match self.pinged {
            None => self.heard + limits.ping_after,
            Some(_) => self.heard + limits.dead_after,
        };
        let ack = self.in_flight.deadline();
        let open = self.open.front().map(|open| open.until);
        let idle = match self.standing {
            Standing::Greeted(_) => Some(self.asked + limits.anonymous_idle),
            Standing::Registered { .. } => None,
        };
        [ack, open, idle, self.servers_due]
            .into_iter()
            .flatten()
            .fold(life, Instant::min)
    }

    /// Time has passed; being called early does nothing.
    pub(super) fn handle_timeout(&mut self, now: Instant, acts: &mut Vec<Act>) {
        self.in_flight.handle_timeout(now);
        while let Some(open) = self.open.front()
            && open.until <= now
        {
            acts.push(result(open.id, Outcome::Offline));
            self.open.pop_front();
        }
        if self.servers_due.is_some_and(|due| due <= now) {
            self.tell_servers(now, acts);
        }
        let limits = &self.config.limits;
        if now >= self.heard + limits.dead_after {
            acts.push(Act::Close(
                ErrorCode::TimedOut,
                "Nothing was heard for too long.",
            ));
        } else if matches!(self.standing, Standing::Greeted(_))
            && now >= self.asked + limits.anonymous_idle
        {
            acts.push(Act::Close(
                ErrorCode::TimedOut,
                "Nothing was sent for a long time.",
            ));
        } else if self.pinged.is_none() && now >= self.heard + limits.ping_after {
            self.pinged = Some(now);
            acts.push(Act::Ping);
        }
    }
}

fn result(id: u32, outcome: Outcome) -> Act {
    Act::Frame(ServerFrame::Result {
        id,
        outcome,
        message: None,
    })
}

fn malformed() -> Act {
    Act::Close(
        ErrorCode::Malformed,
        "That is not a frame of this protocol.",
    )
}

fn too_large() -> Act {
    Act::Close(ErrorCode::TooLarge, "That frame is too large.")
}

#[cfg(test)]
mod tests;
