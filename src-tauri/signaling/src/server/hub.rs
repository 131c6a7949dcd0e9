//! Who is registered, and how a payload finds them.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
};

use tokio::{sync::mpsc, time::Instant};

use crate::{
    limits::MAX_PENDING_DELIVERIES,
    wire::{Key, Payload},
};

/// What a session is told by others.
#[derive(Debug)]
pub(super) enum Mail {
    /// A payload for the key registered here.
    Deliver(Payload, Receipt),
    /// The recipient has what this session sent under this number.
    Delivered(u64),
    /// The same key registered on a newer connection.
    Replaced,
}

/// Where a session gets its mail. News of deliveries are bounded by the open sends of the session itself, deliveries by
/// [`MAX_PENDING_DELIVERIES`], so the channel need not be.
#[derive(Debug, Clone)]
pub(super) struct Mailbox {
    sender: mpsc::UnboundedSender<Mail>,
    /// Deliveries queued or not yet answered.
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

    /// The way back to this session, for what it sends under `number` and takes for lost at `until`.
    pub(super) fn receipt(&self, number: u64, until: Instant) -> Receipt {
        Receipt {
            sender: Some(self.sender.clone()),
            number,
            until,
            place: None,
        }
    }

    /// Queues a payload, if there is room.
    fn deliver(&self, payload: Payload, mut receipt: Receipt) {
        let before = self.pending.fetch_add(1, Ordering::Relaxed);
        receipt.place = Some(Arc::clone(&self.pending));
        if before < MAX_PENDING_DELIVERIES {
            // When the session is gone, the receipt comes back in the error and is dropped.
            drop(self.sender.send(Mail::Deliver(payload, receipt)));
        }
    }
}

/// Tells a sender that their payload has arrived, or nothing: silence is what they take for `offline`, in their own time.
#[derive(Debug)]
pub(super) struct Receipt {
    sender: Option<mpsc::UnboundedSender<Mail>>,
    number: u64,
    until: Instant,
    /// The recipient's queue that this takes a place in.
    place: Option<Arc<AtomicU32>>,
}

impl Receipt {
    /// From when on the sender is told `offline`.
    pub(super) const fn until(&self) -> Instant {
        self.until
    }

    /// The recipient has it.
    pub(super) fn confirm(self) {
        if let Some(sender) = &self.sender {
            // A sender that has gone does not want to know.
            drop(sender.send(Mail::Delivered(self.number)));
        }
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        if let Some(place) = &self.place {
            place.fetch_sub(1, Ordering::Relaxed);
        }
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

    /// Passes a payload on to whoever is at `to`. If nobody is, that is all: the sender must not be able to tell.
    pub(super) fn send(&self, to: &Key, payload: Payload, receipt: Receipt) {
        let mailbox = self.lock().get(to).map(|(_, mailbox)| mailbox.clone());
        if let Some(mailbox) = mailbox {
            mailbox.deliver(payload, receipt);
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
