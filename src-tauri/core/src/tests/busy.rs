//! Carol calls while Alice and Bob are in a call.

use uuid::Uuid;

use super::world::{ALICE, BOB, CAROL, World, secs};
use crate::call::{EndReason, Input, Phase};
use crate::message::{HangUp, Kind, Message};

/// Alice and Bob, in each phase that a call can have.
fn each_phase(mut story: impl FnMut(World, Uuid, Phase)) {
    let mut world = World::new();
    (world.fate) = Box::new(|l| match l.kind {
        "ringing" => super::post::Fate::Held,
        _ => super::post::Fate::Arrives(vec![super::world::LATENCY]),
    });
    let call = world.call(ALICE, BOB);
    world.run(secs(1));
    story(world, call, Phase::Inviting);

    let mut world = World::new();
    let call = world.call(ALICE, BOB);
    world.run(secs(1));
    story(world, call, Phase::Ringing);

    let mut world = World::new();
    world.media_works = false;
    let call = world.call(ALICE, BOB);
    world.run(secs(1));
    world.accept(BOB);
    world.run(secs(1));
    story(world, call, Phase::Connecting);

    let mut world = World::new();
    let call = world.talk(ALICE, BOB);
    story(world, call, Phase::Connected);

    let mut world = World::new();
    let call = world.talk(ALICE, BOB);
    world.set_media(false);
    world.run(secs(4));
    story(world, call, Phase::Reconnecting);
}

#[test]
fn carol_hears_busy_while_it_rings_and_alice_hears_of_carol() {
    each_phase(|mut world, call, phase| {
        assert_eq!(world.phase(ALICE), Some(phase));
        if !matches!(phase, Phase::Inviting | Phase::Ringing) {
            // She waits, see `waiting`.
            return;
        }
        for (round, callee) in [ALICE, BOB].into_iter().enumerate() {
            let before = world.phase(callee);
            world.call(CAROL, callee);
            world.run(secs(1));
            assert_eq!(world.reason(CAROL), Some(EndReason::Busy), "{phase:?}");
            assert_eq!(
                world.people[callee].waiting,
                [world.people[CAROL].name.clone()]
            );
            assert_eq!(world.phase(callee), before, "the call goes on");
            assert_eq!(
                world.people[callee].calls.snapshot(world.now).unwrap().id,
                call
            );
            assert!(world.people[callee].records[0].missed);
            assert_eq!(world.people[CAROL].records.len(), round + 1);
            world.give(CAROL, Input::Dismiss);
        }
    });
}

#[test]
fn carol_can_call_once_they_hung_up() {
    let mut world = World::new();
    world.talk(ALICE, BOB);
    world.give(ALICE, Input::HangUp);
    world.run(secs(1));
    assert_eq!(world.phase(BOB), Some(Phase::Ended));
    world.talk(CAROL, BOB);
}

#[test]
fn alice_cannot_call_carol_before_hanging_up() {
    let mut world = World::new();
    let call = world.talk(ALICE, BOB);
    world.call(ALICE, CAROL);
    world.run(secs(1));
    assert_eq!(world.phase(CAROL), None);
    assert_eq!(world.peer(ALICE).call, call);
}

#[test]
fn carol_cannot_meddle_in_a_call_that_is_not_hers() {
    let everything = |call: Uuid, world: &World| {
        let me = world.people[CAROL].introduction();
        let kinds = vec![
            Kind::Invite {
                video: true,
                name: me.name,
                early: true,
                servers: Vec::new(),
                port: None,
            },
            Kind::Ringing { early: true },
            Kind::Accept { video: true },
            Kind::Here { reach: Vec::new() },
            Kind::Decline { minutes: None },
            Kind::Busy,
            Kind::Cancel,
            Kind::Signal {
                data: "evil".into(),
            },
            Kind::Alive,
            Kind::HangUp {
                reason: HangUp::Ended,
            },
        ];
        (0..3).flat_map(move |seq| {
            kinds
                .clone()
                .into_iter()
                .map(move |kind| Message { call, seq, kind })
        })
    };
    each_phase(|mut world, call, phase| {
        let before = (world.phase(ALICE), world.phase(BOB));
        let messages: Vec<Message> = everything(call, &world).collect();
        for message in messages {
            for callee in [ALICE, BOB] {
                world.forge(CAROL, callee, &message);
            }
        }
        world.run(super::world::LATENCY);
        assert_eq!((world.phase(ALICE), world.phase(BOB)), before, "{phase:?}");
        for who in [ALICE, BOB] {
            assert!(world.people[who].waiting.is_empty());
            assert_eq!(world.people[who].calls.waiting(), None);
            let signals = world.people[who]
                .peers
                .iter()
                .flat_map(|peer| &peer.signals);
            assert!(signals.into_iter().all(|signal| signal != "evil"));
        }
    });
}
