//! The queue of one recipient.

use std::sync::{Arc, Weak};

use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep_until, timeout, timeout_at},
};

use super::{
    DeliverError, Office, Routes,
    attempt::{Errand, Report, more_telling, persist},
};
use crate::{
    client::pool::{Answer, LinkError, Pool},
    limits::{COURIER_IDLE, COURIER_WINDOW, DELIVERY_TIMEOUT, ROUTE_PATIENCE},
    wire::{Key, Outcome, Payload},
};

/// A payload that waits.
pub(super) struct Job {
    pub(super) routes: Routes,
    pub(super) payload: Payload,
    pub(super) done: oneshot::Sender<Result<(), DeliverError>>,
}

/// A job, and the server that delivered it.
type Landed = (Job, Result<String, DeliverError>);

/// What is asked of a server has come to its end.
enum Asked {
    /// There is no more to do.
    Enough,
    /// The route did not deliver within [`ROUTE_PATIENCE`]: the servers they named are all to be asked.
    Astray {
        route: String,
        named: Vec<String>,
        errand: Errand,
        reports: mpsc::UnboundedSender<Report>,
    },
}

pub(super) struct Desk {
    pool: Arc<Pool>,
    office: Weak<Office>,
    to: Key,
    /// The server that delivered last, of those that they named.
    route: Option<String>,
    /// Jobs whose fate is not known.
    flying: FuturesUnordered<BoxFuture<'static, Landed>>,
    /// What is asked of servers: to its end, even where the fate is known, or they could learn it by not being asked again.
    asking: FuturesUnordered<BoxFuture<'static, Asked>>,
}

impl Desk {
    pub(super) fn new(pool: Arc<Pool>, office: Weak<Office>, to: Key) -> Self {
        Self {
            pool,
            office,
            to,
            route: None,
            flying: FuturesUnordered::new(),
            asking: FuturesUnordered::new(),
        }
    }

    pub(super) async fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        loop {
            let room = self.flying.len() < COURIER_WINDOW;
            tokio::select! {
                Some(landed) = self.flying.next() => self.land(landed),
                Some(asked) = self.asking.next() => self.heed(asked),
                job = timeout(COURIER_IDLE, jobs.recv()), if room => match job {
                    Ok(Some(job)) => self.take_off(job),
                    Ok(None) => return,
                    Err(_) if self.flying.is_empty() && self.asking.is_empty() && self.leave(&jobs) => return,
                    Err(_) => {}
                },
            }
        }
    }

    /// Along the route, if this job may take it and the connection is there; else to every server.
    fn take_off(&mut self, job: Job) {
        let (reports, answers) = mpsc::unbounded_channel();
        let Routes { named, found } = &job.routes;
        let route = self.route.as_ref().filter(|url| named.contains(url));
        let route = route.and_then(|url| Some((url.clone(), self.pool.living(url)?)));
        let patience = Instant::now() + ROUTE_PATIENCE;
        let start = route.as_ref().map_or_else(Instant::now, |_| patience);
        let errand = Errand {
            to: self.to,
            payload: job.payload.clone(),
            until: start + DELIVERY_TIMEOUT,
            alone: named.len() + found.len() == 1,
        };
        match route {
            Some((url, link)) => {
                // Leaves now, not when it is first polled.
                let answer = link.send(self.to, job.payload.clone());
                let astray = Asked::Astray {
                    route: url.clone(),
                    named: named.clone(),
                    errand: errand.clone(),
                    reports: reports.clone(),
                };
                let reports = reports.clone();
                let flight = async move {
                    if delivers(answer, patience).await {
                        // Who wanted to know may have heard enough.
                        drop(reports.send((url, Ok(()))));
                        return Asked::Enough;
                    }
                    astray
                };
                self.asking.push(flight.boxed());
            }
            None => self.spread(named, &errand, &reports),
        }
        self.spread(found, &errand, &reports);
        self.flying.push(follow(job, answers).boxed());
    }

    /// To every one of these servers at once.
    fn spread(&self, urls: &[String], errand: &Errand, reports: &mpsc::UnboundedSender<Report>) {
        for url in urls {
            let pool = Arc::clone(&self.pool);
            let asked = persist(pool, url.clone(), errand.clone(), reports.clone());
            self.asking.push(asked.map(|()| Asked::Enough).boxed());
        }
    }

    fn heed(&mut self, asked: Asked) {
        if let Asked::Astray {
            route,
            named,
            errand,
            reports,
        } = asked
        {
            self.route.take_if(|known| *known == route);
            self.spread(&named, &errand, &reports);
        }
    }

    /// Takes note of what became of a job.
    fn land(&mut self, (job, result): Landed) {
        let result = result.map(|url| {
            // What was found by an announcement that anybody could make never takes the place of what they named.
            if job.routes.named.contains(&url) {
                self.route = Some(url);
            }
        });
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

/// Whether a route delivers in time. Where it does not, this is known at that time and not before: when the other servers are
/// asked then must not show them what it answered. A connection that is dead ends by itself; one that is slow is still good.
async fn delivers(
    answer: impl Future<Output = Result<Answer, LinkError>>,
    in_time: Instant,
) -> bool {
    let answer = timeout_at(in_time, answer).await;
    let delivered = matches!(&answer, Ok(Ok(answer)) if answer.outcome == Outcome::Delivered);
    if !delivered {
        sleep_until(in_time).await;
    }
    delivered
}

/// Until a server delivers, or none of them has anything more to say.
async fn follow(job: Job, mut answers: mpsc::UnboundedReceiver<Report>) -> Landed {
    let mut error = DeliverError::Unreachable;
    while let Some((url, answer)) = answers.recv().await {
        match answer {
            Ok(()) => return (job, Ok(url)),
            Err(worse) => error = more_telling(error, worse),
        }
    }
    (job, Err(error))
}
