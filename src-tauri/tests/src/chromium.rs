//! Headless Chromium as the foreign peer: the app's own hub for signaling, the app's own `ui/call.js` for the media,
//! and the browser's own `RTCPeerConnection` under it.

use std::net::SocketAddr;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path as UrlPath, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::{SinkExt, StreamExt};
use ringdown_app::hub::{Hub, HubHandle, News, Surface};
use ringdown_app::ipc::{MediaState, PeerEvent, Snapshot};
use ringdown_app::options::Options;
use serde_json::{Value, json};
use tokio::sync::broadcast;

use crate::chrome::Chrome;
use crate::lab::{Indoors, Place};
use crate::page::Page;
use crate::stage::Stage;
use crate::{Result, eventually, put};

/// A moving test picture and a beeping microphone, without a window.
const FLAGS: [&str; 2] = ["--headless", "--use-fake-device-for-media-stream"];

/// Where there is no other network.
const ON_LOOPBACK: &str = "--allow-loopback-in-peer-connection";

/// What the foreigner's microphone hums (pages/foreigner.js).
pub const FOREIGN_TONE_HZ: f64 = 550.0;

/// A person who uses a browser in place of the app.
pub struct Foreigner {
    hub: HubHandle,
    seen: Arc<Seen>,
    chrome: Chrome,
    /// What the hub runs on, where that is not here.
    _indoors: Option<Indoors>,
}

/// The hub's surface: keeps the last snapshot and passes peer events to the page.
#[derive(Debug)]
struct Seen {
    snapshot: Mutex<Option<Snapshot>>,
    events: broadcast::Sender<String>,
}

impl Surface for Seen {
    fn state(&self, snapshot: &Snapshot) {
        if let Ok(mut last) = self.snapshot.lock() {
            *last = Some(snapshot.clone());
        }
    }

    fn peer(&self, event: &PeerEvent) {
        if let Ok(text) = serde_json::to_string(event) {
            // No page listens yet: then there is no call either.
            let _ = self.events.send(text);
        }
    }

    fn raise(&self) {}

    fn news(&self, _: &News) {}
}

impl Foreigner {
    /// Opens the browser on a page that runs `ui/call.js`, and goes on the line under this name.
    ///
    /// # Errors
    /// When Chromium or its driver is missing, or the page does not come up.
    pub async fn arrive(stage: &Stage, name: &str) -> Result<Self> {
        Self::open(stage, name, None).await
    }

    /// [`Foreigner::arrive`], at another place of the network: browser, hub and all.
    ///
    /// # Errors
    /// As [`Foreigner::arrive`].
    pub async fn arrive_at(stage: &Stage, name: &str, place: &Place) -> Result<Self> {
        Self::open(stage, name, Some(place)).await
    }

    async fn open(stage: &Stage, name: &str, place: Option<&Place>) -> Result<Self> {
        let home = name.to_lowercase();
        let data_dir = stage.dir().join(format!("chromium-{home}"));
        tokio::fs::create_dir(&data_dir).await?;
        let seen = Arc::new(Seen {
            snapshot: Mutex::new(None),
            events: broadcast::channel(256).0,
        });
        let mut options = Options::for_tests(data_dir.clone(), [127, 0, 0, 1].into());
        if place.is_some() {
            options.bind = None;
        }
        let surface = seen.clone();
        let start = || async move {
            let hub = Hub::start(options, surface.clone()).await?;
            let (bridge, seen) = (hub.clone(), surface);
            let address = serve(Bridge { hub: bridge, seen }).await?;
            Ok::<_, crate::Error>((hub, address))
        };
        let indoors = place.map(Place::indoors).transpose()?;
        let (hub, address) = match &indoors {
            Some(indoors) => indoors.run(start).await??,
            None => start().await?,
        };
        hub.set_name(name).await?;

        let mut flags: Vec<String> = FLAGS.map(String::from).into();
        flags.extend(place.is_none().then(|| ON_LOOPBACK.to_owned()));
        let profile = data_dir.join("profile");
        let url = format!("http://{address}/page/foreigner.html");
        let chrome = Chrome::open(stage, place, &home, &profile, flags, &url).await?;
        Ok(Self {
            hub,
            seen,
            chrome,
            _indoors: indoors,
        })
    }

    /// Changes settings; those that are not named stay.
    ///
    /// # Errors
    /// When they are refused.
    pub async fn settle(&self, changes: &Value) -> Result<()> {
        let mut settings = serde_json::to_value(self.snapshot().await?.settings)?;
        put(&mut settings, changes);
        let settings = serde_json::from_value(settings)?;
        self.hub
            .ask(move |hub| hub.save_settings(settings).map(drop))
            .await?;
        Ok(())
    }

    /// The browser's page.
    #[must_use]
    pub fn page(&self) -> &Page {
        self.chrome.page()
    }

    /// What their hub would have the app draw.
    ///
    /// # Errors
    /// When the hub is gone.
    pub async fn snapshot(&self) -> Result<Snapshot> {
        Ok(self.hub.ask(|hub| Ok(hub.snapshot())).await?)
    }

    /// The invite they would give to a friend.
    ///
    /// # Errors
    /// When they have none.
    pub async fn invite(&self) -> Result<String> {
        self.snapshot()
            .await?
            .invite
            .ok_or_else(|| "no invite".into())
    }

    /// Makes a contact of whoever made this invite.
    ///
    /// # Errors
    /// When the invite is refused.
    pub async fn befriend(&self, link: &str, name: &str) -> Result<()> {
        let (link, name) = (link.to_owned(), name.to_owned());
        self.hub
            .ask(move |hub| hub.add_contact(&link, Some(&name)).map(drop))
            .await?;
        Ok(())
    }

    /// Waits until a meeting point has lent servers: then they are reachable there.
    ///
    /// # Errors
    /// When none does.
    pub async fn is_reachable(&self) -> Result<()> {
        eventually("a meeting point to lend servers", || async {
            let lent = self.hub.ask(|hub| Ok(hub.lent_servers())).await?;
            Ok((!lent.is_empty()).then_some(()))
        })
        .await
    }

    /// Calls the only contact.
    ///
    /// # Errors
    /// When there is none.
    pub async fn call(&self, video: bool) -> Result<()> {
        let snapshot = self.snapshot().await?;
        let contact = snapshot.contacts.first().ok_or("no contact")?.key.parse()?;
        Ok(self.hub.ask(move |hub| hub.call(contact, video)).await?)
    }

    /// Waits for a call and accepts it.
    ///
    /// # Errors
    /// When nobody calls.
    pub async fn accept(&self, video: bool) -> Result<()> {
        self.phase("ringing").await?;
        Ok(self.hub.ask(move |hub| hub.accept(video)).await?)
    }

    /// Hangs up.
    ///
    /// # Errors
    /// When the hub is gone.
    pub async fn hang_up(&self) -> Result<()> {
        Ok(self.hub.ask(Hub::hang_up).await?)
    }

    /// Waits until their call is in this phase.
    ///
    /// # Errors
    /// When it never is.
    pub async fn phase(&self, wanted: &str) -> Result<()> {
        eventually(&format!("the foreigner's call to be {wanted}"), || async {
            let snapshot = self.seen.snapshot.lock().map_err(|_| "poisoned")?.clone();
            let call = snapshot.and_then(|snapshot| snapshot.call);
            let phase = call
                .map(|call| serde_json::to_value(call).map(|call| call["phase"].clone()))
                .transpose()?;
            Ok((phase == Some(json!(wanted))).then_some(()))
        })
        .await
    }
}

/// What the page talks to.
#[derive(Clone)]
struct Bridge {
    hub: HubHandle,
    seen: Arc<Seen>,
}

async fn serve(bridge: Bridge) -> Result<SocketAddr> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let app = Router::new()
        .route(
            "/ui/{*file}",
            get(|UrlPath(file): UrlPath<String>| read(root().join("ui"), file)),
        )
        .route(
            "/page/{*file}",
            get(|UrlPath(file): UrlPath<String>| read(root().join("src-tauri/tests/pages"), file)),
        )
        .route(
            "/bridge",
            get(
                |State(bridge): State<Bridge>, upgrade: WebSocketUpgrade| async move {
                    upgrade.on_upgrade(|socket| cross(bridge, socket))
                },
            ),
        )
        .with_state(bridge);
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(address)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

async fn read(folder: PathBuf, file: String) -> Response {
    let path = PathBuf::from(file);
    if !path
        .components()
        .all(|part| matches!(part, Component::Normal(_)))
    {
        return StatusCode::NOT_FOUND.into_response();
    }
    let kind = match path.extension().and_then(|extension| extension.to_str()) {
        Some("js") => "text/javascript",
        Some("html") => "text/html; charset=utf-8",
        _ => "text/plain",
    };
    match tokio::fs::read(folder.join(path)).await {
        Ok(bytes) => ([(header::CONTENT_TYPE, kind)], bytes).into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Peer events to the page; its signals and media states to the hub.
async fn cross(bridge: Bridge, socket: WebSocket) {
    let (mut to_page, mut from_page) = socket.split();
    let mut events = bridge.seen.events.subscribe();
    loop {
        tokio::select! {
            event = events.recv() => {
                let Ok(event) = event else { return };
                if to_page.send(Message::text(event)).await.is_err() { return }
            }
            message = from_page.next() => {
                let Some(Ok(Message::Text(text))) = message else { return };
                if let Err(error) = carry(&bridge.hub, text.as_str()).await {
                    eprintln!("the foreign page said something strange: {error}");
                }
            }
        }
    }
}

async fn carry(hub: &HubHandle, text: &str) -> Result<()> {
    let said: Value = serde_json::from_str(text)?;
    let call = serde_json::from_value(said["call"].clone())?;
    if let Some(data) = said["data"].as_str().map(str::to_owned) {
        hub.ask(move |hub| hub.signal(call, data)).await?;
    } else {
        let state: MediaState = serde_json::from_value(said["state"].clone())?;
        hub.ask(move |hub| hub.media(call, state)).await?;
    }
    Ok(())
}
