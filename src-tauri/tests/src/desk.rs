//! What stands around the windows: a notification daemon, and a panel that shows tray icons.

use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};
use zbus::{Connection, Proxy};

use crate::process::Program;
use crate::stage::Stage;
use crate::{Result, eventually};

/// dunst, showing notifications on the stage's display. Asked to choose an action, it takes the one in a file.
#[derive(Debug)]
pub struct Dunst<'a> {
    stage: &'a Stage,
    choice: PathBuf,
    offered: PathBuf,
    said: PathBuf,
    _program: Program,
}

impl<'a> Dunst<'a> {
    /// Starts it.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn start(stage: &'a Stage) -> Result<Self> {
        let at = |name: &str| stage.dir().join(name);
        let choice = at("choice");
        let menu = at("menu");
        let offered = at("offered");
        let script = format!(
            "#!/bin/sh\ntee {} | grep --max-count=1 --file={}\n",
            offered.display(),
            choice.display()
        );
        std::fs::write(&menu, script)?;
        std::fs::set_permissions(&menu, std::fs::Permissions::from_mode(0o700))?;
        let said = at("said");
        let heard = at("heard");
        let script = format!(
            "#!/bin/sh\nprintf '%s\\t%s\\t%s\\n' \"$DUNST_URGENCY\" \"$DUNST_SUMMARY\" \"$DUNST_BODY\" >> {}\n",
            said.display()
        );
        std::fs::write(&heard, script)?;
        std::fs::set_permissions(&heard, std::fs::Permissions::from_mode(0o700))?;
        // Without a timeout: a test that is slow finds what it looks for.
        let config = format!(
            "[global]\ndmenu = {}\nidle_threshold = 0\n\n[urgency_low]\ntimeout = 0\n\n[urgency_normal]\ntimeout = 0\n\n[every]\nsummary = *\nscript = {}\n",
            menu.display(),
            heard.display()
        );
        std::fs::write(at("dunstrc"), config)?;
        let mut command = stage.command("dunst", "desk");
        command.arg("-config").arg(at("dunstrc"));
        let mut program = Program::start(command.stderr(Stdio::null()))?;
        program.ignore_output();
        let dunst = Self {
            stage,
            choice,
            offered,
            said,
            _program: program,
        };
        let bus = zbus::connection::Builder::address(stage.bus())?
            .build()
            .await?;
        let names = zbus::fdo::DBusProxy::new(&bus).await?;
        eventually("dunst to be there", || async {
            let name = zbus::names::BusName::try_from("org.freedesktop.Notifications")?;
            Ok(names.name_has_owner(name).await?.then_some(()))
        })
        .await?;
        Ok(dunst)
    }

    /// Waits until this many notifications are on the screen.
    ///
    /// # Errors
    /// When it does not come to that.
    pub async fn shows(&self, count: usize) -> Result<()> {
        eventually(&format!("{count} notifications"), || async {
            let shown = self.ctl(&["count", "displayed"]).await?;
            Ok((shown == count.to_string()).then_some(()))
        })
        .await
    }

    /// Presses the button with this word.
    ///
    /// # Errors
    /// When dunst can't be asked.
    pub async fn choose(&self, word: &str) -> Result<()> {
        std::fs::write(&self.choice, word)?;
        self.ctl(&["context"]).await.map(drop)
    }

    /// The buttons among which [`Dunst::choose`] chose last, by their words.
    ///
    /// # Errors
    /// When it never did.
    pub async fn offered(&self) -> Result<Vec<String>> {
        eventually("the menu of buttons", || async {
            let lines = tokio::fs::read_to_string(&self.offered).await?;
            // "#Accept (Alice is calling) [1,accept]"
            let words = lines.lines().filter_map(|line| {
                let (words, _) = line.trim_start_matches('#').split_once(" (")?;
                (!words.is_empty()).then(|| words.to_owned())
            });
            let words: Vec<_> = words.collect();
            Ok((!words.is_empty()).then_some(words))
        })
        .await
    }

    /// Waits for a notification with this title, and gives its body. Both may hold markup.
    ///
    /// # Errors
    /// When none comes.
    pub async fn says(&self, title: &str) -> Result<String> {
        eventually(&format!("a notification “{title}”"), || async {
            let said = tokio::fs::read_to_string(&self.said)
                .await
                .unwrap_or_default();
            let told = said.lines().rev().find_map(|line| {
                let (_, rest) = line.split_once('\t')?;
                let (summary, body) = rest.split_once('\t')?;
                (summary == title).then(|| body.to_owned())
            });
            Ok(told)
        })
        .await
    }

    /// Clicks the topmost notification.
    ///
    /// # Errors
    /// When dunst can't be asked.
    pub async fn click(&self) -> Result<()> {
        self.ctl(&["action"]).await.map(drop)
    }

    async fn ctl(&self, arguments: &[&str]) -> Result<String> {
        let mut command = self.stage.command("dunstctl", "desk");
        let output = command.args(arguments).output().await?;
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }
}

/// A panel with a tray: the StatusNotifierItem specification's watcher and host in one.
#[derive(Debug)]
pub struct Panel {
    bus: Connection,
    items: Items,
}

/// Bus names and paths of the icons.
type Items = Arc<Mutex<Vec<(String, String)>>>;

struct Watcher(Items);

#[zbus::interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    fn register_status_notifier_item(
        &self,
        service: &str,
        #[zbus(header)] header: zbus::message::Header<'_>,
    ) {
        let sender = header.sender().map(ToString::to_string).unwrap_or_default();
        let item = if service.starts_with('/') {
            (sender, service.to_owned())
        } else {
            (service.to_owned(), "/StatusNotifierItem".to_owned())
        };
        // Some register again and again.
        if let Ok(mut items) = self.0.lock()
            && !items.contains(&item)
        {
            items.push(item);
        }
    }

    fn register_status_notifier_host(&self, _service: &str) {}

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        Vec::new()
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }
}

/// A layout of `com.canonical.dbusmenu`: id, properties, children.
type Layout = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);

impl Panel {
    /// Starts it on the stage's bus.
    ///
    /// # Errors
    /// When the bus does not want it.
    pub async fn start(stage: &Stage) -> Result<Self> {
        let items = Items::default();
        let bus = zbus::connection::Builder::address(stage.bus())?
            .serve_at("/StatusNotifierWatcher", Watcher(items.clone()))?
            .name("org.kde.StatusNotifierWatcher")?
            .build()
            .await?;
        Ok(Self { bus, items })
    }

    /// Waits until there are this many icons.
    ///
    /// # Errors
    /// When there never are.
    pub async fn icons(&self, count: usize) -> Result<()> {
        eventually(&format!("{count} tray icons"), || async {
            let items = self.items.lock().map_err(|_| "the items")?;
            Ok((items.len() == count).then_some(()))
        })
        .await
    }

    /// The file name of the icon that came as the `index`th, without directory and number.
    ///
    /// # Errors
    /// When it does not tell.
    pub async fn icon(&self, index: usize) -> Result<PathBuf> {
        let item = self.item(index, "org.kde.StatusNotifierItem").await?;
        let name: String = item.get_property("IconName").await?;
        Ok(name.into())
    }

    /// What is written in the menu of the `index`th icon, in its order.
    ///
    /// # Errors
    /// When it does not tell.
    pub async fn menu(&self, index: usize) -> Result<Vec<String>> {
        let entries = self.entries(index).await?;
        Ok(entries.into_iter().map(|(_, label)| label).collect())
    }

    /// Chooses an entry of the menu, once it is there.
    ///
    /// # Errors
    /// When it never is.
    pub async fn choose(&self, index: usize, label: &str) -> Result<()> {
        let id = eventually(&format!("“{label}” in the menu"), || async {
            let mut entries = self.entries(index).await?.into_iter();
            Ok(entries.find(|(_, found)| found == label).map(|(id, _)| id))
        })
        .await?;
        let menu = self.menu_of(index).await?;
        let event = (id, "clicked", Value::from(0_i32), 0_u32);
        Ok(menu.call("Event", &event).await?)
    }

    async fn entries(&self, index: usize) -> Result<Vec<(i32, String)>> {
        let menu = self.menu_of(index).await?;
        let asked = (0_i32, -1_i32, vec!["label"]);
        let (_, root): (u32, Layout) = menu.call("GetLayout", &asked).await?;
        let mut entries = Vec::new();
        collect(root, &mut entries)?;
        Ok(entries)
    }

    async fn menu_of(&self, index: usize) -> Result<Proxy<'_>> {
        let item = self.item(index, "org.kde.StatusNotifierItem").await?;
        let path: OwnedObjectPath = item.get_property("Menu").await?;
        let name = item.destination().to_owned();
        Ok(Proxy::new(&self.bus, name, path, "com.canonical.dbusmenu").await?)
    }

    async fn item(&self, index: usize, interface: &'static str) -> Result<Proxy<'_>> {
        let (name, path) = {
            let items = self.items.lock().map_err(|_| "the items")?;
            items.get(index).cloned().ok_or("no such icon")?
        };
        let builder = zbus::proxy::Builder::new(&self.bus)
            .destination(name)?
            .path(path)?
            .interface(interface)?
            .cache_properties(zbus::proxy::CacheProperties::No);
        Ok(builder.build().await?)
    }
}

fn collect(layout: Layout, entries: &mut Vec<(i32, String)>) -> Result<()> {
    let (id, mut properties, children) = layout;
    if let Some(label) = properties.remove("label") {
        entries.push((id, String::try_from(label)?));
    }
    for child in children {
        collect(child.try_into()?, entries)?;
    }
    Ok(())
}
