//! Both offer at once, and offers that are taken back.

use serde_json::json;

use super::world::{World, answer, directions, line, offer_of, text};
use crate::sdp::{Description, Direction};

#[test]
fn glare_at_the_first_offer_polite_bob_rolls_back() {
    let mut world = World::new();
    let lines = json!([
        line(None, "audio", "sendrecv"),
        line(None, "video", "sendrecv")
    ]);
    let alices = offer_of(&mut world, json!({ "transceivers": lines }));
    world
        .ask_alice("setLocalOffer", json!({ "sdp": alices }))
        .unwrap();
    let bobs = text(
        &world
            .ask_bob(
                "createOffer",
                json!({ "dataChannel": true, "transceivers": lines }),
            )
            .unwrap(),
    );
    world
        .ask_bob("setLocalOffer", json!({ "sdp": bobs }))
        .unwrap();
    world.ask_bob("rollback", json!({})).unwrap();
    world
        .ask_bob("setRemoteOffer", json!({ "sdp": alices }))
        .unwrap();
    let answers = json!([answer("0", "sendrecv"), answer("1", "sendrecv")]);
    let answer = text(
        &world
            .ask_bob("createAnswer", json!({ "transceivers": answers }))
            .unwrap(),
    );
    world
        .ask_bob("setLocalAnswer", json!({ "sdp": answer }))
        .unwrap();
    world
        .ask_alice("setRemoteAnswer", json!({ "sdp": answer }))
        .unwrap();
    world.trickle();
    world.run_until("they are connected", |world| {
        [&world.alice, &world.bob]
            .iter()
            .all(|side| side.last_state("connection") == "connected")
    });
    // Bob makes his offer again
    std::mem::swap(&mut world.alice, &mut world.bob);
    let lines = json!([
        line(Some("0"), "audio", "sendrecv"),
        line(Some("1"), "video", "sendrecv")
    ]);
    world.negotiate(
        json!({ "dataChannel": true, "transceivers": lines }),
        json!({ "transceivers": answers }),
    );
    let sender =
        json!({ "mid": "1", "kind": "video", "active": true, "muted": false, "maxBitrate": null });
    world.ask_alice("sender", sender).unwrap();
    world.alice_films(3, true, 800);
    assert_eq!(world.bob.frames.len(), 3);
}

#[test]
fn glare_in_the_middle_of_a_call() {
    let mut world = World::call();
    let alices = json!([
        line(Some("0"), "audio", "sendrecv"),
        line(Some("1"), "video", "inactive")
    ]);
    let alices = offer_of(
        &mut world,
        json!({ "dataChannel": true, "transceivers": alices }),
    );
    world
        .ask_alice("setLocalOffer", json!({ "sdp": alices }))
        .unwrap();
    let bobs = json!([
        line(Some("0"), "audio", "recvonly"),
        line(Some("1"), "video", "sendrecv"),
        line(None, "video", "sendrecv")
    ]);
    let bobs = text(
        &world
            .ask_bob(
                "createOffer",
                json!({ "dataChannel": true, "transceivers": bobs }),
            )
            .unwrap(),
    );
    world
        .ask_bob("setLocalOffer", json!({ "sdp": bobs }))
        .unwrap();
    world.ask_bob("rollback", json!({})).unwrap();
    world.alice_films(3, true, 800);
    assert_eq!(
        world.bob.frames.len(),
        3,
        "offers and rollbacks do not touch what flows"
    );
    world
        .ask_bob("setRemoteOffer", json!({ "sdp": alices }))
        .unwrap();
    let answers = json!([answer("0", "sendrecv"), answer("1", "sendrecv")]);
    let answer = text(
        &world
            .ask_bob("createAnswer", json!({ "transceivers": answers }))
            .unwrap(),
    );
    world
        .ask_bob("setLocalAnswer", json!({ "sdp": answer }))
        .unwrap();
    world
        .ask_alice("setRemoteAnswer", json!({ "sdp": answer }))
        .unwrap();
    assert_eq!(directions(&answer)[1], Direction::Inactive);
    world.alice_films(3, true, 800);
    assert_eq!(world.bob.frames.len(), 3, "the camera is off");
}

#[test]
fn an_offer_of_theirs_is_rolled_back_before_and_after_an_answer_was_made() {
    let mut world = World::new();
    let lines = json!([line(None, "video", "sendrecv")]);
    let offer = offer_of(&mut world, json!({ "transceivers": lines }));
    for _ in 0..2 {
        world
            .ask_bob("setRemoteOffer", json!({ "sdp": offer }))
            .unwrap();
        world.ask_bob("rollback", json!({})).unwrap();
    }
    world
        .ask_bob("setRemoteOffer", json!({ "sdp": offer }))
        .unwrap();
    world
        .ask_bob(
            "createAnswer",
            json!({ "transceivers": [answer("0", "sendrecv")] }),
        )
        .unwrap();
    world.ask_bob("rollback", json!({})).unwrap();
    // Alice says something else at the same place
    let lines = json!([
        line(Some("v"), "audio", "sendrecv"),
        line(None, "video", "sendrecv")
    ]);
    let answers = json!([answer("v", "sendrecv"), answer("0", "sendrecv")]);
    let (_, answer) = world.negotiate(
        json!({ "transceivers": lines }),
        json!({ "transceivers": answers }),
    );
    assert!(
        Description::parse(&answer)
            .unwrap()
            .sections
            .iter()
            .all(|section| !section.rejected())
    );
    world.run_until("they are connected", |world| {
        world.alice.last_state("connection") == "connected"
    });
    let sender =
        json!({ "mid": "0", "kind": "video", "active": true, "muted": false, "maxBitrate": null });
    world.ask_alice("sender", sender).unwrap();
    world.alice_films(3, true, 800);
    assert_eq!(world.bob.frames.len(), 3);
}

#[test]
fn the_same_offer_comes_again_after_a_rollback_of_its_answer() {
    let mut world = World::new();
    let lines = json!([line(None, "video", "sendrecv")]);
    let offer = offer_of(&mut world, json!({ "transceivers": lines }));
    world
        .ask_bob("setRemoteOffer", json!({ "sdp": offer }))
        .unwrap();
    world
        .ask_bob(
            "createAnswer",
            json!({ "transceivers": [answer("0", "sendrecv")] }),
        )
        .unwrap();
    world.ask_bob("rollback", json!({})).unwrap();
    world
        .ask_alice("setLocalOffer", json!({ "sdp": offer }))
        .unwrap();
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
    assert_eq!(directions(&made), [Direction::SendRecv]);
    assert!(!Description::parse(&made).unwrap().sections[0].rejected());
}
