//! It writes everything down.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ringdown_core::call::Phase;
use ringdown_core::envelope::BUCKETS;
use ringdown_core::identity::PublicKey;

use super::super::person::become_friends;
use super::stage::{Server, hang_up, talk};
use super::*;

/// Every way in which bytes might show up in what a server has.
fn forms(key: PublicKey) -> Vec<Vec<u8>> {
    let bytes = key.as_bytes();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    vec![
        bytes.to_vec(),
        hex.into_bytes(),
        URL_SAFE_NO_PAD.encode(bytes).into_bytes(),
        STANDARD.encode(bytes).into_bytes(),
    ]
}

#[tokio::test]
async fn bobs_server_learns_his_key_sizes_and_times_and_nothing_of_alice() {
    let (hers, his) = (Server::opens().await, Server::opens().await);
    let alice = Someone::arrives_through(&hers.url, "Alice Liddell").await;
    let bob = Someone::arrives_through(&his.url, "Bob Greyfriars").await;
    let bobs_key = become_friends(&alice, &bob).await;
    let alices_key = alice.key().await;
    talk(&alice, &bob, bobs_key).await;
    hang_up(&alice, &bob).await;

    for (server, owner, stranger) in [(&his, bobs_key, alices_key), (&hers, alices_key, bobs_key)] {
        let record = server.transcript();
        let readable = URL_SAFE_NO_PAD.encode(owner.as_bytes());
        assert!(record.has(readable.as_bytes()), "it would have been found");
        for key in forms(stranger) {
            assert!(!record.has(&key), "the other one's key");
        }
        // Long enough not to turn up by chance.
        for secret in [
            "Liddell",
            "Greyfriars",
            "v=0 a=candidate",
            "192.0.2.",
            r#""invite""#,
            r#""kind":"#,
            "ws://127",
        ] {
            assert!(!record.has(secret.as_bytes()), "{secret}");
        }
        for payload in record.payloads() {
            assert!(BUCKETS.contains(&payload.len()), "{} bytes", payload.len());
        }
    }
}

#[tokio::test]
async fn who_sends_does_not_say_who_they_are() {
    let server = Server::opens().await;
    let (alice, bob, key) = server.has_friends().await;
    talk(&alice, &bob, key).await;
    hang_up(&alice, &bob).await;
    // A connection either registers or sends.
    let text = server.transcript().to_string();
    let mut registered = HashSet::new();
    let mut sent = HashSet::new();
    for line in text.lines() {
        let connection = line.split_whitespace().find(|word| word.starts_with('#'));
        if line.contains(r#""t":"register""#) {
            registered.insert(connection);
        } else if line.contains(r#""t":"send""#) {
            sent.insert(connection);
        }
    }
    assert!(!registered.is_empty() && !sent.is_empty(), "{text}");
    assert!(registered.is_disjoint(&sent), "{text}");
}

/// Prints what docs/PROTOCOL.md shows: `cargo test -p ringdown --lib as_the_server_saw_it -- --nocapture`.
#[tokio::test]
async fn one_call_as_the_server_saw_it() {
    let (hers, his) = (Server::opens().await, Server::opens().await);
    let alice = Someone::arrives_through(&hers.url, "Alice").await;
    let bob = Someone::arrives_through(&his.url, "Bob").await;
    let key = become_friends(&alice, &bob).await;
    alice.calls(key).await;
    bob.is_in(Phase::Ringing).await;
    bob.accepts().await;
    alice.is_in(Phase::Connecting).await;
    let description = |kind: &str| format!("{kind} {}", "a=rtpmap:96 VP8/90000\r\n".repeat(250));
    alice.page_says(&description("offer")).await;
    bob.page_hears("offer").await;
    bob.page_says(&description("answer")).await;
    alice.page_hears("answer").await;
    alice.page_says("candidate 192.0.2.1").await;
    bob.page_hears("candidate").await;
    hang_up(&alice, &bob).await;
    alice.hub.close().await;

    let record = his.transcript();
    println!("{record}");
    // The request, the invite, where Alice is, the offer, a candidate, the end, and perhaps signs of life between them;
    // all of one size.
    let sizes: Vec<usize> = record.payloads().iter().map(Vec::len).collect();
    assert!(sizes.len() >= 6, "{sizes:?}");
    assert!(sizes.iter().all(|size| *size == BUCKETS[0]), "{sizes:?}");
    let known = [
        "hello", "register", "ready", "send", "deliver", "ack", "result",
    ];
    for frame in record.frames() {
        let frame: serde_json::Value = serde_json::from_str(&frame).unwrap();
        let kind = frame["t"].as_str().unwrap();
        assert!(known.contains(&kind), "{kind}");
    }
}
