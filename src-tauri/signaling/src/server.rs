//! The meeting point: clients register keys here, anyone hands payloads to a key.
//!
//! [`serve`] takes a bound listener and runs until told to stop. `GET /ws` is the WebSocket, `GET /health` answers
//! `{"status":"ok"}`; where it is wanted, `GET /i` is the page behind invite links and `GET /` says what this is. Payloads are never
//! looked into, and nothing about anyone is logged. Nothing is written down but by [`serve_with_state`]: the sealed notes, and
//! for whom there may be some.

mod arrival;
#[cfg(test)]
mod chance;
mod config;
mod deliveries;
mod descriptors;
mod door;
mod fair_queue;
mod gate;
mod half_open;
mod hub;
mod ice;
mod known;
#[cfg(feature = "meddling")]
pub mod meddling;
mod notes;
mod pages;
mod session;
mod shares;
mod socket;
mod state;
mod table;
mod visitor;

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{
    Router,
    extract::{ConnectInfo, State, WebSocketUpgrade},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use tokio::{
    net::TcpListener,
    sync::watch,
    time::{Instant, timeout},
};

pub use config::{ServerConfig, ServerLimits};
pub use descriptors::{descriptor_limit, raise_descriptor_limit};
pub use ice::{IceError, IceIssuer, TurnSecret};
pub use state::{StateDir, StateInUse};

use crate::limits::{MAX_FRAME_BYTES, SHUTDOWN_GRACE};
use arrival::Arrival;
use door::Door;
use gate::{Gate, Refusal};
use half_open::HalfOpen;
use hub::{Hub, Mailbox};
use session::Session;
use shares::Origin;
use socket::End;
use state::Keeper;
use visitor::Peer;

/// Bytes that the WebSocket layer takes before it gives up without a word; up to it, too large is answered properly.
const HARD_FRAME_BYTES: usize = 2 * MAX_FRAME_BYTES;

/// Bytes a connection reads at a time. Small: most connections are silent most of the time.
const READ_BUFFER_BYTES: usize = 4 * 1024;

/// Runs a server until `shutdown` resolves, then says goodbye to its connections (close 1001) for at most
/// [`SHUTDOWN_GRACE`]. Dropping the future closes them too.
///
/// # Errors
/// When the listener itself fails. What happens on one connection never ends the server.
pub async fn serve<F>(listener: TcpListener, config: ServerConfig, shutdown: F) -> io::Result<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    run(listener, config, Hub::default(), None, shutdown).await
}

/// As [`serve`], with notes that survive the server: what it kept when it ran last is there again, and before this
/// returns all is written. When the future is dropped, that happens beside, on the same runtime.
///
/// # Errors
/// When the listener itself fails.
pub async fn serve_with_state<F>(
    listener: TcpListener,
    config: ServerConfig,
    state: StateDir,
    shutdown: F,
) -> io::Result<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    run(listener, config, Hub::default(), Some(state), shutdown).await
}

async fn run<F>(
    listener: TcpListener,
    config: ServerConfig,
    hub: Hub,
    state: Option<StateDir>,
    shutdown: F,
) -> io::Result<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    let hub = Arc::new(hub);
    let keeper = state.map(|state| Keeper::start(state, &hub));
    let (stop, stopping) = watch::channel(false);
    let half_open = Arc::new(HalfOpen::new(
        config.limits.half_open,
        config.limits.half_open_per_address,
    ));
    let door = Door::new(listener, Arc::clone(&half_open));
    let house = House {
        gate: Arc::new(Gate::new(&config.limits, Instant::now())),
        hub,
        config: Arc::new(config),
        stopping,
    };
    tokio::select! {
        () = welcome(door, half_open, house) => {}
        () = shutdown => {}
    }
    stop.send_replace(true);
    // Who does not take the goodbye in time is cut off by the end of the process or of the runtime.
    drop(timeout(SHUTDOWN_GRACE, stop.closed()).await);
    if let Some(keeper) = keeper {
        keeper.finish().await;
    }
    Ok(())
}

/// Takes connections for ever. None is accepted before the ones that had to go for those before it are gone.
async fn welcome(mut door: Door, half_open: Arc<HalfOpen>, house: House) {
    let patience = house.config.limits.upgrade_timeout;
    let stopping = house.stopping.clone();
    let config = Arc::clone(&house.config);
    let router = router(house);
    loop {
        let (stream, remote) = door.accept().await;
        let place = half_open.enter(countable(remote, &config.trusted_proxies));
        let deadline = Instant::now() + patience;
        let stopping = stopping.clone();
        tokio::spawn(visitor::serve(
            stream,
            remote,
            place,
            router.clone(),
            deadline,
            stopping,
        ));
        half_open.settled().await;
    }
}

/// The address that a new connection counts for. None where it comes from a proxy: of whom, is known only with the request.
fn countable(remote: SocketAddr, trusted: &[IpAddr]) -> Option<IpAddr> {
    let address = remote.ip().to_canonical();
    (!trusted.contains(&address)).then_some(address)
}

fn router(house: House) -> Router {
    let mut router = Router::new()
        .route("/ws", get(enter))
        .route("/health", get(health));
    if house.config.pages {
        router = router.merge(pages::routes());
    }
    router.with_state(house)
}

/// What every connection shares.
#[derive(Debug, Clone)]
struct House {
    gate: Arc<Gate>,
    hub: Arc<Hub>,
    config: Arc<ServerConfig>,
    stopping: watch::Receiver<bool>,
}

async fn health() -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "application/json")],
        r#"{"status":"ok"}"#,
    )
}

async fn enter(
    State(house): State<House>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let address = address_of(peer.remote, &headers, &house.config.trusted_proxies);
    let admission = match house.gate.admit(address, Instant::now()) {
        Ok(admission) => admission,
        Err(Refusal::Full) => {
            return (
                StatusCode::SERVICE_UNAVAILABLE,
                "This server is full. Try again later.",
            )
                .into_response();
        }
        Err(Refusal::TooManyFromAddress) => {
            return (
                StatusCode::TOO_MANY_REQUESTS,
                "Too many connections from this address.",
            )
                .into_response();
        }
    };
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .map(Into::into);
    let arrival = Arrival {
        local: peer.local,
        host,
        allowance: admission.allowance(),
        activity: admission.activity(),
        origin: Origin::Address(admission.origin()),
    };
    let write_timeout = house.config.limits.write_timeout;
    let activity = admission.activity();
    // Held to the end of the connection: a stopping server waits until these are gone.
    let present = house.stopping.clone();
    upgrade
        .max_message_size(HARD_FRAME_BYTES)
        .max_frame_size(HARD_FRAME_BYTES)
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .on_upgrade(async move |mut socket| {
            peer.upgraded();
            let (mailbox, mail) = Mailbox::new();
            #[cfg(feature = "meddling")]
            let witness = house.hub.witness(address);
            match Session::new(house.hub, house.config, mailbox, arrival, Instant::now()) {
                Ok(session) => {
                    #[cfg(feature = "meddling")]
                    let session = session.seen_by(witness);
                    let running = socket::run(
                        &mut socket,
                        session,
                        mail,
                        told_to_stop(house.stopping),
                        write_timeout,
                    );
                    let end = tokio::select! {
                        end = running => end,
                        () = activity.displaced() => socket::displace(&mut socket).await,
                    };
                    if end == End::Lost {
                        peer.cut();
                    }
                }
                Err(error) => {
                    tracing::error!("cannot make a nonce, a connection is dropped: {error}")
                }
            }
            // The socket first: whoever has left the count holds none.
            drop(socket);
            drop((admission, present));
        })
}

/// The client's own address: what the last trusted proxy on its way says, else the socket's. Read from the end, since each
/// proxy writes there. Before a part that is no address, anybody may have written anything: such a client counts for the proxy
/// that let it pass.
fn address_of(socket: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    let mut nearest = socket.to_canonical();
    let values = headers.get_all("x-forwarded-for").iter().rev();
    let mut parts = values.flat_map(|value| value.as_bytes().rsplit(|byte| *byte == b','));
    while trusted.contains(&nearest) {
        match parts.next().and_then(forwarded) {
            Some(address) => nearest = address,
            None => break,
        }
    }
    nearest
}

/// An address as proxies write it, some with a port.
fn forwarded(part: &[u8]) -> Option<IpAddr> {
    let part = std::str::from_utf8(part).ok()?.trim();
    let with_port = || part.parse().map(|address: SocketAddr| address.ip());
    let address = part.parse().or_else(|_| with_port()).ok()?;
    Some(IpAddr::to_canonical(&address))
}

/// Resolves when the server stops, or has been dropped.
async fn told_to_stop(mut stopping: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is a stop as well.
    drop(stopping.wait_for(|stop| *stop).await);
}

#[cfg(test)]
mod tests;
