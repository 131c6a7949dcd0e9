//! A person with the app open before them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::process::Command;

use crate::installed::Installed;
use crate::lab::{Bridge, Place};
use crate::page::Page;
use crate::process::{Program, free_port};
use crate::stage::{Stage, binary};
use crate::{PATIENCE, Result, eventually, eventually_within, put, usage};

/// Somebody at their computer. The app and its driver end when this is dropped.
#[derive(Debug)]
pub struct Person {
    name: String,
    data: PathBuf,
    page: Page,
    driver: Program,
    /// The way to the driver, where it is not here.
    _bridge: Option<Bridge>,
}

/// What the person's app is started with.
#[derive(Debug, Clone)]
pub struct Setup {
    /// `--fake-camera`: the webview's moving test picture.
    pub camera: bool,
    /// `--fake-microphone`: a 440 Hz tone. Otherwise the stage's own microphone is used.
    pub tone: bool,
    /// Further arguments.
    pub arguments: Vec<String>,
    /// `RUST_LOG`. With it, what the app (and its driver) write to stderr goes to a file, see [`Person::logs`].
    pub log: Option<String>,
    /// Where on a network of the test's own they are. Otherwise on the loopback device.
    pub place: Option<Place>,
    /// Where the app is installed. Otherwise the one that was built is run.
    pub system: Option<Arc<Installed>>,
    /// Further variables of the environment.
    pub environment: Vec<(String, String)>,
    /// Files and sockets that the app may have open at once, where that is not what the system allows.
    pub descriptors: Option<u32>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            camera: true,
            tone: false,
            arguments: Vec::new(),
            log: None,
            place: None,
            system: None,
            environment: Vec::new(),
            descriptors: None,
        }
    }
}

impl Person {
    /// Opens the app for the first time and gives it the name.
    ///
    /// # Errors
    /// When no window comes up, or it does not take the name.
    pub async fn arrive(stage: &Stage, name: &str, setup: Setup) -> Result<Self> {
        let person = Self::open(stage, name, setup).await?;
        person.page.type_into("textbox", "Your name", name).await?;
        person.page.press("Start").await?;
        person.page.find("button", "Add contact").await?;
        Ok(person)
    }

    /// Opens the app, whatever it shows.
    ///
    /// # Errors
    /// When no window comes up.
    pub async fn open(stage: &Stage, name: &str, setup: Setup) -> Result<Self> {
        let data = data_of(stage, name);
        let home = data.file_name().map(|home| home.to_string_lossy());
        let port = free_port()?;
        let home = home.unwrap_or_default();
        let mut program = match &setup.system {
            Some(system) => system.enter()?,
            None => Vec::new(),
        };
        if let Some(most) = setup.descriptors {
            let script = format!("ulimit -n {most}; exec \"$0\" \"$@\"");
            program.extend(["sh".into(), "-c".into(), script]);
        }
        program.push("WebKitWebDriver".into());
        let mut program = program.into_iter();
        let first = program.next().unwrap_or_default();
        let mut command = match &setup.place {
            Some(place) => stage.command_at(place, first, &home),
            None => stage.command(first, &home),
        };
        command
            .args(program)
            .arg(format!("--port={port}"))
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .envs(setup.environment);
        if let Some(filter) = &setup.log {
            let stderr = std::fs::OpenOptions::new()
                .create(true)
                .append(true)
                .open(stderr_of(&data))?;
            command.env("RUST_LOG", filter).stderr(stderr);
        }
        let mut driver = Program::start(&mut command)?;
        driver.ignore_output();
        let mut arguments = vec!["--data-dir".to_owned(), data.display().to_string()];
        arguments.extend(setup.camera.then(|| "--fake-camera".to_owned()));
        arguments.extend(setup.tone.then(|| "--fake-microphone".to_owned()));
        arguments.extend(setup.arguments);
        let binary = match &setup.system {
            Some(system) => system.binary(),
            None => binary("ringdown")?,
        };
        let capabilities = json!({
            "webkitgtk:browserOptions": { "binary": binary, "args": arguments }
        });
        let bridge = match &setup.place {
            Some(place) => Some(place.bridge(port).await?),
            None => None,
        };
        let port = bridge.as_ref().map_or(port, Bridge::port);
        let page = Page::open(&format!("http://127.0.0.1:{port}"), capabilities).await?;
        Ok(Self {
            name: name.into(),
            data,
            page,
            driver,
            _bridge: bridge,
        })
    }

    /// Their name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Their data directory.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// All that their app has logged so far: to stderr (where [`Setup::log`] had it kept) and to its folder of logs.
    ///
    /// # Errors
    /// When a file can't be read.
    pub async fn logs(&self) -> Result<String> {
        read_logs(&self.data).await
    }

    /// [`Person::logs`] of somebody whose app is gone.
    ///
    /// # Errors
    /// When a file can't be read.
    pub async fn logs_in(stage: &Stage, name: &str) -> Result<String> {
        read_logs(&data_of(stage, name)).await
    }

    /// The window's page.
    #[must_use]
    pub fn page(&self) -> &Page {
        &self.page
    }

    /// The invite they would give to a friend.
    ///
    /// # Errors
    /// When none is shown.
    pub async fn invite(&self) -> Result<String> {
        if self
            .page
            .look_for("textbox", "My invite link")
            .await?
            .is_none()
            && let Some(button) = self.page.look_for("button", "My invite").await?
        {
            button.click().await?;
        }
        self.page.value_of("textbox", "My invite link").await
    }

    /// Fills in "Add contact" and presses "Add".
    ///
    /// # Errors
    /// When the form is not there.
    pub async fn paste_invite(&self, link: &str, name: &str) -> Result<()> {
        if self
            .page
            .look_for("textbox", "Invite link")
            .await?
            .is_none()
        {
            self.page.press("Add contact").await?;
        }
        self.page.type_into("textbox", "Invite link", link).await?;
        self.page.type_into("textbox", "Contact name", name).await?;
        self.page.press("Add").await
    }

    /// Makes a contact of whoever made this invite.
    ///
    /// # Errors
    /// When they do not appear among the contacts.
    pub async fn befriend(&self, link: &str, name: &str) -> Result<()> {
        self.paste_invite(link, name).await?;
        self.page
            .find("button", &format!("Call {name}"))
            .await
            .map(drop)
    }

    /// Types part of a name into the search box and presses Enter.
    ///
    /// # Errors
    /// When there is no search box.
    pub async fn call_by_typing(&self, part: &str) -> Result<()> {
        self.page
            .type_into("searchbox", "Find a contact", &format!("{part}\u{e007}"))
            .await
    }

    /// Calls a friend, who accepts, until both see each other.
    ///
    /// # Errors
    /// When it does not come to that.
    pub async fn talks_with(&self, friend: &Person) -> Result<()> {
        self.call_by_typing(&friend.name).await?;
        friend.answer(&self.name, "Accept").await?;
        tokio::try_join!(self.sees(&friend.name), friend.sees(&self.name)).map(drop)
    }

    /// Lets calls ring for this long only.
    ///
    /// # Errors
    /// When the settings do not take it.
    pub async fn ring_for(&self, seconds: u32) -> Result<()> {
        self.page.press("Settings").await?;
        self.page
            .type_into("number", "Stop ringing after", &seconds.to_string())
            .await?;
        // What was typed last is saved when the settings are closed.
        self.page.press("Close").await?;
        self.page.gone("dialog", "Settings").await
    }

    /// Changes settings by the command the window saves them with; those that are not named stay.
    ///
    /// # Errors
    /// When they are refused.
    pub async fn settle(&self, changes: &Value) -> Result<()> {
        let load = r#"const done = arguments[0];
            __TAURI__.core.invoke("load").then(({ settings }) => done(settings), (error) => done(error.message))"#;
        let mut settings = self.page.client().execute_async(load, vec![]).await?;
        put(&mut settings, changes);
        let save = r#"const [settings, done] = arguments;
            __TAURI__.core.invoke("save_settings", { settings }).then(() => done(null), (error) => done(error.message))"#;
        match self
            .page
            .client()
            .execute_async(save, vec![settings])
            .await?
        {
            Value::Null => Ok(()),
            refusal => Err(format!("the settings were refused: {refusal}").into()),
        }
    }

    /// Waits until a meeting point has lent servers: then they are reachable there.
    ///
    /// # Errors
    /// When none does.
    pub async fn is_reachable(&self) -> Result<()> {
        let ask = r#"const done = arguments[0];
            __TAURI__.core.invoke("lent_servers").then(({ length }) => done(length), (error) => done(error.message))"#;
        eventually("a meeting point to lend servers", || async {
            let lent = self.page.client().execute_async(ask, vec![]).await?;
            Ok((lent.as_u64() > Some(0)).then_some(()))
        })
        .await
    }

    /// Waits for the call and presses a button of its dialog.
    ///
    /// # Errors
    /// When nobody calls.
    pub async fn answer(&self, caller: &str, button: &str) -> Result<()> {
        self.page
            .find("dialog", &format!("{caller} is calling"))
            .await?;
        self.page.press(button).await
    }

    /// Waits until the call is connected and the other's picture moves.
    ///
    /// # Errors
    /// When it does not come to that.
    pub async fn sees(&self, other: &str) -> Result<()> {
        self.page.status("Connected").await?;
        self.page.video_moves(other).await
    }

    /// Closes what tells of the ended call, if it is still there, and waits until the contacts are back.
    ///
    /// # Errors
    /// When they do not come back.
    pub async fn put_away(&self) -> Result<()> {
        eventually("the contacts to be back", || async {
            if let Some(close) = self.page.look_for("button", "Close").await? {
                close.click().await?;
            }
            Ok(self
                .page
                .look_for("searchbox", "Find a contact")
                .await?
                .map(drop))
        })
        .await
    }

    /// The process of the app.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn pid(&self) -> Result<u32> {
        let data = self.data.display().to_string();
        eventually("the app's process", || async {
            Ok(processes().await?.into_iter().find_map(|(pid, line)| {
                (line.contains(&data)
                    && line
                        .split('\0')
                        .next()
                        .is_some_and(|exe| exe.ends_with("/ringdown")))
                .then_some(pid)
            }))
        })
        .await
    }

    /// The process that draws the window.
    ///
    /// # Errors
    /// When there is none.
    pub async fn page_process(&self) -> Result<u32> {
        eventually("the window's process", || self.page_process_now()).await
    }

    /// Waits until no process draws the window.
    ///
    /// # Errors
    /// When it stays.
    pub async fn page_is_gone(&self) -> Result<()> {
        eventually("no process for the window", || async {
            Ok(self.page_process_now().await?.is_none().then_some(()))
        })
        .await
    }

    async fn page_process_now(&self) -> Result<Option<u32>> {
        // The window was there before the popup, and has the smaller number.
        let pages = usage::descendants(self.pid().await?, "WebKitWebProces").await;
        Ok(pages.into_iter().min())
    }

    /// Sends a signal (`KILL`, `STOP`) to the process that draws the window, and waits for another. WebDriver knows
    /// nothing of that one: from now on this person is to be watched from outside.
    ///
    /// # Errors
    /// When there is none, or no other comes.
    pub async fn lose_page(&self, signal: &str) -> Result<()> {
        let lost = self.page_process().await?;
        self::signal(lost, signal).await?;
        eventually("another process for the window", || async {
            Ok((self.page_process().await? != lost).then_some(()))
        })
        .await
    }

    /// Has the process that draws the window hang. WebDriver gets no answer any more, and the app ends it after a while.
    ///
    /// # Errors
    /// When there is none.
    pub async fn hang_page(&self) -> Result<()> {
        signal(self.page_process().await?, "STOP").await
    }

    /// Kills the app as a crash or a power cut would.
    ///
    /// # Errors
    /// When it does not die.
    pub async fn crash(mut self) -> Result<()> {
        let pid = self.pid().await?;
        Command::new("kill")
            .args(["-KILL", &pid.to_string()])
            .status()
            .await?;
        eventually_within(PATIENCE, "the app to be dead", || async {
            Ok((!Path::new(&format!("/proc/{pid}/exe")).exists()).then_some(()))
        })
        .await?;
        self.driver.kill().await
    }

    /// Ends the app as the end of the desktop session does, and waits until it has said goodbye.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn leave(mut self) -> Result<()> {
        let pid = self.pid().await?;
        Command::new("kill")
            .args(["-TERM", &pid.to_string()])
            .status()
            .await?;
        eventually("the app to end", || async {
            Ok((!Path::new(&format!("/proc/{pid}/exe")).exists()).then_some(()))
        })
        .await?;
        self.driver.kill().await
    }
}

/// Alice and Bob at their windows, each other's contacts, nothing going on.
///
/// # Errors
/// When it does not come to that.
pub async fn friends(stage: &Stage) -> Result<(Person, Person)> {
    friends_with(stage, Setup::default()).await
}

/// [`friends`], with their apps started in another way.
///
/// # Errors
/// When it does not come to that.
pub async fn friends_with(stage: &Stage, setup: Setup) -> Result<(Person, Person)> {
    let alice = Person::arrive(stage, "Alice", setup.clone()).await?;
    let bob = Person::arrive(stage, "Bob", setup).await?;
    alice.befriend(&bob.invite().await?, "Bob").await?;
    bob.befriend(&alice.invite().await?, "Alice").await?;
    Ok((alice, bob))
}

async fn signal(page: u32, signal: &str) -> Result<()> {
    let sent = Command::new("kill")
        .args([&format!("-{signal}"), &page.to_string()])
        .status();
    if !sent.await?.success() {
        return Err("the window's process got no signal".into());
    }
    Ok(())
}

async fn read_logs(data: &Path) -> Result<String> {
    let mut logs = String::new();
    let mut files = vec![stderr_of(data)];
    let mut folder = tokio::fs::read_dir(data.join("log")).await?;
    while let Some(file) = folder.next_entry().await? {
        files.push(file.path());
    }
    for file in files.into_iter().filter(|file| file.exists()) {
        logs.push_str(&String::from_utf8_lossy(&tokio::fs::read(file).await?));
    }
    Ok(logs)
}

fn data_of(stage: &Stage, name: &str) -> PathBuf {
    let home = name.split_whitespace().next().unwrap_or("nobody");
    stage.dir().join(home.to_lowercase())
}

fn stderr_of(data: &Path) -> PathBuf {
    data.with_extension("stderr")
}

/// Every process with its command line (arguments parted by NUL).
async fn processes() -> Result<Vec<(u32, String)>> {
    let mut found = Vec::new();
    let mut entries = tokio::fs::read_dir("/proc").await?;
    while let Some(entry) = entries.next_entry().await? {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        // A process that has just ended has no command line.
        let Ok(line) = tokio::fs::read(entry.path().join("cmdline")).await else {
            continue;
        };
        found.push((pid, String::from_utf8_lossy(&line).into_owned()));
    }
    Ok(found)
}
