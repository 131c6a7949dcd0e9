//! Candidates: early, inside descriptions, named, useless.

use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use serde_json::{Value, json};

use super::world::{World, answer, line, name, offer_of, request, text};
use crate::net::Failure;
use crate::peer::ours::{HostAddress, RelayAddress};
use crate::peer::{Output, Peer, PeerConfig, RemoteCandidate};
use crate::servers::Transport;

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
fn candidates_that_were_gathered_ahead_are_told_with_the_first_description() {
    let mut world = World::new();
    let config = PeerConfig {
        ahead: true,
        ..PeerConfig::default()
    };
    world.bob.peer = Peer::new(world.now, config);
    world.drain();
    world.bob.peer.gathered_all();
    world.drain();
    assert_eq!(world.bob.addresses.len(), 1, "his socket is open");
    assert!(world.bob.peer.has_gathered());
    let told = |world: &World| -> Vec<String> {
        let of_gathering = |event: &&str| ["gathering", "candidate"].contains(event);
        let events = world
            .bob
            .events
            .iter()
            .filter_map(|one| one["event"].as_str());
        events.filter(of_gathering).map(str::to_owned).collect()
    };
    assert_eq!(told(&world), Vec::<String>::new());

    world.negotiate(
        json!({ "dataChannel": true, "transceivers": [] }),
        json!({ "transceivers": [] }),
    );
    assert_eq!(
        told(&world),
        ["gathering", "gathering", "candidate"],
        "the candidate was passed on to Alice; that there is no more comes last"
    );
    assert_eq!(world.bob.addresses.len(), 1, "nothing is gathered twice");
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
fn candidates_lead_to_nothing_on_this_machine_and_to_no_service() {
    let mut world = World::call();
    let ufrag = world.remote_ufrag_of_alice();
    let before = (
        world.alice.strays,
        world.alice.peer.candidates.addresses().count(),
    );
    for (address, port) in [
        ("127.0.0.1", 50_000),
        ("::1", 50_000),
        ("::ffff:127.0.0.1", 50_000),
        ("169.254.169.254", 50_000),
        ("fe80::1", 50_000),
        ("255.255.255.255", 50_000),
        ("192.0.2.9", 53),
        ("192.168.1.1", 80),
    ] {
        let candidate = format!("candidate:1 1 udp 2113937151 {address} {port} typ host");
        let arguments = json!({ "candidate": candidate, "mid": "0", "index": 0, "ufrag": ufrag });
        world.ask_alice("addCandidate", arguments).unwrap();
    }
    // A name of their network that leads back here is no way round it.
    let named = "candidate:1 1 udp 2113937151 2c4a06a2-5fd2-4f0c.local 1111 typ host";
    let named = RemoteCandidate::read(named, Some(&ufrag)).unwrap().unwrap();
    let loopback = "127.0.0.1".parse().unwrap();
    world.alice.peer.resolved(world.now, &named, loopback);
    world.run(Duration::from_secs(3));
    let after = (
        world.alice.strays,
        world.alice.peer.candidates.addresses().count(),
    );
    assert_eq!(after, before);
}

#[test]
fn nothing_is_answered_to_where_nothing_may_be_sent() {
    let mut world = World::call();
    // Alice's next check, which she could also send from elsewhere.
    let check = Rc::new(RefCell::new(Vec::new()));
    let kept = Rc::clone(&check);
    world.loss = Box::new(move |packet| {
        if packet.starts_with(&[0, 1]) {
            kept.replace(packet.to_vec());
        }
        false
    });
    world.run(Duration::from_secs(3));
    let check = check.take();
    assert!(!check.is_empty());
    let to = world.bob.addresses[0];
    let before = world.bob.strays;
    for from in ["127.0.0.1:50000", "192.0.2.9:53"] {
        let (now, from) = (world.now, from.parse().unwrap());
        world.bob.peer.handle_packet(now, from, to, &check);
    }
    world.run(Duration::from_secs(3));
    assert_eq!(world.bob.strays, before);
}

/// Everything that Alice's page is told while a relay, and only that, is found for her.
fn told_with_a_relay(world: &mut World) -> String {
    world.alice.peer = Peer::new(
        world.now,
        PeerConfig {
            relay_only: true,
            ..Default::default()
        },
    );
    let peer = &mut world.alice.peer;
    let offer = request(
        "createOffer",
        json!({ "dataChannel": true, "transceivers": [] }),
    );
    let offer = text(&peer.handle_request(world.now, offer).unwrap());
    let set = request("setLocalOffer", json!({ "sdp": offer }));
    peer.handle_request(world.now, set).unwrap();
    let mut told = offer;
    let mut outputs = 0;
    let mut hear = |peer: &mut Peer| {
        while let Some(output) = peer.poll_output() {
            match output {
                Output::Event(event) => told.push_str(&format!("\n{event}")),
                Output::Gather => outputs += 1,
                _ => {}
            }
        }
    };
    hear(peer);
    let relay = RelayAddress {
        address: "203.0.113.9:49152".parse().unwrap(),
        url: "turn:turn.example.org".into(),
        transport: Transport::Tcp,
        order: 0,
    };
    assert!(peer.gathered_relay(world.now, relay));
    let failure = Failure::unreachable("Gone.");
    peer.gathering_failed("turn:other.example.org", &failure);
    peer.gathered_all();
    hear(peer);
    assert_eq!(outputs, 1);
    told
}

#[test]
fn with_relays_only_nothing_that_leaves_names_another_address() {
    let mut world = World::new();
    let told = told_with_a_relay(&mut world);
    let addresses: Vec<&str> = told
        .split(|c: char| !(c.is_ascii_digit() || c == '.'))
        .filter(|word| word.split('.').count() == 4 && word.parse::<IpAddr>().is_ok())
        .filter(|word| !["0.0.0.0", "127.0.0.1"].contains(word))
        .collect();
    assert_eq!(addresses, ["203.0.113.9"]);
    assert!(!told.contains(".local") && !told.contains("IP6"), "{told}");
    let candidate = told
        .lines()
        .find(|line| line.contains("typ relay"))
        .unwrap();
    let candidate: Value = serde_json::from_str(candidate).unwrap();
    assert_eq!(candidate["url"], "turn:turn.example.org");
    assert_eq!(candidate["relayProtocol"], "tcp");
    let states: Vec<&str> = told
        .lines()
        .filter(|line| line.contains("\"state\""))
        .collect();
    assert_eq!(states.len(), 2, "gathering, complete: {states:?}");
}

#[test]
fn with_relays_only_nobody_on_this_network_is_asked_for_a_name() {
    let mut world = World::call();
    world.alice.peer.set_relay_only(true);
    let ufrag = world.remote_ufrag_of_alice();
    let named = "candidate:1 1 udp 2113937151 2c4a06a2-5fd2-4f0c.local 1111 typ host";
    let arguments = json!({ "candidate": named, "mid": "0", "index": 0, "ufrag": ufrag });
    world.ask_alice("addCandidate", arguments).unwrap();
    assert!(world.alice.resolve.is_empty());
}

#[test]
fn alice_loses_the_address_of_the_call_and_a_new_one_takes_over_without_a_restart() {
    let mut world = World::call();
    world.run(Duration::from_secs(2));
    let before = world.alice.addresses.remove(0);
    world.alice.peer.lost(world.now, before);
    world.drain();
    assert_eq!(world.alice.last_state("connection"), "disconnected");
    let address = "192.0.2.77:7777".parse().unwrap();
    world.alice.addresses.push(address);
    let host = HostAddress {
        address,
        network: Some("wifi"),
    };
    world.alice.peer.gathering_again();
    world.alice.peer.gathered_hosts(world.now, &[host]);
    world.alice.peer.gathered_all();
    world.drain();
    world.trickle();
    let since = world.now;
    world.run_until("they are connected", |world| {
        world.alice.last_state("connection") == "connected"
    });
    assert!(
        world.now - since < Duration::from_secs(3),
        "{:?}",
        world.now - since
    );
    assert_eq!(
        world.alice.states("gathering"),
        ["gathering", "complete", "gathering", "complete"]
    );
    world.alice_films(5, true, 500);
    assert!(!world.bob.frames.is_empty());
}
