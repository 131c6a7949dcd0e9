//! A second caller: it rings there, and waits here until the call that is on is over or the person decides.

use std::time::Instant;

use uuid::Uuid;

use super::desk::{Desk, record};
use super::dialog::Dialog;
use super::held;
use super::last::Last;
use super::local::{answer, hang_up};
use super::remote::Caller;
use super::shown::CallWaiting;
use super::state::{Ahead, Incoming, Outgoing, State};
use super::types::{Output, Timing};
use super::{Direction, EndReason};
use crate::identity::PublicKey;
use crate::message::{HangUp, Kind, Message};

/// The call that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) dialog: Box<Dialog>,
    /// Then nobody answered.
    until: Instant,
}

impl Waiting {
    pub(super) fn is(&self, peer: PublicKey, call: Uuid) -> bool {
        self.dialog.peer == peer && self.dialog.call == call
    }

    pub(super) fn shown(&self) -> CallWaiting {
        CallWaiting {
            call: self.dialog.call,
            contact: self.dialog.peer,
            name: self.dialog.name.clone(),
            video: self.dialog.peer_video,
        }
    }

    pub(super) fn deadline(&self, timing: &Timing) -> Instant {
        let silent = self.dialog.heard + timing.peer_silent;
        silent.min(self.until).min(self.dialog.alive_due)
    }
}

/// Somebody calls while a call with somebody else is on. Where that one is still ringing, or a third one is on hold, they
/// hear "busy".
pub(super) fn invited(state: &State, caller: Caller, desk: &mut Desk<'_>) {
    let (peer, call) = (caller.peer, caller.call);
    let name = caller.contact.name.clone();
    let mut dialog = caller.dialog(desk);
    let taken = desk
        .waiting
        .as_ref()
        .is_some_and(|waiting| waiting.dialog.peer != peer);
    if taken || !answered(state) || !held::makes_room(peer, desk) {
        desk.put(Output::Ended {
            record: record(&dialog, EndReason::Missed, None, desk.now),
        });
        desk.refuse(peer, call);
        desk.put(Output::CallWaiting {
            contact: peer,
            name,
        });
        return;
    }
    // They have no other call than this one: what was before is over.
    end(EndReason::Missed, None, desk);
    // The pages have no second peer connection: this one waits for its answer.
    desk.send(&mut dialog, Kind::Ringing { early: false });
    let until = desk.now + desk.timing.no_answer;
    *desk.waiting = Some(Waiting {
        dialog: Box::new(dialog),
        until,
    });
    desk.changed = true;
}

/// Whether both said yes to this call.
pub(super) fn answered(state: &State) -> bool {
    match state {
        State::Connected { .. }
        | State::Reconnecting { .. }
        | State::Outgoing {
            phase: Outgoing::Connecting { .. },
            ..
        }
        | State::Incoming {
            phase: Incoming::Connecting { .. },
            ..
        } => true,
        State::Idle | State::Outgoing { .. } | State::Incoming { .. } | State::Ended { .. } => {
            false
        }
    }
}

/// The one who waits says something.
pub(super) fn received(message: Message, desk: &mut Desk<'_>) {
    let gone = match Last::of(&message.kind) {
        Some(Last::HangUp(HangUp::Untrusted)) => Some(EndReason::Untrusted),
        Some(Last::Cancel | Last::HangUp(_)) => Some(EndReason::Missed),
        Some(Last::Decline(_) | Last::Busy) => return,
        None => None,
    };
    match (gone, desk.waiting.as_mut()) {
        (Some(reason), _) => end(reason, None, desk),
        (None, Some(waiting)) => {
            waiting.dialog.receive(desk.now, message);
            // Before the answer nothing else means anything.
            while waiting.dialog.next().is_some() {}
        }
        (None, None) => {}
    }
}

/// The person refuses the one who waits.
pub(super) fn decline(desk: &mut Desk<'_>) {
    end(
        EndReason::Declined,
        Some(Kind::Decline { minutes: None }),
        desk,
    );
}

/// The person ends the call that is on and answers the one who waits.
pub(super) fn end_and_accept(state: State, video: bool, desk: &mut Desk<'_>) -> State {
    let Some(mut waiting) = desk.waiting.take() else {
        return state;
    };
    hang_up(state, desk);
    waiting.dialog.video = video;
    desk.changed = true;
    answer(waiting.dialog, Ahead::Not, desk)
}

/// No call is on any more: the one that waits rings.
pub(super) fn next(state: State, desk: &mut Desk<'_>) -> State {
    if state.dialog().is_some() {
        return state;
    }
    let Some(Waiting { mut dialog, until }) = desk.waiting.take() else {
        return state;
    };
    desk.put(Output::Ring {
        call: dialog.call,
        contact: dialog.peer,
        name: dialog.name.clone(),
        video: dialog.peer_video,
    });
    desk.ringing(&mut dialog, true, Ahead::Not);
    desk.changed = true;
    State::Incoming {
        dialog,
        phase: Incoming::Ringing {
            until,
            ahead: Ahead::Not,
        },
    }
}

pub(super) fn timeout(desk: &mut Desk<'_>) {
    let Some(waiting) = desk.waiting.as_mut() else {
        return;
    };
    let silent = waiting.dialog.heard + desk.timing.peer_silent;
    if silent.min(waiting.until) <= desk.now {
        let reason = HangUp::Ended;
        end(EndReason::Missed, Some(Kind::HangUp { reason }), desk);
    } else if waiting.dialog.alive_due <= desk.now {
        waiting.dialog.alive_due = desk.now + desk.timing.alive;
        let message = waiting.dialog.message(Kind::Alive);
        let to = waiting.dialog.peer;
        desk.put(Output::Send { to, message });
    }
}

/// The call that waits is over, if there is one.
fn end(reason: EndReason, last: Option<Kind>, desk: &mut Desk<'_>) {
    let Some(Waiting { mut dialog, .. }) = desk.waiting.take() else {
        return;
    };
    debug_assert_eq!(dialog.direction, Direction::Incoming);
    if let Some(kind) = last {
        desk.send(&mut dialog, kind);
    }
    desk.put(Output::Ended {
        record: record(&dialog, reason, None, desk.now),
    });
    desk.close(dialog.peer, dialog.call);
    desk.changed = true;
}
