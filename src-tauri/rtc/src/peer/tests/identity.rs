//! Media is bound to descriptions: whoever has another certificate than was described is not talked to.

use serde_json::json;

use super::world::{World, answer, line, text, vp8};

/// The description with another certificate's fingerprint.
fn forged(sdp: &str) -> String {
    let lines = sdp
        .lines()
        .map(|line| match line.split_once("a=fingerprint:sha-256 ") {
            Some((_, hex)) => {
                let other = if hex.starts_with("00") { "11" } else { "00" };
                format!("a=fingerprint:sha-256 {other}{}\r\n", &hex[2..])
            }
            None => format!("{line}\r\n"),
        });
    lines.collect()
}

fn offer() -> serde_json::Value {
    json!({ "dataChannel": true, "transceivers": [line(None, "audio", "sendrecv"), line(None, "video", "sendrecv")] })
}

fn both() -> serde_json::Value {
    json!({ "transceivers": [answer("0", "sendrecv"), answer("1", "sendrecv")] })
}

/// The states of Alice's DTLS, and the reason of a failure.
fn dtls(world: &World) -> (Vec<&str>, Option<&str>) {
    let mut told = world
        .alice
        .events
        .iter()
        .filter(|one| one["event"] == "dtls");
    let error = told.next_back().and_then(|one| one["error"].as_str());
    (world.alice.states("dtls"), error)
}

#[test]
fn in_a_call_dtls_has_its_states_and_no_error() {
    let world = World::call();
    assert_eq!(dtls(&world), (vec!["connecting", "connected"], None));
}

#[test]
fn alice_is_given_a_description_that_is_not_of_bobs_certificate() {
    let mut world = World::new();
    let sdp = text(&world.ask_alice("createOffer", offer()).unwrap());
    world
        .ask_alice("setLocalOffer", json!({ "sdp": sdp }))
        .unwrap();
    world
        .ask_bob("setRemoteOffer", json!({ "sdp": sdp }))
        .unwrap();
    let sdp = text(&world.ask_bob("createAnswer", both()).unwrap());
    world
        .ask_bob("setLocalAnswer", json!({ "sdp": sdp }))
        .unwrap();
    let sdp = forged(&sdp);
    world
        .ask_alice("setRemoteAnswer", json!({ "sdp": sdp }))
        .unwrap();
    let sender =
        json!({ "mid": "1", "kind": "video", "active": true, "muted": false, "maxBitrate": null });
    world.ask_alice("sender", sender.clone()).unwrap();
    world.ask_bob("sender", sender).unwrap();
    world.trickle();
    world.run_until("Alice refuses", |world| {
        world.alice.last_state("connection") == "failed"
    });
    assert_eq!(dtls(&world).1, Some("fingerprint-failure"));
    assert!(!world.alice.states("connection").contains(&"connected"));
    // whatever either sends from now on, nothing is delivered
    world.alice_films(5, true, 500);
    let now = world.now;
    world.bob.peer.send_frame(now, 1, true, 1, vp8(true, 500));
    world.run(std::time::Duration::from_secs(2));
    assert!(world.alice.frames.is_empty() && world.bob.frames.is_empty());
    assert!(world.alice.voice.is_empty());
    assert_eq!(world.alice.last_state("connection"), "failed");
}

#[test]
fn bob_is_given_an_offer_that_is_not_of_alices_certificate() {
    let mut world = World::new();
    std::mem::swap(&mut world.alice, &mut world.bob);
    let sdp = text(&world.ask_bob("createOffer", offer()).unwrap());
    world
        .ask_bob("setLocalOffer", json!({ "sdp": sdp }))
        .unwrap();
    world
        .ask_alice("setRemoteOffer", json!({ "sdp": forged(&sdp) }))
        .unwrap();
    let sdp = text(&world.ask_alice("createAnswer", both()).unwrap());
    world
        .ask_alice("setLocalAnswer", json!({ "sdp": sdp }))
        .unwrap();
    world
        .ask_bob("setRemoteAnswer", json!({ "sdp": sdp }))
        .unwrap();
    world.trickle();
    world.run_until("she refuses", |world| {
        world.alice.last_state("connection") == "failed"
    });
    assert_eq!(dtls(&world).1, Some("fingerprint-failure"));
}

#[test]
fn a_later_description_with_another_certificate_ends_the_call() {
    let mut world = World::call();
    let lines = json!([
        line(Some("0"), "audio", "sendrecv"),
        line(Some("1"), "video", "sendrecv")
    ]);
    let offer = json!({ "iceRestart": true, "dataChannel": true, "transceivers": lines });
    let sdp = text(&world.ask_bob("createOffer", offer).unwrap());
    world
        .ask_bob("setLocalOffer", json!({ "sdp": sdp }))
        .unwrap();
    world
        .ask_alice("setRemoteOffer", json!({ "sdp": forged(&sdp) }))
        .unwrap();
    world.ask_alice("createAnswer", both()).unwrap();
    assert_eq!(world.alice.last_state("connection"), "failed");
    assert_eq!(dtls(&world).1, Some("fingerprint-failure"));
    let frames = world.bob.frames.len();
    world.alice_films(5, true, 500);
    assert_eq!(world.bob.frames.len(), frames);
}

#[test]
fn several_fingerprints_are_fine_when_one_is_right() {
    let mut world = World::new();
    let sdp = text(&world.ask_alice("createOffer", offer()).unwrap());
    world
        .ask_alice("setLocalOffer", json!({ "sdp": sdp }))
        .unwrap();
    let other = format!("a=fingerprint:sha-256 {}", vec!["AB"; 32].join(":"));
    let many = format!("{sdp}{other}\r\n");
    world
        .ask_bob("setRemoteOffer", json!({ "sdp": many }))
        .unwrap();
    let sdp = text(&world.ask_bob("createAnswer", both()).unwrap());
    world
        .ask_bob("setLocalAnswer", json!({ "sdp": sdp }))
        .unwrap();
    world
        .ask_alice("setRemoteAnswer", json!({ "sdp": sdp }))
        .unwrap();
    world.trickle();
    world.run_until("they are connected", |world| {
        world.bob.last_state("connection") == "connected"
    });
}
