//! A second caller, and "not now".

use ringdown_core::call::{EndReason, Phase};

use super::person::{Someone, become_friends, friends};
use super::*;

#[tokio::test]
async fn carol_waits_while_bob_talks_and_he_ends_one_call_and_answers_the_other() {
    let (alice, bob, key) = friends().await;
    let carol = Someone::arrives("Carol").await;
    become_friends(&carol, &bob).await;
    alice.calls(key).await;
    bob.is_in(Phase::Ringing).await;
    bob.accepts().await;
    alice.is_in(Phase::Connecting).await;

    carol.calls(key).await;
    carol.is_in(Phase::Ringing).await;
    let seen = bob.sees(|snapshot| snapshot.waiting.is_some()).await;
    let waiting = seen.waiting.unwrap();
    assert!(waiting.name == "Carol" && waiting.video);
    assert_eq!(waiting.contact, carol.key().await.to_string());

    bob.hub.ask(|hub| hub.end_and_accept(true)).await.unwrap();
    alice.hears_of_end(EndReason::EndedByPeer).await;
    carol.is_in(Phase::Connecting).await;
    let seen = bob.snapshot().await;
    assert_eq!(seen.waiting, None);
    assert_eq!(seen.call.unwrap().name.to_string(), "Carol");
    let late = bob.hub.ask(Hub::decline_waiting).await.unwrap_err();
    assert_eq!(late.code, "nobody_waits");
}

#[tokio::test]
async fn while_it_is_quiet_nobody_waits_as_far_as_bob_sees_and_carol_can_not_tell() {
    let (alice, bob, key) = friends().await;
    let carol = Someone::arrives("Carol").await;
    become_friends(&carol, &bob).await;
    alice.calls(key).await;
    bob.is_in(Phase::Ringing).await;
    bob.accepts().await;
    alice.is_in(Phase::Connecting).await;
    bob.hub.ask(|hub| hub.set_quiet(Quiet::On)).await.unwrap();
    carol.calls(key).await;
    carol.is_in(Phase::Ringing).await;
    assert_eq!(bob.snapshot().await.waiting, None);
    carol.hub.ask(Hub::cancel).await.unwrap();
    bob.sees(|snapshot| snapshot.missed == 1).await;
}

#[tokio::test]
async fn alice_reads_when_bob_calls_back_and_bob_is_reminded() {
    let (alice, bob, key) = friends().await;
    let from = alice.key().await;
    alice.calls(key).await;
    bob.is_in(Phase::Ringing).await;
    bob.hub.ask(|hub| hub.later(10)).await.unwrap();
    alice.hears_of_end(EndReason::Declined).await;
    let call = alice.snapshot().await.call.unwrap();
    assert_eq!(call.later_minutes, Some(10));

    // It is not forgotten by a restart; ten minutes are shortened here.
    let bob = Someone::opens(bob.closes().await, super::person::HERE).await;
    let soon = bob.hub.ask(move |hub| {
        assert_eq!(hub.reminders.len(), 1);
        hub.remind(from, 0)
    });
    soon.await.unwrap();
    let told = bob.is_told(1).await;
    assert_eq!(
        told.first().map(|news| news.what),
        Some(Happened::CallBackDue)
    );
    bob.sees(|snapshot| {
        snapshot
            .notices
            .iter()
            .any(|notice| notice.code == "call_back")
    })
    .await;
    let left = bob.hub.ask(|hub| Ok(hub.reminders.len())).await.unwrap();
    assert_eq!(left, 0, "said once");
}

#[tokio::test]
async fn who_is_called_back_needs_no_reminder() {
    let (alice, bob, key) = friends().await;
    let from = alice.key().await;
    alice.calls(key).await;
    bob.is_in(Phase::Ringing).await;
    bob.hub.ask(|hub| hub.later(10)).await.unwrap();
    bob.dismisses().await;
    bob.calls(from).await;
    let left = bob.hub.ask(|hub| Ok(hub.reminders.len())).await.unwrap();
    assert_eq!(left, 0);
    let never = bob.hub.ask(|hub| hub.later(0)).await.unwrap_err();
    assert_eq!(never.code, "later");
}
