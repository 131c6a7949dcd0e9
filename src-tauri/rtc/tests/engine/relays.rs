//! Calls by a TURN server, a real one.

use std::net::UdpSocket;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::coturn::Coturn;
use crate::person::{Person, answer_line, line, negotiate, picture, soon, trickle, vp8};

fn relayed(servers: Value) -> Value {
    json!({ "iceServers": servers, "iceTransportPolicy": "relay" })
}

fn direct() -> Value {
    json!({ "iceServers": [] })
}

/// Alice offers a picture and a channel; both are told what the other found as it is found.
async fn connect(alice: &mut Person, bob: &mut Person) {
    offer(alice, bob, false).await;
    for person in [&mut *alice, &mut *bob] {
        person
            .event(json!({ "event": "connection", "state": "connected" }))
            .await;
    }
}

async fn offer(alice: &mut Person, bob: &mut Person, restart: bool) {
    let mid = restart.then_some("0");
    let offer = json!({
        "iceRestart": restart, "dataChannel": true, "transceivers": [line(0, mid, "video", "sendrecv")],
    });
    let answer = json!({ "transceivers": [answer_line("0", "sendrecv")] });
    negotiate(alice, bob, offer, answer).await;
    for person in [&*alice, &*bob] {
        let sender = json!({ "mid": "0", "kind": "video", "active": true, "muted": false, "maxBitrate": null });
        person.must("sender", sender).await;
    }
    trickle(alice, bob).await;
    trickle(bob, alice).await;
}

async fn pictures_pass(alice: &mut Person, bob: &mut Person) {
    let (from, frame) = (alice.peer, vp8(true, 40_000, 7));
    alice.send(picture(from, 0, true, 1, &frame)).await;
    assert_eq!(bob.picture().await.3, frame);
    let (from, frame) = (bob.peer, vp8(true, 30_000, 9));
    bob.send(picture(from, 0, true, 1, &frame)).await;
    assert_eq!(alice.picture().await.3, frame);
}

/// The candidate of the selected pair, once statistics know one.
async fn selected(person: &Person, kind: &str) -> Value {
    soon("a pair is selected", async {
        loop {
            let stats = person.must("stats", json!({})).await;
            let entries = stats.as_array().unwrap();
            let find = |id: &Value| entries.iter().find(|one| &one["id"] == id);
            let transport = find(&json!("transport"));
            let pair = transport.and_then(|one| find(&one["selectedCandidatePairId"]));
            if let Some(pair) = pair {
                assert_eq!(pair["type"], "candidate-pair");
                let id = if kind == "local" {
                    "localCandidateId"
                } else {
                    "remoteCandidateId"
                };
                return find(&pair[id]).unwrap().clone();
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    })
    .await
}

async fn a_call_by(transport: &str) {
    let coturn = Coturn::start();
    let mut alice = Person::trusting(&coturn, relayed(json!([coturn.server(transport)]))).await;
    let mut bob = Person::with(direct()).await;
    connect(&mut alice, &mut bob).await;
    pictures_pass(&mut alice, &mut bob).await;
    let local = selected(&alice, "local").await;
    assert_eq!(local["candidateType"], "relay");
    assert_eq!(local["relayProtocol"], transport);
    assert_eq!(local["url"], coturn.url(transport));
    // media went by a channel, and the allocation is given back
    coturn.says("CHANNEL_BIND processed, success").await;
    alice.must("close", json!({})).await;
    coturn.says("REFRESH processed, success").await;
}

#[tokio::test]
async fn alice_is_reached_by_turn_over_udp() {
    a_call_by("udp").await;
}

#[tokio::test]
async fn alice_is_reached_by_turn_over_tcp() {
    a_call_by("tcp").await;
}

#[tokio::test]
async fn alice_is_reached_by_turn_over_tls() {
    a_call_by("tls").await;
}

#[tokio::test]
async fn all_of_it_works_with_ipv6_alone() {
    let coturn = Coturn::on_ipv6();
    let servers = json!([coturn.server("udp"), coturn.server("tcp")]);
    let mut alice = Person::on_ipv6(relayed(servers)).await;
    let mut bob = Person::on_ipv6(direct()).await;
    connect(&mut alice, &mut bob).await;
    pictures_pass(&mut alice, &mut bob).await;
    let local = selected(&alice, "local").await;
    assert_eq!(
        (&local["candidateType"], &local["address"]),
        (&json!("relay"), &json!("::1"))
    );
    assert_eq!(local["relayProtocol"], "udp");
}

#[tokio::test]
async fn both_are_relayed_and_neither_tells_more() {
    let coturn = Coturn::start();
    let mut alice = Person::trusting(&coturn, relayed(json!([coturn.server("udp")]))).await;
    let mut bob = Person::trusting(&coturn, relayed(json!([coturn.server("tcp")]))).await;
    connect(&mut alice, &mut bob).await;
    pictures_pass(&mut alice, &mut bob).await;
    for person in [&alice, &bob] {
        for candidate in person.told("candidate") {
            let text = candidate["candidate"]
                .as_str()
                .unwrap_or("typ relay raddr 0.0.0.0 rport 0");
            assert!(text.contains("typ relay raddr 0.0.0.0 rport 0"), "{text}");
        }
    }
    assert_eq!(selected(&bob, "remote").await["candidateType"], "relay");
}

#[tokio::test]
async fn the_direct_way_is_taken_though_there_are_servers() {
    let coturn = Coturn::start();
    let stun = json!({ "urls": format!("stun:127.0.0.1:{}", coturn.port) });
    let servers = json!([stun, coturn.server("udp"), coturn.server("tls")]);
    let mut alice = Person::trusting(&coturn, json!({ "iceServers": servers })).await;
    let mut bob = Person::with(direct()).await;
    connect(&mut alice, &mut bob).await;
    pictures_pass(&mut alice, &mut bob).await;
    assert_eq!(selected(&alice, "local").await["candidateType"], "host");
    assert!(alice.told("candidateError").is_empty());
    let kinds: Vec<String> = alice
        .told("candidate")
        .iter()
        .filter_map(|one| one["candidate"].as_str().map(str::to_owned))
        .map(|text| {
            text.split("typ ")
                .nth(1)
                .unwrap()
                .split(' ')
                .next()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(
        kinds,
        ["host", "relay", "relay"],
        "nothing translates addresses here"
    );
}

/// Alice gathers with these servers, to the end. Returns her errors.
async fn errors_of(alice: &mut Person) -> Vec<Value> {
    let offer = json!({ "dataChannel": true, "transceivers": [] });
    let offer = alice.must("createOffer", offer).await;
    alice
        .must("setLocalOffer", json!({ "sdp": offer["sdp"] }))
        .await;
    alice.candidates().await;
    alice.told("candidateError")
}

#[tokio::test]
async fn a_wrong_password_is_told_and_by_whom() {
    let coturn = Coturn::start();
    let mut wrong: Vec<Value> = ["udp", "tcp", "tls"]
        .map(|transport| coturn.server(transport))
        .into();
    for server in &mut wrong {
        server["credential"] = "guess".into();
    }
    let mut alice = Person::trusting(&coturn, json!({ "iceServers": wrong })).await;
    let mut errors = errors_of(&mut alice).await;
    errors.sort_by_key(|error| error["url"].to_string());
    for (error, transport) in errors.iter().zip(["tcp", "udp", "tls"]) {
        assert_eq!(error["url"], coturn.url(transport));
        assert_eq!(error["errorCode"], 401);
        assert!(!error["errorText"].as_str().unwrap().is_empty());
    }
    assert_eq!(errors.len(), 3);
}

#[tokio::test]
async fn credentials_are_good_until_they_expire() {
    let coturn = Coturn::with_time_limited_credentials();
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let server = |until| {
        let (username, credential) = coturn.credentials(until);
        json!([{ "urls": coturn.url("udp"), "username": username, "credential": credential }])
    };
    let mut alice = Person::trusting(&coturn, relayed(server(now - 60))).await;
    let errors = errors_of(&mut alice).await;
    assert_eq!(errors[0]["errorCode"], 401);

    let mut alice = Person::trusting(&coturn, relayed(server(now + 600))).await;
    let mut bob = Person::with(direct()).await;
    connect(&mut alice, &mut bob).await;
}

#[tokio::test]
async fn a_certificate_nobody_vouches_for_is_refused() {
    let coturn = Coturn::start();
    let mut alice = Person::with(relayed(json!([coturn.server("tls")]))).await;
    let errors = errors_of(&mut alice).await;
    assert_eq!(errors[0]["errorCode"], 701);
    assert!(
        errors[0]["errorText"]
            .as_str()
            .unwrap()
            .contains("certificate")
    );
}

#[tokio::test]
async fn servers_that_are_not_there_are_told() {
    let closed = UdpSocket::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let server = |url: String| json!({ "urls": url, "username": "alice", "credential": "secret" });
    let servers = json!([
        server(format!("turn:{closed}")),
        server(format!("turn:{closed}?transport=tcp")),
        server(format!("turns:{closed}")),
        server("turn:nobody.invalid".to_owned()),
        server("turns:127.0.0.1?transport=udp".to_owned()),
    ]);
    let mut alice = Person::with(json!({ "iceServers": servers })).await;
    let errors = errors_of(&mut alice).await;
    assert_eq!(errors.len(), 5, "{errors:?}");
    assert!(errors.iter().all(|error| error["errorCode"] == 701));
}

#[tokio::test]
async fn a_silent_server_delays_nobody() {
    let coturn = Coturn::start();
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let servers = json!([
        { "urls": [format!("stun:{address}"), format!("turn:{address}")], "username": "alice", "credential": "secret" },
        coturn.server("udp"),
    ]);
    let mut alice = Person::trusting(&coturn, relayed(servers)).await;
    let mut bob = Person::with(direct()).await;
    let offer = json!({ "dataChannel": true, "transceivers": [] });
    negotiate(&mut alice, &mut bob, offer, json!({ "transceivers": [] })).await;
    let relay = alice.event(json!({ "event": "candidate" })).await;
    assert!(relay["candidate"].as_str().unwrap().contains("typ relay"));
    bob.must("addCandidate", relay).await;
    trickle(&mut bob, &mut alice).await;
    alice
        .event(json!({ "event": "connection", "state": "connected" }))
        .await;
    assert!(
        alice.told("candidateError").is_empty(),
        "the silent one is still waited for"
    );
}

#[tokio::test]
async fn a_new_configuration_counts_from_the_next_restart_on() {
    let coturn = Coturn::start();
    let mut alice = Person::trusting(&coturn, direct()).await;
    let mut bob = Person::with(direct()).await;
    connect(&mut alice, &mut bob).await;
    let configuration = relayed(json!([coturn.server("udp")]));
    alice
        .must(
            "setConfiguration",
            json!({ "configuration": configuration }),
        )
        .await;
    offer(&mut alice, &mut bob, true).await;
    let candidates = alice.told("candidate");
    let relay = candidates
        .iter()
        .filter_map(|one| one["candidate"].as_str())
        .next_back();
    assert!(relay.unwrap().contains("typ relay"), "{candidates:?}");
    soon("the relay is used", async {
        while selected(&alice, "local").await["candidateType"] != "relay" {}
    })
    .await;
    pictures_pass(&mut alice, &mut bob).await;
    let bad = json!({ "configuration": { "iceServers": [{ "urls": "turn:secret" }] } });
    let refused = alice.ask("setConfiguration", bad).await.unwrap_err();
    assert_eq!(refused.name, "InvalidAccessError");
    assert!(!refused.message.contains("secret"));
}

#[tokio::test]
async fn the_server_dies_and_a_restart_by_its_successor_mends_the_call() {
    let mut coturn = Coturn::start();
    let mut alice = Person::trusting(&coturn, relayed(json!([coturn.server("tcp")]))).await;
    let mut bob = Person::with(direct()).await;
    connect(&mut alice, &mut bob).await;
    pictures_pass(&mut alice, &mut bob).await;
    coturn.kill();
    alice
        .event(json!({ "event": "ice", "state": "disconnected" }))
        .await;
    let error = alice.told("candidateError").pop().unwrap();
    assert_eq!(error["url"], coturn.url("tcp"));
    assert_eq!(error["errorCode"], 701);
    coturn.restart();
    offer(&mut alice, &mut bob, true).await;
    alice
        .event(json!({ "event": "connection", "state": "connected" }))
        .await;
    // Bob goes on by the old way until he is told of the new one: what he sends first may be lost
    soon("a picture of Bob's", async {
        let (from, mut time) = (bob.peer, 100_000);
        loop {
            bob.send(picture(from, 0, true, time, &vp8(true, 3000, 9)))
                .await;
            time += 33_333;
            let wait = std::time::Duration::from_millis(33);
            if tokio::time::timeout(wait, alice.picture()).await.is_ok() {
                return;
            }
        }
    })
    .await;
}
