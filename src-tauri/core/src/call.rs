//! The call machine: one call at a time, from the first ring to its end.
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
//! Who calls while a call is being talked in hears it ring, and waits: the person refuses them, or ends the one call and
//! answers the other. A third one, and whoever calls while another call still rings, is told "busy".
//!
//! When both call each other at once (glare), the invite of the lower key stays and the other side answers it at once
//! with its own wish for video. Messages of strangers, of calls that are over, and repeated ones do nothing.

mod desk;
mod dialog;
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

/// The one call of this app and what becomes of it.
#[derive(Debug)]
pub struct Calls {
    own: PublicKey,
    timing: Timing,
    here: Here,
    state: State,
    past: Past,
    waiting: Option<Waiting>,
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
        let before = match &input {
            Input::Here(here) => Some(std::mem::replace(&mut self.here, here.clone())),
            _ => None,
        };
        let mut desk = Desk {
            now,
            own: self.own,
            timing: self.timing,
            here: &self.here,
            past: &mut self.past,
            waiting: &mut self.waiting,
            outputs: &mut self.outputs,
            changed: false,
        };
        let state = match input {
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
                &mut desk,
            ),
            Input::Here(_) => local::moved(state, &before.unwrap_or_default(), &mut desk),
            Input::Accept { video } => local::accept(state, video, &mut desk),
            Input::Decline => local::decline(state, None, &mut desk),
            Input::Later { minutes } => local::decline(state, Some(minutes), &mut desk),
            Input::EndAndAccept { video } => waiting::end_and_accept(state, video, &mut desk),
            Input::DeclineWaiting => {
                waiting::decline(&mut desk);
                state
            }
            Input::Cancel => local::cancel(state, &mut desk),
            Input::HangUp => local::hang_up(state, &mut desk),
            Input::Dismiss => local::dismiss(state, &mut desk),
            Input::Signal { call, data } => local::signal(state, call, data, &mut desk),
            Input::Media {
                call,
                state: change,
            } => local::media(state, call, change, &mut desk),
            Input::Resume { call } => local::resume(state, call, &mut desk),
            Input::Received { contact: None, .. } => state,
            Input::Received {
                from,
                contact: Some(contact),
                message,
            } => remote::received(state, from, contact, message, &mut desk),
            Input::Undelivered { call, to } => local::undelivered(state, call, to, &mut desk),
            Input::Timeout => timeout(state, &mut desk),
        };
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
        let deadline = self.state.deadline(&self.timing).map(|(at, _)| at);
        let alive = self.state.dialog().map(|dialog| dialog.alive_due);
        let waiting = self.waiting.as_ref();
        let waiting = waiting.map(|waiting| waiting.deadline(&self.timing));
        [deadline, alive, waiting].into_iter().flatten().min()
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

    /// Whether a call is on.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.state.dialog().is_some()
    }
}

fn timeout(state: State, desk: &mut Desk<'_>) -> State {
    waiting::timeout(desk);
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
