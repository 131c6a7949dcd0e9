//! What two apps say to each other about a call. Inside an [`crate::envelope`], as JSON.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::invite::Reach;
use crate::name::DisplayName;
use crate::reach;

/// The longest description or candidate, in bytes.
pub const MAX_SIGNAL: usize = 24 * 1024;

/// One message of one call.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The call, named by its caller.
    pub call: Uuid,
    /// The sender's count of this call's messages, from 0. [`Kind::Alive`] has a count of its own, so that a lost one
    /// leaves no gap.
    pub seq: u32,
    /// What it says.
    #[serde(flatten)]
    pub kind: Kind,
}

/// What a message says. Addresses travel in `Invite` (where to send the answers) and, once the call was accepted,
/// in `Signal`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Kind {
    /// Caller: let it ring.
    Invite {
        /// Whether the caller wants to show a picture.
        video: bool,
        /// What the caller calls themselves.
        name: DisplayName,
        /// Where the caller can be reached now.
        #[serde(deserialize_with = "reach::few")]
        reach: Vec<Reach>,
    },
    /// Callee: it rings.
    Ringing,
    /// Callee: the person answered.
    Accept {
        /// Whether the callee wants to show a picture.
        video: bool,
    },
    /// Callee: the person refused.
    Decline,
    /// Callee: in another call.
    Busy,
    /// Caller: no longer.
    Cancel,
    /// Either, once accepted: a description or a candidate for the other page.
    Signal {
        /// JSON, opaque here; at most [`MAX_SIGNAL`] bytes.
        data: String,
    },
    /// Either: the app still runs and is still in this call.
    Alive,
    /// Either: it is over.
    HangUp {
        /// Why.
        reason: HangUp,
    },
}

/// Why one side left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HangUp {
    /// The other side was gone for too long.
    Lost,
    /// Somebody hung up, or it rang in vain.
    Ended,
    /// The media never connected.
    Failed,
}

impl Message {
    /// Whether the next message makes up for this one: it need not be sent again when it was not delivered.
    #[must_use]
    pub fn may_be_lost(&self) -> bool {
        matches!(self.kind, Kind::Alive)
    }
}

impl Kind {
    /// The word for it in logs.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::Invite { .. } => "invite",
            Self::Ringing => "ringing",
            Self::Accept { .. } => "accept",
            Self::Decline => "decline",
            Self::Busy => "busy",
            Self::Cancel => "cancel",
            Self::Signal { .. } => "signal",
            Self::Alive => "alive",
            Self::HangUp { .. } => "hang_up",
        }
    }

    /// Whether nothing can follow it: it takes effect even where something before it is still on its way.
    #[must_use]
    pub fn is_last(&self) -> bool {
        match self {
            Self::Decline | Self::Busy | Self::Cancel | Self::HangUp { .. } => true,
            Self::Invite { .. }
            | Self::Ringing
            | Self::Accept { .. }
            | Self::Signal { .. }
            | Self::Alive => false,
        }
    }
}

/// Names, addresses and descriptions are personal: the kind and a size show.
impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signal { data } => write!(f, "signal({} bytes)", data.len()),
            Self::HangUp { reason } => write!(f, "hang_up({reason:?})"),
            other => f.write_str(other.label()),
        }
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message({} {:?})", self.seq, self.kind)
    }
}
