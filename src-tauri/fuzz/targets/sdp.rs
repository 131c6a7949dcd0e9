//! Descriptions of the other side: read, written, read again, and taken as an offer by a peer that answers.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringdown_rtc::fuzz;

fuzz_target!(|text: &str| {
    if fuzz::description(text) {
        fuzz::offer(text);
    }
});
