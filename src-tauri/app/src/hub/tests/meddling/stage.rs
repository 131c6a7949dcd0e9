//! The server, and people who can be reached nowhere else.

use std::collections::HashMap;
use std::sync::Mutex;

use ringdown_core::call::{EndReason, Phase};
use ringdown_core::identity::PublicKey;
use ringdown_signaling::ServerConfig;
use ringdown_signaling::meddling::{Meddler, Sent, Sight, Transcript, serve_meddled};
use tokio::net::TcpListener;

use super::super::person::become_friends;
use super::*;
use crate::ipc::MediaState;

type Scheme = Arc<dyn Fn(Sent) + Send + Sync>;

/// Somebody at the levers. Honest until told otherwise.
#[derive(Default)]
struct Levers {
    scheme: Mutex<Option<Scheme>>,
    seats: Mutex<HashMap<[u8; 32], [u8; 32]>>,
    transcript: Transcript,
}

impl Meddler for Levers {
    fn registers(&self, key: [u8; 32]) -> [u8; 32] {
        self.seats.lock().unwrap().get(&key).copied().unwrap_or(key)
    }

    fn sends(&self, sent: Sent) {
        let scheme = self.scheme.lock().unwrap().clone();
        match scheme {
            Some(scheme) => scheme(sent),
            None => sent.pass(),
        }
    }

    fn sees(&self, sight: Sight<'_>) {
        self.transcript.sees(sight);
    }
}

pub struct Server {
    pub url: String,
    levers: Arc<Levers>,
    /// Dropped with this.
    _stop: oneshot::Sender<()>,
}

impl Server {
    pub async fn opens() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}", listener.local_addr().unwrap());
        let levers = Arc::new(Levers::default());
        let (stop, stopped) = oneshot::channel::<()>();
        let meddler: Arc<dyn Meddler> = levers.clone();
        tokio::spawn(serve_meddled(
            listener,
            ServerConfig::default(),
            meddler,
            async {
                let _ = stopped.await;
            },
        ));
        Self {
            url,
            levers,
            _stop: stop,
        }
    }

    /// From now on this is done with every payload.
    pub fn does(&self, scheme: impl Fn(Sent) + Send + Sync + 'static) {
        *self.levers.scheme.lock().unwrap() = Some(Arc::new(scheme));
    }

    pub fn is_honest(&self) {
        *self.levers.scheme.lock().unwrap() = None;
    }

    /// Whoever proves `key` from now on sits at the key `seat`.
    pub fn seats(&self, key: PublicKey, seat: PublicKey) {
        let mut seats = self.levers.seats.lock().unwrap();
        seats.insert(*key.as_bytes(), *seat.as_bytes());
    }

    /// All that it has seen.
    pub fn transcript(&self) -> Transcript {
        self.levers.transcript.clone()
    }

    /// Alice and Bob are friends, and this is the only way between them.
    pub async fn has_friends(&self) -> (Someone, Someone, PublicKey) {
        let alice = Someone::arrives_through(&self.url, "Alice").await;
        let bob = Someone::arrives_through(&self.url, "Bob").await;
        let key = become_friends(&alice, &bob).await;
        (alice, bob, key)
    }
}

impl Someone {
    /// Waits seconds where others wait longer.
    pub async fn is_impatient(&self) {
        self.hub
            .ask(|hub| {
                let timing = Timing {
                    no_answer: Duration::from_secs(4),
                    alive: Duration::from_millis(300),
                    alive_talking: Duration::from_millis(300),
                    peer_silent: Duration::from_secs(3),
                    connecting: Duration::from_secs(3),
                    gone: Duration::from_secs(3),
                    ..hub.timing()
                };
                hub.profile.as_mut().unwrap().calls.set_timing(timing);
                Ok(())
            })
            .await
            .unwrap();
    }

    /// Why the last call ended.
    pub async fn end(&self) -> EndReason {
        let ended = |snapshot: &Snapshot| snapshot.call.as_ref()?.reason;
        ended(&self.sees(|snapshot| ended(snapshot).is_some()).await).unwrap()
    }

    pub fn page_was_started(&self) -> bool {
        let start = |event: &PeerEvent| matches!(event, PeerEvent::Start { .. });
        self.page().iter().any(start)
    }

    /// No call, no question, nothing for the page.
    pub async fn noticed_nothing(&self) {
        let snapshot = self.snapshot().await;
        assert_eq!(snapshot.call, None);
        assert!(snapshot.requests.is_empty());
        assert!(self.page().is_empty());
    }
}

/// Alice calls, Bob accepts, their pages exchange what pages exchange, and each hears all of it once and in order.
pub async fn talk(alice: &Someone, bob: &Someone, key: PublicKey) {
    let before = (alice.page_heard().len(), bob.page_heard().len());
    alice.calls(key).await;
    bob.is_in(Phase::Ringing).await;
    bob.accepts().await;
    alice.is_in(Phase::Connecting).await;
    let lines = |from: &str| -> Vec<String> {
        (0..8)
            .map(|n| format!("{from} {n} v=0 a=candidate 192.0.2.{n}"))
            .collect()
    };
    for (one, other) in lines("Alice").iter().zip(&lines("Bob")) {
        alice.page_says(one).await;
        bob.page_says(other).await;
    }
    bob.page_has_heard(before.1 + 8).await;
    alice.page_has_heard(before.0 + 8).await;
    assert_eq!(bob.page_heard()[before.1..], lines("Alice"));
    assert_eq!(alice.page_heard()[before.0..], lines("Bob"));
    let call = alice.call_id().await;
    assert_eq!(call, bob.call_id().await);
    for side in [alice, bob] {
        side.hub
            .ask(move |hub| hub.media(call, MediaState::Connected))
            .await
            .unwrap();
        side.is_in(Phase::Connected).await;
    }
}

/// Alice hangs up and both put it away.
pub async fn hang_up(alice: &Someone, bob: &Someone) {
    alice.hub.ask(Hub::hang_up).await.unwrap();
    bob.hears_of_end(EndReason::EndedByPeer).await;
    for side in [alice, bob] {
        side.dismisses().await;
        side.sees(|snapshot| snapshot.call.is_none()).await;
    }
}
