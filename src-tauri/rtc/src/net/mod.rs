//! The sockets of a peer, its relays, the names it resolves, and the task that runs it.

pub(crate) mod addresses;
mod candidates;
mod changes;
mod gather;
mod interface;
mod levels;
mod mdns;
mod sockets;
pub(crate) mod task;

pub use changes::Watch;
pub(crate) use gather::{Cut, Failure, Tls, cut};
pub(crate) use mdns::Resolver;
