//! All sessions that are on, and which of them an envelope belongs to.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::handshake::{self, AROUND_SECOND, Answered, Ephemeral, First, Handshake, MARK, Mark};
use super::replays::{Admission, Replays, Seen};
use super::transport::Transport;
use super::{EnvelopeError, MAX_SKEW_MS, packet};
use crate::identity::{Identity, PublicKey};
use crate::message::{Kind, MAX_SIGNAL, Message};

/// The most sessions at once.
const MAX_SESSIONS: usize = 64;
/// The most sessions with one person: a call each way, and some that are just ending.
const MAX_WITH_ONE: usize = 4;
/// The most envelopes that wait for an answer they may belong to.
const MAX_HELD: usize = 32;
/// How long a session that was never answered here is kept, in milliseconds; the app answers at once or not at all.
const UNANSWERED_MS: u64 = 120_000;

/// An opened envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Who sealed it.
    pub from: PublicKey,
    /// What it says.
    pub message: Message,
}

/// The sealed side of this app: everything that is sent goes through [`Sessions::seal`], everything that arrives
/// through [`Sessions::open`].
pub struct Sessions {
    me: Arc<Identity>,
    live: Vec<Session>,
    held: VecDeque<Vec<u8>>,
    replays: Replays,
}

/// A session of one call with one person.
struct Session {
    peer: PublicKey,
    call: Uuid,
    since_ms: u64,
    state: State,
}

/// ```text
/// seal(Invite) ──▶ Began ── message 2 opened ──────────────▶ ┌──────┐
/// message 1 opened, an Invite ──▶ Called ── seal(answer) ──▶ │ Open │
///                                                            └──────┘
/// ```
enum State {
    /// Message 1 is out.
    Began { handshake: Handshake, mark: Mark },
    /// Message 1 is here.
    Called { handshake: Handshake, mark: Mark },
    /// Both have the keys. `answer` is message 2 where it came from the other side: it may come once more.
    Open {
        transport: Box<Transport>,
        answer: Option<[u8; 32]>,
    },
}

/// The text of message 1.
#[derive(Serialize, Deserialize)]
struct Letter {
    /// The sender's Ed25519 key.
    from: PublicKey,
    /// When it was sealed, in milliseconds of Unix time.
    at: u64,
    /// What message 2 shall begin with.
    #[serde(with = "crate::base64url")]
    mark: Mark,
    message: Message,
}

impl Sessions {
    /// No session yet. `before` is what [`Sessions::take_seen`] gave in earlier runs.
    #[must_use]
    pub fn new(me: Arc<Identity>, before: impl IntoIterator<Item = Seen>) -> Self {
        Self {
            me,
            live: Vec::new(),
            held: VecDeque::new(),
            replays: Replays::new(before),
        }
    }

    /// Seals a message for one person. `now_ms` is Unix time in milliseconds.
    ///
    /// A [`Kind::Invite`] begins a session, the callee's first word answers it. While it is not answered, what may begin
    /// (see [`Kind::may_begin`]) goes in a first message of its own.
    ///
    /// # Errors
    /// [`EnvelopeError::Misplaced`] for a message that may not be said now, [`EnvelopeError::TooLarge`],
    /// [`EnvelopeError::TooMany`], [`EnvelopeError::Own`], [`EnvelopeError::Seal`]. Nothing has changed then.
    pub fn seal(
        &mut self,
        now_ms: u64,
        to: PublicKey,
        message: &Message,
    ) -> Result<Vec<u8>, EnvelopeError> {
        self.seal_fixed(now_ms, to, message, None)
    }

    /// As [`Sessions::seal`]; `fixed` is the ephemeral key and the mark of a golden test.
    pub(super) fn seal_fixed(
        &mut self,
        now_ms: u64,
        to: PublicKey,
        message: &Message,
        fixed: Option<(&Ephemeral, Mark)>,
    ) -> Result<Vec<u8>, EnvelopeError> {
        if to == self.me.public() {
            return Err(EnvelopeError::Own);
        }
        self.prune(now_ms);
        let kind = &message.kind;
        match self.find(to, message.call) {
            Some(at) => match self.live.get_mut(at).map(|session| &mut session.state) {
                Some(State::Open { transport, .. }) if !kind.may_only_begin() => {
                    return transport.seal(&json(message)?);
                }
                Some(State::Called { .. }) if kind.may_answer() => {
                    return self.answer(at, message);
                }
                _ if matches!(kind, Kind::Invite { .. }) => return Err(EnvelopeError::Misplaced),
                _ => {}
            },
            None if matches!(kind, Kind::Invite { .. }) => self.make_room(to)?,
            None => {}
        }
        if !kind.may_begin() {
            return Err(EnvelopeError::Misplaced);
        }
        let mark = match fixed {
            Some((_, mark)) => mark,
            None => draw()?,
        };
        let letter = Letter {
            from: self.me.public(),
            at: now_ms,
            mark,
            message: message.clone(),
        };
        let fixed = fixed.map(|(ephemeral, _)| ephemeral);
        let (handshake, envelope) = handshake::write_first(&self.me, to, &json(&letter)?, fixed)?;
        if let Kind::Invite { .. } = kind {
            self.live.push(Session {
                peer: to,
                call: message.call,
                since_ms: now_ms,
                state: State::Began { handshake, mark },
            });
        }
        Ok(envelope)
    }

    /// Opens what arrived: its message, and after an answer those that had come before it. `now_ms` is Unix time in
    /// milliseconds. `admit` says whether the sender of a first message is heard; what it refuses leaves no trace.
    ///
    /// The server is to be told "delivered" on `Ok` and where [`EnvelopeError::is_delivered`] says so, else "refused".
    ///
    /// # Errors
    /// [`EnvelopeError`] for all that is not a new message for us; nothing has changed then, but that an
    /// [`EnvelopeError::Early`] one is kept for a while.
    pub fn open(
        &mut self,
        now_ms: u64,
        envelope: &[u8],
        admit: impl FnOnce(PublicKey, &Message) -> Admission,
    ) -> Result<Vec<Opened>, EnvelopeError> {
        self.prune(now_ms);
        let packet = packet::unwrap(envelope)?;
        match self.open_transport(packet) {
            Err(EnvelopeError::NotForUs) => {}
            opened => return opened.map(|opened| vec![opened]),
        }
        match self.open_answer(packet) {
            Err(EnvelopeError::NotForUs) => {}
            opened => return opened.map(|opened| self.with_held(opened)),
        }
        match self.open_first(now_ms, packet, admit) {
            Err(EnvelopeError::NotForUs) if self.hold(packet) => Err(EnvelopeError::Early),
            opened => opened.map(|opened| vec![opened]),
        }
    }

    /// Forgets a session: nothing of this call can be opened any more.
    pub fn end(&mut self, peer: PublicKey, call: Uuid) {
        self.live
            .retain(|session| (session.peer, session.call) != (peer, call));
        self.let_go();
    }

    /// Forgets all sessions with somebody, who was blocked or removed.
    pub fn forget(&mut self, peer: PublicKey) {
        self.live.retain(|session| session.peer != peer);
        self.let_go();
    }

    /// First messages opened since the last time this was asked: to be kept for the next run, which must not open them
    /// again.
    pub fn take_seen(&mut self) -> Vec<Seen> {
        self.replays.take_news()
    }

    /// How many sessions are on.
    #[must_use]
    pub fn len(&self) -> usize {
        self.live.len()
    }

    /// Whether no session is on.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.live.is_empty()
    }

    fn find(&self, peer: PublicKey, call: Uuid) -> Option<usize> {
        self.live
            .iter()
            .position(|session| (session.peer, session.call) == (peer, call))
    }

    /// Seals message 2.
    fn answer(&mut self, at: usize, message: &Message) -> Result<Vec<u8>, EnvelopeError> {
        let padded = packet::pad(&json(message)?, AROUND_SECOND)?;
        let session = self.live.swap_remove(at);
        let State::Called { handshake, mark } = session.state else {
            return Err(EnvelopeError::Misplaced);
        };
        let Answered {
            transport,
            envelope,
        } = handshake.answer(mark, &padded)?;
        self.live.push(Session {
            state: State::Open {
                transport: Box::new(Transport::new(transport)),
                answer: None,
            },
            ..session
        });
        Ok(envelope)
    }

    fn open_transport(&mut self, packet: &[u8]) -> Result<Opened, EnvelopeError> {
        for session in &mut self.live {
            let State::Open { transport, .. } = &mut session.state else {
                continue;
            };
            match transport.open(packet) {
                Err(EnvelopeError::NotForUs) => {}
                text => return session.opened(&text?, |kind| !kind.may_only_begin()),
            }
        }
        Err(EnvelopeError::NotForUs)
    }

    fn open_answer(&mut self, packet: &[u8]) -> Result<Opened, EnvelopeError> {
        let (mark, noise) = packet
            .split_first_chunk::<MARK>()
            .ok_or(EnvelopeError::NotForUs)?;
        let digest: [u8; 32] = Sha256::digest(packet).into();
        let marked = |session: &Session| match &session.state {
            State::Began { mark: own, .. } => own == mark,
            State::Open { answer, .. } => *answer == Some(digest),
            State::Called { .. } => false,
        };
        let at = self.live.iter().position(marked);
        let at = at.ok_or(EnvelopeError::NotForUs)?;
        let text = match self.live.get_mut(at).map(|session| &mut session.state) {
            Some(State::Began { handshake, .. }) => handshake
                .read_answer(noise)
                .ok_or(EnvelopeError::NotForUs)?,
            _ => return Err(EnvelopeError::Repeated),
        };
        let session = self.live.swap_remove(at);
        let State::Began { handshake, .. } = session.state else {
            return Err(EnvelopeError::NotForUs);
        };
        let session = Session {
            state: State::Open {
                transport: Box::new(Transport::new(handshake.into_transport()?)),
                answer: Some(digest),
            },
            ..session
        };
        let opened = packet::unpad(&text).and_then(|text| session.opened(text, Kind::may_answer));
        self.live.push(session);
        opened
    }

    /// The answer, and what had come before it.
    fn with_held(&mut self, answer: Opened) -> Vec<Opened> {
        let mut opened = vec![answer];
        for packet in std::mem::take(&mut self.held) {
            match self.open_transport(&packet) {
                Ok(message) => opened.push(message),
                Err(EnvelopeError::NotForUs) => drop(self.hold(&packet)),
                Err(_) => {}
            }
        }
        opened
    }

    fn open_first(
        &mut self,
        now_ms: u64,
        packet: &[u8],
        admit: impl FnOnce(PublicKey, &Message) -> Admission,
    ) -> Result<Opened, EnvelopeError> {
        let First {
            handshake,
            ephemeral,
            sender,
            text,
        } = handshake::read_first(&self.me, packet)?;
        let letter: Letter = serde_json::from_slice(&text).map_err(|_| EnvelopeError::Body)?;
        let Letter {
            from,
            at,
            mark,
            message,
        } = letter;
        if from.x25519() != sender {
            return Err(EnvelopeError::Sender);
        }
        if from == self.me.public() {
            return Err(EnvelopeError::Own);
        }
        let off = now_ms.abs_diff(at);
        if off > MAX_SKEW_MS {
            return Err(EnvelopeError::Stale(off / 1000));
        }
        if !message.kind.may_begin() {
            return Err(EnvelopeError::Misplaced);
        }
        let begins = matches!(message.kind, Kind::Invite { .. });
        let admission = match admit(from, &message) {
            Admission::Guest if begins => Admission::Refused,
            admission => admission,
        };
        if admission == Admission::Refused {
            return Err(EnvelopeError::NotHeard);
        }
        if self.replays.contains(&ephemeral) {
            return Err(EnvelopeError::Repeated);
        }
        if begins && self.find(from, message.call).is_some() {
            return Err(EnvelopeError::Misplaced);
        }
        let whose = self.replays.room_for(now_ms, from, admission)?;
        if begins {
            self.make_room(from)?;
        }
        self.replays.add(now_ms, ephemeral, whose);
        if begins {
            self.live.push(Session {
                peer: from,
                call: message.call,
                since_ms: now_ms,
                state: State::Called { handshake, mark },
            });
        }
        Ok(Opened { from, message })
    }

    /// Keeps what may belong to a session that is not answered yet. What finds no room comes again: its sender was told
    /// that it did not arrive.
    fn hold(&mut self, packet: &[u8]) -> bool {
        let waits = |session: &Session| matches!(session.state, State::Began { .. });
        if self.held.len() >= MAX_HELD || !self.live.iter().any(waits) {
            return false;
        }
        if !self.held.iter().any(|held| held == packet) {
            self.held.push_back(packet.to_vec());
        }
        true
    }

    fn let_go(&mut self) {
        let waits = |session: &Session| matches!(session.state, State::Began { .. });
        if !self.live.iter().any(waits) {
            self.held.clear();
        }
    }

    /// Room for one more session with somebody; their oldest unanswered one gives way.
    fn make_room(&mut self, peer: PublicKey) -> Result<(), EnvelopeError> {
        let theirs = self.live.iter().filter(|session| session.peer == peer);
        if theirs.count() >= MAX_WITH_ONE {
            self.drop_unanswered(|session| session.peer == peer)?;
        }
        if self.live.len() >= MAX_SESSIONS {
            self.drop_unanswered(|_| true)?;
        }
        Ok(())
    }

    fn drop_unanswered(&mut self, of: impl Fn(&Session) -> bool) -> Result<(), EnvelopeError> {
        let unanswered =
            self.live.iter().enumerate().filter(|(_, session)| {
                matches!(session.state, State::Called { .. }) && of(session)
            });
        let oldest = unanswered.min_by_key(|(_, session)| session.since_ms);
        let (at, _) = oldest.ok_or(EnvelopeError::TooMany)?;
        self.live.remove(at);
        Ok(())
    }

    fn prune(&mut self, now_ms: u64) {
        self.live.retain(|session| match session.state {
            State::Called { .. } => now_ms.saturating_sub(session.since_ms) <= UNANSWERED_MS,
            State::Began { .. } | State::Open { .. } => true,
        });
    }
}

impl Session {
    /// What the other side of this session says.
    fn opened(&self, text: &[u8], may: impl Fn(&Kind) -> bool) -> Result<Opened, EnvelopeError> {
        let message: Message = serde_json::from_slice(text).map_err(|_| EnvelopeError::Body)?;
        if message.call != self.call || !may(&message.kind) {
            return Err(EnvelopeError::Misplaced);
        }
        if matches!(&message.kind, Kind::Signal { data } if data.len() > MAX_SIGNAL) {
            return Err(EnvelopeError::Body);
        }
        Ok(Opened {
            from: self.peer,
            message,
        })
    }
}

/// Keys and envelopes are secret: counts show.
impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Sessions({} live, {} held)",
            self.live.len(),
            self.held.len()
        )
    }
}

fn json(text: &impl Serialize) -> Result<Vec<u8>, EnvelopeError> {
    serde_json::to_vec(text).map_err(|_| EnvelopeError::Body)
}

fn draw() -> Result<Mark, EnvelopeError> {
    let mut mark = [0; MARK];
    getrandom::fill(&mut mark).map_err(|_| EnvelopeError::Seal)?;
    Ok(mark)
}
