//! Whatever people, pages, networks and liars do: nothing panics, nothing hangs, and quiet comes after.
//!
//! What must hold at every moment is checked by [`super::person`] and [`super::world`] on every input: no state without
//! its timeout or beyond it, one peer connection from the accept (or an agreed early start) to the end, no address
//! before, nothing said after the end, each end told once, every message sealed, no session left over, and nothing opened that a
//! malicious server changed, misdirected or put together.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use uuid::Uuid;

use super::post::Fate;
use super::random::Random;
use super::world::{ALICE, BOB, CAROL, Keys, LATENCY, Who, World, secs};
use crate::call::{EndReason, Input, MediaChange, Phase, Timing};
use crate::message::{HangUp, Kind, Message};

const EVERYBODY: [Who; 3] = [ALICE, BOB, CAROL];

/// How many worlds each test looks at; `RINGDOWN_WORLDS` says another number.
fn worlds() -> u64 {
    std::env::var("RINGDOWN_WORLDS").map_or(250, |number| number.parse().unwrap())
}

/// How well the link works.
#[derive(Clone, Copy)]
enum Weather {
    Fine,
    /// Drops, returns, delays, repeats and reorders.
    Foul,
    /// Nothing arrives.
    Down,
}

fn set_weather(world: &mut World, weather: Weather, mut random: Random) {
    world.fate = Box::new(move |_| match (weather, random.below(10)) {
        (Weather::Down, 0..5) | (Weather::Foul, 0) => Fate::Lost,
        (Weather::Down, _) | (Weather::Foul, 1) => Fate::Returned,
        (Weather::Foul, 2) => Fate::Arrives(vec![LATENCY, LATENCY * 7]),
        (Weather::Foul, 3) => Fate::Arrives(vec![LATENCY * 40]),
        (Weather::Foul, 4) => Fate::Held,
        (Weather::Fine | Weather::Foul, n) => {
            Fate::Arrives(vec![LATENCY + Duration::from_millis(n as u64)])
        }
    });
}

fn some_call(world: &World, random: &mut Random) -> Uuid {
    let who = random.pick(&EVERYBODY);
    match world.people[who].calls.snapshot(world.now) {
        Some(snapshot) if !random.once_in(5) => snapshot.id,
        // One of a call that was, or a new one. Nobody can guess one that will be.
        _ if world.sent.is_empty() || random.once_in(3) => {
            Uuid::from_u128(u128::MAX - u128::from(random.next() % 100))
        }
        _ => world.sent[random.below(world.sent.len())].call,
    }
}

fn some_kind(world: &World, from: Who, random: &mut Random) -> Kind {
    let me = world.people[from].introduction();
    let video = random.once_in(2);
    match random.below(11) {
        0 => Kind::Invite {
            video,
            name: me.name,
            early: random.once_in(2),
            servers: Vec::new(),
            port: None,
        },
        1 => Kind::Ringing {
            early: random.once_in(2),
        },
        2 => Kind::Accept { video },
        3 => Kind::Decline { minutes: None },
        4 => Kind::Busy,
        5 => Kind::Cancel,
        6 => Kind::Signal { data: "lie".into() },
        7 => Kind::Alive,
        8 => Kind::Here {
            reach: vec![random.reach(20)],
        },
        9 => Kind::Welcome {
            name: me.name,
            reach: Vec::new(),
        },
        _ => Kind::HangUp {
            reason: random.pick(&[
                HangUp::Lost,
                HangUp::Ended,
                HangUp::Failed,
                HangUp::Untrusted,
            ]),
        },
    }
}

/// Something happens.
fn happen(world: &mut World, random: &mut Random, liars: bool) {
    let who = random.pick(&EVERYBODY);
    let other = EVERYBODY[(who + 1 + random.below(2)) % 3];
    match random.below(if liars { 19 } else { 13 }) {
        0..3 => drop(world.call_with(who, other, random.once_in(2))),
        3..6 => world.give(
            who,
            Input::Accept {
                video: random.once_in(2),
            },
        ),
        6 => world.give(
            who,
            match random.below(9) {
                0 => Input::Decline,
                1 => Input::Later { minutes: 10 },
                2 => Input::DeclineWaiting,
                3..6 => Input::HoldAndAccept { video: true },
                6 => Input::Swap,
                7 => Input::HangUpHeld,
                _ => Input::EndAndAccept { video: true },
            },
        ),
        7 => world.give(who, Input::Cancel),
        8 => world.give(who, Input::HangUp),
        9 => world.give(who, Input::Dismiss),
        10 => world.set_media(!random.once_in(3)),
        11 => world.release(|held| {
            for n in (1..held.len()).rev() {
                held.swap(n, random.below(n + 1));
            }
        }),
        12 if random.once_in(4) => match random.below(3) {
            0 => world.die(who),
            _ => world.restart(who),
        },
        12 => {
            let weather =
                random.pick(&[Weather::Fine, Weather::Foul, Weather::Foul, Weather::Down]);
            set_weather(world, weather, Random::new(random.next()));
        }
        13 => {
            let state = random.pick(&[
                MediaChange::Connected,
                MediaChange::Disconnected,
                MediaChange::Failed,
                MediaChange::Untrusted,
            ]);
            let call = some_call(world, random);
            world.give(who, Input::Media { call, state });
        }
        14 => {
            let call = some_call(world, random);
            world.give(
                who,
                Input::Signal {
                    call,
                    data: "whatever".into(),
                },
            );
        }
        17..19 => world.meddle(random),
        15 => {
            let call = some_call(world, random);
            let to = world.people[other].key();
            world.give(who, Input::Undelivered { call, to });
        }
        _ => {
            let (call, kind) = (some_call(world, random), some_kind(world, who, random));
            let seq = if random.once_in(10) {
                u32::MAX
            } else {
                random.next() as u32 % 6
            };
            world.forge(who, other, &Message { call, seq, kind });
        }
    }
}

/// One world: something happens many times, then it goes quiet.
fn live(seed: u64, liars: bool) -> World {
    let mut random = Random::new(seed);
    let keys = random.pick(&[Keys::AliceLower, Keys::BobLower]);
    let mut world = World::with(keys, Timing::default());
    world.liars = liars;
    for who in EVERYBODY {
        world.people[who].early = random.once_in(2);
    }
    let weather = random.pick(&[Weather::Fine, Weather::Foul]);
    set_weather(&mut world, weather, Random::new(random.next()));
    for _ in 0..random.below(80) {
        happen(&mut world, &mut random, liars);
        let pause = random.pick(&[0, 0, 10, 60, 300, 2000, 12_000]);
        world.run(Duration::from_millis(pause));
    }
    world
}

/// Nobody does anything any more: every call either ends or both talk. Then they hang up.
fn go_quiet(world: &mut World) {
    for who in EVERYBODY {
        // The pages tell how it really is, whatever was claimed before.
        for peer in world.people[who].peers.clone() {
            let state = if peer.flows {
                MediaChange::Connected
            } else {
                MediaChange::Disconnected
            };
            world.give(
                who,
                Input::Media {
                    call: peer.call,
                    state,
                },
            );
        }
    }
    world.run(secs(200));
    for who in EVERYBODY {
        match world.phase(who) {
            None => {}
            Some(Phase::Connected) => {
                for peer in &world.people[who].peers {
                    let both = EVERYBODY.iter().filter(|w| {
                        world.phase(**w) == Some(Phase::Connected)
                            && world.people[**w].peer(peer.call).is_some()
                    });
                    assert_eq!(both.count(), 2, "a call with nobody");
                }
            }
            Some(stuck) => panic!("still {stuck:?}"),
        }
    }
    for who in EVERYBODY {
        world.give(who, Input::HangUpHeld);
        world.give(who, Input::HangUp);
    }
    world.run(secs(60));
    for who in EVERYBODY {
        assert_eq!(world.phase(who), None);
    }
}

fn in_many_worlds(liars: bool) -> BTreeMap<String, usize> {
    let mut ends = BTreeMap::new();
    for seed in 0..worlds() {
        let lived = catch_unwind(AssertUnwindSafe(|| {
            let mut world = live(seed, liars);
            go_quiet(&mut world);
            world
        }));
        match lived {
            Ok(world) => {
                for record in world.people.iter().flat_map(|person| &person.records) {
                    *ends.entry(format!("{:?}", record.reason)).or_default() += 1;
                }
            }
            Err(panic) => {
                eprintln!("it was world {seed}");
                resume_unwind(panic);
            }
        }
    }
    ends
}

#[test]
fn whatever_happens_quiet_comes_after() {
    let ends = in_many_worlds(false);
    for reason in [
        EndReason::Declined,
        EndReason::Busy,
        EndReason::NoAnswer,
        EndReason::Missed,
        EndReason::Cancelled,
        EndReason::Unreachable,
        EndReason::EndedByMe,
        EndReason::EndedByPeer,
        EndReason::Lost,
        EndReason::NotConnected,
    ] {
        assert!(
            ends.contains_key(&format!("{reason:?}")),
            "no world had {reason:?}: {ends:?}"
        );
    }
}

#[test]
fn also_among_liars_and_where_the_server_is_malicious() {
    in_many_worlds(true);
}
