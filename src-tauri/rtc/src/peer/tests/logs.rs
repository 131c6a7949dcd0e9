//! What is logged names nobody and no place.

use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use super::world::{World, line, offer_of};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[test]
fn a_call_with_everything_in_it_leaves_no_address_or_description_in_the_log() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_writer(log.clone())
        .finish();
    let mut secrets = Vec::new();
    tracing::subscriber::with_default(subscriber, || {
        let mut world = World::call();
        world.alice_films(3, true, 900);
        let lines = json!([
            line(Some("0"), "audio", "sendrecv"),
            line(Some("1"), "video", "sendrecv")
        ]);
        let offer = offer_of(
            &mut world,
            json!({ "iceRestart": true, "transceivers": lines }),
        );
        for name in ["ice-ufrag:", "ice-pwd:", "fingerprint:sha-256 "] {
            let value = offer.lines().find_map(|line| line.split(name).nth(1));
            secrets.push(value.unwrap().split(' ').next().unwrap().to_owned());
        }
        world
            .ask_alice("setRemoteOffer", json!({ "sdp": offer }))
            .unwrap();
        let _ = world.ask_alice("createAnswer", json!({ "transceivers": [] }));
        world.bob.peer.close(world.now);
        world.run(std::time::Duration::from_secs(20));
    });
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(!log.is_empty());
    for secret in secrets
        .iter()
        .map(String::as_str)
        .chain(["192.0.2.1", ":1111", ":2222"])
    {
        let line = log.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "{secret} in {line:?}");
    }
}
