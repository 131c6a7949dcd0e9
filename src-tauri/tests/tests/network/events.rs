//! What may happen to a network while people talk, and what must not get out.

use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ringdown_e2e::lab::coturn::Relay;
use ringdown_e2e::lab::end::IceServer;
use ringdown_e2e::lab::{Carried, Rules};
use ringdown_e2e::{Result, eventually, eventually_within};
use serde_json::json;

use crate::pair::Talk;
use crate::scenario::{Bob, Expected, OPEN, SYMMETRIC, Scenario, Where};
use crate::world::World;

/// RFC 8489 section 5: the mark of STUN's messages, which its addresses are disguised by.
const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const UDP: u8 = 17;
/// Soon over, and long enough for a slow machine to connect with them.
const BRIEF: Duration = Duration::from_secs(20);
/// Longer than a call tries to connect.
const GIVING_UP: Duration = Duration::from_secs(60);

/// Alice wants relayed calls only: neither Bob nor anybody on the way to him learns of an address of hers.
pub async fn relay_only_tells_no_address(world: &mut World, bob: Bob) -> Result<()> {
    let (talks, hung) = world
        .often(async |world: &mut World| by_relay_only(world, bob).await)
        .await?;
    world.part();
    world.note("One side wants relayed calls only", bob, &talks, hung);
    Ok(())
}

async fn by_relay_only(world: &mut World, bob: Bob) -> Result<Talk> {
    let network = two_homes(OPEN, Expected::Relayed(Relay::Udp));
    world.gather(&network, bob).await?;
    let (spot, pair) = world.talkers()?;
    let [outside, bobs] = spot.far;
    let secret = [spot.alice.address()?, outside];
    pair.alice
        .settle(&json!({ "ice_policy": "relay_only" }))
        .await?;

    world.lab().internet().record();
    let took = pair.talk().await?;
    pair.see_each_other().await?;
    let carried = eventually("a hundred packets to Bob", || async {
        let carried = world.lab().internet().recorded();
        let to_bob = |packet: &&Carried| packet.to == bobs && packet.protocol == UDP;
        Ok((carried.iter().filter(to_bob).count() > 100).then_some(carried))
    })
    .await?;
    world.lab().internet().forget();
    let talk = Talk {
        took,
        pairs: pair.pairs().await?,
    };

    let servers = world.servers();
    for packet in &carried {
        let Carried { from, to, .. } = packet;
        for (end, other) in [(from, to), (to, from)] {
            assert!(
                *end != outside || servers.contains(other),
                "Alice is in touch with {other}"
            );
        }
        let told = secret.iter().find(|address| tells_of(packet, **address));
        assert!(
            *to != bobs || told.is_none(),
            "Bob is told {told:?} by {from}"
        );
    }
    for (name, end) in [("Bob", &pair.bob), ("Alice", &pair.alice)] {
        for line in end.said().await? {
            let told = secret
                .iter()
                .find(|address| line.contains(&address.to_string()));
            assert!(told.is_none(), "{name}'s page tells {told:?}: {line}");
        }
    }
    pair.hang_up().await?;
    Ok(talk)
}

/// What happens to Alice's network in the middle of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// There are a cable and Wi-Fi, with another router. Whichever the call goes by is gone.
    CablePulled,
    /// A tunnel comes up, and from then on nothing leaves by any other way.
    Vpn,
    /// The router starts anew: it has forgotten all connections.
    RouterRestarted,
    /// And it is a symmetric NAT from now on: no direct way is left.
    RouterReplaced,
}

impl Change {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::CablePulled,
        Self::Vpn,
        Self::RouterRestarted,
        Self::RouterReplaced,
    ];

    /// For the names of tests.
    pub fn name(self) -> &'static str {
        match self {
            Self::CablePulled => "and_goes_on_by_wifi",
            Self::Vpn => "and_goes_on_by_a_vpn",
            Self::RouterRestarted => "and_goes_on_when_the_router_forgets",
            Self::RouterReplaced => "and_goes_on_through_another_router",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::CablePulled => "Cable and Wi-Fi: the one in use goes",
            Self::Vpn => "A VPN takes over",
            Self::RouterRestarted => "The router starts anew",
            Self::RouterReplaced => "The router starts anew, as a symmetric NAT",
        }
    }
}

/// The call goes on by another way, whatever happens.
pub async fn goes_on(world: &mut World, bob: Bob, change: Change) -> Result<()> {
    let (took, hung) = world
        .often(async |world: &mut World| by_another_way(world, bob, change).await)
        .await?;
    world.note_resumed(change.title(), bob, &took, hung);
    Ok(())
}

/// How long they had to do without pictures.
async fn by_another_way(world: &mut World, bob: Bob, change: Change) -> Result<Duration> {
    let network = two_homes(OPEN, Expected::Direct);
    world.gather(&network, bob).await?;
    let other = world.lab().home("other")?;
    let (spot, pair) = world.talkers()?;
    if change == Change::CablePulled {
        other.plug_in(&spot.alice, "wlan0")?;
    }
    pair.talk().await?;
    pair.see_each_other().await?;
    let before = pair.bob.pair().await?;

    pair.watch_pictures().await?;
    let began = SystemTime::now().duration_since(UNIX_EPOCH)?;
    match change {
        Change::CablePulled => {
            let by_cable = before.remote.ip() == Some(spot.far[0]);
            spot.alice.unplug(if by_cable { "eth0" } else { "wlan0" })?;
        }
        Change::Vpn => {
            other.tunnel(&spot.alice, "tun0")?;
            spot.alice.silence("eth0")?;
        }
        Change::RouterRestarted => spot.restart_alices(OPEN)?,
        Change::RouterReplaced => spot.restart_alices(SYMMETRIC)?,
    }
    // What leaves by the same port again opens it again.
    if change != Change::RouterRestarted {
        eventually("Bob to take another way", || async {
            Ok((pair.bob.pair().await? != before).then_some(()))
        })
        .await?;
    }
    pair.see_each_other().await?;
    pair.trace(began).await?;
    let took = pair.longest_pause().await?;
    pair.hang_up().await?;
    world.part();
    Ok(took)
}

/// Alice's machine sleeps until Bob misses her, and wakes: the call goes on.
pub async fn alice_sleeps_and_wakes(world: &mut World) -> Result<()> {
    let (took, hung) = world.often(sleeps_and_wakes).await?;
    world.note_resumed("Alice's machine sleeps, and wakes", Bob::App, &took, hung);
    Ok(())
}

/// How long after she is back the pictures are.
async fn sleeps_and_wakes(world: &mut World) -> Result<Duration> {
    let network = two_homes(OPEN, Expected::Direct);
    world.gather(&network, Bob::App).await?;
    let (spot, pair) = world.talkers()?;
    pair.talk().await?;
    pair.see_each_other().await?;
    spot.alice.sleep()?;
    pair.bob.page().status("Reconnecting…").await?;
    let back = SystemTime::now().duration_since(UNIX_EPOCH)?;
    spot.alice.wake()?;
    pair.watch_pictures().await?;
    pair.see_each_other().await?;
    pair.trace(back).await?;
    let took = pair.pictures_after(back).await?;
    pair.hang_up().await?;
    world.part();
    Ok(took)
}

/// Nobody is at the rendezvous any more, and then somebody is again.
pub async fn the_rendezvous_dies(world: &mut World, bob: Bob) -> Result<()> {
    world
        .often(async |world: &mut World| without_the_rendezvous(world, bob).await)
        .await?;
    world.part();
    Ok(())
}

async fn without_the_rendezvous(world: &mut World, bob: Bob) -> Result<()> {
    world
        .gather(&two_homes(OPEN, Expected::Direct), bob)
        .await?;
    world.talkers()?.1.talk().await?;
    world.talkers()?.1.see_each_other().await?;
    world.kill_rendezvous().await?;
    world.talkers()?.1.see_each_other().await?;
    world.revive_rendezvous().await?;
    // There is no other way to tell Bob: when he hears of it, both are back.
    world.talkers()?.1.hang_up().await
}

/// The relay's credentials end while it carries a call: the call lives on, and comes back with new ones.
pub async fn credentials_end(world: &mut World) -> Result<()> {
    let title = "The relay's credentials have ended, the cable is pulled and put back";
    let (took, hung) = world.often(back_with_new_credentials).await?;
    world.note_resumed(title, Bob::App, &took, hung);
    Ok(())
}

/// How long after the cable is back the pictures are.
async fn back_with_new_credentials(world: &mut World) -> Result<Duration> {
    let network = two_homes(SYMMETRIC, Expected::Relayed(Relay::Udp));
    let (at, mut rendezvous) = world.brief_rendezvous(BRIEF).await?;
    world.gather_at(at, &network, Bob::App).await?;
    let (spot, pair) = world.talkers()?;
    pair.talk().await?;
    pair.see_each_other().await?;
    let servers = pair.alice.servers().await?;
    let relay = servers.into_iter().find_map(|server| match server {
        IceServer::Relay { credentials, .. } => Some(credentials),
        IceServer::Mirror { .. } => None,
    });
    let credentials = relay.ok_or("no relay")?;
    eventually("the credentials to be worth nothing", || async {
        let relays = world.coturn().relays(&spot.alice, Relay::Udp, &credentials);
        Ok((!relays.await?).then_some(()))
    })
    .await?;
    pair.see_each_other().await?;

    spot.pull()?;
    pair.alice.page().status("Reconnecting…").await?;
    pair.watch_pictures().await?;
    let back = SystemTime::now().duration_since(UNIX_EPOCH)?;
    spot.put_back()?;
    pair.see_each_other().await?;
    pair.trace(back).await?;
    let took = pair.pictures_after(back).await?;
    pair.hang_up().await?;
    world.part();
    // The next one listens at the same place.
    rendezvous.kill().await?;
    Ok(took)
}

/// Two symmetric NATs, and nobody wants a relay: both are told why nothing came of it.
pub async fn where_no_way_leads_both_are_told(world: &mut World) -> Result<()> {
    world.often(in_vain).await?;
    Ok(())
}

async fn in_vain(world: &mut World) -> Result<()> {
    let network = two_homes(SYMMETRIC, Expected::Direct);
    world.gather(&network, Bob::App).await?;
    let (_, pair) = world.talkers()?;
    let without_relays = json!({ "ice_policy": "stun" });
    tokio::try_join!(
        pair.alice.settle(&without_relays),
        pair.bob.settle(&without_relays)
    )?;
    pair.alice.call("Bob").await?;
    pair.bob.accept("Alice").await?;
    for end in [&pair.alice, &pair.bob] {
        eventually_within(GIVING_UP, "the reason", || async {
            let told = end.page().statuses().await?;
            let reason = "Neither side could open a direct path";
            Ok(told
                .iter()
                .any(|text| text.starts_with(reason))
                .then_some(()))
        })
        .await?;
    }
    world.part();
    Ok(())
}

fn two_homes(rules: Rules, expected: Expected) -> Scenario {
    Scenario {
        name: "",
        title: "",
        place: Where::TwoHomes,
        alice: rules,
        bob: rules,
        expected,
    }
}

/// Whether a packet holds an address as text anywhere, or, where it is one of STUN's, as one of its attributes might.
fn tells_of(packet: &Carried, address: IpAddr) -> bool {
    let contains = |needle: &[u8]| {
        packet
            .payload
            .windows(needle.len())
            .any(|window| window == needle)
    };
    if contains(address.to_string().as_bytes()) {
        return true;
    }
    let IpAddr::V4(address) = address else {
        return false;
    };
    let plain = address.octets();
    let disguised: [u8; 4] = std::array::from_fn(|at| plain[at] ^ MAGIC_COOKIE[at]);
    // After the UDP header, or TURN's channel header before a relayed message.
    let is_stun = packet
        .payload
        .windows(4)
        .take(128)
        .any(|window| window == MAGIC_COOKIE);
    is_stun && (contains(&plain) || contains(&disguised))
}
