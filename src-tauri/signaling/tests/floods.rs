//! Attacks on the server's sockets, while honest people go on talking. The binary runs with few descriptors, so that a flood that
//! is not held back shows.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests"
)]

mod common;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use common::{
    Person, Raw, Server, alice,
    attack::{Attack, Attackers, addresses, connect, descriptors, memory},
    binary::{few_descriptors, ready},
    bob, somebody,
};
use futures_util::{FutureExt, StreamExt};
use ringdown_signaling::{
    ServerConfig,
    limits::BACKOFF_MIN,
    server::{ServerLimits, raise_descriptor_limit},
    wire::{ClientFrame, ErrorCode, Outcome, ServerFrame},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::Child,
    time::timeout,
};
use tokio_tungstenite::tungstenite;

/// What the server may have open.
const DESCRIPTORS: usize = 256;

/// Connections of an attack: more than there are descriptors, and than wait in the queue before the server.
const MANY: usize = 1_400;

/// Bytes of memory that the process may ever have had. docs/SECURITY.md names the figures of a release build.
const MEMORY: u64 = 64 << 20;

/// Longer than all of this takes on a busy machine, and much shorter than an attack that works.
const PATIENCE: Duration = Duration::from_secs(30);

/// The binary, with [`DESCRIPTORS`].
struct Besieged {
    child: Child,
    address: SocketAddr,
}

impl Besieged {
    async fn start() -> Self {
        raise_descriptor_limit(u64::MAX);
        let mut child = few_descriptors(DESCRIPTORS, &["--listen", "127.0.0.1:0"])
            .spawn()
            .unwrap();
        let address = ready(&mut child).await;
        Self { child, address }
    }

    /// Alice reaches Bob over connections they make now.
    async fn serves_honest_people(&self) {
        let talk = async {
            for _ in 0..5 {
                let mut bobs = arrives(self.address, &bob()).await;
                let mut alices = arrives(self.address, &alice()).await;
                passes(&mut alices, &mut bobs, &bob()).await;
            }
        };
        timeout(PATIENCE, talk).await.unwrap();
    }

    /// It kept to its memory, and has descriptors left.
    fn is_well(&self) {
        let pid = self.child.id().unwrap();
        let open = descriptors(pid).unwrap();
        assert!(open + 32 < DESCRIPTORS, "{open} descriptors");
        let (_, peak) = memory(pid).unwrap();
        assert!(peak < MEMORY, "{} MB", peak >> 20);
    }
}

/// Connects and registers; tries again where the connection is dropped, as the app does.
async fn arrives(address: SocketAddr, person: &Person) -> Raw {
    loop {
        match Raw::try_registered_at(address, person).await {
            Ok(raw) => return raw,
            Err(_) => tokio::time::sleep(BACKOFF_MIN).await,
        }
    }
}

async fn passes(from: &mut Raw, to: &mut Raw, person: &Person) {
    from.send(1, person, b"sealed").await;
    let (id, payload) = to.delivery().await;
    assert_eq!(payload, b"sealed");
    to.say(&ClientFrame::Ack { id }).await;
    assert_eq!(from.result().await, (1, Outcome::Delivered));
}

/// The attack goes on while honest people talk.
async fn withstands(attack: Attack, from: &[Ipv4Addr], count: usize) {
    let server = Besieged::start().await;
    let mut bobs = Raw::registered_at(server.address, &bob()).await;
    let attackers = Attackers::start(attack, server.address, from, count);
    timeout(PATIENCE, attackers.have_made(count as u64))
        .await
        .unwrap();
    let mut alices = timeout(PATIENCE, arrives(server.address, &alice()))
        .await
        .unwrap();
    // Who was there before still is.
    passes(&mut alices, &mut bobs, &bob()).await;
    server.serves_honest_people().await;
    server.is_well();
    // The attack did not end by itself.
    assert!(attackers.dropped() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_connections_from_one_address_keep_nobody_out() {
    withstands(Attack::Silence, &addresses(1), MANY).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_connections_from_many_addresses_keep_nobody_out() {
    withstands(Attack::Silence, &addresses(200), MANY).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_never_end_keep_nobody_out() {
    withstands(Attack::Trickle, &addresses(12), MANY).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn large_headers_cost_next_to_nothing() {
    withstands(Attack::BigHeaders, &addresses(12), 300).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_and_asks_and_never_reads_is_dropped() {
    withstands(Attack::Pipeline, &addresses(12), 300).await;
}

fn with_limits(change: impl FnOnce(&mut ServerLimits)) -> ServerConfig {
    let mut config = ServerConfig::default();
    change(&mut config.limits);
    config
}

/// Whether the server has ended it; waits for that where `ends`.
async fn has_ended(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    // In order or by a reset.
    drop(
        timeout(PATIENCE, stream.read_to_end(&mut rest))
            .await
            .unwrap(),
    );
}

fn is_open(stream: &TcpStream) -> bool {
    let read = stream.try_read(&mut [0; 1]);
    read.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
}

const MALLORY: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 66, 1));
const TRENT: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 66, 2));

#[tokio::test]
async fn one_more_from_an_address_is_at_the_cost_of_its_oldest() {
    let server = Server::start_with(with_limits(|limits| limits.half_open_per_address = 2)).await;
    let trents = connect(TRENT, server.address).await.unwrap();
    let mut first = connect(MALLORY, server.address).await.unwrap();
    let second = connect(MALLORY, server.address).await.unwrap();
    let third = connect(MALLORY, server.address).await.unwrap();
    has_ended(&mut first).await;
    // A WebSocket is none of these any more.
    let _sockets = [Raw::connect(&server).await, Raw::connect(&server).await];
    let _one_more = Raw::connect(&server).await;
    assert!(is_open(&second) && is_open(&third) && is_open(&trents));
}

#[tokio::test]
async fn a_proxy_makes_more_connections_than_one_address() {
    let mut config = with_limits(|limits| limits.half_open_per_address = 1);
    config.trusted_proxies = vec![MALLORY];
    let server = Server::start_with(config).await;
    let first = connect(MALLORY, server.address).await.unwrap();
    let second = connect(MALLORY, server.address).await.unwrap();
    let mut trents = connect(TRENT, server.address).await.unwrap();
    let _again = connect(TRENT, server.address).await.unwrap();
    has_ended(&mut trents).await;
    assert!(is_open(&first) && is_open(&second));
}

#[tokio::test]
async fn a_connection_is_answered_once() {
    let server = Server::start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let request = b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n";
    stream.write_all(&request.repeat(3)).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer.matches("HTTP/1.1 200").count(), 1, "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
}

#[tokio::test]
async fn headers_that_nobody_needs_are_refused() {
    let server = Server::start().await;
    let long = format!("x: {}\r\n", "x".repeat(9_000));
    let many: String = (0..70).map(|number| format!("x-{number}: x\r\n")).collect();
    for headers in [long, many] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let request = format!("GET /health HTTP/1.1\r\nhost: x\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    }
}

/// The deadline holds for writing as for reading: whoever takes no answer is dropped, and with them what they did not take.
#[tokio::test]
async fn an_answer_that_is_not_taken_is_given_up() {
    let mut config = with_limits(|limits| limits.upgrade_timeout = Duration::from_millis(500));
    config.pages = true;
    let server = Server::start_with(config).await;
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(1024).unwrap();
    let mut stream = socket.connect(server.address).await.unwrap();
    stream
        .write_all(b"GET /i HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    // Nothing is read; the end shows in what is written.
    let writing = async {
        while stream.write_all(b"x").await.is_ok() {
            tokio::task::yield_now().await
        }
    };
    timeout(PATIENCE, writing).await.unwrap();
}

/// A full server still says so, and when it has room again it takes people in.
#[tokio::test]
async fn a_flood_of_half_open_ones_takes_no_place_of_a_websocket() {
    let server = Server::start_with(with_limits(|limits| {
        limits.connections = 2;
        limits.half_open = 16;
    }))
    .await;
    let _attackers = Attackers::start(Attack::Silence, server.address, &addresses(4), 40);
    let mut bobs = Raw::registered(&server, &bob()).await;
    let mut alices = Raw::registered(&server, &alice()).await;
    passes(&mut alices, &mut bobs, &bob()).await;
    match Raw::try_connect(&server, None).await {
        Err(tungstenite::Error::Http(response)) => assert_eq!(response.status(), 503),
        Err(error) => panic!("not told: {error}"),
        Ok(_) => panic!("let in"),
    }
}

/// Somebody's eight addresses have all the WebSockets that the server inside an app takes, half of them registered.
#[tokio::test]
async fn who_holds_all_websockets_keeps_nobody_out() {
    let limits = ServerLimits::embedded();
    let (all, of_one) = (limits.connections, limits.connections_per_address);
    let server = Server::start_with(with_limits(|given| *given = limits)).await;
    let mut held = Vec::new();
    for from in addresses(u8::try_from(all / of_one).unwrap()) {
        for number in 0..of_one {
            let mut raw = Raw::connect_by(from, &server).await;
            if number % 2 == 0 {
                raw.register(&somebody(u8::try_from(held.len()).unwrap()))
                    .await;
            }
            held.push(raw);
        }
    }
    let mut bobs = Raw::registered(&server, &bob()).await;
    let mut alices = Raw::registered(&server, &alice()).await;
    passes(&mut alices, &mut bobs, &bob()).await;
    // Those that had to go for them are told why, and are none of the registered ones.
    let mut told = 0;
    for (number, raw) in held.into_iter().enumerate() {
        if let Some(Some(Ok(heard))) = raw
            .socket
            .into_future()
            .now_or_never()
            .map(|(heard, _)| heard)
        {
            let heard = ServerFrame::decode(heard.to_text().unwrap()).unwrap();
            assert!(matches!(
                heard,
                ServerFrame::Error {
                    code: ErrorCode::Full,
                    ..
                }
            ));
            assert!(number % 2 == 1);
            told += 1;
        }
    }
    assert_eq!(told, 2);
}
