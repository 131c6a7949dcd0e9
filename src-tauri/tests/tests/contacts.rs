//! How two people become contacts, in their windows.

use ringdown_e2e::Result;
use ringdown_e2e::person::{Person, Setup};
use ringdown_e2e::stage::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn bob_says_yes_to_alices_request_and_they_talk() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let alice = Person::arrive(&stage, "Alice", Setup::default()).await?;
    let bob = Person::arrive(&stage, "Bob", Setup::default()).await?;
    alice.befriend(&bob.invite().await?, "Bob").await?;

    bob.page().press("Accept").await?;
    bob.page().press("Add").await?;
    bob.page().find("button", "Call Alice").await?;
    alice.talks_with(&bob).await?;
    alice.page().press("Hang up").await?;
    bob.page().status("Call ended").await
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_ignored_or_blocked_does_not_ring() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let alice = Person::arrive(&stage, "Alice", Setup::default()).await?;
    let bob = Person::arrive(&stage, "Bob", Setup::default()).await?;
    alice.befriend(&bob.invite().await?, "Bob").await?;
    bob.page().press("Block").await?;
    bob.page().gone("button", "Accept").await?;
    alice.call_by_typing("Bob").await?;
    alice
        .page()
        .status("Bob can't be reached right now")
        .await?;
    assert!(
        bob.page()
            .look_for("dialog", "Alice is calling")
            .await?
            .is_none()
    );
    Ok(())
}
