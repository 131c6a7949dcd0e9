//! What comes from the network: packets to a peer, and a TURN server's stream.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringdown_rtc::fuzz;

fuzz_target!(|bytes: &[u8]| {
    fuzz::packet(bytes);
    fuzz::turn_stream(bytes);
});
