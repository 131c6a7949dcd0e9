//! What the page asks of the engine: requests, configurations, the URLs of servers.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringdown_rtc::fuzz;

fuzz_target!(|text: &str| {
    fuzz::request(text);
    fuzz::configuration(text);
    fuzz::server_url(text);
});
