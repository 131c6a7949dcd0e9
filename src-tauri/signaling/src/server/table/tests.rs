use std::time::Duration;

use super::*;

const MALLORY: Origin = Origin::Address(666);

fn second(number: u64, start: Instant) -> Instant {
    start + Duration::from_secs(number)
}

/// Puts a thing in, and what has no room out.
fn put(table: &mut Table<u64>, origin: Origin, weight: u64, until: Instant, now: Instant) -> u64 {
    let number = table.insert(origin, weight, until, 0);
    while table.crowded_out(now).is_some() {}
    number
}

#[test]
fn who_comes_again_and_again_drives_out_nobody_who_holds_less() {
    let (mut table, now) = (Table::new(100), Instant::now());
    let honest: Vec<u64> = (0..10)
        .map(|number| {
            put(
                &mut table,
                Origin::Address(number),
                5,
                second(100, now),
                now,
            )
        })
        .collect();
    for number in 0..10_000 {
        put(&mut table, MALLORY, 1, second(101 + number, now), now);
        assert!(table.shares.total() <= 100);
    }
    assert_eq!(table.held_by(MALLORY), 50);
    assert!(honest.iter().all(|number| table.get(*number).is_some()));
    // And who comes late still gets a share, at the cost of who holds most.
    let late = put(&mut table, Origin::Address(99), 5, second(100, now), now);
    assert!(table.get(late).is_some());
    assert_eq!(table.held_by(MALLORY), 45);
}

#[test]
fn what_is_out_of_date_makes_room_before_anybody_loses_anything() {
    let (mut table, now) = (Table::new(2), Instant::now());
    let (short, long) = (second(1, now), second(9, now));
    let old = put(&mut table, Origin::Address(1), 1, short, now);
    let kept = put(&mut table, MALLORY, 1, long, now);
    put(&mut table, MALLORY, 1, long, short);
    assert!(table.get(old).is_none() && table.get(kept).is_some());
}

#[test]
fn things_leave_in_the_order_of_their_time_whatever_the_order_they_came_in() {
    let (mut table, now) = (Table::new(100), Instant::now());
    for number in [3, 1, 2, 5, 4] {
        table.insert(MALLORY, 1, second(number, now), number);
    }
    assert_eq!(table.first_end(), Some(second(1, now)));
    let mut left = Vec::new();
    while let Some((_, thing)) = table.expired(second(4, now)) {
        left.push(thing.value);
    }
    assert_eq!(left, [1, 2, 3, 4]);
    assert_eq!(table.len(), 1);
}
