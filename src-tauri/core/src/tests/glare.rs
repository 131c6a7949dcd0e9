//! Both call each other at once.

use super::post::Fate;
use super::world::{ALICE, BOB, CAROL, Keys, LATENCY, Who, World, secs};
use crate::call::{Direction, EndReason, Input, Phase, Timing};

const BOTH: [Keys; 2] = [Keys::AliceLower, Keys::BobLower];

/// Whose call stays, and who gives way.
fn by_key(keys: Keys) -> (Who, Who) {
    match keys {
        Keys::AliceLower => (ALICE, BOB),
        Keys::BobLower => (BOB, ALICE),
    }
}

fn world(keys: Keys) -> World {
    World::with(keys, Timing::default())
}

fn hold_all(world: &mut World) {
    world.fate = Box::new(|_| Fate::Held);
}

fn carry_all(world: &mut World) {
    world.fate = Box::new(|_| Fate::Arrives(vec![LATENCY]));
}

#[test]
fn both_calls_become_one_and_nobody_has_to_answer() {
    for keys in BOTH {
        // Whose invite arrives first does not matter, nor whether the other's has been sent by then.
        for (first, later) in [(ALICE, 0), (ALICE, 30), (BOB, 0), (BOB, 30)] {
            let (stays, gives_way) = by_key(keys);
            let mut world = world(keys);
            let mut calls = [
                world.call_with(first, 1 - first, first == ALICE),
                uuid::Uuid::nil(),
            ];
            world.run(std::time::Duration::from_millis(later));
            calls[1] = world.call_with(1 - first, first, first != ALICE);
            let [stayed, gone] = if first == stays {
                calls
            } else {
                [calls[1], calls[0]]
            };
            world.run(secs(1));
            for who in [ALICE, BOB] {
                assert_eq!(
                    world.phase(who),
                    Some(Phase::Connected),
                    "{keys:?}, {first} first"
                );
                assert_eq!(world.peer(who).call, stayed);
                assert_eq!(
                    world.peer(who).video,
                    who == ALICE,
                    "each with their own wish"
                );
                let snapshot = world.people[who].calls.snapshot(world.now).unwrap();
                assert_eq!(snapshot.peer_video, who == BOB);
                assert!(
                    world.people[who].records.is_empty() && world.people[who].waiting.is_empty()
                );
                assert_eq!(world.people[who].ringing, None);
            }
            assert!(world.peer(gives_way).initiator && world.peer(stays).polite);
            let direction = world.people[gives_way]
                .calls
                .snapshot(world.now)
                .unwrap()
                .direction;
            assert_eq!(direction, Direction::Incoming);
            assert_eq!(
                world.said(gives_way),
                ["invite", "cancel", "accept", "here", "signal"]
            );
            assert!(
                world
                    .sent
                    .iter()
                    .all(|l| l.call != gone || ["invite", "cancel", "alive"].contains(&l.kind))
            );

            world.give(gives_way, Input::HangUp);
            world.run(secs(20));
            assert_eq!((world.phase(ALICE), world.phase(BOB)), (None, None));
        }
    }
}

#[test]
fn the_order_of_arrival_does_not_matter() {
    for keys in BOTH {
        for reversed in [false, true] {
            let mut world = world(keys);
            hold_all(&mut world);
            world.call(ALICE, BOB);
            world.call(BOB, ALICE);
            carry_all(&mut world);
            world.release(|held| {
                if reversed {
                    held.reverse()
                }
            });
            world.run(secs(1));
            assert_eq!(world.phase(ALICE), Some(Phase::Connected));
            assert_eq!(world.phase(BOB), Some(Phase::Connected));
        }
    }
}

#[test]
fn the_call_that_gave_way_never_rings_however_late_it_arrives() {
    for keys in BOTH {
        let (stays, gives_way) = by_key(keys);
        let mut world = world(keys);
        world.fate = Box::new(move |l| {
            if l.from == gives_way && l.kind == "invite" {
                Fate::Held
            } else {
                Fate::Arrives(vec![LATENCY])
            }
        });
        world.call(gives_way, stays);
        world.call(stays, gives_way);
        world.run(secs(1));
        assert_eq!(world.phase(stays), Some(Phase::Connected));
        world.give(stays, Input::HangUp);
        world.run(secs(20));
        world.release(|_| {});
        world.run(secs(1));
        assert_eq!(world.phase(stays), None);
        assert!(world.people[stays].waiting.is_empty());
    }
}

#[test]
fn both_change_their_mind() {
    for keys in BOTH {
        for canceller in [ALICE, BOB] {
            let mut world = world(keys);
            world.call(ALICE, BOB);
            world.call(BOB, ALICE);
            world.give(canceller, Input::Cancel);
            world.run(secs(60));
            assert_eq!(
                (world.phase(ALICE), world.phase(BOB)),
                (None, None),
                "{keys:?}, {canceller} cancels"
            );
        }
    }
}

#[test]
fn a_cancel_meant_for_the_call_that_gave_way_ends_the_one_that_stayed() {
    for keys in BOTH {
        let (stays, gives_way) = by_key(keys);
        let mut world = world(keys);
        world.call(ALICE, BOB);
        world.call(BOB, ALICE);
        world.run_until(|w| w.phase(gives_way) == Some(Phase::Connecting));
        world.give(gives_way, Input::Cancel);
        assert_eq!(world.reason(gives_way), Some(EndReason::EndedByMe));
        world.run(secs(1));
        assert_eq!(world.phase(stays), Some(Phase::Ended));
    }
}

#[test]
fn when_the_lower_keys_call_cannot_arrive_the_other_one_is_taken() {
    for keys in BOTH {
        let (stays, gives_way) = by_key(keys);
        let mut world = world(keys);
        world.fate = Box::new(move |l| {
            let invite_of_lower = l.from == stays && l.kind == "invite";
            if invite_of_lower {
                Fate::Returned
            } else {
                Fate::Arrives(vec![LATENCY])
            }
        });
        world.call(stays, gives_way);
        let theirs = world.call(gives_way, stays);
        world.run(secs(3));
        assert_eq!(world.phase(ALICE), Some(Phase::Connected));
        assert_eq!(world.phase(BOB), Some(Phase::Connected));
        assert_eq!(world.peer(stays).call, theirs);
    }
}

#[test]
fn but_not_when_its_time_is_over_too() {
    for keys in BOTH {
        let (stays, gives_way) = by_key(keys);
        let mut world = world(keys);
        world.fate = Box::new(move |l| match l.kind {
            "invite" if l.from == stays => Fate::Lost,
            _ => Fate::Arrives(vec![LATENCY]),
        });
        world.call(gives_way, stays);
        world.call(stays, gives_way);
        world.run(secs(46));
        assert_eq!(world.reason(ALICE), Some(EndReason::NoAnswer));
        assert_eq!(world.reason(BOB), Some(EndReason::NoAnswer));
    }
}

#[test]
fn unless_the_other_one_was_taken_back() {
    for keys in BOTH {
        let (stays, gives_way) = by_key(keys);
        let mut world = world(keys);
        world.fate = Box::new(move |l| {
            let invite_of_lower = l.from == stays && l.kind == "invite";
            if invite_of_lower {
                Fate::Returned
            } else {
                Fate::Arrives(vec![LATENCY])
            }
        });
        world.call(stays, gives_way);
        world.call(gives_way, stays);
        world.run(LATENCY);
        world.give(gives_way, Input::Cancel);
        world.run(secs(3));
        assert_eq!(world.reason(stays), Some(EndReason::Unreachable));
        assert_eq!(world.reason(gives_way), Some(EndReason::Cancelled));
    }
}

#[test]
fn an_older_call_that_was_late_does_not_disturb_the_newer_one() {
    for keys in BOTH {
        let mut world = world(keys);
        // Bob calls, and takes it back at once; the link is slow with that.
        hold_all(&mut world);
        world.call(BOB, ALICE);
        world.give(BOB, Input::Cancel);
        carry_all(&mut world);
        let call = world.call(ALICE, BOB);
        world.run(secs(1));
        assert_eq!(world.phase(ALICE), Some(Phase::Ringing));
        world.release(|_| {});
        world.run(secs(1));
        assert_eq!(world.phase(ALICE), Some(Phase::Ringing), "{keys:?}");
        world.accept(BOB);
        world.run(secs(1));
        assert_eq!(world.peer(ALICE).call, call);
        assert_eq!(world.phase(ALICE), Some(Phase::Connected));
    }
}

#[test]
fn an_older_call_that_was_later_still_is_told_busy() {
    for phase in [Phase::Connecting, Phase::Connected] {
        for (caller, callee) in [(ALICE, BOB), (BOB, ALICE)] {
            let mut world = World::new();
            hold_all(&mut world);
            world.call(BOB, ALICE);
            world.give(BOB, Input::Cancel);
            carry_all(&mut world);
            world.media_works = phase == Phase::Connected;
            world.call(caller, callee);
            world.run(secs(1));
            world.accept(callee);
            world.run(secs(1));
            world.release(|_| {});
            world.run(secs(1));
            assert_eq!(world.phase(ALICE), Some(phase));
            assert_eq!(world.phase(BOB), Some(phase));
            assert!(
                world.people[ALICE].waiting.is_empty(),
                "Bob is no second caller"
            );
        }
    }
}

#[test]
fn three_calling_in_a_ring_all_come_to_an_end() {
    let mut world = World::new();
    world.call(ALICE, BOB);
    world.call(BOB, CAROL);
    world.call(CAROL, ALICE);
    world.run(secs(1));
    for who in [ALICE, BOB, CAROL] {
        assert_eq!(world.reason(who), Some(EndReason::Busy));
        assert_eq!(world.people[who].waiting.len(), 1);
    }
}
