use std::time::Duration;

use super::*;

const HOUR: Duration = Duration::from_secs(3600);
const MALLORY: Origin = Origin::Address(666);

fn key(number: u64) -> Key {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&number.to_be_bytes());
    Key::from(key)
}

/// As many keys as are remembered, all made known from one address.
fn crowded(now: Instant) -> Known {
    let mut known = Known::default();
    for number in 0..MAX_KNOWN_KEYS as u64 {
        known.leave(key(number), MALLORY, now);
    }
    known
}

#[test]
fn who_was_here_is_known_for_some_days() {
    let (mut known, now) = (Known::default(), Instant::now());
    known.arrive(&key(1), now);
    assert!(known.take_newcomers() && !known.take_newcomers());
    known.leave(key(1), MALLORY, now);
    assert!(known.was_here(&key(1), now + NOTES_KEPT - HOUR));
    assert!(!known.was_here(&key(1), now + NOTES_KEPT));
    // Who comes back meanwhile is nobody new.
    known.arrive(&key(1), now + HOUR);
    assert!(!known.take_newcomers());
    known.leave(key(1), MALLORY, now + HOUR);
    assert!(known.was_here(&key(1), now + NOTES_KEPT));
    known.arrive(&key(1), now + HOUR + NOTES_KEPT);
    assert!(known.take_newcomers());
}

#[test]
fn whoever_makes_many_keys_known_makes_nobody_else_unknown() {
    let now = Instant::now();
    let mut known = Known::default();
    known.leave(key(u64::MAX), Origin::Address(1), now);
    for number in 0..MAX_KNOWN_KEYS as u64 + 5000 {
        known.leave(key(number), MALLORY, now + Duration::from_millis(number));
    }
    assert_eq!(known.left.len(), MAX_KNOWN_KEYS);
    assert!(
        known.was_here(&key(u64::MAX), now),
        "older than any of Mallory's"
    );
    // And there is always a place for somebody else.
    known.leave(key(u64::MAX - 1), Origin::Address(2), now + HOUR);
    assert!(known.was_here(&key(u64::MAX - 1), now + HOUR));
}

#[test]
fn a_registration_costs_the_same_when_all_that_is_known_gets_out_of_date_at_once() {
    let now = Instant::now();
    let mut known = crowded(now);
    let later = now + NOTES_KEPT;
    let before = known.left.len();
    known.arrive(&key(u64::MAX), later);
    known.leave(key(u64::MAX), Origin::Address(1), later);
    let gone = before + 1 - known.left.len();
    assert!((1..=EXPIRED_AT_ONCE).contains(&gone), "{gone} at one step");
    assert!(known.was_here(&key(u64::MAX), later));
    // The rest goes bit by bit.
    let mut rest = 0;
    while known.expire(later, 1000) == 1000 {
        rest += 1000;
    }
    assert!(rest >= MAX_KNOWN_KEYS - 1000 && known.left.len() == 1 && known.numbers.len() == 1);
}

#[test]
fn who_was_known_before_is_known_for_the_rest_of_their_time() {
    let (mut known, now) = (Known::default(), Instant::now());
    let ends = now + HOUR;
    known.restore(key(1), now, now);
    assert!(!known.was_here(&key(1), now) && !known.take_newcomers());
    known.restore(key(1), ends, now);
    known.restore(key(1), now + HOUR / 2, now);
    assert!(known.take_newcomers());
    assert_eq!(known.page(None, 10, now), [(key(1), ends)]);
    assert!(!known.was_here(&key(1), ends));
    known.leave(key(1), MALLORY, now);
    known.restore(key(1), ends, now);
    assert_eq!(known.page(None, 10, now), [(key(1), now + NOTES_KEPT)]);
}

#[test]
fn all_of_them_are_found_page_by_page() {
    let (mut known, now) = (Known::default(), Instant::now());
    for number in 0..25 {
        known.leave(key(number), MALLORY, now);
    }
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = known.page(after, 10, now);
        assert!(page.len() <= 10);
        let Some((last, _)) = page.last() else { break };
        after = Some(*last);
        all.extend(page.iter().map(|(key, _)| *key));
    }
    assert_eq!(all, (0..25).map(key).collect::<Vec<_>>());
}
