//! The engine as the app holds it: requests in, events out.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rustls::pki_types::CertificateDer;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{broadcast, mpsc, oneshot};

use crate::audio::{Audio, AudioConfig, AudioEvent, Microphone};
use crate::error::{EngineError, RtcError};
use crate::machine::{self, Machine, MachineRequest};
use crate::media_socket::{MediaSocket, Page};
use crate::net::addresses;
use crate::net::task::{self, Asked, PeerHandle, Surroundings};
use crate::net::{Resolver, Tls, Watch};
use crate::peer::PeerConfig;
use crate::peer::connection::Patience;
use crate::peer::request::PeerRequest;
use crate::servers::{Configuration, OwnServers};
use crate::video::{CameraSource, Video};

/// Most peers open at once.
const MAX_PEERS: usize = 32;

/// How the engine is set up.
#[derive(Debug, Clone, Default)]
pub struct EngineConfig {
    /// Origins whose pages may open the media socket, such as `tauri://localhost`. Default: none,
    /// which [`Engine::start`] refuses.
    pub allowed_origins: Vec<String>,
    /// The only address to send and receive from; names of `.local` are not resolved and changes of the
    /// network not watched then. Default: those of every interface that is up.
    pub bind: Option<IpAddr>,
    /// Where our voice comes from. Default: the system's microphone.
    pub microphone: Microphone,
    /// Where our picture comes from. Default: the system's cameras.
    pub camera: CameraSource,
    /// The PulseAudio server for voice. Default: the session's.
    pub sound_server: Option<String>,
    /// Certificates that TURN servers may be signed by, besides those the system trusts: for tests, and
    /// for a server of one's own. Default: none.
    pub extra_roots: Vec<CertificateDer<'static>>,
}

/// The engine; cheap to clone. When the last clone is dropped, everything is closed.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    config: EngineConfig,
    machine: Machine,
    events: Events,
    page: Page,
    own_servers: OwnServers,
    resolver: Resolver,
    tls: Tls,
    watch: Watch,
    socket: MediaSocket,
    peers: Arc<Mutex<Peers>>,
}

#[derive(Default)]
struct Peers {
    open: BTreeMap<u32, PeerHandle>,
    last: u32,
}

/// What the engine as a whole is asked; `Debug` is left out, servers' credentials are in here.
#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum EngineRequest {
    Hello {},
    MediaSocket {},
    Open {
        #[serde(default)]
        configuration: Configuration,
    },
    Close {
        peer: u32,
    },
}

impl Engine {
    /// Starts the engine on the current tokio runtime: binds the media socket, opens nothing else.
    ///
    /// # Errors
    /// [`EngineError::MediaSocket`] when no loopback port can be had, [`EngineError::NoOrigins`] when
    /// no page could ever connect.
    pub async fn start(config: EngineConfig) -> Result<Self, EngineError> {
        if config.allowed_origins.is_empty() {
            return Err(EngineError::NoOrigins);
        }
        let page = Page::default();
        let socket = MediaSocket::start(config.allowed_origins.clone(), page.clone()).await;
        let audio = Audio::new(AudioConfig {
            microphone: config.microphone,
            server: config.sound_server.clone(),
        });
        let peers = Arc::new(Mutex::new(Peers::default()));
        let events = Events::default();
        tokio::spawn(tell_of_devices(
            audio.events(),
            events.clone(),
            Arc::downgrade(&peers),
        ));
        Ok(Self {
            inner: Arc::new(Inner {
                own_servers: OwnServers::default(),
                resolver: Resolver::new(config.bind.is_none()),
                tls: Tls::new(config.extra_roots.clone()),
                watch: Watch::new(config.bind.is_none()),
                machine: Machine::new(audio, Video::new(config.camera, page.clone())),
                events,
                page,
                socket: socket.map_err(EngineError::MediaSocket)?,
                peers,
                config,
            }),
        })
    }

    /// Carries out a request of the polyfill, `{"op": …}`. Requests for one peer are carried out in
    /// the order in which this is called and first polled.
    ///
    /// # Errors
    /// A `DOMException`.
    pub async fn request(&self, request: Value) -> Result<Value, RtcError> {
        let op = request
            .get("op")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if OWN.contains(&op) {
            return self.inner.handle(read(request)?);
        }
        if machine::OPS.contains(&op) {
            return self.inner.machine.handle(read(request)?).await;
        }
        let peer = request
            .get("peer")
            .and_then(Value::as_u64)
            .and_then(|peer| u32::try_from(peer).ok());
        let peer = peer.ok_or_else(|| RtcError::kind("the request names no peer"))?;
        self.inner.ask(peer, read(request)?).await
    }

    /// URLs of the STUN and TURN servers that may be asked wherever they are, since the person entered them; replaces those of before.
    /// Any other server counts as named by somebody else: it is not asked at loopback, link-local, multicast and unspecified
    /// addresses, unless this engine itself keeps to loopback. Judged when the name was resolved. Default: none.
    pub fn set_own_servers(&self, urls: impl IntoIterator<Item = String>) {
        self.inner.own_servers.set(urls);
    }

    /// Ends the ring, whatever the page does: nobody calls any more. A sound that is played once goes on.
    pub fn stop_ringing(&self) {
        self.inner.machine.stop_ringing();
    }

    /// What happens from now on, as `{"event": …, "peer": n, …}`.
    #[must_use]
    pub fn events(&self) -> mpsc::UnboundedReceiver<Value> {
        self.inner.events.subscribe()
    }
}

/// The requests the engine itself carries out; all others are for the machine or a peer.
const OWN: [&str; 4] = ["hello", "mediaSocket", "open", "close"];

/// Whether a request can be read; it is not carried out.
pub(crate) fn understands(request: Value) -> bool {
    let op = request.get("op").and_then(Value::as_str);
    let op = op.unwrap_or_default();
    if OWN.contains(&op) {
        read::<EngineRequest>(request).is_ok()
    } else if machine::OPS.contains(&op) {
        read::<MachineRequest>(request).is_ok()
    } else {
        read::<PeerRequest>(request).is_ok()
    }
}

/// The error names no value: a request can hold descriptions and credentials.
fn read<T: serde::de::DeserializeOwned>(request: Value) -> Result<T, RtcError> {
    serde_json::from_value(request)
        .map_err(|_| RtcError::kind("the request is unknown or malformed"))
}

impl Inner {
    fn peers(&self) -> MutexGuard<'_, Peers> {
        lock(&self.peers)
    }

    fn handle(&self, request: EngineRequest) -> Result<Value, RtcError> {
        match request {
            EngineRequest::Hello {} => {
                let open: Vec<u32> = self.peers().open.keys().copied().collect();
                open.into_iter().for_each(|peer| self.close(peer));
                self.machine.rest();
                Ok(json!({}))
            }
            EngineRequest::MediaSocket {} => {
                let url = self.socket.url(Instant::now());
                let url =
                    url.ok_or_else(|| RtcError::operation("the system gives no random numbers"))?;
                Ok(json!({ "url": url }))
            }
            EngineRequest::Open { configuration } => self.open(configuration),
            EngineRequest::Close { peer } => {
                self.close(peer);
                Ok(json!({}))
            }
        }
    }

    fn open(&self, configuration: Configuration) -> Result<Value, RtcError> {
        let ice = configuration.read()?;
        let mut random = [0; 8];
        getrandom::fill(&mut random)
            .map_err(|_| RtcError::operation("the system gives no random numbers"))?;
        let mut peers = self.peers();
        if peers.open.len() >= MAX_PEERS {
            return Err(RtcError::operation("too many connections are open"));
        }
        peers.last += 1;
        let peer = peers.last;
        let config = PeerConfig {
            relay_only: ice.relay_only,
            ahead: ice.ahead,
            patience: Patience::default(),
            here: addresses::here(self.config.bind),
            session: u64::from_ne_bytes(random),
        };
        let handle = task::spawn(
            config,
            ice,
            Surroundings {
                peer,
                bind: self.config.bind,
                own_servers: self.own_servers.clone(),
                audio: self.machine.audio.clone(),
                video: self.machine.video.clone(),
                events: self.events.clone(),
                page: self.page.clone(),
                resolver: self.resolver.clone(),
                tls: self.tls.clone(),
                watch: self.watch.clone(),
            },
        );
        self.page.open(peer, handle.media.clone());
        peers.open.insert(peer, handle);
        Ok(json!({ "peer": peer }))
    }

    /// The task ends by itself when nothing leads to it any more.
    fn close(&self, peer: u32) {
        self.page.close(peer);
        self.peers().open.remove(&peer);
    }

    async fn ask(&self, peer: u32, request: PeerRequest) -> Result<Value, RtcError> {
        let requests = self
            .peers()
            .open
            .get(&peer)
            .map(|peer| peer.requests.clone());
        let (reply, result) = oneshot::channel();
        let asked = Asked { request, reply };
        requests
            .ok_or_else(RtcError::gone)?
            .send(asked)
            .await
            .map_err(|_| RtcError::gone())?;
        result.await.map_err(|_| RtcError::gone())?
    }
}

fn lock(peers: &Mutex<Peers>) -> MutexGuard<'_, Peers> {
    peers.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tells every open peer's page of a microphone or speaker that fails, until the engine is gone.
async fn tell_of_devices(
    mut devices: broadcast::Receiver<AudioEvent>,
    events: Events,
    peers: std::sync::Weak<Mutex<Peers>>,
) {
    loop {
        let event = match devices.recv().await {
            Ok(AudioEvent::Failed { side, error }) => {
                json!({ "event": "audio", "what": "error", "side": side.to_string(), "message": error.to_string() })
            }
            Ok(AudioEvent::Running { side }) => {
                json!({ "event": "audio", "what": "running", "side": side.to_string() })
            }
            Err(broadcast::error::RecvError::Lagged(_)) => continue,
            Err(broadcast::error::RecvError::Closed) => return,
        };
        let Some(peers) = peers.upgrade() else { return };
        let open: Vec<u32> = lock(&peers).open.keys().copied().collect();
        open.into_iter()
            .for_each(|peer| events.send(peer, event.clone()));
    }
}

/// The way of events to everybody who listens; cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Events {
    listeners: Arc<Mutex<Vec<mpsc::UnboundedSender<Value>>>>,
}

impl Events {
    fn listeners(&self) -> MutexGuard<'_, Vec<mpsc::UnboundedSender<Value>>> {
        self.listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn subscribe(&self) -> mpsc::UnboundedReceiver<Value> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.listeners().push(sender);
        receiver
    }

    /// Sends an event of a peer.
    pub fn send(&self, peer: u32, mut event: Value) {
        if let Value::Object(fields) = &mut event {
            fields.insert("peer".to_owned(), peer.into());
        }
        self.listeners()
            .retain(|listener| listener.send(event.clone()).is_ok());
    }
}
