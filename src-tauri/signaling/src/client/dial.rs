//! From a URL to an open connection that has said hello.

use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    sync::Arc,
};

use futures_util::{SinkExt, StreamExt, stream::FuturesUnordered};
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};
use tokio::{
    net::{TcpStream, lookup_host},
    sync::OnceCell,
    time::{sleep, timeout},
};
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, client_async_tls_with_config,
    tungstenite::{self, Message, protocol::WebSocketConfig},
};
use url::{Host, Url};

use super::legible::legible;
use crate::{
    challenge::Audience,
    limits::{ADDRESS_STAGGER, ATTEMPT_TIMEOUT, MAX_FRAME_BYTES, VERSION, WRITE_TIMEOUT},
    targets::{Here, is_bad_port, may_be_dialled},
    wire::{CloseCode, ErrorCode, Nonce, ServerFrame},
};

/// Bytes a connection reads at a time.
const READ_BUFFER_BYTES: usize = 8 * 1024;

/// Why we are not connected to a server. `Display` is a sentence for people; [`Self::code`] is for programs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OfflineReason {
    /// Not a `ws` or `wss` URL.
    #[error("The server's address is not valid: it must start with ws:// or wss://.")]
    BadUrl,
    /// Others may not send this app there; see [`Courier`](super::Courier).
    #[error("The server's address is not one that others may choose.")]
    NotForOthers,
    /// The name has no address.
    #[error(
        "The server's name was not found. Check the address and the connection to the internet."
    )]
    NoSuchHost,
    /// Nothing accepts connections there.
    #[error("The server cannot be reached ({0}).")]
    Unreachable(io::ErrorKind),
    /// TLS failed, mostly over the certificate.
    #[error("The server's certificate is not trusted on this computer, so nothing was sent.")]
    Untrusted,
    /// Something answers there that is not a signaling server.
    #[error("The address answers, but it is not a Ringdown server.")]
    NotAServer,
    /// The server has no room, in all or for our address.
    #[error("The server has too many connections. Trying again later.")]
    Full,
    /// The server speaks another version of the protocol.
    #[error(
        "The server speaks version {version} of the protocol, this app version {VERSION}. Update the older one."
    )]
    OtherVersion {
        /// The server's.
        version: u16,
    },
    /// The server closed the connection and said why.
    #[error("The server refused: {message}")]
    Refused {
        /// For programs.
        code: ErrorCode,
        /// The server's sentence.
        message: String,
    },
    /// The same key registered from elsewhere; ours gives way for a while.
    #[error("This identity is in use on another computer or in another window.")]
    Replaced,
    /// Nothing heard for too long.
    #[error("The server does not answer.")]
    TimedOut,
    /// The server stops or restarts.
    #[error("The server is restarting.")]
    GoingAway,
    /// The connection ended without a word.
    #[error("The connection to the server was lost.")]
    Lost,
}

impl OfflineReason {
    /// A stable word for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::BadUrl => "bad_url",
            Self::NotForOthers => "not_for_others",
            Self::NoSuchHost => "no_such_host",
            Self::Unreachable(_) => "unreachable",
            Self::Untrusted => "untrusted",
            Self::NotAServer => "not_a_server",
            Self::Full => "full",
            Self::OtherVersion { .. } => "other_version",
            Self::Refused { .. } => "refused",
            Self::Replaced => "replaced",
            Self::TimedOut => "timed_out",
            Self::GoingAway => "going_away",
            Self::Lost => "lost",
        }
    }

    /// What an `error` frame means for the connection; `None`: it goes on.
    pub(super) fn of_error(code: ErrorCode, message: String) -> Option<Self> {
        match code.close()? {
            CloseCode::Replaced => Some(Self::Replaced),
            CloseCode::GoingAway => Some(Self::GoingAway),
            CloseCode::TimedOut => Some(Self::TimedOut),
            CloseCode::Full => Some(Self::Full),
            _ => Some(Self::Refused {
                code,
                message: legible(&message),
            }),
        }
    }

    pub(super) fn of_io(error: &io::Error) -> Self {
        match error.get_ref() {
            Some(inner) if inner.is::<rustls::Error>() => Self::Untrusted,
            _ => Self::Unreachable(error.kind()),
        }
    }
}

impl From<tungstenite::Error> for OfflineReason {
    fn from(error: tungstenite::Error) -> Self {
        use tungstenite::{Error, error::ProtocolError, http::StatusCode};
        match error {
            Error::Io(error) => Self::of_io(&error),
            Error::Tls(_) => Self::Untrusted,
            Error::Http(response)
                if matches!(
                    response.status(),
                    StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
                ) =>
            {
                Self::Full
            }
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Self::Lost,
            Error::Http(_)
            | Error::HttpFormat(_)
            | Error::Protocol(_)
            | Error::Utf8(_)
            | Error::Capacity(_) => Self::NotAServer,
            Error::Url(_) => Self::BadUrl,
            _ => Self::Lost,
        }
    }
}

/// Who says that this server is to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NamedBy {
    /// The person who uses this app: then anything goes.
    Us,
    /// Somebody else: then [`may_be_dialled`] decides, after the name was resolved. `loopback`: this app keeps to it itself.
    Others { loopback: bool },
}

/// A server to connect to.
#[derive(Clone)]
pub(super) struct Server {
    endpoint: Url,
    audience: Audience,
}

impl Server {
    /// Reads `ws://HOST[:PORT][/PATH]` or `wss://…`; the endpoint is `PATH/ws`.
    pub(super) fn parse(text: &str) -> Result<Self, OfflineReason> {
        let mut endpoint = Url::parse(text).map_err(|_| OfflineReason::BadUrl)?;
        let audience = Audience::of_url(&endpoint).ok_or(OfflineReason::BadUrl)?;
        if !endpoint.username().is_empty() || endpoint.password().is_some() {
            return Err(OfflineReason::BadUrl);
        }
        let path = format!("{}/ws", endpoint.path().trim_end_matches('/'));
        endpoint.set_path(&path);
        endpoint.set_query(None);
        endpoint.set_fragment(None);
        Ok(Self { endpoint, audience })
    }

    /// What a registration there is signed for.
    pub(super) fn audience(&self) -> &Audience {
        &self.audience
    }
}

/// Opens connections. Clones share the trusted certificates.
#[derive(Clone, Default)]
pub struct Dialer {
    tls: Arc<OnceCell<Arc<ClientConfig>>>,
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialer").finish_non_exhaustive()
    }
}

impl Dialer {
    /// Trusts what the system trusts; its certificates are read at the first `wss` connection.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts these certificates only: for a server of one's own with a certificate of one's own.
    ///
    /// # Errors
    /// When the cryptography library cannot be set up.
    pub fn with_roots(roots: RootCertStore) -> Result<Self, rustls::Error> {
        Ok(Self {
            tls: Arc::new(OnceCell::from(tls_config(roots)?)),
        })
    }

    /// Connects, and reads the server's hello.
    ///
    /// # Errors
    /// See [`OfflineReason`]; never takes longer than [`ATTEMPT_TIMEOUT`].
    pub(super) async fn dial(
        &self,
        server: &Server,
        by: NamedBy,
    ) -> Result<(Connection, Nonce), OfflineReason> {
        timeout(ATTEMPT_TIMEOUT, self.dial_patiently(server, by))
            .await
            .unwrap_or(Err(OfflineReason::TimedOut))
    }

    async fn dial_patiently(
        &self,
        server: &Server,
        by: NamedBy,
    ) -> Result<(Connection, Nonce), OfflineReason> {
        let url = &server.endpoint;
        let connector = match url.scheme() {
            "wss" => Connector::Rustls(self.tls().await?),
            _ => Connector::Plain,
        };
        let stream = connect(url, by).await?;
        let config = WebSocketConfig::default()
            .max_message_size(Some(MAX_FRAME_BYTES))
            .max_frame_size(Some(MAX_FRAME_BYTES))
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(0);
        let (socket, _) =
            client_async_tls_with_config(url.as_str(), stream, Some(config), Some(connector))
                .await?;
        let mut connection = Connection { socket };
        match connection.next().await? {
            Heard::Frame(ServerFrame::Hello { v: VERSION, nonce }) => Ok((connection, nonce)),
            Heard::Frame(ServerFrame::Hello { v: version, .. }) => {
                Err(OfflineReason::OtherVersion { version })
            }
            Heard::Frame(ServerFrame::Error { code, message }) => {
                Err(OfflineReason::of_error(code, message).unwrap_or(OfflineReason::NotAServer))
            }
            Heard::Frame(_) | Heard::SignOfLife => Err(OfflineReason::NotAServer),
        }
    }

    pub(super) async fn tls(&self) -> Result<Arc<ClientConfig>, OfflineReason> {
        let config = self.tls.get_or_try_init(|| async {
            // Reads files.
            let found = tokio::task::spawn_blocking(rustls_native_certs::load_native_certs).await;
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(found.map(|found| found.certs).unwrap_or_default());
            if roots.is_empty() {
                tracing::warn!(
                    "no trusted certificates on this system: wss servers cannot be used"
                );
            }
            tls_config(roots).map_err(|error| {
                tracing::error!("TLS cannot be set up: {error}");
                OfflineReason::Untrusted
            })
        });
        config.await.cloned()
    }
}

fn tls_config(roots: RootCertStore) -> Result<Arc<ClientConfig>, rustls::Error> {
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Connects to the first address that answers: the next one is tried when one has failed, or has not answered for a while
/// (RFC 8305 §5, simplified).
pub(super) async fn connect(url: &Url, by: NamedBy) -> Result<TcpStream, OfflineReason> {
    let port = url.port_or_known_default().ok_or(OfflineReason::BadUrl)?;
    if by != NamedBy::Us && is_bad_port(port) {
        // Nobody is asked for the address of a name for nothing.
        return Err(OfflineReason::NotForOthers);
    }
    let mut addresses: Vec<SocketAddr> = match url.host().ok_or(OfflineReason::BadUrl)? {
        Host::Ipv4(address) => vec![(address, port).into()],
        Host::Ipv6(address) => vec![(address, port).into()],
        Host::Domain(name) => lookup_host((name, port))
            .await
            .map_err(|_| OfflineReason::NoSuchHost)?
            .collect(),
    };
    if let NamedBy::Others { loopback } = by
        && !addresses.is_empty()
    {
        let here = Here::look(loopback);
        addresses.retain(|address| may_be_dialled(*address, &here));
        if addresses.is_empty() {
            return Err(OfflineReason::NotForOthers);
        }
    }
    let mut waiting = addresses.into_iter();
    let mut attempts = FuturesUnordered::new();
    let mut last = OfflineReason::NoSuchHost;
    loop {
        match waiting.next() {
            Some(address) => attempts.push(TcpStream::connect(address)),
            None if attempts.is_empty() => return Err(last),
            None => {}
        }
        tokio::select! {
            Some(attempt) = attempts.next() => match attempt {
                Ok(stream) => {
                    // Frames are small and answers are waited for. Without it all works, only later.
                    drop(stream.set_nodelay(true));
                    return Ok(stream);
                }
                Err(error) => last = OfflineReason::of_io(&error),
            },
            () = sleep(ADDRESS_STAGGER), if waiting.len() > 0 => {}
        }
    }
}

/// What came in.
#[derive(Debug)]
pub(super) enum Heard {
    /// A frame that we know.
    Frame(ServerFrame),
    /// Something else that shows the server is alive.
    SignOfLife,
}

/// An open connection to a server.
pub(super) struct Connection {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Connection {
    /// Waits for the next message. Cancelling loses nothing.
    pub(super) async fn next(&mut self) -> Result<Heard, OfflineReason> {
        match self.socket.next().await {
            Some(Ok(Message::Text(text))) => {
                // A frame of a newer server, or nonsense: neither is ours to judge.
                Ok(ServerFrame::decode(text.as_str()).map_or(Heard::SignOfLife, Heard::Frame))
            }
            Some(Ok(Message::Close(frame))) => {
                Err(frame.map_or(OfflineReason::Lost, |frame| of_close(&frame)))
            }
            Some(Ok(_)) => Ok(Heard::SignOfLife),
            Some(Err(tungstenite::Error::Io(_))) | None => Err(OfflineReason::Lost),
            Some(Err(error)) => Err(error.into()),
        }
    }

    pub(super) async fn send(&mut self, text: String) -> Result<(), OfflineReason> {
        self.write(Message::text(text)).await
    }

    /// Whether this machine would connect to the server from the same address again. Where it has not got that any more,
    /// nothing can come by the connection, but the system would wait minutes to say so; and where it prefers another, a VPN
    /// say, what is sent by the old one may go nowhere.
    pub(super) fn is_rooted(&self) -> bool {
        let Some((local, server)) = self.ends() else {
            return true;
        };
        // Where loopback is spoken, addresses are chosen by who binds to them.
        local.ip().to_canonical().is_loopback() || source_for(server) == Some(local.ip())
    }

    /// Whether the server is on this machine, as in a test or where the person runs it themselves.
    pub(super) fn is_on_loopback(&self) -> bool {
        self.ends()
            .is_some_and(|(_, server)| server.ip().to_canonical().is_loopback())
    }

    /// Our address and the server's.
    fn ends(&self) -> Option<(SocketAddr, SocketAddr)> {
        let stream = match self.socket.get_ref() {
            MaybeTlsStream::Plain(stream) => stream,
            MaybeTlsStream::Rustls(stream) => stream.get_ref().0,
            // A kind that this client does not make.
            _ => return None,
        };
        Some((stream.local_addr().ok()?, stream.peer_addr().ok()?))
    }

    pub(super) async fn ping(&mut self) -> Result<(), OfflineReason> {
        self.write(Message::Ping(Default::default())).await
    }

    /// Says goodbye, without waiting for the answer.
    pub(super) async fn close(&mut self) {
        drop(self.write(Message::Close(None)).await);
    }

    async fn write(&mut self, message: Message) -> Result<(), OfflineReason> {
        match timeout(WRITE_TIMEOUT, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(OfflineReason::Lost),
            Err(_) => Err(OfflineReason::TimedOut),
        }
    }
}

/// The address that the system would send to that one from, if there is a way. Nothing is sent: connecting a datagram
/// socket only looks up the way.
fn source_for(target: SocketAddr) -> Option<IpAddr> {
    let any: IpAddr = match target {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect(target).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

fn of_close(frame: &tungstenite::protocol::CloseFrame) -> OfflineReason {
    let number = u16::from(frame.code);
    match number {
        _ if number == CloseCode::GoingAway.number() => OfflineReason::GoingAway,
        _ if number == CloseCode::Replaced.number() => OfflineReason::Replaced,
        _ if number == CloseCode::TimedOut.number() => OfflineReason::TimedOut,
        _ if number == CloseCode::Full.number() => OfflineReason::Full,
        _ => OfflineReason::Lost,
    }
}

#[cfg(test)]
mod tests;
