//! It changes what it carries, to whom, and who sits where.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use ringdown_core::call::{EndReason, Phase};
use ringdown_core::envelope::Sessions;
use ringdown_core::identity::{Identity, PublicKey};
use ringdown_core::message::{Kind, Message};
use ringdown_core::name::DisplayName;
use ringdown_signaling::meddling::Sent;

use super::super::person::become_friends;
use super::stage::{Server, hang_up, talk};
use super::*;

/// Changes one bit, another each time: of the version, of the key, of what is sealed, of the padding.
fn flip(sent: &mut Sent, count: &AtomicUsize) {
    let n = count.fetch_add(1, Ordering::Relaxed);
    let at = [0, 1, 20, 33, 40, 90, 500, 11_000][n % 8].min(sent.payload.len() - 1);
    sent.payload[at] ^= 1 << (n / 8 % 8);
}

#[tokio::test]
async fn a_changed_bit_anywhere_is_as_if_nothing_had_come() {
    let server = Server::opens().await;
    let (alice, bob, key) = server.has_friends().await;
    let count = AtomicUsize::new(0);
    server.does(move |mut sent| {
        // Whatever else Bob might accept of it, he is shown too.
        for _ in 0..7 {
            let mut other = sent.copy();
            flip(&mut other, &count);
            other.pass();
        }
        flip(&mut sent, &count);
        sent.pass();
    });
    alice.calls(key).await;
    assert_eq!(alice.end().await, EndReason::Unreachable);
    bob.noticed_nothing().await;
}

#[tokio::test]
async fn changed_bits_now_and_then_make_a_call_late_and_nothing_else() {
    let server = Server::opens().await;
    let (alice, bob, key) = server.has_friends().await;
    let count = AtomicUsize::new(0);
    server.does(move |sent| {
        let mut changed = sent.copy();
        flip(&mut changed, &count);
        changed.pass();
        sent.pass();
    });
    talk(&alice, &bob, key).await;
    hang_up(&alice, &bob).await;
}

#[tokio::test]
async fn descriptions_it_rewrites_never_reach_a_page() {
    let server = Server::opens().await;
    let (alice, bob, key) = server.has_friends().await;
    alice.is_impatient().await;
    bob.is_impatient().await;
    alice.calls(key).await;
    bob.is_in(Phase::Ringing).await;
    bob.accepts().await;
    alice.is_in(Phase::Connecting).await;
    let count = AtomicUsize::new(0);
    server.does(move |mut sent| {
        flip(&mut sent, &count);
        sent.copy().pass();
        sent.claim_delivered();
    });
    alice.page_says("a=fingerprint:sha-256 AA").await;
    bob.page_says("a=fingerprint:sha-256 BB").await;
    for side in [&alice, &bob] {
        let end = side.end().await;
        assert!(
            matches!(end, EndReason::NotConnected | EndReason::Lost),
            "{end:?}"
        );
        assert!(side.page_heard().is_empty());
    }
}

/// Sends to `other` what is for `one`, and the other way round.
fn exchange(one: PublicKey, other: PublicKey) -> impl Fn(Sent) + Send + Sync {
    move |mut sent| {
        if sent.to == *one.as_bytes() {
            sent.to = *other.as_bytes();
        } else if sent.to == *other.as_bytes() {
            sent.to = *one.as_bytes();
        }
        sent.pass();
    }
}

#[tokio::test]
async fn what_it_takes_to_the_wrong_person_connects_nobody() {
    let server = Server::opens().await;
    let (alice, bob, bobs_key) = server.has_friends().await;
    let carol = Someone::arrives_through(&server.url, "Carol").await;
    let dave = Someone::arrives_through(&server.url, "Dave").await;
    let daves_key = become_friends(&carol, &dave).await;
    server.does(exchange(bobs_key, daves_key));
    alice.calls(bobs_key).await;
    carol.calls(daves_key).await;
    for caller in [&alice, &carol] {
        assert_eq!(caller.end().await, EndReason::Unreachable);
        caller.dismisses().await;
    }
    bob.noticed_nothing().await;
    dave.noticed_nothing().await;

    // Two calls well under way: each hears nothing of the other's.
    server.is_honest();
    for side in [&alice, &bob, &carol, &dave] {
        side.is_impatient().await;
    }
    for (caller, callee, key) in [(&alice, &bob, bobs_key), (&carol, &dave, daves_key)] {
        caller.calls(key).await;
        callee.is_in(Phase::Ringing).await;
        callee.accepts().await;
        caller.is_in(Phase::Connecting).await;
    }
    server.does(exchange(bobs_key, daves_key));
    alice.page_says("for Bob").await;
    carol.page_says("for Dave").await;
    for side in [&alice, &bob, &carol, &dave] {
        let end = side.end().await;
        assert!(
            !matches!(end, EndReason::EndedByMe | EndReason::Declined),
            "{end:?}"
        );
    }
    assert!(bob.page_heard().is_empty() && dave.page_heard().is_empty());
}

#[tokio::test]
async fn whoever_it_seats_in_bobs_place_is_not_bob() {
    let server = Server::opens().await;
    let (alice, bob, key) = server.has_friends().await;
    let mallory = Someone::arrives_through(&server.url, "Mallory").await;
    let hers = mallory.key().await;
    let dir = mallory.closes().await;
    server.seats(hers, key);
    let mut options = Options::for_tests(dir.path().to_owned(), [127, 0, 0, 1].into());
    options.server = Some(server.url.parse().unwrap());
    options.embedded = false;
    let mallory = Someone::opens_with(dir, options).await;
    mallory.sees(|snapshot| snapshot.line.online).await;

    alice.calls(key).await;
    assert_eq!(alice.end().await, EndReason::Unreachable);
    mallory.noticed_nothing().await;
    bob.noticed_nothing().await;
}

#[tokio::test]
async fn an_invite_of_its_own_in_the_place_of_alices_does_not_ring() {
    let server = Server::opens().await;
    let (alice, bob, key) = server.has_friends().await;
    let mallory = Arc::new(Identity::from_seed([66; 32]));
    let sessions = Mutex::new(Sessions::new(mallory, []));
    server.does(move |mut sent| {
        // As good as a forger without Alice's secret can make it: her name, sealed for whoever it is for.
        let to = PublicKey::from_bytes(sent.to).unwrap();
        let forged = Message {
            call: uuid::Uuid::new_v4(),
            seq: 0,
            kind: Kind::Invite {
                video: true,
                name: DisplayName::parse("Alice").unwrap(),
                early: true,
                servers: Vec::new(),
                port: None,
            },
        };
        let sealed = sessions.lock().unwrap().seal(now_ms(), to, &forged);
        sent.payload = sealed.unwrap();
        sent.pass();
    });
    alice.calls(key).await;
    assert_eq!(alice.end().await, EndReason::Unreachable);
    bob.noticed_nothing().await;
    assert!(!alice.page_was_started());
}
