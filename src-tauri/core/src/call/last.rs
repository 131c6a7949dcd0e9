//! The other side's farewells, and what they mean in each state.

use super::EndReason;
use super::state::{Incoming, Outgoing, State};
use crate::message::{HangUp, Kind, MAX_LATER};

/// A message that nothing can follow: it takes effect even where something before it is still on its way.
#[derive(Clone, Copy)]
pub(super) enum Last {
    /// They call back in so many minutes.
    Decline(Option<u32>),
    Busy,
    Cancel,
    HangUp(HangUp),
}

impl Last {
    /// When whoever refused calls back.
    pub(super) fn minutes(self) -> Option<u32> {
        match self {
            Self::Decline(minutes) => minutes,
            Self::Busy | Self::Cancel | Self::HangUp(_) => None,
        }
    }

    /// None where something can follow.
    pub(super) fn of(kind: &Kind) -> Option<Self> {
        match kind {
            Kind::Decline { minutes } => Some(Self::Decline(
                minutes.filter(|minutes| (1..=MAX_LATER).contains(minutes)),
            )),
            Kind::Busy => Some(Self::Busy),
            Kind::Cancel => Some(Self::Cancel),
            Kind::HangUp { reason } => Some(Self::HangUp(*reason)),
            Kind::Invite { .. }
            | Kind::Ringing { .. }
            | Kind::Accept { .. }
            | Kind::Here { .. }
            | Kind::Signal { .. }
            | Kind::Alive
            | Kind::Note { .. }
            | Kind::Presence { .. }
            | Kind::Request { .. }
            | Kind::Welcome { .. } => None,
        }
    }
}

/// Why the call ends with this; None where its sender has no right to say it now.
pub(super) fn end_reason(state: &State, last: Last) -> Option<EndReason> {
    let hung_up = |reason: HangUp| match reason {
        HangUp::Ended => EndReason::EndedByPeer,
        HangUp::Lost => EndReason::Lost,
        HangUp::Failed => EndReason::NotConnected,
        HangUp::Untrusted => EndReason::Untrusted,
    };
    match state {
        State::Idle | State::Ended { .. } => None,
        State::Outgoing {
            phase: Outgoing::Inviting { .. } | Outgoing::Ringing { .. },
            ..
        } => match last {
            Last::Decline(_) => Some(EndReason::Declined),
            Last::Busy => Some(EndReason::Busy),
            // It rang there until that side's time was over, or until ours could no longer be heard.
            Last::HangUp(HangUp::Ended) => Some(EndReason::NoAnswer),
            Last::HangUp(HangUp::Lost | HangUp::Failed) => Some(EndReason::Unreachable),
            Last::HangUp(HangUp::Untrusted) => Some(EndReason::Untrusted),
            Last::Cancel => None,
        },
        State::Incoming {
            phase: Incoming::Ringing { .. },
            ..
        } => match last {
            Last::HangUp(HangUp::Untrusted) => Some(EndReason::Untrusted),
            Last::Cancel | Last::HangUp(HangUp::Ended | HangUp::Lost | HangUp::Failed) => {
                Some(EndReason::Missed)
            }
            Last::Decline(_) | Last::Busy => None,
        },
        State::Incoming {
            phase: Incoming::Connecting { .. },
            ..
        } => match last {
            // They took it back before our accept arrived.
            Last::Cancel => Some(EndReason::Cancelled),
            Last::HangUp(reason) => Some(hung_up(reason)),
            Last::Decline(_) | Last::Busy => None,
        },
        State::Outgoing {
            phase: Outgoing::Connecting { .. },
            ..
        }
        | State::Connected { .. }
        | State::Reconnecting { .. } => match last {
            Last::HangUp(reason) => Some(hung_up(reason)),
            Last::Decline(_) | Last::Busy | Last::Cancel => None,
        },
    }
}
