//! It keeps everything and brings it again.

use std::sync::Mutex;

use futures_util::future::join_all;
use ringdown_core::call::Phase;
use ringdown_core::identity::PublicKey;
use ringdown_signaling::meddling::Sent;
use ringdown_signaling::{Courier, DeliverError};

use super::super::person::HERE;
use super::stage::{Server, hang_up, talk};
use super::*;

/// What was sent, to be brought again.
#[derive(Clone, Default)]
struct Attic(Arc<Mutex<Vec<Sent>>>);

impl Attic {
    fn keeps(&self, sent: &Sent) {
        self.0.lock().unwrap().push(sent.copy());
    }

    /// What somebody hears who saw all this go by, and sends what was for `to` once more.
    async fn is_answered(&self, server: &Server, to: PublicKey) -> Vec<Result<(), DeliverError>> {
        let courier = Courier::new(Some(HERE.into()));
        let urls = [server.url.clone()];
        let kept: Vec<Sent> = self.0.lock().unwrap().iter().map(Sent::copy).collect();
        let again = kept
            .into_iter()
            .filter(|sent| sent.to == *to.as_bytes())
            .map(|sent| courier.deliver(&urls, sent.to, sent.payload.clone()));
        join_all(again).await
    }

    fn brings_all(&self) {
        for sent in self.0.lock().unwrap().iter() {
            sent.copy().pass();
        }
    }
}

#[tokio::test]
async fn a_call_of_yesterday_does_not_ring_again_nor_disturb_the_one_of_today() {
    let server = Server::opens().await;
    let (alice, bob, key) = server.has_friends().await;
    let attic = Attic::default();
    let filled = attic.clone();
    server.does(move |sent| {
        filled.keeps(&sent);
        sent.pass();
    });
    talk(&alice, &bob, key).await;
    hang_up(&alice, &bob).await;

    // All of it again, between and around what is new.
    attic.brings_all();
    let again = attic.clone();
    server.does(move |sent| {
        again.brings_all();
        sent.pass();
        again.brings_all();
    });
    talk(&alice, &bob, key).await;
    hang_up(&alice, &bob).await;
    assert!(alice.snapshot().await.call.is_none() && bob.snapshot().await.call.is_none());
}

#[tokio::test]
async fn an_invite_is_good_for_one_ring_even_after_a_restart() {
    let server = Server::opens().await;
    let (alice, bob, key) = server.has_friends().await;
    let attic = Attic::default();
    let filled = attic.clone();
    server.does(move |sent| {
        filled.keeps(&sent);
        sent.pass();
    });
    alice.calls(key).await;
    bob.is_in(Phase::Ringing).await;
    alice.hub.ask(Hub::cancel).await.unwrap();
    bob.hears_of_end(ringdown_core::call::EndReason::Missed)
        .await;
    server.is_honest();

    let dir = bob.closes().await;
    let mut options = Options::for_tests(dir.path().to_owned(), [127, 0, 0, 1].into());
    options.server = Some(server.url.parse().unwrap());
    options.embedded = false;
    let bob = Someone::opens_with(dir, options).await;
    bob.sees(|snapshot| snapshot.line.online).await;
    attic.brings_all();
    // What comes after it has been dealt with after it.
    alice.dismisses().await;
    let first = attic.0.lock().unwrap().len();
    assert!(first > 0);
    alice.calls(key).await;
    bob.is_in(Phase::Ringing).await;
    assert_eq!(bob.call_id().await, alice.call_id().await);
    assert!(
        bob.snapshot().await.notices.is_empty(),
        "nobody else called"
    );
}

#[tokio::test]
async fn whoever_sends_it_once_more_hears_what_they_would_if_nobody_were_there() {
    let server = Server::opens().await;
    let (alice, bob, key) = server.has_friends().await;
    let attic = Attic::default();
    let filled = attic.clone();
    server.does(move |sent| {
        filled.keeps(&sent);
        sent.pass();
    });
    talk(&alice, &bob, key).await;
    server.is_honest();
    let there = attic.is_answered(&server, key).await;
    assert!(there.len() > 8, "the invite and what the page said");
    hang_up(&alice, &bob).await;
    let after_the_call = attic.is_answered(&server, key).await;
    bob.closes().await;
    let absent = attic.is_answered(&server, key).await;
    assert!(
        absent
            .iter()
            .all(|heard| *heard == Err(DeliverError::Offline))
    );
    assert_eq!(there, absent);
    assert_eq!(after_the_call, absent);
}
