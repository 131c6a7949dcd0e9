//! It drops, delays, repeats, shuffles, and lies about what it delivered.

use std::sync::atomic::{AtomicU64, Ordering};

use ringdown_core::call::{EndReason, Phase};

use super::stage::{Server, hang_up, talk};
use super::*;

/// Milliseconds below 120, another each time.
fn some_while(count: &AtomicU64) -> Duration {
    let n = count.fetch_add(1, Ordering::Relaxed);
    Duration::from_millis(n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32 & 0x7f)
}

#[tokio::test]
async fn what_it_drops_is_told_as_unreachable() {
    let server = Server::opens().await;
    let (alice, bob, key) = server.has_friends().await;
    server.does(drop);
    alice.calls(key).await;
    assert_eq!(alice.end().await, EndReason::Unreachable);
    bob.noticed_nothing().await;
}

#[tokio::test]
async fn what_it_claims_to_have_delivered_and_did_not_is_told_as_no_answer() {
    let server = Server::opens().await;
    let (alice, bob, key) = server.has_friends().await;
    alice.is_impatient().await;
    server.does(|sent| sent.claim_delivered());
    alice.calls(key).await;
    let end = alice.end().await;
    assert!(
        matches!(end, EndReason::NoAnswer | EndReason::Unreachable),
        "{end:?}"
    );
    bob.noticed_nothing().await;
}

#[tokio::test]
async fn a_call_it_cuts_off_after_the_accept_ends_and_does_not_pretend_to_have_connected() {
    let server = Server::opens().await;
    let (alice, bob, key) = server.has_friends().await;
    alice.is_impatient().await;
    bob.is_impatient().await;
    alice.calls(key).await;
    bob.is_in(Phase::Ringing).await;
    alice.is_in(Phase::Ringing).await;
    server.does(drop);
    bob.accepts().await;
    for side in [&alice, &bob] {
        let end = side.end().await;
        let honest = [
            EndReason::NotConnected,
            EndReason::Lost,
            EndReason::Unreachable,
            EndReason::NoAnswer,
        ];
        assert!(honest.contains(&end), "{end:?}");
        assert!(side.page_heard().is_empty());
    }
}

#[tokio::test]
async fn delays_make_a_call_late_and_nothing_else() {
    let server = Server::opens().await;
    let (alice, bob, key) = server.has_friends().await;
    let count = AtomicU64::new(0);
    server.does(move |sent| sent.pass_after(some_while(&count)));
    talk(&alice, &bob, key).await;
    hang_up(&alice, &bob).await;
}

#[tokio::test]
async fn what_comes_twice_is_heard_once() {
    let server = Server::opens().await;
    let (alice, bob, key) = server.has_friends().await;
    server.does(|sent| {
        sent.copy().pass();
        sent.copy().pass_after(Duration::from_millis(50));
        sent.pass();
    });
    talk(&alice, &bob, key).await;
    hang_up(&alice, &bob).await;
}

#[tokio::test]
async fn what_comes_in_any_order_is_heard_in_the_order_it_was_said() {
    let server = Server::opens().await;
    let (alice, bob, key) = server.has_friends().await;
    let count = AtomicU64::new(0);
    // Claimed at once, so that the next is sent, and brought whenever.
    server.does(move |sent| {
        sent.copy().pass_after(some_while(&count));
        sent.claim_delivered();
    });
    talk(&alice, &bob, key).await;
    hang_up(&alice, &bob).await;
}
