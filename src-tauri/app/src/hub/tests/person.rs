//! Somebody with a hub, and what their window was told.

use std::sync::Mutex;

use ringdown_core::call::{EndReason, Phase};
use ringdown_core::contacts::Standing;
use ringdown_core::identity::PublicKey;
use ringdown_core::message::Message;
use tempfile::TempDir;
use tokio::sync::watch;

use super::*;
use crate::ipc::{Added, RequestView};

/// Where everybody is who says nothing else.
pub const HERE: [u8; 4] = [127, 0, 0, 1];
/// Connections of other tests take ports of `HERE`; those of this address nobody takes. (Elsewhere than on Linux the
/// loopback interface has one address.)
pub const APART: [u8; 4] = if cfg!(target_os = "linux") {
    [127, 0, 7, 2]
} else {
    HERE
};

/// What the window would have been told.
pub struct Notebook {
    snapshot: watch::Sender<Option<Snapshot>>,
    peer: Mutex<Vec<PeerEvent>>,
    news: Mutex<Vec<News>>,
}

impl Default for Notebook {
    fn default() -> Self {
        Self {
            snapshot: watch::channel(None).0,
            peer: Mutex::default(),
            news: Mutex::default(),
        }
    }
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

    fn news(&self, news: &News) {
        self.news.lock().unwrap().push(news.clone());
        self.snapshot.send_modify(|_| ());
    }

    fn raise(&self) {}
}

pub struct Someone {
    pub hub: HubHandle,
    pub notes: Arc<Notebook>,
    pub dir: TempDir,
}

impl Someone {
    pub async fn arrives(name: &str) -> Self {
        Self::arrives_at(HERE, name).await
    }

    pub async fn arrives_at(place: [u8; 4], name: &str) -> Self {
        let someone = Self::opens(tempfile::tempdir().unwrap(), place).await;
        someone.is_called(name).await;
        someone
    }

    /// Reachable at the meeting point `server` and nowhere else, as far as invites say.
    pub async fn arrives_through(server: &str, name: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut options = Options::for_tests(dir.path().to_owned(), HERE.into());
        options.server = Some(server.parse().unwrap());
        options.embedded = false;
        let someone = Self::opens_with(dir, options).await;
        someone.is_called(name).await;
        someone
    }

    async fn is_called(&self, name: &str) {
        self.hub.set_name(name).await.unwrap();
        self.sees(|snapshot| snapshot.line.online).await;
    }

    pub async fn opens(dir: TempDir, place: [u8; 4]) -> Self {
        let options = Options::for_tests(dir.path().to_owned(), place.into());
        Self::opens_with(dir, options).await
    }

    pub async fn opens_with(dir: TempDir, options: Options) -> Self {
        let notes = Arc::new(Notebook::default());
        let hub = Hub::start(options, notes.clone()).await.unwrap();
        Self { hub, notes, dir }
    }

    /// Opens the app, which says why it can't start where it can't.
    pub async fn tries_to_open(dir: TempDir) -> Self {
        let notes = Arc::new(Notebook::default());
        let options = Options::for_tests(dir.path().to_owned(), HERE.into());
        let hub = HubHandle::open(options, notes.clone()).await;
        Self { hub, notes, dir }
    }

    /// Closes the app; what it keeps stays.
    pub async fn closes(self) -> TempDir {
        self.hub.close().await;
        self.dir
    }

    pub async fn snapshot(&self) -> Snapshot {
        self.hub.ask(|hub| Ok(hub.snapshot())).await.unwrap()
    }

    pub async fn key(&self) -> PublicKey {
        self.hub.ask(|hub| hub.own_key()).await.unwrap()
    }

    pub async fn invite(&self) -> String {
        self.snapshot().await.invite.unwrap()
    }

    pub async fn adds(&self, link: &str) -> Result<Added, UiError> {
        let link = link.to_owned();
        self.hub.ask(move |hub| hub.add_contact(&link, None)).await
    }

    /// Opens the other one's invite, which asks them.
    pub async fn asks(&self, other: &Self) -> PublicKey {
        let added = self.adds(&other.invite().await).await.unwrap();
        added.key.parse().unwrap()
    }

    /// Asks again soon those who have not said yes.
    pub async fn hopes(&self) {
        self.hub
            .ask(|hub| {
                hub.outgoing.hurry_all();
                Ok(())
            })
            .await
            .unwrap();
    }

    /// Waits until somebody asks, and returns who.
    pub async fn is_asked(&self) -> RequestView {
        let snapshot = self.sees(|snapshot| !snapshot.requests.is_empty()).await;
        snapshot.requests.into_iter().next().unwrap()
    }

    pub async fn says_yes(&self) {
        let key = self.is_asked().await.key.parse().unwrap();
        self.hub
            .ask(move |hub| hub.accept_request(key, None))
            .await
            .unwrap();
    }

    pub async fn has_a_friend(&self, name: &str) {
        self.sees(|snapshot| {
            snapshot
                .contacts
                .iter()
                .any(|contact| contact.name == name && contact.standing == Standing::Mutual)
        })
        .await;
    }

    pub async fn sees(&self, wanted: impl Fn(&Snapshot) -> bool) -> Snapshot {
        let mut changes = self.notes.snapshot.subscribe();
        let seen = changes
            .wait_for(|snapshot| snapshot.as_ref().is_some_and(&wanted))
            .await
            .unwrap();
        seen.clone().unwrap()
    }

    pub async fn calls(&self, key: PublicKey) {
        self.hub.ask(move |hub| hub.call(key, true)).await.unwrap();
    }

    pub async fn accepts(&self) {
        self.hub.ask(|hub| hub.accept(true)).await.unwrap();
    }

    pub async fn is_in(&self, phase: Phase) {
        self.sees(|snapshot| {
            snapshot
                .call
                .as_ref()
                .is_some_and(|call| call.phase == phase)
        })
        .await;
    }

    pub async fn hears_of_end(&self, reason: EndReason) {
        let seen = self
            .sees(|snapshot| {
                snapshot
                    .call
                    .as_ref()
                    .is_some_and(|call| call.reason.is_some())
            })
            .await;
        assert_eq!(seen.call.unwrap().reason, Some(reason));
    }

    /// Puts away how the last call ended.
    pub async fn dismisses(&self) {
        self.hub.ask(Hub::dismiss).await.unwrap();
    }

    pub async fn call_id(&self) -> uuid::Uuid {
        self.snapshot().await.call.unwrap().id
    }

    pub async fn page_is_told(&self, wanted: impl Fn(&PeerEvent) -> bool) {
        let mut changes = self.notes.snapshot.subscribe();
        let peer = &self.notes.peer;
        changes
            .wait_for(|_| peer.lock().unwrap().iter().any(&wanted))
            .await
            .unwrap();
    }

    /// Waits until the desktop was told this much.
    pub async fn is_told(&self, count: usize) -> Vec<News> {
        let mut changes = self.notes.snapshot.subscribe();
        let enough = |_: &Option<Snapshot>| self.notes.news.lock().unwrap().len() >= count;
        changes.wait_for(enough).await.unwrap();
        self.notes.news.lock().unwrap().clone()
    }

    pub fn page(&self) -> Vec<PeerEvent> {
        self.notes.peer.lock().unwrap().clone()
    }

    /// The page has a description or candidate for the other page.
    pub async fn page_says(&self, data: &str) {
        let (call, data) = (self.call_id().await, data.to_owned());
        self.hub
            .ask(move |hub| hub.signal(call, data))
            .await
            .unwrap();
    }

    pub async fn page_hears(&self, part: &str) {
        self.page_is_told(
            |event| matches!(event, PeerEvent::Signal { data, .. } if data.contains(part)),
        )
        .await;
    }

    /// What the page was given by the other page, in order.
    pub fn page_heard(&self) -> Vec<String> {
        let signal = |event| match event {
            PeerEvent::Signal { data, .. } => Some(data),
            _ => None,
        };
        self.page().into_iter().filter_map(signal).collect()
    }

    pub async fn page_has_heard(&self, count: usize) {
        let mut changes = self.notes.snapshot.subscribe();
        let enough = |_: &Option<Snapshot>| self.page_heard().len() >= count;
        changes.wait_for(enough).await.unwrap();
    }

    /// All that was said so far, as it was before it was sealed.
    pub async fn said(&self) -> Vec<Message> {
        self.hub.ask(|hub| Ok(hub.said.clone())).await.unwrap()
    }
}

/// Alice opens Bob's invite, Bob says yes.
pub async fn become_friends(alice: &Someone, bob: &Someone) -> PublicKey {
    let key = alice.asks(bob).await;
    bob.says_yes().await;
    alice
        .sees(|snapshot| {
            snapshot.contacts.iter().any(|contact| {
                contact.key == key.to_string() && contact.standing == Standing::Mutual
            })
        })
        .await;
    key
}

pub async fn friends() -> (Someone, Someone, PublicKey) {
    let (alice, bob) = (
        Someone::arrives("Alice").await,
        Someone::arrives("Bob").await,
    );
    let key = become_friends(&alice, &bob).await;
    (alice, bob, key)
}
