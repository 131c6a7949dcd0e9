//! Calls, as far as they need real sockets, real time or the sound system.

use serde_json::{Value, json};

use crate::person::{Person, answer_line, call, line, negotiate, picture, soon, trickle, vp8};

#[tokio::test]
async fn a_call_carries_pictures_both_ways_and_a_message() {
    let (mut alice, mut bob) = call().await;
    assert_eq!(alice.note("start").await["index"], 1);
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

#[tokio::test]
async fn a_picture_of_a_mebibyte_goes_through() {
    let (mut alice, mut bob) = call().await;
    let (peer, frame) = (alice.peer, vp8(true, 1024 * 1024, 5));
    alice.send(picture(peer, 1, true, 1, &frame)).await;
    assert_eq!(bob.picture().await.3, frame);
}

#[tokio::test]
async fn a_key_frame_that_claims_16383_by_16383_never_reaches_the_page() {
    let (mut alice, mut bob) = call().await;
    alice.note("start").await;
    let mut forged = vp8(true, 449_000, 5);
    forged[6..10].copy_from_slice(&[0xff, 0x3f, 0xff, 0x3f]);
    let peer = alice.peer;
    alice.send(picture(peer, 1, true, 1, &forged)).await;
    // Bob's engine asks for another one, and that is the first his page sees
    alice.note("keyframe").await;
    let good = vp8(true, 900, 7);
    alice.send(picture(peer, 1, true, 40_000, &good)).await;
    assert!(bob.picture().await.3 == good);
}

#[tokio::test]
async fn the_encoder_is_told_what_to_make() {
    let (mut alice, _bob) = call().await;
    let rate = alice.note("rate").await;
    assert_eq!(
        (&rate["peer"], &rate["index"], &rate["bps"]),
        (&json!(alice.peer), &json!(1), &json!(900_000))
    );
    let slow = json!({ "mid": "1", "kind": "video", "active": true, "muted": false, "maxBitrate": 200_000 });
    alice.must("sender", slow).await;
    while alice.note("rate").await["bps"] != 200_000 {}
}

#[tokio::test]
async fn alices_tone_is_played_by_bob() {
    let (alice, mut bob) = call().await;
    let sender =
        json!({ "mid": "0", "kind": "audio", "active": true, "muted": false, "maxBitrate": null });
    alice.must("sender", sender).await;
    bob.must(
        "receiver",
        json!({ "mid": "0", "kind": "audio", "enabled": true }),
    )
    .await;
    bob.event(json!({ "event": "mute", "mid": "0", "muted": false }))
        .await;
    let received = |stats: &Value| {
        let voice = stats
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["id"] == "in-0")
            .cloned();
        voice.is_some_and(|voice| {
            voice["packetsReceived"].as_u64() > Some(20) && voice["jitterBufferDelay"].is_number()
        })
    };
    soon("voice is received", async {
        while !received(&bob.must("stats", json!({})).await) {
            // statistics are new once a second
            alice.must("stats", json!({})).await;
            tokio::task::yield_now().await;
        }
    })
    .await;
    let sender =
        json!({ "mid": "0", "kind": "audio", "active": false, "muted": false, "maxBitrate": null });
    alice.must("sender", sender).await;
    bob.event(json!({ "event": "mute", "mid": "0", "muted": true }))
        .await;
}

#[tokio::test]
async fn the_page_goes_and_another_takes_its_place_in_the_same_call() {
    let (mut alice, mut bob) = call().await;
    let frame = vp8(true, 2000, 1);
    let peer = alice.peer;
    alice.send(picture(peer, 1, true, 1, &frame)).await;
    bob.picture().await;
    bob.reconnect().await;
    // Bob's new decoder knows nothing: Alice hears of that
    alice.note("keyframe").await;
    soon("a picture for the new page", async {
        let mut time = 100_000;
        loop {
            alice.send(picture(peer, 1, true, time, &frame)).await;
            time += 33_333;
            tokio::select! {
                picture = bob.picture() => return assert_eq!(picture.3, frame),
                _ = alice.note("keyframe") => {}
            }
        }
    })
    .await;
    assert_eq!(
        bob.note("rate").await["index"],
        1,
        "and its encoder is told what to make"
    );
}

#[tokio::test]
async fn a_reloaded_page_starts_with_nothing_open() {
    let (alice, mut bob) = call().await;
    alice
        .engine
        .request(json!({ "op": "hello" }))
        .await
        .unwrap();
    assert_eq!(
        alice.ask("stats", json!({})).await.unwrap_err().name,
        "InvalidStateError"
    );
    bob.event(json!({ "event": "connection", "state": "disconnected" }))
        .await;
}

#[tokio::test]
async fn a_closed_peer_is_closed() {
    let (alice, mut bob) = call().await;
    alice.must("close", json!({})).await;
    alice.must("close", json!({})).await;
    assert_eq!(
        alice.ask("createOffer", json!({})).await.unwrap_err().name,
        "InvalidStateError"
    );
    bob.event(json!({ "event": "ice", "state": "disconnected" }))
        .await;
}

#[tokio::test]
async fn both_offer_at_once_and_a_restart_follows() {
    let (mut alice, mut bob) = (Person::new().await, Person::new().await);
    let offer =
        json!({ "dataChannel": true, "transceivers": [line(0, None, "video", "sendrecv")] });
    let bobs = bob.must("createOffer", offer.clone()).await;
    bob.must("setLocalOffer", json!({ "sdp": bobs["sdp"] }))
        .await;
    bob.must("rollback", json!({})).await;
    let answer = json!({ "transceivers": [answer_line("0", "sendrecv")] });
    negotiate(&mut alice, &mut bob, offer, answer.clone()).await;
    trickle(&mut alice, &mut bob).await;
    trickle(&mut bob, &mut alice).await;
    for person in [&mut alice, &mut bob] {
        person
            .event(json!({ "event": "connection", "state": "connected" }))
            .await;
    }
    let restart = json!({ "iceRestart": true, "dataChannel": true, "transceivers": [line(0, Some("0"), "video", "sendrecv")] });
    negotiate(&mut bob, &mut alice, restart, answer).await;
    trickle(&mut bob, &mut alice).await;
    trickle(&mut alice, &mut bob).await;
    let sender = json!({ "mid": "0", "kind": "video", "active": true });
    alice.must("sender", sender).await;
    let (peer, frame) = (alice.peer, vp8(true, 2000, 1));
    alice.send(picture(peer, 0, true, 1, &frame)).await;
    assert_eq!(bob.picture().await.3, frame);
}

#[tokio::test]
async fn requests_that_make_no_sense_are_refused_without_repeating_them() {
    let alice = Person::new().await;
    for request in [
        json!(null),
        json!({}),
        json!({ "op": "unheard-of" }),
        json!({ "op": "unheard-of", "peer": alice.peer }),
        json!({ "op": "setRemoteOffer", "peer": alice.peer, "sdp": { "secret": 1 } }),
        json!({ "op": "createOffer", "peer": alice.peer, "transceivers": [{ "kind": "secret" }] }),
        json!({ "op": "open", "configuration": { "iceTransportPolicy": "secret" } }),
        json!({ "op": "sender", "peer": "secret" }),
    ] {
        let error = alice.engine.request(request).await.unwrap_err();
        assert_eq!(error.name, "TypeError");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    let error = alice
        .engine
        .request(json!({ "op": "stats", "peer": 99 }))
        .await
        .unwrap_err();
    assert_eq!(error.name, "InvalidStateError");
}

#[tokio::test]
async fn peers_do_not_pile_up() {
    let alice = Person::new().await;
    let open = || {
        alice
            .engine
            .request(json!({ "op": "open", "configuration": {} }))
    };
    let mut opened = 1;
    while open().await.is_ok() {
        opened += 1;
    }
    assert_eq!(opened, 32);
    alice.must("close", json!({})).await;
    open().await.unwrap();
}

#[tokio::test]
async fn everything_ends_with_the_engine() {
    let (alice, mut bob) = call().await;
    let Person {
        engine,
        mut events,
        mut socket,
        ..
    } = alice;
    drop(engine);
    soon("the events end", async {
        while events.recv().await.is_some() {}
    })
    .await;
    soon("the socket ends", async {
        use futures_util::StreamExt;
        while matches!(socket.next().await, Some(Ok(_))) {}
    })
    .await;
    bob.event(json!({ "event": "connection", "state": "disconnected" }))
        .await;
}
