//! What comes over the media socket, coded pictures and notes about them; and what comes from the other side: pictures and
//! voice.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringdown_rtc::fuzz;

fuzz_target!(|message: &[u8]| {
    fuzz::media_frame(message);
    fuzz::picture(message);
    fuzz::voice(message);
    if let Ok(text) = std::str::from_utf8(message) {
        fuzz::media_note(text);
    }
});
