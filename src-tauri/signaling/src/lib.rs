//! Signaling of Ringdown: wire frames, the WebSocket client, the axum server and discovery on the local network.
//!
//! Payloads are opaque bytes here: this crate never learns who sends one nor what is in it. The wire is described in
//! `docs/PROTOCOL.md`, precisely enough to write another client or server.
//!
//! - [`wire`]: the JSON frames and the codes on them; [`limits`]: every size, rate and interval in one place.
//! - [`challenge`]: how a client proves its key to a server.
//! - [`server`]: the meeting point, as a library; the binary `ringdown-server` is this and a command line.
//! - [`client`]: [`Registration`] makes us reachable at a server, [`Courier`] takes payloads to others.
//! - `meddling` (with the cargo feature of that name, for tests): a server that lies.
//! - [`logs`]: what repeats itself is counted, so that nobody floods a log. The app uses it too.
//! - [`lan`]: finds people we know on the local network, without telling strangers who is there.

pub mod challenge;
pub mod client;
pub mod lan;
pub mod limits;
pub mod logs;
pub mod server;
mod targets;
pub mod wire;

pub use client::{
    Courier, DeliverError, Dialer, Event, OfflineReason, Receipt, Registration, Routes, Signer,
};
pub use lan::{Found, Interfaces, Lan, LanError};
#[cfg(feature = "meddling")]
pub use server::meddling;
pub use server::{ServerConfig, serve, serve_with_state};
pub use wire::IceServer;
