//! Calls between two hubs.

use ringdown_core::call::{EndReason, Phase};
use ringdown_core::invite::Reach;

use super::person::{Someone, friends};
use super::*;
use crate::ipc::MediaState;

#[tokio::test]
async fn alice_calls_bob_who_accepts_and_their_pages_are_brought_together() {
    let (alice, bob, key) = friends().await;
    alice.hub.ask(move |hub| hub.call(key, true)).await.unwrap();
    bob.is_in(Phase::Ringing).await;
    alice.is_in(Phase::Ringing).await;
    bob.hub.ask(|hub| hub.accept(true)).await.unwrap();
    alice
        .page_is_told(|event| {
            matches!(
                event,
                PeerEvent::Start {
                    initiator: false,
                    polite: true,
                    ..
                }
            )
        })
        .await;
    bob.page_is_told(|event| {
        matches!(
            event,
            PeerEvent::Start {
                initiator: true,
                polite: false,
                ..
            }
        )
    })
    .await;

    let call = alice.call_id().await;
    alice
        .hub
        .ask(move |hub| hub.signal(call, r#"{"description":"offer"}"#.into()))
        .await
        .unwrap();
    bob.page_is_told(
        |event| matches!(event, PeerEvent::Signal { data, .. } if data.contains("offer")),
    )
    .await;
    for side in [&alice, &bob] {
        side.hub
            .ask(move |hub| hub.media(call, MediaState::Connected))
            .await
            .unwrap();
        side.is_in(Phase::Connected).await;
    }
    bob.hub.ask(Hub::hang_up).await.unwrap();
    alice.hears_of_end(EndReason::EndedByPeer).await;
    bob.hears_of_end(EndReason::EndedByMe).await;
    alice
        .page_is_told(|event| matches!(event, PeerEvent::Stop { .. }))
        .await;
}

#[tokio::test]
async fn closing_the_app_tells_the_other_side() {
    let (alice, bob, key) = friends().await;
    alice.hub.ask(move |hub| hub.call(key, true)).await.unwrap();
    bob.is_in(Phase::Ringing).await;
    alice.hub.close().await;
    bob.hears_of_end(EndReason::Missed).await;
    assert_eq!(alice.hub.ask(|_| Ok(())).await.unwrap_err().code, "closing");
}

#[tokio::test]
async fn a_stranger_does_not_ring_and_a_friend_does() {
    let (alice, bob) = (
        Someone::arrives("Alice").await,
        Someone::arrives("Bob").await,
    );
    let key = alice.asks(&bob).await;
    bob.is_asked().await;
    alice.calls(key).await;
    alice.hears_of_end(EndReason::Unreachable).await;
    assert_eq!(bob.snapshot().await.call, None);
    bob.says_yes().await;
    alice.has_a_friend("Bob").await;
    alice.dismisses().await;
    alice.calls(key).await;
    bob.is_in(Phase::Ringing).await;
}

#[tokio::test]
async fn media_from_somebody_else_than_described_ends_the_call_on_both_sides() {
    let (alice, bob, key) = friends().await;
    alice.calls(key).await;
    bob.is_in(Phase::Ringing).await;
    bob.accepts().await;
    alice.is_in(Phase::Connecting).await;
    let call = alice.call_id().await;
    alice
        .hub
        .ask(move |hub| hub.media(call, MediaState::Untrusted))
        .await
        .unwrap();
    alice.hears_of_end(EndReason::Untrusted).await;
    bob.hears_of_end(EndReason::Untrusted).await;
}

#[tokio::test]
async fn a_contact_found_on_the_network_is_rung_there_and_nothing_of_it_is_kept() {
    let (alice, bob, key) = friends().await;
    let port = bob
        .snapshot()
        .await
        .invite
        .unwrap()
        .rsplit("127.0.0.1:")
        .next()
        .unwrap()
        .to_owned();
    let url = format!("ws://127.0.0.1:{}", port.split('&').next().unwrap());
    // Bob's invite was from another network: nothing of it is true any more.
    alice
        .hub
        .ask(move |hub| {
            hub.set_reach(key, vec![Reach::parse("ws://127.0.0.1:1").unwrap()]);
            hub.handle_found(key.as_bytes(), &url);
            Ok(())
        })
        .await
        .unwrap();
    alice.hub.ask(move |hub| hub.call(key, true)).await.unwrap();
    bob.is_in(Phase::Ringing).await;
    let kept = Store::open(alice.dir.path()).unwrap().contacts().unwrap();
    let said = Reach::parse("ws://127.0.0.1:1").unwrap();
    assert_eq!(kept.first().unwrap().reach, [said]);
}

#[tokio::test]
async fn the_command_line_calls_by_the_beginning_of_a_name() {
    let (alice, bob, _) = friends().await;
    alice
        .hub
        .ask(|hub| {
            hub.act(Action::Call {
                name: "bo".into(),
                video: false,
            })
        })
        .await
        .unwrap();
    bob.is_in(Phase::Ringing).await;
    let nobody = alice
        .hub
        .ask(|hub| {
            hub.act(Action::Call {
                name: "zoe".into(),
                video: true,
            })
        })
        .await
        .unwrap_err();
    assert_eq!(nobody.code, "nobody");
}

#[tokio::test]
async fn a_change_of_network_in_the_middle_of_a_call_loses_nothing() {
    let (alice, bob, key) = friends().await;
    alice.calls(key).await;
    bob.is_in(Phase::Ringing).await;
    bob.accepts().await;
    alice.is_in(Phase::Connecting).await;
    let change = |hub: &mut Hub| {
        hub.network_changed();
        Ok(())
    };
    alice.page_says("before").await;
    alice.hub.ask(change).await.unwrap();
    bob.hub.ask(change).await.unwrap();
    alice.page_says("after").await;
    bob.page_has_heard(2).await;
    assert_eq!(bob.page_heard(), ["before", "after"]);
    bob.sees(|snapshot| snapshot.line.online).await;
    bob.page_is_told(|event| matches!(event, PeerEvent::Network { .. }))
        .await;
}

#[tokio::test]
async fn saving_settings_that_move_nobody_keeps_the_line() {
    let alice = Someone::arrives("Alice").await;
    let online = alice.hub.ask(|hub| {
        let mut settings = hub.snapshot().settings;
        settings.no_answer_seconds = 10;
        hub.save_settings(settings)?;
        Ok(hub.snapshot().line.online)
    });
    assert!(online.await.unwrap());
}
