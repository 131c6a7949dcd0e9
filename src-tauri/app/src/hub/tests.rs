//! Hubs without windows: real signaling on loopback, real keys, real files.

mod calls;
#[cfg(unix)]
mod control;
mod elsewhere;
mod gate;
mod meddling;
mod past;
pub(crate) mod person;
mod presence;
mod requests;
mod restores;
mod starts;
mod transfer;
mod trust;
mod waiting;

use super::*;
