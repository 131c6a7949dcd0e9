//! Somebody with an engine of their own, a page of their own and nothing but the engine's public face.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use ringdown_rtc::{CameraSource, Engine, EngineConfig, Microphone, RtcError};
use rustls::pki_types::CertificateDer;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::coturn::Coturn;

pub const ORIGIN: &str = "tauri://localhost";
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// How long a state may take to come about. Only a failing test ever waits so long.
pub const DEADLINE: Duration = Duration::from_secs(30);

pub type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Waits for what has to come.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future)
        .await
        .unwrap_or_else(|_| panic!("in {DEADLINE:?} it never came: {what}"))
}

/// Connects to a media socket with this Origin.
pub async fn connect(url: &str, origin: Option<&str>) -> Result<Socket, Error> {
    let mut request = url.into_client_request().unwrap();
    if let Some(origin) = origin {
        request
            .headers_mut()
            .insert("Origin", HeaderValue::from_str(origin).unwrap());
    }
    tokio_tungstenite::connect_async(request)
        .await
        .map(|(socket, _)| socket)
}

/// The binary message of a picture.
pub fn picture(peer: u32, index: u16, key: bool, timestamp: u64, data: &[u8]) -> Message {
    let mut message = vec![1, u8::from(key)];
    message.extend_from_slice(&index.to_be_bytes());
    message.extend_from_slice(&peer.to_be_bytes());
    message.extend_from_slice(&timestamp.to_be_bytes());
    message.extend_from_slice(data);
    Message::binary(message)
}

/// What looks like VP8 to whoever packetises it: a frame tag, a start code and a size, then filling.
pub fn vp8(key: bool, length: usize, filling: u8) -> Vec<u8> {
    let mut data = if key {
        vec![0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01]
    } else {
        vec![0x11, 0x02, 0x00]
    };
    data.resize(length.max(data.len()), filling);
    data
}

pub struct Person {
    pub engine: Engine,
    pub events: mpsc::UnboundedReceiver<Value>,
    pub socket: Socket,
    pub peer: u32,
    /// Events seen while waiting for others.
    seen: Vec<Value>,
    /// All events taken so far.
    all: Vec<Value>,
}

impl Person {
    pub async fn new() -> Self {
        Self::with(json!({ "iceServers": [] })).await
    }

    /// With this `RTCConfiguration`.
    pub async fn with(configuration: Value) -> Self {
        Self::made(configuration, Vec::new(), Some(HERE)).await
    }

    /// With the cameras of this session's PipeWire, and of the kernel.
    pub async fn with_real_cameras() -> Self {
        let configuration = json!({ "iceServers": [] });
        let config = EngineConfig {
            camera: CameraSource::System,
            ..config(Vec::new(), Some(HERE))
        };
        Self::started(configuration, config).await
    }

    /// With this `RTCConfiguration`, and trusting the server's certificate.
    pub async fn trusting(coturn: &Coturn, configuration: Value) -> Self {
        Self::made(configuration, vec![coturn.root.clone()], Some(HERE)).await
    }

    /// With IPv6 and nothing else.
    pub async fn on_ipv6(configuration: Value) -> Self {
        let here = IpAddr::V6(Ipv6Addr::LOCALHOST);
        Self::made(configuration, Vec::new(), Some(here)).await
    }

    /// With every address of the machine, as they come and go.
    pub async fn anywhere(configuration: Value) -> Self {
        Self::made(configuration, Vec::new(), None).await
    }

    async fn made(
        configuration: Value,
        extra_roots: Vec<CertificateDer<'static>>,
        bind: Option<IpAddr>,
    ) -> Self {
        Self::started(configuration, config(extra_roots, bind)).await
    }

    async fn started(configuration: Value, config: EngineConfig) -> Self {
        let engine = Engine::start(config).await.unwrap();
        let events = engine.events();
        engine.request(json!({ "op": "hello" })).await.unwrap();
        let url = engine
            .request(json!({ "op": "mediaSocket" }))
            .await
            .unwrap();
        let socket = connect(url["url"].as_str().unwrap(), Some(ORIGIN))
            .await
            .unwrap();
        let open = json!({ "op": "open", "configuration": configuration });
        let peer = engine.request(open).await.unwrap()["peer"]
            .as_u64()
            .unwrap() as u32;
        Self {
            engine,
            events,
            socket,
            peer,
            seen: Vec::new(),
            all: Vec::new(),
        }
    }

    /// The events of this kind that came so far.
    pub fn told(&self, kind: &str) -> Vec<Value> {
        let of = |one: &&Value| one["event"] == kind;
        self.all.iter().filter(of).cloned().collect()
    }

    /// The page's worker loses its connection and makes another.
    pub async fn reconnect(&mut self) {
        let url = self
            .engine
            .request(json!({ "op": "mediaSocket" }))
            .await
            .unwrap();
        self.socket = connect(url["url"].as_str().unwrap(), Some(ORIGIN))
            .await
            .unwrap();
    }

    pub async fn ask(&self, op: &str, mut arguments: Value) -> Result<Value, RtcError> {
        arguments["op"] = op.into();
        arguments["peer"] = self.peer.into();
        self.engine.request(arguments).await
    }

    pub async fn must(&self, op: &str, arguments: Value) -> Value {
        self.ask(op, arguments)
            .await
            .unwrap_or_else(|error| panic!("{op}: {error}"))
    }

    /// Waits for an event that has these fields; what comes before it can be waited for later.
    pub async fn event(&mut self, fields: Value) -> Value {
        let fits = |event: &Value| {
            fields
                .as_object()
                .unwrap()
                .iter()
                .all(|(name, value)| &event[name] == value)
        };
        if let Some(at) = self.seen.iter().position(fits) {
            return self.seen.remove(at);
        }
        soon(&fields.to_string(), async {
            loop {
                let event = self.events.recv().await.unwrap();
                self.all.push(event.clone());
                if fits(&event) {
                    return event;
                }
                self.seen.push(event);
            }
        })
        .await
    }

    /// The events until the end of the candidates: the candidates.
    pub async fn candidates(&mut self) -> Vec<Value> {
        let mut candidates = Vec::new();
        loop {
            let event = self.event(json!({ "event": "candidate" })).await;
            if event["candidate"].is_null() {
                return candidates;
            }
            candidates.push(event);
        }
    }

    pub async fn send(&mut self, message: Message) {
        self.socket.send(message).await.unwrap();
    }

    /// The next picture: m-line, whether it is a key frame, timestamp, data.
    pub async fn picture(&mut self) -> (u16, bool, u64, Vec<u8>) {
        soon("a picture", async {
            loop {
                if let Message::Binary(bytes) = self.socket.next().await.unwrap().unwrap()
                    && bytes[0] != 2
                {
                    assert_eq!((bytes[0], &bytes[4..8]), (1, &self.peer.to_be_bytes()[..]));
                    let index = u16::from_be_bytes(bytes[2..4].try_into().unwrap());
                    let timestamp = u64::from_be_bytes(bytes[8..16].try_into().unwrap());
                    return (index, bytes[1] & 1 == 1, timestamp, bytes[16..].to_vec());
                }
            }
        })
        .await
    }

    /// The next own picture of a camera: its number, width, height, pixels.
    pub async fn own_picture(&mut self) -> (u32, u16, u16, Vec<u8>) {
        soon("an own picture", async {
            loop {
                if let Message::Binary(bytes) = self.socket.next().await.unwrap().unwrap()
                    && bytes[0] == 2
                {
                    let camera = u32::from_be_bytes(bytes[4..8].try_into().unwrap());
                    let side = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
                    return (camera, side(16), side(18), bytes[20..].to_vec());
                }
            }
        })
        .await
    }

    /// Asks for what concerns no peer.
    pub async fn machine(&self, op: &str, mut arguments: Value) -> Result<Value, RtcError> {
        arguments["op"] = op.into();
        self.engine.request(arguments).await
    }

    /// The next text on the media socket of this kind.
    pub async fn note(&mut self, kind: &str) -> Value {
        soon(kind, async {
            loop {
                if let Message::Text(text) = self.socket.next().await.unwrap().unwrap() {
                    let note: Value = serde_json::from_str(&text).unwrap();
                    if note["t"] == kind {
                        return note;
                    }
                }
            }
        })
        .await
    }
}

fn config(extra_roots: Vec<CertificateDer<'static>>, bind: Option<IpAddr>) -> EngineConfig {
    EngineConfig {
        allowed_origins: vec![ORIGIN.to_owned()],
        bind,
        microphone: Microphone::Tone { hz: 440.0 },
        camera: CameraSource::Test,
        extra_roots,
        ..EngineConfig::default()
    }
}

/// A transceiver to offer.
pub fn line(index: u32, mid: Option<&str>, kind: &str, direction: &str) -> Value {
    json!({
        "index": index, "mid": mid, "kind": kind, "direction": direction,
        "streams": ["stream"], "track": format!("track-{kind}"), "stopped": false,
    })
}

/// A transceiver to answer with.
pub fn answer_line(mid: &str, direction: &str) -> Value {
    json!({ "mid": mid, "direction": direction, "streams": ["stream"], "track": format!("track-{mid}") })
}

/// Alice offers, Bob answers; each one's candidates are told to the other. Returns offer and answer.
pub async fn negotiate(
    alice: &mut Person,
    bob: &mut Person,
    offer: Value,
    answer: Value,
) -> (String, String) {
    let offer = alice.must("createOffer", offer).await["sdp"]
        .as_str()
        .unwrap()
        .to_owned();
    alice.must("setLocalOffer", json!({ "sdp": offer })).await;
    bob.must("setRemoteOffer", json!({ "sdp": offer })).await;
    let answer = bob.must("createAnswer", answer).await["sdp"]
        .as_str()
        .unwrap()
        .to_owned();
    bob.must("setLocalAnswer", json!({ "sdp": answer })).await;
    alice
        .must("setRemoteAnswer", json!({ "sdp": answer }))
        .await;
    (offer, answer)
}

/// Tells Bob Alice's candidates.
pub async fn trickle(alice: &mut Person, bob: &mut Person) {
    for candidate in alice.candidates().await {
        bob.must("addCandidate", candidate).await;
    }
    bob.must(
        "addCandidate",
        json!({ "candidate": "", "mid": null, "index": 0, "ufrag": null }),
    )
    .await;
}

/// A call with voice, video and a data channel section, connected.
pub async fn call() -> (Person, Person) {
    let (mut alice, mut bob) = (Person::new().await, Person::new().await);
    let offer = json!({
        "iceRestart": false, "dataChannel": true,
        "transceivers": [line(0, None, "audio", "sendrecv"), line(1, None, "video", "sendrecv")],
    });
    let answer =
        json!({ "transceivers": [answer_line("0", "sendrecv"), answer_line("1", "sendrecv")] });
    negotiate(&mut alice, &mut bob, offer, answer).await;
    for person in [&alice, &bob] {
        let sender = json!({ "mid": "1", "kind": "video", "active": true, "muted": false, "maxBitrate": null });
        person.must("sender", sender).await;
    }
    trickle(&mut alice, &mut bob).await;
    trickle(&mut bob, &mut alice).await;
    for person in [&mut alice, &mut bob] {
        person
            .event(json!({ "event": "connection", "state": "connected" }))
            .await;
    }
    (alice, bob)
}
