//! Who is registered, and how a payload finds them.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Notify, mpsc},
    time::Instant,
};

#[cfg(feature = "meddling")]
use super::meddling::{Meddler, Sent, Witness};
use super::{
    deliveries::{Deliveries, Delivery, Next},
    notes::{Left, Notes},
    shares::Origin,
};
use crate::{
    limits::NOTES_KEPT,
    wire::{Key, Payload},
};

/// How much is looked at or forgotten without letting others do something in between.
const AT_ONCE: usize = 1000;

/// What a session is told by others.
#[derive(Debug)]
pub(super) enum Mail {
    /// Something is queued for the key registered here.
    Waiting,
    /// The recipient has what this session sent under this number.
    Delivered(u64),
    /// The same key registered on a newer connection.
    Replaced,
}

/// Where a session gets its mail. There is at most one [`Mail::Waiting`] at a time, and one [`Mail::Delivered`] for each open send
/// of the session itself, so the channel need not be bounded.
#[derive(Debug, Clone)]
pub(super) struct Mailbox {
    sender: mpsc::UnboundedSender<Mail>,
}

impl Mailbox {
    pub(super) fn new() -> (Self, mpsc::UnboundedReceiver<Mail>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self { sender }, receiver)
    }

    /// The way back to this session, for what it sends under `number` and takes for lost at `until`.
    pub(super) fn receipt(&self, number: u64, until: Instant, origin: Origin) -> Receipt {
        Receipt {
            sender: Some(self.sender.clone()),
            number,
            until,
            origin,
            note: None,
        }
    }

    fn tell(&self, mail: Mail) {
        // Who has gone does not want to know.
        drop(self.sender.send(mail));
    }
}

/// Tells a sender that their payload has arrived, or nothing: silence is what they take for `offline`, in their own time.
#[derive(Debug)]
pub(super) struct Receipt {
    sender: Option<mpsc::UnboundedSender<Mail>>,
    number: u64,
    until: Instant,
    origin: Origin,
    /// Where this is a note: kept here, for this key, under `number`, until the recipient has answered.
    note: Option<(Arc<Hub>, Key)>,
}

impl Receipt {
    /// Where what it is for came from.
    pub(super) const fn origin(&self) -> Origin {
        self.origin
    }

    /// From when on the sender is told `offline`.
    pub(super) const fn until(&self) -> Instant {
        self.until
    }

    /// Of a note.
    fn of_note(hub: &Arc<Hub>, key: Key, number: u64, until: Instant, origin: Origin) -> Self {
        Self {
            sender: None,
            number,
            until,
            origin,
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

#[cfg(any(test, feature = "meddling"))]
impl Receipt {
    /// For what nobody wants to hear of again.
    pub(super) const fn for_nobody(origin: Origin, until: Instant) -> Self {
        Self {
            sender: None,
            number: 0,
            until,
            origin,
            note: None,
        }
    }
}

#[cfg(feature = "meddling")]
impl Receipt {
    /// The same, and the recipient may take until then.
    pub(super) fn renewed(mut self, until: Instant) -> Self {
        self.until = until;
        self
    }
}

/// The registrations of one server.
#[derive(Default)]
pub(super) struct Hub {
    /// Locked before the notes where both are.
    registered: Mutex<HashMap<Key, (u64, Mailbox)>>,
    sessions: AtomicU64,
    notes: Mutex<Notes>,
    deliveries: Mutex<Deliveries>,
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
    origin: Origin,
}

impl Seat {
    pub(super) const fn key(&self) -> &Key {
        &self.key
    }

    /// What is next in the queue for this key, if it weighs no more than `room`.
    pub(super) fn next_delivery(&self, room: u64, now: Instant) -> Next {
        self.hub.deliveries().next(self.number, room, now)
    }
}

impl Hub {
    /// Seats a mailbox at `key`. The newest wins: a mailbox seated there before is told so.
    /// What was left for them follows; they have `patience` to answer.
    pub(super) fn register(
        self: &Arc<Self>,
        key: Key,
        mailbox: Mailbox,
        origin: Origin,
        now: Instant,
        patience: Duration,
    ) -> Seat {
        #[cfg(feature = "meddling")]
        let key = match &self.meddler {
            Some(meddler) => Key::from(meddler.registers(key.0)),
            None => key,
        };
        let number = self.sessions.fetch_add(1, Ordering::Relaxed);
        self.deliveries().open(number);
        let older = {
            let mut registered = self.lock();
            self.notes().known.arrive(&key, now);
            registered.insert(key, (number, mailbox))
        };
        if let Some((_, older)) = older {
            older.tell(Mail::Replaced);
        }
        let left = self.notes().of(&key, now);
        self.changed.notify_one();
        for Left {
            number,
            origin,
            payload,
        } in left
        {
            let receipt = Receipt::of_note(self, key, number, now + patience, origin);
            self.pass(&key, payload, receipt, now);
        }
        Seat {
            hub: Arc::clone(self),
            key,
            number,
            origin,
        }
    }

    /// Passes a payload on to whoever is at `to`. If nobody is, that is all: the sender must not be able to tell.
    pub(super) fn send(
        self: &Arc<Self>,
        to: &Key,
        payload: Payload,
        receipt: Receipt,
        now: Instant,
    ) {
        #[cfg(feature = "meddling")]
        if let Some(meddler) = &self.meddler {
            return meddler.sends(Sent::new(Arc::clone(self), to.0, &payload, receipt));
        }
        self.pass(to, payload, receipt, now);
    }

    pub(super) fn pass(&self, to: &Key, payload: Payload, receipt: Receipt, now: Instant) {
        let seat = self.lock().get(to).cloned();
        if let Some((number, mailbox)) = seat {
            let delivery = Delivery { payload, receipt };
            let is_news = self.deliveries().push(number, delivery, now);
            if is_news {
                mailbox.tell(Mail::Waiting);
            }
        }
    }

    /// Keeps a note for whoever is at `to` or was lately, and hands it over where somebody is.
    pub(super) fn leave(
        self: &Arc<Self>,
        to: Key,
        payload: &Payload,
        origin: Origin,
        now: Instant,
        until: Instant,
    ) {
        let kept = {
            let registered = self.lock();
            let is_here = registered.contains_key(&to);
            self.notes().keep(to, is_here, payload, origin, now)
        };
        if let Some(number) = kept {
            self.changed.notify_one();
            let receipt = Receipt::of_note(self, to, number, until, origin);
            self.pass(&to, payload.clone(), receipt, now);
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
    pub(super) fn known(&self, now: Instant) -> BTreeMap<Key, Instant> {
        let until = now + NOTES_KEPT;
        let here = || -> Vec<_> { self.lock().keys().map(|key| (*key, until)).collect() };
        // Asked before and after: who comes or goes meanwhile is one or the other.
        let mut known = BTreeMap::from_iter(here());
        let mut last = None;
        loop {
            let page = self.notes().known.page(last, AT_ONCE, now);
            let Some((key, _)) = page.last() else { break };
            last = Some(*key);
            known.extend(page.into_iter().filter(|(_, until)| *until > now));
        }
        known.extend(here());
        known
    }

    /// Forgets what is out of date.
    pub(super) fn sweep(&self, now: Instant) {
        while self.notes().expire(now, AT_ONCE) == AT_ONCE {}
        while self.notes().known.expire(now, AT_ONCE) == AT_ONCE {}
    }

    pub(super) fn notes(&self) -> MutexGuard<'_, Notes> {
        // No code panics while it holds the lock, and the notes are whole at every moment.
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn deliveries(&self) -> MutexGuard<'_, Deliveries> {
        // No code panics while it holds the lock, and the queues are whole at every moment.
        self.deliveries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
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
        {
            let mut registered = self.hub.lock();
            if registered
                .get(&self.key)
                .is_some_and(|(number, _)| *number == self.number)
            {
                registered.remove(&self.key);
                // From now on they are missed.
                let mut notes = self.hub.notes();
                notes.known.leave(self.key, self.origin, Instant::now());
            }
        }
        self.hub.deliveries().close(self.number);
        self.hub.changed.notify_one();
    }
}

#[cfg(test)]
mod tests;
