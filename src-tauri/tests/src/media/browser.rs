//! A Chromium in a place of its own, with a page that calls by the browser's WebRTC alone.

use std::net::SocketAddr;
use std::path::Path;

use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::header;
use axum::response::Html;
use axum::routing::get;
use tokio::sync::broadcast;

use super::people::SIDES;
use crate::Result;
use crate::chrome::Chrome;
use crate::lab::{Indoors, Place};
use crate::page::Page;
use crate::stage::Stage;

const PAGE: &str = include_str!("../../pages/peer.html");
const SCRIPT: &str = include_str!("../../pages/peer.js");

/// It sleeps no more than Ringdown's window does.
const FLAGS: [&str; 4] = [
    "--window-size=960,640",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-background-timer-throttling",
];

/// A browser and its page. It ends with this.
#[derive(Debug)]
pub struct Browser {
    chrome: Chrome,
    _indoors: Indoors,
}

impl Browser {
    /// Two that can talk to each other. `media`: what is filmed and what is spoken, as files; otherwise the microphone of
    /// the stage is used, and there is no camera.
    ///
    /// # Errors
    /// When Chromium or its driver is missing, or a page does not come up.
    pub async fn pair(
        stage: &Stage,
        places: &[Place; 2],
        visible: bool,
        media: Option<[&Path; 2]>,
    ) -> Result<[Self; 2]> {
        let inboxes = [broadcast::channel(256).0, broadcast::channel(256).0];
        let mut both = Vec::new();
        for (number, place) in places.iter().enumerate() {
            let (mine, other) = (inboxes[number].clone(), inboxes[1 - number].clone());
            let indoors = place.indoors()?;
            let address = indoors.run(move || serve(mine, other)).await??;
            let mut flags: Vec<String> = FLAGS.map(String::from).into();
            let profile = stage.dir().join(format!("profile-{number}"));
            flags.push(format!("--window-position={},0", number * 970));
            if !visible {
                flags.push("--headless".into());
            }
            if let Some([clip, voice]) = media {
                flags.push("--use-fake-device-for-media-stream".into());
                flags.push(format!(
                    "--use-file-for-fake-video-capture={}",
                    clip.display()
                ));
                flags.push(format!(
                    "--use-file-for-fake-audio-capture={}",
                    voice.display()
                ));
            }
            let url = format!("http://{address}/");
            let chrome =
                Chrome::open(stage, Some(place), SIDES[number], &profile, flags, &url).await?;
            both.push(Self {
                chrome,
                _indoors: indoors,
            });
        }
        both.try_into().map_err(|_| "two browsers".into())
    }

    /// Its page.
    #[must_use]
    pub fn page(&self) -> &Page {
        self.chrome.page()
    }

    /// The process below which all of it runs.
    ///
    /// # Errors
    /// When it has ended.
    pub fn pid(&self) -> Result<u32> {
        self.chrome.pid()
    }
}

/// What the other one said to a page.
type Inbox = broadcast::Sender<String>;

async fn serve(mine: Inbox, other: Inbox) -> Result<SocketAddr> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let post = move |upgrade: WebSocketUpgrade| async move {
        let said = mine.subscribe();
        upgrade.on_upgrade(|socket| carry(socket, said, other))
    };
    let script = ([(header::CONTENT_TYPE, "text/javascript")], SCRIPT);
    let app = Router::new()
        .route("/", get(Html(PAGE)))
        .route("/peer.js", get(script))
        .route("/post", get(post));
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(address)
}

/// From one page to the other, until either is gone.
async fn carry(mut socket: WebSocket, mut said: broadcast::Receiver<String>, other: Inbox) {
    loop {
        tokio::select! {
            message = said.recv() => {
                let Ok(message) = message else { return };
                if socket.send(Message::text(message)).await.is_err() { return }
            }
            message = socket.recv() => {
                let Some(Ok(Message::Text(text))) = message else { return };
                // Nobody hears it: then there is no page there either.
                let _ = other.send(text.to_string());
            }
        }
    }
}
