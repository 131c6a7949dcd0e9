//! Alice, Bob and Carol call each other in a little world with a clock of its own.

mod busy;
mod calls;
mod early;
mod faults;
mod glare;
mod held;
mod link;
mod person;
mod post;
mod property;
mod races;
pub(crate) mod random;
mod typescript;
mod unfitting;
mod waiting;
mod world;
