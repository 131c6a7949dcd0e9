//! Carol calls Bob while he talks with Alice: he puts Alice on hold, changes between the two, and has both back one by one.

use std::path::Path;

use ringdown_e2e::desk::Dunst;
use ringdown_e2e::look::Beholder;
use ringdown_e2e::mouse::Mouse;
use ringdown_e2e::person::{Person, Setup, friends};
use ringdown_e2e::stage::Stage;
use ringdown_e2e::{Result, eventually};

/// What Alice's and Carol's microphones hear.
const ALICES: f64 = 500.0;
const CAROLS: f64 = 900.0;

/// Of the popup's window.
const POPUP: &str = "^Carol is calling too$";

/// Alice and Bob in a call, and Carol, a friend of Bob's.
async fn alice_talks_with_bob(stage: &Stage) -> Result<(Person, Person, Person)> {
    let (alice, bob) = friends(stage).await?;
    let carol = Person::arrive(stage, "Carol", Setup::default()).await?;
    carol.befriend(&bob.invite().await?, "Bob").await?;
    bob.befriend(&carol.invite().await?, "Carol").await?;
    alice.talks_with(&bob).await?;
    Ok((alice, bob, carol))
}

/// Waits until Bob reads that somebody is on hold; None: nobody.
async fn on_hold(bob: &Person, name: Option<&str>) -> Result<()> {
    let wanted = name.map_or_else(String::new, |name| format!("{name} is on hold"));
    eventually(&format!("“{wanted}” on the stage"), || async {
        let script = r#"return document.querySelector('#held-title')?.textContent ?? """#;
        let shown = bob.page().run(script, Vec::new()).await?;
        Ok((shown == wanted.as_str()).then_some(()))
    })
    .await
}

/// Has a stage looked at closely, in a small window and in the usual one; a picture of each goes to the folder that
/// `RINGDOWN_PICTURES` names.
async fn looks_right(person: &Person, screen: &str) -> Result<()> {
    let mut beholder = Beholder::new(person.page(), None).await?;
    for (width, height) in [(360, 480), (960, 640)] {
        beholder.size(width, height).await?;
        let screen = format!("{screen}-{width}");
        beholder.examine(&screen).await?;
        beholder.measure(&screen).await?;
        if let Some(folder) = std::env::var_os("RINGDOWN_PICTURES") {
            let file = Path::new(&folder).join(format!("{screen}.png"));
            person.page().screenshot(&file).await?;
        }
    }
    beholder.tab_through(screen).await?;
    beholder.verdict()
}

#[tokio::test(flavor = "multi_thread")]
async fn bob_puts_alice_on_hold_for_carol_and_talks_with_each_in_turn() -> Result<()> {
    let stage = Stage::new("1920x1080").await?;
    let (alice, bob, carol) = alice_talks_with_bob(&stage).await?;
    let sound = stage.sound();
    let _voices = (sound.hum("alice", ALICES)?, sound.hum("carol", CAROLS)?);
    sound.hears("bob", ALICES).await?;

    carol.call_by_typing("Bob").await?;
    carol.page().status("Ringing…").await?;
    bob.page().find("button", "Hold and accept").await?;
    looks_right(&bob, "carol-waits").await?;
    bob.page().press("Hold and accept").await?;
    tokio::try_join!(carol.sees("Bob"), bob.sees("Carol"))?;
    on_hold(&bob, Some("Alice")).await?;
    alice.page().status("Bob put you on hold").await?;
    sound.hears("bob", CAROLS).await?;
    sound.hears_no("bob", ALICES).await?;
    looks_right(&bob, "alice-on-hold").await?;
    looks_right(&alice, "alice-is-on-hold").await?;

    bob.page().press("Switch to Alice").await?;
    tokio::try_join!(alice.sees("Bob"), bob.sees("Alice"))?;
    on_hold(&bob, Some("Carol")).await?;
    carol.page().status("Bob put you on hold").await?;
    sound.hears("bob", ALICES).await?;
    sound.hears_no("bob", CAROLS).await?;

    bob.page().press("Hang up").await?;
    alice.page().status("Call ended").await?;
    tokio::try_join!(carol.sees("Bob"), bob.sees("Carol"))?;
    on_hold(&bob, None).await?;
    sound.hears("bob", CAROLS).await?;
    bob.page().press("Hang up").await?;
    carol.page().status("Call ended").await
}

#[tokio::test(flavor = "multi_thread")]
async fn bobs_window_is_lost_while_alice_is_on_hold_and_he_ends_her_call_alone() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let (alice, bob, carol) = alice_talks_with_bob(&stage).await?;
    carol.call_by_typing("Bob").await?;
    bob.page().press("Hold and accept").await?;
    tokio::try_join!(carol.sees("Bob"), bob.sees("Carol"))?;
    alice.page().status("Bob put you on hold").await?;
    bob.lose_page("KILL").await?;
    // Both calls are made anew, and each is what it was.
    alice.page().status("Reconnecting…").await?;
    alice.page().status("Bob put you on hold").await?;
    carol.sees("Bob").await?;
    carol.page().press("Hang up").await?;
    alice.sees("Bob").await
}

#[tokio::test(flavor = "multi_thread")]
async fn bob_answers_carol_in_the_notification_while_he_talks_with_alice() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let dunst = Dunst::start(&stage).await?;
    let (alice, bob, carol) = alice_talks_with_bob(&stage).await?;
    // Nobody looks at a window that is minimised.
    bob.page().client().minimize_window().await?;
    carol.call_by_typing("Bob").await?;
    dunst.shows(1).await?;
    dunst.choose(",hold-and-accept]").await?;
    let mut buttons = dunst.offered().await?;
    buttons.sort();
    assert_eq!(buttons, ["Decline", "End and accept", "Hold and accept"]);
    tokio::try_join!(carol.sees("Bob"), bob.sees("Carol"))?;
    dunst.shows(0).await?;
    alice.page().status("Bob put you on hold").await
}

#[tokio::test(flavor = "multi_thread")]
async fn bob_answers_carol_in_the_popup_while_he_talks_with_alice() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let (alice, bob, carol) = alice_talks_with_bob(&stage).await?;
    bob.page().client().minimize_window().await?;
    carol.call_by_typing("Bob").await?;
    let mouse = Mouse::of(&stage);
    let popup = mouse.window(POPUP).await?;
    assert_eq!((popup.width, popup.height), (380, 220));
    // "Hold and accept" is the right one of the two large buttons. The page may not have drawn them yet.
    let (x, y) = (popup.x + popup.width * 3 / 4, popup.y + 140);
    eventually("the call to be accepted", || async {
        mouse.click(x, y).await?;
        let ringing = carol.page().look_for("status", "Ringing…").await?;
        Ok(ringing.is_none().then_some(()))
    })
    .await?;
    tokio::try_join!(carol.sees("Bob"), bob.sees("Carol"))?;
    mouse.no_window(POPUP).await?;
    alice.page().status("Bob put you on hold").await
}
