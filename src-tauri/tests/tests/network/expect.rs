//! Whether a call took the way it had to take: by what both ends say, and by the packets that were under way.

use std::net::IpAddr;

use ringdown_e2e::Result;
use ringdown_e2e::lab::Carried;
use ringdown_e2e::lab::coturn::Relay;
use ringdown_e2e::lab::end::Pair;

use crate::scenario::{Bob, Expected, Scenario, Where};
use crate::spot::Spot;

/// Pictures come in packets larger than this, in bytes; voice, checks and refreshes in smaller ones.
const LARGE: usize = 600;
/// And there is more of them than of other large ones, such as certificates.
const MUCH: usize = 10_000;

/// Fails unless Alice's pair of candidates and Bob's are those of such a way.
pub fn of_the_ends(scenario: &Scenario, bob: Bob, spot: &Spot, pairs: &[Pair; 2]) -> Result<()> {
    match scenario.expected {
        Expected::Direct if scenario.alice.isolated => direct(pairs, spot.far, bob),
        Expected::Direct => direct(pairs, spot.near, bob),
        Expected::Relayed(relay) => relayed(pairs, relay),
    }
}

fn direct([alices, bobs]: &[Pair; 2], [to_alice, to_bob]: [IpAddr; 2], bob: Bob) -> Result<()> {
    for (pair, address, may_hide) in [
        (alices, to_bob, false),
        // Browsers tell no address that they were not told.
        (bobs, to_alice, bob == Bob::Browser),
    ] {
        let there = pair.remote.ip();
        let is_there = there == Some(address) || (may_hide && there.is_none());
        if pair.local.kind == "relay" || pair.remote.kind == "relay" || !is_there {
            let there = &pair.remote.address;
            return Err(format!("expected a way to {address}, it is {pair} ({there})").into());
        }
    }
    Ok(())
}

fn relayed([alices, bobs]: &[Pair; 2], relay: Relay) -> Result<()> {
    let by = |pair: &Pair| pair.local.relay.as_deref() == Some(relay.name());
    let fine = match relay {
        // Either end's relay will do.
        Relay::Udp => [alices, bobs]
            .into_iter()
            .all(|pair| by(pair) || pair.remote.kind == "relay"),
        // Alice is held back, so it is hers.
        Relay::Tcp | Relay::Tls => by(alices),
    };
    if fine {
        return Ok(());
    }
    let relay = relay.name();
    Err(format!("expected a relay by {relay}, it is {alices} for Alice and {bobs} for Bob").into())
}

/// Fails unless the pictures went such a way: whatever statistics say, packets do not lie.
pub fn of_the_wire(
    scenario: &Scenario,
    spot: &Spot,
    relays: &[IpAddr],
    carried: &[Carried],
) -> Result<()> {
    let (mut straight, mut relayed) = (0, 0);
    for packet in carried.iter().filter(|packet| packet.payload.len() > LARGE) {
        let ends = [packet.from, packet.to];
        if ends.iter().all(|end| spot.far.contains(end)) {
            straight += packet.payload.len();
        } else if ends.iter().any(|end| relays.contains(end)) {
            relayed += packet.payload.len();
        }
    }
    let fine = match (scenario.expected, scenario.place) {
        (Expected::Direct, Where::OneLan) => straight == 0 && relayed < MUCH,
        (Expected::Direct, _) => straight > MUCH && relayed < straight / 10,
        (Expected::Relayed(_), _) => relayed > MUCH && straight < relayed / 10,
    };
    if fine {
        return Ok(());
    }
    Err(format!("{straight} bytes crossed the internet straight, {relayed} by the relay").into())
}
