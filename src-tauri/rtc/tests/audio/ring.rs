//! A ring on a speaker of its own: asked for as the page does, heard where it shall be and nowhere else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ringdown_rtc::{Engine, EngineConfig, Microphone, RtcError};
use serde_json::{Value, json};

use crate::rig::{RATE, Recorder, Server, level, tone, until};

const RING: f64 = 660.0;
const OTHER: f64 = 880.0;

/// Bob's engine, on a machine with a speaker on his desk, which is the default one, and one in his kitchen.
struct Bob {
    engine: Engine,
    server: Server,
    desk: Recorder,
    kitchen: Recorder,
    /// To take the speaker in the kitchen away.
    module: String,
}

impl Bob {
    async fn new() -> Self {
        let server = Server::start(&["module-null-sink sink_name=desk"]);
        let module = server.control(&["load-module", "module-null-sink", "sink_name=kitchen"]);
        server.control(&["set-default-sink", "desk"]);
        let config = EngineConfig {
            allowed_origins: vec!["tauri://localhost".to_owned()],
            microphone: Microphone::Tone { hz: 440.0 },
            sound_server: Some(server.address()),
            ..EngineConfig::default()
        };
        Self {
            engine: Engine::start(config).await.unwrap(),
            desk: server.record("desk.monitor"),
            kitchen: server.record("kitchen.monitor"),
            module: module.trim().to_owned(),
            server,
        }
    }

    async fn ask(&self, request: Value) -> Result<Value, RtcError> {
        self.engine.request(request).await
    }

    /// A second of a tone; its number.
    async fn play(&self, hz: f64, speaker: &str, every_ms: Option<u32>) -> Result<u64, RtcError> {
        let request = json!({
            "op": "play", "deviceId": speaker, "samples": sound(hz, 1.0), "everyMs": every_ms
        });
        let answer = self.ask(request).await?;
        Ok(answer["sound"].as_u64().unwrap())
    }

    async fn hush(&self, sound: u64) {
        let hush = json!({ "op": "hush", "sound": sound });
        self.ask(hush).await.unwrap();
    }

    /// How many sounds are played.
    fn streams(&self) -> usize {
        let streams = self.server.control(&["list", "short", "sink-inputs"]);
        streams.lines().count()
    }

    fn is_silent(&self) {
        until("nothing is played any more", || {
            (self.streams() == 0).then_some(())
        });
        self.kitchen.hears_nothing();
        self.desk.hears_nothing();
    }
}

fn sound(hz: f64, seconds: f64) -> String {
    let tone = tone(hz);
    let samples = (0..(seconds * RATE as f64) as usize).map(|n| (tone(n) * 32_767.0) as i16);
    STANDARD.encode(samples.flat_map(i16::to_le_bytes).collect::<Vec<u8>>())
}

#[tokio::test(flavor = "multi_thread")]
async fn bobs_ring_is_heard_in_the_kitchen_alone_until_it_is_hushed() {
    let bob = Bob::new().await;
    let ring = bob.play(RING, "kitchen", Some(1_000)).await.unwrap();
    bob.kitchen.hears(RING);
    let from = bob.desk.len();
    bob.kitchen.next(3.0);
    bob.kitchen.hears(RING);
    assert!(level(&bob.desk.since(from)) < 0.000_3, "the desk is silent");
    bob.hush(ring).await;
    bob.is_silent();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ring_pauses_and_comes_again() {
    let bob = Bob::new().await;
    let ring = bob.play(RING, "kitchen", Some(2_500)).await.unwrap();
    for _ in 0..3 {
        bob.kitchen.hears(RING);
        bob.kitchen.hears_nothing();
    }
    bob.hush(ring).await;
    bob.is_silent();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_played_once_ends_by_itself_and_is_as_it_was() {
    let bob = Bob::new().await;
    let from = bob.kitchen.len();
    bob.play(RING, "kitchen", None).await.unwrap();
    bob.kitchen.hears(RING);
    until("it is over", || (bob.streams() == 0).then_some(()));
    bob.kitchen.next(0.5);
    let heard = bob.kitchen.since(from);
    let power: f64 = heard.iter().map(|sample| sample * sample).sum();
    let seconds = power / (0.25 * 0.25 / 2.0) / RATE as f64;
    assert!((0.95..1.05).contains(&seconds), "{seconds} s were heard");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_kitchen_it_rings_on_the_desk() {
    let bob = Bob::new().await;
    let ring = bob.play(RING, "cellar", Some(1_000)).await.unwrap();
    bob.desk.hears(RING);
    bob.hush(ring).await;
    bob.is_silent();

    bob.play(RING, "kitchen", Some(1_000)).await.unwrap();
    bob.kitchen.hears(RING);
    bob.server.control(&["unload-module", &bob.module]);
    bob.desk.hears(RING);
    bob.engine.stop_ringing();
    bob.desk.hears_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ring_waits_for_the_sound_server() {
    let mut bob = Bob::new().await;
    bob.play(RING, "kitchen", Some(1_000)).await.unwrap();
    bob.kitchen.hears(RING);
    bob.server.kill();
    bob.server.revive();
    let ear = bob.server.record("desk.monitor");
    ear.hears(RING);
    bob.engine.stop_ringing();
    ear.hears_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn another_page_hears_nothing_of_the_one_before() {
    let bob = Bob::new().await;
    bob.play(RING, "kitchen", Some(1_000)).await.unwrap();
    bob.kitchen.hears(RING);
    bob.ask(json!({ "op": "hello" })).await.unwrap();
    bob.is_silent();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_ends_ends_the_ring_but_not_a_sample() {
    let bob = Bob::new().await;
    bob.play(RING, "kitchen", Some(1_000)).await.unwrap();
    bob.kitchen.hears(RING);
    bob.engine.stop_ringing();
    bob.is_silent();
    bob.play(OTHER, "kitchen", None).await.unwrap();
    bob.engine.stop_ringing();
    bob.kitchen.hears(OTHER);
    bob.is_silent();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_sound_at_a_time_and_the_ring_before_a_sample() {
    let bob = Bob::new().await;
    let sample = bob.play(OTHER, "kitchen", None).await.unwrap();
    let ring = bob.play(RING, "kitchen", Some(1_000)).await.unwrap();
    bob.kitchen.hears(RING);
    bob.hush(sample).await;
    let refused = bob.play(OTHER, "desk", None).await.unwrap_err();
    assert_eq!(refused.name, "InvalidStateError");
    let next = bob.play(OTHER, "desk", Some(1_000)).await.unwrap();
    bob.desk.hears(OTHER);
    bob.kitchen.hears_nothing();
    bob.hush(ring).await;
    bob.desk.hears(OTHER);
    bob.hush(next).await;
    bob.is_silent();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_sound_is_refused() {
    let bob = Bob::new().await;
    let play = |samples: String, every: Value| {
        bob.ask(
            json!({ "op": "play", "deviceId": "kitchen", "samples": samples, "everyMs": every }),
        )
    };
    let whole = sound(RING, 1.0);
    let refused = [
        (String::new(), json!(null)),
        ("no base64".to_owned(), json!(null)),
        (STANDARD.encode([0; 3]), json!(null)),
        (sound(RING, 10.1), json!(null)),
        (whole.clone(), json!(999)),
        (whole.clone(), json!(60_001)),
        (whole.clone(), json!(-1)),
        (whole, json!("often")),
    ];
    for (samples, every) in refused {
        let name = play(samples, every).await.unwrap_err().name;
        assert_eq!(name, "TypeError");
    }
    assert_eq!(bob.streams(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_microphone_is_open_only_while_somebody_asks_how_loud_it_hears() {
    let bob = Bob::new().await;
    let loud = async || {
        let answer = bob.ask(json!({ "op": "microphoneLevel" })).await.unwrap();
        answer["level"].as_f64().unwrap() > 0.1
    };
    let hears = async |what: &str| {
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
        while !loud().await {
            assert!(std::time::Instant::now() < deadline, "{what}");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    assert!(!loud().await, "it is not open yet");
    hears("the tone is heard").await;
    bob.ask(json!({ "op": "microphoneRest" })).await.unwrap();
    assert!(!loud().await, "it was closed");
    hears("it is open again").await;
    bob.ask(json!({ "op": "hello" })).await.unwrap();
    assert!(!loud().await, "another page did not ask yet");
}
