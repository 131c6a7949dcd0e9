//! Every screen there is, as it is seen: by axe-core in each set of colours, at 360 by 480, from right to left, without
//! a mouse. With `RINGDOWN_SCREENS=1` the pictures in docs/screens are taken anew.

#[path = "screens/calls.rs"]
mod calls;
#[path = "screens/popup.rs"]
mod popup;

use std::path::{Path, PathBuf};

use ringdown_e2e::look::Beholder;
use ringdown_e2e::page::Page;
use ringdown_e2e::person::{Person, Setup};
use ringdown_e2e::process::{Program, free_port};
use ringdown_e2e::stage::Stage;
use ringdown_e2e::{Result, eventually};
use serde_json::{Value, json};

/// Forty characters: the longest name most people have.
const BOB: &str = "Maximilian Bartholomäus von Hohenzollern";

const WIDE: (u32, u32) = (960, 640);
const SMALLEST: (u32, u32) = (360, 480);

/// Through Alice's window, screen by screen.
struct Walk<'a> {
    stage: &'a Stage,
    alice: &'a Person,
    bob: &'a Person,
    eyes: Beholder<'a>,
    /// The first one is examined most closely, the others in one set of colours.
    language: &'static str,
    seen: Vec<String>,
}

#[tokio::test(flavor = "multi_thread")]
async fn every_screen_can_be_read_used_by_keyboard_and_fits() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let (alice, bob) = tokio::try_join!(
        Person::open(&stage, "Alice", Setup::default()),
        Person::open(&stage, "Bob", Setup::default()),
    )?;
    bob.page().type_into("textbox", "Your name", BOB).await?;
    bob.page().press("Start").await?;
    let pictures = pictures()?;
    let eyes = Beholder::new(alice.page(), pictures.clone()).await?;
    let mut walk = Walk {
        stage: &stage,
        alice: &alice,
        bob: &bob,
        eyes,
        language: "en",
        seen: Vec::new(),
    };
    let walked = walk.all().await;
    // What was seen until then helps to understand what came in the way.
    walk.eyes.verdict()?;
    walked?;
    match pictures {
        Some(folder) => write_index(&folder, &walk.seen),
        None => Ok(()),
    }
}

impl Walk<'_> {
    async fn all(&mut self) -> Result<()> {
        self.alone().await?;
        let (_relay, servers) = self.servers().await?;
        self.alice
            .settle(&json!({ "ice_servers": servers }))
            .await?;
        self.alice.befriend(&self.bob.invite().await?, BOB).await?;
        self.bob
            .befriend(&self.alice.invite().await?, "Alice")
            .await?;
        for language in ["en", "ar"] {
            self.speak(language).await?;
            self.people().await?;
            self.settings().await?;
            if language == "en" {
                self.calls().await?;
            }
            self.history().await?;
            self.popup().await?;
        }
        Ok(())
    }

    fn page(&self) -> &Page {
        self.alice.page()
    }

    async fn press(&self, key: &str) -> Result<()> {
        self.eyes.press(key, json!({ "name": BOB })).await
    }

    /// Waits for the line that says where the call stands.
    async fn status(&self, key: &str) -> Result<()> {
        let text = self.eyes.say(key, json!({ "name": BOB })).await?;
        self.page().status(&text).await
    }

    /// Looks at what is there from all sides.
    async fn look(&mut self, screen: &str) -> Result<()> {
        let first = self.language == "en";
        let themes: &[_] = if first {
            &["contrast", "dark", "light"]
        } else {
            &["light"]
        };
        let place = format!("{screen} ({})", self.language);
        let put_away =
            "document.querySelectorAll('.toast-info button').forEach((button) => button.click())";
        self.page().run(put_away, vec![]).await?;
        for theme in themes {
            self.eyes.paint(theme).await?;
            self.stir().await?;
            self.eyes.examine(&format!("{place}, {theme}")).await?;
            if first && *theme != "contrast" {
                self.eyes.picture(&format!("{screen}-{theme}")).await?;
            }
        }
        if !first {
            self.eyes
                .picture(&format!("{screen}-{}", self.language))
                .await?;
        }
        self.eyes.size(SMALLEST.0, SMALLEST.1).await?;
        self.stir().await?;
        self.eyes.measure(&place).await?;
        if first {
            self.eyes.picture(&format!("{screen}-small")).await?;
            self.eyes.tab_through(&place).await?;
            self.seen.push(screen.to_owned());
        }
        self.eyes.size(WIDE.0, WIDE.1).await
    }

    /// Moves the pointer over a call: what fades when nothing moves is there.
    async fn stir(&self) -> Result<()> {
        let stir = r#"document.querySelector(".stage")?.dispatchEvent(new Event("pointermove"))"#;
        self.page().run(stir, vec![]).await.map(drop)
    }

    /// Waits until the page says yes.
    async fn until(&self, what: &str, script: &str, arguments: Vec<Value>) -> Result<()> {
        eventually(what, || async {
            let yes = self.page().run(script, arguments.clone()).await?;
            Ok((yes == json!(true)).then_some(()))
        })
        .await
    }

    /// Closes the topmost dialog.
    async fn close_dialog(&self) -> Result<()> {
        let close = r#"[...document.querySelectorAll("dialog:modal")].at(-1)?.close()"#;
        self.page().run(close, vec![]).await.map(drop)
    }

    /// Chooses a language as the settings do; the page comes back in it.
    async fn speak(&mut self, language: &'static str) -> Result<()> {
        self.language = language;
        // The page may be gone before it can say that the settings were taken; whether they were is seen below.
        let _ = self.alice.settle(&json!({ "language": language })).await;
        eventually(&format!("a window in {language}"), || async {
            let now = self
                .page()
                .run(
                    "return [document.documentElement.lang, document.querySelectorAll('button').length > 0]",
                    vec![],
                )
                .await?;
            Ok((now == json!([language, true])).then_some(()))
        })
        .await
    }

    /// Before there is anybody.
    async fn alone(&mut self) -> Result<()> {
        self.eyes.size(WIDE.0, WIDE.1).await?;
        self.look("first-start").await?;
        self.speak("ar").await?;
        self.look("first-start").await?;
        self.speak("en").await?;
        self.page()
            .type_into("textbox", "Your name", "Alice")
            .await?;
        self.page().press("Start").await?;
        self.page().find("button", "Skip the rest").await?;
        self.look("tour").await?;
        self.press("tour.test_start").await?;
        let connected = r#"return document.querySelector("dialog[open][data-connected=true] video")?.videoWidth > 0"#;
        self.until("my own picture", connected, vec![]).await?;
        self.look("test-call").await?;
        self.press("test.end").await?;
        self.page().press("Skip the rest").await?;
        self.look("nobody").await
    }

    async fn people(&mut self) -> Result<()> {
        self.close_page().await?;
        self.look("people").await?;
        self.press("person.open").await?;
        self.look("person").await?;
        for (button, screen) in [("rail.add", "add-contact"), ("rail.invite", "invites")] {
            self.press(button).await?;
            self.press_with_dialog(screen).await?;
        }
        Ok(())
    }

    /// Every section of the settings, and the doctor.
    async fn settings(&mut self) -> Result<()> {
        self.press("rail.settings").await?;
        let sections = r#"return [...document.querySelectorAll("dialog[open] nav button")].map((button) => button.textContent.trim())"#;
        let sections = self.page().run(sections, vec![]).await?;
        let sections: Vec<String> = serde_json::from_value(sections)?;
        let mut examined = self.language != "en";
        for (index, section) in sections.iter().enumerate() {
            self.page().press(section).await?;
            self.look(&format!("settings-{}", index + 1)).await?;
            let check = self.eyes.say("doctor.title", json!({})).await?;
            if !examined && let Some(check) = self.page().look_for("button", &check).await? {
                examined = true;
                check.click().await?;
                let again = self.eyes.say("doctor.again", json!({})).await?;
                let done = r#"return [...document.querySelectorAll("dialog[open] button")].some((button) => button.textContent === arguments[0] && !button.disabled)"#;
                self.until("the end of the check", done, vec![json!(again)])
                    .await?;
                self.look("doctor").await?;
                self.close_dialog().await?;
            }
        }
        let close = self.eyes.say("dialog.close", json!({})).await?;
        self.page().press(&close).await?;
        self.page().gone("button", &close).await
    }

    /// A relay that answers, and one that is not there.
    async fn servers(&self) -> Result<(Program, Value)> {
        let port = free_port()?;
        let mut command = self.stage.command("turnserver", "nobody");
        command
            .args([
                "-n",
                "--no-cli",
                "--no-tls",
                "--no-dtls",
                "--log-file=stdout",
            ])
            .args([
                "--lt-cred-mech",
                "--realm=ringdown",
                "--user=alice:of the test alone",
            ])
            .args([
                "--listening-ip=127.0.0.1",
                "--relay-ip=127.0.0.1",
                "--allow-loopback-peers",
            ])
            .arg(format!("--listening-port={port}"))
            .arg(format!(
                "--pidfile={}",
                self.stage.dir().join("turnserver").display()
            ));
        let mut relay = Program::start(&mut command)?;
        relay.ignore_output();
        let server = |url: String, login: bool| {
            json!({
                "urls": [url],
                "username": login.then_some("alice"),
                "credential": login.then_some("of the test alone"),
            })
        };
        let servers = json!([
            server(format!("turn:127.0.0.1:{port}?transport=udp"), true),
            server(format!("stun:127.0.0.1:{}", free_port()?), false),
        ]);
        Ok((relay, servers))
    }

    async fn history(&mut self) -> Result<()> {
        self.press("history.title").await?;
        self.look("history").await?;
        self.close_page().await
    }

    /// Looks at the dialog that opens, and closes it.
    async fn press_with_dialog(&mut self, screen: &str) -> Result<()> {
        let close = self.eyes.say("dialog.close", json!({})).await?;
        self.page().find("button", &close).await?;
        self.look(screen).await?;
        self.page().press(&close).await?;
        self.page().gone("button", &close).await
    }

    /// Nobody is chosen: the page of a person or of the history is left by its way back, which narrow windows have.
    async fn close_page(&mut self) -> Result<()> {
        self.eyes.size(SMALLEST.0, SMALLEST.1).await?;
        let back = self.eyes.say("rail.back", json!({})).await?;
        if let Some(back) = self.page().look_for("button", &back).await? {
            back.click().await?;
        }
        self.eyes.size(WIDE.0, WIDE.1).await
    }
}

/// Where pictures go, if they are wanted.
fn pictures() -> Result<Option<PathBuf>> {
    if std::env::var_os("RINGDOWN_SCREENS").is_none_or(|wanted| wanted != "1") {
        return Ok(None);
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/screens");
    std::fs::create_dir_all(&folder)?;
    Ok(Some(folder))
}

/// docs/SCREENS.md: the pictures in the order of the walk.
fn write_index(folder: &Path, screens: &[String]) -> Result<()> {
    let mut index = String::from(
        "# Every screen\n\nTaken by `RINGDOWN_SCREENS=1 cargo test -p ringdown-e2e --test screens` in real windows: light and dark at \
         960 × 640, light at 360 × 480, and in Arabic, from right to left. The same test has axe-core look at each of them \
         (WCAG 2.2 AA, in light, dark and high contrast), and goes through each with the Tab key.\n",
    );
    for screen in screens {
        index.push_str(&format!("\n## {}\n\n", screen.replace('-', " ")));
        for kind in ["light", "dark", "small", "ar"] {
            if folder.join(format!("{screen}-{kind}.webp")).exists() {
                index.push_str(&format!(
                    "![{screen}, {kind}](screens/{screen}-{kind}.webp)\n"
                ));
            }
        }
    }
    Ok(std::fs::write(folder.with_file_name("SCREENS.md"), index)?)
}
