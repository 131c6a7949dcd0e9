//! Carol calls Bob while he talks with Alice, and waits.

use super::world::{ALICE, BOB, CAROL, Keys, World, secs};
use crate::call::{EndReason, Input, Phase, Timing};

/// Alice and Bob talk, and Carol hears it ring at Bob's.
fn carol_waits() -> World {
    let mut world = World::new();
    let call = world.talk(ALICE, BOB);
    world.call(CAROL, BOB);
    world.run(secs(1));
    assert_eq!(world.phase(CAROL), Some(Phase::Ringing));
    assert_eq!(world.phase(BOB), Some(Phase::Connected));
    assert_eq!(world.peer(BOB).call, call, "the call goes on");
    let waiting = world.people[BOB].calls.waiting().unwrap();
    assert_eq!(waiting.name, world.people[CAROL].name);
    assert!(waiting.video);
    assert_eq!(
        world.people[BOB].ringing, None,
        "it beeps, it does not ring"
    );
    world
}

fn nobody_waits(world: &World) -> bool {
    world.people[BOB].calls.waiting().is_none()
}

#[test]
fn bob_ends_one_call_and_answers_the_other() {
    let mut world = carol_waits();
    world.give(BOB, Input::EndAndAccept { video: true });
    world.run_until(|w| w.phase(CAROL) == Some(Phase::Connected));
    assert_eq!(world.phase(BOB), Some(Phase::Connected));
    assert_eq!(world.peer(BOB).call, world.peer(CAROL).call);
    assert_eq!(world.reason(ALICE), Some(EndReason::EndedByPeer));
    assert!(nobody_waits(&world));
    world.give(BOB, Input::HangUp);
    world.run(secs(1));
    assert_eq!(world.reason(CAROL), Some(EndReason::EndedByPeer));
    assert_eq!(world.people[BOB].records.len(), 2);
}

#[test]
fn bob_refuses_carol_and_goes_on_talking() {
    let mut world = carol_waits();
    world.give(BOB, Input::DeclineWaiting);
    world.run(secs(1));
    assert_eq!(world.reason(CAROL), Some(EndReason::Declined));
    assert_eq!(world.phase(BOB), Some(Phase::Connected));
    assert!(nobody_waits(&world));
    assert!(!world.people[BOB].records[0].missed);
}

#[test]
fn carol_rings_once_alice_hung_up() {
    for who in [ALICE, BOB] {
        let mut world = carol_waits();
        world.give(who, Input::HangUp);
        world.run(secs(1));
        assert_eq!(world.phase(BOB), Some(Phase::Ringing));
        assert!(world.people[BOB].ringing.is_some() && nobody_waits(&world));
        world.accept(BOB);
        world.run_until(|w| w.phase(CAROL) == Some(Phase::Connected));
        assert_eq!(world.phase(BOB), Some(Phase::Connected));
    }
}

#[test]
fn carol_gives_up_or_waits_too_long_and_bob_has_missed_her() {
    let mut world = carol_waits();
    world.give(CAROL, Input::Cancel);
    world.run(secs(1));
    assert!(nobody_waits(&world) && world.people[BOB].records[0].missed);

    let mut world = carol_waits();
    world.run(secs(60));
    assert_eq!(world.reason(CAROL), None, "seen, and put away");
    assert_eq!(world.people[CAROL].records[0].reason, EndReason::NoAnswer);
    assert!(nobody_waits(&world) && world.people[BOB].records[0].missed);
    assert_eq!(world.phase(BOB), Some(Phase::Connected));
}

#[test]
fn carols_app_dies_while_she_waits() {
    let mut world = carol_waits();
    world.die(CAROL);
    world.run(secs(15));
    assert!(nobody_waits(&world) && world.people[BOB].records[0].missed);
    assert_eq!(world.phase(BOB), Some(Phase::Connected));
}

#[test]
fn carol_starts_anew_and_waits_with_her_new_call() {
    let mut world = carol_waits();
    world.restart(CAROL);
    world.call(CAROL, BOB);
    world.run(secs(1));
    assert_eq!(world.phase(CAROL), Some(Phase::Ringing));
    assert_eq!(world.people[BOB].records.len(), 1, "the old one is over");
    world.give(BOB, Input::EndAndAccept { video: false });
    world.run_until(|w| w.phase(CAROL) == Some(Phase::Connected));
}

#[test]
fn answering_who_no_longer_waits_ends_nothing() {
    let mut world = carol_waits();
    world.give(CAROL, Input::Cancel);
    world.run(secs(1));
    world.give(BOB, Input::EndAndAccept { video: true });
    world.give(BOB, Input::DeclineWaiting);
    assert_eq!(world.phase(BOB), Some(Phase::Connected));
}

#[test]
fn bob_says_when_he_calls_back() {
    let mut world = World::with(Keys::BobLower, Timing::default());
    let minutes = |world: &World, who: usize| {
        let shown = world.people[who].calls.snapshot(world.now).unwrap();
        assert_eq!(shown.reason, Some(EndReason::Declined));
        shown.later_minutes
    };
    world.call(ALICE, BOB);
    world.run(secs(3));
    world.give(BOB, Input::Later { minutes: 10 });
    world.run(secs(1));
    assert_eq!(minutes(&world, ALICE), Some(10));
    assert_eq!(minutes(&world, BOB), Some(10));

    world.call(ALICE, BOB);
    world.run(secs(3));
    world.give(BOB, Input::Later { minutes: u32::MAX });
    world.run(secs(1));
    assert_eq!(minutes(&world, ALICE), None, "nobody plans that far ahead");
}
