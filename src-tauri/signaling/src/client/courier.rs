//! Taking payloads to people, by whichever of their servers answers first.
//!
//! Each recipient has a queue, and what leaves it goes out in order. The server that delivered last takes the next payloads;
//! where there is none, and for what it did not deliver, all are tried at once. Several are under way at a time and none waits
//! for one before it: a payload that is refused for now may be just the one that waits for another behind it. So a payload may
//! arrive twice, and a repeated one out of order: recipients number theirs and drop repetitions.

mod attempt;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::timeout,
};

use self::attempt::everywhere;
use super::{
    dial::Dialer,
    pool::{Answer, Link, Pool},
};
use crate::{
    limits::{
        COURIER_IDLE, COURIER_QUEUE, COURIER_WINDOW, DELIVERY_TIMEOUT, MAX_NOTE_BYTES,
        MAX_PAYLOAD_BYTES, ROUTE_PATIENCE,
    },
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

/// Takes payloads to people. Clones are cheap and share everything; dropping the last one stops all that is under way.
#[derive(Clone)]
pub struct Courier {
    office: Arc<Office>,
}

impl fmt::Debug for Courier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Courier").finish_non_exhaustive()
    }
}

impl Default for Courier {
    fn default() -> Self {
        Self::new()
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

struct Job {
    urls: Vec<String>,
    payload: Payload,
    done: oneshot::Sender<Result<(), DeliverError>>,
}

impl Courier {
    /// A courier that trusts the system's certificates.
    #[must_use]
    pub fn new() -> Self {
        Self::with_dialer(Dialer::new())
    }

    /// A courier with certificates to trust.
    #[must_use]
    pub fn with_dialer(dialer: Dialer) -> Self {
        Self {
            office: Arc::new(Office {
                pool: Arc::new(Pool::new(dialer)),
                desks: Mutex::default(),
            }),
        }
    }

    /// Sends `payload` to whoever is registered at `to` on one of `urls`, all tried in parallel; the first `delivered` wins.
    ///
    /// Its place in the recipient's queue is taken by the call itself, before the future is polled: two calls in order leave
    /// in order, wherever their futures run. Dropping the future does not recall the payload.
    ///
    /// # Errors
    /// See [`DeliverError`]; at the latest [`DELIVERY_TIMEOUT`] and [`ROUTE_PATIENCE`] after it left the queue, where at most
    /// [`COURIER_WINDOW`] are under way.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn deliver(
        &self,
        urls: &[String],
        to: [u8; 32],
        payload: Vec<u8>,
    ) -> impl Future<Output = Result<(), DeliverError>> + Send + use<> {
        let place = self.enqueue(urls, Key::from(to), &payload);
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
        urls: &[String],
        to: Key,
        payload: &[u8],
    ) -> Result<oneshot::Receiver<Result<(), DeliverError>>, DeliverError> {
        let payload = Payload::new(payload).map_err(|_| DeliverError::TooLarge)?;
        if urls.is_empty() {
            return Err(DeliverError::Unreachable);
        }
        let (done, answer) = oneshot::channel();
        let mut urls = urls.to_vec();
        urls.sort_unstable();
        urls.dedup();
        let job = Job {
            urls,
            payload,
            done,
        };
        let mut desks = self.office.lock();
        let Desks { queues, tasks } = &mut *desks;
        let queue = queues.entry(to).or_insert_with(|| {
            while tasks.try_join_next().is_some() {}
            let (queue, jobs) = mpsc::channel(COURIER_QUEUE);
            let desk = Desk {
                pool: Arc::clone(&self.office.pool),
                office: Arc::downgrade(&self.office),
                to,
                route: None,
            };
            tasks.spawn(desk.run(jobs));
            queue
        });
        let full = |_| DeliverError::Refused("too many messages are waiting for them".to_owned());
        queue.try_send(job).map_err(full)?;
        Ok(answer)
    }
}

/// The queue of one recipient.
struct Desk {
    pool: Arc<Pool>,
    office: Weak<Office>,
    to: Key,
    /// The server that delivered last.
    route: Option<String>,
}

/// What became of a job.
enum Landed {
    /// This server delivered it.
    Delivered(String, Job),
    /// The route that it took did not, within [`ROUTE_PATIENCE`].
    Astray(String, Job),
    /// No server did.
    Failed(DeliverError, Job),
}

type Flight = BoxFuture<'static, Landed>;

impl Desk {
    async fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut flying = FuturesUnordered::<Flight>::new();
        loop {
            tokio::select! {
                Some(landed) = flying.next() => flying.extend(self.land(landed)),
                job = timeout(COURIER_IDLE, jobs.recv()), if flying.len() < COURIER_WINDOW => match job {
                    Ok(Some(job)) => flying.push(self.take_off(job)),
                    Ok(None) => return,
                    Err(_) if flying.is_empty() && self.leave(&jobs) => return,
                    Err(_) => {}
                },
            }
        }
    }

    /// Along the route, if this job may take it and the connection is there; else to every server.
    fn take_off(&self, job: Job) -> Flight {
        let route = self.route.as_ref().filter(|url| job.urls.contains(url));
        match route.and_then(|url| Some((url.clone(), self.pool.living(url)?))) {
            Some((url, link)) => fly(url, &link, self.to, job).boxed(),
            None => spread(Arc::clone(&self.pool), self.to, job).boxed(),
        }
    }

    /// Takes note of what became of a job; the flight it has yet to make, if any.
    fn land(&mut self, landed: Landed) -> Option<Flight> {
        let (job, result) = match landed {
            Landed::Astray(url, job) => {
                self.route.take_if(|route| *route == url);
                return Some(spread(Arc::clone(&self.pool), self.to, job).boxed());
            }
            Landed::Delivered(url, job) => {
                self.route = Some(url);
                (job, Ok(()))
            }
            Landed::Failed(error, job) => (job, Err(error)),
        };
        // Who asked may have stopped waiting.
        drop(job.done.send(result));
        None
    }

    /// Closes the queue if nobody has put anything in meanwhile.
    fn leave(&self, jobs: &mpsc::Receiver<Job>) -> bool {
        let Some(office) = self.office.upgrade() else {
            return true;
        };
        let mut desks = office.lock();
        if jobs.is_empty() {
            desks.queues.remove(&self.to);
            return true;
        }
        false
    }
}

/// Sends along a route that worked last time. Leaves when this is called, not when it is first polled.
fn fly(url: String, link: &Link, to: Key, job: Job) -> impl Future<Output = Landed> + use<> {
    let answer = link.send(to, job.payload.clone());
    async move {
        match timeout(ROUTE_PATIENCE, answer).await {
            Ok(Ok(Answer {
                outcome: Outcome::Delivered,
                ..
            })) => Landed::Delivered(url, job),
            // A connection that is dead ends by itself; one that is slow is still good.
            _ => Landed::Astray(url, job),
        }
    }
}

/// Sends to every server at once.
async fn spread(pool: Arc<Pool>, to: Key, job: Job) -> Landed {
    match everywhere(&pool, &job.urls, to, &job.payload).await {
        Ok(url) => Landed::Delivered(url.to_owned(), job),
        Err(error) => Landed::Failed(error, job),
    }
}
