//! The same call code on a browser's own WebRTC, against the app.

use ringdown_e2e::Result;
use ringdown_e2e::chromium::{FOREIGN_TONE_HZ, Foreigner};
use ringdown_e2e::page::Page;
use ringdown_e2e::person::{Person, Setup};
use ringdown_e2e::stage::Stage;

async fn alice_and_a_foreigner(stage: &Stage) -> Result<(Person, Foreigner)> {
    let alice = Person::arrive(
        stage,
        "Alice",
        Setup {
            tone: true,
            ..Setup::default()
        },
    )
    .await?;
    let bob = Foreigner::arrive(stage, "Bob").await?;
    alice.befriend(&bob.invite().await?, "Bob").await?;
    bob.befriend(&alice.invite().await?, "Alice").await?;
    Ok((alice, bob))
}

/// The app's fake microphone hums at 440 Hz: the browser's own statistics must say that it hears something.
async fn hears_something(page: &Page) -> Result<()> {
    ringdown_e2e::eventually("the browser to hear the app", || async {
        let level = page
            .client()
            .execute_async(
                "const done = arguments[0]; pc.getStats().then((report) => done(
                    [...report.values()].find((one) => one.type === 'inbound-rtp' && one.kind === 'audio')?.audioLevel ?? 0))",
                vec![],
            )
            .await?;
        Ok((level.as_f64().unwrap_or_default() > 0.01).then_some(()))
    })
    .await
}

async fn both_see_and_hear(stage: &Stage, alice: &Person, bob: &Foreigner) -> Result<()> {
    alice.sees("Bob").await?;
    bob.page().video_moves("remote").await?;
    stage.sound().hears("alice", FOREIGN_TONE_HZ).await?;
    hears_something(bob.page()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_app_calls_chromium() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let (alice, bob) = alice_and_a_foreigner(&stage).await?;
    alice.call_by_typing("Bob").await?;
    bob.accept(true).await?;
    both_see_and_hear(&stage, &alice, &bob).await?;
    alice.page().press("Hang up").await?;
    bob.phase("ended").await
}

#[tokio::test(flavor = "multi_thread")]
async fn chromium_calls_the_app() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let (alice, bob) = alice_and_a_foreigner(&stage).await?;
    bob.call(true).await?;
    alice.answer("Bob", "Accept").await?;
    both_see_and_hear(&stage, &alice, &bob).await?;
    bob.hang_up().await?;
    alice.page().status("Call ended").await
}
