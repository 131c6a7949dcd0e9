//! Who may open the media socket, over a real one.

use futures_util::{SinkExt, StreamExt};
use ringdown_rtc::{Engine, EngineConfig, EngineError};
use serde_json::json;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::person::{ORIGIN, Person, call, connect, picture, soon, vp8};

async fn url(alice: &Person) -> String {
    let answer = alice
        .engine
        .request(json!({ "op": "mediaSocket" }))
        .await
        .unwrap();
    answer["url"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_wrong_token_or_origin_is_refused_and_disturbs_nobody() {
    let (mut alice, mut bob) = call().await;
    let good = url(&alice).await;
    let wrong = format!("{}x", good);
    for (url, origin) in [
        (good.as_str(), None),
        (good.as_str(), Some("https://example.org")),
        (good.as_str(), Some("null")),
        (wrong.as_str(), Some(ORIGIN)),
        (good.split('?').next().unwrap(), Some(ORIGIN)),
    ] {
        let refused = connect(url, origin).await;
        assert!(
            matches!(refused, Err(Error::Http(answer)) if answer.status() == 403),
            "{origin:?}"
        );
    }
    let (peer, frame) = (alice.peer, vp8(true, 900, 3));
    alice.send(picture(peer, 1, true, 1, &frame)).await;
    assert_eq!(bob.picture().await.3, frame);
    alice.socket = connect(&good, Some(ORIGIN)).await.unwrap();
    assert!(
        connect(&good, Some(ORIGIN)).await.is_err(),
        "a token is good once"
    );
}

#[tokio::test]
async fn a_page_that_misbehaves_is_closed_with_a_reason_and_the_call_goes_on() {
    let (mut alice, mut bob) = call().await;
    let peer = alice.peer;
    let oversized = picture(peer, 1, true, 1, &vec![0; 1024 * 1024 + 1]);
    for (message, code) in [
        (Message::binary(vec![1, 2, 3]), 1007),
        (oversized, 1009),
        (picture(peer + 1, 1, true, 1, &[1]), 1008),
        (Message::text("nonsense"), 1007),
    ] {
        let _ = alice.socket.send(message).await;
        let closed = soon("the connection is closed", async {
            loop {
                if let Message::Close(Some(frame)) = alice.socket.next().await.unwrap().unwrap() {
                    return frame;
                }
            }
        })
        .await;
        assert_eq!(u16::from(closed.code), code, "{}", closed.reason);
        alice.reconnect().await;
    }
    let frame = vp8(true, 900, 3);
    alice.send(picture(peer, 1, true, 1, &frame)).await;
    assert_eq!(bob.picture().await.3, frame);
}

#[tokio::test]
async fn an_engine_without_origins_does_not_start() {
    assert!(matches!(
        Engine::start(EngineConfig::default()).await,
        Err(EngineError::NoOrigins)
    ));
}
