//! How two people become contacts, in their windows.

use ringdown_e2e::mouse::Mouse;
use ringdown_e2e::person::{Person, Setup};
use ringdown_e2e::process::Program;
use ringdown_e2e::stage::Stage;
use ringdown_e2e::{PATIENCE, Result, eventually};
use tokio::time::timeout;

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

/// Drags something (see src/bin/drag.rs) to the middle of a window that has the upper left corner of the display to itself.
async fn drag_onto(person: &Person, stage: &Stage, kind: &str, text: &str) -> Result<()> {
    let mouse = Mouse::of(stage);
    let mut command = stage.command(env!("CARGO_BIN_EXE_drag"), "desk");
    let mut source = Program::start(command.args([kind, text]))?;
    let (x, y) = mouse.window("^Something to drag$").await?.middle();
    mouse.to(x, y).await?;
    mouse.press().await?;
    let (to_x, to_y) = mouse.window("^Ringdown$").await?.middle();
    for step in 1..=10 {
        let way = |from: i32, to: i32| from + (to - from) * step / 10;
        mouse.to(way(x, to_x), way(y, to_y)).await?;
    }
    // A hand is never quite still.
    let lingering = eventually("the window to take it", || async {
        mouse.to(to_x + 2, to_y).await?;
        mouse.to(to_x, to_y).await?;
        Ok(None::<()>)
    });
    tokio::select! {
        line = source.line() => assert_eq!(line?, "accepted"),
        given_up = lingering => given_up?,
    }
    let shade = "return document.querySelector('.drop-shade')?.checkVisibility()";
    eventually("the window to say that it takes it", || async {
        let shown = person.page().run(shade, Vec::new()).await?;
        Ok((shown == true).then_some(()))
    })
    .await?;
    mouse.release().await?;
    // Before that, its end would be the end of what it has to give.
    let taken = async {
        while source.line().await? != "taken" {}
        Ok(())
    };
    timeout(PATIENCE, taken).await?
}

#[tokio::test(flavor = "multi_thread")]
async fn bob_drags_alices_invite_onto_his_window() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let alice = Person::arrive(&stage, "Alice", Setup::default()).await?;
    let invite = alice.invite().await?;
    alice.leave().await?;
    let bob = Person::arrive(&stage, "Bob", Setup::default()).await?;
    let client = bob.page().client();
    client.set_window_rect(0, 0, 960, 640).await?;

    let bare = invite.trim_start_matches("ringdown:");
    let web = format!("https://calls.example.org/i#{bare}");
    let said = format!("Here I am ({invite}). Ring me any time!");
    for (kind, text, link) in [
        ("link", &web, &web),
        ("text", &said, &invite),
        ("link", &invite, &invite),
    ] {
        drag_onto(&bob, &stage, kind, text).await?;
        let filled_in = bob.page().value_of("textbox", "Invite link").await?;
        assert_eq!(&filled_in, link);
        if kind == "link" && text == &invite {
            bob.page().press("Add").await?;
        } else {
            bob.page().press("Cancel").await?;
        }
        bob.page().gone("textbox", "Invite link").await?;
    }
    bob.page().find("button", "Call Alice").await.map(drop)
}
