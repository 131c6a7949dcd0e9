//! The codes on frames and on closes: stable words and numbers that programs act on.

use serde::{Deserialize, Serialize};

/// How a `send` ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The recipient's client has the payload and said so.
    Delivered,
    /// Nobody took it: not registered here, refused, or did not answer in time. Which one is not told.
    Offline,
    /// Too much at once from this sender, whoever the recipient; later may work.
    Busy,
    /// The server will not take this, now or later.
    Refused,
    /// Of a `leave`: the server has read it. Whether anything comes of it is not told.
    Taken,
}

/// What is wrong with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// Not a frame; closes.
    Malformed,
    /// A frame of a type this server does not know; the connection stays.
    Unsupported,
    /// A frame over the size limit; closes.
    TooLarge,
    /// The signature does not prove the key for this connection; closes.
    BadSignature,
    /// The signature is for a name that this server is not known by; closes.
    WrongAudience,
    /// A second `register` on one connection; closes.
    AlreadyRegistered,
    /// The same key registered on a newer connection; closes.
    Replaced,
    /// Too many frames; closes.
    RateLimited,
    /// Nothing heard for too long; closes.
    TimedOut,
    /// All places are taken, and this one is needed for an address that has fewer; closes.
    Full,
    /// The server stops; closes.
    GoingAway,
    /// A code of a newer server.
    #[serde(other)]
    Other,
}

/// WebSocket close codes (RFC 6455 §7.4; 4000–4999 are private use).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseCode {
    /// 1000: done.
    Normal,
    /// 1001: the server stops; connect again.
    GoingAway,
    /// 1009: a frame over the size limit.
    TooLarge,
    /// 1013: the server is full; connect again later.
    Full,
    /// 4400: not a frame, or a frame at the wrong time.
    Malformed,
    /// 4401: the registration's proof does not hold.
    Unauthorized,
    /// 4408: nothing heard for too long, or nothing done.
    TimedOut,
    /// 4409: the same key registered on a newer connection; connecting again at once would replace that.
    Replaced,
    /// 4429: too many frames.
    RateLimited,
}

impl CloseCode {
    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::Normal => 1000,
            Self::GoingAway => 1001,
            Self::TooLarge => 1009,
            Self::Full => 1013,
            Self::Malformed => 4400,
            Self::Unauthorized => 4401,
            Self::TimedOut => 4408,
            Self::Replaced => 4409,
            Self::RateLimited => 4429,
        }
    }
}

impl ErrorCode {
    /// The close that follows this error; `None`: the connection stays.
    #[must_use]
    pub const fn close(self) -> Option<CloseCode> {
        match self {
            Self::Unsupported | Self::Other => None,
            Self::Malformed | Self::AlreadyRegistered => Some(CloseCode::Malformed),
            Self::TooLarge => Some(CloseCode::TooLarge),
            Self::BadSignature | Self::WrongAudience => Some(CloseCode::Unauthorized),
            Self::Replaced => Some(CloseCode::Replaced),
            Self::RateLimited => Some(CloseCode::RateLimited),
            Self::TimedOut => Some(CloseCode::TimedOut),
            Self::Full => Some(CloseCode::Full),
            Self::GoingAway => Some(CloseCode::GoingAway),
        }
    }
}
