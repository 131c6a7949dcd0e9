//! Staying reachable, whatever servers and networks do.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests"
)]

mod common;

use std::{sync::Arc, time::Duration};

use common::{Events, Impostor, Raw, Server, alice, bob, bob_at, register};
use futures_util::SinkExt;
use ringdown_signaling::{
    DeliverError, Event, IceServer, OfflineReason, Registration, ServerConfig,
    server::IceIssuer,
    wire::{ClientFrame, ErrorCode, Nonce, Outcome, ServerFrame},
};
use tokio::io::AsyncReadExt;
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn a_restarted_server_is_found_again() {
    let server = Server::start().await;
    let address = server.address;
    let (_registration, mut events) = bob_at(&server).await;
    let courier = common::courier();
    let delivery = courier.deliver(&[server.url()], bob().key(), b"before".to_vec());
    let (delivered, received) = tokio::join!(delivery, events.received());
    assert_eq!((delivered, &received[..]), (Ok(()), &b"before"[..]));
    server.stop().await;
    assert_eq!(events.offline().await, OfflineReason::GoingAway);
    let server = Server::start_at(address, ServerConfig::default()).await;
    loop {
        match events.next().await {
            Event::Online { url } => break assert_eq!(url, server.url()),
            Event::Offline { reason, .. } => assert!(
                matches!(reason, OfflineReason::Unreachable(_)),
                "{reason:?}"
            ),
            other => panic!("unexpected {other:?}"),
        }
    }
    // The courier's connection died with the old server; nobody has to know.
    let delivery = courier.deliver(&[server.url()], bob().key(), b"after".to_vec());
    let (delivered, received) = tokio::join!(delivery, events.received());
    assert_eq!((delivered, &received[..]), (Ok(()), &b"after"[..]));
}

#[tokio::test]
async fn a_server_that_comes_up_later_is_found() {
    let impostor = Impostor::new().await;
    let (url, address) = (impostor.url(), impostor.address());
    drop(impostor);
    let (registration, mut events) = register(url);
    assert!(matches!(
        events.offline().await,
        OfflineReason::Unreachable(_)
    ));
    let _server = Server::start_at(address, ServerConfig::default()).await;
    registration.hurry();
    events.online().await;
}

#[tokio::test]
async fn why_it_is_offline_is_told() {
    let refusing = |impostor: Impostor, frame: ServerFrame| async move {
        let (_registration, mut events) = register(impostor.url());
        let mut socket = impostor.accept().await;
        assert!(matches!(
            Impostor::next(&mut socket).await,
            Some(ClientFrame::Register { .. })
        ));
        Impostor::say(&mut socket, &frame).await;
        events.offline().await
    };
    let message = "No.".to_owned();
    let code = ErrorCode::WrongAudience;
    let refused = refusing(
        Impostor::new().await,
        ServerFrame::Error {
            code,
            message: message.clone(),
        },
    )
    .await;
    assert_eq!(refused, OfflineReason::Refused { code, message });

    let (_registration, mut events) = register("http://example.org".to_owned());
    assert_eq!(events.offline().await, OfflineReason::BadUrl);
    let (_registration, mut events) = register("ws://me:secret@example.org".to_owned());
    assert_eq!(events.offline().await, OfflineReason::BadUrl);

    let impostor = Impostor::new().await;
    let (_registration, mut events) = register(impostor.url());
    drop(impostor.accept_tcp().await);
    assert!(matches!(
        events.offline().await,
        OfflineReason::Unreachable(_) | OfflineReason::NotAServer | OfflineReason::Lost
    ));

    let impostor = Impostor::new().await;
    let (_registration, mut events) = register(impostor.url());
    let mut socket = tokio_tungstenite::accept_async(impostor.accept_tcp().await)
        .await
        .unwrap();
    let hello = ServerFrame::Hello {
        v: 2,
        nonce: Nonce::from([0; 32]),
    };
    socket.send(Message::text(hello.encode())).await.unwrap();
    assert_eq!(
        events.offline().await,
        OfflineReason::OtherVersion { version: 2 }
    );

    let impostor = Impostor::new().await;
    let (_registration, mut events) = register(impostor.url());
    let mut socket = tokio_tungstenite::accept_async(impostor.accept_tcp().await)
        .await
        .unwrap();
    socket
        .send(Message::text("welcome to something else"))
        .await
        .unwrap();
    assert_eq!(events.offline().await, OfflineReason::NotAServer);

    let mut config = ServerConfig::default();
    config.limits.connections = 0;
    let full = Server::start_with(config).await;
    let (_registration, mut events) = register(full.url());
    assert_eq!(events.offline().await, OfflineReason::Full);
}

#[tokio::test]
async fn an_older_window_gives_way_to_a_newer_one() {
    let server = Server::start().await;
    let (_older, mut older_events) = bob_at(&server).await;
    let (_newer, mut newer_events) = bob_at(&server).await;
    assert_eq!(older_events.offline().await, OfflineReason::Replaced);
    let courier = common::courier();
    let delivery = courier.deliver(&[server.url()], bob().key(), b"sealed".to_vec());
    let (delivered, received) = tokio::join!(delivery, newer_events.received());
    assert_eq!((delivered, &received[..]), (Ok(()), &b"sealed"[..]));
}

#[tokio::test]
async fn a_server_that_falls_silent_is_given_up() {
    let impostor = Impostor::new().await;
    let (_registration, mut events) = register(impostor.url());
    let mut socket = impostor.accept().await;
    assert!(matches!(
        Impostor::next(&mut socket).await,
        Some(ClientFrame::Register { .. })
    ));
    Impostor::say(&mut socket, &ServerFrame::Ready).await;
    events.online().await;
    // Time runs ahead whenever everyone waits; nobody reads at the other end.
    tokio::time::pause();
    assert_eq!(events.offline().await, OfflineReason::TimedOut);
}

#[tokio::test]
async fn frames_of_a_newer_server_are_passed_over() {
    let impostor = Impostor::new().await;
    let (_registration, mut events) = register(impostor.url());
    let mut socket = impostor.accept().await;
    Impostor::next(&mut socket).await;
    for text in [
        r#"{"t":"weather","sunny":true}"#,
        r#"{"t":"error","code":"too_sunny","message":"?"}"#,
    ] {
        socket.send(Message::text(text)).await.unwrap();
    }
    Impostor::say(&mut socket, &ServerFrame::Ready).await;
    events.online().await;
}

#[tokio::test]
async fn what_becomes_of_a_payload_is_decided_by_the_app_after_it_has_looked() {
    let server = Server::start().await;
    let (_registration, mut events) = bob_at(&server).await;
    let mut alices = Raw::connect(&server).await;
    for id in 0..4 {
        alices.send(id, &bob(), &[u8::try_from(id).unwrap()]).await;
    }
    let (_, refused) = events.arrived().await;
    let (_, forgotten) = events.arrived().await;
    let (payload, accepted) = events.arrived().await;
    assert_eq!(payload, [2]);
    let (_, accepted_first) = events.arrived().await;
    refused.refuse();
    drop(forgotten);
    // In whatever order.
    accepted_first.accept();
    assert_eq!(alices.result().await, (3, Outcome::Delivered));
    accepted.accept();
    assert_eq!(alices.result().await, (2, Outcome::Delivered));
    for id in [0, 1] {
        assert_eq!(alices.result().await, (id, Outcome::Offline));
    }
}

#[tokio::test]
async fn a_receipt_outlives_its_connection_without_harm() {
    let server = Server::start().await;
    let (registration, mut events) = bob_at(&server).await;
    let mut alices = Raw::connect(&server).await;
    alices.send(1, &bob(), b"sealed").await;
    let (_, receipt) = events.arrived().await;
    drop(registration);
    receipt.accept();
    assert_eq!(alices.result().await, (1, Outcome::Offline));
}

#[tokio::test]
async fn a_dead_connection_is_noticed_when_the_network_changes_and_when_something_is_sent() {
    let impostor = Impostor::new().await;
    let (registration, mut events) = register(impostor.url());
    let mut socket = impostor.accept().await;
    Impostor::next(&mut socket).await;
    Impostor::say(&mut socket, &ServerFrame::Ready).await;
    events.online().await;
    // The impostor reads no more, as if the cable were out. Time runs ahead whenever everyone waits.
    registration.hurry();
    tokio::time::pause();
    assert_eq!(events.offline().await, OfflineReason::TimedOut);
    tokio::time::resume();
    // It begins anew at once, though it was online for a moment only.
    let mut again = impostor.accept().await;
    assert!(matches!(
        Impostor::next(&mut again).await,
        Some(ClientFrame::Register { .. })
    ));
    drop(registration);

    let impostor = Impostor::new().await;
    let courier = common::courier();
    let urls = [impostor.url()];
    let delivery = courier.deliver(&urls, bob().key(), b"sealed".to_vec());
    let _dead = impostor.accept().await;
    let delivery = tokio::spawn(delivery);
    // It takes a second connection by itself, long before the time for an answer is over.
    let mut living = impostor.accept().await;
    let (id, _) = Impostor::sent(&mut living).await;
    let outcome = Outcome::Delivered;
    Impostor::answer(&mut living, id, outcome).await;
    assert_eq!(delivery.await.unwrap(), Ok(()));
}

#[tokio::test]
async fn dropping_the_handles_ends_the_connections() {
    let impostor = Impostor::new().await;
    let (registration, _events) = register(impostor.url());
    let mut socket = impostor.accept().await;
    Impostor::next(&mut socket).await;
    drop(registration);
    assert_eq!(Impostor::next(&mut socket).await, None);

    let (registration, events) = register(impostor.url());
    let mut socket = impostor.accept().await;
    Impostor::next(&mut socket).await;
    Impostor::say(&mut socket, &ServerFrame::Ready).await;
    drop(events);
    assert_eq!(Impostor::next(&mut socket).await, None);
    drop(registration);

    let courier = common::courier();
    let twin = courier.clone();
    let delivery = courier.deliver(&[impostor.url()], bob().key(), b"sealed".to_vec());
    let mut socket = impostor.accept().await;
    Impostor::next(&mut socket).await;
    drop(courier);
    let second = twin.deliver(&[impostor.url()], alice().key(), b"still here".to_vec());
    assert!(matches!(
        Impostor::next(&mut socket).await,
        Some(ClientFrame::Send { .. })
    ));
    drop(twin);
    assert_eq!(Impostor::next(&mut socket).await, None);
    assert_eq!(delivery.await, Err(DeliverError::Unreachable));
    assert_eq!(second.await, Err(DeliverError::Unreachable));
}

#[tokio::test]
async fn servers_for_calls_come_with_the_registration_and_stay_fresh() {
    let turn = vec!["turn:turn.example.org".parse().unwrap()];
    let secret = Some("north".parse().unwrap());
    let ttl = Duration::from_secs(10);
    let config = ServerConfig {
        ice: Some(IceIssuer::new(vec![], turn, secret, ttl).unwrap()),
        ..ServerConfig::default()
    };
    let server = Server::start_with(config).await;
    let (_registration, mut events) = bob_at(&server).await;
    let (first, told) = events.servers().await;
    assert_eq!(told, ttl);
    assert_eq!(first[0].urls, ["turn:turn.example.org"]);
    assert!(first[0].credential.is_some());
    // Time runs ahead whenever everyone waits.
    tokio::time::pause();
    let (second, told) = events.servers().await;
    assert_eq!(told, ttl);
    // By the clock of the machine, which is not paused, both may be of the same second.
    let until = |servers: &[IceServer]| -> u64 {
        let name = servers[0].username.as_deref().unwrap();
        name.split_once(':').unwrap().0.parse().unwrap()
    };
    assert!(until(&second) >= until(&first));
}

#[tokio::test]
async fn a_bad_url_from_a_server_does_not_spoil_the_good_ones() {
    let impostor = Impostor::new().await;
    let (_registration, mut events) = register(impostor.url());
    let mut socket = impostor.accept().await;
    Impostor::next(&mut socket).await;
    Impostor::say(&mut socket, &ServerFrame::Ready).await;
    events.online().await;
    let server = |urls: &[&str], credential: Option<&str>| IceServer {
        urls: urls.iter().map(ToString::to_string).collect(),
        username: credential.map(str::to_owned),
        credential: credential.map(str::to_owned),
    };
    let good = server(&["turn:a.example"], Some("x"));
    let ice = [
        server(&["http://a.example"], None),
        server(&["turn:a.example"], None),
        server(&[], Some("x")),
        server(&["turn://a.example", "turn:a.example"], Some("x")),
    ];
    let many = std::iter::repeat_n(server(&["stun:a.example"; 20], None), 20);
    let ice = ice.into_iter().chain(many).collect();
    Impostor::say(&mut socket, &ServerFrame::Servers { ice, ttl: 60 }).await;
    let (ice, ttl) = events.servers().await;
    assert_eq!(ttl, Duration::from_secs(60));
    assert_eq!(ice[0], good);
    assert_eq!((ice.len(), ice[1].urls.len()), (8, 8));
}

#[tokio::test]
async fn nothing_private_is_in_debug_output() {
    let server = Server::start().await;
    let (registration, mut events) = bob_at(&server).await;
    let courier = common::courier();
    let secret = b"candidate 192.0.2.77".to_vec();
    let delivery = tokio::spawn(courier.deliver(&[server.url()], bob().key(), secret));
    let event = events.next().await;
    let offline = Event::Offline {
        url: server.url(),
        reason: OfflineReason::Lost,
    };
    let text = format!(
        "{registration:?} {courier:?} {event:?} {offline:?} {:?}",
        [
            Event::Online { url: server.url() },
            Event::Servers {
                url: server.url(),
                ice: vec![IceServer {
                    urls: vec!["turn:192.0.2.77".to_owned()],
                    username: Some("192.0.2.77".to_owned()),
                    credential: Some("192.0.2.77".to_owned()),
                }],
                ttl: Duration::from_secs(60),
                on_loopback: true,
            }
        ]
    );
    assert!(
        !text.contains("192.0.2.77") && !text.contains("127.0.0.1"),
        "{text}"
    );
    assert!(text.contains("20 bytes"), "{text}");
    let Event::Received { receipt, .. } = event else {
        panic!("nothing received but {event:?}")
    };
    assert_eq!(format!("{receipt:?}"), "Receipt { .. }");
    receipt.accept();
    assert_eq!(delivery.await.unwrap(), Ok(()));
}

#[tokio::test]
async fn a_signature_is_for_the_server_that_was_dialled() {
    // A server that passes our own server's nonce on gets a proof that is worth nothing there.
    let home = Server::start().await;
    let mut relayed = Raw::connect(&home).await;
    let evil = Impostor::new().await;
    let signed = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = Arc::clone(&signed);
    let (sender, _events) = Events::channel();
    let signer = bob().signer();
    let signing = Arc::new(move |message: &[u8]| {
        seen.lock().unwrap().extend_from_slice(message);
        signer(message)
    });
    let _registration = Registration::spawn(evil.url(), bob().key(), signing, sender);
    let mut socket = tokio_tungstenite::accept_async(evil.accept_tcp().await)
        .await
        .unwrap();
    Impostor::say(
        &mut socket,
        &ServerFrame::Hello {
            v: 1,
            nonce: relayed.nonce,
        },
    )
    .await;
    let proof = Impostor::next(&mut socket).await.unwrap();
    relayed.say(&proof).await;
    relayed.ends_with(ErrorCode::BadSignature, 4401).await;
    let named = evil.address().to_string();
    let signed = signed.lock().unwrap();
    assert!(
        signed
            .windows(named.len())
            .any(|window| window == named.as_bytes())
    );
}

#[tokio::test]
async fn the_answer_to_a_plain_web_server_is_that_it_is_none() {
    let impostor = Impostor::new().await;
    let (_registration, mut events) = register(impostor.url());
    let mut stream = impostor.accept_tcp().await;
    let mut request = [0; 4];
    stream.read_exact(&mut request).await.unwrap();
    assert_eq!(&request, b"GET ");
    tokio::io::AsyncWriteExt::write_all(
        &mut stream,
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
    )
    .await
    .unwrap();
    assert_eq!(events.offline().await, OfflineReason::NotAServer);
}
