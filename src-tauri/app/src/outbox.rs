//! Sends a call's messages, each again until it arrives: the inbox on the other side puts them in order and waits for
//! each. None waits here for one before it: on a slow link that would be a round trip a candidate.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use ringdown_core::identity::PublicKey;
use ringdown_signaling::{Courier, Routes};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use uuid::Uuid;

/// Pause before the first new try; it doubles up to [`MAX_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause between two tries.
const MAX_PAUSE: Duration = Duration::from_secs(2);
/// Tries of each message left over when its call is over.
const LAST_TRIES: u32 = 2;

/// A sealed message and where its recipient may be met.
pub struct Parcel {
    /// All tried at once.
    pub routes: Routes,
    /// Sealed.
    pub payload: Vec<u8>,
    /// The next message makes up for this one: one try is enough.
    pub may_be_lost: bool,
    /// Begins the call: is not sent again once that is over, or they would be rung by nobody.
    pub begins: bool,
}

/// One queue a call.
pub struct Outbox {
    courier: Courier,
    failed: mpsc::UnboundedSender<Undelivered>,
    calls: HashMap<Uuid, mpsc::UnboundedSender<Parcel>>,
    chances: HashMap<PublicKey, watch::Sender<()>>,
    tasks: JoinSet<()>,
}

/// A message was not delivered by any route; it is tried again as long as its call lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Undelivered {
    /// The call it belongs to.
    pub call: Uuid,
    /// Whom it was for.
    pub to: PublicKey,
}

impl Outbox {
    /// Failures are told to `failed`, once a message.
    #[must_use]
    pub fn new(courier: Courier, failed: mpsc::UnboundedSender<Undelivered>) -> Self {
        Self {
            courier,
            failed,
            calls: HashMap::new(),
            chances: HashMap::new(),
            tasks: JoinSet::new(),
        }
    }

    /// Queues a message of this call. Returns at once.
    pub fn send(&mut self, call: Uuid, to: PublicKey, parcel: Parcel) {
        while self.tasks.try_join_next().is_some() {}
        self.chances.retain(|_, chance| !chance.is_closed());
        let queue = self.calls.entry(call).or_insert_with(|| {
            let chance = self.chances.entry(to).or_default();
            let (queue, parcels) = mpsc::unbounded_channel();
            let sender = Sender {
                courier: self.courier.clone(),
                failed: self.failed.clone(),
                chance: chance.subscribe(),
                call,
                to,
            };
            self.tasks.spawn(sender.run(parcels));
            queue
        });
        // The task ends only after this queue is dropped.
        let _ = queue.send(parcel);
    }

    /// Leaves a note for somebody who is not there. Whether they get it can't be known.
    pub fn leave(&mut self, to: PublicKey, urls: Vec<String>, note: Vec<u8>) {
        while self.tasks.try_join_next().is_some() {}
        let left = self.courier.leave(&urls, *to.as_bytes(), &note);
        self.tasks.spawn(async move {
            if let Err(error) = left.await {
                tracing::info!("a note was not left: {error}");
            }
        });
    }

    /// The network changed: connections that are open may be dead, and what could not be delivered may be now.
    pub fn renew(&self) {
        self.courier.renew();
        for chance in self.chances.values() {
            chance.send_replace(());
        }
    }

    /// They were heard: what could not be delivered to them may be now. What is for others does not go, or their servers could
    /// see by it that somebody spoke.
    pub fn hurry(&self, from: PublicKey) {
        if let Some(chance) = self.chances.get(&from) {
            chance.send_replace(());
        }
    }

    /// The servers that the person chose themselves; see [`Courier::set_own`].
    pub fn set_own(&self, urls: Vec<String>) {
        self.courier.set_own(urls);
    }

    /// The call is over: what is queued gets a last chance and nothing more is accepted.
    pub fn end(&mut self, call: Uuid) {
        self.calls.remove(&call);
    }

    /// All calls are over. Resolves when everything queued was delivered or given up.
    pub async fn finish(&mut self) {
        self.calls.clear();
        while self.tasks.join_next().await.is_some() {}
    }
}

struct Sender {
    courier: Courier,
    failed: mpsc::UnboundedSender<Undelivered>,
    chance: watch::Receiver<()>,
    call: Uuid,
    to: PublicKey,
}

impl Sender {
    async fn run(self, mut parcels: mpsc::UnboundedReceiver<Parcel>) {
        let over = AtomicBool::new(false);
        let mut under_way = FuturesUnordered::new();
        loop {
            tokio::select! {
                // That the call is over is known before anything is sent again.
                biased;
                parcel = parcels.recv(), if !over.load(Ordering::Relaxed) => match parcel {
                    Some(parcel) => under_way.push(self.deliver(parcel, &over)),
                    None => over.store(true, Ordering::Relaxed),
                },
                Some(()) = under_way.next() => {}
                else => return,
            }
        }
    }

    /// `over`: its call is.
    async fn deliver(&self, parcel: Parcel, over: &AtomicBool) {
        let mut pause = FIRST_PAUSE;
        let mut told = false;
        let mut last_tries = 0;
        let mut chance = self.chance.clone();
        loop {
            chance.mark_unchanged();
            let sent = self
                .courier
                .deliver_by(
                    parcel.routes.clone(),
                    *self.to.as_bytes(),
                    parcel.payload.clone(),
                )
                .await;
            let Err(error) = sent else { return };
            if !std::mem::replace(&mut told, true) {
                tracing::info!("a message was not delivered: {error}");
                let _ = self.failed.send(Undelivered {
                    call: self.call,
                    to: self.to,
                });
            }
            if parcel.may_be_lost {
                return;
            }
            if over.load(Ordering::Relaxed) {
                last_tries += 1;
                if last_tries >= LAST_TRIES {
                    return;
                }
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(MAX_PAUSE),
                Ok(()) = chance.changed() => pause = FIRST_PAUSE,
            }
            if parcel.begins && over.load(Ordering::Relaxed) {
                return;
            }
        }
    }
}
