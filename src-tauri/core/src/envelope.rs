//! A message as it travels: sealed for one person, so that whoever carries it sees a recipient, a size and a time.
//!
//! Version 2 is Noise IK (`Noise_IK_25519_ChaChaPoly_BLAKE2s`, the Noise Protocol Framework, revision 34). Every
//! envelope is the byte `0x02` and bytes that look random, and as long as one of [`BUCKETS`]:
//!
//! 1. *Message 1* makes a session or stands alone. It carries who sends it, when, and a [`Message`]; see
//!    [`Kind::may_begin`]. Whoever steals the recipient's key later can read it, so it never carries a
//!    [`Kind::Signal`].
//! 2. *Message 2* is the callee's first word; see [`Kind::may_answer`].
//! 3. *Transport* is all that follows. Its keys are gone with the session: a stolen identity opens none of it.
//!
//! There is no type, session or count in clear. [`Sessions::open`] tries what it might be, the cheap things first.
//! The way of a message through these modules: `packet` (size, padding) → `handshake` or `transport` → `session` → `sessions`.

mod handshake;
mod packet;
mod replays;
mod session;
mod sessions;
#[cfg(test)]
mod tests;
mod transport;

pub use self::packet::BUCKETS;
pub use self::replays::{Admission, Seen};
pub use self::sessions::{Opened, Sessions};

#[cfg(doc)]
use crate::message::{Kind, Message};

pub(crate) use self::packet::fits;

/// How far the clocks of two people may be apart, in milliseconds: 2 minutes.
pub const MAX_SKEW_MS: u64 = 120_000;

/// How old a [`note`](crate::message::Kind::Note) may be when it is opened, in milliseconds: 4 days, which is longer than
/// servers keep it.
pub const MAX_NOTE_AGE_MS: u64 = 4 * 86_400_000;

/// Why an envelope can't be made or opened. Opening one that fails changes nothing, and nothing in here quotes it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// The message does not fit the largest bucket.
    #[error("an envelope of {0} bytes is too large")]
    TooLarge(usize),
    /// No size that an envelope has: cut, or none at all.
    #[error("no envelope has {0} bytes")]
    Size(usize),
    /// Made by another Ringdown.
    #[error("the envelope has version {0}, which this Ringdown can't open")]
    Version(u8),
    /// No key of ours fits: for somebody else, forged, changed on its way, reflected, or of a call that is over.
    #[error("the envelope opens with none of our keys")]
    NotForUs,
    /// As [`EnvelopeError::NotForUs`], while a session waits for its answer: it is kept and tried again after that.
    #[error("the envelope may belong to a session that is not answered yet")]
    Early,
    /// It was opened before. Who brings it again may be anybody who saw it go by, and hears what they would hear if nobody were
    /// here.
    #[error("the envelope was opened before")]
    Repeated,
    /// It was opened together with the answer that it had overtaken, and its sender, who was told then that it did not arrive,
    /// brings it again. Said once.
    #[error("the envelope came before the answer it belongs to")]
    Overtook,
    /// Sealed too long ago, or in the future; see [`MAX_SKEW_MS`].
    #[error("the envelope is {0} s off our clock; set both clocks right")]
    Stale(u64),
    /// The sender's key is none, or not the one that sealed it.
    #[error("the envelope was not sealed by who it says")]
    Sender,
    /// From or to oneself.
    #[error("an envelope from oneself to oneself")]
    Own,
    /// Genuine, and from somebody who is not heard.
    #[error("the envelope is from somebody who is not heard here")]
    NotHeard,
    /// Genuine, and holds no message of this version.
    #[error("the envelope holds no message of this version")]
    Body,
    /// Genuine, and of a call that is over here.
    #[error("the call is over")]
    Over,
    /// The message is one that may not be sent in this place.
    #[error("this message may not be said in this place")]
    Misplaced,
    /// More sessions or messages than a call needs.
    #[error("too many envelopes from one person")]
    TooMany,
    /// The system gives no random numbers, or Noise failed.
    #[error("the envelope could not be sealed")]
    Seal,
}

impl EnvelopeError {
    /// Whether the server is to be told that the message arrived. All else is refused, which looks like being offline.
    #[must_use]
    pub fn is_delivered(&self) -> bool {
        matches!(self, Self::Overtook | Self::Over)
    }
}
