//! One payload, every server: what they answer, and what that means.

use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::time::{sleep, timeout};

use super::{DeliverError, PAUSE};
use crate::{
    client::pool::{Answer, LinkError, Pool},
    limits::DELIVERY_TIMEOUT,
    wire::{Key, Outcome, Payload},
};

/// Tries all servers at once; gives the first that delivers. As long as one has not answered at all, those that did not know
/// the recipient are asked again: they may have come there meanwhile.
pub(super) async fn everywhere<'a>(
    pool: &Pool,
    urls: &'a [String],
    to: Key,
    payload: &Payload,
) -> Result<&'a str, DeliverError> {
    let ask = |url, again: bool| async move {
        if again {
            sleep(PAUSE).await;
        }
        (again, attempt(pool, url, to, payload).await)
    };
    let mut attempts: FuturesUnordered<_> =
        urls.iter().map(|url| ask(url.as_str(), false)).collect();
    let mut unheard = urls.len();
    let mut error = DeliverError::Unreachable;
    while unheard > 0
        && let Some((again, (url, result))) = attempts.next().await
    {
        unheard = unheard.saturating_sub(usize::from(!again));
        match result {
            Ok(()) => return Ok(url),
            Err(worse) => {
                if worse == DeliverError::Offline {
                    attempts.push(ask(url, true));
                }
                error = more_telling(error, worse);
            }
        }
    }
    Err(error)
}

/// One attempt at one server.
async fn attempt<'a>(
    pool: &Pool,
    url: &'a str,
    to: Key,
    payload: &Payload,
) -> (&'a str, Result<(), DeliverError>) {
    let patient = async {
        loop {
            let answer = ask(pool, url, to, payload).await;
            match answer {
                Ok(Answer {
                    outcome: Outcome::Busy,
                    ..
                }) => sleep(PAUSE).await,
                answer => return answer,
            }
        }
    };
    let result = match timeout(DELIVERY_TIMEOUT, patient).await {
        Ok(Ok(answer)) => judge(answer),
        Ok(Err(LinkError::Unreachable)) => Err(DeliverError::Unreachable),
        Ok(Err(LinkError::Lost)) => Err(DeliverError::Offline),
        Err(_) => match pool.living(url) {
            Some(link) => {
                pool.discard(url, &link);
                Err(DeliverError::Offline)
            }
            None => Err(DeliverError::Unreachable),
        },
    };
    (url, result)
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
fn more_telling(one: DeliverError, other: DeliverError) -> DeliverError {
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
