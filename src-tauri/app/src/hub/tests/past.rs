//! The history, do not disturb, and what is written down about people.

use ringdown_core::call::{Direction, EndReason, Phase};

use super::person::{Someone, friends};
use super::*;
use crate::ipc::{HistoryEntry, HistoryQuery, MediaState, PathKind};

/// Everything there is.
fn all() -> HistoryQuery {
    HistoryQuery {
        limit: 50,
        ..HistoryQuery::default()
    }
}

async fn history_of(who: &Someone) -> Vec<HistoryEntry> {
    let page = who.hub.ask(|hub| hub.history(&all())).await.unwrap();
    assert!(!page.more);
    page.entries
}

async fn sets(who: &Someone, change: impl FnOnce(&mut Settings) + Send + 'static) {
    let set = who.hub.ask(move |hub| {
        let mut settings = hub.settings.clone();
        change(&mut settings);
        hub.save_settings(settings).map(drop)
    });
    set.await.unwrap();
}

#[tokio::test]
async fn a_call_is_in_both_histories_with_its_path_and_survives_a_restart() {
    let (alice, bob, key) = friends().await;
    alice.calls(key).await;
    bob.is_in(Phase::Ringing).await;
    bob.accepts().await;
    alice.is_in(Phase::Connecting).await;
    let call = alice.call_id().await;
    for side in [&alice, &bob] {
        let connects = side.hub.ask(move |hub| {
            hub.media(call, MediaState::Connected)?;
            hub.report_path(call, PathKind::Lan)
        });
        connects.await.unwrap();
    }
    bob.hub.ask(Hub::hang_up).await.unwrap();
    alice.hears_of_end(EndReason::EndedByPeer).await;

    let hers = history_of(&alice).await;
    let [hers] = hers.as_slice() else {
        panic!("{hers:?}")
    };
    assert_eq!(
        (hers.name.as_str(), hers.direction, hers.reason, hers.path),
        (
            "Bob",
            Direction::Outgoing,
            EndReason::EndedByPeer,
            Some(PathKind::Lan)
        )
    );
    assert!(hers.video && hers.duration_ms.is_some() && !hers.offline_note);
    let last = alice.snapshot().await.contacts.into_iter().next().unwrap();
    assert_eq!(last.last_call_ms, Some(hers.started_ms));
    assert_eq!(
        bob.snapshot().await.missed,
        0,
        "what was answered was not missed"
    );

    let alice = Someone::opens(alice.closes().await, super::person::HERE).await;
    assert_eq!(history_of(&alice).await.len(), 1);
}

#[tokio::test]
async fn a_missed_call_counts_until_bob_looks_and_goes_when_he_deletes_it() {
    let (alice, bob, key) = friends().await;
    alice.calls(key).await;
    bob.is_in(Phase::Ringing).await;
    alice.hub.ask(Hub::cancel).await.unwrap();
    let missed = bob.sees(|snapshot| snapshot.missed == 1).await;
    assert!(missed.history_version > 0);
    bob.hub.ask(Hub::seen_missed).await.unwrap();
    bob.sees(|snapshot| snapshot.missed == 0).await;

    let entry = history_of(&bob).await.into_iter().next().unwrap();
    assert_eq!(entry.reason, EndReason::Missed);
    let id = entry.id.clone();
    bob.hub
        .ask(move |hub| hub.delete_history(Some(&id)))
        .await
        .unwrap();
    let seen = bob
        .sees(|snapshot| snapshot.history_version > missed.history_version + 1)
        .await;
    assert!(history_of(&bob).await.is_empty());
    assert_eq!(seen.contacts.first().unwrap().last_call_ms, None);
}

#[tokio::test]
async fn while_bob_is_not_to_be_disturbed_alice_hears_it_ring_and_he_hears_nothing() {
    let (alice, bob, key) = friends().await;
    let from = alice.key().await;
    bob.hub.ask(|hub| hub.set_quiet(Quiet::On)).await.unwrap();
    let bob = Someone::opens(bob.closes().await, super::person::HERE).await;
    bob.sees(|snapshot| snapshot.line.online).await;
    assert_eq!(
        bob.snapshot().await.quiet,
        Quiet::On,
        "it is kept across a restart"
    );

    alice.calls(key).await;
    alice.is_in(Phase::Ringing).await;
    assert!(bob.snapshot().await.silent);
    let favourite = move |on| {
        let bob = bob.hub.clone();
        async move {
            bob.ask(move |hub| hub.set_favorite(from, on))
                .await
                .unwrap();
            bob.ask(|hub| Ok(hub.snapshot().silent)).await.unwrap()
        }
    };
    assert!(!favourite(true).await, "favourites come through");
    assert!(favourite(false).await);
}

#[tokio::test]
async fn favourites_come_through_only_where_bob_wants_that() {
    let (alice, bob, key) = friends().await;
    let from = alice.key().await;
    sets(&bob, |settings| settings.favorites_break_quiet = false).await;
    let quiet = bob.hub.ask(move |hub| {
        hub.set_favorite(from, true)?;
        hub.set_quiet(Quiet::On)
    });
    quiet.await.unwrap();
    alice.calls(key).await;
    bob.is_in(Phase::Ringing).await;
    assert!(bob.snapshot().await.silent);
    alice.hub.ask(Hub::cancel).await.unwrap();
    bob.sees(|snapshot| snapshot.missed == 1).await;
}

#[tokio::test]
async fn quiet_ends_by_itself() {
    let bob = Someone::arrives("Bob").await;
    let until_ms = now_ms() + 300;
    bob.hub
        .ask(move |hub| hub.set_quiet(Quiet::Until { until_ms }))
        .await
        .unwrap();
    bob.sees(|snapshot| snapshot.quiet == Quiet::Until { until_ms })
        .await;
    bob.sees(|snapshot| snapshot.quiet == Quiet::Off).await;
    assert!(now_ms() >= until_ms);
}

#[tokio::test]
async fn diagnostics_name_nobody_and_no_place() {
    let (alice, _bob, key) = friends().await;
    let text = alice.hub.ask(|hub| Ok(hub.diagnostics())).await.unwrap();
    assert!(text.contains("contacts: 1"), "{text}");
    for secret in ["Alice", "Bob", "127.0.0.1", &key.to_string()] {
        assert!(!text.contains(secret), "{text}");
    }
}
