//! The same call code on a browser's own WebRTC, against the app.

use ringdown_e2e::chromium::{FOREIGN_TONE_HZ, Foreigner};
use ringdown_e2e::page::Page;
use ringdown_e2e::person::{Person, Setup};
use ringdown_e2e::stage::Stage;
use ringdown_e2e::{Result, eventually};

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
    eventually("the browser to hear the app", || async {
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

/// More than may wait for a page: it arrives only where the app's page says that it has handled what came before.
async fn sends_megabytes(page: &Page) -> Result<()> {
    let start = "window.bulk = pc.createDataChannel('bulk');
        bulk.onopen = () => { for (let i = 0; i < 50; i += 1) bulk.send('x'.repeat(100_000)); };";
    page.run(start, vec![]).await?;
    eventually("5 MB to arrive at the app", || async {
        let left = "return bulk.readyState === 'open' && bulk.bufferedAmount === 0";
        Ok((page.run(left, vec![]).await? == true).then_some(()))
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
    sends_megabytes(bob.page()).await?;
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

/// What reaches the browser in half a second, by its own statistics: the energy of the voice, and pictures.
const ARRIVING: &str = r#"
const done = arguments[0];
const read = async () => {
  const report = [...(await pc.getStats()).values()];
  const of = (kind) => report.find((one) => one.type === "inbound-rtp" && one.kind === kind);
  return [of("audio")?.totalAudioEnergy ?? 0, of("video")?.framesDecoded ?? 0];
};
read().then(([energy, frames]) => setTimeout(async () => {
  const now = await read();
  done([now[0] - energy, now[1] - frames]);
}, 500));
"#;

/// Whether the page was told that it is on hold.
const READS: &str = r#"return JSON.parse(document.body.dataset.held ?? "null")"#;

/// Waits until the browser reads whether it is on hold, and nothing reaches it while it is.
async fn is_on_hold(page: &Page, held: bool) -> Result<()> {
    eventually(
        &format!("the browser to read that on hold is {held}"),
        || async {
            let read = page.run(READS, vec![]).await?;
            Ok((read == held).then_some(()))
        },
    )
    .await?;
    eventually(
        &format!("what reaches the browser where on hold is {held}"),
        || async {
            let arrived = page.client().execute_async(ARRIVING, vec![]).await?;
            let [energy, frames] = [0, 1].map(|at| arrived[at].as_f64().unwrap_or_default());
            let fits = if held {
                energy < 1e-6 && frames == 0.0
            } else {
                energy > 1e-4 && frames > 0.0
            };
            if fits {
                return Ok(Some(()));
            }
            Err(format!("energy {energy}, {frames} pictures").into())
        },
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_app_puts_chromium_on_hold_for_another_app_and_takes_it_back() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let (alice, bob) = alice_and_a_foreigner(&stage).await?;
    let carol = Person::arrive(&stage, "Carol", Setup::default()).await?;
    carol.befriend(&alice.invite().await?, "Alice").await?;
    alice.befriend(&carol.invite().await?, "Carol").await?;
    alice.call_by_typing("Bob").await?;
    bob.accept(true).await?;
    both_see_and_hear(&stage, &alice, &bob).await?;

    carol.call_by_typing("Alice").await?;
    alice.page().press("Hold and accept").await?;
    tokio::try_join!(carol.sees("Alice"), alice.sees("Carol"))?;
    is_on_hold(bob.page(), true).await?;
    stage.sound().hears_no("alice", FOREIGN_TONE_HZ).await?;

    alice.page().press("Switch to Bob").await?;
    carol.page().status("Alice put you on hold").await?;
    is_on_hold(bob.page(), false).await?;
    both_see_and_hear(&stage, &alice, &bob).await?;

    bob.hang_up().await?;
    tokio::try_join!(carol.sees("Alice"), alice.sees("Carol")).map(drop)
}
