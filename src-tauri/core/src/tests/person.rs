//! Somebody in the world: their app, and what it has been told to do.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use uuid::Uuid;

use crate::call::{
    CallRecord, CallSnapshot, Calls, Direction, EndReason, Here, Input, Introduction, Output,
    Phase, Timing,
};
use crate::envelope::{Seen, Sessions};
use crate::identity::{Identity, PublicKey};
use crate::invite::Reach;
use crate::message::Kind;
use crate::name::DisplayName;

/// Timers fire when they are due; this is for rounding to milliseconds.
const SLACK: Duration = Duration::from_millis(1);

/// A peer connection, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Peer {
    pub(super) call: Uuid,
    pub(super) polite: bool,
    pub(super) initiator: bool,
    pub(super) video: bool,
    /// What the other page sent.
    pub(super) signals: Vec<String>,
    /// Whether media flows, or is about to.
    pub(super) flows: bool,
    /// Nobody answered yet: no picture and no sound leave.
    pub(super) early: bool,
}

pub(super) struct Person {
    pub(super) identity: Arc<Identity>,
    pub(super) sessions: Sessions,
    /// First messages that were opened, as they are kept on disk.
    pub(super) seen: Vec<Seen>,
    /// Agrees to connect with everybody while it rings.
    pub(super) early: bool,
    pub(super) name: DisplayName,
    pub(super) calls: Calls,
    pub(super) running: bool,
    /// Who is no contact here.
    pub(super) strangers: HashSet<PublicKey>,
    pub(super) timing: Timing,
    pub(super) ringing: Option<Uuid>,
    /// Of the call that is on, and of the one on hold.
    pub(super) peers: Vec<Peer>,
    /// The call whose peer connection was last made ready, and whether it is to offer.
    pub(super) ready: Option<(Uuid, bool)>,
    pub(super) records: Vec<CallRecord>,
    pub(super) waiting: Vec<DisplayName>,
    pub(super) learned: Vec<(PublicKey, Vec<Reach>)>,
    pub(super) hinted: Vec<(PublicKey, Vec<Reach>, Option<u16>)>,
    /// All outputs since the app was started.
    pub(super) outputs: Vec<Output>,
    over: HashSet<Uuid>,
    /// Since when each call is in its phase.
    phases: Vec<(Uuid, Phase, Instant)>,
}

impl Person {
    pub(super) fn new(seed: u8, name: &str, timing: Timing) -> Self {
        let identity = Arc::new(Identity::from_seed([seed; 32]));
        let mut person = Self {
            calls: Calls::new(identity.public(), timing),
            sessions: Sessions::new(Arc::clone(&identity), []),
            seen: Vec::new(),
            early: false,
            identity,
            name: DisplayName::parse(name).unwrap(),
            running: true,
            strangers: HashSet::new(),
            timing,
            ringing: None,
            peers: Vec::new(),
            ready: None,
            records: Vec::new(),
            waiting: Vec::new(),
            learned: Vec::new(),
            hinted: Vec::new(),
            outputs: Vec::new(),
            over: HashSet::new(),
            phases: Vec::new(),
        };
        person.move_to(person.here());
        person
    }

    /// This app can be reached here now.
    pub(super) fn move_to(&mut self, here: Here) {
        self.calls.handle(Instant::now(), Input::Here(here));
    }

    /// Where this app can be reached at first: at a meeting point, and on its own network.
    pub(super) fn here(&self) -> Here {
        let meeting_point = format!("ws://{}.example", self.name.as_str().to_lowercase());
        let addresses = [meeting_point.as_str(), "ws://192.0.2.7:47100"];
        Here {
            reach: addresses.map(|url| Reach::parse(url).unwrap()).to_vec(),
            port: Some(47100),
        }
    }

    pub(super) fn key(&self) -> PublicKey {
        self.identity.public()
    }

    pub(super) fn introduction(&self) -> Introduction {
        Introduction {
            name: self.name.clone(),
            early: self.early,
        }
    }

    /// The app is gone, without a word.
    pub(super) fn die(&mut self) {
        let reborn = Self::new(0, self.name.as_str(), self.timing);
        let old = std::mem::replace(self, reborn);
        self.calls = Calls::new(old.identity.public(), old.timing);
        let here = Input::Here(self.here());
        self.calls.handle(Instant::now(), here);
        self.sessions = Sessions::new(Arc::clone(&old.identity), old.seen.iter().copied());
        self.seen = old.seen;
        self.early = old.early;
        self.identity = old.identity;
        self.strangers = old.strangers;
        self.running = false;
    }

    /// Takes note of an output and checks that it is one an app may be given now.
    pub(super) fn carry_out(&mut self, output: &Output) {
        self.outputs.push(output.clone());
        match output {
            Output::Send { message, .. } => {
                if message.seq == 0 && message.kind != Kind::Alive {
                    // A liar may use somebody else's id for a call of their own.
                    self.over.remove(&message.call);
                }
                assert!(
                    !self.over.contains(&message.call),
                    "said {message:?} after the end"
                );
                if let Kind::Signal { .. } = message.kind {
                    assert!(
                        self.peer(message.call).is_some(),
                        "a signal without a peer connection"
                    );
                }
            }
            Output::Ring { call, contact, .. } => {
                assert!(!self.has_record(*call, *contact), "rings after the end");
                assert_eq!(self.ringing.replace(*call), None, "rings twice");
            }
            Output::StopRinging => assert!(self.ringing.take().is_some(), "did not ring"),
            Output::PreparePeer {
                call,
                polite,
                initiator,
                ..
            } => {
                assert!(self.peers.is_empty(), "gets ready beside a peer connection");
                assert_ne!(polite, initiator);
                self.ready = Some((*call, *initiator));
            }
            Output::StartPeer {
                call,
                polite,
                initiator,
                video,
                early,
                ..
            } => {
                let ready = self.ready.take_if(|(ready, _)| ready == call);
                assert!(ready.is_none_or(|(_, offers)| offers == *initiator && !early));
                assert!(self.early || !early, "connects early and does not agree");
                assert_ne!(polite, initiator);
                assert!(self.peers.len() < 2, "three peer connections");
                assert!(self.peer(*call).is_none(), "two peer connections");
                self.peers.push(Peer {
                    call: *call,
                    polite: *polite,
                    initiator: *initiator,
                    video: *video,
                    signals: Vec::new(),
                    flows: false,
                    early: *early,
                });
            }
            Output::ResumePeer {
                call,
                polite,
                early,
                ..
            } => {
                let peer = self.peer_mut(*call).expect("resumes what never began");
                assert_eq!((peer.polite, peer.early), (*polite, *early));
                peer.signals.clear();
                peer.flows = false;
            }
            Output::Accepted { call, video } => {
                let peer = self.peer_mut(*call).expect("accepted without a peer");
                assert!(peer.early, "accepted twice");
                (peer.early, peer.video) = (false, *video);
            }
            Output::Deliver { call, data } => {
                let peer = self
                    .peer_mut(*call)
                    .expect("a signal for no peer connection");
                peer.signals.push(data.clone());
            }
            Output::StopPeer { call } => {
                let before = self.peers.len();
                self.peers.retain(|peer| peer.call != *call);
                assert_eq!(self.peers.len() + 1, before, "no peer connection");
            }
            Output::Ended { record } => {
                assert!(!self.has_record(record.call, record.contact), "ended twice");
                assert_eq!(record.missed, record.reason == EndReason::Missed);
                assert!(!record.missed || record.direction == Direction::Incoming);
                self.records.push(record.clone());
            }
            Output::Over { call, .. } => assert!(self.over.insert(*call), "over twice"),
            Output::CallWaiting { name, .. } => self.waiting.push(name.clone()),
            Output::Hinted {
                contact,
                servers,
                port,
            } => self.hinted.push((*contact, servers.clone(), *port)),
            Output::Learned { contact, reach } => self.learned.push((*contact, reach.clone())),
            Output::Changed => {}
        }
    }

    pub(super) fn peer(&self, call: Uuid) -> Option<&Peer> {
        self.peers.iter().find(|peer| peer.call == call)
    }

    pub(super) fn peer_mut(&mut self, call: Uuid) -> Option<&mut Peer> {
        self.peers.iter_mut().find(|peer| peer.call == call)
    }

    fn has_record(&self, call: Uuid, contact: PublicKey) -> bool {
        self.records
            .iter()
            .any(|record| (record.call, record.contact) == (call, contact))
    }

    /// What must hold whenever an app waits, `timed_out` where it just dealt with what was due.
    pub(super) fn check(&mut self, now: Instant, timed_out: bool) {
        let snapshot = self.calls.snapshot(now);
        let phase = snapshot.as_ref().map(|s| s.phase);
        let busy = phase.is_some_and(|phase| phase != Phase::Ended);
        assert_eq!(self.calls.is_busy(), busy);
        assert_eq!(
            self.calls.poll_timeout().is_some(),
            phase.is_some(),
            "{phase:?} without a timeout"
        );
        let due = |at: Instant| at < now || (timed_out && at == now);
        assert!(
            !self.calls.poll_timeout().is_some_and(due),
            "a timeout that was due is still there"
        );
        let held = self.calls.held(now);
        let shown: Vec<CallSnapshot> = snapshot.iter().chain(&held).cloned().collect();
        self.phases
            .retain(|(call, ..)| shown.iter().any(|snapshot| snapshot.id == *call));
        let with_peer = shown.iter().filter(|one| self.peer(one.id).is_some());
        assert_eq!(
            with_peer.count(),
            self.peers.len(),
            "of a call that is over"
        );
        if let Some(held) = &held {
            assert!(busy, "on hold for nobody");
            assert!(self.calls.waiting().is_none(), "too many calls");
            assert!(agreed(held.phase), "{:?} on hold", held.phase);
        }
        let rings =
            snapshot.filter(|it| it.phase == Phase::Ringing && it.direction == Direction::Incoming);
        assert_eq!(self.ringing, rings.map(|snapshot| snapshot.id));
        for snapshot in shown {
            self.check_call(&snapshot, now);
        }
    }

    fn check_call(&mut self, snapshot: &CallSnapshot, now: Instant) {
        let agreed = agreed(snapshot.phase);
        match self.peer(snapshot.id) {
            Some(peer) => {
                let early = snapshot.phase == Phase::Ringing && self.early;
                assert!(
                    agreed || early,
                    "a peer connection while {:?}",
                    snapshot.phase
                );
                assert_eq!(peer.early, early);
            }
            None => assert!(!agreed, "no peer connection while {:?}", snapshot.phase),
        }
        assert_eq!(snapshot.reason.is_some(), snapshot.phase == Phase::Ended);
        assert_eq!(
            self.over.contains(&snapshot.id),
            snapshot.phase == Phase::Ended
        );
        match snapshot.phase {
            Phase::Connected | Phase::Reconnecting => assert!(snapshot.connected_ms.is_some()),
            Phase::Inviting | Phase::Ringing | Phase::Connecting => {
                assert_eq!(snapshot.connected_ms, None)
            }
            Phase::Ended => {}
        }
        self.check_not_stuck(snapshot.id, snapshot.phase, now);
    }

    fn check_not_stuck(&mut self, call: Uuid, phase: Phase, now: Instant) {
        let known = self.phases.iter().position(|(known, ..)| *known == call);
        let since = match known.map(|at| self.phases.swap_remove(at)) {
            Some((_, same, since)) if same == phase => since,
            _ => now,
        };
        self.phases.push((call, phase, since));
        let longest = match phase {
            Phase::Inviting | Phase::Ringing => self.timing.no_answer,
            Phase::Connecting => self.timing.connecting,
            Phase::Reconnecting => self.timing.reconnecting,
            Phase::Ended => self.timing.ended_shown,
            Phase::Connected => return,
        };
        assert!(now - since <= longest + SLACK, "stuck in {phase:?}");
    }
}

fn agreed(phase: Phase) -> bool {
    matches!(
        phase,
        Phase::Connecting | Phase::Connected | Phase::Reconnecting
    )
}
