//! Safety numbers, and how calls with one contact connect.

use ringdown_core::call::Phase;
use ringdown_core::ice::{IcePolicy, IceTransportPolicy};

use super::person::friends;
use super::*;
use crate::ipc::SafetyCheck;

#[tokio::test]
async fn alice_and_bob_see_one_number_and_a_scan_verifies() {
    let (alice, bob, bobs_key) = friends().await;
    let her = alice.key().await;
    let shown = bob.hub.ask(move |hub| hub.safety(her)).await.unwrap();
    let seen = alice
        .hub
        .ask(move |hub| hub.safety(bobs_key))
        .await
        .unwrap();
    assert_eq!(shown.number, seen.number);
    assert_eq!(seen.number.len(), 12 * 6 - 1);
    assert!(shown.qr.contains("<svg"));

    let check = |text: String| alice.hub.ask(move |hub| hub.check_safety(bobs_key, &text));
    assert_eq!(check("hello".into()).await.unwrap(), SafetyCheck::NotOne);
    assert_eq!(check(seen.text).await.unwrap(), SafetyCheck::Mismatch);
    assert!(!alice.snapshot().await.contacts[0].verified);
    assert_eq!(check(shown.text).await.unwrap(), SafetyCheck::Match);
    assert!(alice.snapshot().await.contacts[0].verified);
    alice
        .hub
        .ask(move |hub| hub.set_verified(bobs_key, false))
        .await
        .unwrap();
    assert!(!alice.snapshot().await.contacts[0].verified);
}

#[tokio::test]
async fn always_relay_with_bob_makes_alices_side_relay_and_not_his() {
    let (alice, bob, key) = friends().await;
    alice
        .hub
        .ask(move |hub| hub.set_contact_policy(key, Some(IcePolicy::RelayOnly)))
        .await
        .unwrap();
    alice.calls(key).await;
    bob.is_in(Phase::Ringing).await;
    bob.accepts().await;
    let transport = |event: &PeerEvent| match event {
        PeerEvent::Start { configuration, .. } => Some(configuration.ice_transport_policy),
        _ => None,
    };
    alice
        .page_is_told(|event| transport(event) == Some(IceTransportPolicy::Relay))
        .await;
    bob.page_is_told(|event| transport(event) == Some(IceTransportPolicy::All))
        .await;
}

#[tokio::test]
async fn servers_that_a_meeting_point_lends_are_used_in_calls() {
    let (alice, bob, key) = friends().await;
    alice
        .hub
        .ask(|hub| {
            let lent = ringdown_signaling::IceServer {
                urls: vec!["turn:turn.example.org".into()],
                username: Some("1795527427".into()),
                credential: Some("lent".into()),
            };
            hub.handle_line(LineEvent::Signaling(Event::Servers {
                url: hub.line.reach().remove(0).into(),
                ice: vec![lent],
                ttl: Duration::from_secs(600),
                on_loopback: true,
            }));
            Ok(())
        })
        .await
        .unwrap();
    alice.calls(key).await;
    bob.is_in(Phase::Ringing).await;
    bob.accepts().await;
    alice
        .page_is_told(|event| match event {
            PeerEvent::Start { configuration, .. } => configuration
                .ice_servers
                .iter()
                .any(|server| server.credential.as_deref() == Some("lent")),
            _ => false,
        })
        .await;
}
