//! Alice, who films, and Bob, who accepts: at two windows of Ringdown, or at two Chromiums.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use super::browser::Browser;
use super::camera::Camera;
use super::figures::Told;
use super::scenario::Scenario;
use super::{PATIENT, voice};
use crate::lab::Place;
use crate::mouse::Mouse;
use crate::page::Page;
use crate::person::{Person, Setup};
use crate::process::Program;
use crate::sound::Hum;
use crate::stage::{Stage, binary};
use crate::{Result, eventually, eventually_within, usage};

/// Put into both products' pages.
const PROBE: &str = include_str!("../../pages/probe.js");
/// As they stand in the tables.
pub const SIDES: [&str; 2] = ["alice", "bob"];

/// Who is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// Ringdown's windows.
    Ringdown,
    /// Chromium without a window: it hardly draws.
    Headless,
    /// Chromium with a window, on the display on which Ringdown's windows are: compare the processor's share with this.
    Visible,
}

impl Who {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ringdown, Self::Visible, Self::Headless];

    /// As it is asked for.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ringdown => "ringdown",
            Self::Headless => "headless",
            Self::Visible => "visible",
        }
    }

    /// As it stands above a table.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Ringdown => "Ringdown",
            Self::Headless => "Chromium, headless",
            Self::Visible => "Chromium, visible",
        }
    }
}

/// Somebody at a page.
#[derive(Debug)]
enum End {
    App(Person),
    Browser(Browser),
}

impl End {
    fn page(&self) -> &Page {
        match self {
            Self::App(person) => person.page(),
            Self::Browser(browser) => browser.page(),
        }
    }

    /// The elements that show the own picture and the other's.
    fn videos(&self) -> [&'static str; 2] {
        match self {
            Self::App(_) => [".self-view video", "video.stage-video"],
            Self::Browser(_) => ["#local", "#remote"],
        }
    }
}

/// The two of them. All that was started for them ends with this.
#[derive(Debug)]
pub struct Pair<'a> {
    stage: &'a Stage,
    places: [Place; 2],
    ends: [End; 2],
    _cameras: Vec<Camera>,
    _voices: Vec<Hum>,
}

impl<'a> Pair<'a> {
    /// Has them take their places, ready to call.
    ///
    /// # Errors
    /// When a window, a camera or a browser does not come up.
    pub async fn meet(
        who: Who,
        stage: &'a Stage,
        places: [Place; 2],
        scenario: &Scenario,
        clip: &Path,
    ) -> Result<Self> {
        let speech = voice::speech(10);
        let mut voices = Vec::new();
        if who == Who::Ringdown || !scenario.video {
            for person in SIDES {
                voices.push(stage.sound().speak(person, speech.clone())?);
            }
        }
        let mut cameras = Vec::new();
        let ends = if who == Who::Ringdown {
            let mut people = Vec::new();
            for (person, place) in ["Alice", "Bob"].into_iter().zip(&places) {
                let mut setup = Setup {
                    camera: false,
                    place: Some(place.clone()),
                    ..Setup::default()
                };
                if scenario.video {
                    let camera = Camera::start(stage, &person.to_lowercase(), clip).await?;
                    setup.environment = camera.environment();
                    cameras.push(camera);
                }
                people.push(Person::arrive(stage, person, setup).await?);
            }
            let [alice, bob]: [Person; 2] = people.try_into().map_err(|_| "two people")?;
            alice.befriend(&bob.invite().await?, "Bob").await?;
            bob.befriend(&alice.invite().await?, "Alice").await?;
            Mouse::of(stage).spread("Ringdown").await?;
            [alice, bob].map(End::App)
        } else {
            let voice = voice::write(stage.dir(), &speech)?;
            let visible = who == Who::Visible;
            let media = scenario.video.then_some([clip, &*voice]);
            Browser::pair(stage, &places, visible, media)
                .await?
                .map(End::Browser)
        };
        let pair = Self {
            stage,
            places,
            ends,
            _cameras: cameras,
            _voices: voices,
        };
        for end in &pair.ends {
            end.page().run(PROBE, vec![]).await?;
        }
        Ok(pair)
    }

    /// Notes pictures of the one who sends at both windows, or of both.
    ///
    /// # Errors
    /// When a page does not answer.
    pub async fn watch(&self, scenario: &Scenario) -> Result<()> {
        if !scenario.video {
            return Ok(());
        }
        for seen in 0..if scenario.both { 2 } else { 1 } {
            let sender = &self.ends[seen];
            let receiver = &self.ends[1 - seen];
            let script = "probe.watch(...arguments)";
            if scenario.read > 0 {
                let own = vec![
                    json!("local"),
                    json!(sender.videos()[0]),
                    json!(scenario.read),
                ];
                sender.page().run(script, own).await?;
            }
            let others = vec![
                json!("remote"),
                json!(receiver.videos()[1]),
                json!(scenario.read),
            ];
            receiver.page().run(script, others).await?;
        }
        Ok(())
    }

    /// Alice calls, Bob accepts, and they are connected.
    ///
    /// # Errors
    /// When they are not.
    pub async fn call(&self, scenario: &Scenario) -> Result<()> {
        match &self.ends {
            [End::App(alice), End::App(bob)] => {
                let mut command = None;
                if scenario.video {
                    alice.call_by_typing("Bob").await?;
                } else {
                    command = Some(self.call_by_command(alice)?);
                }
                bob.page().find("dialog", "Alice is calling").await?;
                // A person hears it ring before accepting; what the app gets ready meanwhile, it may.
                alice.page().status("Ringing…").await?;
                has_gathered(bob.page()).await?;
                let both = scenario.both || !scenario.video;
                let button = if both {
                    "Accept"
                } else {
                    "Accept without video"
                };
                bob.page().press(button).await?;
                for person in [alice, bob] {
                    person.page().status("Connected").await?;
                }
                drop(command);
            }
            [alice, bob] => {
                let script = "const done = arguments[arguments.length - 1]; const [name, ...rest] = [...arguments].slice(0, -1); \
                    window[name](...rest).then(() => done(null), (error) => done(String(error)))";
                let camera = scenario.both && scenario.video;
                for (end, words) in [
                    (alice, vec![json!("ring"), json!(scenario.video)]),
                    (
                        bob,
                        vec![json!("accept"), json!(scenario.video), json!(camera)],
                    ),
                ] {
                    let answer = end.page().client().execute_async(script, words).await?;
                    if !answer.is_null() {
                        return Err(
                            format!("the browser has no camera or microphone: {answer}").into()
                        );
                    }
                }
                for end in [alice, bob] {
                    eventually_within(PATIENT, "the browsers to connect", || async {
                        let state = end.page().run("return pc.connectionState", vec![]).await?;
                        Ok((state == "connected").then_some(()))
                    })
                    .await?;
                }
            }
        }
        Ok(())
    }

    /// A voice call can't be typed: the command does it, which hands it to the window.
    fn call_by_command(&self, alice: &Person) -> Result<Program> {
        let mut command = self
            .stage
            .command_at(&self.places[0], binary("ringdown")?, SIDES[0]);
        command.arg("--data-dir").arg(alice.data());
        let mut command = Program::start(command.args(["call", "Bob", "--audio"]))?;
        command.ignore_output();
        Ok(command)
    }

    /// Waits until every camera that is on is seen at the other's.
    ///
    /// # Errors
    /// When one is not.
    pub async fn see(&self, scenario: &Scenario) -> Result<()> {
        for (seen, receiver) in self.ends.iter().rev().enumerate() {
            if !scenario.video || (seen == 1 && !scenario.both) {
                continue;
            }
            eventually_within(PATIENT, "the first picture", || async {
                let script = "return probe.watched.remote.length > 0";
                let seen = receiver.page().run(script, vec![]).await?;
                Ok((seen == json!(true)).then_some(()))
            })
            .await?;
        }
        Ok(())
    }

    /// What both pages noted.
    ///
    /// # Errors
    /// When a page does not answer.
    pub async fn told(&self) -> Result<[Told; 2]> {
        let mut told = <[Told; 2]>::default();
        for (told, end) in told.iter_mut().zip(&self.ends) {
            let noted: Value = end.page().run("return probe.told()", vec![]).await?;
            *told = serde_json::from_value(noted)?;
        }
        Ok(told)
    }

    /// Seconds of the processor's time that each side has used, by the name of the process, without what drives it.
    ///
    /// # Errors
    /// When a process is gone.
    pub async fn usage(&self) -> Result<[BTreeMap<String, f64>; 2]> {
        let mut all = <[BTreeMap<_, _>; 2]>::default();
        for (all, end) in all.iter_mut().zip(&self.ends) {
            let pid = match end {
                End::App(person) => person.pid().await?,
                End::Browser(browser) => browser.pid()?,
            };
            let found = usage::of(pid).await?.into_iter();
            let found = found.filter(|(name, _)| name != "chromedriver");
            *all = found
                .map(|(name, used)| (name, used.cpu.as_secs_f64()))
                .collect();
        }
        Ok(all)
    }
}

/// Waits until the page of the one who is called has made its offer, with all its candidates.
async fn has_gathered(page: &Page) -> Result<()> {
    eventually("the page to get ready for the call", || async {
        let gathering = "return probe.peers.at(-1)?.iceGatheringState ?? null";
        let state = page.run(gathering, vec![]).await?;
        Ok((state == "complete").then_some(()))
    })
    .await
}
