//! A static manifest on this machine, signed as `minisign` signs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use blake2::{Blake2b512, Digest as _};
use ed25519_dalek::{Signer as _, SigningKey};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

use super::*;
use crate::hub::tests::person::Someone;
use crate::ipc::Settings;
use crate::options::Options;

const PAGE: &str = "https://example.org/ringdown";

/// Whoever publishes versions.
struct Publisher {
    key: SigningKey,
    asked: Arc<AtomicUsize>,
}

impl Publisher {
    fn new(seed: u8) -> Self {
        Self {
            key: SigningKey::from_bytes(&[seed; 32]),
            asked: Arc::default(),
        }
    }

    /// As in the second line of minisign.pub.
    fn public(&self) -> String {
        let key = self.key.verifying_key();
        STANDARD.encode([b"Ed12345678", key.as_bytes().as_slice()].concat())
    }

    /// The file beside `signed` that minisign makes.
    fn sign(&self, signed: &str) -> String {
        let comment = "ringdown";
        let signature = self.key.sign(&Blake2b512::digest(signed)).to_bytes();
        let global = [signature.as_slice(), comment.as_bytes()].concat();
        let global = STANDARD.encode(self.key.sign(&global).to_bytes());
        let signature = STANDARD.encode([b"ED12345678", signature.as_slice()].concat());
        format!("untrusted comment: u\n{signature}\ntrusted comment: {comment}\n{global}\n")
    }

    /// Puts both files on a web server; returns the manifest's URL.
    async fn publish(&self, manifest: String, signature: String) -> String {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::clone(&self.asked);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                asked.fetch_add(1, Ordering::SeqCst);
                let mut request = String::new();
                let mut reader = BufReader::new(&mut stream);
                while !request.ends_with("\r\n\r\n") {
                    if reader.read_line(&mut request).await.unwrap() == 0 {
                        break;
                    }
                }
                let (status, body) = if request.starts_with("GET /new.json HTTP/1.1") {
                    ("200 OK", manifest.as_str())
                } else if request.starts_with("GET /new.json.minisig ") {
                    ("200 OK", signature.as_str())
                } else {
                    ("404 Not Found", "")
                };
                let length = body.len();
                let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}");
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        format!("http://{address}/new.json")
    }

    async fn announce(&self, version: &str) -> Channel {
        let manifest = manifest(version, PAGE);
        let signature = self.sign(&manifest);
        let url = self.publish(manifest, signature).await;
        Channel::parse(&url, &self.public()).unwrap()
    }
}

fn manifest(version: &str, page: &str) -> String {
    serde_json::json!({ "version": version, "page": page }).to_string()
}

fn version(version: &str) -> NewVersion {
    NewVersion {
        version: version.into(),
        page: PAGE.into(),
    }
}

async fn alice(channel: Option<Channel>) -> Someone {
    let dir = tempfile::tempdir().unwrap();
    let mut options = Options::for_tests(dir.path().to_owned(), [127, 0, 0, 1].into());
    options.channel = channel;
    Someone::opens_with(dir, options).await
}

async fn wants_to_know(alice: &Someone, check_updates: bool) {
    let settings = Settings {
        check_updates,
        ..Settings::default()
    };
    let saved = alice.hub.ask(move |hub| hub.save_settings(settings)).await;
    assert_eq!(saved.unwrap().check_updates, check_updates);
}

#[tokio::test]
async fn a_newer_version_is_found_and_this_one_is_none() {
    let publisher = Publisher::new(1);
    let newer = publisher.announce("9.10.0").await.look().await;
    assert_eq!(newer.unwrap(), Some(version("9.10.0")));
    let same = publisher.announce(about::VERSION).await.look().await;
    assert_eq!(same.unwrap(), None);
    let older = publisher.announce("0.0.9").await.look().await;
    assert_eq!(older.unwrap(), None);
}

#[tokio::test]
async fn what_others_signed_or_changed_is_refused() {
    let (publisher, mallory) = (Publisher::new(1), Publisher::new(2));
    let real = manifest("9.0.0", PAGE);
    let forged = manifest("9.0.0", "https://mallory.example");
    for (manifest, signature) in [
        (real.clone(), mallory.sign(&real)),
        (forged, publisher.sign(&real)),
        (real, "no signature".to_owned()),
    ] {
        let url = publisher.publish(manifest, signature).await;
        let channel = Channel::parse(&url, &publisher.public()).unwrap();
        assert_eq!(channel.look().await.unwrap_err().code, "update_untrusted");
    }
}

#[tokio::test]
async fn what_can_not_be_read_or_opened_safely_is_refused() {
    let publisher = Publisher::new(1);
    for manifest in [
        "{}".to_owned(),
        manifest("9.0", PAGE),
        manifest("9.0.0", "file:///etc/passwd"),
        manifest("9.0.0", "http://example.org"),
    ] {
        let signature = publisher.sign(&manifest);
        let url = publisher.publish(manifest, signature).await;
        let channel = Channel::parse(&url, &publisher.public()).unwrap();
        assert_eq!(channel.look().await.unwrap_err().code, "update_unreadable");
    }
    let key = publisher.public();
    for url in ["http://example.org/new.json", "ftp://127.0.0.1/x", "x"] {
        assert!(Channel::parse(url, &key).is_none(), "{url}");
    }
    assert!(Channel::parse("https://example.org/new.json", "no key").is_none());
}

#[tokio::test]
async fn a_server_that_is_down_or_has_no_manifest_is_said() {
    let publisher = Publisher::new(1);
    let url = publisher.publish(String::new(), String::new()).await;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let nobody = format!("http://{}/new.json", listener.local_addr().unwrap());
    drop(listener);
    for url in [nobody, url.replace("new.json", "old.json")] {
        let channel = Channel::parse(&url, &publisher.public()).unwrap();
        let error = channel.look().await.unwrap_err();
        assert_eq!(error.code, "update_unreachable");
        assert!(error.message.contains("try again"), "{}", error.message);
    }
}

#[tokio::test]
async fn nobody_is_asked_unless_alice_wants_it_and_then_once_a_day() {
    let publisher = Publisher::new(1);
    let alice = alice(Some(publisher.announce("9.0.0").await)).await;
    look_when_due(&alice.hub).await.unwrap();
    assert_eq!(publisher.asked.load(Ordering::SeqCst), 0);
    assert_eq!(alice.snapshot().await.update.unwrap().found, None);

    wants_to_know(&alice, true).await;
    look_when_due(&alice.hub).await.unwrap();
    let snapshot = alice.snapshot().await;
    assert_eq!(snapshot.update.unwrap().found, Some(version("9.0.0")));
    assert!(snapshot.notices.iter().any(|one| one.code == "update"));
    let asked = publisher.asked.load(Ordering::SeqCst);
    assert_ne!(asked, 0);
    look_when_due(&alice.hub).await.unwrap();
    assert_eq!(publisher.asked.load(Ordering::SeqCst), asked);
}

#[tokio::test]
async fn a_build_without_a_channel_asks_nobody_and_shows_nothing() {
    let alice = alice(None).await;
    wants_to_know(&alice, true).await;
    look_when_due(&alice.hub).await.unwrap();
    assert_eq!(alice.snapshot().await.update, None);
    assert_eq!(look(&alice.hub).await.unwrap_err().code, "no_channel");
}
