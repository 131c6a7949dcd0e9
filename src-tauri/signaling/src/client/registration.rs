//! Being reachable at one server, for as long as the handle lives.

use std::{fmt, mem::discriminant, sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, mpsc},
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, interval_at, sleep, sleep_until, timeout},
};

use super::{
    backoff::Backoff,
    dial::{Connection, Dialer, Heard, NamedBy, OfflineReason, Server},
    receipt::Receipt,
};
use crate::{
    challenge,
    limits::{
        ATTEMPT_TIMEOUT, BACKOFF_RESET_AFTER, CLIENT_PING_EVERY, DEAD_AFTER, LINK_PATIENCE,
        MAX_ICE_SERVERS,
    },
    targets::Here,
    wire::{ClientFrame, IceServer, IceUrl, Key, ServerFrame, Signature},
};

/// Signs with the identity key: Ed25519 over exactly the bytes given, which are [`challenge::message`]s.
pub type Signer = Arc<dyn Fn(&[u8]) -> [u8; 64] + Send + Sync>;

/// What happens on a registration.
pub enum Event {
    /// Reachable there from now on.
    Online {
        /// As given to [`Registration::spawn`].
        url: String,
    },
    /// Not reachable there; told once for each new reason. Trying goes on, unless the URL is not one.
    Offline {
        /// As given to [`Registration::spawn`].
        url: String,
        /// For people and for programs.
        reason: OfflineReason,
    },
    /// Servers that help calls to connect; replaces what this server told before.
    Servers {
        /// As given to [`Registration::spawn`].
        url: String,
        /// At most [`MAX_ICE_SERVERS`], each with at least one valid URL.
        ice: Vec<IceServer>,
        /// How long they are good for. New ones come before that, as long as we are online.
        ttl: Duration,
        /// Whether this server is on this machine itself: then it may lend what is there, too.
        on_loopback: bool,
    },
    /// Somebody sent us this. It may come more than once, and by more than one registration.
    Received {
        /// As sealed by the sender.
        payload: Vec<u8>,
        /// To be accepted or refused, within [`OFFLINE_AFTER`](crate::limits::OFFLINE_AFTER).
        receipt: Receipt,
    },
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Online { .. } => f.write_str("Online"),
            Self::Offline { reason, .. } => write!(f, "Offline({})", reason.code()),
            Self::Servers { ice, .. } => write!(f, "Servers({})", ice.len()),
            Self::Received { payload, .. } => write!(f, "Received({} bytes)", payload.len()),
        }
    }
}

/// Keeps us registered at one server: connects, proves the key, stays, and connects again. Dropping it ends that at once.
pub struct Registration {
    url: String,
    hurry: Arc<Notify>,
    task: JoinHandle<()>,
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration").finish_non_exhaustive()
    }
}

impl Registration {
    /// Registers `key` at `url` (`ws://` or `wss://`), trusting the system's certificates. Each payload in `events` waits for
    /// its [`Receipt`]; when the receiver of `events` is gone, the registration ends.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn spawn(
        url: impl Into<String>,
        key: [u8; 32],
        sign: Signer,
        events: mpsc::Sender<Event>,
    ) -> Self {
        Self::spawn_with(Dialer::new(), url, key, sign, events)
    }

    /// As [`Self::spawn`], with certificates to trust.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn spawn_with(
        dialer: Dialer,
        url: impl Into<String>,
        key: [u8; 32],
        sign: Signer,
        events: mpsc::Sender<Event>,
    ) -> Self {
        let url = url.into();
        let hurry = Arc::new(Notify::new());
        let keeper = Keeper {
            dialer,
            url: url.clone(),
            key: Key::from(key),
            sign,
            events,
            told: None,
        };
        let task = tokio::spawn(keeper.run(Arc::clone(&hurry)));
        Self { url, hurry, task }
    }

    /// The server.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// For when the network came back or changed: connects now if it was waiting to, or begins anew if it was about to. If it is
    /// connected from an address that this machine does not have any more, connects again at once; otherwise asks the server
    /// for a sign of life and connects again when none comes within [`LINK_PATIENCE`].
    pub fn hurry(&self) {
        self.hurry.notify_one();
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Why there is nothing more to do.
struct NobodyListens;

struct Keeper {
    dialer: Dialer,
    url: String,
    key: Key,
    sign: Signer,
    events: mpsc::Sender<Event>,
    /// The last reason told since we were last online.
    told: Option<OfflineReason>,
}

impl Keeper {
    async fn run(mut self, hurry: Arc<Notify>) {
        let server = match Server::parse(&self.url) {
            Ok(server) => server,
            Err(reason) => {
                // Nobody listening and nothing to do are the same here.
                drop(self.tell_offline(reason).await);
                return;
            }
        };
        let mut backoff = Backoff::new();
        loop {
            let online = self.stay(&server, &hurry).await;
            let Ok((reason, lasted)) = online else { return };
            if lasted.is_some_and(|since| since.elapsed() >= BACKOFF_RESET_AFTER) {
                backoff.reset();
            }
            if reason == OfflineReason::Replaced {
                // Coming back at once would throw out the newer one, which would come back at once.
                backoff.exhaust();
            }
            if self.tell_offline(reason).await.is_err() {
                return;
            }
            tokio::select! {
                () = sleep(backoff.wait(getrandom::u32().unwrap_or_default())) => {}
                () = hurry.notified() => backoff.reset(),
                () = self.events.closed() => return,
            }
        }
    }

    /// One connection, to its end: why it ended, and since when it was online.
    async fn stay(
        &mut self,
        server: &Server,
        hurry: &Notify,
    ) -> Result<(OfflineReason, Option<Instant>), NobodyListens> {
        let registered = loop {
            tokio::select! {
                registered = self.register(server) => break registered,
                // By the network of before it may take until its patience ends.
                () = hurry.notified() => {}
            }
        };
        let mut connection = match registered {
            Ok(connection) => connection,
            Err(reason) => return Ok((reason, None)),
        };
        let since = Instant::now();
        self.told = None;
        self.tell(Event::Online {
            url: self.url.clone(),
        })
        .await?;
        let reason = self.listen(&mut connection, hurry).await?;
        Ok((reason, Some(since)))
    }

    async fn register(&self, server: &Server) -> Result<Connection, OfflineReason> {
        let (mut connection, nonce) = self.dialer.dial(server, NamedBy::Us).await?;
        let message = challenge::message(server.audience(), &nonce, &self.key);
        let signature = Signature::from((self.sign)(&message));
        let answer = async {
            connection
                .send(
                    ClientFrame::Register {
                        key: self.key,
                        signature,
                    }
                    .encode(),
                )
                .await?;
            loop {
                match connection.next().await? {
                    Heard::Frame(ServerFrame::Ready) => return Ok(()),
                    Heard::Frame(ServerFrame::Error { code, message }) => {
                        if let Some(reason) = OfflineReason::of_error(code, message) {
                            return Err(reason);
                        }
                    }
                    Heard::Frame(_) | Heard::SignOfLife => {}
                }
            }
        };
        timeout(ATTEMPT_TIMEOUT, answer)
            .await
            .unwrap_or(Err(OfflineReason::TimedOut))?;
        Ok(connection)
    }

    async fn listen(
        &self,
        connection: &mut Connection,
        hurry: &Notify,
    ) -> Result<OfflineReason, NobodyListens> {
        let (verdicts, mut decided) = mpsc::unbounded_channel();
        let mut ping = interval_at(Instant::now() + CLIENT_PING_EVERY, CLIENT_PING_EVERY);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let dead = sleep_until(Instant::now() + DEAD_AFTER);
        tokio::pin!(dead);
        // It was asked for a sign of life. If it has none, there is no reason to wait before the next attempt.
        let mut asked = false;
        loop {
            let heard = tokio::select! {
                heard = connection.next() => heard,
                _ = ping.tick() => match connection.ping().await {
                    Ok(()) => continue,
                    Err(reason) => return Ok(reason),
                },
                Some((id, accepted)) = decided.recv() => {
                    let answer = if accepted { ClientFrame::Ack { id } } else { ClientFrame::Refuse { id } };
                    match connection.send(answer.encode()).await {
                        Ok(()) => continue,
                        Err(reason) => return Ok(reason),
                    }
                }
                () = hurry.notified() => {
                    if !connection.is_rooted() {
                        hurry.notify_one();
                        return Ok(OfflineReason::Lost);
                    }
                    match connection.ping().await {
                        Ok(()) => {
                            dead.as_mut().reset(Instant::now() + LINK_PATIENCE);
                            asked = true;
                            continue;
                        }
                        Err(reason) => return Ok(reason),
                    }
                }
                () = &mut dead => Err(OfflineReason::TimedOut),
                () = self.events.closed() => {
                    connection.close().await;
                    return Err(NobodyListens);
                }
            };
            if asked && heard.is_err() {
                hurry.notify_one();
            }
            asked = false;
            dead.as_mut().reset(Instant::now() + DEAD_AFTER);
            let frame = match heard {
                Ok(Heard::Frame(frame)) => frame,
                Ok(Heard::SignOfLife) => continue,
                Err(reason) => return Ok(reason),
            };
            match frame {
                ServerFrame::Deliver { id, payload } => {
                    self.tell(Event::Received {
                        payload: payload.bytes(),
                        receipt: Receipt::new(id, verdicts.clone()),
                    })
                    .await?;
                }
                ServerFrame::Error { code, message } => {
                    if let Some(reason) = OfflineReason::of_error(code, message) {
                        return Ok(reason);
                    }
                }
                ServerFrame::Servers { ice, ttl } => {
                    let on_loopback = connection.is_on_loopback();
                    self.tell(Event::Servers {
                        url: self.url.clone(),
                        ice: usable(ice, on_loopback),
                        ttl: Duration::from_secs(ttl.into()),
                        on_loopback,
                    })
                    .await?;
                }
                ServerFrame::Hello { .. } | ServerFrame::Ready | ServerFrame::Result { .. } => {}
            }
        }
    }

    async fn tell_offline(&mut self, reason: OfflineReason) -> Result<(), NobodyListens> {
        if self
            .told
            .as_ref()
            .is_some_and(|told| discriminant(told) == discriminant(&reason))
        {
            return Ok(());
        }
        self.told = Some(reason.clone());
        self.tell(Event::Offline {
            url: self.url.clone(),
            reason,
        })
        .await
    }

    async fn tell(&self, event: Event) -> Result<(), NobodyListens> {
        self.events.send(event).await.map_err(|_| NobodyListens)
    }
}

/// Leaves out what no peer connection would take: one bad URL makes browsers refuse all of them. And what a server may not lend;
/// `loopback`: it is on this machine itself.
fn usable(servers: Vec<IceServer>, loopback: bool) -> Vec<IceServer> {
    let here = Here::look(loopback);
    let checked = servers.into_iter().filter_map(|mut server| {
        let has_credential = server.username.is_some() && server.credential.is_some();
        let may = |url: &IceUrl| (!url.is_turn() || has_credential) && url.may_be_lent(&here);
        server
            .urls
            .retain(|url| url.parse::<IceUrl>().is_ok_and(|url| may(&url)));
        server.urls.truncate(MAX_ICE_SERVERS);
        (!server.urls.is_empty()).then_some(server)
    });
    checked.take(MAX_ICE_SERVERS).collect()
}
