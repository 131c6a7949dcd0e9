//! Every way a call ends, with its reason on both sides.

use ringdown_e2e::Result;
use ringdown_e2e::person::{Person, Setup, friends};
use ringdown_e2e::stage::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn bob_declines() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let (alice, bob) = friends(&stage).await?;
    alice.call_by_typing("Bob").await?;
    bob.answer("Alice", "Decline").await?;
    alice.page().status("Bob declined").await?;
    bob.page().gone("dialog", "Alice is calling").await?;

    alice.put_away().await?;
    alice.talks_with(&bob).await
}

#[tokio::test(flavor = "multi_thread")]
async fn alice_thinks_better_of_it() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let (alice, bob) = friends(&stage).await?;
    alice.call_by_typing("Bob").await?;
    bob.page().find("dialog", "Alice is calling").await?;
    alice.page().press("Hang up").await?;
    bob.page().gone("dialog", "Alice is calling").await?;
    bob.page().status("Missed call from Alice").await?;
    alice.page().status("Call cancelled").await
}

#[tokio::test(flavor = "multi_thread")]
async fn bob_does_not_answer() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let (alice, bob) = friends(&stage).await?;
    alice.ring_for(5).await?;
    alice.call_by_typing("Bob").await?;
    bob.page().find("dialog", "Alice is calling").await?;
    alice.page().status("No answer").await?;
    bob.page().status("Missed call from Alice").await
}

#[tokio::test(flavor = "multi_thread")]
async fn carol_calls_while_bob_talks() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let (alice, bob) = friends(&stage).await?;
    let carol = Person::arrive(&stage, "Carol", Setup::default()).await?;
    carol.befriend(&bob.invite().await?, "Bob").await?;
    bob.befriend(&carol.invite().await?, "Carol").await?;
    alice.talks_with(&bob).await?;

    carol.call_by_typing("Bob").await?;
    bob.page().press("Decline Carol").await?;
    carol.page().status("Bob declined").await?;
    tokio::try_join!(alice.sees("Bob"), bob.sees("Alice"))?;

    carol.put_away().await?;
    carol.call_by_typing("Bob").await?;
    bob.page().press("End and accept").await?;
    alice.page().status("Call ended").await?;
    tokio::try_join!(carol.sees("Bob"), bob.sees("Carol")).map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn bobs_app_is_closed() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let (alice, bob) = friends(&stage).await?;
    bob.leave().await?;
    alice.call_by_typing("Bob").await?;
    alice.page().status("Bob can't be reached right now").await
}

#[tokio::test(flavor = "multi_thread")]
async fn alices_app_dies_while_it_rings_at_bobs() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let (alice, bob) = friends(&stage).await?;
    alice.call_by_typing("Bob").await?;
    bob.page().find("dialog", "Alice is calling").await?;
    alice.crash().await?;
    bob.page().gone("dialog", "Alice is calling").await?;
    bob.page().status("Missed call from Alice").await
}

#[tokio::test(flavor = "multi_thread")]
async fn bobs_app_dies_in_the_middle_of_the_call() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let (alice, bob) = friends(&stage).await?;
    alice.talks_with(&bob).await?;
    bob.crash().await?;
    alice.page().status("Reconnecting…").await?;
    alice
        .page()
        .status_within(std::time::Duration::from_secs(60), "Connection lost")
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn bob_logs_out_in_the_middle_of_the_call() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let (alice, bob) = friends(&stage).await?;
    alice.talks_with(&bob).await?;
    bob.leave().await?;
    alice.page().status("Call ended").await
}
