//! The call as the window and the history see it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use crate::identity::PublicKey;
use crate::name::DisplayName;

/// Why a call ended. The UI has words for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The callee refused.
    Declined,
    /// The callee is in another call.
    Busy,
    /// It rang in vain (caller's side).
    NoAnswer,
    /// It rang in vain (callee's side).
    Missed,
    /// The caller took it back.
    Cancelled,
    /// The callee's app could not be reached, or was gone while it rang.
    Unreachable,
    /// This side hung up.
    EndedByMe,
    /// The other side hung up.
    EndedByPeer,
    /// The other side was gone for too long.
    Lost,
    /// Both sides agreed, and the media never connected.
    NotConnected,
    /// The media came from somebody else than the one who described it.
    Untrusted,
}

/// Who called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// This side.
    Outgoing,
    /// The other side.
    Incoming,
}

/// How far a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Outgoing; the other app has not answered yet.
    Inviting,
    /// It rings at the callee's.
    Ringing,
    /// Accepted; no media yet.
    Connecting,
    /// Media flows.
    Connected,
    /// Media stopped; it may come back.
    Reconnecting,
    /// Over, see the reason.
    Ended,
}

/// The call as the window draws it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CallSnapshot {
    /// The call.
    #[ts(type = "string")]
    pub id: Uuid,
    /// The other side's key, base64url.
    #[ts(type = "string")]
    pub contact: PublicKey,
    /// What the person calls them.
    #[ts(type = "string")]
    pub name: DisplayName,
    /// Who called.
    pub direction: Direction,
    /// How far it is.
    pub phase: Phase,
    /// Why it ended; null before.
    pub reason: Option<EndReason>,
    /// Whether this side wants to show a picture.
    pub video: bool,
    /// Whether the other side does.
    pub peer_video: bool,
    /// Milliseconds since the media first connected (to the end, where the call has ended); null before.
    #[ts(type = "number | null")]
    pub connected_ms: Option<u64>,
    /// Declined, and they call back in so many minutes; null: they did not say.
    pub later_minutes: Option<u32>,
}

/// Somebody who calls while a call is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallWaiting {
    /// Their call.
    pub call: Uuid,
    /// Who.
    pub contact: PublicKey,
    /// What the person calls them.
    pub name: DisplayName,
    /// They want to show a picture.
    pub video: bool,
}

/// A call that is over, for the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallRecord {
    /// The call.
    pub call: Uuid,
    /// With whom.
    pub contact: PublicKey,
    /// What the person calls them.
    pub name: DisplayName,
    /// Who called.
    pub direction: Direction,
    /// One of the two wanted to show a picture.
    pub video: bool,
    /// Why it ended.
    pub reason: EndReason,
    /// It rang here in vain.
    pub missed: bool,
    /// How long before now it began.
    pub began_ago: Duration,
    /// How long ago the media first connected; None where it never did.
    pub talked: Option<Duration>,
}
