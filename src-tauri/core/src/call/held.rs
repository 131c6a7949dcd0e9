//! The call on hold: it stays connected, and its pages let nothing through, while the person talks with somebody else.
//!
//! It lives as any other call does: signs of life, outages, messages, an end by either side. Only what the person does is
//! about the other one. When that one ends, this one takes its place by itself.

use super::desk::Desk;
use super::local::answer;
use super::state::{Ahead, State};
use super::types::Input;
use super::waiting::{self, Waiting};
use crate::identity::PublicKey;

/// Whether this input is about the call on hold, and not about the one that is on.
pub(super) fn is_meant(held: Option<&State>, input: &Input) -> bool {
    let Some(dialog) = held.and_then(State::dialog) else {
        return false;
    };
    match input {
        Input::HangUpHeld => true,
        Input::Signal { call, .. } | Input::Media { call, .. } | Input::Resume { call } => {
            dialog.call == *call
        }
        Input::Undelivered { call, to } => dialog.call == *call && dialog.peer == *to,
        Input::Received { from, message, .. } => {
            dialog.call == message.call && dialog.peer == *from
        }
        Input::Call { .. }
        | Input::Here(_)
        | Input::Accept { .. }
        | Input::Decline
        | Input::Later { .. }
        | Input::HoldAndAccept { .. }
        | Input::EndAndAccept { .. }
        | Input::DeclineWaiting
        | Input::Swap
        | Input::Cancel
        | Input::HangUp
        | Input::Dismiss
        | Input::Timeout => false,
    }
}

/// The person puts the call that is on on hold and answers the one who waits.
pub(super) fn hold_and_accept(state: State, video: bool, desk: &mut Desk<'_>) -> State {
    if desk.held.is_some() || !waiting::answered(&state) {
        return state;
    }
    let Some(Waiting { mut dialog, .. }) = desk.waiting.take() else {
        return state;
    };
    *desk.held = Some(state);
    dialog.video = video;
    desk.changed = true;
    answer(dialog, Ahead::Not, desk)
}

/// The person goes on with the call on hold, and the other one is on hold.
pub(super) fn swap(state: State, desk: &mut Desk<'_>) -> State {
    if !waiting::answered(&state) {
        return state;
    }
    match desk.held.take() {
        Some(held) => {
            *desk.held = Some(state);
            desk.changed = true;
            held
        }
        None => state,
    }
}

/// Somebody calls anew whose call is on hold: the old one is over, where its media are gone as well. Whether there is
/// room for another call.
pub(super) fn makes_room(caller: PublicKey, desk: &mut Desk<'_>) -> bool {
    match desk.held.take() {
        None => true,
        Some(held @ State::Reconnecting { .. })
            if held.dialog().is_some_and(|dialog| dialog.peer == caller) =>
        {
            desk.end(held, super::EndReason::Lost, None);
            true
        }
        held => {
            *desk.held = held;
            false
        }
    }
}

/// The call that was on is over: the one on hold takes its place.
pub(super) fn next(state: State, desk: &mut Desk<'_>) -> State {
    if state.dialog().is_some() {
        return state;
    }
    match desk.held.take() {
        Some(held) => {
            desk.changed = true;
            held
        }
        None => state,
    }
}
