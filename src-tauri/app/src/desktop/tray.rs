//! The icon in the tray: how things are, at a glance, and what is wanted most without the window.
//!
//! `menu` decides what the menu says, from a [`TrayState`] alone; `host` knows whether anybody shows icons. What the
//! person chooses goes to the hub as a [`TrayChoice`].

#[cfg(target_os = "linux")]
pub mod host;
mod menu;
pub mod quiet;

use ringdown_core::identity::PublicKey;
use tauri::image::Image;
use tauri::menu::{CheckMenuItem, IsMenuItem, Menu, MenuItem, PredefinedMenuItem, Submenu};
use tauri::tray::{MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Wry, include_image};
use tokio::sync::{mpsc, watch};

use self::menu::Item;
use super::words::Words;

/// What the icon and its menu show.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrayState {
    /// Friends can ring here.
    pub online: bool,
    /// No sound, no popup, until this time of the wall clock as the person reads it (`15:30`); empty: until they change
    /// their mind.
    pub quiet_until: Option<String>,
    /// Missed calls that were not looked at yet.
    pub missed: u32,
    /// Whom to call from the menu, in this order.
    pub favourites: Vec<(PublicKey, String)>,
}

/// What the person chose in the menu.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrayChoice {
    /// Call this contact.
    Call(PublicKey),
    /// Do not disturb, or do so again.
    Quiet(quiet::Quiet),
    /// Show the window.
    Open,
    /// End the app.
    Quit,
}

/// Whether tray icons are shown, now and from now on.
#[cfg(target_os = "linux")]
pub async fn shown() -> watch::Receiver<bool> {
    host::watch().await
}

/// Whether tray icons are shown: here they always are.
#[cfg(not(target_os = "linux"))]
pub async fn shown() -> watch::Receiver<bool> {
    watch::channel(true).1
}

/// The icon. It goes with this value.
pub struct Tray {
    app: AppHandle,
    icon: TrayIcon,
    words: Words,
    shown: TrayState,
}

impl std::fmt::Debug for Tray {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tray")
    }
}

impl Tray {
    /// Puts the icon up; none where the system lacks what shows it (`libayatana-appindicator3`, on Linux). On the main
    /// thread only.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn put_up(
        app: &AppHandle,
        choices: mpsc::UnboundedSender<TrayChoice>,
    ) -> tauri::Result<Option<Self>> {
        #[cfg(target_os = "linux")]
        if !host::library_is_there() {
            tracing::info!("no tray icon: libayatana-appindicator3.so.1 is not installed");
            return Ok(None);
        }
        let (words, shown) = (Words::default(), TrayState::default());
        let on_click = choices.clone();
        let icon = TrayIconBuilder::with_id("ringdown")
            .icon(picture(&shown))
            .icon_as_template(cfg!(target_os = "macos"))
            .tooltip("Ringdown")
            .menu(&built(app, &menu::menu(&shown, &words))?)
            .show_menu_on_left_click(cfg!(target_os = "macos"))
            .on_menu_event(move |_, event| {
                if let Some(choice) = menu::choice(event.id().as_ref()) {
                    // Nobody listens any more: the app closes.
                    let _ = choices.send(choice);
                }
            })
            .on_tray_icon_event(move |_, event| {
                if !cfg!(target_os = "macos") && is_click(&event) {
                    let _ = on_click.send(TrayChoice::Open);
                }
            })
            .build(app)?;
        Ok(Some(Self {
            app: app.clone(),
            icon,
            words,
            shown,
        }))
    }

    /// Shows how things are now.
    pub fn show(&mut self, state: TrayState) {
        if state == self.shown {
            return;
        }
        let (icon, before) = (name(&state), name(&self.shown));
        self.shown = state;
        self.redraw(icon != before);
    }

    /// Speaks the person's language from now on.
    pub fn speak(&mut self, words: Words) {
        if words != self.words {
            self.words = words;
            self.redraw(false);
        }
    }

    fn redraw(&self, icon: bool) {
        let drawn = self.draw(icon);
        if let Err(error) = drawn {
            tracing::warn!("the tray icon shows what was: {error}");
        }
    }

    fn draw(&self, icon: bool) -> tauri::Result<()> {
        if icon {
            let template = cfg!(target_os = "macos");
            self.icon
                .set_icon_with_as_template(Some(picture(&self.shown)), template)?;
        }
        let menu = built(&self.app, &menu::menu(&self.shown, &self.words))?;
        self.icon.set_menu(Some(menu))
    }
}

/// Linux shows the menu for any click and reports none.
fn is_click(event: &TrayIconEvent) -> bool {
    matches!(
        event,
        TrayIconEvent::Click {
            button: MouseButton::Left,
            button_state: MouseButtonState::Up,
            ..
        }
    )
}

fn built(app: &AppHandle, items: &[Item]) -> tauri::Result<Menu<Wry>> {
    let menu = Menu::new(app)?;
    for item in items {
        menu.append(entry(app, item)?.as_ref())?;
    }
    Ok(menu)
}

fn entry(app: &AppHandle, item: &Item) -> tauri::Result<Box<dyn IsMenuItem<Wry>>> {
    const NO_KEY: Option<&str> = None;
    Ok(match item {
        Item::Line => Box::new(PredefinedMenuItem::separator(app)?),
        Item::Entry { id, label } => Box::new(MenuItem::with_id(app, id, label, true, NO_KEY)?),
        Item::Check { id, label, on } => {
            Box::new(CheckMenuItem::with_id(app, id, label, true, *on, NO_KEY)?)
        }
        Item::Sub { label, items } => {
            let menu = Submenu::new(app, label, true)?;
            for item in items {
                menu.append(entry(app, item)?.as_ref())?;
            }
            Box::new(menu)
        }
    })
}

/// The names of icons/tray. Missed calls are told with everything; being quiet before being offline.
fn name(state: &TrayState) -> &'static str {
    match (state.quiet_until.is_some(), state.online, state.missed > 0) {
        (true, _, false) => "quiet",
        (true, _, true) => "quiet-missed",
        (false, true, false) => "online",
        (false, true, true) => "online-missed",
        (false, false, false) => "offline",
        (false, false, true) => "offline-missed",
    }
}

fn picture(state: &TrayState) -> Image<'static> {
    match name(state) {
        "quiet" => include_image!("icons/tray/quiet.png"),
        "quiet-missed" => include_image!("icons/tray/quiet-missed.png"),
        "online" => include_image!("icons/tray/online.png"),
        "online-missed" => include_image!("icons/tray/online-missed.png"),
        "offline-missed" => include_image!("icons/tray/offline-missed.png"),
        _ => include_image!("icons/tray/offline.png"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_icon_tells_of_quiet_first_and_of_missed_calls_always() {
        let state = |online, quiet: bool, missed| TrayState {
            online,
            quiet_until: quiet.then(|| "15:30".to_owned()),
            missed,
            favourites: Vec::new(),
        };
        assert_eq!(name(&state(true, false, 0)), "online");
        assert_eq!(name(&state(false, false, 2)), "offline-missed");
        assert_eq!(name(&state(false, true, 0)), "quiet");
        assert_eq!(name(&state(true, true, 1)), "quiet-missed");
    }

    #[test]
    fn every_state_has_a_picture_of_its_own() {
        let mut pictures = Vec::new();
        for (online, quiet, missed) in [
            (true, false, 0),
            (true, false, 1),
            (false, false, 0),
            (false, false, 1),
            (true, true, 0),
            (true, true, 1),
        ] {
            let state = TrayState {
                online,
                quiet_until: quiet.then(String::new),
                missed,
                favourites: Vec::new(),
            };
            let picture = picture(&state);
            assert_eq!((picture.width(), picture.height()), (48, 48));
            assert!(!pictures.contains(&picture.rgba().to_vec()));
            pictures.push(picture.rgba().to_vec());
        }
    }
}
