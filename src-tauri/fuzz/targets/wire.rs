//! The frames between a client and a server: whatever is read is written and read back the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringdown_signaling::wire::{ClientFrame, ServerFrame};

fuzz_target!(|text: &str| {
    if let Ok(frame) = ClientFrame::decode(text) {
        assert_eq!(ClientFrame::decode(&frame.encode()), Ok(frame));
    }
    if let Ok(frame) = ServerFrame::decode(text) {
        assert_eq!(ServerFrame::decode(&frame.encode()), Ok(frame));
    }
});
