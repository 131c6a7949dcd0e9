//! Who is registered, and how a payload finds them.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Notify, mpsc},
    time::Instant,
};

#[cfg(feature = "meddling")]
use super::meddling::{Meddler, Sent, Witness};
use super::notes::Notes;
use crate::{
    limits::MAX_PENDING_DELIVERIES,
    wire::{Key, Payload},
};

/// What a session is told by others.
#[derive(Debug)]
pub(super) enum Mail {
    /// A payload for the key registered here. Boxed, so that an empty mailbox, which most are, takes little memory.
    Deliver(Box<(Payload, Receipt)>),
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
            note: None,
        }
    }

    /// Queues a payload, if there is room.
    fn deliver(&self, payload: Payload, mut receipt: Receipt) {
        let before = self.pending.fetch_add(1, Ordering::Relaxed);
        receipt.place = Some(Arc::clone(&self.pending));
        if before < MAX_PENDING_DELIVERIES {
            // When the session is gone, the receipt comes back in the error and is dropped.
            drop(
                self.sender
                    .send(Mail::Deliver(Box::new((payload, receipt)))),
            );
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
    /// Where this is a note: kept here, for this key, under `number`, until the recipient has answered.
    note: Option<(Arc<Hub>, Key)>,
}

impl Receipt {
    /// From when on the sender is told `offline`.
    pub(super) const fn until(&self) -> Instant {
        self.until
    }

    /// Of a note.
    fn of_note(hub: &Arc<Hub>, key: Key, number: u64, until: Instant) -> Self {
        Self {
            sender: None,
            number,
            until,
            place: None,
            note: Some((Arc::clone(hub), key)),
        }
    }

    /// The recipient does not want it. Its sender takes silence for `offline`; a note is not offered again.
    pub(super) fn refuse(self) {
        self.put_away();
    }

    fn put_away(&self) {
        if let Some((hub, key)) = &self.note {
            hub.notes().forget(key, self.number);
            hub.changed.notify_one();
        }
    }

    /// The recipient has it.
    pub(super) fn confirm(self) {
        self.put_away();
        if let Some(sender) = &self.sender {
            // A sender that has gone does not want to know.
            drop(sender.send(Mail::Delivered(self.number)));
        }
    }
}

#[cfg(feature = "meddling")]
impl Receipt {
    /// For what nobody wants to hear of again.
    pub(super) fn for_nobody() -> Self {
        Self {
            sender: None,
            number: 0,
            until: Instant::now(),
            place: None,
            note: None,
        }
    }

    /// The same, and the recipient may take until then.
    pub(super) fn renewed(mut self, until: Instant) -> Self {
        self.until = until;
        self
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
#[derive(Default)]
pub(super) struct Hub {
    registered: Mutex<HashMap<Key, (u64, Mailbox)>>,
    sessions: AtomicU64,
    notes: Mutex<Notes>,
    /// The notes, or who is known, may have changed.
    changed: Notify,
    #[cfg(feature = "meddling")]
    meddler: Option<Arc<dyn Meddler>>,
    #[cfg(feature = "meddling")]
    connections: AtomicU64,
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").finish_non_exhaustive()
    }
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
    /// What was left for them follows; they have `patience` to answer.
    pub(super) fn register(
        self: &Arc<Self>,
        key: Key,
        mailbox: Mailbox,
        now: Instant,
        patience: Duration,
    ) -> Seat {
        #[cfg(feature = "meddling")]
        let key = match &self.meddler {
            Some(meddler) => Key::from(meddler.registers(key.0)),
            None => key,
        };
        let number = self.sessions.fetch_add(1, Ordering::Relaxed);
        if let Some((_, older)) = self.lock().insert(key, (number, mailbox.clone())) {
            drop(older.sender.send(Mail::Replaced));
        }
        let left = {
            let mut notes = self.notes();
            notes.know(key, now);
            notes.of(&key, now)
        };
        self.changed.notify_one();
        for (number, payload) in left {
            let receipt = Receipt::of_note(self, key, number, now + patience);
            mailbox.deliver(payload, receipt);
        }
        Seat {
            hub: Arc::clone(self),
            key,
            number,
        }
    }

    /// Passes a payload on to whoever is at `to`. If nobody is, that is all: the sender must not be able to tell.
    pub(super) fn send(self: &Arc<Self>, to: &Key, payload: Payload, receipt: Receipt) {
        #[cfg(feature = "meddling")]
        if let Some(meddler) = &self.meddler {
            return meddler.sends(Sent::new(Arc::clone(self), to.0, &payload, receipt));
        }
        self.pass(to, payload, receipt);
    }

    pub(super) fn pass(&self, to: &Key, payload: Payload, receipt: Receipt) {
        let mailbox = self.lock().get(to).map(|(_, mailbox)| mailbox.clone());
        if let Some(mailbox) = mailbox {
            mailbox.deliver(payload, receipt);
        }
    }

    /// Keeps a note for whoever is at `to` or was lately, and hands it over where somebody is.
    pub(super) fn leave(
        self: &Arc<Self>,
        to: Key,
        payload: &Payload,
        origin: u64,
        now: Instant,
        until: Instant,
    ) {
        let is_here = self.lock().contains_key(&to);
        let kept = {
            let mut notes = self.notes();
            if is_here {
                // They may have come longer ago than anybody is known who left.
                notes.know(to, now);
            }
            notes.keep(to, payload, origin, now)
        };
        if let Some(number) = kept {
            self.changed.notify_one();
            self.pass(
                &to,
                payload.clone(),
                Receipt::of_note(self, to, number, until),
            );
        }
    }

    /// Resolves when the notes, or who is known, may have changed since it last did.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// The same will be looked at again.
    pub(super) fn look_again(&self) {
        self.changed.notify_one();
    }

    /// Who is known, and until when; whoever is registered could leave now.
    pub(super) fn known(&self, now: Instant) -> Vec<(Key, Instant)> {
        let here: Vec<Key> = self.lock().keys().copied().collect();
        let mut notes = self.notes();
        for key in here {
            notes.know(key, now);
        }
        notes.known(now)
    }

    pub(super) fn notes(&self) -> MutexGuard<'_, Notes> {
        // No code panics while it holds the lock, and the notes are whole at every moment.
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, (u64, Mailbox)>> {
        // No code panics while it holds the lock, and the map is whole at every moment.
        self.registered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(feature = "meddling")]
impl Hub {
    /// A server's hub with somebody at the levers.
    pub(super) fn run_by(meddler: Arc<dyn Meddler>) -> Self {
        Self {
            meddler: Some(meddler),
            ..Self::default()
        }
    }

    /// Somebody to see what a new connection says and hears.
    pub(super) fn witness(&self, address: std::net::IpAddr) -> Option<Witness> {
        let meddler = Arc::clone(self.meddler.as_ref()?);
        let connection = self.connections.fetch_add(1, Ordering::Relaxed);
        Some(Witness::new(meddler, connection, address))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        // From now on they are missed.
        self.hub.notes().know(self.key, Instant::now());
        self.hub.changed.notify_one();
        let mut registered = self.hub.lock();
        if registered
            .get(&self.key)
            .is_some_and(|(number, _)| *number == self.number)
        {
            registered.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::NOTES_KEPT;

    #[test]
    fn a_note_finds_who_has_been_here_for_longer_than_anybody_is_known() {
        let hub = Arc::new(Hub::default());
        let (mailbox, mut mail) = Mailbox::new();
        let (bob, came) = (Key::from([2; 32]), Instant::now());
        let patience = Duration::from_secs(2);
        let _seat = hub.register(bob, mailbox, came, patience);
        let now = came + NOTES_KEPT * 2;
        let note = Payload::new(b"sealed").unwrap();
        hub.leave(bob, &note, 0, now, now + patience);
        assert!(matches!(mail.try_recv(), Ok(Mail::Deliver(letter)) if letter.0 == note));
    }
}
