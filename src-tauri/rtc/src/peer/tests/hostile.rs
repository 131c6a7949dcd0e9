//! What no well-meaning peer sends.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::json;

use super::world::{OPUS_20_MS, World, answer, line, offer_of, text, vp8, vp8_key};

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

/// Alice sends this in the middle of a call; what follows it is held back until her next good key frame.
fn never_reaches_the_page(what: &str, key: bool, forged: Vec<u8>) {
    let mut world = World::call();
    world.alice_films(5, true, 900);
    assert_eq!(world.bob.frames.len(), 5, "{what}");
    let asked = world.alice.notices("keyframe");
    world.alice_sends(key, forged);
    world.run_until("it arrives", |world| {
        world.bob.peer.stats.lines[&1].frames_in == 6
    });
    world.alice_films(10, false, 900);
    world.run(Duration::from_secs(2));
    assert_eq!(world.bob.frames.len(), 5, "{what}");
    let asked = world.alice.notices("keyframe") - asked;
    assert!((1..=12).contains(&asked), "{what}: asked {asked} times");
    world.alice_films(5, true, 900);
    assert_eq!(world.bob.frames.len(), 10, "{what}: the call goes on");
}

#[test]
fn a_key_frame_that_claims_a_huge_picture_never_reaches_the_page() {
    never_reaches_the_page("16383×16383", true, vp8_key(16_383, 16_383, 449_000));
    never_reaches_the_page("4098×2", true, vp8_key(4098, 2, 900));
    never_reaches_the_page("4096×2306", true, vp8_key(4096, 2306, 900));
    never_reaches_the_page("0×480", true, vp8_key(0, 480, 900));
}

#[test]
fn the_largest_picture_agreed_on_reaches_the_page_either_way_up() {
    for (width, height) in [(4096, 2304), (2304, 4096), (640 | 0xc000, 480 | 0x4000)] {
        let mut world = World::call();
        world.alice_sends(true, vp8_key(width, height, 900));
        assert_eq!(world.bob.frames.len(), 1, "{width}×{height}");
        assert!(world.bob.frames[0].key);
    }
}

#[test]
fn frames_that_are_cut_off_or_lie_about_their_parts_never_reach_the_page() {
    let lies = |mut data: Vec<u8>| {
        data[2] = 0xff;
        data
    };
    never_reaches_the_page("a key frame's first part", true, lies(vp8(true, 900)));
    never_reaches_the_page("a delta frame's first part", false, lies(vp8(false, 900)));
    never_reaches_the_page("a key frame cut off", true, vp8(true, 12));
    never_reaches_the_page("a delta frame cut off", false, vp8(false, 5));
    never_reaches_the_page("no start code", true, vec![0x10; 900]);
    never_reaches_the_page(
        "an unknown version",
        false,
        [&[0x1f, 2, 0][..], &[0; 90]].concat(),
    );
}

#[test]
fn a_picture_that_changes_its_size_all_the_time_is_held_back() {
    let mut world = World::call();
    for at in 0..120 {
        world.alice_sends(true, vp8_key(320 + at, 240, 900));
    }
    // eight at once, and two in each of four seconds
    let reached = world.bob.frames.len();
    assert!((8..=17).contains(&reached), "{reached} of 120 sizes");
    world.run(Duration::from_secs(2));
    world.alice_films(5, true, 900);
    assert_eq!(world.bob.frames.len(), reached + 5, "the call goes on");
}

#[test]
fn packets_that_claim_more_sound_than_fits_are_not_played() {
    let mut world = World::call();
    world.ask_alice("sender", json!({ "mid": "0", "kind": "audio", "active": true, "muted": false, "maxBitrate": null })).unwrap();
    let say = |world: &mut World, at: u32, packet: &[u8]| {
        let now = world.now;
        let time = at * 960;
        world
            .alice
            .peer
            .send_voice(now, "0", time, now, packet.to_vec());
        world.run(Duration::from_millis(20));
    };
    // 48 frames of 20 ms, seven of them, none, and two of which one has no length
    let liars: [&[u8]; 4] = [
        &[OPUS_20_MS | 3, 48],
        &[OPUS_20_MS | 3, 7, 1, 1, 1, 1, 1, 1, 1],
        &[OPUS_20_MS | 3, 0, 1],
        &[OPUS_20_MS | 2, 252],
    ];
    for at in 0..40 {
        say(&mut world, at, liars[at as usize % 4]);
    }
    world.run(Duration::from_secs(1));
    assert!(world.bob.voice.is_empty());
    for at in 90..100 {
        say(&mut world, at, &[OPUS_20_MS, 1, 2, 3]);
    }
    world.run(Duration::from_secs(1));
    assert_eq!(world.bob.voice.len(), 10);
}
