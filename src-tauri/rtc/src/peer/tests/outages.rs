//! The network goes, and comes back or not.

use std::time::Duration;

use serde_json::json;

use super::world::{World, answer, line, text};

fn all() -> serde_json::Value {
    json!([answer("0", "sendrecv"), answer("1", "sendrecv")])
}

#[test]
fn a_silent_call_stays_connected() {
    let mut world = World::call();
    world.run(Duration::from_secs(120));
    for side in [&world.alice, &world.bob] {
        assert_eq!(side.states("connection"), ["connecting", "connected"]);
    }
}

#[test]
fn bob_vanishes_and_alice_is_told() {
    let mut world = World::call();
    world.run(Duration::from_secs(5));
    world.cut = true;
    world.run(Duration::from_millis(4_500));
    assert_eq!(world.alice.last_state("connection"), "disconnected");
    assert_eq!(world.alice.last_state("ice"), "disconnected");
    world.run(Duration::from_secs(11));
    assert_eq!(world.alice.last_state("connection"), "failed");
    assert_eq!(world.alice.last_state("ice"), "failed");
}

#[test]
fn an_outage_of_twelve_seconds_heals_by_itself() {
    let mut world = World::call();
    world.run(Duration::from_secs(2));
    world.cut = true;
    world.run(Duration::from_secs(12));
    world.cut = false;
    world.run(Duration::from_secs(3));
    for side in [&world.alice, &world.bob] {
        assert_eq!(side.last_state("connection"), "connected");
    }
    world.alice_films(5, true, 500);
    assert!(!world.bob.frames.is_empty());
}

#[test]
fn after_a_long_outage_an_ice_restart_reconnects_within_a_second() {
    let mut world = World::call();
    world.cut = true;
    world.run(Duration::from_secs(40));
    assert_eq!(world.alice.last_state("connection"), "failed");
    world.cut = false;
    let lines = json!([
        line(Some("0"), "audio", "sendrecv"),
        line(Some("1"), "video", "sendrecv")
    ]);
    let (offer, _) = world.negotiate(
        json!({ "iceRestart": true, "dataChannel": true, "transceivers": lines }),
        json!({ "transceivers": all() }),
    );
    world.run(Duration::from_secs(1));
    for side in [&world.alice, &world.bob] {
        assert_eq!(side.last_state("connection"), "connected");
    }
    assert!(offer.contains("a=ice-ufrag:"));
    world.alice_films(5, true, 500);
    assert!(!world.bob.frames.is_empty());
}

#[test]
fn the_answerer_can_restart_as_well() {
    let mut world = World::call();
    std::mem::swap(&mut world.alice, &mut world.bob);
    let lines = json!([
        line(Some("0"), "audio", "sendrecv"),
        line(Some("1"), "video", "sendrecv")
    ]);
    world.negotiate(
        json!({ "iceRestart": true, "dataChannel": true, "transceivers": lines }),
        json!({ "transceivers": all() }),
    );
    world.alice.events.clear();
    world.run(Duration::from_secs(20));
    assert!(!world.alice.states("connection").contains(&"failed"));
    world.alice_films(5, true, 500);
    assert!(!world.bob.frames.is_empty());
}

#[test]
fn a_restart_that_is_rolled_back_changes_nothing() {
    let mut world = World::call();
    let offer = json!({ "iceRestart": true, "dataChannel": true, "transceivers": [] });
    let offer = text(&world.ask_alice("createOffer", offer).unwrap());
    world
        .ask_alice("setLocalOffer", json!({ "sdp": offer }))
        .unwrap();
    world.ask_alice("rollback", json!({})).unwrap();
    world.run(Duration::from_secs(30));
    assert_eq!(world.alice.last_state("connection"), "connected");
    assert_eq!(world.bob.last_state("connection"), "connected");
}

#[test]
fn both_restart_at_once_and_the_sockets_of_before_are_closed() {
    let mut world = World::call();
    world.run(Duration::from_secs(2));
    let lines = json!([
        line(Some("0"), "audio", "sendrecv"),
        line(Some("1"), "video", "sendrecv")
    ]);
    let restart = json!({ "iceRestart": true, "dataChannel": true, "transceivers": lines });
    let bobs = text(&world.ask_bob("createOffer", restart.clone()).unwrap());
    world
        .ask_bob("setLocalOffer", json!({ "sdp": bobs }))
        .unwrap();
    // Alice ignores it, and what Bob announced for it
    world.bob.events.clear();
    let rolled_back = *world.bob.addresses.last().unwrap();
    world.ask_bob("rollback", json!({})).unwrap();
    world.negotiate(restart, json!({ "transceivers": all() }));
    assert!(
        world.bob.addresses.contains(&rolled_back),
        "there may be packets on their way"
    );
    world.alice_films(5, true, 500);
    assert!(
        !world.bob.frames.is_empty(),
        "media goes on by the old pair"
    );
    world.run(Duration::from_secs(25));
    for side in [&world.alice, &world.bob] {
        assert!(!["disconnected", "failed"].contains(&side.last_state("connection")));
        assert_eq!(side.addresses.len(), 1);
    }
    world.alice_films(5, true, 500);
    assert_eq!(world.bob.frames.len(), 10);
}

#[test]
fn nobody_answers_the_checks_and_that_is_a_failure() {
    let mut world = World::new();
    world.cut = true;
    world.negotiate(
        json!({ "dataChannel": true, "transceivers": [] }),
        json!({ "transceivers": [] }),
    );
    world.run(Duration::from_secs(14));
    assert_eq!(world.alice.last_state("ice"), "checking");
    world.run(Duration::from_secs(2));
    assert_eq!(world.alice.last_state("ice"), "failed");
    assert_eq!(world.bob.last_state("connection"), "failed");
}

#[test]
fn bob_closes_and_alice_notices() {
    let mut world = World::call();
    world.bob.peer.close(world.now);
    world.drain();
    world.cut = true;
    world.run(Duration::from_secs(5));
    assert_eq!(world.alice.last_state("connection"), "disconnected");
}
