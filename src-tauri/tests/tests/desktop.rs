//! Bob's window is out of sight: his desktop tells him who calls, and he answers there.

use ringdown_e2e::desk::{Dunst, Panel};
use ringdown_e2e::mouse::{Area, Mouse};
use ringdown_e2e::person::{Person, Setup, friends};
use ringdown_e2e::stage::{Stage, binary};
use ringdown_e2e::{Result, eventually};

/// Friends; Bob's app was started again, as at the beginning of a session, without showing its window.
async fn friends_and_bob_in_the_background(stage: &Stage) -> Result<(Person, Person)> {
    let (alice, bob) = friends(stage).await?;
    bob.leave().await?;
    let bob = in_the_background(stage, "Bob").await?;
    Ok((alice, bob))
}

async fn in_the_background(stage: &Stage, name: &str) -> Result<Person> {
    let setup = Setup {
        arguments: vec!["--hidden".into()],
        ..Setup::default()
    };
    Person::open(stage, name, setup).await
}

/// Of the popup's window.
const POPUP: &str = "^Alice is calling$";

#[tokio::test(flavor = "multi_thread")]
async fn bob_answers_in_the_notification() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let dunst = Dunst::start(&stage).await?;
    let (alice, bob) = friends_and_bob_in_the_background(&stage).await?;
    alice.call_by_typing("Bob").await?;
    dunst.shows(1).await?;
    Mouse::of(&stage).window(POPUP).await?;
    dunst.choose(",accept]").await?;
    // dunst does not keep their order.
    let mut buttons = dunst.offered().await?;
    buttons.sort();
    let [voice, later] = ["Accept without video", "Not now, in 10 min"];
    assert_eq!(buttons, ["Accept", voice, "Decline", later]);
    tokio::try_join!(alice.sees("Bob"), bob.sees("Alice"))?;
    dunst.shows(0).await?;
    Mouse::of(&stage).no_window(POPUP).await
}

#[tokio::test(flavor = "multi_thread")]
async fn bob_is_told_of_a_call_he_missed_and_calls_back() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let dunst = Dunst::start(&stage).await?;
    let (alice, bob) = friends_and_bob_in_the_background(&stage).await?;
    alice.call_by_typing("Bob").await?;
    Mouse::of(&stage).window(POPUP).await?;
    alice.page().press("Hang up").await?;
    Mouse::of(&stage).no_window(POPUP).await?;
    // The one of the call is gone, the one of the missed call is there.
    dunst.shows(1).await?;
    dunst.choose("Call back").await?;
    alice.answer("Bob", "Accept").await?;
    tokio::try_join!(alice.sees("Bob"), bob.sees("Alice")).map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn bob_is_told_that_somebody_who_passes_for_alice_asks_and_comes_to_the_request() -> Result<()>
{
    let stage = Stage::new("1280x1024").await?;
    let dunst = Dunst::start(&stage).await?;
    let (alice, bob) = friends_and_bob_in_the_background(&stage).await?;
    alice.leave().await?;
    let mut command = stage.command(binary("ringdown")?, "bob");
    command.arg("--data-dir").arg(bob.data()).arg("invite");
    let invite = String::from_utf8(command.output().await?.stdout)?;

    let mallory = Person::open(&stage, "Mallory", Setup::default()).await?;
    // The first letter is a Cyrillic one.
    let fake = "Аlice";
    let page = mallory.page();
    page.type_into("textbox", "Your name", fake).await?;
    page.press("Start").await?;
    mallory.befriend(invite.trim(), "Bob").await?;

    let asks = format!("{fake} would like to call you");
    let body = dunst.says(&asks).await?;
    let warning = "This is not the Alice you already know";
    assert!(body.starts_with(warning), "{body}");
    dunst.shows(1).await?;
    dunst.click().await?;
    dunst.shows(0).await?;
    eventually("the request to be before Bob", || async {
        let focus = "return document.activeElement?.getAttribute('aria-label')";
        let focused = bob.page().run(focus, Vec::new()).await?;
        Ok((focused == asks.as_str()).then_some(()))
    })
    .await?;
    bob.page().press("Ignore").await?;
    bob.page().gone("group", &asks).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_popup_is_at_the_top_in_the_middle_and_takes_an_answer() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let (alice, bob) = friends_and_bob_in_the_background(&stage).await?;
    alice.call_by_typing("Bob").await?;
    let mouse = Mouse::of(&stage);
    let Area {
        x,
        y,
        width,
        height,
    } = mouse.window(POPUP).await?;
    assert_eq!((width, height), (380, 220));
    assert_eq!((x, y), ((1280 - 380) / 2, 24));
    // "Accept" is the right one of the two large buttons. The page may not have drawn them yet.
    eventually("the call to be accepted", || async {
        mouse.click(x + width * 3 / 4, y + 140).await?;
        let ringing = alice.page().look_for("status", "Ringing…").await?;
        Ok(ringing.is_none().then_some(()))
    })
    .await?;
    tokio::try_join!(alice.sees("Bob"), bob.sees("Alice"))?;
    Mouse::of(&stage).no_window(POPUP).await
}

#[tokio::test(flavor = "multi_thread")]
async fn alice_calls_bob_from_the_tray_and_quits_there() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let panel = Panel::start(&stage).await?;
    let (alice, bob) = friends(&stage).await?;
    panel.icons(2).await?;
    alice.page().press("Show Bob").await?;
    alice.page().press("Favourite").await?;
    alice.page().pressed("Favourite", true).await?;
    alice.leave().await?;
    let alice = in_the_background(&stage, "Alice").await?;
    panel.icons(3).await?;
    assert!(panel.icon(2).await?.is_file(), "the icon can be read");

    panel.choose(2, "Call Bob").await?;
    bob.answer("Alice", "Accept").await?;
    tokio::try_join!(alice.sees("Bob"), bob.sees("Alice"))?;

    let menu = panel.menu(2).await?;
    assert!(menu.contains(&"Do not disturb".to_owned()), "{menu:?}");
    panel.choose(2, "Quit").await?;
    bob.page().status("Call ended").await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_desktop_starts_reaches_the_window_that_is_open() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let alice = Person::arrive(&stage, "Alice", Setup::default()).await?;
    let bob = Person::arrive(&stage, "Bob", Setup::default()).await?;
    let app = binary("ringdown")?;
    let run = |argument: String| {
        let mut command = stage.command(app.clone(), "alice");
        command.arg("--data-dir").arg(alice.data()).arg(argument);
        async move { command.status().await.map(|ended| assert!(ended.success())) }
    };
    // "Call…" in the launcher's menu.
    run("call".into()).await?;
    eventually("a name to be asked for", || async {
        let focus = "return document.activeElement?.getAttribute('aria-label')";
        let focused = alice.page().run(focus, Vec::new()).await?;
        Ok((focused == "Find a contact").then_some(()))
    })
    .await?;
    // A link that was clicked somewhere.
    let link = bob.invite().await?;
    run(link.clone()).await?;
    let shown = alice.page().value_of("textbox", "Invite link").await?;
    assert_eq!(shown, link);
    Ok(())
}
