//! No address leaves before the callee accepted, or both agreed to connect earlier.

use std::net::IpAddr;

use ringdown_core::call::Phase;
use ringdown_core::message::Message;

use super::person::{Someone, friends};
use super::*;

const OFFER: &str =
    r#"{"description":{"type":"offer","sdp":"a=candidate:1 1 udp 1 127.0.0.1 9 typ host"}}"#;

/// Everything in the messages that is an address, or holds one.
fn addresses(said: &[Message]) -> Vec<String> {
    let text = serde_json::to_string(said).unwrap();
    let own: Vec<String> = if_addrs::get_if_addrs()
        .unwrap()
        .iter()
        .map(|interface| interface.ip().to_string())
        .collect();
    let part = |c: char| !(c.is_ascii_hexdigit() || c == '.' || c == ':');
    let mut found: Vec<String> = text
        .split(part)
        .map(|word| word.trim_matches([':', '.']))
        .map(|word| {
            word.rsplit_once(':')
                .filter(|(ip, _)| ip.contains('.'))
                .map_or(word, |(ip, _)| ip)
        })
        .filter(|word| word.parse::<IpAddr>().is_ok())
        .map(Into::into)
        .collect();
    found.extend(own.into_iter().filter(|ip| text.contains(ip)));
    found.extend(text.contains("ws:").then(|| "ws:".into()));
    found
}

fn kinds(said: &[Message]) -> Vec<&'static str> {
    said.iter().map(|message| message.kind.label()).collect()
}

/// What each has said since they became friends, which is about the call.
async fn of_the_call(someone: &Someone) -> Vec<Message> {
    let id = someone.call_id().await;
    let said = someone.said().await;
    said.into_iter()
        .filter(|message| message.call == id)
        .collect()
}

/// Whether the page was told to get ready for the call, once, and nothing else.
fn only_gets_ready(someone: &Someone) -> bool {
    matches!(someone.page().as_slice(), [PeerEvent::Prepare { .. }])
}

#[tokio::test]
async fn until_bob_accepts_nothing_that_leaves_holds_an_address_whatever_the_pages_say() {
    let (alice, bob, key) = friends().await;
    alice.calls(key).await;
    bob.is_in(Phase::Ringing).await;
    alice.is_in(Phase::Ringing).await;
    // Pages that are wrong, or not ours.
    alice.page_says(OFFER).await;
    bob.page_says(OFFER).await;
    let (alices, bobs) = (of_the_call(&alice).await, of_the_call(&bob).await);
    assert_eq!(kinds(&alices)[0], "invite");
    assert_eq!(kinds(&bobs)[0], "ringing");
    for said in [&alices, &bobs] {
        assert_eq!(addresses(said), Vec::<String>::new());
        assert!(
            kinds(said)
                .iter()
                .all(|kind| !["signal", "here"].contains(kind))
        );
    }
    assert!(only_gets_ready(&alice) && only_gets_ready(&bob));

    // After that they do, which also shows that they would have been found.
    bob.accepts().await;
    alice.is_in(Phase::Connecting).await;
    alice.page_says(OFFER).await;
    bob.page_hears("candidate:1").await;
    assert!(!addresses(&of_the_call(&alice).await).is_empty());
    assert!(kinds(&of_the_call(&bob).await).contains(&"here"));
}

#[tokio::test]
async fn a_declined_caller_learns_no_address() {
    let (alice, bob, key) = friends().await;
    alice.calls(key).await;
    bob.is_in(Phase::Ringing).await;
    bob.hub.ask(Hub::decline).await.unwrap();
    alice
        .hears_of_end(ringdown_core::call::EndReason::Declined)
        .await;
    for said in [of_the_call(&alice).await, of_the_call(&bob).await] {
        assert_eq!(addresses(&said), Vec::<String>::new());
    }
}

#[tokio::test]
async fn two_who_both_want_it_connect_while_it_rings_and_let_media_out_once_accepted() {
    let (alice, bob, key) = friends().await;
    let her = alice.key().await;
    alice
        .hub
        .ask(move |hub| hub.set_early(key, true))
        .await
        .unwrap();
    bob.hub
        .ask(move |hub| hub.set_early(her, true))
        .await
        .unwrap();
    alice.calls(key).await;
    let early = |event: &PeerEvent| matches!(event, PeerEvent::Start { early: true, .. });
    alice.page_is_told(early).await;
    bob.page_is_told(early).await;
    alice.page_says(OFFER).await;
    bob.page_hears("candidate:1").await;
    bob.is_in(Phase::Ringing).await;
    let accepted = |event: &PeerEvent| matches!(event, PeerEvent::Accepted { video: true, .. });
    assert!(!alice.page().iter().any(accepted));
    bob.accepts().await;
    alice.page_is_told(accepted).await;
    bob.page_is_told(accepted).await;
    let starts = |someone: &Someone| {
        someone
            .page()
            .iter()
            .filter(|event| matches!(event, PeerEvent::Start { .. }))
            .count()
    };
    assert_eq!((starts(&alice), starts(&bob)), (1, 1));
}

#[tokio::test]
async fn where_only_one_wants_it_the_stricter_side_wins() {
    for alice_wants in [true, false] {
        let (alice, bob, key) = friends().await;
        let her = alice.key().await;
        alice
            .hub
            .ask(move |hub| hub.set_early(key, alice_wants))
            .await
            .unwrap();
        bob.hub
            .ask(move |hub| hub.set_early(her, !alice_wants))
            .await
            .unwrap();
        alice.calls(key).await;
        bob.is_in(Phase::Ringing).await;
        alice.is_in(Phase::Ringing).await;
        alice.page_says(OFFER).await;
        bob.page_says(OFFER).await;
        for someone in [&alice, &bob] {
            assert!(only_gets_ready(someone));
            assert_eq!(addresses(&of_the_call(someone).await), Vec::<String>::new());
        }
    }
}
