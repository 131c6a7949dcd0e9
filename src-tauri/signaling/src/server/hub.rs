//! Who is registered, and how a payload finds them.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
};

use tokio::sync::mpsc;

use crate::{
    limits::MAX_PENDING_DELIVERIES,
    wire::{Key, Outcome, Payload},
};

/// What a session is told by others.
#[derive(Debug)]
pub(super) enum Mail {
    /// A payload for the key registered here.
    Deliver(Payload, Receipt),
    /// How an earlier `send` of this session ended.
    Result(u32, Outcome),
    /// The same key registered on a newer connection.
    Replaced,
}

/// Where a session gets its mail. Results are bounded by the open sends of the session itself, deliveries by
/// [`MAX_PENDING_DELIVERIES`], so the channel need not be.
#[derive(Debug, Clone)]
pub(super) struct Mailbox {
    sender: mpsc::UnboundedSender<Mail>,
    /// Deliveries queued or not yet acknowledged.
    pending: Arc<AtomicU32>,
}

impl Mailbox {
    pub(super) fn new() -> (Self, mpsc::UnboundedReceiver<Mail>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (
            Self {
                sender,
                pending: Arc::default(),
            },
            receiver,
        )
    }

    /// Queues a payload that `from` sent under `id`. Whatever becomes of it, `from` gets exactly one result.
    pub(super) fn deliver(&self, payload: Payload, from: &Self, id: u32) {
        let before = self.pending.fetch_add(1, Ordering::Relaxed);
        let receipt = Receipt {
            sender: from.sender.clone(),
            id,
            pending: Arc::clone(&self.pending),
            outcome: Outcome::Offline,
        };
        if before >= MAX_PENDING_DELIVERIES {
            receipt.settle(Outcome::Busy);
        } else {
            // When the session is gone, the receipt comes back in the error and is dropped, which reports `offline`.
            drop(self.sender.send(Mail::Deliver(payload, receipt)));
        }
    }
}

/// The duty to tell a sender how their `send` ended: `offline` when dropped.
#[derive(Debug)]
pub(super) struct Receipt {
    sender: mpsc::UnboundedSender<Mail>,
    id: u32,
    pending: Arc<AtomicU32>,
    outcome: Outcome,
}

impl Receipt {
    pub(super) fn settle(mut self, outcome: Outcome) {
        self.outcome = outcome;
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        self.pending.fetch_sub(1, Ordering::Relaxed);
        // A sender that has gone does not want to know.
        drop(self.sender.send(Mail::Result(self.id, self.outcome)));
    }
}

/// The registrations of one server.
#[derive(Debug, Default)]
pub(super) struct Hub {
    registered: Mutex<HashMap<Key, (u64, Mailbox)>>,
    sessions: AtomicU64,
}

/// A registration; ends when dropped.
#[derive(Debug)]
pub(super) struct Seat {
    hub: Arc<Hub>,
    key: Key,
    number: u64,
}

impl Hub {
    /// Seats a mailbox at `key`. The newest wins: a mailbox seated there before is told so.
    pub(super) fn register(self: &Arc<Self>, key: Key, mailbox: Mailbox) -> Seat {
        let number = self.sessions.fetch_add(1, Ordering::Relaxed);
        if let Some((_, older)) = self.lock().insert(key, (number, mailbox)) {
            drop(older.sender.send(Mail::Replaced));
        }
        Seat {
            hub: Arc::clone(self),
            key,
            number,
        }
    }

    /// Passes a payload on; `from` gets a result in any case.
    pub(super) fn send(&self, to: &Key, payload: Payload, from: &Mailbox, id: u32) {
        let mailbox = self.lock().get(to).map(|(_, mailbox)| mailbox.clone());
        match mailbox {
            Some(mailbox) => mailbox.deliver(payload, from, id),
            None => drop(from.sender.send(Mail::Result(id, Outcome::Offline))),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, (u64, Mailbox)>> {
        // No code panics while it holds the lock, and the map is whole at every moment.
        self.registered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut registered = self.hub.lock();
        if registered
            .get(&self.key)
            .is_some_and(|(number, _)| *number == self.number)
        {
            registered.remove(&self.key);
        }
    }
}
