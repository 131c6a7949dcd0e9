//! What no well-meaning peer sends.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::json;

use super::world::{World, answer, line, offer_of, text};

/// A small generator: the tests need many different inputs, not good randomness.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next()).unwrap_or_default() % limit
    }
}

#[test]
fn a_certificate_that_is_not_the_announced_one_is_a_failure() {
    let mut world = World::new();
    let offer = offer_of(
        &mut world,
        json!({ "dataChannel": true, "transceivers": [] }),
    );
    world
        .ask_alice("setLocalOffer", json!({ "sdp": offer }))
        .unwrap();
    let digits = offer
        .split("sha-256 ")
        .nth(1)
        .unwrap()
        .split("\r\n")
        .next()
        .unwrap();
    let other: Vec<&str> = digits.split(':').rev().collect();
    let forged = offer.replace(digits, &other.join(":"));
    world
        .ask_bob("setRemoteOffer", json!({ "sdp": forged }))
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
    world.trickle();
    world.run_until("Bob refuses", |world| {
        world.bob.last_state("connection") == "failed"
    });
    assert!(!world.bob.states("connection").contains(&"connected"));
    world.run(Duration::from_secs(30));
    assert_eq!(world.bob.last_state("connection"), "failed");
}

#[test]
fn packets_of_noise_disturb_nobody() {
    let mut world = World::call();
    let mut numbers = Numbers(5);
    for round in 0..3000 {
        let length = numbers.below(1500);
        let mut packet: Vec<u8> = (0..length).map(|_| numbers.next() as u8).collect();
        // STUN, DTLS, RTP and RTCP by their first bytes (RFC 7983)
        if let Some(first) = packet.first_mut() {
            *first = [0, 22, 0x80, 0x90, *first][round % 5];
        }
        if let Some(second) = packet.get_mut(1) {
            *second = [1, 96, 111, 200, 206, 63][numbers.below(6)];
        }
        let from = if round % 2 == 0 {
            world.bob.addresses[0]
        } else {
            SocketAddr::from(([203, 0, 113, 5], 9))
        };
        let to = world.alice.addresses[0];
        world.alice.peer.handle_packet(world.now, from, to, &packet);
    }
    // Alice's report of what came is none of the noise's
    world.drain();
    world.run(Duration::from_secs(2));
    assert_eq!(
        world.alice.states("connection"),
        ["connecting", "connected"]
    );
    world.alice_films(5, true, 900);
    assert_eq!(world.bob.frames.len(), 5);
}

#[test]
fn descriptions_with_lines_lost_doubled_swapped_or_garbled_never_panic() {
    let mut world = World::new();
    let lines = json!([
        line(None, "audio", "sendrecv"),
        line(None, "video", "sendrecv")
    ]);
    let offer = offer_of(
        &mut world,
        json!({ "dataChannel": true, "transceivers": lines }),
    );
    let answers = json!({ "transceivers": [answer("0", "sendrecv"), answer("1", "sendrecv")] });
    let mut numbers = Numbers(11);
    let mut taken = 0;
    for _ in 0..600 {
        let mut lines: Vec<String> = offer.lines().map(str::to_owned).collect();
        for _ in 0..=numbers.below(3) {
            let (at, other) = (numbers.below(lines.len()), numbers.below(lines.len()));
            match numbers.below(4) {
                0 => drop(lines.remove(at)),
                1 => lines.insert(at, lines[other].clone()),
                2 => lines.swap(at, other),
                _ => {
                    let mut bytes = lines[at].clone().into_bytes();
                    let place = numbers.below(bytes.len());
                    bytes[place] = b"0 9:/-;=,zZ\"*"[numbers.below(13)];
                    lines[at] = String::from_utf8_lossy(&bytes).into_owned();
                }
            }
        }
        let sdp = format!("{}\r\n", lines.join("\r\n"));
        if world
            .ask_bob("setRemoteOffer", json!({ "sdp": sdp }))
            .is_ok()
        {
            taken += u32::from(world.ask_bob("createAnswer", answers.clone()).is_ok());
            world.ask_bob("rollback", json!({})).unwrap();
        }
    }
    assert!(
        taken > 50,
        "{taken}: most were refused before they were looked at"
    );
}

#[test]
fn too_many_candidates_are_not_tried() {
    let mut world = World::call();
    for port in 1..2000 {
        let candidate = format!("candidate:1 1 udp 1 203.0.113.9 {port} typ host");
        let candidate = json!({ "candidate": candidate, "mid": "0", "index": 0, "ufrag": null });
        world.ask_alice("addCandidate", candidate).unwrap();
    }
    world.run(Duration::from_secs(1));
    let strays = world.alice.strays;
    assert!((1..64 * 5).contains(&strays), "{strays}");
}
