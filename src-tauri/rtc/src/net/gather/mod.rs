//! Gathering: from the configuration's servers to candidates of ours.
//!
//! ```text
//!            sockets ──▶ host candidates, told at once
//!               │
//!   stun: ── names ──▶ Binding requests from each socket ──▶ server reflexive candidates
//!   turn: ── names ──▶ UDP, TCP or TLS ──▶ allocation ─────▶ relayed candidates
//! ```
//!
//! **Order and parallelism.** Host candidates wait for nothing. Every server is asked at the same time, each by a
//! task of its own, names included: whatever one of them takes, or that it is dead, delays no other. A candidate is
//! told the moment it is found, so the order of trickling is that in which servers answer; what a candidate is worth
//! is in its priority, which does not depend on that order: host before reflexive before relayed, and among relayed
//! ones UDP before TCP before TLS, then the servers in the order of the configuration. The end of candidates is told
//! when every server has answered or was given up ([`PATIENCE`]); until then the page sees `gathering`.
//!
//! A name with several addresses is tried in the order the system gives, the next one when the one before has
//! failed or not answered for [`STAGGER`]; the first that works is used. TURN servers spoken to by UDP are asked
//! for reflexive addresses too: they answer those as well.
//!
//! With `relay`, no socket for media is opened and no reflexive address asked for: there is nothing to tell.
//!
//! **Afterwards.** `turn-client-proto` refreshes allocations, permissions and channels while they are used. An
//! allocation that ends, by the server's doing or because the address it was made from is gone, takes its
//! candidates with it, and the page sees the connection go. An ICE restart gathers everything anew, from the
//! interfaces there are then; what was there before goes when nothing uses it any more.

mod link;
mod reflexive;
mod relay;
mod run;
mod session;
mod tls;

use std::time::Duration;

pub(crate) use link::{Cut, cut};
pub(crate) use reflexive::{Finding, Reflexive};
pub(crate) use relay::{RelayPacket, Way};
pub(crate) use run::{Found, Gathering};
pub(crate) use tls::Tls;

/// `RTCPeerConnectionIceErrorEvent.errorCode` of a server that cannot be reached.
pub(crate) const UNREACHABLE: u16 = 701;
/// A server that has not answered after this is given up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(8);
/// The next address of a server is tried after this (RFC 8305, section 5).
pub(crate) const STAGGER: Duration = Duration::from_millis(250);

/// What a server is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// A STUN server: reflexive addresses.
    Alone,
    /// A TURN server: reflexive addresses, beside relayed ones.
    Beside,
    /// A TURN server: relayed addresses.
    Relay,
}

/// Why a server gives no candidate: for `icecandidateerror`. No `Debug`: a server may say anything.
#[derive(Clone)]
pub(crate) struct Failure {
    /// STUN's error code, or [`UNREACHABLE`].
    pub code: u16,
    /// In a sentence, or what the server gave as its reason.
    pub text: String,
}

impl Failure {
    /// The server cannot be reached.
    pub fn unreachable(text: &str) -> Self {
        Self {
            code: UNREACHABLE,
            text: text.to_owned(),
        }
    }
}

/// Runs what logs addresses, keys and more, whatever the filter, without a log.
pub(crate) fn quiet<T>(work: impl FnOnce() -> T) -> T {
    tracing::dispatcher::with_default(&tracing::Dispatch::none(), work)
}
