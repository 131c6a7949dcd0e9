//! Carol calls Bob while he talks with Alice, and he puts Alice on hold.

use uuid::Uuid;

use super::world::{ALICE, BOB, CAROL, World, secs};
use crate::call::{CallSnapshot, EndReason, Input, MediaChange, Output, Phase};

/// Bob talks with Carol, and Alice is on hold. The calls: Alice's, Carol's.
fn alice_on_hold() -> (World, Uuid, Uuid) {
    let mut world = World::new();
    let alices = world.talk(ALICE, BOB);
    let carols = world.call(CAROL, BOB);
    world.run(secs(1));
    world.give(BOB, Input::HoldAndAccept { video: true });
    world.run_until(|w| w.phase(CAROL) == Some(Phase::Connected));
    world.run(secs(1));
    assert_eq!(on(&world), Some((carols, Phase::Connected)));
    assert_eq!(on_hold(&world), Some((alices, Phase::Connected)));
    assert_eq!(world.phase(ALICE), Some(Phase::Connected));
    assert!(world.people[BOB].calls.waiting().is_none());
    (world, alices, carols)
}

fn brief(snapshot: Option<CallSnapshot>) -> Option<(Uuid, Phase)> {
    snapshot.map(|call| (call.id, call.phase))
}

/// Bob's call.
fn on(world: &World) -> Option<(Uuid, Phase)> {
    brief(world.people[BOB].calls.snapshot(world.now))
}

fn on_hold(world: &World) -> Option<(Uuid, Phase)> {
    brief(world.people[BOB].calls.held(world.now))
}

/// Why the calls of Bob ended so far.
fn ends(world: &World) -> Vec<(Uuid, EndReason)> {
    let records = world.people[BOB].records.iter();
    records.map(|record| (record.call, record.reason)).collect()
}

#[test]
fn bob_swaps_and_when_he_hangs_up_the_other_is_back() {
    let (mut world, alices, carols) = alice_on_hold();
    world.give(BOB, Input::Swap);
    assert_eq!(on(&world), Some((alices, Phase::Connected)));
    assert_eq!(on_hold(&world), Some((carols, Phase::Connected)));
    world.give(BOB, Input::HangUp);
    world.run(secs(1));
    assert_eq!(on(&world), Some((carols, Phase::Connected)));
    assert_eq!(on_hold(&world), None);
    assert_eq!(world.reason(ALICE), Some(EndReason::EndedByPeer));
    world.give(BOB, Input::HangUp);
    world.run(secs(1));
    assert_eq!(world.reason(CAROL), Some(EndReason::EndedByPeer));
    assert_eq!(
        ends(&world),
        [
            (alices, EndReason::EndedByMe),
            (carols, EndReason::EndedByMe)
        ]
    );
}

#[test]
fn when_carol_hangs_up_alice_is_back() {
    let (mut world, alices, carols) = alice_on_hold();
    world.give(CAROL, Input::HangUp);
    world.run(secs(1));
    assert_eq!(on(&world), Some((alices, Phase::Connected)));
    assert_eq!(ends(&world), [(carols, EndReason::EndedByPeer)]);
}

#[test]
fn alice_waits_for_as_long_as_it_takes() {
    let (mut world, alices, _) = alice_on_hold();
    world.run(secs(600));
    assert_eq!(on_hold(&world), Some((alices, Phase::Connected)));
    assert_eq!(world.phase(ALICE), Some(Phase::Connected));
}

#[test]
fn alice_may_tire_of_waiting_and_bob_may_end_her_call_alone() {
    for (who, input, reason) in [
        (ALICE, Input::HangUp, EndReason::EndedByPeer),
        (BOB, Input::HangUpHeld, EndReason::EndedByMe),
    ] {
        let (mut world, alices, carols) = alice_on_hold();
        world.give(who, input);
        world.run(secs(1));
        assert_eq!(on(&world), Some((carols, Phase::Connected)));
        assert_eq!(on_hold(&world), None);
        assert_eq!(ends(&world), [(alices, reason)]);
        assert_eq!(world.people[BOB].peers.len(), 1, "hers is closed");
    }
}

#[test]
fn the_network_fails_for_a_while_and_both_calls_live() {
    let (mut world, alices, carols) = alice_on_hold();
    world.set_media(false);
    world.run(secs(5));
    assert_eq!(on(&world), Some((carols, Phase::Reconnecting)));
    assert_eq!(on_hold(&world), Some((alices, Phase::Reconnecting)));
    world.set_media(true);
    world.run(secs(2));
    assert_eq!(on(&world), Some((carols, Phase::Connected)));
    assert_eq!(on_hold(&world), Some((alices, Phase::Connected)));
}

#[test]
fn an_outage_that_lasts_ends_both_and_each_is_told_once() {
    let (mut world, alices, carols) = alice_on_hold();
    world.set_media(false);
    world.run(secs(100));
    let mut ended = ends(&world);
    ended.sort_by_key(|(call, _)| *call);
    let mut lost = [(alices, EndReason::Lost), (carols, EndReason::Lost)];
    lost.sort_by_key(|(call, _)| *call);
    assert_eq!(ended, lost);
    assert_eq!((on(&world), on_hold(&world)), (None, None));
}

#[test]
fn whoever_calls_now_hears_busy() {
    let (mut world, alices, carols) = alice_on_hold();
    // There are three people in this world: Alice, whom Bob believes to be waiting, is the one who calls.
    world.restart(ALICE);
    world.call(ALICE, BOB);
    world.run_until(|w| w.phase(ALICE) == Some(Phase::Ended));
    assert_eq!(world.reason(ALICE), Some(EndReason::Busy));
    // Once it shows that her old call is gone, she waits as anybody does.
    world.run_until(|w| on_hold(w).is_some_and(|(_, phase)| phase == Phase::Reconnecting));
    world.call(ALICE, BOB);
    world.run(secs(1));
    assert_eq!(world.phase(ALICE), Some(Phase::Ringing));
    let missed = world.people[BOB].records[0].missed;
    assert!(missed, "the call that heard busy");
    assert_eq!(ends(&world)[1..], [(alices, EndReason::Lost)]);
    assert_eq!(on(&world), Some((carols, Phase::Connected)));
    world.give(BOB, Input::HoldAndAccept { video: false });
    world.run_until(|w| w.phase(ALICE) == Some(Phase::Connected));
    assert_eq!(on_hold(&world), Some((carols, Phase::Connected)));
}

#[test]
fn carol_starts_anew_while_alice_is_on_hold() {
    let (mut world, alices, carols) = alice_on_hold();
    world.restart(CAROL);
    world.run_until(|w| on(w) == Some((carols, Phase::Reconnecting)));
    world.call(CAROL, BOB);
    world.run(secs(1));
    assert_eq!(on(&world), Some((alices, Phase::Connected)), "she is back");
    let waiting = world.people[BOB].calls.waiting().unwrap();
    assert_eq!(waiting.name, world.people[CAROL].name);
    assert_eq!(ends(&world), [(carols, EndReason::Lost)]);
}

#[test]
fn nobody_is_put_on_hold_for_nobody() {
    let mut world = World::new();
    let call = world.talk(ALICE, BOB);
    world.give(BOB, Input::HoldAndAccept { video: true });
    world.give(BOB, Input::Swap);
    world.give(BOB, Input::HangUpHeld);
    assert_eq!(on(&world), Some((call, Phase::Connected)));
    assert_eq!(on_hold(&world), None);
}

#[test]
fn a_page_that_is_lost_resumes_both_calls() {
    let (mut world, alices, carols) = alice_on_hold();
    for call in [carols, alices] {
        world.give(BOB, Input::Resume { call });
    }
    let resumed = |world: &World| -> Vec<Uuid> {
        let outputs = world.people[BOB].outputs.iter();
        let calls = outputs.filter_map(|output| match output {
            Output::ResumePeer { call, .. } => Some(*call),
            _ => None,
        });
        calls.collect()
    };
    assert_eq!(resumed(&world), [carols, alices]);
    assert_eq!(on_hold(&world), Some((alices, Phase::Reconnecting)));
    world.run(secs(2));
    assert_eq!(on(&world), Some((carols, Phase::Connected)));
    assert_eq!(on_hold(&world), Some((alices, Phase::Connected)));
}

#[test]
fn somebody_elses_media_ends_the_call_on_hold_alone() {
    let (mut world, alices, carols) = alice_on_hold();
    let untrusted = Input::Media {
        call: alices,
        state: MediaChange::Untrusted,
    };
    world.give(BOB, untrusted);
    assert_eq!(ends(&world), [(alices, EndReason::Untrusted)]);
    assert_eq!(on(&world), Some((carols, Phase::Connected)));
}
