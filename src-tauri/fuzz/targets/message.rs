//! The JSON inside an envelope: whatever is read is written and read back the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringdown_core::message::Message;

fuzz_target!(|json: &[u8]| {
    if let Ok(message) = serde_json::from_slice::<Message>(json) {
        let written = serde_json::to_vec(&message).unwrap_or_default();
        assert_eq!(
            serde_json::from_slice::<Message>(&written).ok(),
            Some(message)
        );
    }
});
