//! A second caller, and "not now".

use ringdown_core::call::{CallSnapshot, EndReason, Phase};
use ringdown_core::identity::PublicKey;

use super::person::{Someone, become_friends, friends};
use super::*;
use crate::ipc::{HistoryQuery, PathKind};

/// Bob is in a call with Alice; Carol is his friend as well, and `key` is his.
async fn bob_talks_with_alice() -> (Someone, Someone, Someone, PublicKey) {
    let (alice, bob, key) = friends().await;
    let carol = Someone::arrives("Carol").await;
    become_friends(&carol, &bob).await;
    alice.calls(key).await;
    bob.is_in(Phase::Ringing).await;
    bob.accepts().await;
    alice.is_in(Phase::Connecting).await;
    (alice, bob, carol, key)
}

#[tokio::test]
async fn carol_waits_while_bob_talks_and_he_ends_one_call_and_answers_the_other() {
    let (alice, bob, carol, key) = bob_talks_with_alice().await;

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
async fn bob_puts_alice_on_hold_and_swaps_and_leaves_both() {
    let (alice, bob, carol, key) = bob_talks_with_alice().await;
    let nobody = bob.hub.ask(Hub::swap).await.unwrap_err();
    assert_eq!(nobody.code, "nobody_held");

    carol.calls(key).await;
    bob.sees(|snapshot| snapshot.waiting.is_some()).await;
    bob.hub.ask(|hub| hub.hold_and_accept(true)).await.unwrap();
    carol.is_in(Phase::Connecting).await;
    let names = |snapshot: Snapshot| {
        let name = |call: Option<CallSnapshot>| call.map(|call| call.name.to_string());
        (name(snapshot.call), name(snapshot.held))
    };
    let named = |on: &str, held: &str| (Some(on.to_owned()), Some(held.to_owned()));
    assert_eq!(names(bob.snapshot().await), named("Carol", "Alice"));
    assert_eq!(bob.snapshot().await.waiting, None);
    bob.hub.ask(Hub::swap).await.unwrap();
    assert_eq!(names(bob.snapshot().await), named("Alice", "Carol"));

    // The network changes: both pages hear of it.
    let moved = bob.hub.ask(|hub| {
        hub.network_changed();
        Ok(())
    });
    moved.await.unwrap();
    let connections = bob.hub.ask(|hub| Ok(hub.connections().len())).await;
    assert_eq!(connections.unwrap(), 2);

    // The page says of the one that is on how it travels.
    let seen = bob.snapshot().await;
    let (alices, carols) = (seen.call.unwrap().id, seen.held.unwrap().id);
    let reported = bob.hub.ask(move |hub| {
        hub.report_path(carols, PathKind::Relay)?;
        hub.report_path(alices, PathKind::Lan)
    });
    reported.await.unwrap();

    // The window is closed.
    bob.hub.ask(Hub::leave_call).await.unwrap();
    alice.hears_of_end(EndReason::EndedByPeer).await;
    carol.hears_of_end(EndReason::EndedByPeer).await;
    let all = HistoryQuery {
        contact: None,
        search: String::new(),
        before: None,
        limit: 10,
    };
    let page = bob.hub.ask(move |hub| hub.history(&all)).await.unwrap();
    let path = |name: &str| {
        let mut entries = page.entries.iter();
        entries.find(|entry| entry.name == name)?.path
    };
    assert_eq!(path("Alice"), Some(PathKind::Lan));
    assert_eq!(path("Carol"), Some(PathKind::Relay));
}

#[tokio::test]
async fn who_is_blocked_while_on_hold_is_hung_up_on() {
    let (alice, bob, key) = friends().await;
    let carol = Someone::arrives("Carol").await;
    become_friends(&carol, &bob).await;
    alice.calls(key).await;
    bob.is_in(Phase::Ringing).await;
    bob.accepts().await;
    carol.calls(key).await;
    bob.sees(|snapshot| snapshot.waiting.is_some()).await;
    bob.hub.ask(|hub| hub.hold_and_accept(true)).await.unwrap();
    carol.is_in(Phase::Connecting).await;
    let alices = alice.key().await;
    let blocked = bob.hub.ask(move |hub| hub.set_blocked(alices, true));
    blocked.await.unwrap();
    let seen = bob.sees(|snapshot| snapshot.held.is_none()).await;
    assert_eq!(seen.call.unwrap().name.to_string(), "Carol");
}

#[tokio::test]
async fn while_it_is_quiet_nobody_waits_as_far_as_bob_sees_and_carol_can_not_tell() {
    let (_alice, bob, carol, key) = bob_talks_with_alice().await;
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
