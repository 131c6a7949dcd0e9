//! Who can be called, and notes for those who could not.

use ringdown_core::call::{EndReason, Phase};
use ringdown_core::message::{Kind, Message};
use ringdown_signaling::{ServerConfig, serve};
use tokio::net::TcpListener;
use uuid::Uuid;

use super::person::{Someone, become_friends, friends};
use super::*;
use crate::clock::now_ms;
use crate::ipc::HistoryQuery;

async fn shows(who: &Someone, to: PublicKey, on: bool) {
    who.hub
        .ask(move |hub| hub.set_presence(to, on))
        .await
        .unwrap();
}

/// How this person's one contact is drawn.
fn reachable(snapshot: &Snapshot) -> Option<bool> {
    snapshot.contacts.first().unwrap().reachable
}

#[tokio::test]
async fn two_who_show_each_other_that_they_are_there_see_it_and_see_it_end() {
    let (alice, bob, key) = friends().await;
    let from = alice.key().await;
    shows(&alice, key, true).await;
    assert_eq!(
        reachable(&alice.snapshot().await),
        None,
        "Bob has not agreed"
    );
    shows(&bob, from, true).await;
    for side in [&alice, &bob] {
        side.sees(|snapshot| reachable(snapshot) == Some(true))
            .await;
    }
    bob.hub
        .ask(|hub| {
            let settings = Settings {
                invisible: true,
                ..hub.settings.clone()
            };
            hub.save_settings(settings).map(drop)
        })
        .await
        .unwrap();
    alice
        .sees(|snapshot| reachable(snapshot) == Some(false))
        .await;
    // Whatever Alice asks, it looks as if Bob were not there.
    let before = bob.said().await.len();
    alice
        .hub
        .ask(|hub| {
            hub.ask_around();
            Ok(())
        })
        .await
        .unwrap();
    alice.calls(key).await;
    bob.is_in(Phase::Ringing).await;
    let said = bob.said().await;
    let presence =
        |message: &&ringdown_core::message::Message| matches!(message.kind, Kind::Presence { .. });
    assert_eq!(said.iter().skip(before).filter(presence).count(), 0);
}

#[tokio::test]
async fn who_closes_the_app_is_gone() {
    let (alice, bob, key) = friends().await;
    shows(&alice, key, true).await;
    shows(&bob, alice.key().await, true).await;
    alice
        .sees(|snapshot| reachable(snapshot) == Some(true))
        .await;
    bob.closes().await;
    alice
        .sees(|snapshot| reachable(snapshot) == Some(false))
        .await;
}

#[tokio::test]
async fn alice_is_told_once_bob_is_free() {
    let (alice, bob, key) = friends().await;
    let carol = Someone::arrives("Carol").await;
    become_friends(&carol, &bob).await;
    shows(&bob, alice.key().await, true).await;
    carol.calls(key).await;
    bob.is_in(Phase::Ringing).await;

    alice.calls(key).await;
    alice.hears_of_end(EndReason::Busy).await;
    alice
        .hub
        .ask(move |hub| hub.set_ring_when_free(key, true))
        .await
        .unwrap();
    alice
        .sees(|snapshot| reachable(snapshot) == Some(true))
        .await;
    let waits = |snapshot: &Snapshot| snapshot.contacts.first().unwrap().ring_when_free;
    let alice = Someone::opens(alice.closes().await, super::person::HERE).await;
    alice
        .sees(|snapshot| reachable(snapshot) == Some(true))
        .await;
    assert!(waits(&alice.snapshot().await), "he is there, and busy");
    carol.hub.ask(Hub::cancel).await.unwrap();
    let told = alice.is_told(1).await;
    assert_eq!(told.first().map(|news| news.what), Some(Happened::Free));
    alice
        .sees(|snapshot| snapshot.notices.iter().any(|notice| notice.code == "free"))
        .await;
    assert!(!waits(&alice.snapshot().await), "said once");
}

#[tokio::test]
async fn bob_finds_the_call_he_missed_while_his_app_was_off() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    tokio::spawn(serve(
        listener,
        ServerConfig::default(),
        std::future::pending(),
    ));
    let alice = Someone::arrives_through(&url, "Alice").await;
    let bob = Someone::arrives_through(&url, "Bob").await;
    let key = become_friends(&alice, &bob).await;
    let dir = bob.closes().await;
    alice.calls(key).await;
    alice.hears_of_end(EndReason::Unreachable).await;

    let comes_back = |dir: tempfile::TempDir| async {
        let mut options = Options::for_tests(dir.path().to_owned(), super::person::HERE.into());
        options.server = Some(url.parse().unwrap());
        options.embedded = false;
        Someone::opens_with(dir, options).await
    };
    let bob = comes_back(dir).await;
    let seen = bob.sees(|snapshot| snapshot.missed == 1).await;
    assert_eq!(seen.call, None, "it does not ring");
    let told = bob.is_told(1).await;
    assert_eq!(told.first().map(|news| news.what), Some(Happened::Missed));
    let history = bob.hub.ask(|hub| {
        hub.history(&HistoryQuery {
            limit: 9,
            ..HistoryQuery::default()
        })
    });
    let history = history.await.unwrap().entries;
    let [missed] = history.as_slice() else {
        panic!("{history:?}")
    };
    assert!(missed.offline_note && missed.video && missed.name == "Alice");
    let began = alice.hub.ask(|hub| {
        let last = hub.history.last_calls.values().max();
        Ok(last.copied().unwrap())
    });
    assert!(began.await.unwrap().abs_diff(missed.started_ms) < 1000);

    // It was handed over once, and is not there again after the next start.
    let bob = comes_back(bob.closes().await).await;
    bob.sees(|snapshot| snapshot.line.online).await;
    alice.dismisses().await;
    alice.calls(key).await;
    bob.is_in(Phase::Ringing).await;
    assert_eq!(bob.snapshot().await.missed, 1);
}

#[tokio::test]
async fn a_contact_cannot_flood_the_history_with_notes_of_calls() {
    let (alice, bob, _) = friends().await;
    let from = alice.key().await;
    let kept = bob.hub.ask(move |hub| {
        for minutes in 0..500 {
            let call = Uuid::new_v4();
            let at = now_ms() - minutes * 11 * 60_000;
            let kind = Kind::Note { video: false, at };
            let note = Message { call, seq: 0, kind };
            hub.take_note(from, &note, false, at)?;
        }
        hub.history(&HistoryQuery {
            limit: 500,
            ..HistoryQuery::default()
        })
    });
    let kept = kept.await.unwrap().entries;
    assert_eq!(kept.len(), 16);
    assert_eq!(kept.iter().map(|entry| entry.times).sum::<u32>(), 500);
    assert_eq!(bob.snapshot().await.missed, 500);
    assert_eq!(bob.is_told(16).await.len(), 16);
}
