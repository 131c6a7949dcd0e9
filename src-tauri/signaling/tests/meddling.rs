//! What a malicious server can do with opaque payloads, so that the app's tests can have it done to theirs.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests"
)]

mod common;

use std::{
    mem::swap,
    sync::{Arc, Mutex},
    time::Duration,
};

use common::{Events, Person, Raw, Server, alice, bob, nobody};
use ringdown_signaling::{
    DeliverError, Registration,
    meddling::{Meddler, Sent, Transcript},
    wire::Outcome,
};

async fn at(server: &Server, person: &Person) -> (Registration, Events) {
    let (sender, mut events) = Events::channel();
    let registration = Registration::spawn(server.url(), person.key(), person.signer(), sender);
    events.online().await;
    (registration, events)
}

/// Sends to Bob and tells what became of it.
async fn send(server: &Server, payload: &[u8]) -> Result<(), DeliverError> {
    common::courier()
        .deliver(&[server.url()], bob().key(), payload.to_vec())
        .await
}

#[tokio::test]
async fn by_itself_it_is_honest() {
    let server = Server::run_by(Transcript::new()).await;
    let (_bob, mut bobs) = at(&server, &bob()).await;
    let (sent, received) = tokio::join!(send(&server, b"sealed"), bobs.received());
    assert_eq!((sent, received), (Ok(()), b"sealed".to_vec()));
}

#[tokio::test]
async fn it_drops_and_it_lies_about_it() {
    let server = Server::run_by(|sent: Sent| {
        if sent.payload == b"lie" {
            sent.claim_delivered();
        }
    })
    .await;
    let (_bob, _bobs) = at(&server, &bob()).await;
    assert_eq!(send(&server, b"lie").await, Ok(()));
    assert_eq!(send(&server, b"drop").await, Err(DeliverError::Offline));
}

#[tokio::test]
async fn it_duplicates_and_it_rewrites() {
    let server = Server::run_by(|sent: Sent| {
        let mut forged = sent.copy();
        forged.payload.reverse();
        forged.pass();
        sent.copy().pass();
        sent.pass();
    })
    .await;
    let (_bob, mut bobs) = at(&server, &bob()).await;
    let receive = async {
        let mut all = Vec::new();
        for _ in 0..3 {
            all.push(bobs.received().await);
        }
        all
    };
    let (sent, received) = tokio::join!(send(&server, b"abc"), receive);
    assert_eq!(sent, Ok(()));
    assert_eq!(received, [b"cba", b"abc", b"abc"]);
}

/// Keeps the first payload, and passes on the second before it.
#[derive(Default)]
struct Reorderer(Mutex<Option<Sent>>);

impl Meddler for Reorderer {
    fn sends(&self, sent: Sent) {
        let mut kept = self.0.lock().unwrap();
        match kept.take() {
            None => *kept = Some(sent),
            Some(first) => {
                sent.pass();
                first.pass();
            }
        }
    }
}

#[tokio::test]
async fn it_reorders() {
    let server = Server::run_by(Reorderer::default()).await;
    let (_bob, mut bobs) = at(&server, &bob()).await;
    let mut sender = Raw::connect(&server).await;
    sender.send(1, &bob(), b"one").await;
    sender.send(2, &bob(), b"two").await;
    assert_eq!(bobs.received().await, b"two");
    assert_eq!(bobs.received().await, b"one");
    assert_eq!(sender.result().await, (2, Outcome::Delivered));
    assert_eq!(sender.result().await, (1, Outcome::Delivered));
}

/// Gives each of two recipients what was for the other.
#[derive(Default)]
struct Swapper(Mutex<Option<Sent>>);

impl Meddler for Swapper {
    fn sends(&self, mut sent: Sent) {
        let mut kept = self.0.lock().unwrap();
        match kept.take() {
            None => *kept = Some(sent),
            Some(mut first) => {
                swap(&mut first.payload, &mut sent.payload);
                first.pass();
                sent.pass();
            }
        }
    }
}

#[tokio::test]
async fn it_swaps_what_is_for_different_people() {
    let server = Server::run_by(Swapper::default()).await;
    let (_bob, mut bobs) = at(&server, &bob()).await;
    let (_alice, mut alices) = at(&server, &alice()).await;
    let mut sender = Raw::connect(&server).await;
    sender.send(1, &bob(), b"for bob").await;
    sender.send(2, &alice(), b"for alice").await;
    assert_eq!(bobs.received().await, b"for alice");
    assert_eq!(alices.received().await, b"for bob");
}

#[tokio::test]
async fn it_delays_until_long_after_the_sender_gave_up() {
    let server = Server::run_by(|sent: Sent| sent.pass_after(Duration::from_secs(3))).await;
    let (_bob, mut bobs) = at(&server, &bob()).await;
    let mut sender = Raw::connect(&server).await;
    sender.send(1, &bob(), b"late").await;
    assert_eq!(sender.result().await, (1, Outcome::Offline));
    assert_eq!(bobs.received().await, b"late");
}

/// Seats Mallory, who is `nobody()`, at Bob's key.
struct Usurper;

impl Meddler for Usurper {
    fn registers(&self, key: [u8; 32]) -> [u8; 32] {
        if key == nobody().key() {
            bob().key()
        } else {
            key
        }
    }
}

#[tokio::test]
async fn it_seats_somebody_at_a_key_that_is_not_theirs() {
    let server = Server::run_by(Usurper).await;
    let (_mallory, mut mallorys) = at(&server, &nobody()).await;
    let (sent, received) = tokio::join!(send(&server, b"for bob"), mallorys.received());
    assert_eq!((sent, received), (Ok(()), b"for bob".to_vec()));
}

#[tokio::test]
async fn it_writes_down_everything_it_sees() {
    let transcript = Transcript::new();
    let server = Server::run_by(transcript.of(|sent: Sent| sent.pass())).await;
    let (bobs_place, mut bobs) = at(&server, &bob()).await;
    let (sent, _) = tokio::join!(send(&server, &[7; 100]), bobs.received());
    sent.unwrap();
    drop(bobs_place);
    server.stop().await;
    assert_eq!(transcript.payloads(), [[7; 100]]);
    // In a payload, in a frame, and nowhere.
    assert!(transcript.has(&[7; 50]) && transcript.has(br#""t":"hello""#));
    assert!(!transcript.has(b"192.0.2.77") && !transcript.has(b""));
    let text = transcript.to_string();
    for expected in [
        "#0 connects from 127.0.0.1",
        r#"#0 -> {"t":"register","key":"#,
        r#"#0 <- {"t":"ready"}"#,
        r#""payload":"BwcHBw…"}   (100 bytes)"#,
        r#"#0 -> {"t":"ack","id":0}"#,
        r#"#1 <- {"t":"result","id":0,"outcome":"delivered"}"#,
        "#0 is gone",
    ] {
        assert!(text.contains(expected), "{expected} is not in\n{text}");
    }
    assert!(text.lines().all(|line| line.len() < 160), "{text}");
}

#[tokio::test]
async fn what_it_keeps_for_ever_costs_the_sender_no_more_than_nobody() {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let hoard = Arc::clone(&kept);
    let server = Server::run_by(move |sent: Sent| hoard.lock().unwrap().push(sent)).await;
    assert_eq!(send(&server, b"kept").await, Err(DeliverError::Offline));
    let (_bob, mut bobs) = at(&server, &bob()).await;
    // Hours later, somebody takes it out again.
    let old = kept.lock().unwrap().pop().unwrap();
    old.pass();
    assert_eq!(bobs.received().await, b"kept");
}
