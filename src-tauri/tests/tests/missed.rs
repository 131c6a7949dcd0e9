//! Bob's app is off when Alice calls: he learns of it when it starts again.

use ringdown_e2e::person::{Person, Setup};
use ringdown_e2e::process::free_port;
use ringdown_e2e::stage::Stage;
use ringdown_e2e::{Result, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn a_call_while_bobs_app_was_off_waits_for_him_at_the_meeting_point() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let port = free_port()?;
    let _server = stage.meeting_point(port).await?;
    let setup = Setup {
        arguments: vec!["--server".into(), format!("ws://127.0.0.1:{port}")],
        ..Setup::default()
    };
    let alice = Person::arrive(&stage, "Alice", setup.clone()).await?;
    let bob = Person::arrive(&stage, "Bob", setup.clone()).await?;
    alice.befriend(&bob.invite().await?, "Bob").await?;
    bob.befriend(&alice.invite().await?, "Alice").await?;
    bob.leave().await?;

    alice.call_by_typing("Bob").await?;
    let unreachable = "Bob can't be reached right now";
    alice.page().status(unreachable).await?;

    let bob = Person::open(&stage, "Bob", setup).await?;
    let history = "History, 1 missed call";
    bob.page().find("button", history).await?;
    assert_eq!(badge(&bob).await?, "1");
    bob.page().press(history).await?;
    eventually("the missed call in the history", || async {
        let script = r#"return document.querySelector(".past.missed")?.textContent ?? """#;
        let row = bob.page().run(script, Vec::new()).await?;
        let row = row.as_str().unwrap_or_default();
        let told = ["Alice", "Missed video call", "While Ringdown was off"];
        Ok(told.iter().all(|words| row.contains(words)).then_some(()))
    })
    .await?;
    // Looked at, it is not counted any more; and it is called back from here.
    bob.page().find("button", "History").await?;
    assert_eq!(badge(&bob).await?, "");
    bob.page().press("Call Alice back").await?;
    alice.answer("Bob", "Accept").await?;
    tokio::try_join!(alice.sees("Bob"), bob.sees("Alice")).map(drop)
}

/// What the badge in the rail counts; empty where it is not shown.
async fn badge(person: &Person) -> Result<String> {
    let script = r#"const badge = document.querySelector(".rail .count-badge");
        return badge?.checkVisibility() ? badge.getAttribute("data-count") : """#;
    let counted = person.page().run(script, Vec::new()).await?;
    Ok(counted.as_str().unwrap_or_default().to_owned())
}
