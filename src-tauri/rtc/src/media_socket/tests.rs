//! The door and the connection, without a socket between them where that is possible.

use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::frame::{Header, MAX_PICTURE};
use super::page::Page;
use super::*;
use crate::net::task::Media;

const ORIGIN: &str = "tauri://localhost";

fn door() -> Door {
    Door {
        origins: vec![ORIGIN.to_owned()],
        tokens: Mutex::default(),
    }
}

fn request(uri: &str, origin: Option<&str>) -> Request {
    let builder = Request::builder().uri(uri);
    let builder = match origin {
        Some(origin) => builder.header("Origin", origin),
        None => builder,
    };
    builder.body(()).unwrap()
}

#[test]
fn only_a_good_token_from_an_allowed_origin_comes_in() {
    let (door, now) = (door(), Instant::now());
    let token = door.tokens().issue(now).unwrap();
    let good = format!("/?token={token}");
    for origin in [
        None,
        Some("null"),
        Some("https://example.org"),
        Some("tauri://localhost.example.org"),
        Some(""),
    ] {
        assert!(!door.admits(&request(&good, origin), now), "{origin:?}");
    }
    for uri in [
        "/",
        "/?token=",
        "/?token=wrong",
        &format!("/other?token={token}"),
        &format!("/?x=1&token={token}"),
    ] {
        assert!(!door.admits(&request(uri, Some(ORIGIN)), now), "{uri}");
    }
    assert!(
        door.admits(&request(&good, Some(ORIGIN)), now),
        "and nobody's attempts used it up"
    );
    assert!(
        !door.admits(&request(&good, Some(ORIGIN)), now),
        "it is good once"
    );
    let late = format!("/?token={}", door.tokens().issue(now).unwrap());
    assert!(!door.admits(&request(&late, Some(ORIGIN)), now + token::LIFETIME));
}

/// A page on one end of a pipe, the connection on the other; and what peer 1 hears.
struct Rig {
    page: Page,
    socket: WebSocketStream<DuplexStream>,
    peer: mpsc::Receiver<Media>,
}

async fn rig(room: usize) -> Rig {
    let page = Page::default();
    let (media, peer) = mpsc::channel(room);
    page.open(1, media);
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let config = WebSocketConfig::default()
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE));
    let server = WebSocketStream::from_raw_socket(ours, Role::Server, Some(config)).await;
    let attached = page.attach();
    let there = page.clone();
    tokio::spawn(async move { connection::run(server, attached, &there).await });
    let socket = WebSocketStream::from_raw_socket(theirs, Role::Client, None).await;
    let mut rig = Rig { page, socket, peer };
    assert!(matches!(rig.peer.recv().await, Some(Media::Attached)));
    rig
}

impl Rig {
    /// What the page is told in the end.
    async fn end(mut self) -> (CloseCode, String) {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Close(Some(frame)))) => {
                    return (frame.code, frame.reason.to_string());
                }
                Some(Ok(_)) => {}
                other => panic!("no reason was given: {other:?}"),
            }
        }
    }

    async fn send(&mut self, message: impl Into<Message>) {
        self.socket.send(message.into()).await.unwrap();
    }

    /// The next thing the peer hears of the page.
    async fn heard(&mut self) -> Media {
        self.peer.recv().await.unwrap()
    }
}

fn picture(peer: u32, key: bool, length: usize) -> Message {
    Message::binary(
        Header {
            key,
            index: 2,
            peer,
            timestamp: 9,
        }
        .write(&vec![3; length]),
    )
}

#[tokio::test]
async fn pictures_and_notes_reach_the_peer() {
    let mut rig = rig(8).await;
    rig.send(picture(1, true, 1)).await;
    let Media::PageFrame {
        index: 2,
        key: true,
        timestamp: 9,
        data,
    } = rig.heard().await
    else {
        panic!()
    };
    assert_eq!(data, [3]);
    rig.send(picture(1, false, MAX_PICTURE)).await;
    assert!(
        matches!(rig.heard().await, Media::PageFrame { key: false, data, .. } if data.len() == MAX_PICTURE)
    );
    rig.send(json!({ "t": "keyframe", "peer": 1, "index": 2 }).to_string())
        .await;
    assert!(matches!(rig.heard().await, Media::PictureLost { index: 2 }));
    rig.send(json!({ "t": "video", "peer": 1, "index": 2, "framesDecoded": 5 }).to_string())
        .await;
    assert!(
        matches!(rig.heard().await, Media::Figures { index: 2, figures } if figures["framesDecoded"] == 5)
    );
}

#[tokio::test]
async fn what_is_malformed_oversized_or_for_nobody_closes_with_a_reason() {
    let cases: [(Message, CloseCode); 8] = [
        (Message::binary(vec![1, 0, 0]), CloseCode::Invalid),
        (Message::binary(Vec::new()), CloseCode::Invalid),
        (Message::binary(vec![9; 40]), CloseCode::Invalid),
        (picture(1, true, MAX_PICTURE + 1), CloseCode::Size),
        (picture(7, true, 10), CloseCode::Policy),
        (Message::text("{"), CloseCode::Invalid),
        (Message::text(" ".repeat(20_000)), CloseCode::Size),
        (
            Message::text(r#"{"t":"keyframe","peer":7,"index":0}"#),
            CloseCode::Policy,
        ),
    ];
    for (message, expected) in cases {
        let mut rig = rig(8).await;
        // the connection may have closed before all of a long message is written
        let _ = rig.socket.send(message).await;
        let page = rig.page.clone();
        let (code, reason) = rig.end().await;
        assert_eq!(code, expected, "{reason}");
        assert!(!reason.is_empty());
        assert!(
            matches!(page.find(1), page::Found::Open(_)),
            "the peer goes on"
        );
    }
}

#[tokio::test]
async fn pictures_for_a_peer_just_closed_disturb_nobody() {
    let mut rig = rig(8).await;
    let (other, mut heard) = mpsc::channel(8);
    rig.page.open(2, other);
    rig.page.close(1);
    rig.send(picture(1, true, 10)).await;
    rig.send(picture(2, true, 10)).await;
    assert!(matches!(heard.recv().await, Some(Media::PageFrame { .. })));
}

#[tokio::test]
async fn a_busy_peer_loses_whole_pictures_until_a_key_frame() {
    let mut rig = rig(1).await;
    rig.send(picture(1, true, 1)).await;
    rig.send(picture(1, false, 2)).await;
    let note = rig
        .socket
        .next()
        .await
        .unwrap()
        .unwrap()
        .into_text()
        .unwrap();
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&note).unwrap(),
        json!({ "t": "keyframe", "peer": 1, "index": 2 })
    );
    assert!(matches!(rig.heard().await, Media::PageFrame { data, .. } if data.len() == 1));
    rig.send(picture(1, false, 3)).await;
    rig.send(picture(1, true, 4)).await;
    assert!(
        matches!(rig.heard().await, Media::PageFrame { key: true, data, .. } if data.len() == 4)
    );
    rig.send(picture(1, false, 5)).await;
    assert!(
        matches!(rig.heard().await, Media::PageFrame { key: false, data, .. } if data.len() == 5)
    );
}

#[tokio::test]
async fn another_page_takes_over() {
    let old = rig(8).await;
    let _attached = old.page.attach();
    let (code, _) = old.end().await;
    assert_eq!(code, CloseCode::Library(4001));
}

#[tokio::test]
async fn what_is_no_web_socket_is_refused() {
    let rig = rig(8).await;
    let Rig { socket, page, .. } = rig;
    let mut raw = socket.into_inner();
    raw.write_all(&[0xff; 64]).await.unwrap();
    let mut answer = Vec::new();
    raw.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer[0], 0x88, "a close frame");
    assert_eq!(&answer[2..4], &u16::from(CloseCode::Protocol).to_be_bytes());
    drop(page);
}

#[tokio::test]
async fn a_handshake_that_never_comes_holds_nobody_up() {
    let socket = MediaSocket::start(vec![ORIGIN.to_owned()], Page::default())
        .await
        .unwrap();
    let silent = TcpStream::connect(socket.address).await.unwrap();
    let mut plain = TcpStream::connect(socket.address).await.unwrap();
    plain
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    plain.read_to_end(&mut answer).await.unwrap();
    assert!(!answer.starts_with(b"HTTP/1.1 101"));
    drop(silent);
}

/// Whether the other end has closed the connection.
fn is_closed(stream: &TcpStream) -> bool {
    match stream.try_read(&mut [0]) {
        Ok(read) => read == 0,
        Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
    }
}

#[tokio::test]
async fn a_crowd_of_silent_connections_does_not_keep_the_page_out() {
    let page = Page::default();
    let socket = MediaSocket::start(vec![ORIGIN.to_owned()], page.clone())
        .await
        .unwrap();
    let mut crowd = Vec::new();
    for _ in 0..HANDSHAKES + 20 {
        crowd.push(TcpStream::connect(socket.address).await.unwrap());
    }
    let url = socket.url(Instant::now()).unwrap();
    let mut request = url.into_client_request().unwrap();
    request
        .headers_mut()
        .insert(header::ORIGIN, ORIGIN.parse().unwrap());
    let stream = TcpStream::connect(socket.address).await.unwrap();
    let (mut page_end, _) = tokio_tungstenite::client_async(request, stream)
        .await
        .unwrap();
    assert!(
        !is_closed(crowd.last().unwrap()),
        "the page did not have to wait for the others' time to run out"
    );
    let mut oldest = crowd.remove(0);
    assert_eq!(oldest.read(&mut [0]).await.unwrap(), 0, "it made room");
    // and who is in stays in, however many come
    for _ in 0..HANDSHAKES + 20 {
        crowd.push(TcpStream::connect(socket.address).await.unwrap());
    }
    let mut newest_before = crowd.swap_remove(HANDSHAKES);
    assert_eq!(newest_before.read(&mut [0]).await.unwrap(), 0);
    page.notice(1, json!({ "t": "keyframe", "index": 2 }));
    let note = page_end.next().await.unwrap().unwrap();
    assert!(note.is_text());
}

#[tokio::test]
async fn the_socket_is_on_loopback_only() {
    let socket = MediaSocket::start(vec![ORIGIN.to_owned()], Page::default())
        .await
        .unwrap();
    assert!(socket.address.ip().is_loopback());
    assert!(
        socket
            .url(Instant::now())
            .unwrap()
            .starts_with("ws://127.0.0.1:")
    );
}
