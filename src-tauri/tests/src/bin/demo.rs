//! `cargo xtask demo`: two windows, Alice and Bob, already contacts, with fake media; Alice calls Bob.

use std::path::Path;
use std::time::{Duration, Instant};

use ringdown_e2e::Result;
use ringdown_e2e::person::{Person, Setup};
use ringdown_e2e::stage::Stage;

/// Where the picture of the connected call goes when `RINGDOWN_DEMO_PICTURE` names a file.
const PICTURE: &str = "RINGDOWN_DEMO_PICTURE";

#[tokio::main]
async fn main() -> Result<()> {
    let seconds = std::env::args()
        .nth(1)
        .map(|seconds| seconds.parse())
        .transpose()?;
    let stage = Stage::new("1940x680").await?;
    let setup = Setup {
        tone: true,
        ..Setup::default()
    };
    let (alice, bob) = tokio::try_join!(
        Person::arrive(&stage, "Alice", setup.clone()),
        Person::arrive(&stage, "Bob", setup),
    )?;
    alice
        .page()
        .client()
        .set_window_rect(0, 0, 960, 640)
        .await?;
    bob.page()
        .client()
        .set_window_rect(970, 0, 960, 640)
        .await?;
    alice.befriend(&bob.invite().await?, "Bob").await?;
    bob.befriend(&alice.invite().await?, "Alice").await?;
    println!("Alice and Bob are contacts. Alice calls Bob.");

    alice.call_by_typing("Bob").await?;
    alice.page().status("Ringing…").await?;
    println!("Bob's app rings.");
    let accepted = Instant::now();
    bob.answer("Alice", "Accept").await?;
    tokio::try_join!(alice.sees("Bob"), bob.sees("Alice"))?;
    println!(
        "Connected; both pictures move, {} ms after Bob pressed Accept.",
        accepted.elapsed().as_millis()
    );
    if let Some(file) = std::env::var_os(PICTURE) {
        tokio::try_join!(path_is_known(&alice), path_is_known(&bob))?;
        stage.picture(Path::new(&file)).await?;
    }
    match seconds {
        Some(seconds) => stay(&alice, &bob, Duration::from_secs(seconds)).await,
        None => {
            println!("Close a window, or press Ctrl-C, to end.");
            tokio::signal::ctrl_c().await?;
            Ok(())
        }
    }
}

/// Waits until the badge says how the call travels, and no notice is in the picture.
async fn path_is_known(person: &Person) -> Result<()> {
    const SCRIPT: &str = r#"return !document.querySelector(".toast")
        && document.querySelector("[aria-label='Connection path']")?.textContent.includes("Direct")"#;
    ringdown_e2e::eventually("the badge to name the path", || async {
        Ok((person.page().run(SCRIPT, vec![]).await? == true).then_some(()))
    })
    .await
}

/// Stays in the call and looks now and then whether it still is one.
async fn stay(alice: &Person, bob: &Person, time: Duration) -> Result<()> {
    let end = Instant::now() + time;
    while Instant::now() < end {
        tokio::try_join!(alice.sees("Bob"), bob.sees("Alice"))?;
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
    println!("Still connected after {} s.", time.as_secs());
    alice.page().press("Hang up").await?;
    bob.page().status("Call ended").await
}
