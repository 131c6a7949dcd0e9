//! Envelopes between Alice and Bob, and what Mallory, Carol and a bad network do with them.

mod bounds;
mod golden;
mod hostile;
mod story;

use std::sync::Arc;

use uuid::Uuid;

use super::handshake;
use super::session::{Letter, json};
use super::{Admission, EnvelopeError, Opened, Sessions};
use crate::identity::{Identity, PublicKey};
use crate::invite::Reach;
use crate::message::{HangUp, Kind, Message, Presence};
use crate::name::DisplayName;

/// 24 November 2026, in milliseconds of Unix time.
pub(super) const NOW: u64 = 1_764_000_000_000;

pub(super) fn identity(seed: u8) -> Arc<Identity> {
    Arc::new(Identity::from_seed([seed; 32]))
}

pub(super) fn key(seed: u8) -> PublicKey {
    identity(seed).public()
}

pub(super) const ALICE: u8 = 1;
pub(super) const BOB: u8 = 2;
pub(super) const CAROL: u8 = 3;
pub(super) const MALLORY: u8 = 4;

pub(super) fn sessions(seed: u8) -> Sessions {
    Sessions::new(identity(seed), [])
}

pub(super) fn call() -> Uuid {
    Uuid::from_u128(7)
}

pub(super) fn say(seq: u32, kind: Kind) -> Message {
    Message {
        call: call(),
        seq,
        kind,
    }
}

pub(super) fn name() -> DisplayName {
    DisplayName::parse("Alice").unwrap()
}

pub(super) fn invite() -> Message {
    say(
        0,
        Kind::Invite {
            video: true,
            name: name(),
            early: false,
            servers: Vec::new(),
            port: None,
        },
    )
}

pub(super) fn ringing() -> Message {
    say(0, Kind::Ringing { early: false })
}

pub(super) fn signal(seq: u32, data: &str) -> Message {
    say(seq, Kind::Signal { data: data.into() })
}

/// Every kind of message.
pub(super) fn all_kinds() -> Vec<Kind> {
    let reach = vec![Reach::parse("ws://192.0.2.1:47100").unwrap()];
    vec![
        invite().kind,
        Kind::Ringing { early: true },
        Kind::Accept { video: true },
        Kind::Here {
            reach: reach.clone(),
        },
        Kind::Decline { minutes: None },
        Kind::Busy,
        Kind::Cancel,
        signal(0, "v=0").kind,
        Kind::Alive,
        Kind::HangUp {
            reason: HangUp::Ended,
        },
        Kind::Note {
            video: true,
            at: NOW,
        },
        Kind::Presence {
            state: Presence::Free,
            ask: true,
        },
        Kind::Request {
            name: name(),
            token: None,
            reach: reach.clone(),
        },
        Kind::Welcome {
            name: name(),
            reach,
        },
    ]
}

/// Opens with everybody as a contact.
pub(super) fn open(who: &mut Sessions, envelope: &[u8]) -> Result<Vec<Opened>, EnvelopeError> {
    who.open(NOW, envelope, |_, _| Admission::Contact)
}

/// The one message in it.
pub(super) fn heard(who: &mut Sessions, envelope: &[u8]) -> Message {
    let mut opened = open(who, envelope).unwrap();
    assert_eq!(opened.len(), 1);
    opened.remove(0).message
}

/// Alice and Bob in a call: message 1 and message 2 have gone.
pub(super) struct Pair {
    pub(super) alice: Sessions,
    pub(super) bob: Sessions,
    pub(super) first: Vec<u8>,
    pub(super) second: Vec<u8>,
}

impl Pair {
    pub(super) fn new() -> Self {
        let (mut alice, mut bob) = (sessions(ALICE), sessions(BOB));
        let first = alice.seal(NOW, key(BOB), &invite()).unwrap();
        assert_eq!(heard(&mut bob, &first), invite());
        let second = bob.seal(NOW, key(ALICE), &ringing()).unwrap();
        assert_eq!(heard(&mut alice, &second), ringing());
        Self {
            alice,
            bob,
            first,
            second,
        }
    }

    pub(super) fn alice_says(&mut self, message: &Message) -> Vec<u8> {
        self.alice.seal(NOW, key(BOB), message).unwrap()
    }

    pub(super) fn bob_says(&mut self, message: &Message) -> Vec<u8> {
        self.bob.seal(NOW, key(ALICE), message).unwrap()
    }
}

/// A first message with any text, as somebody would make it who has their own program.
pub(super) fn crafted(by: u8, to: u8, claims: u8, at: u64, message: Message) -> Vec<u8> {
    let letter = Letter {
        from: key(claims),
        at,
        mark: [9; 8],
        message,
    };
    crafted_text(by, to, &json(&letter).unwrap())
}

pub(super) fn crafted_text(by: u8, to: u8, text: &[u8]) -> Vec<u8> {
    let (_, envelope) = handshake::write_first(&identity(by), key(to), text, None).unwrap();
    envelope
}
