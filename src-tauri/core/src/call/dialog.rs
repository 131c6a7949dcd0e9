//! What is the same in every phase of a call: who, and the messages to and fro.

use std::time::Instant;

use uuid::Uuid;

use super::Direction;
use crate::identity::PublicKey;
use crate::inbox::Inbox;
use crate::message::{Kind, Message};
use crate::name::DisplayName;

/// A call with somebody.
#[derive(Debug)]
pub(super) struct Dialog {
    pub(super) call: Uuid,
    pub(super) peer: PublicKey,
    pub(super) name: DisplayName,
    pub(super) direction: Direction,
    /// Whether this side wants to show a picture.
    pub(super) video: bool,
    /// Whether the other side does.
    pub(super) peer_video: bool,
    pub(super) began: Instant,
    /// This side agrees to connect while it rings.
    pub(super) early: bool,
    /// When the other side last gave a sign of life.
    pub(super) heard: Instant,
    /// When ours is due.
    pub(super) alive_due: Instant,
    /// Since when messages can't be delivered, if nothing was heard since.
    pub(super) unreachable: Option<Instant>,
    inbox: Inbox<Kind>,
    sent: u32,
    alive_sent: u32,
    /// The count that the next sign of life must have at least.
    alive_expected: u32,
}

/// Whom a call is with, who began it, and who shows a picture.
pub(super) struct Parties {
    pub(super) peer: PublicKey,
    pub(super) name: DisplayName,
    pub(super) direction: Direction,
    pub(super) video: bool,
    pub(super) peer_video: bool,
    pub(super) early: bool,
}

impl Dialog {
    /// A new call; the first sign of life is due at `alive_due`.
    pub(super) fn new(call: Uuid, parties: Parties, now: Instant, alive_due: Instant) -> Self {
        let Parties {
            peer,
            name,
            direction,
            video,
            peer_video,
            early,
        } = parties;
        let mut inbox = Inbox::default();
        if direction == Direction::Incoming {
            // The invite that made this call was the first message.
            inbox.skip();
        }
        Self {
            call,
            peer,
            name,
            direction,
            video,
            peer_video,
            early,
            began: now,
            heard: now,
            alive_due,
            unreachable: None,
            inbox,
            sent: 0,
            alive_sent: 0,
            alive_expected: 0,
        }
    }

    /// The next message of this side.
    pub(super) fn message(&mut self, kind: Kind) -> Message {
        let count = match kind {
            Kind::Alive => &mut self.alive_sent,
            _ => &mut self.sent,
        };
        let seq = *count;
        *count = count.saturating_add(1);
        Message {
            call: self.call,
            seq,
            kind,
        }
    }

    /// A message of the other side came in. Signs of life end here; others wait for [`Dialog::next`].
    pub(super) fn receive(&mut self, now: Instant, message: Message) {
        let fresh = match message.kind {
            Kind::Alive => {
                let fresh = message.seq >= self.alive_expected;
                if fresh {
                    self.alive_expected = message.seq.saturating_add(1);
                }
                fresh
            }
            kind => self.inbox.put(message.seq, kind),
        };
        if fresh {
            self.heard = now;
            self.unreachable = None;
        }
    }

    /// The next message of the other side in order, if it is there.
    pub(super) fn next(&mut self) -> Option<Kind> {
        self.inbox.take()
    }
}
