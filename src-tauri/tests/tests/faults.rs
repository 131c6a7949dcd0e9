//! Bad input and faults: each gets a sentence that says what to do, and nothing is lost.

use std::time::Duration;

use ringdown_e2e::Result;
use ringdown_e2e::eventually;
use ringdown_e2e::page::Page;
use ringdown_e2e::person::{Person, Setup, friends};
use ringdown_e2e::process::free_port;
use ringdown_e2e::stage::{Stage, binary};

/// Waits until an alert on the page says something with `words` in it.
async fn told(page: &Page, words: &str) -> Result<()> {
    let script = r#"return [...document.querySelectorAll("[role=alert], [role=status], [aria-live], .field-error")]
        .filter((node) => node.checkVisibility()).map((node) => node.textContent).join(" | ")"#;
    eventually(&format!("to be told “{words}”"), || async {
        let said = page.run(script, vec![]).await?;
        let said = said.as_str().unwrap_or_default();
        if said.contains(words) {
            Ok(Some(()))
        } else {
            Err(format!("told “{said}”").into())
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn invites_that_are_none_say_what_to_do() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let alice = Person::arrive(&stage, "Alice", Setup::default()).await?;
    let invite = alice.invite().await?;
    let truncated = &invite[..invite.len() - 12];
    let damaged = invite.replace("n=Alice", "n=Alicia");
    for (link, words) in [
        ("hello there", "invite"),
        (truncated, "whole"),
        (damaged.as_str(), "changed on its way"),
        (invite.as_str(), "your own"),
    ] {
        alice.page().press("Add contact").await?;
        alice
            .page()
            .type_into("textbox", "Invite link", link)
            .await?;
        told(alice.page(), words)
            .await
            .map_err(|error| format!("{words}: {error}"))?;
        alice.page().press("Cancel").await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_none_say_what_to_do() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let alice = Person::open(&stage, "Alice", Setup::default()).await?;
    for name in ["   ", &"x".repeat(200), "Ali\u{202e}ce"] {
        alice.page().type_into("textbox", "Your name", name).await?;
        alice.page().press("Start").await?;
        told(alice.page(), "name").await?;
    }
    alice
        .page()
        .type_into("textbox", "Your name", "Alice")
        .await?;
    alice.page().press("Start").await?;
    alice.page().find("button", "Add contact").await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_contact_twice_is_one_contact() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let (alice, bob) = friends(&stage).await?;
    alice.paste_invite(&bob.invite().await?, "Bobby").await?;
    told(alice.page(), "Bob").await?;
    assert!(
        alice
            .page()
            .look_for("button", "Call Bobby")
            .await?
            .is_none()
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_camera_bob_is_heard_and_alice_seen() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let alice = Person::arrive(&stage, "Alice", Setup::default()).await?;
    let bob = Person::arrive(
        &stage,
        "Bob",
        Setup {
            camera: false,
            tone: true,
            ..Setup::default()
        },
    )
    .await?;
    alice.befriend(&bob.invite().await?, "Bob").await?;
    bob.befriend(&alice.invite().await?, "Alice").await?;
    alice.call_by_typing("Bob").await?;
    bob.answer("Alice", "Accept").await?;
    bob.sees("Alice").await?;
    told(bob.page(), "camera").await?;
    stage.sound().hears("alice", 440.0).await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_microphone_bob_is_seen_and_told_so() -> Result<()> {
    let stage = Stage::without_microphones("1280x1024").await?;
    let (alice, bob) = friends(&stage).await?;
    alice.call_by_typing("Bob").await?;
    bob.answer("Alice", "Accept").await?;
    tokio::try_join!(alice.sees("Bob"), bob.sees("Alice"))?;
    told(bob.page(), "No microphone found: Alice can't hear you").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_brings_the_first_window_and_leaves() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let (alice, bob) = friends(&stage).await?;
    let mut second = stage.command(binary("ringdown")?, "alice");
    second
        .arg("--data-dir")
        .arg(alice.data())
        .args(["call", "bob"]);
    let status = second.status().await?;
    assert!(
        status.success(),
        "the second start handed over and left: {status}"
    );
    bob.page()
        .find("dialog", "Alice is calling")
        .await
        .map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_that_finds_no_way_to_the_first_says_who_holds_the_data() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let alice = Person::arrive(&stage, "Alice", Setup::default()).await?;
    tokio::fs::remove_file(alice.data().join("control")).await?;
    let mut second = stage.command(binary("ringdown")?, "alice");
    second
        .arg("--data-dir")
        .arg(alice.data())
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
    let output = second.output().await?;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && said.contains("already running"),
        "{said}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_of_a_newer_version_are_left_alone_and_said() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let alice = Person::arrive(&stage, "Alice", Setup::default()).await?;
    let data = alice.data().to_owned();
    alice.leave().await?;
    // Bytes 60 to 63 of an SQLite file are its user version.
    let file = data.join("ringdown.db");
    let mut bytes = tokio::fs::read(&file).await?;
    bytes[60..64].copy_from_slice(&999_u32.to_be_bytes());
    tokio::fs::write(&file, &bytes).await?;

    let alice = Person::open(&stage, "Alice", Setup::default()).await?;
    told(alice.page(), "newer Ringdown").await?;
    assert_eq!(tokio::fs::read(&file).await?[60..64], 999_u32.to_be_bytes());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_said_and_calls_still_work() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let (alice, bob) = friends(&stage).await?;
    let invite = bob.invite().await?;
    let port: u16 = invite
        .split("127.0.0.1:")
        .nth(1)
        .and_then(|rest| rest.split('&').next())
        .ok_or("no port")?
        .parse()?;
    bob.leave().await?;
    let _squatter = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;

    let bob = Person::open(&stage, "Bob", Setup::default()).await?;
    told(bob.page(), "is taken").await?;
    // Alice does not know the new port yet; Bob's call tells her.
    bob.talks_with(&alice).await?;
    bob.page().press("Hang up").await?;
    alice.page().status("Call ended").await?;
    alice.put_away().await?;
    alice.call_by_typing("Bob").await?;
    bob.page()
        .find("dialog", "Alice is calling")
        .await
        .map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stand_alone_server_is_the_meeting_point_and_may_restart() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let port = free_port()?;
    let mut server = stage.meeting_point(port).await?;
    let arguments = vec!["--server".to_owned(), format!("ws://127.0.0.1:{port}")];
    let setup = Setup {
        arguments,
        ..Setup::default()
    };
    let alice = Person::arrive(&stage, "Alice", setup.clone()).await?;
    let bob = Person::arrive(&stage, "Bob", setup).await?;
    let by_server = |invite: String| async move {
        assert!(
            invite.contains(&format!("127.0.0.1:{port}")),
            "the invite names the server"
        );
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(invite)
    };
    alice
        .befriend(&by_server(bob.invite().await?).await?, "Bob")
        .await?;
    bob.befriend(&by_server(alice.invite().await?).await?, "Alice")
        .await?;
    alice.talks_with(&bob).await?;

    server.kill().await?;
    tokio::try_join!(alice.sees("Bob"), bob.sees("Alice"))?;
    let _server = stage.meeting_point(port).await?;
    alice.page().press("Hang up").await?;
    bob.page()
        .status_within(Duration::from_secs(60), "Call ended")
        .await
}
