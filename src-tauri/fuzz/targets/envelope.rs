//! What a server hands over: bytes of anybody's making, and genuine envelopes that were changed on their way. None opens
//! but the genuine ones as they were made.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use ringdown_core::envelope::{Admission, Sessions};
use ringdown_core::identity::Identity;
use ringdown_core::message::Message;

const NOW_MS: u64 = 1_800_000_000_000;

fuzz_target!(|input: (Written, Vec<u8>)| {
    let (Written(message), changes) = input;
    let alice = Arc::new(Identity::from_seed([1; 32]));
    let bob = Arc::new(Identity::from_seed([2; 32]));
    let mut hers = Sessions::new(alice, []);
    let mut his = Sessions::new(Arc::clone(&bob), []);
    assert!(
        his.open(NOW_MS, &changes, |_, _| Admission::Contact)
            .is_err()
    );
    let Some(message) = message else { return };
    let Ok(genuine) = hers.seal(NOW_MS, bob.public(), &message) else {
        return;
    };
    let changed: Vec<u8> = genuine
        .iter()
        .enumerate()
        .map(|(at, byte)| byte ^ changes.get(at).copied().unwrap_or_default())
        .collect();
    let opened = his.open(NOW_MS, &changed, |_, _| Admission::Contact);
    match opened {
        Ok(opened) => {
            assert_eq!(changed, genuine);
            assert!(opened.iter().all(|opened| opened.message == message));
        }
        Err(_) => assert_ne!(changed, genuine),
    }
});

/// A message as another app could have written it.
#[derive(Debug)]
struct Written(Option<Message>);

impl<'a> libfuzzer_sys::arbitrary::Arbitrary<'a> for Written {
    fn arbitrary(
        bytes: &mut libfuzzer_sys::arbitrary::Unstructured<'a>,
    ) -> libfuzzer_sys::arbitrary::Result<Self> {
        let json: &str = bytes.arbitrary()?;
        Ok(Self(serde_json::from_str(json).ok()))
    }
}
