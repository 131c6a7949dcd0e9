//! Stand-alone signaling server.
fn main() {}
