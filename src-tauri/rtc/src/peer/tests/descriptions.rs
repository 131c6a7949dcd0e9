//! Offers, answers, glare and rollback.

use std::time::Duration;

use serde_json::{Value, json};

use super::world::{World, answer, line, text};
use crate::sdp::{Description, Direction, Kind};

fn name(result: Result<Value, crate::RtcError>) -> String {
    result.unwrap_err().name
}

fn offer_of(world: &mut World, arguments: Value) -> String {
    text(&world.ask_alice("createOffer", arguments).unwrap())
}

fn directions(sdp: &str) -> Vec<Direction> {
    Description::parse(sdp)
        .unwrap()
        .sections
        .iter()
        .map(|section| section.direction())
        .collect()
}

#[test]
fn an_offer_has_vp8_with_retransmission_opus_with_redundancy_and_nothing_else() {
    let mut world = World::new();
    let lines = json!([
        line(None, "audio", "sendrecv"),
        line(None, "video", "sendonly")
    ]);
    let offer = world
        .ask_alice(
            "createOffer",
            json!({ "dataChannel": true, "transceivers": lines }),
        )
        .unwrap();
    let offer = text(&offer);
    let codecs: Vec<&str> = offer
        .lines()
        .filter_map(|line| line.strip_prefix("a=rtpmap:")?.split(' ').nth(1))
        .collect();
    assert_eq!(
        codecs,
        ["opus/48000/2", "red/48000/2", "VP8/90000", "rtx/90000"]
    );
    let description = Description::parse(&offer).unwrap();
    let kinds: Vec<_> = description
        .sections
        .iter()
        .map(|section| section.kind.clone())
        .collect();
    assert_eq!(kinds, [Kind::Audio, Kind::Video, Kind::Application]);
    assert_eq!(description.bundle().unwrap(), ["0", "1", "2"]);
    assert!(
        description
            .sections
            .iter()
            .all(|section| section.attribute("setup") == Some("actpass"))
    );
    assert_eq!(description.sections[1].direction(), Direction::SendOnly);
    assert!(!offer.contains("candidate"));
}

#[test]
fn the_pages_indices_are_given_back_with_the_mids() {
    let mut world = World::new();
    let mut lines = vec![
        line(None, "video", "sendrecv"),
        line(None, "audio", "recvonly"),
    ];
    lines[0]["index"] = 4.into();
    lines[1]["index"] = 9.into();
    let offer = world
        .ask_alice("createOffer", json!({ "transceivers": lines }))
        .unwrap();
    assert_eq!(
        offer["mids"],
        json!([{ "index": 4, "mid": "0" }, { "index": 9, "mid": "1" }])
    );
    let again = world
        .ask_alice("createOffer", json!({ "transceivers": lines }))
        .unwrap();
    assert_eq!(
        again["mids"], offer["mids"],
        "nothing has changed until an offer is set"
    );
}

#[test]
fn tracks_and_streams_are_named_only_where_something_is_sent() {
    let mut world = World::new();
    let mut both = line(None, "audio", "sendrecv");
    both["streams"] = json!(["one", "two", "bad \r\na=evil"]);
    let none = json!({ "index": 1, "mid": null, "kind": "video", "direction": "sendonly", "streams": [], "track": null });
    let lines = json!([both, none, line(None, "video", "recvonly")]);
    let offer = offer_of(&mut world, json!({ "transceivers": lines }));
    let msids: Vec<&str> = offer
        .lines()
        .filter_map(|line| line.strip_prefix("a=msid:"))
        .collect();
    assert_eq!(
        msids,
        [
            "one t",
            "two t",
            "bada=evil t".replace('=', "").as_str(),
            "- track-1"
        ]
    );
    let description = Description::parse(&offer).unwrap();
    assert!(description.sections[2].attribute("ssrc").is_none());
}

#[test]
fn requests_in_the_wrong_state_are_refused_by_name() {
    let mut world = World::new();
    let lines = json!([line(None, "audio", "sendrecv")]);
    assert_eq!(
        name(world.ask_alice("rollback", json!({}))),
        "InvalidStateError"
    );
    assert_eq!(
        name(world.ask_alice("createAnswer", json!({ "transceivers": [] }))),
        "InvalidStateError"
    );
    assert_eq!(
        name(world.ask_alice("setRemoteAnswer", json!({ "sdp": "v=0" }))),
        "InvalidStateError"
    );
    assert_eq!(
        name(world.ask_alice("setLocalAnswer", json!({ "sdp": "v=0" }))),
        "InvalidStateError"
    );
    assert_eq!(
        name(world.ask_alice("setRemoteOffer", json!({ "sdp": "nonsense" }))),
        "SyntaxError"
    );
    let offer = offer_of(&mut world, json!({ "transceivers": lines }));
    let changed = offer.replace("sendrecv", "sendonly");
    assert_eq!(
        name(world.ask_alice("setLocalOffer", json!({ "sdp": changed }))),
        "InvalidModificationError"
    );
    world
        .ask_alice("setLocalOffer", json!({ "sdp": offer }))
        .unwrap();
    assert_eq!(
        name(world.ask_alice("setRemoteOffer", json!({ "sdp": offer }))),
        "InvalidStateError"
    );
    assert_eq!(
        name(world.ask_alice("setRemoteAnswer", json!({ "sdp": "v=0\r\ns=-\r\n" }))),
        "OperationError"
    );
    // and after all of that a call still comes about
    world
        .ask_bob("setRemoteOffer", json!({ "sdp": offer }))
        .unwrap();
    let answer = text(
        &world
            .ask_bob(
                "createAnswer",
                json!({ "transceivers": [answer("0", "sendrecv")] }),
            )
            .unwrap(),
    );
    world
        .ask_bob("setLocalAnswer", json!({ "sdp": answer }))
        .unwrap();
    let foreign = answer.replace("m=audio", "m=video");
    assert_eq!(
        name(world.ask_alice("setRemoteAnswer", json!({ "sdp": foreign }))),
        "InvalidAccessError"
    );
    world
        .ask_alice("setRemoteAnswer", json!({ "sdp": answer }))
        .unwrap();
    world.trickle();
    world.run_until("they are connected", |world| {
        world.alice.last_state("connection") == "connected"
    });
}

#[test]
fn the_answer_narrows_the_offer() {
    let mut world = World::new();
    let lines = json!([
        line(None, "audio", "sendrecv"),
        line(None, "video", "sendrecv"),
        line(None, "video", "recvonly")
    ]);
    let answers = json!([
        answer("0", "recvonly"),
        answer("1", "inactive"),
        answer("2", "sendrecv")
    ]);
    let (_, answer) = world.negotiate(
        json!({ "transceivers": lines }),
        json!({ "transceivers": answers }),
    );
    assert_eq!(
        directions(&answer),
        [
            Direction::RecvOnly,
            Direction::Inactive,
            Direction::SendOnly
        ]
    );
    assert!(answer.contains("a=setup:passive"));
}

#[test]
fn bob_turns_his_camera_on_later() {
    let mut world = World::new();
    let lines = json!([
        line(None, "audio", "sendrecv"),
        line(None, "video", "sendrecv")
    ]);
    let answers = json!([answer("0", "sendrecv"), answer("1", "recvonly")]);
    world.negotiate(
        json!({ "transceivers": lines }),
        json!({ "transceivers": answers }),
    );
    world.run_until("they are connected", |world| {
        world.bob.last_state("connection") == "connected"
    });
    std::mem::swap(&mut world.alice, &mut world.bob);
    let lines = json!([
        line(Some("0"), "audio", "sendrecv"),
        line(Some("1"), "video", "sendrecv")
    ]);
    let answers = json!([answer("0", "sendrecv"), answer("1", "sendrecv")]);
    let (offer, _) = world.negotiate(
        json!({ "transceivers": lines }),
        json!({ "transceivers": answers }),
    );
    let video = &Description::parse(&offer).unwrap().sections[1];
    assert!(
        video.attribute("ssrc-group").is_some(),
        "the streams are announced before anything is sent"
    );
    let sender =
        json!({ "mid": "1", "kind": "video", "active": true, "muted": false, "maxBitrate": null });
    world.ask_alice("sender", sender).unwrap();
    world.alice_films(5, true, 2000);
    assert_eq!(world.bob.frames.len(), 5);
}

#[test]
fn video_is_added_to_a_voice_call_and_data_after_that() {
    let mut world = World::new();
    world.negotiate(
        json!({ "transceivers": [line(None, "audio", "sendrecv")] }),
        json!({ "transceivers": [answer("0", "sendrecv")] }),
    );
    world.run_until("they are connected", |world| {
        world.alice.last_state("connection") == "connected"
    });
    let lines = json!([
        line(Some("0"), "audio", "sendrecv"),
        line(None, "video", "sendrecv")
    ]);
    let answers = json!([answer("0", "sendrecv"), answer("1", "sendrecv")]);
    world.negotiate(
        json!({ "transceivers": lines }),
        json!({ "transceivers": answers }),
    );
    let sender =
        json!({ "mid": "1", "kind": "video", "active": true, "muted": false, "maxBitrate": null });
    world.ask_alice("sender", sender).unwrap();
    world.alice_films(5, true, 2000);
    assert_eq!(world.bob.frames.len(), 5);
    let lines = json!([
        line(Some("0"), "audio", "sendrecv"),
        line(Some("1"), "video", "sendrecv")
    ]);
    world
        .ask_alice("channelOpen", json!({ "label": "later" }))
        .unwrap();
    world.negotiate(
        json!({ "dataChannel": true, "transceivers": lines }),
        json!({ "transceivers": answers }),
    );
    world.run_until("the channel opens", |world| {
        world.bob.events.iter().any(|one| one["event"] == "channel")
    });
    assert_eq!(
        world.alice.states("connection"),
        ["connecting", "connected"],
        "nothing was disturbed"
    );
}

#[test]
fn an_offer_without_changes_changes_nothing() {
    let mut world = World::call();
    let lines = json!([
        line(Some("0"), "audio", "sendrecv"),
        line(Some("1"), "video", "sendrecv")
    ]);
    let answers = json!([answer("0", "sendrecv"), answer("1", "sendrecv")]);
    world.alice_films(3, true, 800);
    for _ in 0..3 {
        world.negotiate(
            json!({ "dataChannel": true, "transceivers": lines }),
            json!({ "transceivers": answers }),
        );
        std::mem::swap(&mut world.alice, &mut world.bob);
        world.negotiate(
            json!({ "dataChannel": true, "transceivers": lines }),
            json!({ "transceivers": answers }),
        );
        std::mem::swap(&mut world.alice, &mut world.bob);
    }
    world.alice_films(3, false, 800);
    assert_eq!(world.bob.frames.len(), 6);
    assert_eq!(world.alice.states("gathering"), ["gathering", "complete"]);
    assert_eq!(
        world.alice.states("connection"),
        ["connecting", "connected"]
    );
}

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

#[test]
fn a_stopped_transceiver_gives_up_its_m_line_and_the_others_go_on() {
    let mut world = World::call();
    let mut stopped = line(Some("0"), "audio", "inactive");
    stopped["stopped"] = true.into();
    let lines = json!([stopped, line(Some("1"), "video", "sendrecv")]);
    let answers = json!([answer("1", "sendrecv")]);
    let (offer, made) = world.negotiate(
        json!({ "dataChannel": true, "transceivers": lines }),
        json!({ "transceivers": answers }),
    );
    for sdp in [&offer, &made] {
        let description = Description::parse(sdp).unwrap();
        assert!(description.sections[0].rejected());
        assert_eq!(description.bundle().unwrap(), ["1", "2"]);
    }
    world.alice_films(3, true, 800);
    assert_eq!(world.bob.frames.len(), 3);
    // the m-line stays where it was, and a new one goes behind the others
    let lines = json!([
        line(None, "audio", "sendrecv"),
        line(Some("1"), "video", "sendrecv")
    ]);
    let answers = json!([answer("1", "sendrecv"), answer("3", "sendrecv")]);
    let (offer, made) = world.negotiate(
        json!({ "dataChannel": true, "transceivers": lines }),
        json!({ "transceivers": answers }),
    );
    assert_eq!(
        Description::parse(&offer).unwrap().bundle().unwrap(),
        ["1", "2", "3"]
    );
    assert_eq!(directions(&made)[3], Direction::SendRecv);
    world.alice_films(3, false, 800);
    assert_eq!(world.bob.frames.len(), 6);
}

#[test]
fn everything_can_be_stopped() {
    let mut world = World::new();
    world.negotiate(
        json!({ "transceivers": [line(None, "audio", "sendrecv")] }),
        json!({ "transceivers": [answer("0", "sendrecv")] }),
    );
    world.run_until("they are connected", |world| {
        world.alice.last_state("connection") == "connected"
    });
    let mut stopped = line(Some("0"), "audio", "inactive");
    stopped["stopped"] = true.into();
    world.negotiate(
        json!({ "transceivers": [stopped] }),
        json!({ "transceivers": [] }),
    );
    let (_, made) = world.negotiate(
        json!({ "transceivers": [line(None, "video", "sendrecv")] }),
        json!({ "transceivers": [answer("1", "sendrecv")] }),
    );
    assert_eq!(
        directions(&made),
        [Direction::Inactive, Direction::SendRecv]
    );
}

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
    let name = super::super::RemoteCandidate::read(inside.lines().next().unwrap(), None)
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
    world.alice.peer = super::super::Peer::new(
        world.now,
        super::super::PeerConfig {
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

#[test]
fn negotiated_channels_reliability_and_closing() {
    let mut world = World::call();
    let open = json!({ "label": "both", "negotiated": true, "id": 7, "ordered": false, "maxRetransmits": 0 });
    let alices = world.ask_alice("channelOpen", open.clone()).unwrap()["channel"].clone();
    assert_eq!(
        name(world.ask_alice("channelOpen", open.clone())),
        "OperationError"
    );
    let bobs = world.ask_bob("channelOpen", open).unwrap()["channel"].clone();
    let opened = |side: &super::world::Side| {
        side.events
            .iter()
            .any(|one| one["event"] == "channelOpen" && one["id"] == 7)
    };
    world.run_until("both are open", |world| {
        opened(&world.alice) && opened(&world.bob)
    });
    world
        .ask_alice(
            "channelSend",
            json!({ "channel": alices, "text": "x".repeat(200_000) }),
        )
        .unwrap();
    world.run_until("it arrives", |world| {
        world
            .bob
            .events
            .iter()
            .any(|one| one["event"] == "channelMessage")
    });
    assert_eq!(
        name(world.ask_alice(
            "channelSend",
            json!({ "channel": alices, "text": "x".repeat(300_000) })
        )),
        "TypeError"
    );
    assert_eq!(
        name(world.ask_alice("channelSend", json!({ "channel": 99, "text": "x" }))),
        "InvalidStateError"
    );
    world
        .ask_bob("channelClose", json!({ "channel": bobs }))
        .unwrap();
    let closed =
        |side: &super::world::Side| side.events.iter().any(|one| one["event"] == "channelClose");
    world.run_until("both are closed", |world| {
        closed(&world.alice) && closed(&world.bob)
    });
}

#[test]
fn a_great_many_messages_arrive_in_order() {
    let mut world = World::call();
    let channel = world
        .ask_alice(
            "channelOpen",
            json!({ "label": "bulk", "ordered": true, "protocol": "p" }),
        )
        .unwrap()["channel"]
        .clone();
    world.run_until("it opens", |world| {
        world
            .alice
            .events
            .iter()
            .any(|one| one["event"] == "channelOpen")
    });
    for number in 0..100 {
        let text = format!("{number} {}", "x".repeat(30_000));
        world
            .ask_alice("channelSend", json!({ "channel": channel, "text": text }))
            .unwrap();
    }
    world
        .ask_alice("channelClose", json!({ "channel": channel }))
        .unwrap();
    world.run_until("it closes", |world| {
        world
            .bob
            .events
            .iter()
            .any(|one| one["event"] == "channelClose")
    });
    let texts: Vec<_> = world
        .bob
        .events
        .iter()
        .filter_map(|one| one["text"].as_str())
        .collect();
    assert_eq!(texts.len(), 100);
    assert!(
        texts
            .iter()
            .enumerate()
            .all(|(number, text)| text.starts_with(&format!("{number} ")))
    );
    world.run(Duration::from_secs(1));
}

#[test]
fn a_channel_closed_before_it_opens_never_does() {
    let mut world = World::new();
    let channel = world
        .ask_alice("channelOpen", json!({ "label": "never" }))
        .unwrap()["channel"]
        .clone();
    world
        .ask_alice("channelClose", json!({ "channel": channel }))
        .unwrap();
    assert_eq!(
        world.alice.events,
        [json!({ "event": "channelClose", "channel": channel })]
    );
}
