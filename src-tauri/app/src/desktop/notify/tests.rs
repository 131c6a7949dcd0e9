//! Bob's notifications, on a desktop of his own: a screen, a session bus and dunst, a notification server that people
//! use.

use std::path::Path;
use std::process::Command;

use super::*;
use crate::desktop::stage::{Bus, PATIENCE, Program, Screen, eventually};

/// Bob's desktop. Whatever is asked of him in a menu, he answers with what is in the file `choice`.
struct Desktop {
    dunst: Option<Program>,
    bus: Bus,
    screen: Screen,
}

impl Desktop {
    /// Starts dunst. Its menu is a program that takes the line which holds the word in `choice`.
    async fn with_dunst() -> Self {
        let mut desktop = Self {
            dunst: None,
            bus: Bus::new(),
            screen: Screen::new(),
        };
        let at = |name: &str| desktop.bus.dir().join(name);
        let menu = at("menu");
        let script = format!(
            "#!/bin/sh\nexec grep --max-count=1 --file={}\n",
            at("choice").display()
        );
        std::fs::write(&menu, script).unwrap();
        make_executable(&menu);
        // It tells how urgent a notification is to nobody but the script of a rule.
        let heard = at("heard");
        let script = format!(
            "#!/bin/sh\nprintf '%s\\n' \"$DUNST_URGENCY\" > {}\n",
            at("urgency").display()
        );
        std::fs::write(&heard, script).unwrap();
        make_executable(&heard);
        let config = format!(
            "[global]\ndmenu = {}\nmarkup = full\n\n[every]\nsummary = *\nscript = {}\n",
            menu.display(),
            heard.display()
        );
        std::fs::write(at("dunstrc"), config).unwrap();
        let dunst = Program::start(desktop.command("dunst").arg("-config").arg(at("dunstrc")));
        desktop.dunst = Some(dunst);
        desktop.bus.has("org.freedesktop.Notifications").await;
        desktop
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env("DISPLAY", self.screen.display())
            .env("DBUS_SESSION_BUS_ADDRESS", self.bus.address())
            .env("HOME", self.bus.dir())
            .env_remove("WAYLAND_DISPLAY");
        command
    }

    fn dunstctl(&self, arguments: &[&str]) -> String {
        let output = self.command("dunstctl").args(arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    async fn shows(&self, count: usize) {
        eventually(&format!("{count} on the screen"), || {
            (self.dunstctl(&["count", "displayed"]) == count.to_string()).then_some(())
        })
        .await;
    }

    /// Opens the menu of the notification and takes the line with this word.
    fn choose(&self, word: &str) {
        std::fs::write(self.bus.dir().join("choice"), word).unwrap();
        self.dunstctl(&["context"]);
    }

    fn urgency(&self) -> String {
        let urgency = std::fs::read_to_string(self.bus.dir().join("urgency"));
        urgency.unwrap_or_default().trim().to_owned()
    }

    /// What dunst knows of the notification that has gone last.
    fn last(&self) -> serde_json::Value {
        let history: serde_json::Value =
            serde_json::from_str(&self.dunstctl(&["history"])).unwrap();
        let last = &history["data"][0][0];
        let fields = last.as_object().unwrap().iter();
        fields
            .map(|(name, field)| (name.clone(), field["data"].clone()))
            .collect()
    }

    async fn notifier(&self) -> (Notifier, mpsc::UnboundedReceiver<Chosen>) {
        notifier_on(&self.bus).await
    }
}

async fn notifier_on(bus: &Bus) -> (Notifier, mpsc::UnboundedReceiver<Chosen>) {
    let (orders, queue) = mpsc::unbounded_channel();
    let (chosen, choices) = mpsc::unbounded_channel();
    tokio::spawn(system::run_on(bus.connect().await, queue, chosen));
    (Notifier(orders), choices)
}

fn make_executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700)).unwrap();
}

async fn next(choices: &mut mpsc::UnboundedReceiver<Chosen>) -> Chosen {
    let next = tokio::time::timeout(PATIENCE, choices.recv()).await;
    next.expect("a choice in time").unwrap()
}

/// No dunst on this distribution: said, and skipped.
fn dunst_is_missing() -> bool {
    let missing = Command::new("dunst").arg("--version").output().is_err();
    if missing {
        eprintln!("skipped: dunst is not installed");
    }
    missing
}

fn call_of_alice(call: Uuid) -> Notice {
    Notice {
        about: About::Call(call),
        title: "Alice is calling".into(),
        body: "Video call".into(),
        buttons: vec![
            (Choice::Accept, "Accept".into()),
            (Choice::AcceptVoice, "Accept without video".into()),
            (Choice::Decline, "Decline".into()),
        ],
        quietly: false,
    }
}

fn request(name: &str, body: &str, quietly: bool) -> Notice {
    Notice {
        about: About::Requests,
        title: format!("{name} would like to call you"),
        body: body.into(),
        buttons: Vec::new(),
        quietly,
    }
}

fn key(seed: u8) -> PublicKey {
    ringdown_core::identity::Identity::from_seed([seed; 32]).public()
}

#[tokio::test]
async fn bob_accepts_in_the_notification() {
    if dunst_is_missing() {
        return;
    }
    let desktop = Desktop::with_dunst().await;
    let (notifier, mut choices) = desktop.notifier().await;
    let call = Uuid::new_v4();
    notifier.show(call_of_alice(call));
    desktop.shows(1).await;

    eventually("it to be critical", || {
        (desktop.urgency() == "CRITICAL").then_some(())
    })
    .await;
    desktop.choose("Accept without video");
    let chosen = next(&mut choices).await;
    assert_eq!(
        chosen,
        Chosen {
            about: About::Call(call),
            choice: Choice::AcceptVoice
        }
    );
    // And it is gone, as the call no longer rings.
    desktop.shows(0).await;
    let last = desktop.last();
    assert_eq!(last["summary"], "Alice is calling");
    assert_eq!(last["category"], "call.incoming");
    assert_eq!(last["timeout"], 0, "it stays until it is answered");
}

#[tokio::test]
async fn it_goes_at_once_when_alice_gives_up() {
    if dunst_is_missing() {
        return;
    }
    let desktop = Desktop::with_dunst().await;
    let (notifier, mut choices) = desktop.notifier().await;
    let call = Uuid::new_v4();
    notifier.show(call_of_alice(call));
    desktop.shows(1).await;
    notifier.put_away(About::Call(call));
    desktop.shows(0).await;

    // She had given up before it was on the screen; the notification that follows shows that all was carried out.
    notifier.show(call_of_alice(call));
    notifier.put_away(About::Call(call));
    let missed = About::Missed(key(1));
    notifier.show(Notice {
        about: missed,
        title: "Missed call from Alice".into(),
        body: String::new(),
        buttons: vec![(Choice::CallBack, "Call back".into())],
        quietly: false,
    });
    desktop.shows(1).await;
    desktop.choose("Call back");
    let choice = Choice::CallBack;
    assert_eq!(
        next(&mut choices).await,
        Chosen {
            about: missed,
            choice
        }
    );
}

#[tokio::test]
async fn a_click_on_the_notification_shows_the_window_and_the_call_rings_on() {
    if dunst_is_missing() {
        return;
    }
    let desktop = Desktop::with_dunst().await;
    let (notifier, mut choices) = desktop.notifier().await;
    let about = About::Call(Uuid::new_v4());
    let mut notice = call_of_alice(Uuid::nil());
    notice.about = about;
    notice.buttons.clear();
    notifier.show(notice.clone());
    desktop.shows(1).await;
    desktop.dunstctl(&["action"]);
    let choice = Choice::Open;
    assert_eq!(next(&mut choices).await, Chosen { about, choice });
}

#[tokio::test]
async fn missed_calls_of_one_person_are_one_notification_and_no_markup() {
    if dunst_is_missing() {
        return;
    }
    let desktop = Desktop::with_dunst().await;
    let (notifier, _choices) = desktop.notifier().await;
    let missed = |from: PublicKey, body: &str| Notice {
        about: About::Missed(from),
        title: "Missed call from Eve".into(),
        body: body.into(),
        buttons: Vec::new(),
        quietly: false,
    };
    notifier.show(missed(key(1), "once"));
    notifier.show(missed(key(2), "another Eve"));
    notifier.show(missed(key(1), "<b>twice</b> & again"));
    desktop.shows(2).await;
    notifier.put_away(About::Missed(key(2)));
    desktop.shows(1).await;
    notifier.put_away(About::Missed(key(1)));
    desktop.shows(0).await;
    let last = desktop.last();
    assert_eq!(last["body"], "&lt;b&gt;twice&lt;/b&gt; &amp; again");
}

#[tokio::test]
async fn a_crowd_that_asks_is_one_notification_and_comes_up_once() {
    if dunst_is_missing() {
        return;
    }
    let desktop = Desktop::with_dunst().await;
    let (notifier, mut choices) = desktop.notifier().await;
    notifier.show(request("<i>Eve</i> & co", "", false));
    desktop.shows(1).await;
    eventually("it to be as urgent as others", || {
        (desktop.urgency() == "NORMAL").then_some(())
    })
    .await;
    for count in 2..=32 {
        notifier.show(request(&format!("{count} people"), "<b>Read</b>", true));
    }
    eventually("the others not to come up", || {
        (desktop.urgency() == "LOW").then_some(())
    })
    .await;
    // The one that follows shows that all was carried out.
    let call = call_of_alice(Uuid::new_v4());
    notifier.show(call.clone());
    desktop.shows(2).await;
    notifier.put_away(call.about);
    desktop.shows(1).await;

    desktop.dunstctl(&["action"]);
    let (about, choice) = (About::Requests, Choice::Open);
    assert_eq!(next(&mut choices).await, Chosen { about, choice });
    desktop.shows(0).await;
    let last = desktop.last();
    assert_eq!(last["summary"], "32 people would like to call you");
    assert_eq!(last["body"], "&lt;b&gt;Read&lt;/b&gt;");

    notifier.show(request("<i>Eve</i> & co", "", false));
    desktop.shows(1).await;
    notifier.put_away(About::Requests);
    desktop.shows(0).await;
    let shown = desktop.last()["message"].to_string();
    assert!(
        shown.contains("&lt;i&gt;Eve"),
        "a name is no markup: {shown}"
    );
}

#[tokio::test]
async fn closing_the_app_takes_the_call_off_the_screen_but_not_the_missed_ones() {
    if dunst_is_missing() {
        return;
    }
    let desktop = Desktop::with_dunst().await;
    let (notifier, _choices) = desktop.notifier().await;
    notifier.show(call_of_alice(Uuid::new_v4()));
    let mut missed = call_of_alice(Uuid::nil());
    missed.about = About::Missed(key(1));
    notifier.show(missed);
    desktop.shows(2).await;
    notifier.finish().await;
    assert_eq!(desktop.dunstctl(&["count", "displayed"]), "1");
}

#[tokio::test]
async fn without_a_notification_server_the_rest_goes_on() {
    let bus = Bus::new();
    let (notifier, _choices) = notifier_on(&bus).await;
    notifier.show(call_of_alice(Uuid::new_v4()));
    notifier.put_away(About::Call(Uuid::nil()));
    notifier.finish().await;
}

#[test]
fn names_stay_out_of_logs() {
    assert_eq!(
        format!("{:?}", call_of_alice(Uuid::nil())),
        "Notice { a call, 3 buttons }"
    );
}
