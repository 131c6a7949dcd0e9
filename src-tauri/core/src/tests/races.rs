//! Two things at once.

use std::time::Duration;

use super::world::{ALICE, BOB, World, secs};
use crate::call::{EndReason, Input, Phase};

/// It rings at Bob's.
fn ringing() -> World {
    let mut world = World::new();
    world.call(ALICE, BOB);
    world.run(secs(1));
    world
}

fn ended(world: &World) -> (Option<EndReason>, Option<EndReason>) {
    (world.reason(ALICE), world.reason(BOB))
}

fn no_zombie(mut world: World) {
    assert!(world.people[ALICE].peers.is_empty() && world.people[BOB].peers.is_empty());
    world.run(secs(60));
    assert_eq!((world.phase(ALICE), world.phase(BOB)), (None, None));
    world.talk(BOB, ALICE);
}

#[test]
fn alice_cancels_while_bob_accepts() {
    for alice_first in [true, false] {
        let mut world = ringing();
        if alice_first {
            world.give(ALICE, Input::Cancel);
        }
        world.accept(BOB);
        if !alice_first {
            world.give(ALICE, Input::Cancel);
        }
        assert_eq!(world.phase(BOB), Some(Phase::Connecting));
        world.run(secs(1));
        assert_eq!(
            ended(&world),
            (Some(EndReason::Cancelled), Some(EndReason::Cancelled))
        );
        assert!(!world.people[BOB].records[0].missed, "Bob was there");
        assert!(
            !world.said(ALICE).contains(&"signal"),
            "no address of hers leaves"
        );
        no_zombie(world);
    }
}

#[test]
fn alice_cancels_just_after_the_accept_arrived() {
    let mut world = ringing();
    world.accept(BOB);
    world.run_until(|w| w.phase(ALICE) == Some(Phase::Connecting));
    world.give(ALICE, Input::Cancel);
    world.run(secs(1));
    assert_eq!(
        ended(&world),
        (Some(EndReason::EndedByMe), Some(EndReason::EndedByPeer))
    );
    no_zombie(world);
}

#[test]
fn alice_cancels_while_bob_declines() {
    let mut world = ringing();
    world.give(ALICE, Input::Cancel);
    world.give(BOB, Input::Decline);
    world.run(secs(1));
    assert_eq!(
        ended(&world),
        (Some(EndReason::Cancelled), Some(EndReason::Declined))
    );
    no_zombie(world);
}

#[test]
fn bob_accepts_in_the_last_moment() {
    let mut world = World::new();
    world.call(ALICE, BOB);
    world.run(secs(45) - Duration::from_millis(20));
    world.accept(BOB);
    world.run(secs(1));
    assert_eq!(
        ended(&world),
        (Some(EndReason::NoAnswer), Some(EndReason::Cancelled))
    );
    no_zombie(world);
}

#[test]
fn bob_hangs_up_right_after_accepting() {
    let mut world = ringing();
    world.accept(BOB);
    world.give(BOB, Input::HangUp);
    world.run(secs(1));
    assert_eq!(
        ended(&world),
        (Some(EndReason::EndedByPeer), Some(EndReason::EndedByMe))
    );
    no_zombie(world);
}

#[test]
fn both_hang_up() {
    let mut world = World::new();
    world.talk(ALICE, BOB);
    world.give(ALICE, Input::HangUp);
    world.give(BOB, Input::HangUp);
    world.run(secs(1));
    assert_eq!(
        ended(&world),
        (Some(EndReason::EndedByMe), Some(EndReason::EndedByMe))
    );
    no_zombie(world);
}

#[test]
fn bob_clicks_accept_twice_and_decline_after() {
    let mut world = ringing();
    world.accept(BOB);
    world.accept(BOB);
    world.give(BOB, Input::Decline);
    world.run(secs(1));
    assert_eq!(world.phase(ALICE), Some(Phase::Connected));
    assert_eq!(world.said(BOB), ["ringing", "accept", "here", "signal"]);
}

#[test]
fn the_media_connects_while_the_other_side_hangs_up() {
    let mut world = ringing();
    world.accept(BOB);
    world.run_until(|w| {
        w.phase(BOB) == Some(Phase::Connected) || w.phase(ALICE) == Some(Phase::Connected)
    });
    world.give(ALICE, Input::HangUp);
    world.give(BOB, Input::HangUp);
    world.run(secs(1));
    no_zombie(world);
}
