use super::*;
use crate::server::chance::Chance;

const ALICE: Origin = Origin::Address(1);
const MALLORY: Origin = Origin::Address(666);

const LARGE: u64 = 55_000;
const SMALL: u64 = 16_000;

fn take(queue: &mut FairQueue) -> (Origin, u64, u64) {
    let next = queue.next().unwrap();
    queue.take();
    next
}

#[test]
fn who_sends_little_is_next_however_much_is_queued_of_somebody_else() {
    let mut queue = FairQueue::default();
    for number in 0..1000 {
        queue.push(MALLORY, number, LARGE);
    }
    for _ in 0..100 {
        take(&mut queue);
    }
    queue.push(ALICE, 1000, SMALL);
    assert_eq!(take(&mut queue), (ALICE, 1000, SMALL));
}

#[test]
fn a_crowd_with_much_queued_does_not_come_before_who_sends_little() {
    let mut queue = FairQueue::default();
    for number in 0..1000 {
        queue.push(Origin::Address(number % 100), number, LARGE);
    }
    for _ in 0..150 {
        take(&mut queue);
    }
    queue.push(Origin::Address(1000), 1000, SMALL);
    assert_eq!(take(&mut queue).1, 1000);
}

#[test]
fn who_has_always_just_one_payload_there_does_not_hold_up_somebody_with_a_few() {
    // Mallory sends the next at the very moment at which their last one went, and so never has a backlog.
    let mut queue = FairQueue::default();
    for number in 0..4 {
        queue.push(ALICE, number, SMALL);
    }
    let mut order = Vec::new();
    while order.len() < 8 {
        let number = 100 + order.len() as u64;
        if queue.queued.held_by(MALLORY) == 0 {
            queue.push(MALLORY, number, SMALL);
        }
        order.push(take(&mut queue).0);
    }
    let alices = order.iter().filter(|origin| **origin == ALICE).count();
    assert_eq!(alices, 4, "every other one: {order:?}");
}

#[test]
fn who_has_something_queued_all_the_time_gets_an_equal_part_and_keeps_the_order() {
    for seed in 0..30 {
        let mut chance = Chance::new(seed);
        let mut queue = FairQueue::default();
        let weights = [1 + chance.below(500), LARGE, SMALL, 1 + chance.below(LARGE)];
        for number in 0..4000 {
            let origin = number % 4;
            queue.push(Origin::Address(origin), number, weights[origin as usize]);
        }
        let (mut served, mut last) = ([0_u64; 4], [None; 4]);
        // As long as each has something left.
        while (0..4).all(|origin| queue.queued.held_by(Origin::Address(origin)) > 0) {
            let (Origin::Address(origin), number, weight) = take(&mut queue) else {
                panic!("nobody's")
            };
            let origin = origin as usize;
            assert!(last[origin] < Some(number), "in order");
            last[origin] = Some(number);
            served[origin] += weight;
            let (least, most) = (served.iter().min(), served.iter().max());
            // By no more than one payload of each of two.
            assert!(most.unwrap() - least.unwrap() <= 2 * LARGE, "{served:?}");
        }
    }
}

#[test]
fn whatever_is_taken_and_removed_each_goes_once_and_nothing_is_left_over() {
    for seed in 0..50 {
        let mut chance = Chance::new(seed);
        let mut queue = FairQueue::default();
        let mut there = Vec::new();
        for number in 0..600 {
            match chance.below(4) {
                0 if !there.is_empty() => {
                    let next = take(&mut queue);
                    let at = there.iter().position(|thing| *thing == next);
                    there.swap_remove(at.unwrap());
                }
                1 if !there.is_empty() => {
                    let some = chance.below(there.len() as u64) as usize;
                    let (origin, number, _) = there.swap_remove(some);
                    queue.remove(origin, number);
                    queue.remove(origin, number);
                }
                _ => {
                    let thing = (
                        Origin::Address(chance.below(9)),
                        number,
                        1 + chance.below(90),
                    );
                    queue.push(thing.0, thing.1, thing.2);
                    there.push(thing);
                }
            }
            let weight: u64 = there.iter().map(|thing| thing.2).sum();
            assert_eq!(queue.weight(), weight);
            assert_eq!(queue.next().is_some(), weight > 0);
            assert_eq!(queue.places.len(), queue.waiting.len() + queue.idle.len());
        }
        while queue.next().is_some() {
            take(&mut queue);
        }
        assert!(queue.places.is_empty() && queue.idle.is_empty() && queue.now == 0);
    }
}

#[test]
fn only_so_many_are_remembered_who_have_nothing_queued() {
    let mut queue = FairQueue::default();
    queue.push(ALICE, 0, SMALL);
    queue.push(ALICE, 1, SMALL);
    take(&mut queue);
    for number in 1000..3000 {
        queue.push(Origin::Address(number), number, SMALL);
        take(&mut queue);
        queue.push(ALICE, number + 10_000, SMALL);
    }
    assert!(queue.places.len() <= PLACES_REMEMBERED + 2);
    // Nor of those whose payloads found no room while nothing went out at all.
    for number in 20_000..22_000 {
        queue.push(Origin::Address(number), number, SMALL);
        queue.remove(Origin::Address(number), number);
    }
    assert!(queue.places.len() <= PLACES_REMEMBERED + 2);
}
