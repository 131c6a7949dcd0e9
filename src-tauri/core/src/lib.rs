//! Identity, contacts, sealed envelope, the call state machine and the ICE policy of Ringdown.
//!
//! Nothing here does I/O or reads a clock: what happened goes in with the time it happened, what is to be done comes
//! out. The way of a call through these modules: [`invite`] → [`contacts`] → [`call`] → [`message`] → [`envelope`],
//! and back in by [`envelope`] → [`message`] → [`inbox`] → [`call`]. Whether two people know each other at all is the
//! business of [`invite`] → [`requests`] → [`contacts`] → [`safety`].

mod base64url;
pub mod call;
pub mod contacts;
pub mod envelope;
pub mod ice;
pub mod identity;
pub mod inbox;
pub mod invite;
pub mod message;
pub mod name;
mod percent;
mod reach;
pub mod requests;
pub mod safety;

#[cfg(test)]
mod tests;
