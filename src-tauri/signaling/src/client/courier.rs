//! Taking payloads to people, by whichever of their servers answers first.
//!
//! Each recipient has a queue, and what leaves it goes out in order. The server that delivered last takes the next payloads;
//! where there is none, and for what it did not deliver, all are tried at once, each by its own answers alone. Several are under
//! way at a time and none waits for one before it: a payload that is refused for now may be just the one that waits for another
//! behind it. So a payload may arrive twice, and a repeated one out of order: recipients number theirs and drop repetitions.

mod attempt;
mod desk;

use std::{
    collections::HashMap,
    fmt,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::timeout,
};

use self::desk::{Desk, Job};
use super::{
    dial::Dialer,
    pool::{Answer, Pool},
};
use crate::{
    limits::{COURIER_QUEUE, DELIVERY_TIMEOUT, MAX_NOTE_BYTES, MAX_PAYLOAD_BYTES},
    wire::{Key, Outcome, Payload},
};

/// Pause before a server that was busy, or did not know them, is asked again.
const PAUSE: Duration = Duration::from_millis(250);

/// Why a payload did not arrive, as far as we know. `Display` is a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeliverError {
    /// None of the servers answered.
    #[error("None of the servers where they could be reached answers.")]
    Unreachable,
    /// At least one server answered; they are not there, or did not confirm.
    #[error("They are not online.")]
    Offline,
    /// A server would not take it, or too many payloads are waiting.
    #[error("The message was refused: {0}")]
    Refused(String),
    /// Over [`MAX_PAYLOAD_BYTES`]; nothing was sent.
    #[error("The message has more than {MAX_PAYLOAD_BYTES} bytes.")]
    TooLarge,
}

/// Where somebody may be met. No `Debug`, those are addresses.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Routes {
    /// The servers that they named.
    pub named: Vec<String>,
    /// Where they seem to be on this network, by announcements that anybody could make: tried beside the others, never in their
    /// place, whatever is answered there.
    pub found: Vec<String>,
}

impl From<&[String]> for Routes {
    fn from(named: &[String]) -> Self {
        Self {
            named: named.to_vec(),
            found: Vec::new(),
        }
    }
}

impl Routes {
    /// Each address once; what was found and is named counts as named.
    fn tidied(mut self) -> Self {
        for urls in [&mut self.named, &mut self.found] {
            urls.sort_unstable();
            urls.dedup();
        }
        self.found.retain(|url| !self.named.contains(url));
        self
    }
}

/// Takes payloads to people. Clones are cheap and share everything; dropping the last one stops all that is under way.
///
/// The servers are named by others, so not every address will do: none of loopback, of no single machine, of a link that this
/// machine is not on, and no port that browsers refuse. Names are judged by what they resolve to. Such a server counts as one
/// that can't be reached. The exception is what the person chose, see [`Self::set_own`].
#[derive(Clone)]
pub struct Courier {
    office: Arc<Office>,
}

impl fmt::Debug for Courier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Courier").finish_non_exhaustive()
    }
}

struct Office {
    pool: Arc<Pool>,
    desks: Mutex<Desks>,
}

#[derive(Default)]
struct Desks {
    queues: HashMap<Key, mpsc::Sender<Job>>,
    tasks: JoinSet<()>,
}

impl Office {
    fn lock(&self) -> MutexGuard<'_, Desks> {
        // No code panics while it holds the lock, and the maps are whole at every moment.
        self.desks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Courier {
    /// A courier that trusts the system's certificates. `bind`: the one address that this app keeps to; where that is a loopback
    /// address, servers on loopback will do.
    #[must_use]
    pub fn new(bind: Option<IpAddr>) -> Self {
        Self::with_dialer(Dialer::new(), bind)
    }

    /// A courier with certificates to trust; `bind` as for [`Self::new`].
    #[must_use]
    pub fn with_dialer(dialer: Dialer, bind: Option<IpAddr>) -> Self {
        let loopback = bind.is_some_and(|ip| ip.is_loopback());
        Self {
            office: Arc::new(Office {
                pool: Arc::new(Pool::new(dialer, loopback)),
                desks: Mutex::default(),
            }),
        }
    }

    /// The servers that the person chose themselves: those may be anywhere, on this very machine too. Replaces earlier ones.
    pub fn set_own(&self, urls: Vec<String>) {
        self.office.pool.set_own(urls);
    }

    /// As [`Self::deliver_by`], by servers that they named.
    ///
    /// # Errors
    /// The same.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn deliver(
        &self,
        urls: &[String],
        to: [u8; 32],
        payload: Vec<u8>,
    ) -> impl Future<Output = Result<(), DeliverError>> + Send + use<> {
        self.deliver_by(urls.into(), to, payload)
    }

    /// Sends `payload` to whoever is registered at `to` on one of these servers, all tried in parallel; resolves with the first
    /// `delivered`. When a server is asked depends on nothing that another one answers, that one delivered included; only along
    /// a route that worked before, the others are left out as long as it works.
    ///
    /// Its place in the recipient's queue is taken by the call itself, before the future is polled: two calls in order leave
    /// in order, wherever their futures run. Dropping the future does not recall the payload.
    ///
    /// # Errors
    /// See [`DeliverError`]; with several servers exactly [`DELIVERY_TIMEOUT`] after it left the queue, where at most
    /// [`COURIER_WINDOW`](crate::limits::COURIER_WINDOW) are under way, or
    /// [`ROUTE_PATIENCE`](crate::limits::ROUTE_PATIENCE) later if it had a route.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn deliver_by(
        &self,
        routes: Routes,
        to: [u8; 32],
        payload: Vec<u8>,
    ) -> impl Future<Output = Result<(), DeliverError>> + Send + use<> {
        let place = self.enqueue(routes.tidied(), Key::from(to), &payload);
        // A queue ends without an answer only when the last courier was dropped.
        async { place?.await.unwrap_or(Err(DeliverError::Unreachable)) }
    }

    /// Leaves a note for somebody who is not there, at all of `urls`: servers that keep notes do so for who was registered
    /// there lately. Whether anybody gets it can't be known; resolves when each server has answered or could not be
    /// reached.
    ///
    /// # Errors
    /// [`DeliverError::TooLarge`] and [`DeliverError::Unreachable`]; nothing was left then.
    pub fn leave(
        &self,
        urls: &[String],
        to: [u8; 32],
        note: &[u8],
    ) -> impl Future<Output = Result<(), DeliverError>> + Send + use<> {
        let note = match Payload::new(note) {
            Ok(note) if note.size() <= MAX_NOTE_BYTES => Ok(note),
            _ => Err(DeliverError::TooLarge),
        };
        let mut urls = urls.to_vec();
        urls.sort_unstable();
        urls.dedup();
        let pool = Arc::clone(&self.office.pool);
        async move {
            let note = note?;
            let mut answers: FuturesUnordered<_> = urls
                .iter()
                .map(|url| {
                    let answer = pool.link(url).leave(Key::from(to), note.clone());
                    timeout(DELIVERY_TIMEOUT, answer)
                })
                .collect();
            let mut left = Err(DeliverError::Unreachable);
            while let Some(answer) = answers.next().await {
                if let Ok(Ok(Answer {
                    outcome: Outcome::Taken,
                    ..
                })) = answer
                {
                    left = Ok(());
                }
            }
            left
        }
    }

    /// For when the network changed: gives up the open connections, which may lead nowhere now. What is under way is tried again
    /// over new ones.
    pub fn renew(&self) {
        self.office.pool.renew();
    }

    fn enqueue(
        &self,
        routes: Routes,
        to: Key,
        payload: &[u8],
    ) -> Result<oneshot::Receiver<Result<(), DeliverError>>, DeliverError> {
        let payload = Payload::new(payload).map_err(|_| DeliverError::TooLarge)?;
        if routes == Routes::default() {
            return Err(DeliverError::Unreachable);
        }
        let (done, answer) = oneshot::channel();
        let job = Job {
            routes,
            payload,
            done,
        };
        let mut desks = self.office.lock();
        let Desks { queues, tasks } = &mut *desks;
        let queue = queues.entry(to).or_insert_with(|| {
            while tasks.try_join_next().is_some() {}
            let (queue, jobs) = mpsc::channel(COURIER_QUEUE);
            let office = Arc::downgrade(&self.office);
            let desk = Desk::new(Arc::clone(&self.office.pool), office, to);
            tasks.spawn(desk.run(jobs));
            queue
        });
        let full = |_| DeliverError::Refused("too many messages are waiting for them".to_owned());
        queue.try_send(job).map_err(full)?;
        Ok(answer)
    }
}
