//! What every transition works with: the time, and where to put what is to be done.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::dialog::Dialog;
use super::state::{Ahead, Incoming, Outgoing, State};
use super::types::{Here, Output, Timing};
use super::waiting::Waiting;
use super::{CallRecord, EndReason, Phase};
use crate::identity::PublicKey;
use crate::invite::MAX_REACH;
use crate::message::{HangUp, Kind, Message};

/// How many calls that are over are remembered, so that a late or repeated invite does not ring again.
const REMEMBERED: usize = 256;

/// Calls that are over, newest last.
#[derive(Debug, Default)]
pub(super) struct Past(VecDeque<(PublicKey, Uuid)>);

impl Past {
    pub(super) fn contains(&self, peer: PublicKey, call: Uuid) -> bool {
        self.0.contains(&(peer, call))
    }

    pub(super) fn add(&mut self, peer: PublicKey, call: Uuid) {
        if self.contains(peer, call) {
            return;
        }
        if self.0.len() >= REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back((peer, call));
    }
}

/// One input's time and outputs.
pub(super) struct Desk<'a> {
    pub(super) now: Instant,
    pub(super) own: PublicKey,
    pub(super) timing: Timing,
    pub(super) here: &'a Here,
    pub(super) past: &'a mut Past,
    pub(super) waiting: &'a mut Option<Waiting>,
    pub(super) held: &'a mut Option<State>,
    pub(super) outputs: &'a mut VecDeque<Output>,
    pub(super) changed: bool,
}

impl Desk<'_> {
    pub(super) fn put(&mut self, output: Output) {
        self.outputs.push_back(output);
    }

    /// Whether this call waits.
    pub(super) fn waits(&self, peer: PublicKey, call: Uuid) -> bool {
        self.waiting
            .as_ref()
            .is_some_and(|waiting| waiting.is(peer, call))
    }

    /// Sends the call's next message.
    pub(super) fn send(&mut self, dialog: &mut Dialog, kind: Kind) {
        let message = dialog.message(kind);
        self.put(Output::Send {
            to: dialog.peer,
            message,
        });
    }

    /// Sends the only message of a call that is none here.
    pub(super) fn refuse(&mut self, to: PublicKey, call: Uuid) {
        self.put(Output::Send {
            to,
            message: Message {
                call,
                seq: 0,
                kind: Kind::Busy,
            },
        });
        self.close(to, call);
    }

    /// Nothing more comes of this call.
    pub(super) fn close(&mut self, peer: PublicKey, call: Uuid) {
        self.past.add(peer, call);
        self.put(Output::Over {
            call,
            contact: peer,
        });
    }

    /// Tells the other side where this app can be reached. Only for who may know.
    pub(super) fn send_here(&mut self, dialog: &mut Dialog) {
        let mut reach = self.here.reach.clone();
        reach.truncate(MAX_REACH);
        if !reach.is_empty() {
            self.send(dialog, Kind::Here { reach });
        }
    }

    /// The call was answered: the media may flow from now on.
    pub(super) fn answered(&mut self, dialog: &mut Dialog, initiator: bool, ahead: Ahead) {
        match ahead {
            Ahead::Not => self.start_peer(dialog, initiator, false),
            Ahead::Connecting | Ahead::Connected => {
                self.put(Output::Accepted {
                    call: dialog.call,
                    video: dialog.video,
                });
                self.changed = true;
            }
        }
    }

    /// It rings on both sides. Where they agreed to connect early they do; otherwise each gets ready, and nothing leaves.
    pub(super) fn ringing(&mut self, dialog: &mut Dialog, initiator: bool, ahead: Ahead) {
        match ahead {
            Ahead::Not => self.put(Output::PreparePeer {
                call: dialog.call,
                contact: dialog.peer,
                polite: !initiator,
                initiator,
            }),
            Ahead::Connecting | Ahead::Connected => self.start_peer(dialog, initiator, true),
        }
    }

    /// Both sides agreed, to the call or to connect early: addresses may leave from now on.
    pub(super) fn start_peer(&mut self, dialog: &mut Dialog, initiator: bool, early: bool) {
        self.send_here(dialog);
        self.put(Output::StartPeer {
            early,
            call: dialog.call,
            contact: dialog.peer,
            polite: !initiator,
            initiator,
            video: dialog.video,
        });
        self.changed = true;
    }

    /// Ends the call, telling the other side where `last` says so. A state without a call stays.
    pub(super) fn end(&mut self, mut state: State, reason: EndReason, last: Option<Kind>) -> State {
        let Some(mut snapshot) = state.snapshot(self.now) else {
            return state;
        };
        let talked = state.talked(self.now);
        let rings_here = matches!(
            &state,
            State::Incoming {
                phase: Incoming::Ringing { .. },
                ..
            }
        );
        let has_peer = state.with_peer().is_some();
        let Some(dialog) = state.dialog_mut() else {
            return state;
        };
        if rings_here {
            self.put(Output::StopRinging);
        }
        if has_peer {
            self.put(Output::StopPeer { call: dialog.call });
        }
        if let Some(kind) = last {
            self.send(dialog, kind);
        }
        self.put(Output::Ended {
            record: record(dialog, reason, talked, self.now),
        });
        self.close(dialog.peer, dialog.call);
        self.changed = true;
        snapshot.phase = Phase::Ended;
        snapshot.reason = Some(reason);
        State::Ended {
            last: Box::new(snapshot),
            until: self.now + self.timing.ended_shown,
        }
    }
}

/// A call that is over, for the history.
pub(super) fn record(
    dialog: &Dialog,
    reason: EndReason,
    talked: Option<Duration>,
    now: Instant,
) -> CallRecord {
    CallRecord {
        call: dialog.call,
        contact: dialog.peer,
        name: dialog.name.clone(),
        direction: dialog.direction,
        video: dialog.video || dialog.peer_video,
        reason,
        missed: reason == EndReason::Missed,
        began_ago: now.saturating_duration_since(dialog.began),
        talked,
    }
}

/// What the other side is told when this side ends a call for this reason by itself.
pub(super) fn farewell(state: &State, reason: EndReason) -> Option<Kind> {
    match state {
        State::Idle | State::Ended { .. } => None,
        State::Outgoing {
            phase: Outgoing::Inviting { .. } | Outgoing::Ringing { .. },
            ..
        } if reason != EndReason::Untrusted => Some(Kind::Cancel),
        State::Incoming { .. }
        | State::Outgoing { .. }
        | State::Connected { .. }
        | State::Reconnecting { .. } => {
            let reason = match reason {
                EndReason::Lost => HangUp::Lost,
                EndReason::NotConnected => HangUp::Failed,
                EndReason::Untrusted => HangUp::Untrusted,
                EndReason::Declined
                | EndReason::Busy
                | EndReason::NoAnswer
                | EndReason::Missed
                | EndReason::Cancelled
                | EndReason::Unreachable
                | EndReason::EndedByMe
                | EndReason::EndedByPeer => HangUp::Ended,
            };
            Some(Kind::HangUp { reason })
        }
    }
}
