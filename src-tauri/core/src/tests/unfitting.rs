//! Inputs that do not fit the state change nothing; no state shows anything personal.

use uuid::Uuid;

use super::post::Fate;
use super::world::{ALICE, BOB, LATENCY, Who, World, secs};
use crate::call::{Input, MediaChange};

/// Each state of the machine, with somebody who is in it.
fn each_state() -> Vec<(&'static str, World, Who)> {
    let mut states = Vec::new();
    states.push(("idle", World::new(), ALICE));

    let mut world = World::new();
    world.fate = Box::new(|l| {
        if l.from == BOB {
            Fate::Held
        } else {
            Fate::Arrives(vec![LATENCY])
        }
    });
    world.call(ALICE, BOB);
    world.run(secs(1));
    states.push(("inviting", world, ALICE));

    for (name, who) in [("ringing there", ALICE), ("ringing here", BOB)] {
        let mut world = World::new();
        world.call(ALICE, BOB);
        world.run(secs(1));
        states.push((name, world, who));
    }
    for (name, who) in [
        ("connecting as caller", ALICE),
        ("connecting as callee", BOB),
    ] {
        let mut world = World::new();
        world.media_works = false;
        world.call(ALICE, BOB);
        world.run(secs(1));
        world.accept(BOB);
        world.run(secs(1));
        states.push((name, world, who));
    }
    let mut world = World::new();
    world.talk(ALICE, BOB);
    states.push(("connected", world, ALICE));

    let mut world = World::new();
    world.talk(ALICE, BOB);
    world.set_media(false);
    world.run(secs(4));
    states.push(("reconnecting", world, ALICE));

    let mut world = World::new();
    world.talk(ALICE, BOB);
    world.give(ALICE, Input::HangUp);
    states.push(("ended", world, ALICE));
    states
}

#[test]
fn what_does_not_fit_changes_nothing() {
    for (state, mut world, who) in each_state() {
        let call = world.people[who]
            .calls
            .snapshot(world.now)
            .map_or(Uuid::nil(), |s| s.id);
        let other = Uuid::from_u128(999);
        let own = world.people[who].key();
        let unfitting =
            |allowed: &[&str], input: Input| (!allowed.contains(&state)).then_some(input);
        let media = |call, state| Input::Media { call, state };
        let me = world.people[who].introduction();
        let inputs = [
            unfitting(
                &[],
                Input::Call {
                    id: other,
                    contact: own,
                    name: me.name.clone(),
                    video: true,
                    me,
                },
            ),
            unfitting(&["ringing here"], Input::Accept { video: true }),
            unfitting(&["ringing here"], Input::Decline),
            unfitting(
                &[
                    "inviting",
                    "ringing there",
                    "connecting as caller",
                    "connecting as callee",
                    "connected",
                    "reconnecting",
                ],
                Input::Cancel,
            ),
            unfitting(
                &[
                    "inviting",
                    "ringing there",
                    "ringing here",
                    "connecting as caller",
                    "connecting as callee",
                    "connected",
                    "reconnecting",
                ],
                Input::HangUp,
            ),
            unfitting(&["ended"], Input::Dismiss),
            unfitting(
                &[],
                Input::Signal {
                    call: other,
                    data: "x".into(),
                },
            ),
            unfitting(
                &[
                    "connecting as caller",
                    "connecting as callee",
                    "connected",
                    "reconnecting",
                ],
                Input::Signal {
                    call,
                    data: "x".into(),
                },
            ),
            unfitting(&[], media(other, MediaChange::Connected)),
            unfitting(&[], media(other, MediaChange::Failed)),
            unfitting(
                &[
                    "connecting as caller",
                    "connecting as callee",
                    "reconnecting",
                ],
                media(call, MediaChange::Connected),
            ),
            unfitting(&["connected"], media(call, MediaChange::Disconnected)),
            unfitting(&["connected"], media(call, MediaChange::Failed)),
            unfitting(
                &[],
                Input::Undelivered {
                    call: other,
                    to: world.people[BOB].key(),
                },
            ),
            unfitting(&[], Input::Undelivered { call, to: own }),
            unfitting(&[], Input::Timeout),
        ];
        let before = (
            world.people[who].calls.snapshot(world.now),
            world.people[who].outputs.len(),
        );
        for input in inputs.into_iter().flatten() {
            let shown = format!("{state}: {input:?}");
            world.give(who, input);
            let after = (
                world.people[who].calls.snapshot(world.now),
                world.people[who].outputs.len(),
            );
            assert_eq!(after, before, "{shown}");
        }
    }
}

#[test]
fn no_state_and_no_output_shows_anything_personal() {
    for (state, world, who) in each_state() {
        let person = &world.people[who];
        let shown = format!(
            "{:?} {:?} {:?}",
            person.calls,
            person.outputs,
            person.calls.snapshot(world.now)
        );
        for someone in &world.people {
            assert!(!shown.contains(someone.name.as_str()), "{state}: {shown}");
            assert!(
                !shown.contains(&someone.key().to_string()[..5]),
                "{state}: {shown}"
            );
        }
        for personal in ["example", "\"offer", "\"answer"] {
            assert!(!shown.contains(personal), "{state}: {shown}");
        }
    }
}

#[test]
fn no_input_shows_anything_personal() {
    let world = World::new();
    let alice = &world.people[ALICE];
    let call = Input::Call {
        id: Uuid::nil(),
        contact: alice.key(),
        name: alice.name.clone(),
        video: true,
        me: alice.introduction(),
    };
    let signal = Input::Signal {
        call: Uuid::nil(),
        data: "v=0 192.0.2.1".into(),
    };
    let shown = format!("{call:?} {signal:?} {:?}", alice.introduction());
    for personal in ["Alice", "example", "192", &alice.key().to_string()[..5]] {
        assert!(!shown.contains(personal), "{shown}");
    }
    assert!(shown.contains("13 bytes"), "{shown}");
}
