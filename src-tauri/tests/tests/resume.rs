//! A page that crashes or hangs in the middle of a call takes neither the app nor the call with it. WebDriver loses sight of
//! the window then: what became of it is seen from the other side.

use ringdown_e2e::desk::Dunst;
use ringdown_e2e::person::{Person, Setup, friends};
use ringdown_e2e::stage::Stage;
use ringdown_e2e::{Result, eventually, usage};

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_crashes_comes_back_to_its_call() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let (alice, bob) = friends(&stage).await?;
    alice.talks_with(&bob).await?;
    let muted = "Alice's microphone is off";
    // the picture may be there before her page says what is on: until then it passes for off
    bob.page().gone("any", muted).await?;
    alice.page().press("Microphone").await?;
    bob.page().find("any", muted).await?;

    alice.lose_page("KILL").await?;
    bob.page().status("Reconnecting…").await?;
    bob.sees("Alice").await?;
    bob.page()
        .find("any", muted)
        .await
        .map_err(|e| format!("after: {e}"))?;

    bob.page().press("Hang up").await?;
    bob.put_away().await?;
    alice.leave().await?;
    bob.leave().await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_hangs_is_ended_and_comes_back_to_its_call() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let (alice, bob) = friends(&stage).await?;
    alice.talks_with(&bob).await?;
    bob.lose_page("STOP").await?;
    alice.page().status("Reconnecting…").await?;
    alice.sees("Bob").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_crashes_while_it_rings_takes_the_call_when_it_is_answered() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let dunst = Dunst::start(&stage).await?;
    let (alice, bob) = friends(&stage).await?;
    bob.page().client().minimize_window().await?;
    alice.call_by_typing("Bob").await?;
    alice.page().status("Ringing…").await?;
    dunst.shows(1).await?;
    bob.lose_page("KILL").await?;
    dunst.choose(",accept]").await?;
    alice.sees("Bob").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_page_sleeps_and_a_call_wakes_it() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let dunst = Dunst::start(&stage).await?;
    let (alice, bob) = friends(&stage).await?;
    bob.leave().await?;
    let setup = Setup {
        arguments: ["--hidden", "--page-sleeps", "1"].map(String::from).into(),
        ..Setup::default()
    };
    let bob = Person::open(&stage, "Bob", setup).await?;
    bob.page_is_gone().await?;
    let (hers, his) = (alice.pid().await?, bob.pid().await?);
    eventually("Bob's app to give its program text back", || async {
        let (awake, asleep) = (usage::text(hers).await?, usage::text(his).await?);
        Ok((asleep < awake / 2).then_some(()))
    })
    .await?;
    alice.call_by_typing("Bob").await?;
    alice.page().status("Ringing…").await?;
    dunst.shows(1).await?;
    dunst.choose(",accept]").await?;
    alice.sees("Bob").await?;
    alice.page().press("Hang up").await?;
    // The window is open now, where Bob can see how it ended: its page stays.
    bob.page_process().await.map(drop)
}
