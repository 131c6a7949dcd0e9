//! The loopback WebSocket that carries coded pictures between the page's worker and the engine.
//!
//! 1. The page asks for a URL over the app's IPC: `ws://127.0.0.1:PORT/?token=…`.
//! 2. Its worker connects. Without a good token ([`token`]) and an allowed Origin the handshake is
//!    refused with 403 and nothing else happens. Whoever has not shown either within 5 s is dropped, and at once where
//!    many others came since: a program that opens connections and says nothing keeps nobody out.
//! 3. Binary messages are pictures ([`frame`]), text messages are JSON ([`note`]), both ways.
//! 4. Whoever sends anything else is closed with a code and a reason; the peers go on, and a new
//!    connection takes over where this one was.
//!
//! [RFC 6455](https://www.rfc-editor.org/rfc/rfc6455) without extensions.

mod connection;
mod frame;
mod note;
mod page;
mod token;

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{AbortHandle, JoinHandle, JoinSet};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::{StatusCode, header};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

pub(crate) use frame::Header;
pub(crate) use note::Note;
pub(crate) use page::Page;
use token::Tokens;

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// Handshakes at once, each with a file descriptor. With one more the oldest is dropped: the page's own takes a
/// millisecond or two.
const HANDSHAKES: usize = 64;
/// Longest message, in bytes.
const MAX_MESSAGE: usize = frame::HEADER + frame::MAX_PICTURE;
/// After a failure to accept, such as having no file descriptors left.
const PAUSE: Duration = Duration::from_millis(100);

/// Who may come in.
struct Door {
    origins: Vec<String>,
    tokens: Mutex<Tokens>,
}

impl Door {
    fn tokens(&self) -> MutexGuard<'_, Tokens> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Both have to be right. A wrong Origin uses up no token, or a web page could spoil the app's.
    fn admits(&self, request: &Request, now: Instant) -> bool {
        let origin = request
            .headers()
            .get(header::ORIGIN)
            .and_then(|origin| origin.to_str().ok());
        let allowed = origin.is_some_and(|origin| self.origins.iter().any(|one| one == origin));
        let token = request
            .uri()
            .query()
            .and_then(|query| query.strip_prefix("token="));
        allowed
            && request.uri().path() == "/"
            && token.is_some_and(|token| self.tokens().redeem(token, now))
    }
}

/// The running server; dropping it closes it and its connections.
pub(crate) struct MediaSocket {
    address: SocketAddr,
    door: Arc<Door>,
    server: JoinHandle<()>,
}

impl MediaSocket {
    /// Listens on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(origins: Vec<String>, page: Page) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let door = Arc::new(Door {
            origins,
            tokens: Mutex::default(),
        });
        let server = tokio::spawn(serve(listener, Arc::clone(&door), page));
        Ok(Self {
            address,
            door,
            server,
        })
    }

    /// A URL that is good for one connection; `None` without a source of randomness.
    pub fn url(&self, now: Instant) -> Option<String> {
        let token = self.door.tokens().issue(now)?;
        Some(format!("ws://{}/?token={token}", self.address))
    }
}

impl Drop for MediaSocket {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, door: Arc<Door>, page: Page) {
    // dropped with this task, and the connections with it
    let mut connections = JoinSet::new();
    let mut handshakes = Handshakes::default();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let (door, page) = (Arc::clone(&door), page.clone());
        let (admitted, admission) = oneshot::channel();
        let connection = connections.spawn(async move {
            let opened = tokio::time::timeout(HANDSHAKE, open(stream, &door)).await;
            if let Ok(Some(socket)) = opened {
                // from here on nobody's coming ends it
                drop(admission);
                let attached = page.attach();
                connection::run(socket, attached, &page).await;
            }
        });
        handshakes.add(admitted, connection);
        while connections.try_join_next().is_some() {}
    }
}

/// The connections that have not shown yet that they may be here, the oldest first.
#[derive(Default)]
struct Handshakes {
    /// Each with a channel that closes when it is admitted, or over.
    waiting: VecDeque<(oneshot::Sender<()>, AbortHandle)>,
}

impl Handshakes {
    /// One more; where that is one too many, the oldest goes.
    fn add(&mut self, admitted: oneshot::Sender<()>, connection: AbortHandle) {
        self.waiting.retain(|(admitted, _)| !admitted.is_closed());
        if self.waiting.len() >= HANDSHAKES
            && let Some((_, oldest)) = self.waiting.pop_front()
        {
            oldest.abort();
        }
        self.waiting.push_back((admitted, connection));
    }
}

async fn open(stream: TcpStream, door: &Door) -> Option<WebSocketStream<TcpStream>> {
    // pictures are worth sending at once, however small
    let _ = stream.set_nodelay(true);
    #[expect(clippy::result_large_err, reason = "the signature is tungstenite's")]
    let check = |request: &Request, response: Response| {
        if door.admits(request, Instant::now()) {
            return Ok(response);
        }
        tracing::warn!("somebody without the right to was refused at the media socket");
        let mut refusal =
            ErrorResponse::new(Some("This socket is for the app's own page.".to_owned()));
        *refusal.status_mut() = StatusCode::FORBIDDEN;
        Err(refusal)
    };
    let config = WebSocketConfig::default()
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE));
    tokio_tungstenite::accept_hdr_async_with_config(stream, check, Some(config))
        .await
        .ok()
}

#[cfg(test)]
mod tests;
