//! One payload at one server: asked by its own answers alone, so that it can't learn from when it is asked what another one said.
//!
//! Otherwise a contact could name a server of their own beside an address of somebody else's network, and see at theirs whether
//! anything answers there, and how.

use std::sync::Arc;

use tokio::{
    sync::mpsc,
    time::{Instant, sleep, sleep_until, timeout_at},
};

use super::{DeliverError, PAUSE};
use crate::{
    client::pool::{Answer, LinkError, Pool},
    limits::{LINK_PATIENCE, OFFLINE_AFTER},
    wire::{Key, Outcome, Payload},
};

/// What one server said last.
pub(super) type Report = (String, Result<(), DeliverError>);

/// A payload and its recipient, for so long.
#[derive(Clone)]
pub(super) struct Errand {
    pub(super) to: Key,
    pub(super) payload: Payload,
    /// When it has failed.
    pub(super) until: Instant,
    /// There is but this one server: then it has failed as soon as that said so.
    pub(super) alone: bool,
}

/// Asks this server until it delivers: again when it does not know them, for they may come there meanwhile. Reports every answer,
/// and does not end before the errand's time is over, unless it is alone.
pub(super) async fn persist(
    pool: Arc<Pool>,
    url: String,
    errand: Errand,
    reports: mpsc::UnboundedSender<Report>,
) {
    let Errand {
        to,
        payload,
        until,
        alone,
    } = errand;
    let mut asked = Instant::now();
    let asking = async {
        loop {
            asked = Instant::now();
            let result = attempt(&pool, &url, to, &payload).await;
            let again = result == Err(DeliverError::Offline) && !alone;
            // Who wanted to know may have heard enough.
            drop(reports.send((url.clone(), result)));
            if !again {
                return;
            }
            sleep(PAUSE).await;
        }
    };
    if timeout_at(until, asking).await.is_err() {
        let unanswered = match pool.living(&url) {
            Some(link) => {
                if asked + OFFLINE_AFTER + LINK_PATIENCE < until {
                    // It lives, and answers nothing.
                    pool.discard(&url, &link);
                }
                DeliverError::Offline
            }
            None => DeliverError::Unreachable,
        };
        drop(reports.send((url, Err(unanswered))));
    } else if !alone {
        sleep_until(until).await;
    }
}

/// One attempt.
async fn attempt(pool: &Pool, url: &str, to: Key, payload: &Payload) -> Result<(), DeliverError> {
    loop {
        return match ask(pool, url, to, payload).await {
            Ok(Answer {
                outcome: Outcome::Busy,
                ..
            }) => {
                sleep(PAUSE).await;
                continue;
            }
            Ok(answer) => judge(answer),
            Err(LinkError::Unreachable) => Err(DeliverError::Unreachable),
            Err(LinkError::Lost) => Err(DeliverError::Offline),
        };
    }
}

/// Asks over the connection that is there; if that is lost, over a new one. One that we gave up ourselves, as the network
/// changed, says nothing of the recipient: it does not count.
async fn ask(pool: &Pool, url: &str, to: Key, payload: &Payload) -> Result<Answer, LinkError> {
    let mut lost = false;
    loop {
        let renewed = pool.renewed();
        let link = pool.link(url);
        let answer = link.send(to, payload.clone()).await;
        if answer != Err(LinkError::Lost) {
            return answer;
        }
        if pool.renewed() == renewed && std::mem::replace(&mut lost, true) {
            return answer;
        }
        pool.discard(url, &link);
    }
}

fn judge(answer: Answer) -> Result<(), DeliverError> {
    match answer.outcome {
        Outcome::Delivered => Ok(()),
        // Nothing but a note is "taken".
        Outcome::Offline | Outcome::Taken => Err(DeliverError::Offline),
        Outcome::Busy | Outcome::Refused => Err(DeliverError::Refused(
            answer
                .message
                .unwrap_or_else(|| "the server did not say why".to_owned()),
        )),
    }
}

/// Of two reasons the one that says more: a server that knows them offline beats one that refuses beats silence.
pub(super) fn more_telling(one: DeliverError, other: DeliverError) -> DeliverError {
    let weight = |error: &DeliverError| match error {
        DeliverError::Unreachable => 0,
        DeliverError::TooLarge => 1,
        DeliverError::Refused(_) => 2,
        DeliverError::Offline => 3,
    };
    if weight(&other) > weight(&one) {
        other
    } else {
        one
    }
}
