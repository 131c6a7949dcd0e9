//! Two hubs, real signaling on loopback, no windows.

use std::net::SocketAddr;
use std::sync::Mutex;

use ringdown_core::call::{EndReason, Phase};
use ringdown_core::identity::PublicKey;
use ringdown_core::invite::Reach;
use tempfile::TempDir;
use tokio::sync::watch;

use super::*;
use crate::ipc::MediaState;

/// What the window would have been told.
struct Notebook {
    snapshot: watch::Sender<Option<Snapshot>>,
    peer: Mutex<Vec<PeerEvent>>,
}

impl Surface for Notebook {
    fn state(&self, snapshot: &Snapshot) {
        self.snapshot.send_replace(Some(snapshot.clone()));
    }

    fn peer(&self, event: &PeerEvent) {
        self.peer.lock().unwrap().push(event.clone());
        // Whoever waits for an event looks again.
        self.snapshot.send_modify(|_| ());
    }

    fn raise(&self) {}
}

struct Someone {
    hub: HubHandle,
    notes: Arc<Notebook>,
    dir: TempDir,
}

/// Where everybody is who says nothing else.
const HERE: [u8; 4] = [127, 0, 0, 1];
/// Connections of other tests take ports of `HERE`; those of this address nobody takes. (Elsewhere than on Linux the
/// loopback interface has one address.)
const APART: [u8; 4] = if cfg!(target_os = "linux") {
    [127, 0, 7, 2]
} else {
    HERE
};

impl Someone {
    async fn arrives(name: &str) -> Self {
        Self::arrives_at(HERE, name).await
    }

    async fn arrives_at(place: [u8; 4], name: &str) -> Self {
        let someone = Self::opens(tempfile::tempdir().unwrap(), place).await;
        someone.hub.set_name(name).await.unwrap();
        someone.sees(|snapshot| snapshot.line.online).await;
        someone
    }

    async fn opens(dir: TempDir, place: [u8; 4]) -> Self {
        let notes = Arc::new(Notebook {
            snapshot: watch::channel(None).0,
            peer: Mutex::default(),
        });
        let options = Options::for_tests(dir.path().to_owned(), place.into());
        let hub = Hub::start(options, notes.clone()).await.unwrap();
        Self { hub, notes, dir }
    }

    async fn snapshot(&self) -> Snapshot {
        self.hub.ask(|hub| Ok(hub.snapshot())).await.unwrap()
    }

    async fn befriends(&self, other: &Self) -> PublicKey {
        let invite = other.snapshot().await.invite.unwrap();
        let added = self
            .hub
            .ask(move |hub| hub.add_contact(&invite, None))
            .await
            .unwrap();
        added.key.parse().unwrap()
    }

    async fn sees(&self, wanted: impl Fn(&Snapshot) -> bool) -> Snapshot {
        let mut changes = self.notes.snapshot.subscribe();
        let seen = changes
            .wait_for(|snapshot| snapshot.as_ref().is_some_and(&wanted))
            .await
            .unwrap();
        seen.clone().unwrap()
    }

    async fn is_in(&self, phase: Phase) {
        self.sees(|snapshot| {
            snapshot
                .call
                .as_ref()
                .is_some_and(|call| call.phase == phase)
        })
        .await;
    }

    async fn hears_of_end(&self, reason: EndReason) {
        self.sees(|snapshot| {
            snapshot
                .call
                .as_ref()
                .is_some_and(|call| call.reason == Some(reason))
        })
        .await;
    }

    async fn call_id(&self) -> uuid::Uuid {
        self.snapshot().await.call.unwrap().id
    }

    async fn page_is_told(&self, wanted: impl Fn(&PeerEvent) -> bool) {
        let mut changes = self.notes.snapshot.subscribe();
        let peer = &self.notes.peer;
        changes
            .wait_for(|_| peer.lock().unwrap().iter().any(&wanted))
            .await
            .unwrap();
    }
}

async fn friends() -> (Someone, Someone, PublicKey) {
    let (alice, bob) = (
        Someone::arrives("Alice").await,
        Someone::arrives("Bob").await,
    );
    let bobs_key = alice.befriends(&bob).await;
    bob.befriends(&alice).await;
    (alice, bob, bobs_key)
}

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
                    initiator: true,
                    polite: false,
                    ..
                }
            )
        })
        .await;
    bob.page_is_told(|event| {
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
async fn a_stranger_does_not_ring() {
    let (alice, bob) = (
        Someone::arrives("Alice").await,
        Someone::arrives("Bob").await,
    );
    let key = alice.befriends(&bob).await;
    alice.hub.ask(move |hub| hub.call(key, true)).await.unwrap();
    alice.is_in(Phase::Inviting).await;
    // The hub answers in turn: what came before has been dealt with once a later call from a friend rings.
    let carol = Someone::arrives("Carol").await;
    bob.befriends(&carol).await;
    let key = carol.befriends(&bob).await;
    carol.hub.ask(move |hub| hub.call(key, true)).await.unwrap();
    bob.is_in(Phase::Ringing).await;
    assert_eq!(bob.snapshot().await.call.unwrap().name.to_string(), "Carol");
}

#[tokio::test]
async fn contacts_and_name_are_there_after_a_restart_and_a_new_port_is_learned_from_a_call() {
    let alice = Someone::arrives("Alice").await;
    let bob = Someone::arrives_at(APART, "Bob").await;
    alice.befriends(&bob).await;
    bob.befriends(&alice).await;
    let Someone { hub, dir, .. } = bob;
    hub.close().await;
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
async fn a_contact_found_on_the_network_is_rung_there_and_the_place_is_kept() {
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
    assert_eq!(kept.first().unwrap().reach.len(), 2);
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
