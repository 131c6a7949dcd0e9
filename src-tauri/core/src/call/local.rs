//! What the person, the page and the network of this side do.

use uuid::Uuid;

use super::desk::{Desk, farewell};
use super::dialog::{Dialog, Parties};
use super::state::{Ahead, Incoming, Outgoing, Rival, State};
use super::types::{Here, Introduction, MediaChange};
use super::{Direction, EndReason};
use crate::envelope;
use crate::identity::PublicKey;
use crate::invite::MAX_REACH;
use crate::message::Kind;
use crate::name::DisplayName;

/// The parts of [`super::Input::Call`].
pub(super) struct Wish {
    pub(super) id: Uuid,
    pub(super) contact: PublicKey,
    pub(super) name: DisplayName,
    pub(super) video: bool,
    pub(super) me: Introduction,
}

pub(super) fn call(state: State, wish: Wish, desk: &mut Desk<'_>) -> State {
    match state {
        State::Idle | State::Ended { .. } if wish.contact != desk.own => {
            let parties = Parties {
                peer: wish.contact,
                name: wish.name,
                direction: Direction::Outgoing,
                video: wish.video,
                peer_video: false,
                early: wish.me.early,
            };
            let mut dialog = Dialog::new(wish.id, parties, desk.now, desk.now + desk.timing.alive);
            // No address of this machine: only what everybody may know.
            let named = desk.here.reach.iter().filter(|reach| reach.is_named());
            let invite = Kind::Invite {
                video: wish.video,
                name: wish.me.name,
                early: wish.me.early,
                servers: named.take(MAX_REACH).cloned().collect(),
                port: desk.here.port,
            };
            desk.send(&mut dialog, invite);
            desk.changed = true;
            let until = desk.now + desk.timing.no_answer;
            State::Outgoing {
                dialog: Box::new(dialog),
                phase: Outgoing::Inviting { until, rival: None },
            }
        }
        State::Incoming {
            ref dialog,
            phase: Incoming::Ringing { .. },
        } if dialog.peer == wish.contact => accept(state, wish.video, desk),
        State::Idle
        | State::Ended { .. }
        | State::Outgoing { .. }
        | State::Incoming { .. }
        | State::Connected { .. }
        | State::Reconnecting { .. } => state,
    }
}

pub(super) fn accept(state: State, video: bool, desk: &mut Desk<'_>) -> State {
    match state {
        State::Incoming {
            mut dialog,
            phase: Incoming::Ringing { ahead, .. },
        } => {
            desk.put(super::Output::StopRinging);
            dialog.video = video;
            answer(dialog, ahead, desk)
        }
        other => other,
    }
}

/// Says yes to a call and makes the callee's end of the media.
pub(super) fn answer(mut dialog: Box<Dialog>, ahead: Ahead, desk: &mut Desk<'_>) -> State {
    let video = dialog.video;
    desk.send(&mut dialog, Kind::Accept { video });
    desk.answered(&mut dialog, true, ahead);
    if ahead == Ahead::Connected {
        return talk(dialog, desk);
    }
    let until = desk.now + desk.timing.connecting;
    State::Incoming {
        dialog,
        phase: Incoming::Connecting { until },
    }
}

/// The media of an answered call flows for the first time.
pub(super) fn talk(dialog: Box<Dialog>, desk: &Desk<'_>) -> State {
    State::Connected {
        dialog,
        since: desk.now,
    }
}

/// This app can be reached elsewhere now; whoever may know is told.
pub(super) fn moved(mut state: State, before: &Here, desk: &mut Desk<'_>) -> State {
    if let Some(dialog) = state.with_peer()
        && before.reach != desk.here.reach
    {
        desk.send_here(dialog);
    }
    state
}

/// Our call gives way to the one the callee makes to us: both people want to talk, so it is answered at once.
pub(super) fn give_way(mut ours: Box<Dialog>, rival: Rival, desk: &mut Desk<'_>) -> State {
    desk.send(&mut ours, Kind::Cancel);
    desk.close(ours.peer, ours.call);
    let parties = Parties {
        peer: ours.peer,
        name: ours.name,
        direction: Direction::Incoming,
        video: ours.video,
        peer_video: rival.video,
        early: ours.early,
    };
    let dialog = Dialog::new(rival.call, parties, desk.now, desk.now + desk.timing.alive);
    answer(Box::new(dialog), Ahead::Not, desk)
}

pub(super) fn decline(state: State, minutes: Option<u32>, desk: &mut Desk<'_>) -> State {
    match state {
        State::Incoming {
            phase: Incoming::Ringing { .. },
            ..
        } => {
            let last = Kind::Decline { minutes };
            desk.end(state, EndReason::Declined, Some(last))
                .later(minutes)
        }
        other => other,
    }
}

pub(super) fn cancel(state: State, desk: &mut Desk<'_>) -> State {
    match state {
        // What rings here is declined, not cancelled.
        State::Incoming {
            phase: Incoming::Ringing { .. },
            ..
        } => state,
        other => hang_up(other, desk),
    }
}

pub(super) fn hang_up(state: State, desk: &mut Desk<'_>) -> State {
    match state {
        State::Idle | State::Ended { .. } => state,
        State::Incoming {
            phase: Incoming::Ringing { .. },
            ..
        } => decline(state, None, desk),
        State::Outgoing {
            phase: Outgoing::Inviting { .. } | Outgoing::Ringing { .. },
            ..
        } => desk.end(state, EndReason::Cancelled, Some(Kind::Cancel)),
        State::Outgoing {
            phase: Outgoing::Connecting { .. },
            ..
        }
        | State::Incoming {
            phase: Incoming::Connecting { .. },
            ..
        }
        | State::Connected { .. }
        | State::Reconnecting { .. } => {
            let last = farewell(&state, EndReason::EndedByMe);
            desk.end(state, EndReason::EndedByMe, last)
        }
    }
}

pub(super) fn dismiss(state: State, desk: &mut Desk<'_>) -> State {
    match state {
        State::Ended { .. } => {
            desk.changed = true;
            State::Idle
        }
        other => other,
    }
}

/// Before both agreed no address leaves this machine; after the end there is nobody to tell.
pub(super) fn signal(mut state: State, call: Uuid, data: String, desk: &mut Desk<'_>) -> State {
    if let Some(dialog) = state.with_peer()
        && dialog.call == call
        && envelope::fits(&data)
    {
        desk.send(dialog, Kind::Signal { data });
    }
    state
}

pub(super) fn media(
    mut state: State,
    call: Uuid,
    change: MediaChange,
    desk: &mut Desk<'_>,
) -> State {
    if state.with_peer().is_none_or(|dialog| dialog.call != call) {
        return state;
    }
    if change == MediaChange::Untrusted {
        return give_up(state, EndReason::Untrusted, desk);
    }
    if let Some(ahead) = state.ahead_mut() {
        *ahead = match change {
            MediaChange::Connected => Ahead::Connected,
            MediaChange::Disconnected | MediaChange::Failed | MediaChange::Untrusted => {
                Ahead::Connecting
            }
        };
        return state;
    }
    let next = match (state, change) {
        (
            State::Outgoing {
                dialog,
                phase: Outgoing::Connecting { .. },
            }
            | State::Incoming {
                dialog,
                phase: Incoming::Connecting { .. },
            },
            MediaChange::Connected,
        ) => talk(dialog, desk),
        (State::Reconnecting { dialog, since, .. }, MediaChange::Connected) => {
            State::Connected { dialog, since }
        }
        (
            State::Connected { mut dialog, since },
            MediaChange::Disconnected | MediaChange::Failed,
        ) => {
            // Whether the other app can still be reached is worth knowing at once.
            dialog.alive_due = desk.now;
            State::Reconnecting {
                dialog,
                since,
                down: desk.now,
            }
        }
        // While connecting the page tries again by itself until the time is over.
        (
            unchanged,
            MediaChange::Connected
            | MediaChange::Disconnected
            | MediaChange::Failed
            | MediaChange::Untrusted,
        ) => return unchanged,
    };
    desk.changed = true;
    next
}

/// Both pages begin anew: what the lost one had negotiated is gone with it.
pub(super) fn resume(mut state: State, call: Uuid, desk: &mut Desk<'_>) -> State {
    let early = state.ahead_mut().is_some();
    let Some(dialog) = state.with_peer() else {
        return state;
    };
    if dialog.call != call {
        return state;
    }
    desk.put(super::Output::ResumePeer {
        call,
        contact: dialog.peer,
        polite: dialog.direction == Direction::Outgoing,
        video: dialog.video,
        early,
    });
    media(state, call, MediaChange::Disconnected, desk)
}

pub(super) fn undelivered(
    mut state: State,
    call: Uuid,
    to: PublicKey,
    desk: &mut Desk<'_>,
) -> State {
    match state.dialog_mut() {
        Some(dialog) if dialog.call == call && dialog.peer == to => {
            dialog.unreachable.get_or_insert(desk.now);
        }
        _ => return state,
    }
    match state {
        State::Outgoing {
            phase: Outgoing::Inviting { .. },
            ..
        } => give_up(state, EndReason::Unreachable, desk),
        // What was delivered once may be again; silence and the media judge.
        other => other,
    }
}

/// This side ends the call because of what did not happen. Where ours could not reach them and theirs reached us,
/// theirs gets its turn.
pub(super) fn give_up(state: State, reason: EndReason, desk: &mut Desk<'_>) -> State {
    match (state, reason) {
        (
            State::Outgoing {
                dialog,
                phase:
                    Outgoing::Inviting {
                        rival: Some(rival), ..
                    },
            },
            EndReason::Unreachable,
        ) => give_way(dialog, rival, desk),
        (
            State::Outgoing {
                dialog,
                phase:
                    Outgoing::Ringing {
                        rival: Some(rival),
                        ahead,
                        ..
                    },
            },
            EndReason::Unreachable,
        ) => {
            if ahead != Ahead::Not {
                desk.put(super::Output::StopPeer { call: dialog.call });
            }
            give_way(dialog, rival, desk)
        }
        (state, reason) => {
            let last = farewell(&state, reason);
            desk.end(state, reason, last)
        }
    }
}
