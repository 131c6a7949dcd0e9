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

#[cfg(test)]
mod tests {
    use super::*;

    fn written(kind: Kind) -> String {
        serde_json::to_string(&Message {
            call: Uuid::from_u128(7),
            seq: 3,
            kind,
        })
        .unwrap()
    }

    fn invite() -> Kind {
        Kind::Invite {
            video: true,
            name: DisplayName::parse("Alice").unwrap(),
            reach: vec![Reach::parse("ws://192.0.2.1:47100").unwrap()],
        }
    }

    fn all() -> Vec<(Kind, &'static str)> {
        vec![
            (
                invite(),
                r#""kind":"invite","video":true,"name":"Alice","reach":["ws://192.0.2.1:47100"]"#,
            ),
            (Kind::Ringing, r#""kind":"ringing""#),
            (
                Kind::Accept { video: false },
                r#""kind":"accept","video":false"#,
            ),
            (Kind::Decline, r#""kind":"decline""#),
            (Kind::Busy, r#""kind":"busy""#),
            (Kind::Cancel, r#""kind":"cancel""#),
            (
                Kind::Signal {
                    data: r#"{"candidate":null}"#.into(),
                },
                r#""kind":"signal","data":"{\"candidate\":null}""#,
            ),
            (Kind::Alive, r#""kind":"alive""#),
            (
                Kind::HangUp {
                    reason: HangUp::Lost,
                },
                r#""kind":"hang_up","reason":"lost""#,
            ),
            (
                Kind::HangUp {
                    reason: HangUp::Ended,
                },
                r#""kind":"hang_up","reason":"ended""#,
            ),
            (
                Kind::HangUp {
                    reason: HangUp::Failed,
                },
                r#""kind":"hang_up","reason":"failed""#,
            ),
        ]
    }

    #[test]
    fn every_message_is_written_so_and_comes_back() {
        for (kind, golden) in all() {
            let json = written(kind.clone());
            assert_eq!(
                json,
                format!(r#"{{"call":"00000000-0000-0000-0000-000000000007","seq":3,{golden}}}"#)
            );
            assert_eq!(serde_json::from_str::<Message>(&json).unwrap().kind, kind);
        }
    }

    #[test]
    fn a_newer_ringdown_may_add_fields() {
        let json = written(invite()).replacen('{', r#"{"later":[1],"#, 1);
        assert_eq!(
            serde_json::from_str::<Message>(&json).unwrap().kind,
            invite()
        );
    }

    #[test]
    fn what_a_ringdown_would_not_write_is_refused() {
        for (from, to) in [
            ("invite", "invitation"),
            ("Alice", "Al\\nice"),
            ("ws://", "ftp://"),
            (r#""seq":3"#, r#""seq":-1"#),
            (r#""seq":3"#, r#""seq":4294967296"#),
            ("000000000007", "7"),
            (r#""video":true,"#, ""),
        ] {
            let json = written(invite()).replacen(from, to, 1);
            assert!(serde_json::from_str::<Message>(&json).is_err(), "{json}");
        }
    }

    #[test]
    fn of_many_addresses_the_first_eight_count() {
        let address = r#""ws://192.0.2.1:47100""#;
        let json = written(invite()).replacen(address, &[address; 20].join(","), 1);
        let Kind::Invite { reach, .. } = serde_json::from_str::<Message>(&json).unwrap().kind
        else {
            panic!()
        };
        assert_eq!(reach.len(), 8);
    }

    #[test]
    fn debug_shows_kind_and_size_only() {
        let signal = Message {
            call: Uuid::from_u128(7),
            seq: 3,
            kind: Kind::Signal {
                data: "v=0 192.0.2.1".into(),
            },
        };
        assert_eq!(format!("{signal:?}"), "Message(3 signal(13 bytes))");
        assert_eq!(format!("{:?}", invite()), "invite");
        assert_eq!(
            format!(
                "{:?}",
                Kind::HangUp {
                    reason: HangUp::Lost
                }
            ),
            "hang_up(Lost)"
        );
    }

    #[test]
    fn only_signs_of_life_may_be_lost() {
        for (kind, _) in all() {
            let alive = kind == Kind::Alive;
            assert_eq!(
                Message {
                    call: Uuid::nil(),
                    seq: 0,
                    kind
                }
                .may_be_lost(),
                alive
            );
        }
    }
}
