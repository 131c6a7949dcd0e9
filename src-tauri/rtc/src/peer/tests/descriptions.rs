//! Offers and answers.

use serde_json::json;

use super::world::{World, answer, directions, line, name, offer_of, text};
use crate::sdp::{Description, Direction, Kind};

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
