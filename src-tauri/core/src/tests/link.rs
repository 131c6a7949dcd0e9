//! Letters that come twice, late, in the wrong order, from before, or from nobody one knows.

use super::post::{Fate, Letter};
use super::world::{ALICE, BOB, CAROL, LATENCY, World, secs};
use crate::call::{EndReason, Input, Phase};
use crate::inbox::MAX_WAITING;
use crate::message::{HangUp, Kind, MAX_SIGNAL, MAX_SIGNALS, Message, SIGNAL_EVERY};

#[test]
fn every_letter_comes_twice() {
    let mut world = World::new();
    world.fate = Box::new(|_| Fate::Arrives(vec![LATENCY, LATENCY * 3]));
    world.talk(ALICE, BOB);
    world.run(secs(20));
    assert_eq!(world.peer(BOB).signals, ["answer"]);
    world.give(BOB, Input::HangUp);
    world.run(secs(20));
    assert_eq!((world.phase(ALICE), world.phase(BOB)), (None, None));
    assert_eq!(
        (
            world.people[ALICE].records.len(),
            world.people[BOB].records.len()
        ),
        (1, 1)
    );
}

#[test]
fn letters_overtake_each_other() {
    let mut world = World::new();
    let mut slow = false;
    world.fate = Box::new(move |l| {
        slow = !slow && l.kind != "invite";
        Fate::Arrives(vec![if slow { LATENCY * 9 } else { LATENCY }])
    });
    world.call(ALICE, BOB);
    world.run(LATENCY);
    // Ringing, and right after it the accept.
    world.accept(BOB);
    world.run_until(|w| {
        w.phase(ALICE) == Some(Phase::Connected) && w.phase(BOB) == Some(Phase::Connected)
    });
    let call = world.peer(ALICE).call;
    let numbered: Vec<String> = (0..20).map(|n| format!("candidate {n}")).collect();
    for data in &numbered {
        world.give(
            ALICE,
            Input::Signal {
                call,
                data: data.clone(),
            },
        );
    }
    world.run(secs(1));
    assert_eq!(world.peer(BOB).signals[1..], numbered);
}

#[test]
fn the_end_does_not_wait_for_what_is_still_on_its_way() {
    let mut world = World::new();
    let call = world.talk(ALICE, BOB);
    world.fate = Box::new(|l| {
        if l.kind == "signal" {
            Fate::Lost
        } else {
            Fate::Arrives(vec![LATENCY])
        }
    });
    world.give(
        ALICE,
        Input::Signal {
            call,
            data: "lost".into(),
        },
    );
    world.give(ALICE, Input::HangUp);
    world.run(secs(1));
    assert_eq!(world.reason(BOB), Some(EndReason::EndedByPeer));
}

#[test]
fn a_cancel_that_overtakes_its_invite_leaves_nothing_ringing() {
    let mut world = World::new();
    world.fate = Box::new(|l| {
        Fate::Arrives(vec![if l.kind == "invite" {
            LATENCY * 9
        } else {
            LATENCY
        }])
    });
    world.call(ALICE, BOB);
    world.give(ALICE, Input::Cancel);
    world.run(secs(1));
    assert_eq!(world.phase(BOB), None);
    assert!(world.people[BOB].outputs.is_empty());
}

#[test]
fn lost_signs_of_life_leave_no_gap() {
    let mut world = World::new();
    let mut nth = 0;
    world.fate = Box::new(move |l| {
        nth += usize::from(l.kind == "alive");
        if l.kind == "alive" && nth % 3 != 0 {
            Fate::Lost
        } else {
            Fate::Arrives(vec![LATENCY])
        }
    });
    world.call(ALICE, BOB);
    world.run(secs(30));
    assert_eq!(world.phase(ALICE), Some(Phase::Ringing));
    world.accept(BOB);
    world.run(secs(1));
    assert_eq!(world.phase(ALICE), Some(Phase::Connected));
}

#[test]
fn old_signs_of_life_keep_nothing_alive() {
    let mut world = World::new();
    world.call(ALICE, BOB);
    world.run(secs(5));
    let old: Vec<Letter> = world
        .sent
        .iter()
        .filter(|l| l.from == BOB)
        .cloned()
        .collect();
    world.die(BOB);
    for _ in 0..10 {
        for letter in &old {
            world.post(letter.clone());
        }
        world.run(secs(1));
    }
    assert_eq!(world.reason(ALICE), Some(EndReason::Unreachable));
}

#[test]
fn a_whole_call_replayed_does_nothing() {
    let mut world = World::new();
    world.talk(ALICE, BOB);
    let during: Vec<Letter> = world.sent.clone();
    for letter in during {
        world.post(letter);
    }
    world.run(secs(1));
    assert_eq!(world.phase(ALICE), Some(Phase::Connected));
    assert_eq!(world.peer(BOB).signals, ["answer"]);

    world.give(ALICE, Input::HangUp);
    world.run(secs(20));
    let outputs = [ALICE, BOB].map(|who| world.people[who].outputs.len());
    for letter in world.sent.clone() {
        world.post(letter);
    }
    world.run(secs(20));
    assert_eq!(
        [ALICE, BOB].map(|who| world.people[who].outputs.len()),
        outputs,
        "nobody did anything"
    );
}

#[test]
fn a_missed_or_refused_call_replayed_does_not_ring() {
    for input in [Input::Cancel, Input::Timeout] {
        let mut world = World::new();
        world.call(ALICE, BOB);
        world.run(secs(1));
        world.give(ALICE, input);
        world.run(secs(60));
        world.talk(BOB, CAROL);
        world.call(ALICE, BOB);
        world.run(secs(20));
        world.give(BOB, Input::DeclineWaiting);
        world.give(BOB, Input::HangUp);
        world.run(secs(20));
        let invites: Vec<Letter> = world
            .sent
            .iter()
            .filter(|l| l.kind == "invite" && l.to == BOB)
            .cloned()
            .collect();
        assert_eq!(invites.len(), 2);
        for letter in invites {
            world.post(letter);
        }
        world.run(secs(1));
        assert_eq!(world.phase(BOB), None);
        assert_eq!(world.people[BOB].calls.waiting(), None);
    }
}

#[test]
fn repeating_one_call_makes_nobody_forget_another() {
    let mut world = World::new();
    world.call(ALICE, BOB);
    world.run(secs(1));
    world.give(ALICE, Input::Cancel);
    world.run(secs(20));
    let invite = world
        .sent
        .iter()
        .find(|l| l.to == BOB && l.kind == "invite");
    let invite = invite.unwrap().clone();
    let other = world.call(CAROL, BOB);
    world.run(secs(1));
    for seq in 0..300 {
        world.forge(
            CAROL,
            BOB,
            &Message {
                call: other,
                seq,
                kind: Kind::Cancel,
            },
        );
    }
    world.run(secs(20));
    world.post(invite);
    world.run(secs(1));
    assert_eq!(world.phase(BOB), None);
}

#[test]
fn strangers_are_not_heard_and_learn_nothing() {
    let mut world = World::new();
    let carol = world.people[CAROL].key();
    world.people[BOB].strangers.insert(carol);
    world.call(CAROL, BOB);
    world.run(secs(10));
    assert!(world.people[BOB].outputs.is_empty());
    let carol_knows = world.reason(CAROL);
    world.give(CAROL, Input::Dismiss);
    world.die(BOB);
    world.call(CAROL, BOB);
    world.run(secs(10));
    assert_eq!(
        world.reason(CAROL),
        carol_knows,
        "Carol can't even tell that Bob is there"
    );
    world.restart(BOB);

    world.talk(ALICE, BOB);
    world.give(CAROL, Input::Cancel);
    world.call(CAROL, BOB);
    world.run(secs(10));
    assert!(world.people[BOB].waiting.is_empty());
    assert!(!world.said(BOB).contains(&"busy"));
}

#[test]
fn only_the_first_message_of_a_call_makes_it_ring() {
    let mut world = World::new();
    let me = world.people[ALICE].introduction();
    let invite = Kind::Invite {
        video: true,
        name: me.name,
        early: false,
        servers: Vec::new(),
        port: None,
    };
    let kinds = [
        Kind::Alive,
        Kind::Ringing { early: false },
        Kind::Accept { video: true },
        Kind::Signal { data: "x".into() },
        invite,
    ];
    for (n, kind) in kinds.into_iter().enumerate() {
        let call = uuid::Uuid::from_u128(900 + u128::try_from(n).unwrap());
        world.forge(ALICE, BOB, &Message { call, seq: 1, kind });
    }
    world.run(secs(1));
    assert!(world.people[BOB].outputs.is_empty());
}

#[test]
fn what_the_other_side_may_not_say_changes_nothing() {
    let say = |world: &mut World, from, to, call, seq, kind| {
        world.forge(from, to, &Message { call, seq, kind });
        world.run(LATENCY);
    };
    let mut world = World::new();
    let call = world.call(ALICE, BOB);
    world.run(secs(1));
    // The caller can't answer her own call, nor the callee take it back or send media before answering.
    for (n, kind) in [
        Kind::Ringing { early: false },
        Kind::Accept { video: true },
        Kind::Signal { data: "x".into() },
    ]
    .into_iter()
    .enumerate()
    {
        say(
            &mut world,
            ALICE,
            BOB,
            call,
            1 + u32::try_from(n).unwrap(),
            kind,
        );
    }
    say(
        &mut world,
        ALICE,
        BOB,
        call,
        4,
        Kind::Decline { minutes: None },
    );
    say(&mut world, ALICE, BOB, call, 4, Kind::Busy);
    say(
        &mut world,
        BOB,
        ALICE,
        call,
        1,
        Kind::Signal { data: "x".into() },
    );
    say(&mut world, BOB, ALICE, call, 2, Kind::Cancel);
    assert_eq!(world.phase(BOB), Some(Phase::Ringing));
    assert_eq!(world.phase(ALICE), Some(Phase::Ringing));
}

#[test]
fn a_farewell_means_what_its_sender_could_know() {
    for (answered, reason, means) in [
        (false, HangUp::Ended, EndReason::NoAnswer),
        (false, HangUp::Lost, EndReason::Unreachable),
        (false, HangUp::Failed, EndReason::Unreachable),
        (true, HangUp::Ended, EndReason::EndedByPeer),
        (true, HangUp::Lost, EndReason::Lost),
        (true, HangUp::Failed, EndReason::NotConnected),
        (false, HangUp::Untrusted, EndReason::Untrusted),
        (true, HangUp::Untrusted, EndReason::Untrusted),
    ] {
        let mut world = World::new();
        let call = world.call(ALICE, BOB);
        world.run(secs(1));
        if answered {
            world.accept(BOB);
            world.run(secs(1));
        }
        let message = Message {
            call,
            seq: 9,
            kind: Kind::HangUp { reason },
        };
        world.forge(BOB, ALICE, &message);
        world.run(LATENCY);
        assert_eq!(world.reason(ALICE), Some(means));
    }
}

#[test]
fn far_too_many_signals_ahead_of_a_lost_one_are_not_kept() {
    let mut world = World::new();
    let call = world.talk(ALICE, BOB);
    let most = u32::try_from(MAX_WAITING).unwrap();
    for seq in 4..4 + 2 * most {
        world.forge(
            ALICE,
            BOB,
            &Message {
                call,
                seq,
                kind: Kind::Signal {
                    data: "early".into(),
                },
            },
        );
    }
    world.run(secs(1));
    assert_eq!(world.peer(BOB).signals, ["answer"]);
    world.forge(
        ALICE,
        BOB,
        &Message {
            call,
            seq: 3,
            kind: Kind::Signal {
                data: "late".into(),
            },
        },
    );
    world.run(secs(1));
    assert_eq!(world.peer(BOB).signals.len(), 2 + MAX_WAITING);
}

#[test]
fn who_floods_a_call_with_signals_and_addresses_is_not_passed_on_without_end() {
    let mut world = World::new();
    let call = world.talk(ALICE, BOB);
    let flood = |world: &mut World, from: u32, count: u32| {
        for seq in from..from + count {
            let data = "again".to_owned();
            let kind = Kind::Signal { data };
            world.forge(ALICE, BOB, &Message { call, seq, kind });
            world.run(LATENCY);
        }
    };
    let before = world.peer(BOB).signals.len();
    let began = world.now;
    flood(&mut world, 3, 3000);
    let passed = world.peer(BOB).signals.len() - before;
    let given_back = (world.now - began).as_millis() / SIGNAL_EVERY.as_millis();
    let most = MAX_SIGNALS as usize + usize::try_from(given_back).unwrap() + 1;
    assert!(
        (512..=most).contains(&passed),
        "{passed} of 3000, at most {most}"
    );
    // and the call goes on, with whoever behaves again
    world.run(secs(5));
    let before = world.peer(BOB).signals.len();
    flood(&mut world, 3003, 10);
    assert_eq!(world.peer(BOB).signals.len(), before + 10);
}

#[test]
fn a_signal_that_no_envelope_can_carry_is_not_sent() {
    let mut world = World::new();
    let call = world.talk(ALICE, BOB);
    let before = world.said(ALICE).len();
    for data in [
        "x".repeat(MAX_SIGNAL + 1),
        "\"".repeat(MAX_SIGNAL),
        "\0".repeat(MAX_SIGNAL / 4),
    ] {
        world.give(ALICE, Input::Signal { call, data });
    }
    assert_eq!(world.said(ALICE).len(), before);
    world.give(
        ALICE,
        Input::Signal {
            call,
            data: "x".repeat(MAX_SIGNAL),
        },
    );
    world.run(secs(1));
    assert_eq!(world.peer(BOB).signals.last().unwrap().len(), MAX_SIGNAL);
}
