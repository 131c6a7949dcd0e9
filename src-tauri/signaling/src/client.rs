//! The client: [`Registration`] makes us reachable at one server, [`Courier`] takes payloads to others.
//!
//! The two use separate connections, so that a server where we are registered does not learn from our sends whom we call
//! there, and a server we only send through does not learn who we are. Everything must be called inside a tokio runtime.

mod backoff;
mod courier;
mod dial;
mod fetch;
mod legible;
mod pool;
mod receipt;
mod registration;

pub use courier::{Courier, DeliverError, Routes};
pub use dial::{Dialer, OfflineReason};
pub use receipt::Receipt;
pub use registration::{Event, Registration, Signer};
