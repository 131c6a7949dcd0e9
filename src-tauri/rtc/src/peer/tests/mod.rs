//! Alice and Bob in a world of its own: virtual time, a network that loses what it is told to.

mod candidates;
mod channels;
mod descriptions;
mod floods;
mod hostile;
mod identity;
mod link;
mod logs;
mod outages;
mod paths;
mod pictures;
mod rates;
mod rollbacks;
mod world;
