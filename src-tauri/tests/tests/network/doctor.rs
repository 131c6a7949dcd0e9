//! What the connection check of the settings finds out in a network, in a window, with a real TURN server.

use ringdown_e2e::page::Page;
use ringdown_e2e::{Result, eventually};
use serde_json::json;

use crate::scenario::{Bob, Expected, ONLY_443, OPEN, SYMMETRIC, Scenario, Where};
use crate::world::World;

/// Well inside a voice codec's band.
const TONE_HZ: f64 = 880.0;

/// What the dialog says of the servers, each a line, and of the router; null while it is at work.
const FINDINGS: &str = r#"
const dialog = [...document.querySelectorAll("dialog[open]")].at(-1);
const again = [...dialog.querySelectorAll("button")].find(({ textContent }) => textContent === "Test again");
if (!again || again.disabled) return null;
const read = (element) => element.textContent.trim();
return [...dialog.querySelectorAll(".check .given-words")].map((row) => [...row.children].map(read).join(" "))
  .concat(read(dialog.querySelector("section + section p[aria-live]")));
"#;

/// The check tells which servers answer by which way, and what the router does; a call with oneself comes back from the
/// relay. Behind a firewall it finds the one way that is left.
pub async fn the_doctor_finds_what_works(world: &mut World) -> Result<()> {
    let homes = |alice| Scenario {
        name: "",
        title: "",
        place: Where::TwoHomes,
        alice,
        bob: OPEN,
        expected: Expected::Direct,
    };
    world.gather(&homes(SYMMETRIC), Bob::App).await?;
    let (spot, pair) = world.talkers()?;
    // One server can't tell what a router does.
    let second = format!("stun:{}", world.coturn().other_address());
    let settings = json!({ "ice_servers": [{ "urls": [second] }] });
    pair.alice.settle(&settings).await?;
    let page = pair.alice.page();
    page.press("Settings").await?;
    page.press("Check connections").await?;
    let found = findings(page).await?;
    has(&found, &["TURN over UDP", "Answers in", "Relays at"])?;
    has(&found, &["TURN over TCP", "Answers in", "Relays at"])?;
    has(&found, &["TURN over TLS", "Answers in", "Relays at"])?;
    has(
        &found,
        &["STUN over UDP", "Answers in", "Sees this computer as"],
    )?;
    has(&found, &["STUN over UDP", "No answer"])?;
    has(&found, &["a symmetric NAT"])?;

    let sound = pair.stage().sound();
    let voice = sound.hum("alice", TONE_HZ)?;
    page.press("Start test call").await?;
    page.video_moves("My picture through the relay").await?;
    sound.hears("alice", TONE_HZ).await?;
    page.press("End test call").await?;
    sound.hears_no("alice", TONE_HZ).await?;
    drop(voice);

    spot.apply(ONLY_443, OPEN)?;
    page.press("Test again").await?;
    let found = findings(page).await?;
    has(&found, &["TURN over UDP", "No answer"])?;
    has(&found, &["TURN over TLS", "Answers in", "Relays at"])?;
    has(&found, &["Nothing came back over UDP"])?;
    page.press("Start test call").await?;
    page.video_moves("My picture through the relay").await?;
    world.part();
    Ok(())
}

async fn findings(page: &Page) -> Result<Vec<String>> {
    eventually("the end of the check", || async {
        Ok(serde_json::from_value(page.run(FINDINGS, vec![]).await?)?)
    })
    .await
}

/// One of the lines holds all of these.
fn has(found: &[String], words: &[&str]) -> Result<()> {
    let held = |line: &String| words.iter().all(|word| line.contains(word));
    if found.iter().any(held) {
        return Ok(());
    }
    Err(format!("nothing about {}: {}", json!(words), json!(found)).into())
}
