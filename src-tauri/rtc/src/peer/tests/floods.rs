//! More than any call has: of candidates, names, restarts, channels and messages.

use std::ops::Range;
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

/// A channel from Alice to Bob: her number of it.
fn channel(world: &mut World) -> Value {
    let opened = world.ask_alice("channelOpen", json!({ "label": "flood" }));
    world.run_until("it opens", |world| {
        let opens = |one: &Value| one["event"] == "channelOpen";
        world.alice.events.iter().any(opens) && channels_of_bob(world) == 1
    });
    opened.unwrap()["channel"].clone()
}

/// Alice sends these, one after the other, each so long.
fn alice_sends(world: &mut World, channel: &Value, numbers: Range<usize>, length: usize) {
    for number in numbers {
        let text = format!("{number} {}", "x".repeat(length));
        let message = json!({ "channel": channel, "text": text });
        world.ask_alice("channelSend", message).unwrap();
    }
}

/// The numbers of the messages that reached Bob's page.
fn messages_of_bob(world: &World) -> Vec<usize> {
    let events = world.bob.events.iter();
    let messages = events.filter(|one| one["event"] == "channelMessage");
    messages
        .filter_map(|one| one["text"].as_str()?.split(' ').next()?.parse().ok())
        .collect()
}

/// Lets time pass until the message of this number has reached Bob's page.
fn until_bob_has(world: &mut World, number: usize) {
    let start = format!("{number} ");
    world.run_until("the last one arrives", |world| {
        let last = world.bob.events.iter().rev().take(5);
        last.filter_map(|one| one["text"].as_str())
            .any(|text| text.starts_with(&start))
    });
}

#[test]
fn a_page_that_hangs_is_told_little_and_all_of_it_later() {
    const SENT: usize = 20;
    let mut world = World::call();
    let channel = channel(&mut world);
    world.bob.reads = false;
    alice_sends(&mut world, &channel, 0..SENT, 250_000);
    world.run(Duration::from_secs(8));
    let told = messages_of_bob(&world).len();
    assert!((1..=6).contains(&told), "{told} of 5 MB");
    // what has nothing to do with it goes on
    let frames = world.bob.frames.len();
    world.alice_films(30, true, 1000);
    assert_eq!(world.bob.frames.len(), frames + 30);
    let now = world.now;
    world.bob.reads_again(now);
    until_bob_has(&mut world, SENT - 1);
    assert_eq!(messages_of_bob(&world), Vec::from_iter(0..SENT));
    assert_eq!(world.bob.last_state("connection"), "connected");
}

#[test]
fn messages_come_no_faster_than_a_page_can_bear_and_none_is_lost() {
    const SENT: usize = 9_500;
    let mut world = World::call();
    let channel = channel(&mut world);
    alice_sends(&mut world, &channel, 0..SENT, 1);
    world.run(Duration::from_secs(5));
    let told = messages_of_bob(&world).len();
    assert!((8000..9_500).contains(&told), "{told}");
    until_bob_has(&mut world, SENT - 1);
    assert_eq!(messages_of_bob(&world), Vec::from_iter(0..SENT));
    assert_eq!(world.bob.last_state("connection"), "connected");
}
