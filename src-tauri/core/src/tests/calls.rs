//! Calls as they are meant to go.

use super::world::{ALICE, BOB, Keys, World, secs};
use crate::call::{Direction, EndReason, Here, Input, Output, Phase, Timing};
use crate::invite::Reach;

fn labels(outputs: &[Output]) -> Vec<String> {
    outputs
        .iter()
        .map(|o| format!("{o:?}"))
        .map(|o| o.split('(').next().unwrap().to_owned())
        .collect()
}

#[test]
fn alice_calls_bob_and_they_talk() {
    let mut world = World::new();
    let call = world.call(ALICE, BOB);
    assert_eq!(world.phase(ALICE), Some(Phase::Inviting));
    assert_eq!(world.phase(BOB), None);

    world.run_until(|w| w.phase(BOB) == Some(Phase::Ringing));
    assert_eq!(world.people[BOB].ringing, Some(call));
    assert_eq!(
        labels(&world.people[BOB].outputs),
        ["Hinted", "Ring", "Send", "PreparePeer", "Changed"]
    );
    assert_eq!(
        world.phase(ALICE),
        Some(Phase::Inviting),
        "it rings only once Bob's app said so"
    );
    world.run_until(|w| w.phase(ALICE) == Some(Phase::Ringing));

    world.accept(BOB);
    assert_eq!(world.people[BOB].ringing, None);
    assert_eq!(world.phase(BOB), Some(Phase::Connecting));
    assert!(
        world.people[ALICE].peers.is_empty(),
        "Alice waits for the accept"
    );
    world.run_until(|w| w.phase(ALICE) == Some(Phase::Connecting));

    world.run_until(|w| {
        w.phase(ALICE) == Some(Phase::Connected) && w.phase(BOB) == Some(Phase::Connected)
    });
    let (alice, bob) = (world.peer(ALICE), world.peer(BOB));
    assert!(
        bob.initiator && !bob.polite,
        "the callee offers and does not give way"
    );
    assert!(alice.polite && !alice.initiator);
    assert_eq!(
        (alice.signals.as_slice(), bob.signals.as_slice()),
        (&["offer".into()][..], &["answer".into()][..])
    );

    world.run(secs(60));
    world.give(ALICE, Input::HangUp);
    world.run(secs(1));
    assert_eq!(world.reason(ALICE), Some(EndReason::EndedByMe));
    assert_eq!(world.reason(BOB), Some(EndReason::EndedByPeer));
    assert!(world.people[ALICE].peers.is_empty() && world.people[BOB].peers.is_empty());
    assert_eq!(world.said(ALICE), ["invite", "here", "signal", "hang_up"]);
    assert_eq!(world.said(BOB), ["ringing", "accept", "here", "signal"]);
}

#[test]
fn the_history_says_who_when_and_how_long() {
    let mut world = World::new();
    let call = world.talk(BOB, ALICE);
    world.run(secs(60));
    world.give(BOB, Input::HangUp);
    world.run(secs(1));
    for (who, direction, reason) in [
        (BOB, Direction::Outgoing, EndReason::EndedByMe),
        (ALICE, Direction::Incoming, EndReason::EndedByPeer),
    ] {
        let [record] = &world.people[who].records[..] else {
            panic!("one call, one record")
        };
        assert_eq!(
            (record.call, record.direction, record.reason, record.missed),
            (call, direction, reason, false)
        );
        assert_eq!(record.contact, world.people[1 - who].key());
        assert_eq!(record.name, world.people[1 - who].name);
        assert_eq!(record.talked.unwrap().as_secs(), 60);
        assert!(record.began_ago > record.talked.unwrap());
    }
}

#[test]
fn the_window_is_told_what_to_draw() {
    let mut world = World::new();
    let call = world.call_with(ALICE, BOB, false);
    world.run_until(|w| w.phase(ALICE) == Some(Phase::Ringing));
    let snapshot = |world: &World, who: usize| world.people[who].calls.snapshot(world.now).unwrap();
    let bob = snapshot(&world, BOB);
    assert_eq!(
        (bob.id, bob.contact, bob.name.as_str()),
        (call, world.people[ALICE].key(), "Alice")
    );
    assert_eq!(
        (bob.direction, bob.video, bob.peer_video),
        (Direction::Incoming, false, false)
    );

    world.give(BOB, Input::Accept { video: true });
    world.run_until(|w| w.phase(ALICE) == Some(Phase::Connected));
    let alice = snapshot(&world, ALICE);
    assert_eq!(
        (alice.direction, alice.video, alice.peer_video),
        (Direction::Outgoing, false, true)
    );
    assert_eq!(
        (world.peer(ALICE).video, world.peer(BOB).video),
        (false, true)
    );
    assert_eq!(alice.connected_ms, Some(0));
    world.run(secs(5));
    assert_eq!(snapshot(&world, ALICE).connected_ms, Some(5000));

    world.give(ALICE, Input::HangUp);
    world.run(secs(3));
    let ended = snapshot(&world, ALICE);
    assert_eq!(
        (ended.phase, ended.connected_ms),
        (Phase::Ended, Some(5000)),
        "the clock has stopped"
    );
}

#[test]
fn a_snapshot_is_written_as_the_window_reads_it() {
    let mut world = World::new();
    let call = world.call(ALICE, BOB);
    world.give(ALICE, Input::Cancel);
    let json = serde_json::to_value(world.people[ALICE].calls.snapshot(world.now)).unwrap();
    assert_eq!(
        json,
        serde_json::json!({
            "id": call.to_string(), "contact": world.people[BOB].key().to_string(), "name": "Bob",
            "direction": "outgoing", "phase": "ended", "reason": "cancelled",
            "video": true, "peer_video": false, "connected_ms": null,
            "later_minutes": null,
        })
    );
    let no_answer = serde_json::to_string(&EndReason::NoAnswer).unwrap();
    assert_eq!(no_answer, r#""no_answer""#);
}

#[test]
fn bob_may_hang_up_too() {
    let mut world = World::new();
    world.talk(ALICE, BOB);
    world.give(BOB, Input::HangUp);
    world.run(secs(1));
    assert_eq!(world.reason(BOB), Some(EndReason::EndedByMe));
    assert_eq!(world.reason(ALICE), Some(EndReason::EndedByPeer));
}

#[test]
fn bob_accepts_without_video() {
    let mut world = World::new();
    world.call(ALICE, BOB);
    world.run_until(|w| w.phase(BOB) == Some(Phase::Ringing));
    world.give(BOB, Input::Accept { video: false });
    world.run(secs(1));
    let snapshot = world.people[ALICE].calls.snapshot(world.now).unwrap();
    assert!(snapshot.video && !snapshot.peer_video);
    assert!(!world.peer(BOB).video);
}

#[test]
fn bob_declines() {
    let mut world = World::new();
    world.call(ALICE, BOB);
    world.run(secs(3));
    world.give(BOB, Input::Decline);
    world.run(secs(1));
    assert_eq!(world.reason(ALICE), Some(EndReason::Declined));
    assert_eq!(world.reason(BOB), Some(EndReason::Declined));
    assert_eq!(world.people[BOB].ringing, None);
    assert!(!world.people[BOB].records[0].missed);
}

#[test]
fn hanging_up_on_what_rings_declines_it() {
    let mut world = World::new();
    world.call(ALICE, BOB);
    world.run(secs(3));
    world.give(BOB, Input::HangUp);
    world.run(secs(1));
    assert_eq!(world.reason(ALICE), Some(EndReason::Declined));
}

#[test]
fn alice_takes_her_call_back_while_it_rings() {
    for input in [Input::Cancel, Input::HangUp] {
        let mut world = World::new();
        world.call(ALICE, BOB);
        world.run(secs(3));
        world.give(ALICE, input);
        world.run(secs(1));
        assert_eq!(world.reason(ALICE), Some(EndReason::Cancelled));
        assert_eq!(world.reason(BOB), Some(EndReason::Missed));
        assert!(world.people[BOB].records[0].missed);
        assert_eq!(world.people[BOB].ringing, None);
    }
}

#[test]
fn alice_takes_her_call_back_before_it_rings() {
    let mut world = World::new();
    world.call(ALICE, BOB);
    world.give(ALICE, Input::Cancel);
    world.run(secs(1));
    assert_eq!(world.reason(ALICE), Some(EndReason::Cancelled));
    assert_eq!(world.reason(BOB), Some(EndReason::Missed));
}

#[test]
fn nobody_answers() {
    let mut world = World::new();
    world.call(ALICE, BOB);
    world.run(secs(44));
    assert_eq!(world.phase(ALICE), Some(Phase::Ringing));
    assert_eq!(world.phase(BOB), Some(Phase::Ringing));
    world.run(secs(2));
    assert_eq!(world.reason(ALICE), Some(EndReason::NoAnswer));
    assert_eq!(world.reason(BOB), Some(EndReason::Missed));
    assert_eq!(world.said(ALICE), ["invite", "cancel"]);
}

#[test]
fn bobs_patience_may_be_shorter_than_alices() {
    let mut world = World::new();
    world.people[BOB].timing.no_answer = secs(10);
    let timing = world.people[BOB].timing;
    world.people[BOB].calls.set_timing(timing);
    world.call(ALICE, BOB);
    world.run(secs(11));
    assert_eq!(world.reason(BOB), Some(EndReason::Missed));
    assert_eq!(world.reason(ALICE), Some(EndReason::NoAnswer));
}

#[test]
fn both_say_they_are_there_every_two_seconds_and_every_ten_once_they_talk() {
    let mut world = World::new();
    world.call(ALICE, BOB);
    world.run(secs(21));
    let alive = |world: &World| {
        [ALICE, BOB].map(|who| {
            let alive = world
                .sent
                .iter()
                .filter(|l| l.from == who && l.kind == "alive");
            alive.count()
        })
    };
    assert_eq!(alive(&world), [10, 10]);
    world.accept(BOB);
    world.run(secs(30));
    assert_eq!(world.phase(ALICE), Some(Phase::Connected));
    assert_eq!(
        alive(&world),
        [25, 25],
        "the other side may still be connecting"
    );
    world.run(secs(40));
    assert_eq!(alive(&world), [29, 29]);
    world.set_media(false);
    world.run(secs(12));
    assert_eq!(world.phase(ALICE), Some(Phase::Reconnecting));
    assert_eq!(alive(&world), [35, 35], "at once, and every two seconds");
    world.give(ALICE, Input::HangUp);
    world.run(secs(20));
    assert_eq!(alive(&world), [35, 35]);
}

#[test]
fn calling_who_rings_here_answers_them() {
    let mut world = World::new();
    let call = world.call(ALICE, BOB);
    world.run(secs(1));
    world.call_with(BOB, ALICE, false);
    world.run(secs(1));
    assert_eq!(world.phase(ALICE), Some(Phase::Connected));
    assert_eq!(world.peer(BOB).call, call);
    assert!(!world.peer(BOB).video);
    assert_eq!(world.said(BOB), ["ringing", "accept", "here", "signal"]);
}

#[test]
fn how_it_ended_is_shown_for_a_while_or_until_it_was_seen() {
    let mut world = World::new();
    world.call(ALICE, BOB);
    world.run(secs(1));
    world.give(BOB, Input::Decline);
    world.run(secs(1));
    world.give(ALICE, Input::Dismiss);
    assert_eq!(world.phase(ALICE), None);
    assert_eq!(world.people[ALICE].outputs.last(), Some(&Output::Changed));
    world.run(secs(6));
    assert_eq!(world.phase(BOB), Some(Phase::Ended));
    world.run(secs(2));
    assert_eq!(world.phase(BOB), None);
    assert_eq!(world.people[BOB].outputs.last(), Some(&Output::Changed));
}

#[test]
fn a_new_call_does_not_wait_for_the_old_one_to_be_put_away() {
    let mut world = World::new();
    world.call(ALICE, BOB);
    world.run(secs(1));
    world.give(BOB, Input::Decline);
    world.run(secs(1));
    let again = world.talk(ALICE, BOB);
    assert_eq!(world.peer(BOB).call, again);
}

#[test]
fn ten_calls_in_a_row() {
    let mut world = World::with(Keys::BobLower, Timing::default());
    for round in 0..10 {
        let (caller, callee) = if round % 2 == 0 {
            (ALICE, BOB)
        } else {
            (BOB, ALICE)
        };
        world.talk(caller, callee);
        world.give([ALICE, BOB][round % 3 % 2], Input::HangUp);
        world.run(secs(1));
    }
    assert_eq!(world.people[ALICE].records.len(), 10);
    assert_eq!(world.people[BOB].records.len(), 10);
}

#[test]
fn the_callee_learns_where_the_caller_is_only_once_they_answered() {
    let mut world = World::new();
    world.call(ALICE, BOB);
    world.run(secs(1));
    let (alice, all) = (world.people[ALICE].key(), world.people[ALICE].here().reach);
    let servers = vec![Reach::parse("ws://alice.example").unwrap()];
    assert_eq!(world.people[BOB].hinted, [(alice, servers, Some(47100))]);
    assert!(world.people[BOB].learned.is_empty());
    world.accept(BOB);
    world.run(secs(1));
    assert_eq!(world.people[BOB].learned, [(alice, all)]);
    assert_eq!(
        world.people[ALICE].learned,
        [(world.people[BOB].key(), world.people[BOB].here().reach)]
    );
}

#[test]
fn who_moves_during_a_call_says_so_and_before_it_says_nothing() {
    let elsewhere = Here {
        reach: vec![Reach::parse("ws://192.0.2.99:47100").unwrap()],
        port: Some(47100),
    };
    let mut world = World::new();
    world.call(ALICE, BOB);
    world.run(secs(1));
    world.give(BOB, Input::Here(elsewhere.clone()));
    assert_eq!(world.said(BOB), ["ringing"]);
    world.accept(BOB);
    world.run(secs(1));
    assert_eq!(world.people[ALICE].learned[0].1, elsewhere.reach);
    for _ in 0..2 {
        world.give(ALICE, Input::Here(elsewhere.clone()));
    }
    world.run(secs(1));
    assert_eq!(world.people[BOB].learned.len(), 2, "told once");
    assert_eq!(world.people[BOB].learned[1].1, elsewhere.reach);
}

#[test]
fn no_more_than_eight_addresses_are_told() {
    let mut world = World::new();
    let many = Here {
        reach: (0..20)
            .map(|n| Reach::parse(&format!("ws://meet{n}.example")).unwrap())
            .collect(),
        port: None,
    };
    world.give(ALICE, Input::Here(many));
    world.talk(ALICE, BOB);
    world.run(secs(1));
    assert_eq!(world.people[BOB].hinted[0].1.len(), 8);
    assert_eq!(world.people[BOB].learned[0].1.len(), 8);
}
