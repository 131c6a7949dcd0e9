//! Data channels.

use std::time::Duration;

use serde_json::json;

use super::world::{Side, World, name};

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
    let opened = |side: &Side| {
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
    let closed = |side: &Side| side.events.iter().any(|one| one["event"] == "channelClose");
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
