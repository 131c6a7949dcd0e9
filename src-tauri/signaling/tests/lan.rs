//! Alice and Bob on one network, made for the test: a network namespace with one interface, which nobody outside can hear.
//! Needs root and Linux; elsewhere the test says that it was skipped.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests"
)]

use std::{
    env,
    io::{self, Write},
    net::IpAddr,
    process::{Command, Stdio},
    time::Duration,
};

use ringdown_signaling::{Found, Interfaces, Lan};
use tokio::{sync::mpsc, time::timeout};

/// Set in the namespace, to the interface's address.
const INSIDE: &str = "RINGDOWN_TEST_LAN";

const ALICE: [u8; 32] = [1; 32];
const BOB: [u8; 32] = [2; 32];
const STRANGER: [u8; 32] = [3; 32];

/// The key of what one announces for another: both know it, nobody else does.
fn by(announcer: [u8; 32], contact: [u8; 32]) -> [u8; 32] {
    let mut key = announcer;
    key[..16].copy_from_slice(&contact[16..]);
    key
}

/// What `one` watches for, to find `others`.
fn others<const N: usize>(one: [u8; 32], others: [[u8; 32]; N]) -> [([u8; 32], [u8; 32]); N] {
    others.map(|other| (other, by(other, one)))
}

/// Long enough for mDNS to probe, announce and resolve on a slow machine; it takes one or two.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs the test named `name` again in a namespace of its own. `None`: we are inside already, with this address.
fn in_a_network_of_its_own(name: &str, prepare: &str, address: &str) -> Option<()> {
    if env::var_os(INSIDE).is_some() {
        return None;
    }
    let can = Command::new("unshare")
        .args(["--net", "ip", "link", "set", "lo", "up"])
        .stderr(Stdio::null())
        .status();
    if !can.is_ok_and(|status| status.success()) {
        // Not `println`, which the test harness keeps to itself when a test passes.
        let mut stderr = io::stderr();
        writeln!(stderr, "skipped: {name} needs root, unshare and ip").unwrap();
        return Some(());
    }
    let script = format!("{prepare} && exec \"$0\" --exact {name} --nocapture");
    let output = Command::new("unshare")
        .args(["--net", "sh", "-c", &script])
        .arg(env::current_exe().unwrap())
        .env(INSIDE, address)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("1 passed"), "{text}");
    Some(())
}

/// A network of one cable, whose other end nobody holds.
const CABLE: &str = "ip link set lo up && ip link add lan0 type veth peer name end && ip link set end addrgenmode none up \
                     && ip addr add 198.51.100.7/24 dev lan0 && ip link set lan0 up";

fn run(story: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async { timeout(PATIENCE, story).await.unwrap() });
}

async fn next(found: &mut mpsc::Receiver<Found>) -> Found {
    found.recv().await.unwrap()
}

#[test]
fn contacts_find_each_other_and_nobody_else() {
    if in_a_network_of_its_own(
        "contacts_find_each_other_and_nobody_else",
        CABLE,
        "198.51.100.7",
    )
    .is_some()
    {
        return;
    }
    run(async {
        let (alices, bobs) = (
            Lan::start(&Interfaces::All).unwrap(),
            Lan::start(&Interfaces::All).unwrap(),
        );
        let stranger = Lan::start(&Interfaces::All).unwrap();
        // Alice is a contact of the stranger's, but he is none of hers, nor of Bob's.
        stranger.announce([by(STRANGER, ALICE)], 3333).unwrap();
        let (sender, mut stranger_finds) = mpsc::channel(16);
        stranger
            .watch(others(STRANGER, [ALICE, BOB]), sender)
            .unwrap();
        let (sender, mut alice_finds) = mpsc::channel(16);
        alices.announce([by(ALICE, BOB)], 1111).unwrap();
        alices.watch(others(ALICE, [BOB]), sender).unwrap();
        let (sender, mut bob_finds) = mpsc::channel(16);
        bobs.watch(others(BOB, [ALICE, BOB]), sender).unwrap();
        let found = next(&mut bob_finds).await;
        assert_eq!(
            (found.id, found.url.as_str()),
            (ALICE, "ws://198.51.100.7:1111")
        );
        // The same again is no news, to nobody.
        alices.announce([by(ALICE, BOB)], 1111).unwrap();
        bobs.announce([by(BOB, ALICE)], 2222).unwrap();
        let found = next(&mut alice_finds).await;
        assert_eq!(
            (found.id, found.url.as_str()),
            (BOB, "ws://198.51.100.7:2222")
        );
        // The stranger becomes a contact: already there, so found without waiting for anything on the network.
        alices.set_watched(others(ALICE, [BOB, STRANGER]));
        let found = next(&mut alice_finds).await;
        assert_eq!(
            (found.id, found.url.as_str()),
            (STRANGER, "ws://198.51.100.7:3333")
        );
        // And the other way round: the first that he finds is what she announces from now on, to both.
        alices
            .announce([by(ALICE, BOB), by(ALICE, STRANGER)], 4444)
            .unwrap();
        let found = next(&mut stranger_finds).await;
        assert_eq!(
            (found.id, found.url.as_str()),
            (ALICE, "ws://198.51.100.7:4444")
        );
        assert_eq!(next(&mut bob_finds).await.url, "ws://198.51.100.7:4444");
    });
}

#[test]
fn a_contact_who_moves_to_another_port_is_found_again() {
    if in_a_network_of_its_own(
        "a_contact_who_moves_to_another_port_is_found_again",
        CABLE,
        "198.51.100.7",
    )
    .is_some()
    {
        return;
    }
    run(async {
        let (alices, bobs) = (
            Lan::start(&Interfaces::All).unwrap(),
            Lan::start(&Interfaces::All).unwrap(),
        );
        let (sender, mut finds) = mpsc::channel(16);
        bobs.watch(others(BOB, [ALICE]), sender).unwrap();
        alices.announce([by(ALICE, BOB)], 1111).unwrap();
        assert_eq!(next(&mut finds).await.url, "ws://198.51.100.7:1111");
        alices.announce([by(ALICE, BOB)], 4444).unwrap();
        assert_eq!(next(&mut finds).await.url, "ws://198.51.100.7:4444");
        drop(alices);
        let again = Lan::start(&Interfaces::All).unwrap();
        again.announce([by(ALICE, BOB)], 5555).unwrap();
        assert_eq!(next(&mut finds).await.url, "ws://198.51.100.7:5555");
    });
}

#[test]
fn a_crowd_of_contacts_fits_and_who_is_removed_finds_her_no_more() {
    if in_a_network_of_its_own(
        "a_crowd_of_contacts_fits_and_who_is_removed_finds_her_no_more",
        CABLE,
        "198.51.100.7",
    )
    .is_some()
    {
        return;
    }
    run(async {
        let [alices, bobs, strangers] = [(); 3].map(|()| Lan::start(&Interfaces::All).unwrap());
        let crowd = (10..113).map(|number| by(ALICE, [number; 32]));
        let (sender, mut bob_finds) = mpsc::channel(16);
        bobs.watch(others(BOB, [ALICE]), sender).unwrap();
        let (sender, mut stranger_finds) = mpsc::channel(16);
        strangers
            .watch(others(STRANGER, [ALICE, BOB]), sender)
            .unwrap();
        alices
            .announce([by(ALICE, STRANGER)].into_iter().chain(crowd.clone()), 1111)
            .unwrap();
        assert_eq!(
            next(&mut stranger_finds).await.url,
            "ws://198.51.100.7:1111"
        );
        // She takes him off the list and Bob on it.
        alices
            .announce(crowd.chain([by(ALICE, BOB)]), 2222)
            .unwrap();
        assert_eq!(next(&mut bob_finds).await.url, "ws://198.51.100.7:2222");
        bobs.announce([by(BOB, STRANGER)], 3333).unwrap();
        // What the stranger hears next is Bob, who came last.
        assert_eq!(next(&mut stranger_finds).await.id, BOB);
    });
}

#[test]
fn discovery_keeps_to_the_interfaces_it_is_given() {
    if in_a_network_of_its_own(
        "discovery_keeps_to_the_interfaces_it_is_given",
        CABLE,
        "127.0.0.1",
    )
    .is_some()
    {
        return;
    }
    run(async {
        let loopback: IpAddr = env::var(INSIDE).unwrap().parse().unwrap();
        let only = Interfaces::Only(vec![loopback]);
        let (alices, bobs) = (Lan::start(&only).unwrap(), Lan::start(&only).unwrap());
        let outside = Lan::start(&Interfaces::All).unwrap();
        let (sender, mut outside_finds) = mpsc::channel(16);
        outside
            .watch(others(BOB, [ALICE, STRANGER]), sender)
            .unwrap();
        let (sender, mut finds) = mpsc::channel(16);
        alices.announce([by(ALICE, BOB)], 1111).unwrap();
        bobs.watch(others(BOB, [ALICE]), sender).unwrap();
        assert_eq!(next(&mut finds).await.url, "ws://127.0.0.1:1111");
        // Alice was announced first, but not out there.
        let stranger = Lan::start(&Interfaces::All).unwrap();
        stranger.announce([by(STRANGER, BOB)], 3333).unwrap();
        assert_eq!(next(&mut outside_finds).await.url, "ws://198.51.100.7:3333");
    });
}

#[tokio::test]
async fn switched_off_it_does_nothing() {
    let lan = Lan::start(&Interfaces::Off).unwrap();
    let (sender, mut finds) = mpsc::channel(16);
    lan.announce([by(ALICE, BOB)], 1111).unwrap();
    lan.watch(others(BOB, [ALICE]), sender).unwrap();
    lan.set_watched(others(BOB, [STRANGER]));
    lan.withdraw();
    assert_eq!(finds.recv().await, None);
}
