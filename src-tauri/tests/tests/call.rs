//! Two people, two desktop windows, one name typed.

use fantoccini::Locator;
use ringdown_e2e::person::{Person, Setup, friends};
use ringdown_e2e::sound::{SILENCE, loudness};
use ringdown_e2e::stage::Stage;
use ringdown_e2e::{Result, eventually};
use serde_json::json;

/// A tone well inside a voice codec's band and apart from the mains hum and from the fake microphone's 440 Hz.
const TONE_HZ: f64 = 620.0;

#[tokio::test(flavor = "multi_thread")]
async fn alice_types_bobs_name_and_they_see_and_hear_each_other() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let (alice, bob) = friends(&stage).await?;
    let hum = stage.sound().hum("alice", TONE_HZ)?;

    alice.call_by_typing("bo").await?;
    alice.page().status("Ringing…").await?;
    bob.answer("Alice", "Accept").await?;
    alice.sees("Bob").await?;
    bob.sees("Alice").await?;
    alice.page().find("video", "You").await?;
    bob.page().find("any", "Connection path").await?;
    stage.sound().hears("bob", TONE_HZ).await?;

    alice.page().press("Microphone").await?;
    stage.sound().hears_no("bob", TONE_HZ).await?;
    alice.page().press("Microphone").await?;
    stage.sound().hears("bob", TONE_HZ).await?;

    drop(hum);
    let _hum = stage.sound().hum("bob", TONE_HZ)?;
    stage.sound().hears("alice", TONE_HZ).await?;

    alice.page().press("Hang up").await?;
    alice.page().status("Call ended").await?;
    bob.page().status("Call ended").await
}

#[tokio::test(flavor = "multi_thread")]
async fn they_call_each_other_ten_times_in_a_row() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let (alice, bob) = friends(&stage).await?;
    for call in 0..10 {
        let (caller, callee) = if call % 2 == 0 {
            (&alice, &bob)
        } else {
            (&bob, &alice)
        };
        caller
            .talks_with(callee)
            .await
            .map_err(|error| format!("call {call}: {error}"))?;
        let leaver = if call % 3 == 0 { caller } else { callee };
        leaver.page().press("Hang up").await?;
        tokio::try_join!(
            alice.page().status("Call ended"),
            bob.page().status("Call ended")
        )?;
        tokio::try_join!(alice.put_away(), bob.put_away())?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn bob_accepts_without_video_and_shows_himself_later() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let (alice, bob) = friends(&stage).await?;
    let _hum = stage.sound().hum("bob", TONE_HZ)?;
    alice.call_by_typing("Bob").await?;
    bob.answer("Alice", "Accept without video").await?;
    bob.sees("Alice").await?;
    stage.sound().hears("alice", TONE_HZ).await?;
    assert!(
        alice.page().pixels("Bob").await?.is_none(),
        "Bob is not seen"
    );

    bob.page().press("Camera").await?;
    alice.page().video_moves("Bob").await?;
    bob.page().press("Camera").await?;
    bob.page().press("Hang up").await?;
    alice.page().status("Call ended").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voice_call_has_no_picture_and_a_voice() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let (alice, bob) = friends(&stage).await?;
    let _hum = stage.sound().hum("alice", TONE_HZ)?;
    alice.page().press("Voice call Bob").await?;
    bob.answer("Alice", "Accept without video").await?;
    tokio::try_join!(
        alice.page().status("Connected"),
        bob.page().status("Connected")
    )?;
    stage.sound().hears("bob", TONE_HZ).await?;
    assert!(
        alice.page().pixels("You").await?.is_none(),
        "Alice's camera is off"
    );
    alice.page().press("Hang up").await?;
    bob.page().status("Call ended").await
}

#[tokio::test(flavor = "multi_thread")]
async fn both_call_each_other_at_once_and_it_is_one_call() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let (alice, bob) = friends(&stage).await?;
    // Whoever is second may find the other's dialog over the button: calling the one who calls means to accept.
    tokio::try_join!(
        alice.page().press_whatever_covers_it("Call Bob"),
        bob.page().press_whatever_covers_it("Call Alice"),
    )?;
    tokio::try_join!(alice.sees("Bob"), bob.sees("Alice"))?;
    alice.page().press("Hang up").await?;
    bob.page().status("Call ended").await
}

/// Nobody sits at Carol's speaker: it stands in Bob's kitchen.
const KITCHEN: &str = "carol";
/// From one ring to the next, in seconds; somewhat more.
const RING_S: f64 = 5.5;

#[tokio::test(flavor = "multi_thread")]
async fn bobs_telephone_rings_in_the_kitchen_alone_until_he_declines() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let sound = stage.sound();
    let (alice, bob) = friends(&stage).await?;
    bob.page().press("Settings").await?;
    eventually("the kitchen among the speakers to ring on", || async {
        let choice = bob.page().client().find(Locator::Css("#settings-ring"));
        let speaker = format!("{KITCHEN}_speaker");
        Ok(choice.await?.select_by_value(&speaker).await.ok())
    })
    .await?;
    // It is played once: who begins to listen afterwards may be late.
    tokio::try_join!(
        sound.hears_something(KITCHEN),
        bob.page().press("Play ringtone")
    )?;
    sound.hears_nothing(KITCHEN, RING_S).await?;
    bob.page().press("Close").await?;

    alice.call_by_typing("Bob").await?;
    sound.hears_something(KITCHEN).await?;
    let (kitchen, desk) =
        tokio::try_join!(sound.listen(KITCHEN, RING_S), sound.listen("bob", RING_S))?;
    assert!(loudness(&kitchen) > 0.01, "it rings again");
    assert!(loudness(&desk) < SILENCE, "and not where Bob sits");
    bob.answer("Alice", "Decline").await?;
    alice.page().status("Bob declined").await?;
    sound.hears_nothing(KITCHEN, RING_S).await
}

#[tokio::test(flavor = "multi_thread")]
async fn bobs_telephone_falls_silent_with_the_call_although_his_window_hangs() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let sound = stage.sound();
    let (alice, bob) = friends(&stage).await?;
    bob.settle(&json!({ "ring_device": format!("{KITCHEN}_speaker") }))
        .await?;
    alice.call_by_typing("Bob").await?;
    sound.hears_something(KITCHEN).await?;
    let page = bob.page_process().await?;
    bob.hang_page().await?;
    alice.page().press("Hang up").await?;
    eventually("nothing to be played in the kitchen", || async {
        Ok((!sound.is_in_use(KITCHEN).await?).then_some(()))
    })
    .await?;
    assert_eq!(bob.page_process().await?, page, "it hangs still");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn alice_sees_that_her_microphone_hears_her() -> Result<()> {
    const METER: &str = "How loud the microphone hears me";
    let stage = Stage::new("1280x1024").await?;
    let alice = Person::arrive(&stage, "Alice", Setup::default()).await?;
    let shows = async |what: &str, fits: fn(u32) -> bool| {
        eventually(what, || async {
            let Some(meter) = alice.page().look_for("any", METER).await? else {
                return Ok(None);
            };
            let level = meter.attr("aria-valuenow").await?.unwrap_or_default();
            Ok(level.parse().is_ok_and(fits).then_some(()))
        })
        .await
    };
    alice.page().press("Settings").await?;
    alice.page().press("Try camera and microphone").await?;
    shows("a bar for silence", |level| level < 10).await?;
    let hum = stage.sound().hum("alice", TONE_HZ)?;
    shows("a bar for a voice", |level| level > 40).await?;
    drop(hum);
    shows("a bar for silence again", |level| level < 10).await?;
    alice.page().press("Stop trying").await?;
    alice.page().gone("any", METER).await
}
