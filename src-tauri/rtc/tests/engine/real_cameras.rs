//! Cameras as PipeWire has them: of every kind, and what happens to them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::person::{Person, soon};
use crate::pipewire::{Plugged, among_cameras};

const VGA: &str =
    "videotestsrc is-live=true ! video/x-raw,format=YUY2,width=640,height=480,framerate=30/1";
const SMALL: &str =
    "videotestsrc is-live=true ! video/x-raw,format=I420,width=320,height=240,framerate=30/1";
/// As the property of a node that a device is behind.
const OF_A_DEVICE: &str = ",device.api=v4l2";

/// Waits for so many cameras: their labels by their ids.
async fn listed(alice: &Person, count: usize) -> BTreeMap<String, String> {
    soon("the cameras", async {
        loop {
            let devices = alice.machine("devices", json!({})).await.unwrap();
            let cameras = devices["cameras"].as_array().unwrap().clone();
            if cameras.len() == count {
                let text = |one: &Value| one.as_str().unwrap().to_owned();
                let pair = |one: &Value| (text(&one["id"]), text(&one["label"]));
                return cameras.iter().map(pair).collect();
            }
        }
    })
    .await
}

async fn open(alice: &Person, wanted: Value) -> Value {
    alice
        .machine("camera", wanted)
        .await
        .unwrap_or_else(|error| panic!("{error}"))
}

async fn shut(alice: &Person, camera: &Value) {
    let end = json!({ "camera": camera["camera"] });
    alice.machine("cameraEnd", end).await.unwrap();
}

fn size(camera: &Value) -> (u64, u64) {
    let side = |name: &str| camera[name].as_u64().unwrap();
    (side("width"), side("height"))
}

#[test]
fn cameras_of_every_kind_give_pictures() {
    among_cameras(
        "real_cameras::cameras_of_every_kind_give_pictures",
        || async {
            let kinds = [
                ("yuy2", VGA, (640, 480)),
                (
                    "nv12",
                    "videotestsrc is-live=true ! video/x-raw,format=NV12,width=1280,height=720,framerate=60/1",
                    (1280, 720),
                ),
                (
                    "mjpeg",
                    "videotestsrc is-live=true ! video/x-raw,width=800,height=600,framerate=15/1 ! jpegenc",
                    (800, 600),
                ),
                (
                    "odd",
                    "videotestsrc is-live=true ! video/x-raw,format=I420,width=641,height=361,framerate=5/1",
                    (641, 361),
                ),
                (
                    "portrait",
                    "videotestsrc is-live=true ! video/x-raw,format=BGRx,width=360,height=640,framerate=30/1",
                    (360, 640),
                ),
                (
                    "no-rate",
                    "videotestsrc is-live=true ! capssetter replace=true join=false \
                 caps=video/x-raw,format=I420,width=320,height=240",
                    (320, 240),
                ),
            ];
            let _plugged = kinds.map(|(name, pictures, _)| Plugged::new(name, name, pictures, ""));
            let mut alice = Person::with_real_cameras().await;
            listed(&alice, kinds.len()).await;
            for (name, _, wanted) in kinds {
                eprintln!("kind {name}");
                let camera = open(&alice, json!({ "deviceId": name, "exact": true })).await;
                assert_eq!((&camera["label"], size(&camera)), (&json!(name), wanted));
                let own = soon(name, async {
                    loop {
                        let own = alice.own_picture().await;
                        if camera["camera"] == own.0 {
                            return own;
                        }
                    }
                })
                .await;
                let (_, width, height, pixels) = own;
                assert_eq!(
                    pixels.len(),
                    usize::from(width) * usize::from(height) * 3 / 2
                );
                let luma = &pixels[..usize::from(width) * usize::from(height)];
                let (darkest, brightest) = (luma.iter().min().unwrap(), luma.iter().max().unwrap());
                assert!(
                    brightest - darkest > 100,
                    "{name}: {darkest} to {brightest}"
                );
                shut(&alice, &camera).await;
            }
        },
    );
}

#[test]
fn a_real_camera_comes_before_a_virtual_one_and_namesakes_are_told_apart() {
    let name =
        "real_cameras::a_real_camera_comes_before_a_virtual_one_and_namesakes_are_told_apart";
    among_cameras(name, || async {
        let alice = Person::with_real_cameras().await;
        let _virtual = Plugged::new("obs", "Studio", SMALL, "");
        listed(&alice, 1).await;
        let only = open(&alice, json!({ "deviceId": null })).await;
        assert_eq!(only["id"], "obs", "there is no other");
        shut(&alice, &only).await;

        let _first = Plugged::new("left", "Webcam", VGA, OF_A_DEVICE);
        listed(&alice, 2).await;
        let real = open(&alice, json!({ "deviceId": null })).await;
        assert_eq!(real["id"], "left");
        shut(&alice, &real).await;

        let _second = Plugged::new("right", "Webcam", SMALL, OF_A_DEVICE);
        let labels = listed(&alice, 3).await;
        assert_ne!(labels["left"], labels["right"]);
        assert!(labels["left"].starts_with("Webcam") && labels["right"].starts_with("Webcam"));
        let right = open(&alice, json!({ "deviceId": "right", "exact": true })).await;
        assert_eq!(size(&right), (320, 240));
        let chosen = open(&alice, json!({ "deviceId": "obs" })).await;
        assert_eq!(chosen["id"], "obs", "it was asked for");
    });
}

#[test]
fn a_camera_that_is_pulled_out_goes_on_once_it_is_back() {
    let name = "real_cameras::a_camera_that_is_pulled_out_goes_on_once_it_is_back";
    among_cameras(name, || async {
        let plugged = Plugged::new("cam", "Webcam", SMALL, "");
        let mut alice = Person::with_real_cameras().await;
        listed(&alice, 1).await;
        let camera = open(&alice, json!({ "deviceId": "cam", "exact": true })).await;
        alice.own_picture().await;
        drop(plugged);
        listed(&alice, 0).await;
        let _plugged = Plugged::new("cam", "Webcam", SMALL, "");
        listed(&alice, 1).await;
        later_pictures(&mut alice, &camera).await;
    });
}

/// Pictures of the same opening go on.
async fn later_pictures(alice: &mut Person, camera: &Value) {
    for _ in 0..20 {
        let own = alice.own_picture().await;
        assert_eq!(camera["camera"], own.0);
    }
}

#[test]
fn a_camera_that_stays_away_ends() {
    among_cameras("real_cameras::a_camera_that_stays_away_ends", || async {
        let plugged = Plugged::new("cam", "Webcam", SMALL, "");
        let mut alice = Person::with_real_cameras().await;
        listed(&alice, 1).await;
        let camera = open(&alice, json!({ "deviceId": "cam" })).await;
        drop(plugged);
        assert_eq!(alice.note("cameraEnded").await["camera"], camera["camera"]);
        let refused = alice.machine("camera", json!({ "deviceId": null })).await;
        assert_eq!(refused.unwrap_err().name, "NotFoundError");
    });
}

#[test]
fn a_camera_that_shows_nothing_is_said_to_and_another_one_is_taken() {
    let name = "real_cameras::a_camera_that_shows_nothing_is_said_to_and_another_one_is_taken";
    among_cameras(name, || async {
        let dark = format!("{SMALL} ! valve drop=true drop-mode=forward-sticky-events");
        let _dark = Plugged::new("dark", "Dark", &dark, OF_A_DEVICE);
        let alice = Person::with_real_cameras().await;
        listed(&alice, 1).await;
        let refused = alice.machine("camera", json!({ "deviceId": null })).await;
        assert_eq!(refused.unwrap_err().name, "NotReadableError");
        let _other = Plugged::new("other", "Other", SMALL, OF_A_DEVICE);
        listed(&alice, 2).await;
        let opened = open(&alice, json!({ "deviceId": null })).await;
        assert_eq!(opened["id"], "other");
    });
}
