//! The machine's addresses change during a call. The test runs itself again, in a network of its own.

use std::process::Command;

use serde_json::{Value, json};

use crate::person::{Person, answer_line, line, negotiate, picture, soon, trickle, vp8};

/// Says to the test inside that it is inside.
const INSIDE: &str = "RINGDOWN_TEST_NAMESPACE";

/// Runs a test of this module in a network namespace; false where there can be none.
fn in_a_namespace(test: &str) -> bool {
    let unshare = || {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--net", "--"]);
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

#[test]
fn the_address_of_a_call_goes_and_another_comes() {
    in_a_namespace("network::inside_an_address_goes_and_another_comes");
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
    let (mut alice, mut bob) = (Person::anywhere().await, Person::anywhere().await);
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
