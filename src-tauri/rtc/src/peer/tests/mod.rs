//! Alice and Bob in a world of its own: virtual time, a network that loses what it is told to.

mod descriptions;
mod outages;
mod pictures;
mod world;
