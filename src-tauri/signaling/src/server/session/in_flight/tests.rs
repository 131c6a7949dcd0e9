use std::time::Duration;

use super::*;
use crate::{
    limits::{MAX_PAYLOAD_BYTES, OFFLINE_AFTER},
    server::shares::Origin,
    wire::Payload,
};

fn delivery(origin: u64, size: usize, now: Instant) -> Delivery {
    let origin = Origin::Address(origin);
    Delivery {
        payload: Payload::new(&vec![7; size]).unwrap(),
        receipt: Receipt::for_nobody(origin, now + OFFLINE_AFTER),
    }
}

/// Writes what there is room for; gives how many.
fn fill(line: &mut InFlight, now: Instant) -> usize {
    let mut count = 0;
    loop {
        let next = delivery(1, MAX_PAYLOAD_BYTES, now);
        if next.weight() > line.room() {
            return count;
        }
        line.sent(next, now);
        count += 1;
    }
}

#[test]
fn a_line_is_full_until_something_is_seen_to_have_come_through() {
    let (mut line, now) = (InFlight::default(), Instant::now());
    let once = fill(&mut line, now);
    assert!(once > 0 && line.unseen_weight <= MAX_UNSEEN_BYTES);
    // That their senders have given up takes nothing off the line.
    line.handle_timeout(now + OFFLINE_AFTER);
    assert_eq!(line.deadline(), None);
    assert_eq!(fill(&mut line, now), 0);
    // An answer to the last, late as it is, tells that all came through.
    let last = u32::try_from(once).unwrap() - 1;
    assert!(line.answered(last).is_none());
    assert_eq!(fill(&mut line, now), once);
    assert!(line.answered(last + 1).is_some());
    assert_eq!(fill(&mut line, now), 1);
}

#[test]
fn who_answers_nothing_shows_by_a_pong_what_came_through() {
    let (mut line, now) = (InFlight::default(), Instant::now());
    assert_eq!(line.ask(), None, "nothing to ask for");
    let once = fill(&mut line, now);
    let question = line.ask().unwrap();
    assert_eq!(line.ask(), None, "once");
    assert!(!line.handle_pong(b""), "that is another one's");
    assert_eq!(fill(&mut line, now), 0);
    assert!(line.handle_pong(&question));
    assert!(!line.handle_pong(&question), "not asked for again");
    assert_eq!(fill(&mut line, now), once);
    assert!(line.ask().is_some());
}

#[test]
fn what_was_never_written_is_not_seen_nor_answered() {
    let (mut line, now) = (InFlight::default(), Instant::now());
    assert!(line.answered(0).is_none());
    fill(&mut line, now);
    for id in [1_000, u32::MAX, u32::MAX / 2] {
        assert!(line.answered(id).is_none());
        line.handle_pong(&id.to_be_bytes());
    }
    assert_eq!(fill(&mut line, now), 0);
}

#[test]
fn who_answers_nothing_costs_so_much_and_no_more_and_the_flood_loses_first() {
    let (mut line, now) = (InFlight::default(), Instant::now());
    let (alices, _) = line.sent(delivery(2, 100, now), now);
    for _ in 0..MAX_UNANSWERED_DELIVERIES * 3 {
        line.sent(delivery(1, 100, now), now);
        assert!(line.unanswered.len() as u64 <= MAX_UNANSWERED_DELIVERIES);
    }
    assert!(line.answered(alices).is_some());
}

#[test]
fn every_answer_that_others_cause_is_free_once() {
    let (mut line, now) = (InFlight::default(), Instant::now());
    assert!(!line.take_owed());
    line.sent(delivery(1, 100, now), now);
    assert!(line.take_owed() && !line.take_owed());
}

#[test]
fn numbers_go_round() {
    let (mut line, now) = (InFlight::default(), Instant::now());
    for _ in 0..3 {
        line.sent(delivery(1, 100, now), now);
    }
    assert_eq!(line.number(2), Some(2));
    assert_eq!(line.number(3), None);
    assert_eq!(wire_id(u64::from(u32::MAX) + 3), 2);
    assert!(line.deadline() > Some(now + Duration::from_secs(1)));
}
