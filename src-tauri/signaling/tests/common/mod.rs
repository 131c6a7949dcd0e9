//! What the stories share: a server on the loopback, people with keys, and a raw connection that speaks frames.
#![allow(dead_code, reason = "each test binary uses a part")]

#[cfg(unix)]
pub mod attack;
#[cfg(unix)]
pub mod binary;

use std::{
    net::{Ipv4Addr, SocketAddr},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use ed25519_dalek::{Signer as _, SigningKey};
use futures_util::{SinkExt, StreamExt};
use ringdown_signaling::{
    Courier, Event, IceServer, OfflineReason, Receipt, Registration, ServerConfig, Signer,
    challenge::{self, Audience},
    serve,
    wire::{ClientFrame, ErrorCode, Key, Nonce, Outcome, Payload, ServerFrame, Signature},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{mpsc, oneshot},
    task::JoinHandle,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, client_async, connect_async,
    tungstenite::{self, Message, client::IntoClientRequest},
};

/// A courier that may go to servers on the loopback, as these are.
pub fn courier() -> Courier {
    Courier::new(Some(Ipv4Addr::LOCALHOST.into()))
}

/// A running server; stops when told or dropped.
pub struct Server {
    pub address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: Task,
}

type Task = JoinHandle<std::io::Result<()>>;

impl Server {
    pub async fn start() -> Self {
        Self::start_with(ServerConfig::default()).await
    }

    pub async fn start_with(config: ServerConfig) -> Self {
        Self::start_at((Ipv4Addr::LOCALHOST, 0).into(), config).await
    }

    pub async fn start_at(address: SocketAddr, config: ServerConfig) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        Self::start_by(listener, |listener, stopped| {
            tokio::spawn(serve(listener, config, stopped))
        })
    }

    /// The real server with somebody at the levers.
    #[cfg(feature = "meddling")]
    pub async fn run_by(meddler: impl ringdown_signaling::meddling::Meddler + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        Self::start_by(listener, |listener, stopped| {
            let config = ServerConfig::default();
            let meddler = Arc::new(meddler);
            tokio::spawn(ringdown_signaling::meddling::serve_meddled(
                listener, config, meddler, stopped,
            ))
        })
    }

    fn start_by<F>(listener: TcpListener, serve: F) -> Self
    where
        F: FnOnce(TcpListener, Pin<Box<dyn Future<Output = ()> + Send>>) -> Task,
    {
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let stopped = async {
            drop(stopped.await);
        };
        let task = serve(listener, Box::pin(stopped));
        Self {
            address,
            stop,
            task,
        }
    }

    pub fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    pub async fn stop(self) {
        self.stop.send(()).unwrap();
        self.task.await.unwrap().unwrap();
    }
}

/// Somebody with a key.
#[derive(Clone)]
pub struct Person(SigningKey);

pub fn alice() -> Person {
    Person(SigningKey::from_bytes(&[1; 32]))
}

pub fn bob() -> Person {
    Person(SigningKey::from_bytes(&[2; 32]))
}

/// One of many.
pub fn somebody(number: u8) -> Person {
    Person(SigningKey::from_bytes(
        &[[7; 31].as_slice(), &[number]].concat().try_into().unwrap(),
    ))
}

/// Somebody who is never there.
pub fn nobody() -> Person {
    Person(SigningKey::from_bytes(&[9; 32]))
}

impl Person {
    pub fn key(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    pub fn signer(&self) -> Signer {
        let secret = self.0.clone();
        Arc::new(move |message| secret.sign(message).to_bytes())
    }

    pub fn register(&self, audience: &str, nonce: &Nonce) -> ClientFrame {
        let audience: Audience = audience.parse().unwrap();
        let key = Key::from(self.key());
        let message = challenge::message(&audience, nonce, &key);
        ClientFrame::Register {
            key,
            signature: Signature::from(self.0.sign(&message).to_bytes()),
        }
    }
}

/// A connection without a client around it.
pub struct Raw {
    pub socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub nonce: Nonce,
    pub address: SocketAddr,
}

impl Raw {
    pub async fn connect(server: &Server) -> Self {
        Self::try_connect(server, None).await.unwrap()
    }

    /// Connects with another `Host` header.
    pub async fn connect_as(server: &Server, host: &str) -> Self {
        Self::try_connect(server, Some(host)).await.unwrap()
    }

    /// Connects by a proxy that the server trusts, from this address.
    pub async fn connect_from(server: &Server, address: &str) -> Self {
        let header = ("x-forwarded-for", address);
        Self::try_connect_with(server.address, Some(header))
            .await
            .unwrap()
    }

    pub async fn try_connect(
        server: &Server,
        host: Option<&str>,
    ) -> Result<Self, tungstenite::Error> {
        Self::try_connect_with(server.address, host.map(|host| ("host", host))).await
    }

    async fn try_connect_with(
        address: SocketAddr,
        header: Option<(&'static str, &str)>,
    ) -> Result<Self, tungstenite::Error> {
        let mut request = format!("ws://{address}/ws").into_client_request().unwrap();
        if let Some((name, value)) = header {
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        let (socket, _) = connect_async(request).await?;
        Ok(Self::greeted(socket, address).await)
    }

    /// Connects from this address of the loopback device.
    #[cfg(unix)]
    pub async fn connect_by(from: Ipv4Addr, server: &Server) -> Self {
        let stream = attack::connect(from.into(), server.address).await.unwrap();
        let url = format!("ws://{}/ws", server.address);
        let (socket, _) = client_async(url, MaybeTlsStream::Plain(stream))
            .await
            .unwrap();
        Self::greeted(socket, server.address).await
    }

    async fn greeted(
        socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
        address: SocketAddr,
    ) -> Self {
        let mut raw = Self {
            socket,
            nonce: Nonce::from([0; 32]),
            address,
        };
        match raw.next().await {
            ServerFrame::Hello { v: 1, nonce } => raw.nonce = nonce,
            other => panic!("no hello but {other:?}"),
        }
        raw
    }

    /// Connects and registers.
    pub async fn registered(server: &Server, person: &Person) -> Self {
        Self::registered_at(server.address, person).await
    }

    /// The same, at a server that is not in this process.
    pub async fn registered_at(address: SocketAddr, person: &Person) -> Self {
        Self::try_registered_at(address, person).await.unwrap()
    }

    pub async fn try_registered_at(
        address: SocketAddr,
        person: &Person,
    ) -> Result<Self, tungstenite::Error> {
        let mut raw = Self::try_connect_with(address, None).await?;
        raw.register(person).await;
        Ok(raw)
    }

    pub async fn register(&mut self, person: &Person) {
        let register = person.register(&self.address.to_string(), &self.nonce);
        self.say(&register).await;
        assert_eq!(self.next().await, ServerFrame::Ready);
    }

    pub async fn say(&mut self, frame: &ClientFrame) {
        self.say_text(frame.encode()).await;
    }

    pub async fn say_text(&mut self, text: impl Into<String>) {
        self.socket.send(Message::text(text.into())).await.unwrap();
    }

    pub async fn send(&mut self, id: u32, to: &Person, payload: &[u8]) {
        let payload = Payload::new(payload).unwrap();
        self.say(&ClientFrame::Send {
            id,
            to: Key::from(to.key()),
            payload,
        })
        .await;
    }

    pub async fn next(&mut self) -> ServerFrame {
        loop {
            match self.socket.next().await.unwrap().unwrap() {
                Message::Text(text) => return ServerFrame::decode(text.as_str()).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("no frame but {other:?}"),
            }
        }
    }

    /// The next frame must be a result.
    pub async fn result(&mut self) -> (u32, Outcome) {
        match self.next().await {
            ServerFrame::Result { id, outcome, .. } => (id, outcome),
            other => panic!("no result but {other:?}"),
        }
    }

    /// The next frame must be a delivery.
    pub async fn delivery(&mut self) -> (u32, Vec<u8>) {
        match self.next().await {
            ServerFrame::Deliver { id, payload } => (id, payload.bytes()),
            other => panic!("no delivery but {other:?}"),
        }
    }

    /// The connection must end with this error and this close code.
    pub async fn ends_with(mut self, code: ErrorCode, close: u16) -> String {
        let sentence = match self.next().await {
            ServerFrame::Error {
                code: told,
                message,
            } => {
                assert_eq!(told, code, "{message}");
                message
            }
            other => panic!("no error but {other:?}"),
        };
        match self.socket.next().await {
            Some(Ok(Message::Close(Some(frame)))) => assert_eq!(u16::from(frame.code), close),
            other => panic!("no close but {other:?}"),
        }
        sentence
    }
}

/// The events of a registration.
pub struct Events(pub mpsc::Receiver<Event>);

impl Events {
    pub fn channel() -> (mpsc::Sender<Event>, Self) {
        let (sender, receiver) = mpsc::channel(64);
        (sender, Self(receiver))
    }

    pub async fn next(&mut self) -> Event {
        self.0.recv().await.unwrap()
    }

    pub async fn online(&mut self) {
        match self.next().await {
            Event::Online { .. } => {}
            other => panic!("not online but {other:?}"),
        }
    }

    pub async fn offline(&mut self) -> OfflineReason {
        match self.next().await {
            Event::Offline { reason, .. } => reason,
            other => panic!("not offline but {other:?}"),
        }
    }

    /// The servers for calls, and for how long they are good.
    pub async fn servers(&mut self) -> (Vec<IceServer>, Duration) {
        match self.next().await {
            Event::Servers { ice, ttl, .. } => (ice, ttl),
            other => panic!("no servers but {other:?}"),
        }
    }

    /// Somebody's payload, which is taken.
    pub async fn received(&mut self) -> Vec<u8> {
        let (payload, receipt) = self.arrived().await;
        receipt.accept();
        payload
    }

    /// Somebody's payload, to be decided on.
    pub async fn arrived(&mut self) -> (Vec<u8>, Receipt) {
        match self.next().await {
            Event::Received { payload, receipt } => (payload, receipt),
            other => panic!("nothing received but {other:?}"),
        }
    }
}

/// What a browser gets from a server: the answer to a `GET`, headers and all.
pub async fn get(server: &Server, path: &str) -> String {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        server.address
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// A server of our own making on the loopback, to misbehave.
pub struct Impostor {
    listener: TcpListener,
}

impl Impostor {
    pub async fn new() -> Self {
        Self {
            listener: TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap(),
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    pub fn url(&self) -> String {
        format!("ws://{}", self.address())
    }

    pub async fn accept_tcp(&self) -> TcpStream {
        self.listener.accept().await.unwrap().0
    }

    /// Takes a connection and says hello.
    pub async fn accept(&self) -> WebSocketStream<TcpStream> {
        let mut socket = tokio_tungstenite::accept_async(self.accept_tcp().await)
            .await
            .unwrap();
        let hello = ServerFrame::Hello {
            v: 1,
            nonce: Nonce::from([9; 32]),
        };
        socket.send(Message::text(hello.encode())).await.unwrap();
        socket
    }

    /// The next frame on such a connection; `None` at its end.
    pub async fn next(socket: &mut WebSocketStream<TcpStream>) -> Option<ClientFrame> {
        loop {
            match socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    return Some(ClientFrame::decode(text.as_str()).unwrap());
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    pub async fn say(socket: &mut WebSocketStream<TcpStream>, frame: &ServerFrame) {
        socket.send(Message::text(frame.encode())).await.unwrap();
    }

    /// The next frame, which has to send something: the send's number, and what.
    pub async fn sent(socket: &mut WebSocketStream<TcpStream>) -> (u32, Vec<u8>) {
        match Self::next(socket).await {
            Some(ClientFrame::Send { id, payload, .. }) => (id, payload.bytes()),
            other => panic!("nothing sent but {other:?}"),
        }
    }

    /// What became of a send.
    pub async fn answer(socket: &mut WebSocketStream<TcpStream>, id: u32, outcome: Outcome) {
        let message = None;
        let result = ServerFrame::Result {
            id,
            outcome,
            message,
        };
        Self::say(socket, &result).await;
    }
}

/// Bob's registration there, and what he hears of it.
pub fn register(url: String) -> (Registration, Events) {
    let (sender, events) = Events::channel();
    let registration = Registration::spawn(url, bob().key(), bob().signer(), sender);
    (registration, events)
}

/// Bob, once he is reachable there.
pub async fn bob_at(server: &Server) -> (Registration, Events) {
    let (registration, mut events) = register(server.url());
    events.online().await;
    (registration, events)
}
