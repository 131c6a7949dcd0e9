//! Alice and Bob, two engines in one process on 127.0.0.1, driven as the polyfill drives them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "clippy takes only the test functions themselves for tests"
)]

mod calls;
mod cameras;
mod coturn;
mod network;
mod person;
mod pipewire;
mod real_cameras;
mod relays;
mod socket;
