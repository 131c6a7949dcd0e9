//! Alice asks her running app from a terminal.

use std::process::Output;

use ringdown_e2e::Result;
use ringdown_e2e::person::{Person, Setup, friends};
use ringdown_e2e::stage::{Stage, binary};
use serde_json::Value;

/// Runs `ringdown` in a terminal of this person.
async fn run(stage: &Stage, person: &Person, arguments: &[&str]) -> Result<Output> {
    let mut command = stage.command(binary("ringdown")?, "terminal");
    command.arg("--data-dir").arg(person.data()).args(arguments);
    Ok(command.output().await?)
}

async fn status(stage: &Stage, person: &Person) -> Result<Value> {
    let output = run(stage, person, &["status", "--json"]).await?;
    Ok(serde_json::from_slice(&output.stdout)?)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_tells_of_a_call_and_ends_it() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let (alice, bob) = friends(&stage).await?;
    let idle = status(&stage, &alice).await?;
    assert_eq!(idle["running"], true, "{idle}");
    assert_eq!(idle["call"], Value::Null, "{idle}");
    alice.call_by_typing("Bob").await?;
    bob.page().find("dialog", "Alice is calling").await?;
    let ringing = status(&stage, &bob).await?;
    assert_eq!(ringing["call"]["name"], "Alice", "{ringing}");
    assert_eq!(ringing["call"]["direction"], "incoming", "{ringing}");
    bob.page().press("Accept").await?;
    tokio::try_join!(alice.sees("Bob"), bob.sees("Alice"))?;

    let talking = status(&stage, &alice).await?;
    assert_eq!(talking["call"]["name"], "Bob", "{talking}");
    assert_eq!(talking["call"]["direction"], "outgoing", "{talking}");
    assert_eq!(talking["call"]["phase"], "connected", "{talking}");
    assert!(talking["call"]["seconds"].is_u64(), "{talking}");
    let told = String::from_utf8(run(&stage, &alice, &["status"]).await?.stdout)?;
    assert!(told.contains("In a call with Bob"), "{told}");

    let ended = run(&stage, &alice, &["hangup"]).await?;
    assert!(ended.status.success(), "{ended:?}");
    bob.page().status("Call ended").await?;
    assert_eq!(status(&stage, &alice).await?["call"], Value::Null);
    let nothing = run(&stage, &alice, &["hangup"]).await?;
    let said = String::from_utf8(nothing.stderr)?;
    assert!(
        !nothing.status.success() && said.contains("no call"),
        "{said}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_says_that_the_app_is_not_running() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let (alice, _bob) = friends(&stage).await?;
    let data = alice.data().to_owned();
    alice.leave().await?;
    let mut command = stage.command(binary("ringdown")?, "terminal");
    command
        .arg("--data-dir")
        .arg(&data)
        .args(["status", "--json"]);
    let output = command.output().await?;
    let told: Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(told["running"], false, "{told}");
    assert!(!output.status.success());
    Ok(())
}

/// All that other users of the machine may read of a process: its arguments and, as far as it is ours, its environment.
async fn shown_of(pid: u32) -> Result<String> {
    let mut shown = String::new();
    for file in ["cmdline", "environ"] {
        let bytes = tokio::fs::read(format!("/proc/{pid}/{file}")).await?;
        shown.push_str(&String::from_utf8_lossy(&bytes));
        shown.push('\n');
    }
    Ok(shown)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invite_that_was_clicked_is_opened_and_does_not_stay_among_the_arguments() -> Result<()>
{
    let stage = Stage::new("1280x1024").await?;
    let bob = Person::arrive(&stage, "Bob", Setup::default()).await?;
    let invite = bob.invite().await?;
    let token = invite
        .split(['?', '&'])
        .find_map(|part| part.strip_prefix("t="))
        .ok_or("no token in the invite")?;
    // Once as a desktop does it, once as somebody types it; the app is not running yet.
    for (name, arguments) in [
        ("Alice", vec![invite.clone()]),
        ("Carol", vec!["add".to_owned(), invite.clone()]),
    ] {
        let setup = Setup {
            arguments,
            ..Setup::default()
        };
        let person = Person::arrive(&stage, name, setup).await?;
        let filled_in = person.page().value_of("textbox", "Invite link").await?;
        assert_eq!(filled_in, invite, "{name}");
        let shown = shown_of(person.pid().await?).await?;
        assert!(
            shown.contains(&person.data().display().to_string()),
            "{shown}"
        );
        assert!(!shown.contains(token), "{shown}");
    }
    Ok(())
}
