//! More than any call has: of candidates, names, restarts, channels and messages.

use std::time::Duration;

use serde_json::{Value, json};
use str0m::channel::ChannelConfig;

use super::world::{World, answer, line, name, text};
use crate::limits::{MAX_CHANNELS, MAX_SECTIONS};

/// Alice restarts ICE. What she offers, or what became of it at Bob's.
fn restart(world: &mut World) -> Result<(), crate::error::RtcError> {
    let lines = json!([
        line(Some("0"), "audio", "sendrecv"),
        line(Some("1"), "video", "sendrecv")
    ]);
    let offer = json!({ "iceRestart": true, "dataChannel": true, "transceivers": lines });
    let offer = text(&world.ask_alice("createOffer", offer)?);
    world.ask_alice("setLocalOffer", json!({ "sdp": offer }))?;
    if let Err(refused) = world.ask_bob("setRemoteOffer", json!({ "sdp": offer })) {
        world.ask_alice("rollback", json!({}))?;
        return Err(refused);
    }
    let answers = json!({ "transceivers": [answer("0", "sendrecv"), answer("1", "sendrecv")] });
    let made = text(&world.ask_bob("createAnswer", answers)?);
    world.ask_bob("setLocalAnswer", json!({ "sdp": made }))?;
    world.ask_alice("setRemoteAnswer", json!({ "sdp": made }))?;
    world.trickle();
    Ok(())
}

fn candidate(text: &str) -> Value {
    json!({ "candidate": text, "mid": "0", "index": 0, "ufrag": null })
}

#[test]
fn too_many_candidates_are_not_tried() {
    let mut world = World::call();
    for port in 50_000..52_000 {
        let stranger = format!("candidate:1 1 udp 1 203.0.113.9 {port} typ host");
        world
            .ask_alice("addCandidate", candidate(&stranger))
            .unwrap();
    }
    world.run(Duration::from_secs(1));
    let strays = world.alice.strays;
    assert!((1..64 * 5).contains(&strays), "{strays}");
}

#[test]
fn restarts_do_not_make_room_for_candidates_without_end() {
    let mut world = World::call();
    let (mut tried, mut port) = (0, 50_000);
    for _ in 0..10 {
        restart(&mut world).unwrap();
        for _ in 0..64 {
            let stranger = format!("candidate:1 1 udp 1 203.0.113.9 {port} typ host");
            world.ask_bob("addCandidate", candidate(&stranger)).unwrap();
            port += 1;
        }
        tried += world.bob.peer.candidates.addresses().count();
    }
    assert!((64..=256).contains(&tried), "{tried} of 640 in one call");
    // who restarts now and then, and not to probe others, is heard with every restart
    world.run(Duration::from_secs(30));
    restart(&mut world).unwrap();
    assert_eq!(world.bob.peer.candidates.addresses().count(), 1);
}

#[test]
fn the_network_is_not_asked_for_names_without_end() {
    let mut world = World::call();
    for round in 0..5 {
        restart(&mut world).unwrap();
        for at in 0..60 {
            let named = format!("candidate:1 1 udp 1 {round}-{at}.local 9 typ host");
            world.ask_bob("addCandidate", candidate(&named)).unwrap();
        }
    }
    assert_eq!(world.bob.resolve.len(), 32);
}

#[test]
fn restarts_without_end_are_refused_and_the_call_goes_on() {
    let mut world = World::call();
    let refused = (0..40).filter(|_| restart(&mut world).is_err()).count();
    assert_eq!(refused, 40 - 16);
    world.run(Duration::from_secs(3));
    restart(&mut world).unwrap();
    world.run(Duration::from_secs(3));
    assert_eq!(world.bob.last_state("connection"), "connected");
    world.alice_films(5, true, 900);
    assert_eq!(world.bob.frames.len(), 5);
}

#[test]
fn a_description_with_more_sections_than_any_call_has_is_refused() {
    let offer = |world: &mut World, sections: usize| {
        let lines: Vec<Value> = (0..sections)
            .map(|_| line(None, "video", "sendrecv"))
            .collect();
        world.ask_alice("createOffer", json!({ "transceivers": lines }))
    };
    let mut world = World::new();
    assert_eq!(name(offer(&mut world, MAX_SECTIONS + 1)), "OperationError");
    let most = text(&offer(&mut world, MAX_SECTIONS).unwrap());
    world
        .ask_bob("setRemoteOffer", json!({ "sdp": most }))
        .unwrap();
    let more = format!("{most}m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:more\r\n");
    let refused = world.ask_bob("setRemoteOffer", json!({ "sdp": more }));
    assert_eq!(name(refused), "OperationError");
}

fn channels_of_bob(world: &World) -> usize {
    let opened = |one: &&Value| one["event"] == "channel";
    world.bob.events.iter().filter(opened).count()
}

/// Alice opens channels, by more than her own engine would allow her.
fn alice_opens(world: &mut World, channels: usize) {
    for _ in 0..channels {
        let config = ChannelConfig {
            label: "one more".to_owned(),
            ..ChannelConfig::default()
        };
        world
            .alice
            .peer
            .rtc
            .direct_api()
            .create_data_channel(config);
    }
    world.run(Duration::from_secs(5));
}

#[test]
fn more_channels_than_there_is_room_for_are_closed() {
    let mut world = World::call();
    alice_opens(&mut world, MAX_CHANNELS + 10);
    assert_eq!(channels_of_bob(&world), MAX_CHANNELS);
    assert_eq!(world.bob.last_state("connection"), "connected");
}

#[test]
fn who_opens_channels_without_end_is_left() {
    let mut world = World::call();
    alice_opens(&mut world, 1000);
    assert!(channels_of_bob(&world) <= MAX_CHANNELS);
    assert_eq!(world.bob.last_state("connection"), "failed");
}

/// Alice sends this over and over, until Bob has left her or it was so often.
fn alice_floods(most: usize) -> World {
    let mut world = World::call();
    let opened = world.ask_alice("channelOpen", json!({ "label": "flood" }));
    let channel = opened.unwrap()["channel"].clone();
    world.run_until("it opens", |world| channels_of_bob(world) == 1);
    let message = json!({ "channel": channel, "text": "x" });
    for at in 1..=most {
        // her own engine keeps what does not fit
        let _ = world.ask_alice("channelSend", message.clone());
        if at % 50 == 0 {
            world.run(Duration::from_millis(100));
        }
        if world.bob.last_state("connection") == "failed" {
            break;
        }
    }
    world
}

/// How many messages reached Bob's page.
fn messages_of_bob(world: &World) -> usize {
    let message = |one: &&Value| one["event"] == "channelMessage";
    world.bob.events.iter().filter(message).count()
}

#[test]
fn who_floods_a_channel_with_messages_is_left_before_the_page_drowns() {
    let world = alice_floods(10_000);
    assert_eq!(world.bob.last_state("connection"), "failed");
    let reached = messages_of_bob(&world);
    assert!((4096..9_000).contains(&reached), "{reached}");
}
