//! Payloads on their way to who is registered, until they are written to a connection: for each recipient a queue that is
//! fair between origins, and for all of them together so many bytes.
//!
//! What has no room is dropped without a word. Its sender hears `offline` when everybody does.

use std::collections::HashMap;

use tokio::time::Instant;

use super::{
    fair_queue::FairQueue,
    hub::Receipt,
    table::{Table, Thing},
};
use crate::{
    limits::{DELIVERY_OVERHEAD_BYTES, MAX_QUEUED_BYTES, MAX_QUEUED_BYTES_PER_KEY},
    wire::Payload,
};

/// How much that is out of date is taken out each time something is queued. More than one, so that nothing piles up.
const EXPIRED_AT_ONCE: usize = 4;

/// A payload, and who wants to know what becomes of it.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) payload: Payload,
    pub(super) receipt: Receipt,
}

impl Delivery {
    /// What it takes of memory and of a line, in bytes.
    pub(super) fn weight(&self) -> u64 {
        let text = self.payload.size().div_ceil(3) * 4;
        u64::try_from(text + DELIVERY_OVERHEAD_BYTES).unwrap_or(u64::MAX)
    }
}

/// What a recipient finds in their queue.
#[derive(Debug)]
pub(super) enum Next {
    Delivery(Box<Delivery>),
    /// There is something, but it is larger than there was room for.
    NoRoom,
    Nothing,
}

/// All queues of one server.
#[derive(Debug)]
pub(super) struct Deliveries {
    /// With the seat that each is for.
    all: Table<(u64, Delivery)>,
    queues: HashMap<u64, Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    order: FairQueue,
    /// Whoever sits there knows that there is something, and has not found the end of it yet.
    told: bool,
}

impl Default for Deliveries {
    fn default() -> Self {
        Self {
            all: Table::new(MAX_QUEUED_BYTES),
            queues: HashMap::new(),
        }
    }
}

impl Deliveries {
    /// From now on there is a queue for this seat.
    pub(super) fn open(&mut self, seat: u64) {
        self.queues.entry(seat).or_default();
    }

    /// Nobody sits there any more: what is queued for them is dropped.
    pub(super) fn close(&mut self, seat: u64) {
        let Some(mut queue) = self.queues.remove(&seat) else {
            return;
        };
        while let Some((origin, number, _)) = queue.order.next() {
            queue.order.remove(origin, number);
            self.all.remove(number);
        }
    }

    /// Queues something; gives whether whoever sits there is to be told.
    pub(super) fn push(&mut self, seat: u64, delivery: Delivery, now: Instant) -> bool {
        for _ in 0..EXPIRED_AT_ONCE {
            let Some((number, expired)) = self.all.expired(now) else {
                break;
            };
            self.unqueue(number, &expired);
        }
        let Some(queue) = self.queues.get_mut(&seat) else {
            return false;
        };
        let (origin, weight) = (delivery.receipt.origin(), delivery.weight());
        let until = delivery.receipt.until();
        let number = self.all.insert(origin, weight, until, (seat, delivery));
        queue.order.push(origin, number, weight);
        while queue.order.weight() > MAX_QUEUED_BYTES_PER_KEY
            && let Some((origin, number)) = queue.order.first_to_go()
        {
            queue.order.remove(origin, number);
            self.all.remove(number);
        }
        let tell = !std::mem::replace(&mut queue.told, true);
        while let Some((number, gone)) = self.all.crowded_out(now) {
            self.unqueue(number, &gone);
        }
        tell
    }

    fn unqueue(&mut self, number: u64, gone: &Thing<(u64, Delivery)>) {
        if let Some(queue) = self.queues.get_mut(&gone.value.0) {
            queue.order.remove(gone.origin, number);
        }
    }

    /// What is next for a seat, if it weighs no more than `room`. What is out of date is left out.
    pub(super) fn next(&mut self, seat: u64, room: u64, now: Instant) -> Next {
        let Some(queue) = self.queues.get_mut(&seat) else {
            return Next::Nothing;
        };
        while let Some((origin, number, weight)) = queue.order.next() {
            if self.all.get(number).is_none_or(|next| next.until <= now) {
                // Its sender has been told `offline` already: no use to either side any more.
                queue.order.remove(origin, number);
                self.all.remove(number);
                continue;
            }
            if weight > room {
                return Next::NoRoom;
            }
            queue.order.take();
            if let Some(next) = self.all.remove(number) {
                return Next::Delivery(Box::new(next.value.1));
            }
        }
        queue.told = false;
        Next::Nothing
    }
}

#[cfg(test)]
mod tests;
