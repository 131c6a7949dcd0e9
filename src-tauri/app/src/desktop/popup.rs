//! The window that says who calls, above all others, when nobody looks at the main one.
//!
//! A small page of its own (`ui/popup.html`), which may ask for the call and answer it, and nothing else: see
//! `permissions/popup.toml`. It is made when it rings and gone when it doesn't: an app that waits holds no second page
//! in memory.

use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use tauri::webview::PermissionResponse;
use tauri::{
    AppHandle, Manager, PhysicalPosition, PhysicalSize, WebviewUrl, WebviewWindow,
    WebviewWindowBuilder,
};
use tokio::sync::mpsc;
use ts_rs::TS;
use uuid::Uuid;

use super::scene::Ringing;
use crate::options::Options;

/// Of the popup's window; its permissions hang on it.
pub const LABEL: &str = "popup";

/// Logical pixels.
const SIZE: (f64, f64) = (380.0, 220.0);
/// From the upper edge of the screen, logical pixels.
const MARGIN: f64 = 24.0;

/// What the popup's page draws.
#[derive(Clone, PartialEq, Eq, Serialize, TS)]
pub struct PopupView {
    /// The caller's key, base64url.
    pub key: String,
    /// What the person calls them.
    pub name: String,
    /// The safety numbers were compared.
    pub verified: bool,
    /// They want to show a picture.
    pub video: bool,
    /// They wait, since the person is in a call with somebody of this name; null: no call is on.
    pub during: Option<String>,
}

impl std::fmt::Debug for PopupView {
    /// Names stay out of logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PopupView {{ video: {} }}", self.video)
    }
}

/// What the person says in the popup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PopupAnswer {
    /// Answer, with picture where the caller offers one.
    Accept,
    /// Answer without picture.
    AcceptVoice,
    /// Refuse.
    Decline,
    /// Refuse, and call back in ten minutes.
    Later,
    /// Put the call that is on on hold and answer this one.
    HoldAndAccept,
    /// End the call that is on and answer this one.
    EndAndAccept,
}

/// What the page asks for when it is there.
#[derive(Debug, Default)]
pub struct PopupState(Mutex<Option<PopupView>>);

impl PopupState {
    /// None: it does not ring any more.
    #[must_use]
    pub fn view(&self) -> Option<PopupView> {
        self.0.lock().ok()?.clone()
    }

    fn set(&self, view: Option<PopupView>) {
        if let Ok(mut shown) = self.0.lock() {
            *shown = view;
        }
    }
}

#[derive(Debug)]
enum Order {
    Show(Ringing, String),
    Hide(Uuid),
}

/// Shows and hides the popup, in this order.
#[derive(Debug, Clone)]
pub struct Popup(mpsc::UnboundedSender<Order>);

impl Popup {
    /// Starts on the current runtime. Where no window can be made, `otherwise` brings the call before the person.
    #[must_use]
    pub fn start(app: AppHandle, otherwise: fn(&AppHandle)) -> Self {
        app.manage(PopupState::default());
        let (orders, queue) = mpsc::unbounded_channel();
        tokio::spawn(carry_out(app, queue, otherwise));
        Self(orders)
    }

    /// Shows who calls, in a window of this title.
    pub fn show(&self, ringing: Ringing, title: String) {
        // Not carried out only when the app ends.
        let _ = self.0.send(Order::Show(ringing, title));
    }

    /// It does not ring any more.
    pub fn hide(&self, call: Uuid) {
        let _ = self.0.send(Order::Hide(call));
    }
}

async fn carry_out(
    app: AppHandle,
    mut orders: mpsc::UnboundedReceiver<Order>,
    otherwise: fn(&AppHandle),
) {
    let mut shown = None;
    while let Some(order) = orders.recv().await {
        match order {
            Order::Show(ringing, title) => {
                hide(&app);
                shown = Some(ringing.call);
                if let Err(error) = show(&app, ringing, &title) {
                    tracing::warn!("the popup could not be shown: {error}");
                    otherwise(&app);
                }
            }
            Order::Hide(call) if shown == Some(call) => {
                shown = None;
                hide(&app);
            }
            Order::Hide(_) => {}
        }
    }
}

fn show(app: &AppHandle, ringing: Ringing, title: &str) -> tauri::Result<()> {
    if let Some(state) = app.try_state::<PopupState>() {
        state.set(Some(PopupView {
            key: ringing.contact.to_string(),
            name: ringing.name,
            verified: ringing.verified,
            video: ringing.video,
            during: ringing.during,
        }));
    }
    let options = app.state::<Options>();
    let window = WebviewWindowBuilder::new(app, LABEL, WebviewUrl::App("popup.html".into()))
        .data_directory(crate::window::storage(&options.data_dir))
        .title(title)
        .inner_size(SIZE.0, SIZE.1)
        .resizable(false)
        .maximizable(false)
        .minimizable(false)
        .decorations(false)
        .always_on_top(true)
        .visible_on_all_workspaces(true)
        .skip_taskbar(true)
        // Whoever is typing goes on typing where they were.
        .focused(false)
        .visible(false)
        .on_navigation(crate::window::is_own_page)
        .on_permission_request(|_, _| PermissionResponse::Deny)
        .build()?;
    if let Some(position) = place(app, &window) {
        window.set_position(position)?;
    }
    window.show()
}

fn hide(app: &AppHandle) {
    if let Some(state) = app.try_state::<PopupState>() {
        state.set(None);
    }
    if let Some(window) = app.get_webview_window(LABEL)
        && let Err(error) = window.destroy()
    {
        tracing::warn!("the popup could not be closed: {error}");
    }
}

/// Centre-top of the screen with the pointer. None where the system says no screen, or (Wayland) places windows as it
/// likes.
fn place(app: &AppHandle, window: &WebviewWindow) -> Option<PhysicalPosition<i32>> {
    let at_pointer = app
        .cursor_position()
        .and_then(|at| app.monitor_from_point(at.x, at.y));
    let monitor = match at_pointer {
        Ok(Some(monitor)) => monitor,
        _ => window.primary_monitor().ok()??,
    };
    Some(centre_top(
        *monitor.position(),
        *monitor.size(),
        monitor.scale_factor(),
    ))
}

fn centre_top(
    origin: PhysicalPosition<i32>,
    size: PhysicalSize<u32>,
    scale: f64,
) -> PhysicalPosition<i32> {
    let width = f64::from(size.width);
    let x = f64::from(origin.x) + ((width - SIZE.0 * scale) / 2.0).max(0.0);
    let y = f64::from(origin.y) + MARGIN * scale;
    // Screens are far smaller than an i32.
    PhysicalPosition::new(x as i32, y as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_at_the_top_of_the_screen_in_the_middle() {
        let first = centre_top((0, 0).into(), (1920, 1080).into(), 1.0);
        assert_eq!(first, (770, 24).into());
        // A second screen to the right of it, twice as fine.
        let second = centre_top((1920, -100).into(), (3840, 2160).into(), 2.0);
        assert_eq!(second, (1920 + 1540, -52).into());
    }

    #[test]
    fn on_a_screen_smaller_than_itself_it_begins_at_the_edge() {
        assert_eq!(
            centre_top((0, 0).into(), (320, 240).into(), 1.0),
            (0, 24).into()
        );
    }
}
