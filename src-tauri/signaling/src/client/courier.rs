//! Taking payloads to people, by whichever of their servers answers first.
//!
//! Each recipient has a queue, so their payloads arrive in order. The first payload is tried at all their servers at once;
//! the server that delivered it takes the next ones, several under way at a time. When that stops working, all are tried
//! again. So a payload may arrive twice, and a repeated one out of order: recipients number theirs and drop repetitions.

mod attempt;

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use futures_util::{
    StreamExt,
    stream::{FuturesOrdered, FuturesUnordered},
};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::timeout,
};

use self::attempt::{attempt, more_telling};
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

/// Pause before a send that was answered `busy` is tried again.
const BUSY_PAUSE: Duration = Duration::from_millis(250);

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
    /// Its place in the recipient's queue is taken by the call itself, before the future is polled: two calls in order arrive
    /// in order, wherever their futures run. Dropping the future does not recall the payload.
    ///
    /// # Errors
    /// See [`DeliverError`]; at the latest [`DELIVERY_TIMEOUT`] and [`ROUTE_PATIENCE`] after those queued before it.
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
                again: VecDeque::new(),
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
    /// What failed on the route, to be tried everywhere, in order.
    again: VecDeque<Job>,
}

/// A job sent along the route, and whether it was delivered.
type Flight = std::pin::Pin<Box<dyn Future<Output = (Job, bool)> + Send>>;

impl Desk {
    async fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut flying = FuturesOrdered::<Flight>::new();
        loop {
            let next = tokio::select! {
                Some(landed) = flying.next() => {
                    self.land(landed, &mut flying).await;
                    None
                }
                job = timeout(COURIER_IDLE, jobs.recv()), if flying.len() < COURIER_WINDOW => match job {
                    Ok(Some(job)) => Some(job),
                    Ok(None) => return,
                    Err(_) if flying.is_empty() && self.leave(&jobs) => return,
                    Err(_) => None,
                },
            };
            if let Some(job) = next {
                if let Some((url, link)) = self.route_for(&job) {
                    flying.push_back(fly(Arc::clone(&self.pool), url, link, self.to, job));
                    continue;
                }
                while let Some(landed) = flying.next().await {
                    self.land(landed, &mut flying).await;
                }
                self.again.push_back(job);
            }
            while let Some(job) = self.again.pop_front() {
                self.try_everywhere(job).await;
            }
        }
    }

    /// The route, if this job may take it and the connection is there.
    fn route_for(&self, job: &Job) -> Option<(String, Link)> {
        let url = self.route.as_ref().filter(|url| job.urls.contains(url))?;
        self.pool.living(url).map(|link| (url.clone(), link))
    }

    /// Something sent along the route has an answer. If it is a bad one, all that fly behind it are waited for, so that those
    /// who failed are repeated in their order.
    async fn land(&mut self, landed: (Job, bool), flying: &mut FuturesOrdered<Flight>) {
        let mut landed = Some(landed);
        while let Some((job, delivered)) = landed.take() {
            if delivered {
                // Who asked may have stopped waiting.
                drop(job.done.send(Ok(())));
            } else {
                self.route = None;
                self.again.push_back(job);
            }
            if !self.again.is_empty() {
                landed = flying.next().await;
            }
        }
    }

    async fn try_everywhere(&mut self, job: Job) {
        let mut attempts: FuturesUnordered<_> = job
            .urls
            .iter()
            .map(|url| attempt(&self.pool, url, self.to, &job.payload))
            .collect();
        let mut error = DeliverError::Unreachable;
        let mut delivered = None;
        while let Some((url, result)) = attempts.next().await {
            match result {
                Ok(()) => {
                    delivered = Some(url.to_owned());
                    break;
                }
                Err(worse) => error = more_telling(error, worse),
            }
        }
        drop(attempts);
        let result = if delivered.is_some() {
            Ok(())
        } else {
            Err(error)
        };
        self.route = delivered;
        // Who asked may have stopped waiting.
        drop(job.done.send(result));
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

/// Sends along a route that worked last time.
fn fly(pool: Arc<Pool>, url: String, link: Link, to: Key, job: Job) -> Flight {
    let answer = link.send(to, job.payload.clone());
    Box::pin(async move {
        let delivered = match timeout(ROUTE_PATIENCE, answer).await {
            Ok(Ok(answer)) => answer.outcome == Outcome::Delivered,
            Ok(Err(_)) | Err(_) => {
                pool.discard(&url, &link);
                false
            }
        };
        (job, delivered)
    })
}
