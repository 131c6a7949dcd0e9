//! All sessions that are on, and which of them an envelope belongs to.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

use super::handshake::{self, First, MARK};
use super::replays::{self, Admission, Replays, Seen};
use super::session::{Letter, Session, State, digest, json};
use super::transport::Transport;
use super::{EnvelopeError, MAX_SKEW_MS, packet};
use crate::identity::{Identity, PublicKey};
use crate::message::{Kind, Message};

/// The most sessions at once.
const MAX_SESSIONS: usize = 64;
/// The most sessions with one person: a call each way, and some that are just ending.
const MAX_WITH_ONE: usize = 4;
/// The most envelopes that wait for an answer they may belong to.
const MAX_HELD: usize = 32;
/// How long the keys of a call that is over are kept, in milliseconds: what was under way when it ended still arrives,
/// and is not offered again and again.
const LINGER_MS: u64 = 30_000;
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
    over: VecDeque<Over>,
    held: VecDeque<Vec<u8>>,
    /// What was held and then opened, and is still to be acknowledged, by hash.
    overtook: VecDeque<[u8; 32]>,
    replays: Replays,
}

/// The keys of a call that is over.
struct Over {
    peer: PublicKey,
    until_ms: u64,
    transport: Box<Transport>,
}

impl Sessions {
    /// No session yet. `before` is what [`Sessions::take_seen`] gave in earlier runs.
    #[must_use]
    pub fn new(me: Arc<Identity>, before: impl IntoIterator<Item = Seen>) -> Self {
        Self {
            me,
            live: Vec::new(),
            over: VecDeque::new(),
            held: VecDeque::new(),
            overtook: VecDeque::new(),
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
                // They began one under an id that this side made: a liar's, and nothing is lost with it.
                Some(State::Called { .. }) if matches!(kind, Kind::Invite { .. }) => {
                    self.live.remove(at);
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
        let mut mark = [0; MARK];
        getrandom::fill(&mut mark).map_err(|_| EnvelopeError::Seal)?;
        let letter = Letter {
            from: self.me.public(),
            at: now_ms,
            mark,
            message: message.clone(),
        };
        let (handshake, envelope) = handshake::write_first(&self.me, to, &json(&letter)?, None)?;
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
            Err(EnvelopeError::Repeated) if self.is_due(packet) => {
                return Err(EnvelopeError::Overtook);
            }
            opened => return opened.map(|opened| vec![opened]),
        }
        match self.open_answer(packet) {
            Err(EnvelopeError::NotForUs) => {}
            opened => return opened.map(|opened| self.with_held(opened)),
        }
        for over in &mut self.over {
            match over.transport.open(packet) {
                Err(EnvelopeError::NotForUs) => {}
                Err(EnvelopeError::Repeated) => return Err(EnvelopeError::Repeated),
                _ => return Err(EnvelopeError::Over),
            }
        }
        match self.open_first(now_ms, packet, admit) {
            Err(EnvelopeError::NotForUs) if self.hold(packet) => Err(EnvelopeError::Early),
            opened => opened.map(|opened| vec![opened]),
        }
    }

    /// Ends a session: nothing of this call is sealed or told any more. What was under way is recognised for a while.
    pub fn end(&mut self, now_ms: u64, peer: PublicKey, call: Uuid) {
        let Some(at) = self.find(peer, call) else {
            return;
        };
        let session = self.live.swap_remove(at);
        if let State::Open { transport, .. } = session.state {
            if self.over.len() >= MAX_SESSIONS {
                self.over.pop_front();
            }
            self.over.push_back(Over {
                peer,
                until_ms: now_ms.saturating_add(LINGER_MS),
                transport,
            });
        }
        self.let_go();
    }

    /// Forgets all sessions with somebody, who was blocked or removed.
    pub fn forget(&mut self, peer: PublicKey) {
        self.live.retain(|session| session.peer != peer);
        self.over.retain(|over| over.peer != peer);
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

    /// Any text in a transport message of a session, as a program of one's own could send it.
    #[cfg(test)]
    pub(super) fn craft(&mut self, peer: PublicKey, call: Uuid, text: &[u8]) -> Vec<u8> {
        let at = self.find(peer, call).unwrap();
        let State::Open { transport, .. } = &mut self.live[at].state else {
            panic!("no transport")
        };
        transport.seal(text).unwrap()
    }

    /// Whether there is a session of this call.
    #[cfg(test)]
    pub(crate) fn has(&self, peer: PublicKey, call: Uuid) -> bool {
        self.find(peer, call).is_some()
    }

    fn find(&self, peer: PublicKey, call: Uuid) -> Option<usize> {
        self.live
            .iter()
            .position(|session| (session.peer, session.call) == (peer, call))
    }

    fn answer(&mut self, at: usize, message: &Message) -> Result<Vec<u8>, EnvelopeError> {
        // First what can fail without harm.
        let padded = Session::padded_answer(message)?;
        let (session, envelope) = self.live.swap_remove(at).answer(&padded)?;
        self.live.push(session);
        Ok(envelope)
    }

    fn open_transport(&mut self, packet: &[u8]) -> Result<Opened, EnvelopeError> {
        for session in &mut self.live {
            match session.open_transport(packet) {
                Err(EnvelopeError::NotForUs) => {}
                opened => return opened,
            }
        }
        Err(EnvelopeError::NotForUs)
    }

    fn open_answer(&mut self, packet: &[u8]) -> Result<Opened, EnvelopeError> {
        for at in 0..self.live.len() {
            let read = self.live.get_mut(at).map(|one| one.read_answer(packet));
            let padded = match read {
                None | Some(Err(EnvelopeError::NotForUs)) => continue,
                Some(read) => read?,
            };
            let session = self.live.swap_remove(at).answered(packet)?;
            let text = packet::unpad(&padded);
            let opened = text.and_then(|text| session.opened(text, Kind::may_answer));
            self.live.push(session);
            return opened;
        }
        Err(EnvelopeError::NotForUs)
    }

    /// The answer, and what had come before it.
    fn with_held(&mut self, answer: Opened) -> Vec<Opened> {
        let mut opened = vec![answer];
        for packet in std::mem::take(&mut self.held) {
            match self.open_transport(&packet) {
                Ok(message) => {
                    if self.overtook.len() >= MAX_HELD {
                        self.overtook.pop_front();
                    }
                    self.overtook.push_back(digest(&packet));
                    opened.push(message);
                }
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
        } = handshake::read_first(&self.me, packet, None)?;
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
        let patience = replays::patience(&message.kind);
        let off = now_ms.abs_diff(at);
        if off > if at > now_ms { MAX_SKEW_MS } else { patience } {
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
        self.replays.add(now_ms, patience, ephemeral, whose);
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
        if self.held.len() >= MAX_HELD || !self.live.iter().any(Session::is_waiting) {
            return false;
        }
        if !self.held.iter().any(|held| held == packet) {
            self.held.push_back(packet.to_vec());
        }
        true
    }

    /// Whether this was held, then opened, and not acknowledged since; once.
    fn is_due(&mut self, packet: &[u8]) -> bool {
        let hash = digest(packet);
        let at = self.overtook.iter().position(|due| *due == hash);
        at.is_some_and(|at| self.overtook.remove(at).is_some())
    }

    fn let_go(&mut self) {
        if !self.live.iter().any(Session::is_waiting) {
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
        let unanswered = self.live.iter().enumerate();
        let unanswered = unanswered.filter(|(_, one)| one.is_unanswered() && of(one));
        let oldest = unanswered.min_by_key(|(_, session)| session.since_ms);
        let (at, _) = oldest.ok_or(EnvelopeError::TooMany)?;
        self.live.remove(at);
        Ok(())
    }

    fn prune(&mut self, now_ms: u64) {
        self.live.retain(|session| {
            let age = now_ms.saturating_sub(session.since_ms);
            !session.is_unanswered() || age <= UNANSWERED_MS
        });
        self.over.retain(|over| over.until_ms > now_ms);
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
