//! Candidates of the other side.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringdown_rtc::fuzz;

fuzz_target!(|text: &str| {
    fuzz::candidate(text);
});
