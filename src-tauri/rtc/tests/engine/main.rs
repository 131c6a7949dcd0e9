//! Alice and Bob, two engines in one process on 127.0.0.1, driven as the polyfill drives them.

mod person;

use person::{call, picture, vp8};
use serde_json::json;

#[tokio::test]
async fn a_call_carries_pictures_both_ways_and_a_message() {
    let (mut alice, mut bob) = call().await;
    assert_eq!(alice.note("keyframe").await["index"], 1);
    let (peer, frame) = (alice.peer, vp8(true, 5000, 7));
    alice.send(picture(peer, 1, true, 40_000, &frame)).await;
    let (index, key, _, data) = bob.picture().await;
    assert_eq!((index, key, data), (1, true, frame));
    let (peer, frame) = (bob.peer, vp8(true, 3000, 9));
    bob.send(picture(peer, 1, true, 40_000, &frame)).await;
    assert_eq!(alice.picture().await.3, frame);

    let open = json!({ "label": "chat", "ordered": true, "protocol": "", "negotiated": false });
    let channel = alice.must("channelOpen", open).await["channel"].clone();
    alice
        .event(json!({ "event": "channelOpen", "channel": channel }))
        .await;
    let theirs = bob
        .event(json!({ "event": "channel", "label": "chat" }))
        .await["channel"]
        .clone();
    alice
        .must(
            "channelSend",
            json!({ "channel": channel, "text": "hello Bob" }),
        )
        .await;
    bob.event(json!({ "event": "channelMessage", "channel": theirs, "text": "hello Bob" }))
        .await;
    bob.must(
        "channelSend",
        json!({ "channel": theirs, "base64": "AAEC" }),
    )
    .await;
    alice
        .event(json!({ "event": "channelMessage", "channel": channel, "base64": "AAEC" }))
        .await;
}
