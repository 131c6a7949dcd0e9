//! Apps that die, networks that fail.

use super::post::Fate;
use super::world::{ALICE, BOB, CAROL, LATENCY, World, secs};
use crate::call::{EndReason, Input, MediaChange, Phase};

fn ringing() -> World {
    let mut world = World::new();
    world.call(ALICE, BOB);
    world.run(secs(1));
    world
}

/// Both agreed, and no media comes.
fn connecting() -> World {
    let mut world = World::new();
    world.media_works = false;
    world.call(ALICE, BOB);
    world.run(secs(1));
    world.accept(BOB);
    world.run(secs(1));
    assert_eq!(world.phase(ALICE), Some(Phase::Connecting));
    world
}

/// No letter arrives, and senders are told.
fn cut(world: &mut World) {
    world.fate = Box::new(|_| Fate::Returned);
}

fn mend(world: &mut World) {
    world.fate = Box::new(|_| Fate::Arrives(vec![LATENCY]));
}

#[test]
fn a_page_that_is_lost_comes_back_to_its_call() {
    for who in [ALICE, BOB] {
        let mut world = World::new();
        let call = world.talk(ALICE, BOB);
        world.run(secs(60));
        world.give(who, Input::Resume { call });
        assert_eq!(world.phase(who), Some(Phase::Reconnecting));
        world.run_until(|w| w.phase(who) == Some(Phase::Connected));
        assert_eq!(world.phase(1 - who), Some(Phase::Connected));
        let talked = world.people[who]
            .calls
            .snapshot(world.now)
            .unwrap()
            .connected_ms;
        assert!(
            talked >= Some(60_000),
            "the call goes on, it does not begin anew"
        );
    }
}

#[test]
fn a_page_that_is_lost_before_the_answer_has_no_connection_to_make() {
    let mut world = World::new();
    let call = world.call(ALICE, BOB);
    world.run_until(|w| w.phase(BOB) == Some(Phase::Ringing));
    for who in [ALICE, BOB] {
        world.give(who, Input::Resume { call });
        assert!(world.people[who].peers.is_empty());
    }
    world.accept(BOB);
    world.run_until(|w| w.phase(ALICE) == Some(Phase::Connected));
    world.give(ALICE, Input::HangUp);
    world.give(ALICE, Input::Resume { call });
    assert!(
        world.people[ALICE].peers.is_empty(),
        "what is over stays over"
    );
}

#[test]
fn bob_is_not_there() {
    let mut world = World::new();
    world.die(BOB);
    world.call(ALICE, BOB);
    world.run(secs(2));
    assert_eq!(world.reason(ALICE), Some(EndReason::Unreachable));
    assert_eq!(
        world.said(ALICE),
        ["invite", "cancel"],
        "should the invite arrive yet, it shall not ring"
    );
}

#[test]
fn what_is_returned_later_does_not_end_a_call_that_rings() {
    let mut world = ringing();
    let (call, bob) = (world.people[BOB].ringing.unwrap(), world.people[BOB].key());
    world.give(ALICE, Input::Undelivered { call, to: bob });
    assert_eq!(world.phase(ALICE), Some(Phase::Ringing));
}

#[test]
fn bob_has_no_app_that_answers() {
    let mut world = World::new();
    world.fate = Box::new(|_| Fate::Lost);
    world.call(ALICE, BOB);
    world.run(secs(46));
    assert_eq!(world.reason(ALICE), Some(EndReason::NoAnswer));
}

#[test]
fn bobs_app_dies_while_it_rings() {
    let mut world = ringing();
    world.die(BOB);
    world.run(secs(6));
    assert_eq!(world.phase(ALICE), Some(Phase::Ringing));
    world.run(secs(3));
    assert_eq!(world.reason(ALICE), Some(EndReason::Unreachable));
}

#[test]
fn alices_app_dies_while_it_rings() {
    let mut world = ringing();
    world.die(ALICE);
    world.run(secs(9));
    assert_eq!(world.reason(BOB), Some(EndReason::Missed));
    assert!(world.people[BOB].records[0].missed);
    assert_eq!(world.people[BOB].ringing, None);
}

#[test]
fn an_app_dies_while_connecting() {
    for (dies, stays) in [(ALICE, BOB), (BOB, ALICE)] {
        let mut world = connecting();
        world.die(dies);
        world.run(secs(9));
        assert_eq!(world.reason(stays), Some(EndReason::Lost));
        assert!(world.people[stays].peers.is_empty());
    }
}

#[test]
fn an_app_dies_while_they_talk() {
    for (dies, stays) in [(ALICE, BOB), (BOB, ALICE)] {
        let mut world = World::new();
        world.talk(ALICE, BOB);
        world.die(dies);
        world.run(secs(4));
        assert_eq!(world.phase(stays), Some(Phase::Reconnecting));
        world.run(secs(13));
        assert_eq!(
            world.phase(stays),
            Some(Phase::Reconnecting),
            "it might be a change of network"
        );
        world.run(secs(2));
        assert_eq!(world.reason(stays), Some(EndReason::Lost));
        assert!(world.people[stays].records[0].talked.is_some());
    }
}

#[test]
fn an_app_that_was_started_anew_can_call_again_at_once() {
    // While ringing, in both directions.
    let mut world = ringing();
    world.restart(ALICE);
    let again = world.call(ALICE, BOB);
    world.run(secs(1));
    assert_eq!(world.people[BOB].ringing, Some(again));
    assert!(world.people[BOB].records[0].missed);

    let mut world = ringing();
    world.restart(BOB);
    world.call(BOB, ALICE);
    world.run(secs(10));
    assert_eq!(
        world.phase(ALICE),
        Some(Phase::Connected),
        "both wanted to talk"
    );

    // In a call, once the other side noticed.
    let mut world = World::new();
    world.talk(ALICE, BOB);
    world.restart(BOB);
    world.run(secs(4));
    let again = world.call(BOB, ALICE);
    world.run(secs(1));
    assert_eq!(world.people[ALICE].ringing, Some(again));
    assert_eq!(world.people[ALICE].records[0].reason, EndReason::Lost);
}

#[test]
fn the_media_comes_back() {
    let mut world = World::new();
    world.talk(ALICE, BOB);
    world.run(secs(10));
    world.set_media(false);
    world.run(secs(4));
    assert_eq!(world.phase(ALICE), Some(Phase::Reconnecting));
    assert_eq!(world.phase(BOB), Some(Phase::Reconnecting));
    world.set_media(true);
    world.run(secs(1));
    assert_eq!(world.phase(ALICE), Some(Phase::Connected));
    assert_eq!(world.phase(BOB), Some(Phase::Connected));
    let snapshot = world.people[ALICE].calls.snapshot(world.now).unwrap();
    assert_eq!(
        snapshot.connected_ms.unwrap() / 1000,
        15,
        "the clock goes on"
    );
}

#[test]
fn a_change_of_network_breaks_everything_for_ten_seconds_and_the_call_survives() {
    let mut world = World::new();
    world.talk(ALICE, BOB);
    world.set_media(false);
    cut(&mut world);
    world.run(secs(10));
    assert_eq!(world.phase(ALICE), Some(Phase::Reconnecting));
    mend(&mut world);
    world.run(secs(3));
    world.set_media(true);
    world.run(secs(1));
    assert_eq!(world.phase(ALICE), Some(Phase::Connected));
    assert_eq!(world.phase(BOB), Some(Phase::Connected));
}

#[test]
fn hearing_from_the_other_side_again_gives_the_media_the_whole_time() {
    let mut world = World::new();
    world.talk(ALICE, BOB);
    world.set_media(false);
    cut(&mut world);
    world.run(secs(10));
    mend(&mut world);
    world.run(secs(20));
    assert_eq!(world.phase(ALICE), Some(Phase::Reconnecting));
    world.run(secs(4));
    assert_eq!(world.reason(ALICE), Some(EndReason::Lost));
    assert_eq!(world.reason(BOB), Some(EndReason::Lost));
}

#[test]
fn one_letter_that_comes_back_late_does_not_end_it_at_once() {
    let mut world = World::new();
    let call = world.talk(ALICE, BOB);
    world.set_media(false);
    world.run(secs(23));
    let bob = world.people[BOB].key();
    world.give(ALICE, Input::Undelivered { call, to: bob });
    world.run(secs(8));
    assert_eq!(world.phase(ALICE), Some(Phase::Reconnecting));
}

#[test]
fn the_media_stays_away() {
    let mut world = World::new();
    world.talk(ALICE, BOB);
    world.set_media(false);
    world.run(secs(32));
    assert_eq!(world.phase(ALICE), Some(Phase::Reconnecting));
    world.run(secs(2));
    assert_eq!(world.reason(ALICE), Some(EndReason::Lost));
    assert_eq!(world.reason(BOB), Some(EndReason::Lost));
}

#[test]
fn somebody_hangs_up_while_reconnecting() {
    let mut world = World::new();
    world.talk(ALICE, BOB);
    world.set_media(false);
    world.run(secs(5));
    world.give(BOB, Input::HangUp);
    world.run(secs(1));
    assert_eq!(world.reason(BOB), Some(EndReason::EndedByMe));
    assert_eq!(world.reason(ALICE), Some(EndReason::EndedByPeer));
}

#[test]
fn signaling_fails_while_they_talk_and_nobody_notices() {
    let mut world = World::new();
    world.talk(ALICE, BOB);
    cut(&mut world);
    world.run(secs(600));
    assert_eq!(world.phase(ALICE), Some(Phase::Connected));
    assert_eq!(world.phase(BOB), Some(Phase::Connected));
    // The farewell does not arrive either; the media says it.
    world.give(ALICE, Input::HangUp);
    world.run(secs(19));
    assert_eq!(world.reason(BOB), Some(EndReason::Lost));
}

#[test]
fn the_media_never_connects() {
    let mut world = connecting();
    world.run(secs(28));
    assert_eq!(world.phase(ALICE), Some(Phase::Connecting));
    world.run(secs(2));
    assert_eq!(world.reason(ALICE), Some(EndReason::NotConnected));
    assert_eq!(world.reason(BOB), Some(EndReason::NotConnected));
}

#[test]
fn the_page_says_failed_and_tries_again() {
    let mut world = connecting();
    let call = world.peer(ALICE).call;
    for state in [MediaChange::Disconnected, MediaChange::Failed] {
        world.give(ALICE, Input::Media { call, state });
        assert_eq!(world.phase(ALICE), Some(Phase::Connecting));
    }
    world.set_media(true);
    world.run(secs(1));
    assert_eq!(world.phase(ALICE), Some(Phase::Connected));

    world.give(
        ALICE,
        Input::Media {
            call,
            state: MediaChange::Failed,
        },
    );
    assert_eq!(world.phase(ALICE), Some(Phase::Reconnecting));
    world.give(
        ALICE,
        Input::Media {
            call,
            state: MediaChange::Failed,
        },
    );
    assert_eq!(world.phase(ALICE), Some(Phase::Reconnecting));
    world.give(
        ALICE,
        Input::Media {
            call,
            state: MediaChange::Connected,
        },
    );
    assert_eq!(world.phase(ALICE), Some(Phase::Connected));
}

#[test]
fn only_one_side_ever_had_media() {
    let mut world = connecting();
    let call = world.peer(ALICE).call;
    world.give(
        ALICE,
        Input::Media {
            call,
            state: MediaChange::Connected,
        },
    );
    world.run(secs(30));
    assert_eq!(world.reason(BOB), Some(EndReason::NotConnected));
    assert_eq!(world.reason(ALICE), Some(EndReason::NotConnected));
}

#[test]
fn a_machine_that_slept_ends_what_is_over_and_can_be_called() {
    let mut world = ringing();
    // Bob's machine sleeps; his timers are all due when it wakes.
    world.now += secs(3600);
    world.give(BOB, Input::Timeout);
    assert_eq!(world.reason(BOB), Some(EndReason::Missed));
    world.run(secs(10));
    world.talk(CAROL, BOB);
}
