//! The sockets of a peer, the names it resolves, and the task that runs it.

mod addresses;
mod mdns;
mod sockets;
pub(crate) mod task;

pub(crate) use mdns::Resolver;
