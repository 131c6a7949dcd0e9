//! Alice and Bob at a real server on the loopback, with raw connections that can misbehave.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests"
)]

mod common;

use std::time::Duration;

use common::{Person, Raw, Server, alice, bob, get, nobody};
use futures_util::{SinkExt, StreamExt};
use ringdown_signaling::{
    ServerConfig,
    limits::{MAX_NOTE_BYTES, MAX_PAYLOAD_BYTES},
    server::ServerLimits,
    wire::{ClientFrame, ErrorCode, Key, Outcome, Payload, ServerFrame},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_tungstenite::tungstenite::{Error, Message};

fn with_limits(change: impl FnOnce(&mut ServerLimits)) -> ServerConfig {
    let mut config = ServerConfig::default();
    change(&mut config.limits);
    config
}

fn leave(id: u32, to: &Person, note: &[u8]) -> ClientFrame {
    ClientFrame::Leave {
        id,
        to: Key::from(to.key()),
        payload: Payload::new(note).unwrap(),
    }
}

#[tokio::test]
async fn alice_reaches_bob_without_saying_who_she_is() {
    let server = Server::start().await;
    let mut bobs = Raw::registered(&server, &bob()).await;
    let mut alices = Raw::connect(&server).await;
    alices.send(7, &bob(), b"sealed").await;
    let (id, payload) = bobs.delivery().await;
    assert_eq!(payload, b"sealed");
    bobs.say(&ClientFrame::Ack { id }).await;
    assert_eq!(alices.result().await, (7, Outcome::Delivered));
}

#[tokio::test]
async fn who_is_not_there_is_offline() {
    let server = Server::start().await;
    let mut alices = Raw::connect(&server).await;
    alices.send(1, &bob(), b"sealed").await;
    assert_eq!(alices.result().await, (1, Outcome::Offline));
}

#[tokio::test]
async fn a_note_waits_for_bob_and_is_handed_over_once() {
    let server = Server::start().await;
    let bobs = Raw::registered(&server, &bob()).await;
    drop(bobs);
    let mut alices = Raw::connect(&server).await;
    for (id, note) in [(1, b"first"), (2, b"later")] {
        alices.say(&leave(id, &bob(), note)).await;
        assert_eq!(alices.result().await, (id, Outcome::Taken));
    }
    // He has no time to answer: it is offered again.
    let mut bobs = Raw::registered(&server, &bob()).await;
    assert_eq!(bobs.delivery().await.1, b"first");
    drop(bobs);
    let mut bobs = Raw::registered(&server, &bob()).await;
    for expected in [b"first", b"later"] {
        let (id, note) = bobs.delivery().await;
        assert_eq!(note, expected);
        // Whether he takes it or not, it is not offered again.
        let answer = match note == b"first" {
            true => ClientFrame::Ack { id },
            false => ClientFrame::Refuse { id },
        };
        bobs.say(&answer).await;
    }
    // Until the server has heard these.
    bobs.send(9, &nobody(), b"sealed").await;
    bobs.result().await;
    drop(bobs);
    let mut bobs = Raw::registered(&server, &bob()).await;
    alices.send(3, &bob(), b"a call").await;
    assert_eq!(bobs.delivery().await.1, b"a call");
}

#[tokio::test]
async fn a_note_for_somebody_who_is_there_is_handed_over_at_once() {
    let server = Server::start().await;
    let mut bobs = Raw::registered(&server, &bob()).await;
    let mut alices = Raw::connect(&server).await;
    alices.say(&leave(1, &bob(), b"note")).await;
    assert_eq!(alices.result().await, (1, Outcome::Taken));
    assert_eq!(bobs.delivery().await.1, b"note");
}

#[tokio::test]
async fn whoever_leaves_a_note_can_not_tell_whether_anybody_gets_it() {
    let server = Server::start().await;
    let mut alices = Raw::connect(&server).await;
    alices.say(&leave(1, &nobody(), b"note")).await;
    assert_eq!(alices.result().await, (1, Outcome::Taken));
    let large = vec![7; MAX_NOTE_BYTES + 1];
    alices.say(&leave(2, &nobody(), &large)).await;
    assert_eq!(alices.result().await, (2, Outcome::Refused));
    // Nothing was kept for a key that was never here.
    let mut nobodys = Raw::registered(&server, &nobody()).await;
    alices.send(3, &nobody(), b"a call").await;
    assert_eq!(nobodys.delivery().await.1, b"a call");
}

#[tokio::test]
async fn payloads_of_one_connection_arrive_in_order() {
    let server = Server::start().await;
    let mut bobs = Raw::registered(&server, &bob()).await;
    let mut alices = Raw::registered(&server, &alice()).await;
    for number in 0..60 {
        alices.send(number, &bob(), &number.to_be_bytes()).await;
    }
    for number in 0..60_u32 {
        let (id, payload) = bobs.delivery().await;
        assert_eq!(payload, number.to_be_bytes());
        bobs.say(&ClientFrame::Ack { id }).await;
        assert_eq!(alices.result().await, (number, Outcome::Delivered));
    }
}

#[tokio::test]
async fn the_largest_payload_passes_and_a_larger_one_is_refused() {
    let server = Server::start().await;
    let mut bobs = Raw::registered(&server, &bob()).await;
    let mut alices = Raw::connect(&server).await;
    let most = vec![0xa5; MAX_PAYLOAD_BYTES];
    alices.send(1, &bob(), &most).await;
    let (id, payload) = bobs.delivery().await;
    assert_eq!(payload, most);
    bobs.say(&ClientFrame::Ack { id }).await;
    assert_eq!(alices.result().await, (1, Outcome::Delivered));

    let text = "A".repeat(MAX_PAYLOAD_BYTES.div_ceil(3) * 4);
    alices
        .say_text(format!(
            r#"{{"t":"send","id":2,"to":"{}","payload":"{text}"}}"#,
            Key::from(bob().key())
        ))
        .await;
    assert_eq!(alices.result().await, (2, Outcome::Refused));
    alices.send(3, &alice(), b"still connected").await;
    assert_eq!(alices.result().await, (3, Outcome::Offline));
}

#[tokio::test]
async fn a_wrong_signature_is_refused() {
    let server = Server::start().await;
    let mut mallory = Raw::connect(&server).await;
    let ClientFrame::Register { signature, .. } =
        alice().register(&server.address.to_string(), &mallory.nonce)
    else {
        panic!("not a register")
    };
    mallory
        .say(&ClientFrame::Register {
            key: Key::from(bob().key()),
            signature,
        })
        .await;
    mallory.ends_with(ErrorCode::BadSignature, 4401).await;
    let mut alices = Raw::connect(&server).await;
    alices.send(1, &bob(), b"sealed").await;
    assert_eq!(alices.result().await, (1, Outcome::Offline));
}

#[tokio::test]
async fn a_recorded_registration_cannot_be_replayed() {
    let server = Server::start().await;
    let mut bobs = Raw::connect(&server).await;
    let recorded = bob().register(&server.address.to_string(), &bobs.nonce);
    bobs.say(&recorded).await;
    assert_eq!(bobs.next().await, ServerFrame::Ready);
    let mut mallory = Raw::connect(&server).await;
    mallory.say(&recorded).await;
    mallory.ends_with(ErrorCode::BadSignature, 4401).await;
}

#[tokio::test]
async fn a_challenge_passed_on_by_another_server_proves_nothing() {
    // Bob dials mallory's server, which dials ours, claims in `Host` whatever suits it, and hands Bob our nonce.
    let server = Server::start().await;
    for host in ["mallory.example:7373", "bobs-server.example"] {
        let mut mallory = Raw::connect_as(&server, host).await;
        let bobs_proof = bob().register("mallory.example:7373", &mallory.nonce);
        mallory.say(&bobs_proof).await;
        let code = if host.starts_with("mallory") {
            ErrorCode::WrongAudience
        } else {
            ErrorCode::BadSignature
        };
        mallory.ends_with(code, 4401).await;
    }
}

#[tokio::test]
async fn a_server_goes_by_its_configured_names() {
    let names = vec![
        "home.example".parse().unwrap(),
        "home.example:7373".parse().unwrap(),
    ];
    let server = Server::start_with(ServerConfig {
        names,
        ..ServerConfig::default()
    })
    .await;
    for name in [
        "home.example:443",
        "home.example:7373",
        &server.address.to_string(),
    ] {
        let mut bobs = Raw::connect_as(&server, "whatever.example").await;
        let register = bob().register(name, &bobs.nonce);
        bobs.say(&register).await;
        assert_eq!(bobs.next().await, ServerFrame::Ready);
    }
    let mut bobs = Raw::connect_as(&server, "other.example").await;
    let register = bob().register("other.example", &bobs.nonce);
    bobs.say(&register).await;
    let sentence = bobs.ends_with(ErrorCode::WrongAudience, 4401).await;
    assert!(sentence.contains("--name"), "{sentence}");
}

#[tokio::test]
async fn localhost_is_a_name_of_a_server_reached_on_the_loopback() {
    let server = Server::start().await;
    let mut bobs = Raw::connect(&server).await;
    let register = bob().register(&format!("localhost:{}", server.address.port()), &bobs.nonce);
    bobs.say(&register).await;
    assert_eq!(bobs.next().await, ServerFrame::Ready);
}

#[tokio::test]
async fn malformed_frames_end_the_connection_and_no_other() {
    let server = Server::start().await;
    let mut bobs = Raw::registered(&server, &bob()).await;
    for text in [
        "",
        "hello",
        "{}",
        r#"{"t":"ack"}"#,
        r#"{"t":"send","id":1,"to":"AA","payload":"AA"}"#,
    ] {
        let mut mallory = Raw::connect(&server).await;
        mallory.say_text(text).await;
        mallory.ends_with(ErrorCode::Malformed, 4400).await;
    }
    let mut mallory = Raw::connect(&server).await;
    mallory
        .socket
        .send(Message::binary(vec![0; 4]))
        .await
        .unwrap();
    mallory.ends_with(ErrorCode::Malformed, 4400).await;

    let mut alices = Raw::connect(&server).await;
    alices.send(1, &bob(), b"sealed").await;
    let (id, _) = bobs.delivery().await;
    bobs.say(&ClientFrame::Ack { id }).await;
    assert_eq!(alices.result().await, (1, Outcome::Delivered));
}

#[tokio::test]
async fn oversized_frames_end_the_connection() {
    let server = Server::start().await;
    for bytes in [64 * 1024, 100 * 1024] {
        let mut mallory = Raw::connect(&server).await;
        mallory
            .say_text(format!(
                r#"{{"t":"ack","id":1,"x":"{}"}}"#,
                "x".repeat(bytes)
            ))
            .await;
        mallory.ends_with(ErrorCode::TooLarge, 1009).await;
    }
    // Far too large: the server does not read it all, so all that is sure is the end.
    let mut mallory = Raw::connect(&server).await;
    let sent = mallory
        .socket
        .send(Message::text("x".repeat(8 * 1024 * 1024)))
        .await;
    if sent.is_ok() {
        while let Some(Ok(_)) = mallory.socket.next().await {}
    }
    Raw::connect(&server).await;
}

#[tokio::test]
async fn a_frame_of_a_newer_client_is_answered_and_the_connection_stays() {
    let server = Server::start().await;
    let mut alices = Raw::connect(&server).await;
    alices.say_text(r#"{"t":"wave","id":1}"#).await;
    assert!(matches!(
        alices.next().await,
        ServerFrame::Error {
            code: ErrorCode::Unsupported,
            ..
        }
    ));
    alices.send(1, &bob(), b"sealed").await;
    assert_eq!(alices.result().await, (1, Outcome::Offline));
}

#[tokio::test]
async fn frames_out_of_order_do_no_harm() {
    let server = Server::start().await;
    let mut bobs = Raw::connect(&server).await;
    // Confirming what never came, before and after registering; sending before registering.
    bobs.say(&ClientFrame::Ack { id: 0 }).await;
    bobs.send(1, &alice(), b"early").await;
    assert_eq!(bobs.result().await, (1, Outcome::Offline));
    let register = bob().register(&server.address.to_string(), &bobs.nonce);
    bobs.say(&register).await;
    assert_eq!(bobs.next().await, ServerFrame::Ready);
    bobs.say(&ClientFrame::Ack { id: 0 }).await;

    let mut alices = Raw::connect(&server).await;
    alices.send(1, &bob(), b"one").await;
    alices.send(2, &bob(), b"two").await;
    let (one, _) = bobs.delivery().await;
    let (two, _) = bobs.delivery().await;
    // The later one first, and twice.
    for id in [two, two, one, one] {
        bobs.say(&ClientFrame::Ack { id }).await;
    }
    assert_eq!(alices.result().await, (2, Outcome::Delivered));
    assert_eq!(alices.result().await, (1, Outcome::Delivered));

    bobs.say(&register).await;
    bobs.ends_with(ErrorCode::AlreadyRegistered, 4400).await;
}

#[tokio::test]
async fn who_does_not_confirm_is_offline() {
    let server = Server::start_with(with_limits(|limits| {
        limits.offline_after = Duration::from_millis(100)
    }))
    .await;
    let mut bobs = Raw::registered(&server, &bob()).await;
    let mut alices = Raw::connect(&server).await;
    alices.send(1, &bob(), b"sealed").await;
    let (id, _) = bobs.delivery().await;
    assert_eq!(alices.result().await, (1, Outcome::Offline));
    // Too late, and no harm done.
    bobs.say(&ClientFrame::Ack { id }).await;
    bobs.send(1, &alice(), b"still connected").await;
    assert_eq!(bobs.result().await, (1, Outcome::Offline));
}

#[tokio::test]
async fn who_refuses_or_leaves_is_offline_when_the_absent_are_and_not_before() {
    let server = Server::start().await;
    let mut bobs = Raw::registered(&server, &bob()).await;
    let mut alices = Raw::registered(&server, &alice()).await;
    let mut stranger = Raw::connect(&server).await;
    // The first to nobody, then one that Bob refuses, then one that Alice leaves over; and one that is taken.
    stranger.send(1, &nobody(), b"sealed").await;
    stranger.send(2, &bob(), b"sealed").await;
    stranger.send(3, &alice(), b"sealed").await;
    stranger.send(4, &bob(), b"sealed").await;
    let (id, _) = bobs.delivery().await;
    bobs.say(&ClientFrame::Refuse { id }).await;
    alices.delivery().await;
    drop(alices);
    let (id, _) = bobs.delivery().await;
    bobs.say(&ClientFrame::Ack { id }).await;
    assert_eq!(stranger.result().await, (4, Outcome::Delivered));
    for id in [1, 2, 3] {
        assert_eq!(stranger.result().await, (id, Outcome::Offline));
    }
}

#[tokio::test]
async fn the_newest_registration_wins() {
    let server = Server::start().await;
    let older = Raw::registered(&server, &bob()).await;
    let mut newer = Raw::registered(&server, &bob()).await;
    older.ends_with(ErrorCode::Replaced, 4409).await;
    // The end of the older one must not take the newer one along.
    let mut alices = Raw::connect(&server).await;
    alices.send(1, &bob(), b"sealed").await;
    let (id, _) = newer.delivery().await;
    newer.say(&ClientFrame::Ack { id }).await;
    assert_eq!(alices.result().await, (1, Outcome::Delivered));
}

#[tokio::test]
async fn too_many_open_sends_are_busy_whoever_they_are_for() {
    let server = Server::start_with(with_limits(|limits| {
        limits.offline_after = Duration::from_secs(3600)
    }))
    .await;
    let mut bobs = Raw::registered(&server, &bob()).await;
    for person in [bob(), nobody()] {
        let mut mallory = Raw::connect(&server).await;
        for id in 0..64 {
            mallory.send(id, &person, b"spam").await;
        }
        mallory.send(64, &person, b"spam").await;
        assert_eq!(mallory.result().await, (64, Outcome::Busy));
    }
    // What others may not send any more, Alice may.
    let mut alices = Raw::connect(&server).await;
    alices.send(1, &bob(), b"sealed").await;
    for _ in 0..64 {
        assert_eq!(bobs.delivery().await.1, b"spam");
    }
    let (id, payload) = bobs.delivery().await;
    assert_eq!(payload, b"sealed");
    bobs.say(&ClientFrame::Ack { id }).await;
    assert_eq!(alices.result().await, (1, Outcome::Delivered));
}

#[tokio::test]
async fn a_flood_of_sends_is_busy_and_a_flood_of_frames_ends() {
    let config = with_limits(|limits| {
        limits.send_burst = 3;
        limits.sends_per_second = 0;
        limits.frame_burst = 6;
        limits.frames_per_second = 0;
    });
    let server = Server::start_with(config).await;
    let mut mallory = Raw::connect(&server).await;
    for id in 0..6 {
        mallory.send(id, &bob(), b"spam").await;
    }
    for id in [3, 4, 5] {
        assert_eq!(mallory.result().await, (id, Outcome::Busy));
    }
    for id in [0, 1, 2] {
        assert_eq!(mallory.result().await, (id, Outcome::Offline));
    }
    mallory.send(6, &bob(), b"spam").await;
    mallory.ends_with(ErrorCode::RateLimited, 4429).await;
}

#[tokio::test]
async fn connecting_anew_gives_no_address_more_to_send() {
    let config = with_limits(|limits| {
        limits.send_burst_per_address = 3;
        limits.sends_per_second_per_address = 0;
    });
    let server = Server::start_with(config).await;
    let mut bobs = Raw::registered(&server, &bob()).await;
    let mut answers = Vec::new();
    for id in 0..5 {
        let mut mallory = Raw::connect(&server).await;
        mallory.send(id, &bob(), b"spam").await;
        if id < 3 {
            let (id, _) = bobs.delivery().await;
            bobs.say(&ClientFrame::Ack { id }).await;
        }
        answers.push(mallory.result().await.1);
    }
    let expected = [[Outcome::Delivered; 3].as_slice(), &[Outcome::Busy; 2]].concat();
    assert_eq!(answers, expected);
}

#[tokio::test]
async fn connections_are_counted() {
    let server = Server::start_with(with_limits(|limits| limits.connections_per_address = 2)).await;
    let first = Raw::connect(&server).await;
    let _second = Raw::connect(&server).await;
    match Raw::try_connect(&server, None).await {
        Err(Error::Http(response)) => assert_eq!(response.status(), 429),
        other => panic!("let in: {}", other.is_ok()),
    }
    drop(first);
    // The server notices on its own time.
    while Raw::try_connect(&server, None).await.is_err() {}

    let full = Server::start_with(with_limits(|limits| limits.connections = 1)).await;
    let _only = Raw::connect(&full).await;
    match Raw::try_connect(&full, None).await {
        Err(Error::Http(response)) => assert_eq!(response.status(), 503),
        other => panic!("let in: {}", other.is_ok()),
    }
}

#[tokio::test]
async fn who_connects_and_says_nothing_is_shown_out() {
    let config = with_limits(|limits| {
        limits.upgrade_timeout = Duration::from_millis(500);
        limits.anonymous_idle = Duration::from_millis(500);
    });
    let server = Server::start_with(config).await;
    for beginning in ["", "GET /ws HTTP/1.1\r\nHost: x\r\n"] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(beginning.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        // The end, whether in order or by a reset.
        drop(stream.read_to_end(&mut rest).await);
    }
    Raw::connect(&server)
        .await
        .ends_with(ErrorCode::TimedOut, 4408)
        .await;
}

#[tokio::test]
async fn a_registered_connection_outlives_the_upgrade_deadline() {
    let config = with_limits(|limits| {
        limits.upgrade_timeout = Duration::from_millis(500);
        limits.anonymous_idle = Duration::from_secs(1);
    });
    let server = Server::start_with(config).await;
    let mut bobs = Raw::registered(&server, &bob()).await;
    // Somebody else being shown out marks that both times have passed.
    Raw::connect(&server)
        .await
        .ends_with(ErrorCode::TimedOut, 4408)
        .await;
    bobs.send(1, &bob(), b"still there").await;
    assert_eq!(bobs.delivery().await.1, b"still there");
}

#[tokio::test]
async fn the_server_asks_who_is_silent_and_drops_who_is_dead() {
    let asking = |dead_after| {
        with_limits(|limits| {
            limits.ping_after = Duration::from_millis(50);
            limits.dead_after = dead_after;
        })
    };
    let patient = Server::start_with(asking(Duration::from_secs(3600))).await;
    let mut bobs = Raw::registered(&patient, &bob()).await;
    // A WebSocket client answers pings while it is read, and each answer leads to another question.
    for _ in 0..5 {
        assert!(matches!(
            bobs.socket.next().await,
            Some(Ok(Message::Ping(_)))
        ));
    }
    let strict = Server::start_with(asking(Duration::from_millis(500))).await;
    let _unread = Raw::registered(&strict, &bob()).await;
    let mut alices = Raw::registered(&strict, &alice()).await;
    alices.send(1, &bob(), b"sealed").await;
    assert_eq!(alices.result().await, (1, Outcome::Offline));
}

#[tokio::test]
async fn a_stopping_server_says_goodbye() {
    let server = Server::start().await;
    let bobs = Raw::registered(&server, &bob()).await;
    let alices = Raw::connect(&server).await;
    let farewell = async {
        bobs.ends_with(ErrorCode::GoingAway, 1001).await;
        alices.ends_with(ErrorCode::GoingAway, 1001).await;
    };
    let address = server.address;
    tokio::join!(server.stop(), farewell);
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn health_is_told_and_other_pages_do_not_exist() {
    let server = Server::start().await;
    let health = get(&server, "/health").await;
    assert!(
        health.starts_with("HTTP/1.1 200") && health.ends_with(r#"{"status":"ok"}"#),
        "{health}"
    );
    // Not everybody whose app runs a server wants to tell passers-by.
    for page in ["/", "/i"] {
        assert!(get(&server, page).await.starts_with("HTTP/1.1 404"));
    }
    assert!(get(&server, "/ws").await.starts_with("HTTP/1.1 400"));
}

#[tokio::test]
async fn a_hundred_people_talk_at_once() {
    let server = Server::start().await;
    let people: Vec<Person> = std::iter::repeat_with(bob)
        .take(1)
        .chain([alice()])
        .collect();
    let mut receivers = Vec::new();
    for person in &people {
        receivers.push(Raw::registered(&server, person).await);
    }
    let mut senders = Vec::new();
    for number in 0..100_u32 {
        let (person, mut raw) = (
            people[number as usize % 2].clone(),
            Raw::connect(&server).await,
        );
        senders.push(tokio::spawn(async move {
            raw.send(number, &person, &number.to_be_bytes()).await;
            raw.result().await
        }));
    }
    let readers = receivers.into_iter().map(|mut raw| async move {
        for _ in 0..50 {
            let (id, _) = raw.delivery().await;
            raw.say(&ClientFrame::Ack { id }).await;
        }
        raw
    });
    let _open = futures_util::future::join_all(readers).await;
    for (number, sender) in (0..).zip(senders) {
        assert_eq!(sender.await.unwrap(), (number, Outcome::Delivered));
    }
}
