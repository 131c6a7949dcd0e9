//! The app starts, closes and starts again.

use std::net::SocketAddr;

use ringdown_core::call::{EndReason, Phase};
use ringdown_core::identity::PublicKey;

use super::person::{APART, HERE, Someone, become_friends};
use super::*;

#[tokio::test]
async fn contacts_and_name_are_there_after_a_restart_and_a_new_port_is_learned_from_a_call() {
    let alice = Someone::arrives("Alice").await;
    let bob = Someone::arrives_at(APART, "Bob").await;
    become_friends(&alice, &bob).await;
    let dir = bob.closes().await;
    let old_port = Store::open(dir.path())
        .unwrap()
        .setting::<u16>("port")
        .unwrap()
        .unwrap();
    let squatter = std::net::TcpListener::bind(SocketAddr::from((APART, old_port))).unwrap();

    let bob = Someone::opens(dir, APART).await;
    let snapshot = bob.snapshot().await;
    assert_eq!(snapshot.profile.unwrap().name, "Bob");
    assert_eq!(snapshot.contacts.len(), 1);
    assert_eq!(
        snapshot.notices.first().map(|notice| notice.code.as_str()),
        Some("port_taken")
    );
    let key: PublicKey = snapshot.contacts.first().unwrap().key.parse().unwrap();
    bob.hub.ask(move |hub| hub.call(key, false)).await.unwrap();
    alice.is_in(Phase::Ringing).await;
    alice.hub.ask(Hub::decline).await.unwrap();
    bob.hears_of_end(EndReason::Declined).await;
    drop(squatter);
}

#[tokio::test]
async fn what_cannot_be_saved_changes_nothing() {
    let (alice, bob) = (
        Someone::arrives("Alice").await,
        Someone::arrives("Bob").await,
    );
    let invite = bob.snapshot().await.invite.unwrap();
    let other = rusqlite::Connection::open(alice.dir.path().join("ringdown.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let link = invite.clone();
    let refused = alice
        .hub
        .ask(move |hub| hub.add_contact(&link, None))
        .await
        .unwrap_err();
    assert_eq!(refused.code, "storage_locked");
    assert!(alice.snapshot().await.contacts.is_empty());
    other.execute_batch("ROLLBACK").unwrap();
    alice
        .hub
        .ask(move |hub| hub.add_contact(&invite, None))
        .await
        .unwrap();
    assert_eq!(alice.snapshot().await.contacts.len(), 1);
}

#[tokio::test]
async fn without_a_name_there_is_no_invite_and_no_call() {
    let alice = Someone::opens(tempfile::tempdir().unwrap(), HERE).await;
    assert_eq!(alice.snapshot().await.invite, None);
    assert_eq!(
        alice.hub.ask(Hub::hang_up).await.unwrap_err().code,
        "no_profile"
    );
    let options = Options::for_tests(alice.dir.path().to_owned(), HERE.into());
    assert_eq!(invite_offline(&options).unwrap_err().code, "no_profile");
}
