//! The engine's side of a call: polite, and every picture goes back where it came from.

use futures_util::{SinkExt, StreamExt};
use ringdown_rtc::{Engine, EngineConfig, Microphone};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::Result;

const ORIGIN: &str = "http://echo.example";

/// One call.
pub struct Echo {
    engine: Engine,
    events: mpsc::UnboundedReceiver<Value>,
    pictures: WebSocketStream<MaybeTlsStream<TcpStream>>,
    peer: Value,
    /// Mid and kind of the m-lines, data channels left out.
    lines: Vec<(String, String)>,
    /// An offer of ours is on its way.
    offering: bool,
}

impl Echo {
    pub async fn start() -> Result<Self> {
        let engine = Engine::start(EngineConfig {
            allowed_origins: vec![ORIGIN.to_owned()],
            bind: Some("127.0.0.1".parse()?),
            microphone: Microphone::Tone { hz: 440.0 },
            ..EngineConfig::default()
        })
        .await?;
        let events = engine.events();
        let url = engine.request(json!({ "op": "mediaSocket" })).await?;
        let url = url
            .get("url")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let mut request = url.into_client_request()?;
        request
            .headers_mut()
            .insert("Origin", HeaderValue::from_static(ORIGIN));
        let (pictures, _) = tokio_tungstenite::connect_async(request).await?;
        let opened = engine
            .request(json!({ "op": "open", "configuration": {} }))
            .await?;
        let peer = opened.get("peer").cloned().unwrap_or_default();
        Ok(Self {
            engine,
            events,
            pictures,
            peer,
            lines: Vec::new(),
            offering: false,
        })
    }

    async fn ask(&self, op: &str, mut arguments: Value) -> Result<Value> {
        if let Value::Object(fields) = &mut arguments {
            fields.insert("op".to_owned(), op.into());
            fields.insert("peer".to_owned(), self.peer.clone());
        }
        Ok(self.engine.request(arguments).await?)
    }

    /// A description or candidate of the browser's, or a wish. Returns what to tell it.
    pub async fn handle(&mut self, message: &Value) -> Result<Vec<Value>> {
        if let Some(please) = message.get("please") {
            return self.offer(please == "restart").await;
        }
        if let Some(candidate) = message.get("candidate") {
            let field = |name: &str| candidate.get(name).cloned().unwrap_or_default();
            let text = field("candidate");
            let text = if text.is_null() { json!("") } else { text };
            let candidate = json!({
                "candidate": text, "mid": field("sdpMid"),
                "index": field("sdpMLineIndex"), "ufrag": field("usernameFragment"),
            });
            self.ask("addCandidate", candidate).await?;
            return Ok(Vec::new());
        }
        let Some(description) = message.get("description") else {
            return Ok(Vec::new());
        };
        let sdp = description.get("sdp").cloned().unwrap_or_default();
        self.lines = lines(sdp.as_str().unwrap_or_default());
        if description.get("type") != Some(&json!("offer")) {
            self.ask("setRemoteAnswer", json!({ "sdp": sdp })).await?;
            self.offering = false;
            self.send_everything().await?;
            return Ok(Vec::new());
        }
        if std::mem::take(&mut self.offering) {
            self.ask("rollback", json!({})).await?;
        }
        self.ask("setRemoteOffer", json!({ "sdp": sdp })).await?;
        let lines: Vec<Value> = self
            .lines
            .iter()
            .map(|(mid, kind)| transceiver(0, Some(mid), kind))
            .collect();
        let answer = self
            .ask("createAnswer", json!({ "transceivers": lines }))
            .await?;
        self.ask("setLocalAnswer", answer.clone()).await?;
        self.send_everything().await?;
        Ok(vec![
            json!({ "description": { "type": "answer", "sdp": answer.get("sdp") } }),
        ])
    }

    async fn offer(&mut self, restart: bool) -> Result<Vec<Value>> {
        let first = [("audio", None), ("video", None)];
        let lines = self
            .lines
            .iter()
            .map(|(mid, kind)| (kind.as_str(), Some(mid)));
        let lines: Vec<_> = if self.lines.is_empty() {
            first.into_iter().collect()
        } else {
            lines.collect()
        };
        let lines: Vec<_> = lines
            .into_iter()
            .map(|(kind, mid)| transceiver(0, mid, kind))
            .collect();
        let offer = json!({ "iceRestart": restart, "dataChannel": true, "transceivers": lines });
        let offer = self.ask("createOffer", offer).await?;
        self.ask("setLocalOffer", offer.clone()).await?;
        self.offering = true;
        Ok(vec![
            json!({ "description": { "type": "offer", "sdp": offer.get("sdp") } }),
        ])
    }

    async fn send_everything(&self) -> Result<()> {
        for (mid, kind) in &self.lines {
            let sender = json!({ "mid": mid, "kind": kind, "active": true, "muted": false, "maxBitrate": null });
            self.ask("sender", sender).await?;
        }
        Ok(())
    }

    /// Waits for something to happen. Returns what to tell the browser.
    pub async fn next(&mut self) -> Result<Vec<Value>> {
        tokio::select! {
            event = self.events.recv() => self.handle_event(event.ok_or("the engine is gone")?).await,
            message = self.pictures.next() => {
                match message.ok_or("the media socket is gone")?? {
                    picture @ Message::Binary(_) => self.pictures.send(picture).await?,
                    // what the browser wants of our encoder, we want of the browser's
                    Message::Text(text) if text.contains("keyframe") || text.contains("start") => {
                        let wanted = text.replace("start", "keyframe");
                        self.pictures.send(Message::text(wanted)).await?;
                    }
                    _ => {}
                }
                Ok(Vec::new())
            }
        }
    }

    async fn handle_event(&self, event: Value) -> Result<Vec<Value>> {
        let field = |name: &str| event.get(name).cloned().unwrap_or_default();
        match field("event").as_str().unwrap_or_default() {
            "candidate" => {
                let candidate = json!({
                    "candidate": field("candidate"), "sdpMid": field("mid"),
                    "sdpMLineIndex": field("index"), "usernameFragment": field("ufrag"),
                });
                let last = field("candidate").is_null();
                return Ok(if last {
                    Vec::new()
                } else {
                    vec![json!({ "candidate": candidate })]
                });
            }
            "channelMessage" => {
                let echo = json!({ "channel": field("channel"), "text": field("text") });
                self.ask("channelSend", echo).await?;
            }
            _ => println!("engine   {event}"),
        }
        Ok(Vec::new())
    }

    /// The engine's own figures, in short.
    pub async fn figures(&self) -> Result<String> {
        let stats = self.ask("stats", json!({})).await?;
        let entries = stats.as_array().cloned().unwrap_or_default();
        let shown = entries.iter().filter(|one| {
            let kind = one.get("type").and_then(Value::as_str).unwrap_or_default();
            kind.ends_with("-rtp") || kind == "candidate-pair"
        });
        Ok(shown.map(|one| format!("\n         {one}")).collect())
    }
}

fn transceiver(index: u32, mid: Option<&String>, kind: &str) -> Value {
    json!({
        "index": index, "mid": mid, "kind": kind, "direction": "sendrecv",
        "streams": ["echo"], "track": null, "stopped": false,
    })
}

/// Mid and kind of the audio and video m-lines in use.
fn lines(sdp: &str) -> Vec<(String, String)> {
    sdp.split("\nm=")
        .skip(1)
        .filter_map(|section| {
            let mut words = section.split(' ');
            let (kind, port) = (words.next()?, words.next()?);
            let mid = section
                .lines()
                .find_map(|line| line.strip_prefix("a=mid:"))?;
            (kind != "application" && port != "0").then(|| (mid.to_owned(), kind.to_owned()))
        })
        .collect()
}
