//! What was written to a recipient: how much of it may still be on the line, and who waits for an answer.
//!
//! What is written can't be overtaken any more. So no more is written ahead than a slow line carries in a fraction of
//! the time that a sender waits, and the rest stays in a queue where everybody gets their turn. That something came through
//! is seen by an answer to it or to something after it, or by the answer to a ping that was written after it.

use std::collections::VecDeque;

use tokio::time::Instant;

use super::super::{deliveries::Delivery, hub::Receipt, table::Table};
use crate::{
    limits::{MAX_UNANSWERED_DELIVERIES, MAX_UNSEEN_BYTES},
    wire::Payload,
};

/// See the module. Deliveries are numbered from 0; on the wire, by the lower 32 bits of that.
#[derive(Debug)]
pub(super) struct InFlight {
    /// By the delivery's number.
    unanswered: Table<Receipt>,
    /// Weights of the last deliveries: those that may not have come through yet.
    unseen: VecDeque<u64>,
    unseen_weight: u64,
    /// A ping is on its way that will tell.
    asked: bool,
    /// Answers that may still come. They cost who gives them nothing: others decide how many there are.
    owed: u64,
}

impl Default for InFlight {
    fn default() -> Self {
        Self {
            unanswered: Table::new(MAX_UNANSWERED_DELIVERIES),
            unseen: VecDeque::new(),
            unseen_weight: 0,
            asked: false,
            owed: 0,
        }
    }
}

impl InFlight {
    /// The weight of what may be written now. If nothing is on the line, anything may.
    pub(super) fn room(&self) -> u64 {
        match self.unseen.is_empty() {
            true => u64::MAX,
            false => MAX_UNSEEN_BYTES.saturating_sub(self.unseen_weight),
        }
    }

    /// Something is written; gives its `id`. Of too many that nobody answers, the oldest of the origin that has most is taken
    /// for refused.
    pub(super) fn sent(&mut self, delivery: Delivery, now: Instant) -> (u32, Payload) {
        let weight = delivery.weight();
        self.unseen.push_back(weight);
        self.unseen_weight = self.unseen_weight.saturating_add(weight);
        self.owed = self.owed.saturating_add(1);
        let Delivery { payload, receipt } = delivery;
        let (origin, until) = (receipt.origin(), receipt.until());
        let number = self.unanswered.insert(origin, 1, until, receipt);
        while self.unanswered.crowded_out(now).is_some() {}
        (wire_id(number), payload)
    }

    /// Whether a ping is to be written, to see what came through: with these bytes.
    pub(super) fn ask(&mut self) -> Option<[u8; 4]> {
        let last = self.unanswered.next_number().checked_sub(1)?;
        let is_asked = std::mem::replace(&mut self.asked, true);
        (!is_asked).then(|| wire_id(last).to_be_bytes())
    }

    /// A pong came; gives whether it was one that we asked for.
    pub(super) fn handle_pong(&mut self, bytes: &[u8]) -> bool {
        let Ok(id) = bytes.try_into().map(u32::from_be_bytes) else {
            return false;
        };
        self.saw(id);
        std::mem::take(&mut self.asked)
    }

    /// Everything up to this delivery came through.
    fn saw(&mut self, id: u32) {
        let Some(number) = self.number(id) else {
            return;
        };
        let later = self.unanswered.next_number() - 1 - number;
        while self.unseen.len() as u64 > later
            && let Some(weight) = self.unseen.pop_front()
        {
            self.unseen_weight = self.unseen_weight.saturating_sub(weight);
        }
    }

    /// An answer came, in time or late; gives who waits for it, if they still do.
    pub(super) fn answered(&mut self, id: u32) -> Option<Receipt> {
        self.saw(id);
        let number = self.number(id)?;
        Some(self.unanswered.remove(number)?.value)
    }

    /// Whether an answer is one that we have to expect; each is counted once.
    pub(super) fn take_owed(&mut self) -> bool {
        let is_owed = self.owed > 0;
        self.owed = self.owed.saturating_sub(1);
        is_owed
    }

    /// The latest delivery with this `id`.
    fn number(&self, id: u32) -> Option<u64> {
        let last = self.unanswered.next_number().checked_sub(1)?;
        last.checked_sub(u64::from(wire_id(last).wrapping_sub(id)))
    }

    /// When somebody has waited for long enough.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.unanswered.first_end()
    }

    /// Takes for refused what nobody has answered in time.
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        while self.unanswered.expired(now).is_some() {}
    }
}

fn wire_id(number: u64) -> u32 {
    // The lower half.
    (number & u64::from(u32::MAX)) as u32
}

#[cfg(test)]
mod tests;
