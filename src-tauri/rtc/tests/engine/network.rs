//! The machine's addresses change during a call. The test runs itself again, in a network of its own.

use std::process::Command;

use futures_util::FutureExt;
use serde_json::{Value, json};
use tokio::net::{TcpListener, UdpSocket};

use crate::coturn::Coturn;
use crate::person::{Person, answer_line, line, negotiate, picture, soon, trickle, vp8};

/// Says to the test inside that it is inside.
const INSIDE: &str = "RINGDOWN_TEST_NAMESPACE";

/// Runs a test of this module in a network namespace; false where there can be none.
fn in_a_namespace(test: &str) -> bool {
    let unshare = || {
        let mut command = Command::new("unshare");
        // names of namespaces made inside are nobody else's
        let private = "mount -t tmpfs none /run && exec \"$@\"";
        command.args([
            "--map-root-user",
            "--net",
            "--mount",
            "sh",
            "-c",
            private,
            "sh",
        ]);
        command
    };
    if !unshare()
        .arg("true")
        .status()
        .is_ok_and(|done| done.success())
    {
        eprintln!("skipped: this needs root, or user namespaces, and unshare(1)");
        return false;
    }
    let inside = unshare()
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--ignored"])
        .env(INSIDE, "yes")
        .output()
        .unwrap();
    let said = [inside.stdout, inside.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(said.contains("1 passed"), "{said}");
    true
}

fn ip(arguments: &str) {
    let done = Command::new("ip").args(arguments.split(' ')).status();
    assert!(done.unwrap().success(), "ip {arguments}");
}

/// The same, with a last argument that has spaces in it.
fn ip_and(arguments: &str, last: &str) {
    let mut command = Command::new("ip");
    let done = command.args(arguments.split(' ')).arg(last).status();
    assert!(done.unwrap().success(), "ip {arguments} {last}");
}

#[test]
fn the_address_of_a_call_goes_and_another_comes() {
    in_a_namespace("network::inside_an_address_goes_and_another_comes");
}

#[test]
fn a_name_that_leads_to_this_machine_is_asked_only_where_it_is_ones_own() {
    in_a_namespace("network::inside_a_name_leads_to_this_machine");
}

#[test]
fn from_behind_a_nat_alice_learns_how_she_is_seen() {
    in_a_namespace("network::inside_a_nat_alice_learns_how_she_is_seen");
}

/// Alice is at 192.168.1.2, behind a router that is 203.0.113.1 outside; out there is 203.0.113.10.
fn behind_a_nat() {
    for command in [
        "link set lo up",
        "netns add router",
        "netns add world",
        "link add eth0 type veth peer name lan netns router",
        "-n router link add wan type veth peer name eth0 netns world",
        "address add 192.168.1.2/24 dev eth0",
        "-n router address add 192.168.1.1/24 dev lan",
        "-n router address add 203.0.113.1/24 dev wan",
        "-n world address add 203.0.113.10/24 dev eth0",
        "link set eth0 up",
        "-n router link set lan up",
        "-n router link set wan up",
        "-n world link set lo up",
        "-n world link set eth0 up",
        "route add default via 192.168.1.1",
    ] {
        ip(command);
    }
    ip("netns exec router sysctl -qw net.ipv4.ip_forward=1");
    let rules = "table ip nat { chain leave { type nat hook postrouting priority 100; oifname \"wan\" masquerade; }; }";
    ip_and("netns exec router nft", rules);
}

#[tokio::test]
#[ignore = "run by the test before it, in a namespace"]
async fn inside_a_nat_alice_learns_how_she_is_seen() {
    if std::env::var_os(INSIDE).is_none() {
        return;
    }
    behind_a_nat();
    let coturn = Coturn::out_there("world", "203.0.113.10");
    let stun = json!({ "urls": format!("stun:203.0.113.10:{}", coturn.port) });
    let silent = json!({ "urls": "stun:203.0.113.10:9" });
    let mut alice =
        Person::anywhere(json!({ "iceServers": [stun, silent, coturn.server("tcp")] })).await;
    let offer = json!({ "dataChannel": true, "transceivers": [] });
    let offer = alice.must("createOffer", offer).await;
    alice
        .must("setLocalOffer", json!({ "sdp": offer["sdp"] }))
        .await;
    told(&mut alice, " 192.168.1.2 ").await;
    let reflexive = told(&mut alice, " 203.0.113.1 ").await;
    let text = reflexive["candidate"].as_str().unwrap();
    assert!(text.contains("typ srflx raddr 0.0.0.0 rport 0"), "{text}");
    assert_eq!(
        reflexive["url"],
        format!("stun:203.0.113.10:{}", coturn.port)
    );
    let relay = told(&mut alice, " 203.0.113.10 ").await;
    assert!(relay["candidate"].as_str().unwrap().contains("typ relay"));
    // the interface goes, and with it the way to the server
    ip("address del 192.168.1.2/24 dev eth0");
    ip("address add 192.168.1.3/24 dev eth0");
    told(&mut alice, " 192.168.1.3 ").await;
    // only now can the server be reached
    ip("route add default via 192.168.1.1");
    told(&mut alice, "typ relay").await;
    told(&mut alice, "typ srflx").await;
}

#[tokio::test]
#[ignore = "run by the test before it, in a namespace"]
async fn inside_a_name_leads_to_this_machine() {
    if std::env::var_os(INSIDE).is_none() {
        return;
    }
    ip("link set lo up");
    ip("address add 10.7.0.1/32 dev lo");
    let service = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stun = format!("stun:localhost:{}", service.local_addr().unwrap().port());
    let port = listener.local_addr().unwrap().port();
    let turn = format!("turn:localhost:{port}?transport=tcp");
    let servers = json!({ "iceServers": [
        { "urls": stun.clone() },
        { "urls": turn.clone(), "username": "alice", "credential": "secret" },
    ] });
    let mut alice = Person::anywhere(servers.clone()).await;
    gathers(&mut alice).await;
    let gathered = json!({ "event": "gathering", "state": "complete" });
    alice.event(gathered).await;
    // Nobody there has heard anything.
    assert!(service.try_recv(&mut [0; 1]).is_err());
    assert!(listener.accept().now_or_never().is_none());
    // The same servers, as she entered them herself.
    alice.engine.set_own_servers([stun, turn]);
    let open = json!({ "op": "open", "configuration": servers });
    let opened = alice.engine.request(open).await.unwrap();
    alice.peer = opened["peer"].as_u64().unwrap().try_into().unwrap();
    gathers(&mut alice).await;
    soon("a STUN request", service.recv(&mut [0; 1500]))
        .await
        .unwrap();
    soon("a TURN connection", listener.accept()).await.unwrap();
}

async fn gathers(person: &mut Person) {
    let offer = json!({ "dataChannel": true, "transceivers": [] });
    let offer = person.must("createOffer", offer).await;
    person
        .must("setLocalOffer", json!({ "sdp": offer["sdp"] }))
        .await;
}

/// The candidate told next, of this address.
async fn told(person: &mut Person, address: &str) -> Value {
    soon(address, async {
        loop {
            let candidate = person.event(json!({ "event": "candidate" })).await;
            let text = candidate["candidate"].as_str().unwrap_or_default();
            if text.contains(address) {
                return candidate;
            }
        }
    })
    .await
}

#[tokio::test]
#[ignore = "run by the test before it, in a namespace"]
async fn inside_an_address_goes_and_another_comes() {
    if std::env::var_os(INSIDE).is_none() {
        return;
    }
    ip("link set lo up");
    ip("address add 10.7.0.1/32 dev lo");
    let (mut alice, mut bob) = (
        Person::anywhere(json!({})).await,
        Person::anywhere(json!({})).await,
    );
    let offer = json!({ "transceivers": [line(0, None, "video", "sendrecv")] });
    let answer = json!({ "transceivers": [answer_line("0", "sendrecv")] });
    negotiate(&mut alice, &mut bob, offer, answer).await;
    let sender = json!({ "mid": "0", "kind": "video", "active": true });
    alice.must("sender", sender).await;
    trickle(&mut alice, &mut bob).await;
    trickle(&mut bob, &mut alice).await;
    for person in [&mut alice, &mut bob] {
        person
            .event(json!({ "event": "connection", "state": "connected" }))
            .await;
    }
    let (peer, frame) = (alice.peer, vp8(true, 900, 3));
    alice.send(picture(peer, 0, true, 1, &frame)).await;
    assert_eq!(bob.picture().await.3, frame);

    ip("address del 10.7.0.1/32 dev lo");
    for person in [&mut alice, &mut bob] {
        person
            .event(json!({ "event": "ice", "state": "disconnected" }))
            .await;
    }
    ip("address add 10.7.0.2/32 dev lo");
    let alices = told(&mut alice, "10.7.0.2").await;
    let bobs = told(&mut bob, "10.7.0.2").await;
    alice.must("addCandidate", bobs).await;
    bob.must("addCandidate", alices).await;
    for person in [&mut alice, &mut bob] {
        person
            .event(json!({ "event": "connection", "state": "connected" }))
            .await;
    }
    soon("a picture by the new address", async {
        let mut time = 100_000;
        loop {
            alice.send(picture(peer, 0, true, time, &frame)).await;
            time += 33_333;
            let wait = std::time::Duration::from_millis(33);
            if tokio::time::timeout(wait, bob.picture()).await.is_ok() {
                return;
            }
        }
    })
    .await;
}
