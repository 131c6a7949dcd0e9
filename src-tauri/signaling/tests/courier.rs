//! Payloads that arrive, in their order, whatever servers do.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests"
)]

mod common;

use common::{Impostor, Server, bob, bob_at};
use ringdown_signaling::{
    Courier, DeliverError, Routes,
    limits::MAX_PAYLOAD_BYTES,
    wire::{Outcome, ServerFrame},
};

/// A `ws` URL where nothing listens.
async fn nowhere() -> String {
    Impostor::new().await.url()
}

#[tokio::test]
async fn alice_delivers_and_bob_receives() {
    let server = Server::start().await;
    let (registration, mut events) = bob_at(&server).await;
    assert_eq!(registration.url(), server.url());
    let courier = common::courier();
    let delivery = courier.deliver(&[server.url()], bob().key(), b"sealed".to_vec());
    let (delivered, received) = tokio::join!(delivery, events.received());
    assert_eq!((delivered, &received[..]), (Ok(()), &b"sealed"[..]));
}

#[tokio::test]
async fn alice_leaves_a_note_that_bob_finds_when_he_comes_back() {
    let server = Server::start().await;
    drop(bob_at(&server).await);
    let courier = common::courier();
    let (there, nowhere) = (server.url(), nowhere().await);
    let leave = |urls: &[&String], note: &[u8]| {
        let urls: Vec<String> = urls.iter().map(ToString::to_string).collect();
        courier.leave(&urls, bob().key(), note)
    };
    assert_eq!(leave(&[&there, &nowhere], b"note").await, Ok(()));
    let (_registration, mut events) = bob_at(&server).await;
    assert_eq!(events.received().await, b"note");
    assert_eq!(
        leave(&[&nowhere], b"note").await,
        Err(DeliverError::Unreachable)
    );
    assert_eq!(
        leave(&[&there], &[0; MAX_PAYLOAD_BYTES]).await,
        Err(DeliverError::TooLarge)
    );
}

#[tokio::test]
async fn each_failure_has_its_name() {
    let server = Server::start().await;
    let courier = common::courier();
    let there = server.url();
    let deliver = |urls: Vec<String>| courier.deliver(&urls, bob().key(), b"sealed".to_vec());
    assert_eq!(
        deliver(vec![there.clone()]).await,
        Err(DeliverError::Offline)
    );
    assert_eq!(
        deliver(vec![nowhere().await]).await,
        Err(DeliverError::Unreachable)
    );
    assert_eq!(deliver(vec![]).await, Err(DeliverError::Unreachable));
    assert_eq!(
        deliver(vec!["gopher://x".to_owned()]).await,
        Err(DeliverError::Unreachable)
    );
    assert_eq!(
        deliver(vec![nowhere().await, there.clone()]).await,
        Err(DeliverError::Offline)
    );
    let large = courier
        .deliver(&[there], bob().key(), vec![0; MAX_PAYLOAD_BYTES + 1])
        .await;
    assert_eq!(large, Err(DeliverError::TooLarge));
}

#[tokio::test]
async fn a_refusal_brings_the_servers_sentence() {
    let impostor = Impostor::new().await;
    let courier = common::courier();
    let delivery = courier.deliver(&[impostor.url()], bob().key(), b"sealed".to_vec());
    let mut socket = impostor.accept().await;
    let (id, _) = Impostor::sent(&mut socket).await;
    let message = Some("Not here.".to_owned());
    Impostor::say(
        &mut socket,
        &ServerFrame::Result {
            id,
            outcome: Outcome::Refused,
            message,
        },
    )
    .await;
    assert_eq!(
        delivery.await,
        Err(DeliverError::Refused("Not here.".to_owned()))
    );
}

#[tokio::test]
async fn who_is_told_busy_tries_again() {
    let impostor = Impostor::new().await;
    let courier = common::courier();
    let delivery = courier.deliver(&[impostor.url()], bob().key(), b"sealed".to_vec());
    let mut socket = impostor.accept().await;
    for outcome in [Outcome::Busy, Outcome::Delivered] {
        let (id, _) = Impostor::sent(&mut socket).await;
        Impostor::answer(&mut socket, id, outcome).await;
    }
    assert_eq!(delivery.await, Ok(()));
}

#[tokio::test]
async fn the_first_server_that_delivers_wins() {
    let server = Server::start().await;
    let (_registration, mut events) = bob_at(&server).await;
    // Nothing listens at one; one takes the connection and then says nothing; Bob is not at a third.
    let silent = Impostor::new().await;
    let other = Server::start().await;
    let urls = [nowhere().await, silent.url(), other.url(), server.url()];
    let courier = common::courier();
    let delivery = courier.deliver(&urls, bob().key(), b"sealed".to_vec());
    let (delivered, received) = tokio::join!(delivery, events.received());
    assert_eq!((delivered, &received[..]), (Ok(()), &b"sealed"[..]));
}

#[tokio::test]
async fn payloads_arrive_in_the_order_of_the_calls() {
    let server = Server::start().await;
    let (_registration, mut events) = bob_at(&server).await;
    let courier = common::courier();
    let urls = [nowhere().await, server.url()];
    let deliveries: Vec<_> = (0..150_u32)
        .map(|number| courier.deliver(&urls, bob().key(), number.to_be_bytes().to_vec()))
        .collect();
    // Awaited backwards: the place in the queue was taken by the call.
    let waiting = tokio::spawn(async move {
        for delivery in deliveries.into_iter().rev() {
            assert_eq!(delivery.await, Ok(()));
        }
    });
    for number in 0..150_u32 {
        assert_eq!(events.received().await, number.to_be_bytes());
    }
    waiting.await.unwrap();
}

#[tokio::test]
async fn a_queue_has_an_end() {
    let silent = Impostor::new().await;
    let courier = common::courier();
    let deliveries: Vec<_> = (0..300)
        .map(|_| courier.deliver(&[silent.url()], bob().key(), b"sealed".to_vec()))
        .collect();
    let last = deliveries.into_iter().next_back().unwrap().await;
    assert!(matches!(last, Err(DeliverError::Refused(_))), "{last:?}");
}

#[tokio::test]
async fn when_the_route_breaks_the_others_take_over_in_order() {
    let (first, second) = (Server::start().await, Server::start().await);
    let (_one, mut at_first) = bob_at(&first).await;
    let courier = common::courier();
    let urls = [first.url(), second.url()];
    let deliver = |number: u8| courier.deliver(&urls, bob().key(), vec![number]);
    let (delivered, received) = tokio::join!(deliver(0), at_first.received());
    assert_eq!((delivered, received), (Ok(()), vec![0]));
    let (_two, mut at_second) = bob_at(&second).await;
    first.stop().await;
    let later: Vec<_> = (1..20).map(deliver).collect();
    for (number, delivery) in (1..).zip(later) {
        let (delivered, received) = tokio::join!(delivery, at_second.received());
        assert_eq!((delivered, received), (Ok(()), vec![number]));
    }
}

#[tokio::test]
async fn what_failed_behind_the_route_is_repeated_in_order() {
    let impostor = Impostor::new().await;
    let courier = common::courier();
    let urls = [impostor.url()];
    let deliver = |number: u8| courier.deliver(&urls, bob().key(), vec![number]);
    let first = deliver(0);
    let mut socket = impostor.accept().await;
    let (id, _) = Impostor::sent(&mut socket).await;
    Impostor::answer(&mut socket, id, Outcome::Delivered).await;
    assert_eq!(first.await, Ok(()));
    // Several under way at a time; all but the middle one fail, and come again in their order.
    let deliveries: Vec<_> = (1..=5).map(deliver).collect();
    let mut ids = Vec::new();
    for number in 1..=5 {
        let (id, payload) = Impostor::sent(&mut socket).await;
        assert_eq!(payload, [number]);
        ids.push(id);
    }
    for (number, id) in (1..).zip(ids) {
        let outcome = if number == 3 {
            Outcome::Delivered
        } else {
            Outcome::Offline
        };
        Impostor::answer(&mut socket, id, outcome).await;
    }
    for number in [1, 2, 4, 5] {
        let (id, payload) = Impostor::sent(&mut socket).await;
        assert_eq!(payload, [number]);
        Impostor::answer(&mut socket, id, Outcome::Delivered).await;
    }
    for delivery in deliveries {
        assert_eq!(delivery.await, Ok(()));
    }
}

#[tokio::test]
async fn none_waits_for_what_is_not_answered_before_it() {
    let impostor = Impostor::new().await;
    let courier = common::courier();
    let urls = [impostor.url()];
    let [first, second] = [0, 1].map(|number| courier.deliver(&urls, bob().key(), vec![number]));
    let mut socket = impostor.accept().await;
    let mut sent = Vec::new();
    for number in 0..2 {
        let (id, payload) = Impostor::sent(&mut socket).await;
        assert_eq!(payload, [number]);
        sent.push(id);
    }
    for id in sent.into_iter().rev() {
        Impostor::answer(&mut socket, id, Outcome::Delivered).await;
    }
    assert_eq!((first.await, second.await), (Ok(()), Ok(())));
}

#[tokio::test]
async fn who_was_not_there_is_looked_for_again_while_another_server_says_nothing() {
    let (silent, impostor) = (Impostor::new().await, Impostor::new().await);
    let courier = common::courier();
    let urls = [silent.url(), impostor.url()];
    let delivery = courier.deliver(&urls, bob().key(), b"sealed".to_vec());
    let mut socket = impostor.accept().await;
    for outcome in [Outcome::Offline, Outcome::Offline, Outcome::Delivered] {
        let (id, payload) = Impostor::sent(&mut socket).await;
        assert_eq!(payload, b"sealed");
        Impostor::answer(&mut socket, id, outcome).await;
    }
    assert_eq!(delivery.await, Ok(()));
}

#[tokio::test]
async fn a_route_that_says_nothing_is_not_waited_for_and_not_given_up() {
    let server = Server::start().await;
    let (_registration, mut events) = bob_at(&server).await;
    let slow = Impostor::new().await;
    let courier = common::courier();
    let first = courier.deliver(&[slow.url()], bob().key(), vec![0]);
    let mut socket = slow.accept().await;
    let (id, _) = Impostor::sent(&mut socket).await;
    Impostor::answer(&mut socket, id, Outcome::Delivered).await;
    assert_eq!(first.await, Ok(()));
    // It says nothing to the second one.
    let second = courier.deliver(&[slow.url(), server.url()], bob().key(), vec![1]);
    let ignored = async {
        for _ in 0..2 {
            assert_eq!(Impostor::sent(&mut socket).await.1, [1]);
        }
    };
    let (delivered, received, ()) = tokio::join!(second, events.received(), ignored);
    assert_eq!((delivered, received), (Ok(()), vec![1]));
    // A third goes by the same connection.
    let third = courier.deliver(&[slow.url()], bob().key(), vec![2]);
    let (id, payload) = Impostor::sent(&mut socket).await;
    assert_eq!(payload, [2]);
    Impostor::answer(&mut socket, id, Outcome::Delivered).await;
    assert_eq!(third.await, Ok(()));
}

#[tokio::test]
async fn a_courier_leaves_its_connections_behind_when_the_network_changes() {
    let impostor = Impostor::new().await;
    let courier = common::courier();
    let delivery = courier.deliver(&[impostor.url()], bob().key(), b"sealed".to_vec());
    let mut before = impostor.accept().await;
    assert!(Impostor::next(&mut before).await.is_some());
    courier.renew();
    let mut after = impostor.accept().await;
    let (id, payload) = Impostor::sent(&mut after).await;
    assert_eq!(payload, b"sealed");
    Impostor::answer(&mut after, id, Outcome::Delivered).await;
    assert_eq!(delivery.await, Ok(()));
    assert_eq!(Impostor::next(&mut before).await, None);
}

#[tokio::test]
async fn a_connection_nobody_needs_is_closed_and_the_next_payload_makes_a_new_one() {
    let impostor = Impostor::new().await;
    let courier = common::courier();
    let urls = [impostor.url()];
    for round in 0..2_u8 {
        let delivery = courier.deliver(&urls, bob().key(), vec![round]);
        let mut socket = impostor.accept().await;
        let (id, _) = Impostor::sent(&mut socket).await;
        Impostor::answer(&mut socket, id, Outcome::Delivered).await;
        assert_eq!(delivery.await, Ok(()));
        // Time runs ahead whenever everyone waits.
        tokio::time::pause();
        assert_eq!(Impostor::next(&mut socket).await, None);
        tokio::time::resume();
    }
}

/// What else may become of a payload at another server than the spy's.
#[derive(Debug, Clone, Copy)]
enum Other {
    NobodyListens,
    SaysNothing,
    Answers(Outcome),
}

#[tokio::test]
async fn when_a_server_is_asked_again_shows_nothing_of_another_one() {
    for other in [
        Other::NobodyListens,
        Other::SaysNothing,
        Other::Answers(Outcome::Refused),
        Other::Answers(Outcome::Delivered),
    ] {
        let (spy, target) = (Impostor::new().await, Impostor::new().await);
        let courier = common::courier();
        let url = match other {
            Other::NobodyListens => nowhere().await,
            _ => target.url(),
        };
        let delivery = courier.deliver(&[spy.url(), url], bob().key(), b"sealed".to_vec());
        // It stays open as long as the spy looks.
        let mut open = None;
        if let Other::Answers(outcome) = other {
            let mut socket = target.accept().await;
            let (id, _) = Impostor::sent(&mut socket).await;
            Impostor::answer(&mut socket, id, outcome).await;
            open = Some(socket);
        }
        let mut socket = spy.accept().await;
        for _ in 0..4 {
            let (id, payload) = Impostor::sent(&mut socket).await;
            assert_eq!(payload, b"sealed");
            Impostor::answer(&mut socket, id, Outcome::Offline).await;
        }
        let delivered = matches!(other, Other::Answers(Outcome::Delivered));
        assert_eq!(delivery.await.is_ok(), delivered, "{other:?}");
        drop(open);
    }
}

#[tokio::test]
async fn when_the_others_are_asked_shows_nothing_of_what_the_route_answered() {
    let (route, spy) = (Impostor::new().await, Impostor::new().await);
    let courier = common::courier();
    let urls = [route.url(), spy.url()];
    let first = courier.deliver(&urls[..1], bob().key(), b"first".to_vec());
    let mut socket = route.accept().await;
    let (id, _) = Impostor::sent(&mut socket).await;
    Impostor::answer(&mut socket, id, Outcome::Delivered).await;
    assert_eq!(first.await, Ok(()));
    // One is refused at once, of the other nothing is said: the spy hears of both in the order in which they left.
    let later = [b"one", b"two"].map(|one| courier.deliver(&urls, bob().key(), one.to_vec()));
    let ids = [
        Impostor::sent(&mut socket).await.0,
        Impostor::sent(&mut socket).await.0,
    ];
    Impostor::answer(&mut socket, ids[1], Outcome::Offline).await;
    let mut spying = spy.accept().await;
    for expected in [b"one", b"two"] {
        let (id, payload) = Impostor::sent(&mut spying).await;
        assert_eq!(payload, expected);
        Impostor::answer(&mut spying, id, Outcome::Delivered).await;
    }
    for one in later {
        assert_eq!(one.await, Ok(()));
    }
}

#[tokio::test]
async fn others_can_not_send_us_to_loopback_by_address_or_by_name() {
    let target = Impostor::new().await;
    let courier = Courier::new(None);
    let urls = [target.url(), target.url().replace("127.0.0.1", "localhost")];
    for url in urls.clone() {
        let delivery = courier.deliver(&[url], bob().key(), b"theirs".to_vec());
        assert_eq!(delivery.await, Err(DeliverError::Unreachable));
    }
    // What the person chose is another matter; it is the first connection that comes there.
    courier.set_own(urls.to_vec());
    let delivery = courier.deliver(&urls[..1], bob().key(), b"ours".to_vec());
    let mut socket = target.accept().await;
    let (id, payload) = Impostor::sent(&mut socket).await;
    assert_eq!(payload, b"ours");
    Impostor::answer(&mut socket, id, Outcome::Delivered).await;
    assert_eq!(delivery.await, Ok(()));
}

#[tokio::test]
async fn who_announces_to_be_bob_gets_a_copy_and_keeps_nothing_from_him() {
    let server = Server::start().await;
    let (_registration, mut events) = bob_at(&server).await;
    let stranger = Impostor::new().await;
    let courier = common::courier();
    let routes = Routes {
        named: vec![server.url()],
        found: vec![stranger.url()],
    };
    let mut socket = None;
    for number in 0..3_u8 {
        let delivery = courier.deliver_by(routes.clone(), bob().key(), vec![number]);
        let socket = match &mut socket {
            Some(socket) => socket,
            none => none.insert(stranger.accept().await),
        };
        let (id, payload) = Impostor::sent(socket).await;
        assert_eq!(payload, [number]);
        Impostor::answer(socket, id, Outcome::Delivered).await;
        assert_eq!(events.received().await, [number]);
        assert_eq!(delivery.await, Ok(()));
    }
}
