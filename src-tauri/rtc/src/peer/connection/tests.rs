//! What Alice is told as things come and go.

use super::*;

fn at(start: Instant, seconds: u64) -> Instant {
    start + Duration::from_secs(seconds)
}

/// Those of ICE and of the whole.
fn changes(connection: &mut Connection, now: Instant) -> Vec<Change> {
    std::iter::from_fn(|| connection.poll(now))
        .filter(|change| !matches!(change, Change::Dtls(_)))
        .collect()
}

fn connected(start: Instant) -> Connection {
    let mut connection = Connection::new(start, Patience::default());
    connection.handle_checks(start);
    assert_eq!(
        changes(&mut connection, start),
        [
            Change::Ice(IceState::Checking),
            Change::Peer(PeerState::Connecting)
        ]
    );
    connection.handle_ice(start, str0m::IceConnectionState::Connected);
    connection.handle_dtls_connected();
    assert_eq!(
        changes(&mut connection, start),
        [
            Change::Ice(IceState::Connected),
            Change::Peer(PeerState::Connected)
        ]
    );
    connection
}

#[test]
fn a_pair_alone_is_not_a_connection() {
    let start = Instant::now();
    let mut connection = Connection::new(start, Patience::default());
    connection.handle_checks(start);
    connection.handle_ice(start, str0m::IceConnectionState::Completed);
    assert_eq!(
        changes(&mut connection, start),
        [
            Change::Ice(IceState::Completed),
            Change::Peer(PeerState::Connecting)
        ]
    );
    assert!(!connection.is_up());
    connection.handle_dtls_connected();
    assert!(connection.is_up());
}

#[test]
fn the_first_reason_of_a_failure_is_told_and_it_is_final() {
    let start = Instant::now();
    let mut connection = connected(start);
    connection.handle_failure(Failure::Fingerprint);
    connection.handle_failure(Failure::Dtls);
    let failed = DtlsState::Failed(Failure::Fingerprint);
    assert_eq!(failed.error(), Some("fingerprint-failure"));
    assert_eq!(connection.poll(start), Some(Change::Dtls(failed)));
    assert_eq!(
        connection.poll(start),
        Some(Change::Peer(PeerState::Failed))
    );
    connection.handle_packet(at(start, 1), false);
    assert_eq!(connection.poll(at(start, 1)), None);
    assert!(!connection.is_up());
}

#[test]
fn bob_vanishes_and_alice_is_told_after_2_and_15_seconds() {
    let start = Instant::now();
    let mut alice = connected(start);
    assert_eq!(alice.poll_timeout(), Some(at(start, 2)));
    assert_eq!(changes(&mut alice, at(start, 1)), []);
    assert_eq!(
        changes(&mut alice, at(start, 2)),
        [
            Change::Ice(IceState::Disconnected),
            Change::Peer(PeerState::Disconnected)
        ]
    );
    assert_eq!(alice.poll_timeout(), Some(at(start, 15)));
    assert_eq!(
        changes(&mut alice, at(start, 15)),
        [
            Change::Ice(IceState::Failed),
            Change::Peer(PeerState::Failed)
        ]
    );
    assert_eq!(alice.poll_timeout(), None);
}

#[test]
fn a_single_packet_heals() {
    let start = Instant::now();
    let mut alice = connected(start);
    changes(&mut alice, at(start, 8));
    alice.handle_packet(at(start, 9), true);
    assert_eq!(
        changes(&mut alice, at(start, 9)),
        [
            Change::Ice(IceState::Connected),
            Change::Peer(PeerState::Connected)
        ]
    );
}

#[test]
fn no_working_pair_fails_but_each_candidate_is_a_new_chance() {
    let start = Instant::now();
    let mut alice = Connection::new(start, Patience::default());
    alice.handle_checks(start);
    alice.handle_candidate(at(start, 10));
    assert_eq!(
        changes(&mut alice, at(start, 16)).first(),
        Some(&Change::Ice(IceState::Checking))
    );
    assert_eq!(
        changes(&mut alice, at(start, 25)).first(),
        Some(&Change::Ice(IceState::Failed))
    );
}

#[test]
fn a_restart_leads_from_failed_back_to_connected() {
    let start = Instant::now();
    let mut alice = connected(start);
    changes(&mut alice, at(start, 20));
    alice.handle_checks(at(start, 21));
    assert_eq!(
        changes(&mut alice, at(start, 21)),
        [
            Change::Ice(IceState::Checking),
            Change::Peer(PeerState::Connecting)
        ]
    );
    alice.handle_ice(at(start, 22), str0m::IceConnectionState::Connected);
    assert_eq!(
        changes(&mut alice, at(start, 22)),
        [
            Change::Ice(IceState::Connected),
            Change::Peer(PeerState::Connected)
        ]
    );
}

#[test]
fn a_restart_does_not_show_while_the_old_pair_still_works() {
    let start = Instant::now();
    let mut alice = connected(start);
    alice.handle_packet(at(start, 5), false);
    alice.handle_checks(at(start, 5));
    alice.handle_packet(at(start, 6), true);
    assert_eq!(changes(&mut alice, at(start, 6)), []);
    assert_eq!(alice.poll_timeout(), Some(at(start, 7)));
    let checking = [
        Change::Ice(IceState::Checking),
        Change::Peer(PeerState::Connecting),
    ];
    assert_eq!(changes(&mut alice, at(start, 7)), checking);
    assert_eq!(alice.poll_timeout(), Some(at(start, 20)));
    assert_eq!(
        changes(&mut alice, at(start, 20)).first(),
        Some(&Change::Ice(IceState::Failed))
    );
}

#[test]
fn alices_address_is_gone_and_she_is_told_at_once() {
    let start = Instant::now();
    let mut alice = connected(start);
    alice.handle_lost();
    let disconnected = [
        Change::Ice(IceState::Disconnected),
        Change::Peer(PeerState::Disconnected),
    ];
    assert_eq!(changes(&mut alice, start), disconnected);
    assert_eq!(alice.poll_timeout(), Some(at(start, 15)));
    alice.handle_packet(at(start, 1), true);
    assert_eq!(changes(&mut alice, at(start, 1)), [], "a check is no path");
    alice.handle_path();
    assert_eq!(
        changes(&mut alice, at(start, 1)),
        [
            Change::Ice(IceState::Connected),
            Change::Peer(PeerState::Connected)
        ]
    );
}

#[test]
fn a_pair_fell_silent_and_alice_is_down_until_bobs_media_comes_by_another() {
    let start = Instant::now();
    let mut alice = connected(start);
    alice.handle_silent();
    alice.handle_path();
    let disconnected = [
        Change::Ice(IceState::Disconnected),
        Change::Peer(PeerState::Disconnected),
    ];
    assert_eq!(changes(&mut alice, start), disconnected);
    alice.handle_packet(at(start, 1), true);
    assert_eq!(changes(&mut alice, at(start, 1)), [], "Bob is elsewhere");
    alice.handle_packet(at(start, 1), false);
    let connected = [
        Change::Ice(IceState::Connected),
        Change::Peer(PeerState::Connected),
    ];
    assert_eq!(changes(&mut alice, at(start, 1)), connected);
}

#[test]
fn trying_better_pairs_does_not_disturb_a_good_one() {
    let start = Instant::now();
    let mut alice = connected(start);
    alice.handle_ice(start, str0m::IceConnectionState::Checking);
    assert_eq!(changes(&mut alice, start), []);
}
