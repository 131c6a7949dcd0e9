//! Pairs that die while others live, and better ones that are found later.

use std::time::Duration;

use serde_json::json;

use super::world::{World, answer, line, text};
use crate::peer::Peer;
use crate::peer::ours::{HostAddress, RelayAddress};
use crate::servers::Transport;

#[test]
fn a_nat_gives_alice_another_address_and_bob_follows() {
    let mut world = World::call();
    world.run(Duration::from_secs(3));
    world.nat = Some("198.51.100.7:40000".parse().unwrap());
    world.bob_films(Duration::from_secs(4));
    world.alice.frames.clear();
    world.bob_films(Duration::from_secs(1));
    assert!(
        !world.alice.frames.is_empty(),
        "Bob still sends to where nobody is"
    );
    assert_eq!(world.alice.last_state("connection"), "connected");
    world.run(Duration::from_secs(2));
    let path = world.bob.events.iter().rfind(|one| one["event"] == "path");
    assert_eq!(path.unwrap()["remote"]["type"], "prflx");
}

#[test]
fn the_nat_takes_it_back_and_the_call_goes_on() {
    let mut world = World::call();
    world.run(Duration::from_secs(3));
    world.nat = Some("198.51.100.7:40000".parse().unwrap());
    world.bob_films(Duration::from_secs(5));
    world.nat = None;
    world.bob_films(Duration::from_secs(10));
    world.alice.frames.clear();
    world.bob_films(Duration::from_secs(1));
    assert!(!world.alice.frames.is_empty());
    for side in [&world.alice, &world.bob] {
        assert!(!side.states("connection").contains(&"failed"));
    }
}

#[test]
fn bob_is_reached_though_alice_is_not_told_of_and_counts_as_found() {
    let mut world = World::new();
    let lines = json!({ "transceivers": [line(None, "audio", "sendrecv")] });
    let offer = text(&world.ask_alice("createOffer", lines).unwrap());
    world
        .ask_alice("setLocalOffer", json!({ "sdp": offer }))
        .unwrap();
    world
        .ask_bob("setRemoteOffer", json!({ "sdp": offer }))
        .unwrap();
    let lines = json!({ "transceivers": [answer("0", "sendrecv")] });
    let made = text(&world.ask_bob("createAnswer", lines).unwrap());
    world
        .ask_bob("setLocalAnswer", json!({ "sdp": made }))
        .unwrap();
    world
        .ask_alice("setRemoteAnswer", json!({ "sdp": made }))
        .unwrap();
    world.alice.events.retain(|one| one["event"] != "candidate");
    world.trickle();
    world.run_until("Bob knows the path", |world| {
        world.bob.events.iter().any(|one| one["event"] == "path")
    });
    let path = world.bob.events.iter().find(|one| one["event"] == "path");
    assert_eq!(path.unwrap()["remote"]["type"], "prflx");
    let report = world.ask_bob("stats", json!({})).unwrap();
    let entries = report.as_array().unwrap();
    let remote = entries.iter().find(|one| one["type"] == "remote-candidate");
    assert_eq!(remote.unwrap()["candidateType"], "prflx");
}

/// Alice is reached by a relay first; then a direct way is found.
#[test]
fn a_better_pair_that_is_found_later_is_taken() {
    let mut world = World::call();
    world.run(Duration::from_secs(2));
    let host = world.alice.addresses.remove(0);
    let address = "203.0.113.9:49152".parse().unwrap();
    let relay = RelayAddress {
        address,
        url: "turn:turn.example.org".into(),
        transport: Transport::Udp,
        order: 0,
    };
    world.alice.addresses.push(address);
    let now = world.now;
    assert!(world.alice.peer.gathered_relay(now, relay));
    world.alice.peer.lost(now, host);
    world.drain();
    world.trickle();
    let local = |world: &World| {
        let path = world
            .alice
            .events
            .iter()
            .rfind(|one| one["event"] == "path");
        path.unwrap()["local"]["type"].as_str().unwrap().to_owned()
    };
    world.run_until("the relay is used", |world| local(world) == "relay");
    let address = "192.0.2.77:7777".parse().unwrap();
    world.alice.addresses.push(address);
    let host = HostAddress {
        address,
        network: None,
    };
    Peer::gathered_hosts(&mut world.alice.peer, world.now, &[host]);
    world.drain();
    world.trickle();
    world.run_until("the direct way is used", |world| local(world) == "host");
    world.alice_films(5, true, 500);
    assert!(!world.bob.frames.is_empty());
    assert!(!world.alice.states("connection").contains(&"failed"));
}
