//! One sender who does all they may does not keep others from anybody, at a real server on the loopback.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests"
)]

mod common;

use std::net::Ipv4Addr;

use common::{Person, Raw, Server, alice, bob};
use ringdown_signaling::{
    ServerConfig,
    limits::{MAX_NOTES_PER_KEY, MAX_OPEN_SENDS, MAX_PAYLOAD_BYTES},
    wire::{ClientFrame, Key, Outcome, Payload},
};

/// A server behind a proxy: so that people come from different addresses.
async fn server() -> Server {
    Server::start_with(ServerConfig {
        trusted_proxies: vec![Ipv4Addr::LOCALHOST.into()],
        ..ServerConfig::default()
    })
    .await
}

fn leave(id: u32, to: &Person, note: &[u8]) -> ClientFrame {
    ClientFrame::Leave {
        id,
        to: Key::from(to.key()),
        payload: Payload::new(note).unwrap(),
    }
}

#[tokio::test]
async fn a_call_is_handed_over_before_what_a_flood_has_queued() {
    let server = server().await;
    let mut bobs = Raw::registered(&server, &bob()).await;
    let mut mallory = Raw::connect_from(&server, "203.0.113.66").await;
    let flood = vec![7; MAX_PAYLOAD_BYTES];
    for id in 0..=MAX_OPEN_SENDS {
        mallory.send(id, &bob(), &flood).await;
    }
    // One too many: by then the server has all the others. Bob has not read any of them yet.
    assert_eq!(mallory.result().await, (MAX_OPEN_SENDS, Outcome::Busy));
    let mut alices = Raw::connect_from(&server, "203.0.113.1").await;
    alices.send(1, &bob(), b"a call").await;
    // Until the server has that, too.
    alices.say(&leave(2, &alice(), b"note")).await;
    assert_eq!(alices.result().await, (2, Outcome::Taken));
    // What was on Bob's line already, and the one that was next then.
    for _ in 0..4 {
        let (id, payload) = bobs.delivery().await;
        let is_the_call = payload == b"a call";
        bobs.say(&match is_the_call {
            true => ClientFrame::Ack { id },
            false => ClientFrame::Refuse { id },
        })
        .await;
        if is_the_call {
            break;
        }
    }
    assert_eq!(alices.result().await, (1, Outcome::Delivered));
}

#[tokio::test]
async fn who_answers_nothing_is_handed_over_everything_all_the_same() {
    let server = server().await;
    let mut bobs = Raw::registered(&server, &bob()).await;
    let mut alices = Raw::connect_from(&server, "203.0.113.1").await;
    let large = vec![7; MAX_PAYLOAD_BYTES];
    for id in 0..12 {
        alices.send(id, &bob(), &large).await;
    }
    // More than is written ahead: what came through is seen by the pongs that any WebSocket gives by itself.
    for _ in 0..12 {
        assert_eq!(bobs.delivery().await.1, large);
    }
}

#[tokio::test]
async fn alices_note_stays_whatever_somebody_leaves_from_several_addresses() {
    let server = server().await;
    drop(Raw::registered(&server, &bob()).await);
    let mut alices = Raw::connect_from(&server, "203.0.113.1").await;
    alices.say(&leave(1, &bob(), b"Alice called")).await;
    assert_eq!(alices.result().await, (1, Outcome::Taken));
    for address in 0..8 {
        let mut mallory = Raw::connect_from(&server, &format!("198.51.100.{address}")).await;
        for id in 0..10 {
            mallory.say(&leave(id, &bob(), b"spam")).await;
            assert_eq!(mallory.result().await, (id, Outcome::Taken));
        }
    }
    let mut bobs = Raw::registered(&server, &bob()).await;
    let mut notes = Vec::new();
    for _ in 0..MAX_NOTES_PER_KEY {
        notes.push(bobs.delivery().await.1);
    }
    let alices = notes.iter().filter(|note| *note == b"Alice called");
    assert_eq!(alices.count(), 1);
}
