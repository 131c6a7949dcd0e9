//! Pictures and voice: gaps, key frames, rates.

use std::time::{Duration, Instant};

use serde_json::json;

use super::world::{OPUS_20_MS, World};

/// Whether a packet is RTP of some length: a picture's, not voice's or a report's.
fn is_picture(packet: &[u8]) -> bool {
    packet.len() > 400 && packet[0] & 0xc0 == 0x80
}

#[test]
fn the_page_is_told_to_start_when_pictures_can_be_sent_and_not_before() {
    let mut world = World::call();
    let start = json!({ "t": "start", "index": 1 });
    for person in [&world.alice, &world.bob] {
        let starts = person.notices.iter().filter(|one| **one == start);
        assert_eq!(starts.count(), 1);
    }
    world.alice_opens("1", "video", false);
    world.alice_opens("1", "video", true);
    assert_eq!(
        world.alice.notices("start"),
        2,
        "a camera that comes later begins at once"
    );
}

#[test]
fn pictures_arrive_whole_and_in_order() {
    let mut world = World::call();
    world.alice_films(30, true, 2500);
    assert_eq!(world.bob.frames.len(), 30);
    assert!(world.bob.frames[0].key);
    assert!(
        world
            .bob
            .frames
            .iter()
            .all(|frame| frame.data.len() == 2500 && frame.index == 1)
    );
    let steps = world
        .bob
        .frames
        .windows(2)
        .map(|pair| pair[1].timestamp - pair[0].timestamp);
    assert!(steps.into_iter().all(|step| step > 0));
    assert!(
        world
            .bob
            .events
            .contains(&json!({ "event": "mute", "mid": "1", "muted": false }))
    );
}

#[test]
fn nothing_passes_before_a_key_frame_and_one_is_asked_for() {
    let mut world = World::call();
    let before = world.alice.notices("keyframe");
    world.alice_films(10, false, 800);
    assert!(world.bob.frames.is_empty());
    assert!(
        world.alice.notices("keyframe") > before,
        "a PLI reached Alice"
    );
    world.alice_films(3, true, 800);
    assert_eq!(world.bob.frames.len(), 3);
}

#[test]
fn a_lost_packet_is_sent_again() {
    let mut world = World::call();
    world.alice_films(10, true, 2500);
    let mut left = 3;
    world.loss = Box::new(move |packet| {
        let lose = left > 0 && is_picture(packet);
        left -= u32::from(lose);
        lose
    });
    world.alice_films(20, false, 2500);
    world.run(Duration::from_secs(1));
    assert_eq!(world.bob.frames.len(), 30, "retransmission filled the gap");
}

#[test]
fn a_gap_that_stays_holds_pictures_back_until_a_key_frame() {
    let mut world = World::call();
    world.alice_films(10, true, 2500);
    let before = world.alice.notices("keyframe");
    let start = world.now;
    // a whole second is lost for good: retransmissions of it as well
    world.loss = Box::new(is_picture);
    world.alice_films(30, false, 2500);
    world.loss =
        Box::new(|packet| packet.len() < 2600 && is_picture(packet) && packet[1] & 0x7f == 97);
    let shown = world.bob.frames.len();
    world.alice_films(90, false, 2500);
    assert_eq!(
        world.bob.frames.len(),
        shown,
        "what follows a gap cannot be decoded"
    );
    assert!(
        world.alice.notices("keyframe") > before,
        "{:?} after the loss",
        world.now - start
    );
    world.loss = Box::new(|_| false);
    world.alice_films(5, true, 2500);
    world.run(Duration::from_secs(1));
    assert!(world.bob.frames[shown].key);
    assert_eq!(world.bob.frames.len(), shown + 5);
}

#[test]
fn a_frame_of_a_mebibyte_goes_through() {
    let mut world = World::call();
    world.alice_films(1, true, 1024 * 1024);
    world.run_until("the frame arrives", |world| !world.bob.frames.is_empty());
    assert_eq!(world.bob.frames[0].data.len(), 1024 * 1024);
}

#[test]
fn the_guard_drops_frames_when_the_queue_is_old() {
    let mut world = World::call();
    // a queue that takes seconds to send, then delta frames on top
    world.alice_films(1, true, 1024 * 1024);
    world.run(Duration::from_millis(500));
    world.alice_films(10, false, 5000);
    let held = |world: &mut World| {
        let stats = world.ask_alice("stats", json!({})).unwrap();
        let out = stats
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["id"] == "out-1")
            .cloned();
        out.map_or(0, |out| out["framesHeldBack"].as_u64().unwrap())
    };
    world.run(Duration::from_secs(1));
    assert!(held(&mut world) >= 9);
    let before = world.alice.notices("keyframe");
    world.run_until("the queue is short", |world| !world.bob.frames.is_empty());
    world.run(Duration::from_secs(1));
    world.alice_films(1, false, 500);
    assert!(world.alice.notices("keyframe") > before);
    world.alice_films(2, true, 500);
    world.run(Duration::from_secs(1));
    assert_eq!(world.bob.frames.len(), 3);
}

#[test]
fn the_rate_starts_at_nine_tenths_of_a_megabit_and_rises_with_what_the_link_bears() {
    let mut world = World::call();
    let rates = |world: &World| -> Vec<u64> {
        world
            .alice
            .notices
            .iter()
            .filter(|one| one["t"] == "rate")
            .map(|one| one["bps"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(rates(&world).first(), Some(&900_000));
    for second in 0..20 {
        let rate = *rates(&world).last().unwrap();
        world.alice_films(30, second == 0, usize::try_from(rate / 8 / 30).unwrap());
    }
    let rates = rates(&world);
    assert!(rates.iter().all(|rate| *rate <= 2_500_000), "{rates:?}");
    assert!(rates.last() > Some(&2_300_000), "{rates:?}");
}

#[test]
fn voice_arrives_with_its_timestamps() {
    let mut world = World::call();
    world.ask_alice("sender", json!({ "mid": "0", "kind": "audio", "active": true, "muted": false, "maxBitrate": null })).unwrap();
    assert_eq!(world.alice.peer.microphones(), [("0".to_owned(), false)]);
    for at in 0..50_u32 {
        let captured = Instant::now();
        let rtp_time = (u32::MAX - 9_599).wrapping_add(at * 960);
        world.alice.peer.send_voice(
            world.now.max(captured),
            "0",
            rtp_time,
            captured,
            [&[OPUS_20_MS][..], &[at as u8; 59]].concat(),
        );
        world.run(Duration::from_millis(20));
    }
    let voice = &world.bob.voice;
    assert!(voice.len() >= 49, "{}", voice.len());
    for pair in voice.windows(2) {
        assert_eq!(pair[1].seq, pair[0].seq + 1);
        assert_eq!(pair[1].rtp_time, pair[0].rtp_time.wrapping_add(960));
    }
    assert!(
        voice
            .iter()
            .all(|packet| packet.mid == "0" && packet.data.len() == 60)
    );
}

#[test]
fn the_track_is_muted_while_nothing_arrives() {
    let mut world = World::call();
    world.alice_films(5, true, 500);
    world.run(Duration::from_secs(4));
    let mutes: Vec<_> = world
        .bob
        .events
        .iter()
        .filter(|one| one["event"] == "mute")
        .map(|one| one["muted"].clone())
        .collect();
    assert_eq!(mutes, [false, true]);
    world.alice_films(2, true, 500);
    assert_eq!(
        world
            .bob
            .events
            .iter()
            .rfind(|one| one["event"] == "mute")
            .unwrap()["muted"],
        false
    );
}

#[test]
fn the_figures_of_both_directions_are_reported_in_w3c_names() {
    let mut world = World::call();
    world.alice_films(30, true, 2500);
    let figures = json!({ "framesDecoded": 29, "freezeCount": 1, "frameWidth": 640, "nonsense": 3, "framesDropped": "x" });
    world
        .bob
        .peer
        .coder_figures(1, figures.as_object().unwrap());
    world.run(Duration::from_secs(2));
    let report = world.ask_bob("stats", json!({})).unwrap();
    let of = |id: &str| {
        report
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["id"] == id)
            .cloned()
            .unwrap_or_default()
    };
    let inbound = of("in-1");
    assert_eq!(
        (&inbound["type"], &inbound["mid"], &inbound["kind"]),
        (&json!("inbound-rtp"), &json!("1"), &json!("video"))
    );
    assert_eq!(
        (&inbound["framesReceived"], &inbound["keyFramesReceived"]),
        (&json!(30), &json!(1))
    );
    assert_eq!(
        (&inbound["framesDecoded"], &inbound["frameWidth"]),
        (&json!(29), &json!(640))
    );
    assert!(inbound.get("nonsense").is_none() && inbound.get("framesDropped").is_none());
    assert!(inbound["bytesReceived"].as_u64().unwrap() > 30 * 2500);
    assert_eq!(of("codec-1")["mimeType"], "video/VP8");
    assert_eq!(of("codec-0")["mimeType"], "audio/opus");
    let transport = of("transport");
    let pair = of(transport["selectedCandidatePairId"].as_str().unwrap());
    assert_eq!(
        (&pair["type"], &pair["state"], &transport["dtlsState"]),
        (
            &json!("candidate-pair"),
            &json!("succeeded"),
            &json!("connected")
        )
    );
    let rtt = pair["currentRoundTripTime"].as_f64().unwrap();
    assert!((0.015..0.1).contains(&rtt), "{rtt}");
    let local = of(pair["localCandidateId"].as_str().unwrap());
    assert_eq!(local["candidateType"], "host");
    let remote = of(pair["remoteCandidateId"].as_str().unwrap());
    assert_eq!(
        (&remote["address"], &remote["port"]),
        (&json!("192.0.2.1"), &json!(1111))
    );
    let report = world.ask_alice("stats", json!({})).unwrap();
    let outbound = report
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["id"] == "out-1")
        .unwrap();
    assert_eq!(
        (&outbound["framesSent"], &outbound["keyFramesSent"]),
        (&json!(30), &json!(1))
    );
    assert!(
        report
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["type"] == "remote-inbound-rtp")
    );
}

#[test]
fn what_is_lost_on_the_way_is_told_at_both_ends() {
    let mut world = World::call();
    let mut count = 0;
    world.loss = Box::new(move |packet| {
        count += 1;
        packet[0] > 127 && count % 10 == 0
    });
    world.alice_films(90, true, 5000);
    world.run(Duration::from_secs(2));
    let entry = |report: &serde_json::Value, id: &str| {
        let entries = report.as_array().unwrap();
        entries.iter().find(|one| one["id"] == id).cloned().unwrap()
    };
    let inbound = entry(&world.ask_bob("stats", json!({})).unwrap(), "in-1");
    let (lost, received) = (&inbound["packetsLost"], &inbound["packetsReceived"]);
    let share = lost.as_f64().unwrap() / (lost.as_f64().unwrap() + received.as_f64().unwrap());
    assert!(
        (0.03..0.2).contains(&share),
        "{lost} lost, {received} received"
    );
    let remote = entry(&world.ask_alice("stats", json!({})).unwrap(), "remote-in-1");
    assert!(remote["packetsLost"].as_u64().unwrap() > 0, "{remote}");
}

#[test]
fn the_path_is_told_once() {
    let mut world = World::call();
    world.run(Duration::from_secs(5));
    let paths: Vec<_> = world
        .alice
        .events
        .iter()
        .filter(|one| one["event"] == "path")
        .collect();
    assert_eq!(paths.len(), 1);
    assert_eq!(
        paths[0]["local"],
        json!({ "type": "host", "protocol": "udp", "relayProtocol": null })
    );
    assert_eq!(paths[0]["remote"]["type"], "host");
}
