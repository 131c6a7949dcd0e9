//! Open connections for sending, one a server, shared by all recipients there.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval_at, sleep_until},
};

use super::dial::{Connection, Dialer, Heard, NamedBy, OfflineReason, Server};
use crate::{
    limits::{CLIENT_PING_EVERY, COURIER_IDLE, DEAD_AFTER, LINK_PATIENCE, MAX_OPEN_SENDS},
    wire::{ClientFrame, Key, Outcome, Payload, ServerFrame},
};

/// What a server said to a send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) outcome: Outcome,
    pub(super) message: Option<String>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LinkError {
    /// The server was never reached.
    Unreachable,
    /// The connection was there and ended first: the payload may have arrived or not.
    Lost,
}

struct Command {
    to: Key,
    payload: Payload,
    /// To be kept for them.
    note: bool,
    answer: oneshot::Sender<Result<Answer, LinkError>>,
}

/// A connection, or one being made.
#[derive(Clone)]
pub(super) struct Link {
    commands: mpsc::UnboundedSender<Command>,
    connected: Arc<AtomicBool>,
}

impl Link {
    /// Queues a send at once, in the order of the calls; the future is the answer. When the future is dropped before the
    /// payload left, it does not leave.
    pub(super) fn send(
        &self,
        to: Key,
        payload: Payload,
    ) -> impl Future<Output = Result<Answer, LinkError>> + use<> {
        self.command(to, payload, false)
    }

    /// The same with a note, to be kept for them.
    pub(super) fn leave(
        &self,
        to: Key,
        payload: Payload,
    ) -> impl Future<Output = Result<Answer, LinkError>> + use<> {
        self.command(to, payload, true)
    }

    fn command(
        &self,
        to: Key,
        payload: Payload,
        note: bool,
    ) -> impl Future<Output = Result<Answer, LinkError>> + use<> {
        let (answer, answered) = oneshot::channel();
        // If the link has ended, the answer comes back dropped.
        drop(self.commands.send(Command {
            to,
            payload,
            note,
            answer,
        }));
        async { answered.await.unwrap_or(Err(LinkError::Lost)) }
    }

    /// Whether the server answered on this link so far.
    fn is_connected(&self) -> bool {
        self.connected.load(Ordering::Relaxed)
    }
}

/// The links of one courier. They end with it.
pub(super) struct Pool {
    dialer: Dialer,
    /// This app keeps to loopback itself, and so may others want it to.
    loopback: bool,
    open: Mutex<Open>,
    /// How often all links were ended.
    renewed: AtomicU64,
}

#[derive(Default)]
struct Open {
    links: HashMap<String, Link>,
    /// Servers that the person chose, which may be anywhere.
    own: Vec<String>,
    tasks: JoinSet<()>,
}

impl Pool {
    /// `loopback`: this app keeps to loopback itself, and so may others want it to.
    pub(super) fn new(dialer: Dialer, loopback: bool) -> Self {
        Self {
            dialer,
            loopback,
            open: Mutex::default(),
            renewed: AtomicU64::default(),
        }
    }

    /// The servers that the person chose: those may be anywhere.
    pub(super) fn set_own(&self, own: Vec<String>) {
        self.lock().own = own;
    }

    /// The link to a server, made if there is none.
    pub(super) fn link(&self, url: &str) -> Link {
        let mut open = self.lock();
        if let Some(link) = open
            .links
            .get(url)
            .filter(|link| !link.commands.is_closed())
        {
            return link.clone();
        }
        while open.tasks.try_join_next().is_some() {}
        open.links.retain(|_, link| !link.commands.is_closed());
        let by = if open.own.iter().any(|own| own == url) {
            NamedBy::Us
        } else {
            NamedBy::Others {
                loopback: self.loopback,
            }
        };
        let (commands, received) = mpsc::unbounded_channel();
        let link = Link {
            commands,
            connected: Arc::default(),
        };
        open.tasks.spawn(run(
            self.dialer.clone(),
            (url.to_owned(), by),
            received,
            Arc::clone(&link.connected),
        ));
        open.links.insert(url.to_owned(), link.clone());
        link
    }

    /// The link to a server, if there is a living one.
    pub(super) fn living(&self, url: &str) -> Option<Link> {
        self.lock()
            .links
            .get(url)
            .filter(|link| !link.commands.is_closed() && link.is_connected())
            .cloned()
    }

    /// Gives a link up: the next send to that server makes a new one. What is under way on it may still be answered.
    pub(super) fn discard(&self, url: &str, link: &Link) {
        let mut open = self.lock();
        if open
            .links
            .get(url)
            .is_some_and(|kept| kept.commands.same_channel(&link.commands))
        {
            open.links.remove(url);
        }
    }

    /// Ends every link: what is open on them is lost.
    pub(super) fn renew(&self) {
        let mut open = self.lock();
        self.renewed.fetch_add(1, Ordering::Relaxed);
        open.links.clear();
        open.tasks.abort_all();
    }

    /// How often [`Self::renew`] was called.
    pub(super) fn renewed(&self) -> u64 {
        self.renewed.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        // No code panics while it holds the lock, and the maps are whole at every moment.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A link's life: connect, send, answer, and close when nobody needed it for a while.
async fn run(
    dialer: Dialer,
    (url, by): (String, NamedBy),
    mut commands: mpsc::UnboundedReceiver<Command>,
    connected: Arc<AtomicBool>,
) {
    let dialled = match Server::parse(&url) {
        Ok(server) => dialer.dial(&server, by).await,
        Err(reason) => Err(reason),
    };
    let mut connection = match dialled {
        Ok((connection, _)) => connection,
        Err(reason) => {
            tracing::debug!("a server for sending cannot be used: {}", reason.code());
            commands.close();
            while let Some(command) = commands.recv().await {
                // Who asked may have stopped waiting.
                drop(command.answer.send(Err(LinkError::Unreachable)));
            }
            return;
        }
    };
    connected.store(true, Ordering::Relaxed);
    let mut open = BTreeMap::new();
    let reason = talk(&mut connection, &mut commands, &mut open).await;
    tracing::debug!("a connection for sending ended: {}", reason.code());
    // Everything still open is dropped here, in its order, which its askers hear as lost.
}

/// Until the connection ends, is idle, or nobody can use it any more.
async fn talk(
    connection: &mut Connection,
    commands: &mut mpsc::UnboundedReceiver<Command>,
    open: &mut BTreeMap<u32, oneshot::Sender<Result<Answer, LinkError>>>,
) -> OfflineReason {
    let mut next_id = 0_u32;
    let mut ping = interval_at(Instant::now() + CLIENT_PING_EVERY, CLIENT_PING_EVERY);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let dead = sleep_until(Instant::now() + DEAD_AFTER);
    let idle = sleep_until(Instant::now() + COURIER_IDLE);
    // An answer may take its time, for the recipient's sake; a sign of life may not. So each send asks for one, and a dead
    // connection is told from a slow answer.
    let silent = sleep_until(Instant::now());
    let mut asked = false;
    tokio::pin!(dead, idle, silent);
    loop {
        tokio::select! {
            command = commands.recv(), if open.len() < MAX_OPEN_SENDS as usize => {
                let Some(Command { to, payload, note, answer }) = command else {
                    connection.close().await;
                    return OfflineReason::Lost;
                };
                if answer.is_closed() {
                    continue;
                }
                idle.as_mut().reset(Instant::now() + COURIER_IDLE);
                let id = next_id;
                next_id = next_id.wrapping_add(1);
                open.insert(id, answer);
                let frame = if note {
                    ClientFrame::Leave { id, to, payload }
                } else {
                    ClientFrame::Send { id, to, payload }
                };
                if let Err(reason) = connection.send(frame.encode()).await {
                    return reason;
                }
                if !asked {
                    if let Err(reason) = connection.ping().await {
                        return reason;
                    }
                    asked = true;
                    silent.as_mut().reset(Instant::now() + LINK_PATIENCE);
                }
            }
            heard = connection.next() => {
                asked = false;
                dead.as_mut().reset(Instant::now() + DEAD_AFTER);
                match heard {
                    Ok(Heard::Frame(ServerFrame::Result { id, outcome, message })) => {
                        if let Some(answer) = open.remove(&id) {
                            // Who asked may have stopped waiting.
                            drop(answer.send(Ok(Answer { outcome, message })));
                        }
                    }
                    Ok(Heard::Frame(ServerFrame::Error { code, message })) => {
                        if let Some(reason) = OfflineReason::of_error(code, message) {
                            return reason;
                        }
                    }
                    Ok(Heard::Frame(_) | Heard::SignOfLife) => {}
                    Err(reason) => return reason,
                }
            }
            _ = ping.tick() => if let Err(reason) = connection.ping().await { return reason },
            () = &mut silent, if asked => return OfflineReason::TimedOut,
            () = &mut dead => return OfflineReason::TimedOut,
            () = &mut idle => if open.values().all(oneshot::Sender::is_closed) {
                connection.close().await;
                return OfflineReason::Lost;
            } else {
                idle.as_mut().reset(Instant::now() + COURIER_IDLE);
            },
        }
    }
}
