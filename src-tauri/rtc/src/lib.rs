//! The Linux WebRTC engine of Ringdown: what stands behind the RTCPeerConnection polyfill.
//!
//! Control goes over [`Engine::request`] and [`Engine::events`] as JSON, coded pictures over a
//! loopback WebSocket; voice never leaves this process but as packets.
//!
//! ```text
//!   page ── requests, events ──▶ engine ──▶ peer task ──▶ peer (str0m, no I/O)
//!   worker ── coded pictures ──▶ media_socket ──▲  │
//!   microphone, speaker ◀──────▶ audio ─────────┘  └────▶ net: UDP sockets, STUN, TURN, mDNS
//! ```

pub mod audio;
mod engine;
mod error;
#[doc(hidden)]
pub mod fuzz;
mod limits;
mod machine;
mod media_socket;
mod net;
mod peer;
mod pipeline;
mod sdp;
mod servers;
mod video;

pub use audio::Microphone;
pub use engine::{Engine, EngineConfig};
pub use error::{EngineError, RtcError};
pub use net::Watch as NetworkWatch;
pub use video::CameraSource;
