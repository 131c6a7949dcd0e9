//! What two apps say to each other, about a call or about knowing each other. Inside an [`crate::envelope`], as JSON.

#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::invite::{Reach, Token};
use crate::name::DisplayName;
use crate::reach;

/// The longest description or candidate, in bytes.
pub const MAX_SIGNAL: usize = 24 * 1024;

/// The most signals and words of where to reach the other side that are passed on at once in one call.
pub const MAX_SIGNALS: u32 = 512;

/// In so long one more is. An outage brings some forty in six seconds: a description and candidates with each ICE restart.
pub const SIGNAL_EVERY: Duration = Duration::from_millis(100);

/// The latest that somebody says they call back, in minutes.
pub const MAX_LATER: u32 = 24 * 60;

/// One message of one call.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The call, named by its caller. [`Kind::Presence`], [`Kind::Request`] and [`Kind::Welcome`] belong to none: each has
    /// a new id.
    pub call: Uuid,
    /// The sender's count of this call's messages, from 0. [`Kind::Alive`] has a count of its own, so that a lost one
    /// leaves no gap.
    pub seq: u32,
    /// What it says.
    #[serde(flatten)]
    pub kind: Kind,
}

/// What a message says. No address of this machine is in what is sent before the callee accepted: they travel in `Here`
/// and `Signal`, and to people whom one asks to be a contact.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Kind {
    /// Caller: let it ring.
    Invite {
        /// Whether the caller wants to show a picture.
        video: bool,
        /// What the caller calls themselves.
        name: DisplayName,
        /// The caller agrees to connect while it rings.
        #[serde(default)]
        early: bool,
        /// The meeting points where the caller is registered now, as far as they have names; see [`Reach::is_named`].
        #[serde(deserialize_with = "reach::few_named")]
        servers: Vec<Reach>,
        /// The port of the server inside the caller's app, at the addresses that the callee knows already.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        port: Option<u16>,
    },
    /// Callee: it rings.
    Ringing {
        /// The callee agrees to connect while it rings.
        #[serde(default)]
        early: bool,
    },
    /// Callee: the person answered.
    Accept {
        /// Whether the callee wants to show a picture.
        video: bool,
    },
    /// Either, once accepted or agreed to connect early: where this side can be reached now.
    Here {
        /// All of it.
        #[serde(deserialize_with = "reach::few")]
        reach: Vec<Reach>,
    },
    /// Callee: the person refused.
    Decline {
        /// They call back in so many minutes, at most [`MAX_LATER`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        minutes: Option<u32>,
    },
    /// Callee: in another call.
    Busy,
    /// Caller: no longer.
    Cancel,
    /// Either, once accepted or agreed to connect early: a description or a candidate for the other page.
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
    /// I called and could not reach you: for a server that keeps it until the callee is there. Its `call` is that call.
    Note {
        /// Whether the caller wanted to show a picture.
        video: bool,
        /// When the call began, Unix time in milliseconds.
        at: u64,
    },
    /// Whether the sender is there. Said only to people who may know.
    Presence {
        /// How they are.
        state: Presence,
        /// They would like to hear the same.
        #[serde(default)]
        ask: bool,
    },
    /// Let me be your contact; you are mine already.
    Request {
        /// What they call themselves.
        name: DisplayName,
        /// From the invite they opened.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<Token>,
        /// Where they can be reached.
        #[serde(deserialize_with = "reach::few")]
        reach: Vec<Reach>,
    },
    /// You are my contact: the answer to a `Request`.
    Welcome {
        /// What they call themselves.
        name: DisplayName,
        /// Where they can be reached.
        #[serde(deserialize_with = "reach::few")]
        reach: Vec<Reach>,
    },
}

/// Whether somebody can be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Yes.
    Free,
    /// In a call.
    Busy,
    /// No: the app closes, or they do not say any more.
    Gone,
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
    /// The media came from somebody else than the one who described it.
    Untrusted,
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
            Self::Ringing { .. } => "ringing",
            Self::Accept { .. } => "accept",
            Self::Here { .. } => "here",
            Self::Decline { .. } => "decline",
            Self::Busy => "busy",
            Self::Cancel => "cancel",
            Self::Signal { .. } => "signal",
            Self::Alive => "alive",
            Self::HangUp { .. } => "hang_up",
            Self::Note { .. } => "note",
            Self::Presence { .. } => "presence",
            Self::Request { .. } => "request",
            Self::Welcome { .. } => "welcome",
        }
    }

    /// Whether it may travel in message 1 of an envelope, which has no forward secrecy and needs no session.
    #[must_use]
    pub fn may_begin(&self) -> bool {
        match self {
            Self::Invite { .. }
            | Self::Cancel
            | Self::HangUp { .. }
            | Self::Alive
            | Self::Note { .. }
            | Self::Presence { .. }
            | Self::Request { .. }
            | Self::Welcome { .. } => true,
            Self::Ringing { .. }
            | Self::Accept { .. }
            | Self::Here { .. }
            | Self::Decline { .. }
            | Self::Busy
            | Self::Signal { .. } => false,
        }
    }

    /// Whether it travels in message 1 and nowhere else.
    pub(crate) fn may_only_begin(&self) -> bool {
        matches!(
            self,
            Self::Invite { .. }
                | Self::Note { .. }
                | Self::Presence { .. }
                | Self::Request { .. }
                | Self::Welcome { .. }
        )
    }

    /// Whether it may be the callee's first word, message 2 of an envelope.
    #[must_use]
    pub fn may_answer(&self) -> bool {
        matches!(
            self,
            Self::Ringing { .. } | Self::Busy | Self::Decline { .. } | Self::Accept { .. }
        )
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
