//! Attacks on an app that runs: it listens on the network, and what it can't open, a window can't either.

use std::net::SocketAddr;

use ringdown_e2e::attack::{Attack, Attackers, addresses, descriptors};
use ringdown_e2e::person::{Setup, friends_with};
use ringdown_e2e::stage::Stage;
use ringdown_e2e::{PATIENCE, Result};
use ringdown_signaling::server::raise_descriptor_limit;
use tokio::time::timeout;

/// What desktops allow programs that ask for nothing.
const DESCRIPTORS: u32 = 1024;
/// More connections than that.
const MANY: u32 = 1400;

/// Where the app is reached that made this invite.
fn server_in(invite: &str) -> Result<SocketAddr> {
    let port = invite
        .split("127.0.0.1:")
        .nth(1)
        .and_then(|rest| rest.split('&').next())
        .ok_or("no port")?;
    Ok(([127, 0, 0, 1], port.parse()?).into())
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_connections_to_bobs_app_neither_end_it_nor_keep_alice_from_calling() -> Result<()> {
    raise_descriptor_limit(u64::MAX);
    let stage = Stage::new("1280x1024").await?;
    let setup = Setup {
        descriptors: Some(DESCRIPTORS),
        ..Setup::default()
    };
    let (alice, bob) = friends_with(&stage, setup).await?;
    let server = server_in(&bob.invite().await?)?;
    let attackers = Attackers::start(Attack::Silence, server, &addresses(20), MANY as usize);
    timeout(PATIENCE, attackers.have_made(MANY.into())).await?;

    alice.talks_with(&bob).await?;
    alice.page().press("Hang up").await?;
    bob.page().status("Call ended").await?;
    bob.put_away().await?;
    alice.put_away().await?;
    bob.talks_with(&alice).await?;
    let open = descriptors(bob.pid().await?)?;
    assert!(open < DESCRIPTORS as usize / 2, "{open} descriptors");
    // It still goes on.
    let before = attackers.dropped();
    timeout(PATIENCE, attackers.have_lost(before + 1)).await?;
    Ok(())
}
