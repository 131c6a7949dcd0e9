use std::{sync::LazyLock, time::Duration};

use super::*;
use crate::{
    limits::{MAX_PAYLOAD_BYTES, OFFLINE_AFTER},
    server::{chance::Chance, shares::Origin},
};

const ALICE: Origin = Origin::Address(1);
const MALLORY: Origin = Origin::Address(666);

static LARGEST: LazyLock<Payload> =
    LazyLock::new(|| Payload::new(&[7; MAX_PAYLOAD_BYTES]).unwrap());

fn delivery(origin: Origin, size: usize, until: Instant) -> Delivery {
    Delivery {
        payload: match size {
            MAX_PAYLOAD_BYTES => LARGEST.clone(),
            size => Payload::new(&vec![7; size]).unwrap(),
        },
        receipt: Receipt::for_nobody(origin, until),
    }
}

/// From whom everything is that is queued for a seat, in the order it would go out.
fn origins(deliveries: &mut Deliveries, seat: u64, now: Instant) -> Vec<Origin> {
    let mut origins = Vec::new();
    while let Next::Delivery(next) = deliveries.next(seat, u64::MAX, now) {
        origins.push(next.receipt.origin());
    }
    origins
}

#[test]
fn whoever_fills_a_queue_fills_it_with_their_own() {
    let (mut deliveries, now) = (Deliveries::default(), Instant::now());
    let until = now + OFFLINE_AFTER;
    deliveries.open(1);
    deliveries.push(1, delivery(ALICE, 12_288, until), now);
    for _ in 0..500 {
        deliveries.push(1, delivery(MALLORY, MAX_PAYLOAD_BYTES, until), now);
        assert!(deliveries.queues[&1].order.weight() <= MAX_QUEUED_BYTES_PER_KEY);
    }
    deliveries.push(1, delivery(ALICE, 12_288, until), now);
    let order = origins(&mut deliveries, 1, now);
    assert_eq!(order.iter().filter(|origin| **origin == ALICE).count(), 2);
    assert!(
        order[..3].iter().filter(|origin| **origin == ALICE).count() == 2,
        "{order:?}"
    );
}

#[test]
fn whoever_fills_all_queues_together_leaves_room_for_others() {
    let (mut deliveries, now) = (Deliveries::default(), Instant::now());
    let until = now + OFFLINE_AFTER;
    for seat in 0..200 {
        deliveries.open(seat);
    }
    for number in 0..4000 {
        // Mallory's go to 150 people from one address, who do not read.
        deliveries.push(
            number % 150,
            delivery(MALLORY, MAX_PAYLOAD_BYTES, until),
            now,
        );
        assert!(deliveries.all.held_by(MALLORY) <= MAX_QUEUED_BYTES);
    }
    for seat in 100..200 {
        deliveries.push(seat, delivery(ALICE, 12_288, until), now);
    }
    for seat in 100..200 {
        // After what came before, of which there is at most one of each.
        let order = origins(&mut deliveries, seat, now);
        assert!(
            order.iter().take(2).any(|origin| *origin == ALICE),
            "{order:?}"
        );
    }
}

#[test]
fn what_nobody_may_have_any_more_is_left_out_and_takes_no_room_for_long() {
    let (mut deliveries, now) = (Deliveries::default(), Instant::now());
    deliveries.open(1);
    deliveries.open(2);
    for number in 0..100 {
        let until = now + Duration::from_millis(number);
        deliveries.push(1, delivery(MALLORY, 100, until), now);
    }
    let later = now + Duration::from_millis(100);
    let until = later + OFFLINE_AFTER;
    for _ in 0..100 / EXPIRED_AT_ONCE {
        deliveries.push(2, delivery(ALICE, 100, until), later);
    }
    assert_eq!(
        deliveries.all.held_by(MALLORY),
        0,
        "gone, though nobody came for it"
    );
    deliveries.push(1, delivery(MALLORY, 100, later), now);
    deliveries.push(1, delivery(ALICE, 100, until), now);
    assert_eq!(origins(&mut deliveries, 1, later), [ALICE]);
}

#[test]
fn whoever_sits_there_is_told_once_and_again_after_they_found_nothing() {
    let (mut deliveries, now) = (Deliveries::default(), Instant::now());
    let new = || delivery(ALICE, 100, now + OFFLINE_AFTER);
    assert!(!deliveries.push(1, new(), now), "nobody sits there");
    deliveries.open(1);
    assert!(deliveries.push(1, new(), now));
    assert!(!deliveries.push(1, new(), now));
    assert!(matches!(deliveries.next(1, 1, now), Next::NoRoom));
    assert!(
        !deliveries.push(1, new(), now),
        "they come again by themselves"
    );
    assert_eq!(origins(&mut deliveries, 1, now).len(), 3);
    assert!(deliveries.push(1, new(), now));
}

#[test]
fn whatever_happens_the_bounds_hold_and_nothing_is_left_of_who_went() {
    for seed in 0..20 {
        let mut chance = Chance::new(seed);
        let (mut deliveries, mut now) = (Deliveries::default(), Instant::now());
        for _ in 0..1500 {
            let seat = chance.below(6);
            match chance.below(12) {
                0 => deliveries.close(seat),
                1 => deliveries.open(seat),
                2 => drop(deliveries.next(seat, chance.below(60_000), now)),
                3 => now += Duration::from_millis(chance.below(300)),
                _ => {
                    let until = now + Duration::from_millis(chance.below(2000));
                    let size = chance.below(MAX_PAYLOAD_BYTES as u64) as usize;
                    let origin = Origin::Address(chance.below(5));
                    deliveries.push(seat, delivery(origin, size, until), now);
                }
            }
            let queued: u64 = deliveries
                .queues
                .values()
                .map(|queue| queue.order.weight())
                .sum();
            let all: u64 = (0..5)
                .map(|number| deliveries.all.held_by(Origin::Address(number)))
                .sum();
            assert_eq!(queued, all);
            assert!(all <= MAX_QUEUED_BYTES);
            for queue in deliveries.queues.values() {
                assert!(queue.order.weight() <= MAX_QUEUED_BYTES_PER_KEY);
            }
        }
        for seat in 0..6 {
            deliveries.close(seat);
        }
        assert_eq!(deliveries.all.len(), 0);
    }
}
