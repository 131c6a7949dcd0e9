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
mod door;
mod fair_queue;
mod gate;
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

use std::{io, net::IpAddr, sync::Arc};

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
pub use ice::{IceError, IceIssuer, TurnSecret};
pub use state::{StateDir, StateInUse};

use crate::limits::{MAX_FRAME_BYTES, SHUTDOWN_GRACE};
use arrival::Arrival;
use door::{Door, Peer};
use gate::{Gate, Refusal};
use hub::{Hub, Mailbox};
use session::Session;
use shares::Origin;
use state::Keeper;

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
    let limits = &config.limits;
    let door = Door::new(listener, limits.upgrade_timeout);
    let house = House {
        gate: Arc::new(Gate::new(limits, Instant::now())),
        hub,
        config: Arc::new(config),
        stopping: stopping.clone(),
    };
    let mut router = Router::new()
        .route("/ws", get(enter))
        .route("/health", get(health));
    if house.config.pages {
        router = router.merge(pages::routes());
    }
    let router = router
        .with_state(house)
        .into_make_service_with_connect_info::<Peer>();
    let mut serving = Box::pin(
        axum::serve(door, router)
            .with_graceful_shutdown(told_to_stop(stopping))
            .into_future(),
    );
    let ended = tokio::select! {
        ended = &mut serving => ended,
        () = shutdown => {
            stop.send_replace(true);
            let goodbye = async {
                let ended = serving.await;
                stop.closed().await;
                ended
            };
            // Who does not take the goodbye in time is cut off by the end of the process or of the runtime.
            timeout(SHUTDOWN_GRACE, goodbye).await.unwrap_or(Ok(()))
        }
    };
    if let Some(keeper) = keeper {
        keeper.finish().await;
    }
    ended
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
    let address = address_of(peer.remote.ip(), &headers, &house.config.trusted_proxies);
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
        origin: Origin::Address(admission.origin()),
    };
    let write_timeout = house.config.limits.write_timeout;
    // Held to the end of the connection: a stopping server waits until these are gone.
    let present = house.stopping.clone();
    upgrade
        .max_message_size(HARD_FRAME_BYTES)
        .max_frame_size(HARD_FRAME_BYTES)
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .on_upgrade(async move |socket| {
            peer.upgraded();
            let (mailbox, mail) = Mailbox::new();
            #[cfg(feature = "meddling")]
            let witness = house.hub.witness(address);
            match Session::new(house.hub, house.config, mailbox, arrival, Instant::now()) {
                Ok(session) => {
                    #[cfg(feature = "meddling")]
                    let session = session.seen_by(witness);
                    socket::run(
                        socket,
                        session,
                        mail,
                        told_to_stop(house.stopping),
                        write_timeout,
                    )
                    .await
                }
                Err(error) => {
                    tracing::error!("cannot make a nonce, a connection is dropped: {error}")
                }
            }
            drop((admission, present));
        })
}

/// The client's own address: what the last trusted proxy on its way says, else the socket's.
fn address_of(socket: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    let socket = socket.to_canonical();
    if !trusted.contains(&socket) {
        return socket;
    }
    let forwarded: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    forwarded
        .iter()
        .flat_map(|value| value.split(','))
        .filter_map(|part| part.trim().parse::<IpAddr>().ok())
        .map(|address| address.to_canonical())
        .rfind(|address| !trusted.contains(address))
        .unwrap_or(socket)
}

/// Resolves when the server stops, or has been dropped.
async fn told_to_stop(mut stopping: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is a stop as well.
    drop(stopping.wait_for(|stop| *stop).await);
}

#[cfg(test)]
mod tests;
