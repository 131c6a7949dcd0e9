//! What the other side says.

use uuid::Uuid;

use super::desk::Desk;
use super::dialog::{Dialog, Parties};
use super::held;
use super::last::{Last, end_reason};
use super::local::{give_way, talk};
use super::state::{Ahead, Incoming, Outgoing, Rival, State};
use super::types::{Known, Output};
use super::waiting;
use super::{Direction, EndReason};
use crate::identity::PublicKey;
use crate::message::{Kind, Message};

pub(super) fn received(
    mut state: State,
    from: PublicKey,
    contact: Known,
    message: Message,
    desk: &mut Desk<'_>,
) -> State {
    match state.dialog_mut() {
        Some(dialog) if dialog.call == message.call => {
            if dialog.peer != from {
                return state;
            }
            if let Some(last) = Last::of(&message.kind) {
                return match end_reason(&state, last) {
                    Some(reason) => desk.end(state, reason, None).later(last.minutes()),
                    None => state,
                };
            }
            dialog.receive(desk.now, message);
            while let Some(kind) = state.dialog_mut().and_then(Dialog::next) {
                state = step(state, kind, desk);
            }
            state
        }
        _ if desk.waits(from, message.call) => {
            waiting::received(message, desk);
            state
        }
        _ => outside(state, from, contact, message, desk),
    }
}

/// The next message of the call, in order.
fn step(state: State, kind: Kind, desk: &mut Desk<'_>) -> State {
    match (kind, state) {
        (
            Kind::Ringing { early },
            State::Outgoing {
                mut dialog,
                phase: Outgoing::Inviting { until, rival },
            },
        ) => {
            desk.changed = true;
            let ahead = Ahead::agreed(early && dialog.early);
            desk.ringing(&mut dialog, false, ahead);
            State::Outgoing {
                dialog,
                phase: Outgoing::Ringing {
                    until,
                    rival,
                    ahead,
                },
            }
        }
        (
            Kind::Accept { video },
            State::Outgoing {
                dialog,
                phase: Outgoing::Inviting { .. },
            },
        ) => accepted(dialog, video, Ahead::Not, desk),
        (
            Kind::Accept { video },
            State::Outgoing {
                dialog,
                phase: Outgoing::Ringing { ahead, .. },
            },
        ) => accepted(dialog, video, ahead, desk),
        (Kind::Signal { data }, mut state) => {
            if let Some(dialog) = state.with_peer()
                && dialog.takes_news(desk.now)
            {
                desk.put(Output::Deliver {
                    call: dialog.call,
                    data,
                });
            }
            state
        }
        (Kind::Here { reach }, mut state) => {
            if let Some(dialog) = state.dialog_mut()
                && !reach.is_empty()
                && dialog.takes_news(desk.now)
            {
                desk.put(Output::Learned {
                    contact: dialog.peer,
                    reach,
                });
            }
            state
        }
        (
            Kind::Invite { .. }
            | Kind::Ringing { .. }
            | Kind::Accept { .. }
            | Kind::Decline { .. }
            | Kind::Busy
            | Kind::Cancel
            | Kind::Alive
            | Kind::HangUp { .. }
            | Kind::Note { .. }
            | Kind::Presence { .. }
            | Kind::Request { .. }
            | Kind::Welcome { .. },
            unfitting,
        ) => unfitting,
    }
}

/// The callee said yes.
fn accepted(mut dialog: Box<Dialog>, video: bool, ahead: Ahead, desk: &mut Desk<'_>) -> State {
    dialog.peer_video = video;
    desk.answered(&mut dialog, false, ahead);
    if ahead == Ahead::Connected {
        return talk(dialog, desk);
    }
    let until = desk.now + desk.timing.connecting;
    State::Outgoing {
        dialog,
        phase: Outgoing::Connecting { until },
    }
}

/// A message of no call that is on here.
fn outside(
    state: State,
    from: PublicKey,
    contact: Known,
    message: Message,
    desk: &mut Desk<'_>,
) -> State {
    let Message { call, seq, kind } = message;
    match kind {
        Kind::Invite {
            video,
            early,
            servers,
            port,
            ..
        } if seq == 0 => {
            if from == desk.own || desk.past.contains(from, call) {
                return state;
            }
            if !servers.is_empty() || port.is_some() {
                desk.put(Output::Hinted {
                    contact: from,
                    servers,
                    port,
                });
            }
            invited(
                state,
                Caller {
                    call,
                    peer: from,
                    contact,
                    video,
                    early,
                },
                desk,
            )
        }
        Kind::Cancel => {
            // Its invite may still be on its way.
            desk.past.add(from, call);
            without_rival(state, from, call)
        }
        Kind::Invite { .. }
        | Kind::Ringing { .. }
        | Kind::Accept { .. }
        | Kind::Here { .. }
        | Kind::Decline { .. }
        | Kind::Busy
        | Kind::Signal { .. }
        | Kind::Alive
        | Kind::HangUp { .. }
        | Kind::Note { .. }
        | Kind::Presence { .. }
        | Kind::Request { .. }
        | Kind::Welcome { .. } => state,
    }
}

/// Somebody who calls.
pub(super) struct Caller {
    pub(super) call: Uuid,
    pub(super) peer: PublicKey,
    pub(super) contact: Known,
    pub(super) video: bool,
    /// They agree to connect while it rings.
    early: bool,
}

impl Caller {
    /// Their call.
    pub(super) fn dialog(self, desk: &Desk<'_>) -> Dialog {
        let parties = Parties {
            peer: self.peer,
            name: self.contact.name,
            direction: Direction::Incoming,
            video: false,
            peer_video: self.video,
            early: self.contact.early,
        };
        Dialog::new(self.call, parties, desk.now, desk.now + desk.timing.alive)
    }
}

fn invited(state: State, caller: Caller, desk: &mut Desk<'_>) -> State {
    if state
        .dialog()
        .is_some_and(|dialog| dialog.peer != caller.peer)
    {
        waiting::invited(&state, caller, desk);
        return state;
    }
    let rival = Rival {
        call: caller.call,
        video: caller.video,
    };
    match state {
        State::Idle | State::Ended { .. } => ring(caller, desk),
        // Glare: the call of the lower key stays.
        State::Outgoing {
            dialog,
            phase: Outgoing::Inviting { .. },
        } if caller.peer < desk.own => give_way(dialog, rival, desk),
        State::Outgoing {
            dialog,
            phase: Outgoing::Inviting { until, .. },
        } => {
            desk.past.add(caller.peer, caller.call);
            State::Outgoing {
                dialog,
                phase: Outgoing::Inviting {
                    until,
                    rival: Some(rival),
                },
            }
        }
        // Ours rings there, so theirs is an older one that was late, or their app was started anew.
        State::Outgoing {
            dialog,
            phase: Outgoing::Ringing { until, ahead, .. },
        } => {
            desk.past.add(caller.peer, caller.call);
            State::Outgoing {
                dialog,
                phase: Outgoing::Ringing {
                    until,
                    rival: Some(rival),
                    ahead,
                },
            }
        }
        // They have no other call than this one: what was before is over.
        State::Incoming {
            phase: Incoming::Ringing { .. },
            ..
        } => {
            desk.end(state, EndReason::Missed, None);
            ring(caller, desk)
        }
        State::Reconnecting { .. } => {
            let over = desk.end(state, EndReason::Lost, None);
            let held = held::next(over, desk);
            if held.dialog().is_some() {
                waiting::invited(&held, caller, desk);
                return held;
            }
            ring(caller, desk)
        }
        // Both said yes to this call, so theirs is an older one that was late; or their app was started anew, which
        // silence or the media will show.
        State::Outgoing {
            phase: Outgoing::Connecting { .. },
            ..
        }
        | State::Incoming {
            phase: Incoming::Connecting { .. },
            ..
        }
        | State::Connected { .. } => {
            desk.refuse(caller.peer, caller.call);
            state
        }
    }
}

fn ring(caller: Caller, desk: &mut Desk<'_>) -> State {
    let (early, agreed) = (caller.early, caller.contact.early);
    desk.put(Output::Ring {
        call: caller.call,
        contact: caller.peer,
        name: caller.contact.name.clone(),
        video: caller.video,
    });
    let mut dialog = caller.dialog(desk);
    desk.send(&mut dialog, Kind::Ringing { early: agreed });
    let ahead = Ahead::agreed(early && agreed);
    desk.ringing(&mut dialog, true, ahead);
    desk.changed = true;
    let until = desk.now + desk.timing.no_answer;
    State::Incoming {
        dialog: Box::new(dialog),
        phase: Incoming::Ringing { until, ahead },
    }
}

/// They took back the call that had to give way.
fn without_rival(mut state: State, from: PublicKey, call: Uuid) -> State {
    if let State::Outgoing {
        dialog,
        phase: Outgoing::Inviting { rival, .. } | Outgoing::Ringing { rival, .. },
    } = &mut state
        && dialog.peer == from
        && rival.is_some_and(|rival| rival.call == call)
    {
        *rival = None;
    }
    state
}
