use super::*;
use crate::limits::{MAX_KNOWN_KEYS, NOTES_KEPT, OFFLINE_AFTER};

const BOBS: Origin = Origin::Address(2);
const MALLORY: Origin = Origin::Address(666);

fn note() -> Payload {
    Payload::new(b"sealed").unwrap()
}

/// Takes what is queued for a seat; gives how much there was.
fn takes(seat: &Seat, now: Instant) -> usize {
    let mut count = 0;
    while let Next::Delivery(delivery) = seat.next_delivery(u64::MAX, now) {
        delivery.receipt.confirm();
        count += 1;
    }
    count
}

#[test]
fn a_note_finds_who_has_been_here_for_longer_than_anybody_is_known() {
    let hub = Arc::new(Hub::default());
    let (mailbox, mut mail) = Mailbox::new();
    let (bob, came) = (Key::from([2; 32]), Instant::now());
    let seat = hub.register(bob, mailbox, BOBS, came, OFFLINE_AFTER);
    let now = came + NOTES_KEPT * 2;
    hub.leave(bob, &note(), MALLORY, now, now + OFFLINE_AFTER);
    assert!(matches!(mail.try_recv(), Ok(Mail::Waiting)));
    assert_eq!(takes(&seat, now), 1);
}

#[test]
fn who_is_here_is_known_however_many_others_were_here_since() {
    let hub = Arc::new(Hub::default());
    let (bob, now) = (Key::from([255; 32]), Instant::now());
    let seat = hub.register(bob, Mailbox::new().0, BOBS, now, OFFLINE_AFTER);
    let key = |number: usize| {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&number.to_le_bytes());
        Key::from(key)
    };
    for number in 0..MAX_KNOWN_KEYS + 1000 {
        let origin = Origin::Address(number as u64 % 1000 + 1000);
        hub.notes().known.leave(key(number), origin, now);
    }
    assert!(hub.known(now).contains_key(&bob));
    hub.leave(bob, &note(), MALLORY, now, now + OFFLINE_AFTER);
    assert_eq!(takes(&seat, now), 1);
    // And when he goes he has a place before those of whom there are many from one address.
    drop(seat);
    hub.leave(bob, &note(), MALLORY, now, now + OFFLINE_AFTER);
    let seat = hub.register(bob, Mailbox::new().0, BOBS, now, OFFLINE_AFTER);
    assert_eq!(takes(&seat, now), 1);
}

#[test]
fn the_end_of_an_older_registration_makes_nobody_leave() {
    let hub = Arc::new(Hub::default());
    let (bob, now) = (Key::from([2; 32]), Instant::now());
    let older = hub.register(bob, Mailbox::new().0, MALLORY, now, OFFLINE_AFTER);
    let newer = hub.register(bob, Mailbox::new().0, BOBS, now, OFFLINE_AFTER);
    drop(older);
    assert!(hub.notes().known.page(None, 9, now).is_empty());
    hub.leave(bob, &note(), MALLORY, now, now + OFFLINE_AFTER);
    assert_eq!(takes(&newer, now), 1);
    drop(newer);
    assert_eq!(hub.notes().known.page(None, 9, now).len(), 1);
}
