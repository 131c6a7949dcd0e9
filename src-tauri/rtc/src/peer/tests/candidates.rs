//! Candidates: early, inside descriptions, named, useless.

use serde_json::json;

use super::world::{World, answer, line, name, offer_of, text};
use crate::peer::{Peer, PeerConfig, RemoteCandidate};

#[test]
fn candidates_may_come_before_the_description_they_belong_to() {
    let mut world = World::new();
    let lines = json!([line(None, "audio", "sendrecv")]);
    let offer = offer_of(&mut world, json!({ "transceivers": lines }));
    world
        .ask_alice("setLocalOffer", json!({ "sdp": offer }))
        .unwrap();
    world.trickle();
    world
        .ask_bob("setRemoteOffer", json!({ "sdp": offer }))
        .unwrap();
    let made = text(
        &world
            .ask_bob(
                "createAnswer",
                json!({ "transceivers": [answer("0", "sendrecv")] }),
            )
            .unwrap(),
    );
    world
        .ask_bob("setLocalAnswer", json!({ "sdp": made }))
        .unwrap();
    world.trickle();
    world
        .ask_alice("setRemoteAnswer", json!({ "sdp": made }))
        .unwrap();
    world.run_until("they are connected", |world| {
        [&world.alice, &world.bob]
            .iter()
            .all(|side| side.last_state("connection") == "connected")
    });
}

#[test]
fn candidates_inside_the_description_are_used_and_names_are_resolved() {
    let mut world = World::new();
    let offer = offer_of(
        &mut world,
        json!({ "dataChannel": true, "transceivers": [] }),
    );
    world
        .ask_alice("setLocalOffer", json!({ "sdp": offer }))
        .unwrap();
    let inside = "a=candidate:1 1 udp 2113937151 2c4a06a2-5fd2-4f0c.local 1111 typ host\r\na=end-of-candidates\r\n";
    world
        .ask_bob(
            "setRemoteOffer",
            json!({ "sdp": format!("{offer}{inside}") }),
        )
        .unwrap();
    let made = text(
        &world
            .ask_bob("createAnswer", json!({ "transceivers": [] }))
            .unwrap(),
    );
    world
        .ask_bob("setLocalAnswer", json!({ "sdp": made }))
        .unwrap();
    world
        .ask_alice("setRemoteAnswer", json!({ "sdp": made }))
        .unwrap();
    assert_eq!(world.bob.resolve, ["2c4a06a2-5fd2-4f0c.local"]);
    let name = RemoteCandidate::read(inside.lines().next().unwrap(), None)
        .unwrap()
        .unwrap();
    let (now, address) = (world.now, world.alice.addresses[0].ip());
    world.bob.peer.resolved(now, &name, address);
    world.run_until("they are connected", |world| {
        world.bob.last_state("connection") == "connected"
    });
}

#[test]
fn what_is_no_candidate_is_refused_and_what_is_of_no_use_is_not() {
    let mut world = World::call();
    let of =
        |candidate: &str| json!({ "candidate": candidate, "mid": "0", "index": 0, "ufrag": null });
    for bad in [
        "nonsense",
        "candidate:",
        "candidate:1 1 udp 1 192.0.2.9 9",
        "candidate:1 1 udp 1 192.0.2.9 9 typ host\r\na=x",
    ] {
        assert_eq!(
            name(world.ask_alice("addCandidate", of(bad))),
            "OperationError",
            "{bad}"
        );
    }
    for fine in [
        "",
        "candidate:1 1 tcp 1518280447 192.0.2.9 9 typ host tcptype active",
        "candidate:1 2 udp 2113937151 192.0.2.9 5000 typ host",
        "candidate:1 1 udp 2113937151 224.0.0.1 5000 typ host",
        "candidate:1 1 udp 2113937151 192.0.2.9 0 typ host",
        "a=candidate:1 1 udp 2113937151 192.0.2.9 5000 typ unheard-of",
    ] {
        world.ask_alice("addCandidate", of(fine)).unwrap();
    }
}

#[test]
fn relay_only_announces_nothing() {
    let mut world = World::new();
    world.alice.peer = Peer::new(
        world.now,
        PeerConfig {
            relay_only: true,
            ..Default::default()
        },
    );
    let offer = offer_of(
        &mut world,
        json!({ "dataChannel": true, "transceivers": [] }),
    );
    world
        .ask_alice("setLocalOffer", json!({ "sdp": offer }))
        .unwrap();
    let candidates: Vec<_> = world
        .alice
        .events
        .iter()
        .filter(|one| one["event"] == "candidate")
        .collect();
    assert!(matches!(candidates[..], [one] if one["candidate"].is_null()));
    assert_eq!(world.alice.states("gathering"), ["gathering", "complete"]);
}
