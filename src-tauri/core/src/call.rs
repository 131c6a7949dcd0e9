//! The call machine: one call at a time, and one on hold beside it, from the first ring to their ends.
//!
//! [`Calls`] decides; it does no I/O. Give it every [`Input`] with the time it happened, then carry out every
//! [`Output`], then come back at [`Calls::poll_timeout`] with [`Input::Timeout`].
//!
//! 1. The caller sends `Invite`; the callee's app answers `Ringing`, and `Accept` once its person did.
//! 2. From the accept on both sides have a peer connection, and `Signal`s carry its descriptions and candidates. No
//!    address of this machine leaves before, neither in a `Signal` nor in a `Here` nor in the `Invite`; unless both
//!    sides agreed to connect while it rings (`early` in `Invite` and `Ringing`). Sound and picture wait for the accept
//!    in any case.
//! 3. Each side says `Alive` every two seconds, so that an app that dies is noticed while it rings and connects. Once
//!    media flowed, it alone judges whether the other side is there; and once it must flow on both sides, every ten
//!    seconds is enough.
//! 4. Whoever leaves says so (`Decline`, `Cancel`, `HangUp`); that takes effect at once, whatever is still on its way.
//!
//! Who calls while a call is being talked in hears it ring, and waits: the person refuses them, or ends the one call, or
//! puts it on hold, and answers the other. A third one, and whoever calls while another call still rings, is told "busy".
//!
//! When both call each other at once (glare), the invite of the lower key stays and the other side answers it at once
//! with its own wish for video. Messages of strangers, of calls that are over, and repeated ones do nothing.

mod desk;
mod dialog;
mod held;
mod last;
mod local;
mod remote;
mod shown;
mod state;
mod types;
mod waiting;

use std::collections::VecDeque;
use std::time::Instant;

pub use self::shown::{CallRecord, CallSnapshot, CallWaiting, Direction, EndReason, Phase};
pub use self::types::{Here, Input, Introduction, Known, MediaChange, Output, Timing};

use self::desk::{Desk, Past};
use self::local::Wish;
use self::state::State;
use self::waiting::Waiting;
use crate::identity::PublicKey;
use crate::message::Kind;

/// The call of this app, who waits, who is on hold, and what becomes of them.
#[derive(Debug)]
pub struct Calls {
    own: PublicKey,
    timing: Timing,
    here: Here,
    state: State,
    past: Past,
    waiting: Option<Waiting>,
    /// Never one that is over, and none without another call that is on.
    held: Option<State>,
    outputs: VecDeque<Output>,
}

impl Calls {
    /// No call yet. `own` decides who gives way when both call at once.
    #[must_use]
    pub fn new(own: PublicKey, timing: Timing) -> Self {
        Self {
            own,
            timing,
            here: Here::default(),
            state: State::Idle,
            past: Past::default(),
            waiting: None,
            held: None,
            outputs: VecDeque::new(),
        }
    }

    /// Changes how long things may take, from the next transition on.
    pub fn set_timing(&mut self, timing: Timing) {
        self.timing = timing;
    }

    /// Takes in what happened at `now`. Poll the outputs and the timeout afterwards.
    pub fn handle(&mut self, now: Instant, input: Input) {
        let state = std::mem::replace(&mut self.state, State::Idle);
        let on_hold = held::is_meant(self.held.as_ref(), &input);
        let before = match &input {
            Input::Here(here) => std::mem::replace(&mut self.here, here.clone()),
            _ => Here::default(),
        };
        let mut desk = Desk {
            now,
            own: self.own,
            timing: self.timing,
            here: &self.here,
            past: &mut self.past,
            waiting: &mut self.waiting,
            held: &mut self.held,
            outputs: &mut self.outputs,
            changed: false,
        };
        let state = match desk.held.take() {
            Some(held) if on_hold => {
                let held = transition(held, input, &before, &mut desk);
                *desk.held = Some(held).filter(|held| held.dialog().is_some());
                state
            }
            held => {
                *desk.held = held;
                both(state, input, &before, &mut desk)
            }
        };
        let state = held::next(state, &mut desk);
        self.state = waiting::next(state, &mut desk);
        if desk.changed {
            desk.put(Output::Changed);
        }
    }

    /// The next thing to do; None when all is done.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Input::Timeout`] is due; None when nothing is waited for.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let calls = [Some(&self.state), self.held.as_ref()];
        let due = calls.into_iter().flatten().flat_map(|state| {
            let deadline = state.deadline(&self.timing).map(|(at, _)| at);
            [deadline, state.dialog().map(|dialog| dialog.alive_due)]
        });
        let waiting = self.waiting.as_ref();
        let waiting = waiting.map(|waiting| waiting.deadline(&self.timing));
        due.chain([waiting]).flatten().min()
    }

    /// The call as it is to be drawn at `now`; None where there is none.
    #[must_use]
    pub fn snapshot(&self, now: Instant) -> Option<CallSnapshot> {
        self.state.snapshot(now)
    }

    /// Who else calls while a call is on.
    #[must_use]
    pub fn waiting(&self) -> Option<CallWaiting> {
        self.waiting.as_ref().map(Waiting::shown)
    }

    /// The call on hold, as it is to be drawn at `now`.
    #[must_use]
    pub fn held(&self, now: Instant) -> Option<CallSnapshot> {
        self.held.as_ref()?.snapshot(now)
    }

    /// Whether a call is on.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.state.dialog().is_some()
    }
}

/// What is about no call in particular is about both.
fn both(state: State, input: Input, before: &Here, desk: &mut Desk<'_>) -> State {
    match input {
        Input::HangUpHeld => state,
        Input::Here(_) | Input::Timeout => {
            if let Some(held) = desk.held.take() {
                let held = transition(held, input.clone(), before, desk);
                *desk.held = Some(held).filter(|held| held.dialog().is_some());
            }
            if input == Input::Timeout {
                waiting::timeout(desk);
            }
            transition(state, input, before, desk)
        }
        input => transition(state, input, before, desk),
    }
}

/// What becomes of one call.
fn transition(state: State, input: Input, before: &Here, desk: &mut Desk<'_>) -> State {
    match input {
        Input::Call {
            id,
            contact,
            name,
            video,
            me,
        } => local::call(
            state,
            Wish {
                id,
                contact,
                name,
                video,
                me,
            },
            desk,
        ),
        Input::Here(_) => local::moved(state, before, desk),
        Input::Accept { video } => local::accept(state, video, desk),
        Input::Decline => local::decline(state, None, desk),
        Input::Later { minutes } => local::decline(state, Some(minutes), desk),
        Input::HoldAndAccept { video } => held::hold_and_accept(state, video, desk),
        Input::Swap => held::swap(state, desk),
        Input::EndAndAccept { video } => waiting::end_and_accept(state, video, desk),
        Input::DeclineWaiting => {
            waiting::decline(desk);
            state
        }
        Input::Cancel => local::cancel(state, desk),
        Input::HangUp | Input::HangUpHeld => local::hang_up(state, desk),
        Input::Dismiss => local::dismiss(state, desk),
        Input::Signal { call, data } => local::signal(state, call, data, desk),
        Input::Media {
            call,
            state: change,
        } => local::media(state, call, change, desk),
        Input::Resume { call } => local::resume(state, call, desk),
        Input::Received { contact: None, .. } => state,
        Input::Received {
            from,
            contact: Some(contact),
            message,
        } => remote::received(state, from, contact, message, desk),
        Input::Undelivered { call, to } => local::undelivered(state, call, to, desk),
        Input::Timeout => timeout(state, desk),
    }
}

fn timeout(state: State, desk: &mut Desk<'_>) -> State {
    let alive = state.alive(desk.now, &desk.timing);
    let mut state = match state.deadline(&desk.timing) {
        Some((at, reason)) if at <= desk.now => match reason {
            Some(reason) => return local::give_up(state, reason, desk),
            None => return local::dismiss(state, desk),
        },
        _ => state,
    };
    if let Some(dialog) = state.dialog_mut()
        && dialog.alive_due <= desk.now
    {
        dialog.alive_due = desk.now + alive;
        desk.send(dialog, Kind::Alive);
    }
    state
}
