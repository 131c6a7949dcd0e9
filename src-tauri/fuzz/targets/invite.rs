//! Invite links as people paste them: whatever is read makes a link that reads the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringdown_core::invite::Invite;

fuzz_target!(|text: &str| {
    if let Ok(invite) = Invite::parse(text) {
        assert_eq!(Invite::parse(&invite.to_link()), Ok(invite));
    }
});
