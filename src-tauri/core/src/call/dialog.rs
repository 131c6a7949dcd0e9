//! What is the same in every phase of a call: who, and the messages to and fro.

use std::time::Instant;

use uuid::Uuid;

use super::Direction;
use crate::identity::PublicKey;
use crate::inbox::Inbox;
use crate::message::{Kind, MAX_SIGNALS, Message, SIGNAL_EVERY};
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
    /// Signals and addresses that are still taken, and until when those given back are counted.
    news: (u32, Instant),
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
            news: (MAX_SIGNALS, now),
        }
    }

    /// Whether one more signal, or word of where to reach the other side, is passed on: a page has work with each, and
    /// the other side can send them as fast as servers let it.
    pub(super) fn takes_news(&mut self, now: Instant) -> bool {
        let (left, since) = self.news;
        let back = now.saturating_duration_since(since).as_nanos() / SIGNAL_EVERY.as_nanos();
        let back = u32::try_from(back).unwrap_or(u32::MAX);
        let (left, since) = if back >= MAX_SIGNALS.saturating_sub(left) {
            (MAX_SIGNALS, now.max(since))
        } else {
            (left + back, since + SIGNAL_EVERY * back)
        };
        self.news = (left.saturating_sub(1), since);
        left > 0
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
