//! Attacks that speak the protocol: with valid frames, as fast as the server takes them.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ed25519_dalek::{Signer as _, SigningKey};
use futures_util::{SinkExt as _, StreamExt as _};
use ringdown_signaling::challenge::{self, Audience};
use ringdown_signaling::limits::{MAX_NOTE_BYTES, MAX_PAYLOAD_BYTES};
use ringdown_signaling::wire::{ClientFrame, Key, Nonce, Payload, ServerFrame, Signature};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::Result;

/// Pause of an attacker whose connection has ended.
const PAUSE: Duration = Duration::from_millis(10);
/// Pause between two payloads of a slow reader: what one connection may keep up.
const SEND_PAUSE: Duration = Duration::from_millis(20);
/// Notes that one attacker leaves before it makes another key known.
const NOTES: u32 = 40;

/// What each connection does, again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attack {
    /// Registers, sends itself the largest payloads, and reads nothing.
    SlowReader,
    /// Makes a key known, leaves, and leaves it the largest notes.
    Notes,
    /// Registers a key that nobody saw before, and leaves.
    Registrations,
}

/// Connections that attack until this is dropped.
#[derive(Debug)]
pub struct Attackers {
    _tasks: JoinSet<()>,
    made: Arc<AtomicU64>,
}

impl Attackers {
    /// `count` connections, spread over these addresses.
    #[must_use]
    pub fn start(attack: Attack, server: SocketAddr, from: &[Ipv4Addr], count: usize) -> Self {
        let mut tasks = JoinSet::new();
        let made = Arc::<AtomicU64>::default();
        for address in from.iter().cycle().take(count).copied() {
            let way = Way {
                from: address,
                server,
                made: Arc::clone(&made),
            };
            tasks.spawn(async move {
                loop {
                    // An attacker that is refused comes again.
                    drop(match attack {
                        Attack::SlowReader => way.read_slowly().await,
                        Attack::Notes => way.leave_notes().await,
                        Attack::Registrations => way.register().await.map(drop),
                    });
                    sleep(PAUSE).await;
                }
            });
        }
        Self {
            _tasks: tasks,
            made,
        }
    }

    /// Connections that were made so far.
    #[must_use]
    pub fn made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }
}

/// From an attacker's address to the server.
struct Way {
    from: Ipv4Addr,
    server: SocketAddr,
    made: Arc<AtomicU64>,
}

impl Way {
    /// A connection, and what has to be signed on it.
    async fn connect(&self) -> Result<(WebSocketStream<TcpStream>, Nonce)> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((self.from, 0).into())?;
        let stream = socket.connect(self.server).await?;
        self.made.fetch_add(1, Ordering::Relaxed);
        let (mut socket, _) = client_async(format!("ws://{}/ws", self.server), stream).await?;
        match next(&mut socket).await? {
            ServerFrame::Hello { nonce, .. } => Ok((socket, nonce)),
            other => Err(format!("no hello but {other:?}").into()),
        }
    }

    /// A connection that a new key is registered on.
    async fn register(&self) -> Result<(WebSocketStream<TcpStream>, Key)> {
        let (mut socket, nonce) = self.connect().await?;
        let mut seed = [0; 32];
        getrandom::fill(&mut seed)?;
        let secret = SigningKey::from_bytes(&seed);
        let key = Key::from(secret.verifying_key().to_bytes());
        let message = challenge::message(&Audience::of_address(self.server), &nonce, &key);
        let signature = Signature::from(secret.sign(&message).to_bytes());
        say(&mut socket, &ClientFrame::Register { key, signature }).await?;
        match next(&mut socket).await? {
            ServerFrame::Ready => Ok((socket, key)),
            other => Err(format!("not ready but {other:?}").into()),
        }
    }

    async fn read_slowly(&self) -> Result<()> {
        let (mut socket, to) = self.register().await?;
        let payload = Payload::new(&vec![7; MAX_PAYLOAD_BYTES])?;
        for id in 0.. {
            let payload = payload.clone();
            say(&mut socket, &ClientFrame::Send { id, to, payload }).await?;
            sleep(SEND_PAUSE).await;
        }
        Ok(())
    }

    async fn leave_notes(&self) -> Result<()> {
        let (known, to) = self.register().await?;
        drop(known);
        let (mut socket, _) = self.connect().await?;
        let payload = Payload::new(&vec![7; MAX_NOTE_BYTES])?;
        for id in 0..NOTES {
            let payload = payload.clone();
            say(&mut socket, &ClientFrame::Leave { id, to, payload }).await?;
            next(&mut socket).await?;
        }
        Ok(())
    }
}

async fn say(socket: &mut WebSocketStream<TcpStream>, frame: &ClientFrame) -> Result<()> {
    Ok(socket.send(Message::text(frame.encode())).await?)
}

async fn next(socket: &mut WebSocketStream<TcpStream>) -> Result<ServerFrame> {
    loop {
        match socket.next().await.ok_or("the connection ended")?? {
            Message::Text(text) => return Ok(ServerFrame::decode(text.as_str())?),
            Message::Close(_) => return Err("the connection was closed".into()),
            _ => {}
        }
    }
}
