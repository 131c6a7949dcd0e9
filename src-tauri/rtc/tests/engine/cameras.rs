//! Cameras that the engine opens and codes by itself.

use serde_json::{Value, json};

use crate::person::{Person, call, soon};

async fn open(person: &Person, wanted: Value) -> Value {
    person.machine("camera", wanted).await.unwrap()
}

fn sending(camera: &Value, muted: bool) -> Value {
    let limits = json!({ "active": true, "muted": muted, "maxBitrate": null });
    json!({ "index": 1, "camera": camera, "limits": limits })
}

#[tokio::test]
async fn a_camera_is_seen_by_its_owner_small_and_by_the_other_side_whole() {
    let (mut alice, mut bob) = call().await;
    let devices = alice.machine("devices", json!({})).await.unwrap();
    assert_eq!(devices["cameras"][0]["label"], "Test camera");
    let wanted = json!({ "deviceId": null, "width": 640, "height": 480, "frameRate": 30 });
    let opened = open(&alice, wanted).await;
    assert_eq!(
        (&opened["width"], &opened["height"]),
        (&json!(640), &json!(480))
    );
    let (camera, width, height, pixels) = alice.own_picture().await;
    assert_eq!(opened["camera"], camera);
    assert_eq!((width, height, pixels.len()), (640, 480, 640 * 480 * 3 / 2));

    alice
        .must("sendCamera", sending(&opened["camera"], false))
        .await;
    let (index, key, first, data) = bob.picture().await;
    assert!((index, key) == (1, true) && data[3..6] == [0x9d, 0x01, 0x2a]);
    let (_, key, second, _) = bob.picture().await;
    assert!(!key && second > first);
    soon("a smaller own picture", async {
        while alice.own_picture().await.1 != 320 {}
    })
    .await;
    let of_video = |one: &&Value| one["type"] == "outbound-rtp" && one["kind"] == "video";
    let outbound = soon("figures of what is sent", async {
        loop {
            let stats = alice.must("stats", json!({})).await;
            let found = stats.as_array().unwrap().iter().find(of_video).cloned();
            if let Some(found) = found {
                return found;
            }
            // the figures are taken now and then
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(outbound["frameWidth"], 640);
    assert!(outbound["framesEncoded"].as_u64() > Some(1), "{outbound}");

    alice.must("sendCamera", sending(&Value::Null, false)).await;
    alice
        .machine("cameraEnd", json!({ "camera": opened["camera"] }))
        .await
        .unwrap();
    let gone = alice
        .ask("sendCamera", sending(&opened["camera"], false))
        .await;
    assert_eq!(gone.unwrap_err().name, "InvalidStateError");
}

#[tokio::test]
async fn whoever_joins_late_or_lost_the_picture_gets_a_key_frame() {
    let (alice, mut bob) = call().await;
    let opened = open(&alice, json!({ "deviceId": "test-2" })).await;
    alice
        .must("sendCamera", sending(&opened["camera"], false))
        .await;
    assert!(bob.picture().await.1);
    bob.reconnect().await;
    soon("a key frame for the new page", async {
        while !bob.picture().await.1 {}
    })
    .await;
}

#[tokio::test]
async fn a_camera_that_is_not_there_and_a_page_that_is_gone() {
    let alice = Person::new().await;
    let absent = json!({ "deviceId": "absent", "exact": true });
    let refused = alice.machine("camera", absent).await.unwrap_err();
    assert_eq!(refused.name, "NotFoundError");
    let opened = open(&alice, json!({ "deviceId": null })).await;
    alice.machine("hello", json!({})).await.unwrap();
    let again = open(&alice, json!({ "deviceId": null })).await;
    assert_ne!(
        again["camera"], opened["camera"],
        "the page before had that one"
    );
}
