//! The state of the one call there can be.

use std::time::{Duration, Instant};

use uuid::Uuid;

use super::dialog::Dialog;
use super::types::Timing;
use super::{CallSnapshot, EndReason, Phase};

/// Where the call is.
///
/// ```text
///                                  ┌──────┐  peer's Invite
///              ┌───────── Call ────│ Idle │─────────────────────┐
///              ▼                   └──────┘                     ▼
///  ┌── Outgoing ─────────┐                        ┌── Incoming ────────┐
///  │ Inviting            │ glare: peer's Invite   │                    │
///  │   │ peer's Ringing  │ and our key is higher  │ Ringing            │
///  │   ▼                 │──────────┐             │   │                │
///  │ Ringing             │          │             │   │ Accept         │
///  │   │ peer's Accept   │          │             │   ▼                │
///  │   ▼                 │          └────────────▶│ Connecting         │
///  │ Connecting          │                        └───│────────────────┘
///  └───│─────────────────┘                            │
///      │ media connected      ┌───────────┐           │ media connected
///      └─────────────────────▶│ Connected │◀──────────┘
///                             └───────────┘
///                media down │   ▲ media connected
///                           ▼   │
///                       ┌──────────────┐
///                       │ Reconnecting │
///                       └──────────────┘
///
///  every state but Idle ── HangUp, Cancel, Decline of either side, silence, time ──▶ Ended
///  Ended ── Dismiss, time ──▶ Idle;  ── Call ──▶ Outgoing;  ── peer's Invite ──▶ Incoming
/// ```
#[derive(Debug)]
pub(super) enum State {
    /// No call.
    Idle,
    /// This side called.
    Outgoing {
        /// The call.
        dialog: Box<Dialog>,
        /// How far it is.
        phase: Outgoing,
    },
    /// The other side called.
    Incoming {
        /// The call.
        dialog: Box<Dialog>,
        /// How far it is.
        phase: Incoming,
    },
    /// Media flows.
    Connected {
        /// The call.
        dialog: Box<Dialog>,
        /// When media first flowed.
        since: Instant,
    },
    /// Media flowed and stopped.
    Reconnecting {
        /// The call.
        dialog: Box<Dialog>,
        /// When media first flowed.
        since: Instant,
        /// When it stopped.
        down: Instant,
    },
    /// Over, and still shown.
    Ended {
        /// What is shown.
        last: Box<CallSnapshot>,
        /// Until when.
        until: Instant,
    },
}

/// Phases of a call that this side made.
#[derive(Debug)]
pub(super) enum Outgoing {
    /// The other app has not answered yet.
    Inviting {
        /// Then nobody answered.
        until: Instant,
        /// The callee's own call to us, which has to give way unless ours can't reach them.
        rival: Option<Rival>,
    },
    /// It rings there.
    Ringing {
        /// Then nobody answered.
        until: Instant,
        /// As above.
        rival: Option<Rival>,
        /// How far the media is ahead of the answer.
        ahead: Ahead,
    },
    /// They answered.
    Connecting {
        /// Then the media won't connect any more.
        until: Instant,
    },
}

/// Phases of a call that the other side made.
#[derive(Debug)]
pub(super) enum Incoming {
    /// It rings here.
    Ringing {
        /// Then nobody answered.
        until: Instant,
        /// How far the media is ahead of the answer.
        ahead: Ahead,
    },
    /// The person answered.
    Connecting {
        /// Then the media won't connect any more.
        until: Instant,
    },
}

/// What the pages do while it rings. Where either side did not agree to connect early, nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ahead {
    /// There is no peer connection, and no address leaves.
    Not,
    /// There is one, and the pages exchange candidates.
    Connecting,
    /// They could talk.
    Connected,
}

impl Ahead {
    /// Where a call starts that rings.
    pub(super) fn agreed(both: bool) -> Self {
        if both { Self::Connecting } else { Self::Not }
    }
}

/// A call to us from the one we are calling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rival {
    pub(super) call: Uuid,
    pub(super) video: bool,
}

impl State {
    /// The call, unless there is none or it is over.
    pub(super) fn dialog(&self) -> Option<&Dialog> {
        match self {
            Self::Idle | Self::Ended { .. } => None,
            Self::Outgoing { dialog, .. }
            | Self::Incoming { dialog, .. }
            | Self::Connected { dialog, .. }
            | Self::Reconnecting { dialog, .. } => Some(dialog),
        }
    }

    /// The call, unless there is none or it is over.
    pub(super) fn dialog_mut(&mut self) -> Option<&mut Dialog> {
        match self {
            Self::Idle | Self::Ended { .. } => None,
            Self::Outgoing { dialog, .. }
            | Self::Incoming { dialog, .. }
            | Self::Connected { dialog, .. }
            | Self::Reconnecting { dialog, .. } => Some(dialog),
        }
    }

    /// What [`State::snapshot`] says of the phase.
    pub(super) fn phase(&self) -> Option<Phase> {
        match self {
            Self::Idle => None,
            Self::Outgoing {
                phase: Outgoing::Inviting { .. },
                ..
            } => Some(Phase::Inviting),
            Self::Outgoing {
                phase: Outgoing::Ringing { .. },
                ..
            }
            | Self::Incoming {
                phase: Incoming::Ringing { .. },
                ..
            } => Some(Phase::Ringing),
            Self::Outgoing {
                phase: Outgoing::Connecting { .. },
                ..
            }
            | Self::Incoming {
                phase: Incoming::Connecting { .. },
                ..
            } => Some(Phase::Connecting),
            Self::Connected { .. } => Some(Phase::Connected),
            Self::Reconnecting { .. } => Some(Phase::Reconnecting),
            Self::Ended { .. } => Some(Phase::Ended),
        }
    }

    /// The call whose peer connection there is: descriptions and candidates may go both ways.
    pub(super) fn with_peer(&mut self) -> Option<&mut Dialog> {
        match self {
            Self::Idle
            | Self::Ended { .. }
            | Self::Outgoing {
                phase:
                    Outgoing::Inviting { .. }
                    | Outgoing::Ringing {
                        ahead: Ahead::Not, ..
                    },
                ..
            }
            | Self::Incoming {
                phase:
                    Incoming::Ringing {
                        ahead: Ahead::Not, ..
                    },
                ..
            } => None,
            Self::Outgoing {
                dialog,
                phase:
                    Outgoing::Connecting { .. }
                    | Outgoing::Ringing {
                        ahead: Ahead::Connecting | Ahead::Connected,
                        ..
                    },
            }
            | Self::Incoming {
                dialog,
                phase:
                    Incoming::Connecting { .. }
                    | Incoming::Ringing {
                        ahead: Ahead::Connecting | Ahead::Connected,
                        ..
                    },
            }
            | Self::Connected { dialog, .. }
            | Self::Reconnecting { dialog, .. } => Some(dialog),
        }
    }

    /// How far the media is ahead of the answer.
    pub(super) fn ahead_mut(&mut self) -> Option<&mut Ahead> {
        match self {
            Self::Outgoing {
                phase: Outgoing::Ringing { ahead, .. },
                ..
            }
            | Self::Incoming {
                phase: Incoming::Ringing { ahead, .. },
                ..
            } => Some(ahead),
            Self::Idle
            | Self::Outgoing { .. }
            | Self::Incoming { .. }
            | Self::Connected { .. }
            | Self::Reconnecting { .. }
            | Self::Ended { .. } => None,
        }
    }

    /// How long the media has been there, on and off.
    pub(super) fn talked(&self, now: Instant) -> Option<Duration> {
        match self {
            Self::Connected { since, .. } | Self::Reconnecting { since, .. } => {
                Some(now.saturating_duration_since(*since))
            }
            Self::Idle | Self::Outgoing { .. } | Self::Incoming { .. } | Self::Ended { .. } => None,
        }
    }

    /// How often a sign of life goes out. The other side may still be connecting, and wait for ours, when the media
    /// flows here; by the end of that time it flows there too.
    pub(super) fn alive(&self, now: Instant, timing: &Timing) -> Duration {
        match self {
            Self::Connected { since, .. } if now >= *since + timing.connecting => {
                timing.alive_talking
            }
            Self::Idle
            | Self::Outgoing { .. }
            | Self::Incoming { .. }
            | Self::Connected { .. }
            | Self::Reconnecting { .. }
            | Self::Ended { .. } => timing.alive,
        }
    }

    /// When the state ends by itself, and as what. [`State::Ended`] becomes `Idle` and has no reason.
    pub(super) fn deadline(&self, timing: &Timing) -> Option<(Instant, Option<EndReason>)> {
        let silent = |dialog: &Dialog| dialog.heard + timing.peer_silent;
        match self {
            Self::Idle | Self::Connected { .. } => None,
            Self::Outgoing {
                phase: Outgoing::Inviting { until, .. },
                ..
            } => Some((*until, Some(EndReason::NoAnswer))),
            Self::Outgoing {
                dialog,
                phase: Outgoing::Ringing { until, .. },
            } => Some(earlier(
                (*until, EndReason::NoAnswer),
                (silent(dialog), EndReason::Unreachable),
            )),
            Self::Incoming {
                dialog,
                phase: Incoming::Ringing { until, .. },
            } => Some(earlier(
                (*until, EndReason::Missed),
                (silent(dialog), EndReason::Missed),
            )),
            Self::Outgoing {
                dialog,
                phase: Outgoing::Connecting { until },
            }
            | Self::Incoming {
                dialog,
                phase: Incoming::Connecting { until },
            } => Some(earlier(
                (*until, EndReason::NotConnected),
                (silent(dialog), EndReason::Lost),
            )),
            Self::Reconnecting { dialog, down, .. } => {
                // A change of network silences both ways for a moment; an app that is gone stays silent.
                let lost = *down + timing.reconnecting;
                let gone = dialog
                    .unreachable
                    .map(|since| since.max(*down) + timing.gone);
                Some((
                    gone.map_or(lost, |gone| gone.min(lost)),
                    Some(EndReason::Lost),
                ))
            }
            Self::Ended { until, .. } => Some((*until, None)),
        }
    }

    /// Over, and whoever refused calls back in so many minutes.
    pub(super) fn later(mut self, minutes: Option<u32>) -> Self {
        if let Self::Ended { last, .. } = &mut self {
            last.later_minutes = minutes;
        }
        self
    }

    /// What the window shall draw.
    pub(super) fn snapshot(&self, now: Instant) -> Option<CallSnapshot> {
        if let Self::Ended { last, .. } = self {
            return Some((**last).clone());
        }
        let (dialog, phase) = (self.dialog()?, self.phase()?);
        Some(CallSnapshot {
            id: dialog.call,
            contact: dialog.peer,
            name: dialog.name.clone(),
            direction: dialog.direction,
            phase,
            reason: None,
            video: dialog.video,
            peer_video: dialog.peer_video,
            connected_ms: self
                .talked(now)
                .map(|talked| u64::try_from(talked.as_millis()).unwrap_or(u64::MAX)),
            later_minutes: None,
        })
    }
}

fn earlier(a: (Instant, EndReason), b: (Instant, EndReason)) -> (Instant, Option<EndReason>) {
    let (at, reason) = if b.0 < a.0 { b } else { a };
    (at, Some(reason))
}
