//! Addresses stay home until the call was answered, unless both agreed to connect while it rings. And media from
//! somebody else than the one who described it ends the call.

use super::world::{ALICE, BOB, CAROL, LATENCY, Who, World, secs};
use crate::call::{EndReason, Input, MediaChange, Output, Phase};
use crate::message::{HangUp, Kind, Message};

/// Those of them agree, and Alice's call rings at Bob's.
fn ringing(agree: &[Who]) -> World {
    let mut world = World::new();
    for who in agree {
        world.people[*who].early = true;
    }
    world.call(ALICE, BOB);
    world.run(secs(1));
    assert_eq!(world.phase(BOB), Some(Phase::Ringing));
    world
}

fn accepted(world: &World, who: Who) -> usize {
    let outputs = world.people[who].outputs.iter();
    outputs
        .filter(|output| matches!(output, Output::Accepted { .. }))
        .count()
}

#[test]
fn unless_both_agree_nothing_leaves_before_the_accept() {
    for agree in [&[][..], &[ALICE], &[BOB]] {
        let mut world = ringing(agree);
        assert!(world.people[ALICE].peers.is_empty() && world.people[BOB].peers.is_empty());
        let call = world.people[BOB].ringing.unwrap();
        for who in [ALICE, BOB] {
            let data = "candidate".to_owned();
            world.give(who, Input::Signal { call, data });
        }
        world.run(secs(1));
        assert_eq!(world.said(ALICE), ["invite"]);
        assert_eq!(world.said(BOB), ["ringing"]);
        world.accept(BOB);
        world.run(secs(1));
        assert_eq!(world.phase(ALICE), Some(Phase::Connected));
        assert_eq!((accepted(&world, ALICE), accepted(&world, BOB)), (0, 0));
    }
}

#[test]
fn where_both_agree_the_pages_connect_while_it_rings_and_talk_at_once() {
    let mut world = ringing(&[ALICE, BOB]);
    for who in [ALICE, BOB] {
        assert!(world.peer(who).early && world.peer(who).flows);
        assert_eq!(world.phase(who), Some(Phase::Ringing), "nobody answered");
        let snapshot = world.people[who].calls.snapshot(world.now).unwrap();
        assert_eq!(snapshot.connected_ms, None);
    }
    world.run(secs(10));
    world.give(BOB, Input::Accept { video: false });
    assert_eq!(world.phase(BOB), Some(Phase::Connected));
    world.run(LATENCY);
    assert_eq!(world.phase(ALICE), Some(Phase::Connected));
    assert!(!world.peer(ALICE).early && !world.peer(BOB).early);
    assert!(world.peer(ALICE).video && !world.peer(BOB).video);
    assert_eq!((accepted(&world, ALICE), accepted(&world, BOB)), (1, 1));
    assert_eq!(world.said(BOB), ["ringing", "here", "signal", "accept"]);
    let alice = world.people[ALICE].calls.snapshot(world.now).unwrap();
    assert_eq!(
        alice.connected_ms,
        Some(0),
        "the clock starts with the accept"
    );
    world.give(ALICE, Input::HangUp);
    world.run(secs(1));
    assert_eq!(world.reason(BOB), Some(EndReason::EndedByPeer));
}

#[test]
fn an_accept_that_is_quicker_than_the_media_waits_for_it() {
    let mut world = World::new();
    (world.people[ALICE].early, world.people[BOB].early) = (true, true);
    world.media_works = false;
    world.call(ALICE, BOB);
    world.run(secs(1));
    world.accept(BOB);
    world.run(secs(1));
    assert_eq!(world.phase(ALICE), Some(Phase::Connecting));
    assert_eq!(world.phase(BOB), Some(Phase::Connecting));
    assert!(!world.peer(ALICE).early && !world.peer(BOB).early);
    world.set_media(true);
    world.run(secs(1));
    assert_eq!(world.phase(ALICE), Some(Phase::Connected));
}

#[test]
fn media_that_breaks_while_it_rings_is_no_drama() {
    let mut world = ringing(&[ALICE, BOB]);
    world.set_media(false);
    world.run(secs(5));
    assert_eq!(world.phase(ALICE), Some(Phase::Ringing));
    world.accept(BOB);
    world.run(secs(1));
    assert_eq!(world.phase(BOB), Some(Phase::Connecting));
    world.set_media(true);
    world.run(secs(1));
    assert_eq!(world.phase(BOB), Some(Phase::Connected));
}

#[test]
fn however_it_ends_while_it_rings_the_early_peer_connections_are_closed() {
    for end in [
        (BOB, Input::Decline),
        (ALICE, Input::Cancel),
        (BOB, Input::HangUp),
    ] {
        let mut world = ringing(&[ALICE, BOB]);
        world.give(end.0, end.1);
        world.run(secs(1));
        assert!(world.people[ALICE].peers.is_empty() && world.people[BOB].peers.is_empty());
        assert_eq!(world.people[BOB].ringing, None);
        world.run(secs(20));
        assert_eq!((world.phase(ALICE), world.phase(BOB)), (None, None));
        world.talk(BOB, ALICE);
    }
    let mut world = ringing(&[ALICE, BOB]);
    world.run(secs(46));
    assert_eq!(world.reason(ALICE), Some(EndReason::NoAnswer));
    assert!(world.people[ALICE].peers.is_empty() && world.people[BOB].peers.is_empty());
}

#[test]
fn a_caller_who_claims_that_both_agreed_gets_nothing_from_bob_who_did_not() {
    let mut world = World::new();
    world.people[ALICE].early = true;
    let call = world.call(ALICE, BOB);
    world.run(secs(1));
    for (seq, kind) in [
        Kind::Signal {
            data: "offer".into(),
        },
        Kind::Ringing { early: true },
    ]
    .into_iter()
    .enumerate()
    {
        let seq = 1 + u32::try_from(seq).unwrap();
        world.forge(ALICE, BOB, &Message { call, seq, kind });
    }
    world.run(secs(1));
    assert!(world.people[BOB].peers.is_empty());
    assert_eq!(world.said(BOB), ["ringing"]);
}

#[test]
fn a_callee_who_claims_that_both_agreed_gets_nothing_from_alice_who_did_not() {
    let mut world = World::new();
    world.people[BOB].early = true;
    world.call(ALICE, BOB);
    world.run(secs(1));
    assert!(world.people[ALICE].peers.is_empty() && world.people[BOB].peers.is_empty());
    assert_eq!(world.said(ALICE), ["invite"]);
}

#[test]
fn a_call_that_is_late_takes_the_place_of_one_that_was_early() {
    // Bob's app is started anew while it rings there, and he calls back: what was started early is closed first.
    let mut world = ringing(&[ALICE, BOB]);
    world.restart(BOB);
    world.call(BOB, ALICE);
    world.run(secs(15));
    assert_eq!(world.phase(ALICE), Some(Phase::Connected));
    assert_eq!(world.phase(BOB), Some(Phase::Connected));
    assert_eq!(world.peer(ALICE).call, world.peer(BOB).call);
}

#[test]
fn carol_is_told_busy_while_alice_and_bob_are_connecting_early() {
    let mut world = ringing(&[ALICE, BOB, CAROL]);
    world.call(CAROL, BOB);
    world.run(secs(1));
    assert_eq!(world.reason(CAROL), Some(EndReason::Busy));
    assert_eq!(world.phase(BOB), Some(Phase::Ringing));
}

#[test]
fn media_from_somebody_else_ends_the_call_and_both_hear_why() {
    let early = ringing(&[ALICE, BOB]);
    let mut connecting = World::new();
    connecting.media_works = false;
    connecting.call(ALICE, BOB);
    connecting.run(secs(1));
    connecting.accept(BOB);
    connecting.run(secs(1));
    let mut talking = World::new();
    talking.talk(ALICE, BOB);
    for (n, mut world) in [early, connecting, talking].into_iter().enumerate() {
        let who = n % 2;
        let call = world.peer(who).call;
        world.give(
            who,
            Input::Media {
                call,
                state: MediaChange::Untrusted,
            },
        );
        world.run(secs(1));
        for who in [ALICE, BOB] {
            assert_eq!(world.reason(who), Some(EndReason::Untrusted));
            assert!(world.people[who].peers.is_empty());
            assert!(!world.people[who].records[0].missed);
        }
        assert_eq!(world.said(who).last(), Some(&"hang_up"));
    }
}

#[test]
fn a_page_without_a_peer_connection_distrusts_nobody() {
    let mut world = ringing(&[]);
    let call = world.people[BOB].ringing.unwrap();
    let state = MediaChange::Untrusted;
    world.give(BOB, Input::Media { call, state });
    assert_eq!(world.phase(BOB), Some(Phase::Ringing));
    // And who rings here may say so where nothing was agreed: then it is over, and not missed.
    let reason = HangUp::Untrusted;
    let kind = Kind::HangUp { reason };
    world.forge(ALICE, BOB, &Message { call, seq: 1, kind });
    world.run(secs(1));
    assert_eq!(world.reason(BOB), Some(EndReason::Untrusted));
}
