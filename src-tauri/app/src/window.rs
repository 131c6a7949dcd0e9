//! The window, and what the hub does to it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::desktop::Desktop;
use crate::hub::{HubHandle, News, Surface};
use crate::ipc::{PeerEvent, Snapshot};
use crate::options::Options;
use crate::page::{self, Page};
use ringdown_core::identity::PublicKey;
use tauri::webview::{PermissionKind, PermissionResponse};
use tauri::{
    AppHandle, Emitter, Manager, Url, UserAttentionType, WebviewUrl, WebviewWindow,
    WebviewWindowBuilder, WindowEvent,
};

/// The window's name for Tauri.
pub(crate) const LABEL: &str = "main";
/// Logical pixels; the smallest is what LOOK.md promises to look right at.
const SIZE: (f64, f64) = (960.0, 640.0);
const MIN_SIZE: (f64, f64) = (360.0, 480.0);

/// Where the pages' own storage lies: with the rest of a profile, so that two profiles don't write over each other's.
pub(crate) fn storage(data_dir: &Path) -> PathBuf {
    data_dir.join("pages")
}

/// Opens the window.
///
/// # Errors
/// When the system gives no window.
pub fn open(app: &AppHandle, options: &Options) -> tauri::Result<WebviewWindow> {
    let window = WebviewWindowBuilder::new(app, LABEL, WebviewUrl::default())
        .title("Ringdown")
        .inner_size(SIZE.0, SIZE.1)
        .min_inner_size(MIN_SIZE.0, MIN_SIZE.1)
        .visible(!options.hidden)
        .data_directory(storage(&options.data_dir))
        // Tauri's own handler would keep from the page what is dropped on it: invites.
        .disable_drag_drop_handler()
        .on_navigation(is_own_page)
        .on_permission_request(|webview, kind| permission(webview.url().ok().as_ref(), kind))
        .build()?;
    #[cfg(target_os = "linux")]
    {
        let ours = app.clone();
        window.with_webview(move |webview| {
            crate::webview_linux::prepare(&webview);
            crate::webview_linux::on_lost(&webview, move || page::lost(&ours));
        })?;
    }
    if let Some(page) = app.try_state::<Page>() {
        page.handle_shown(!options.hidden);
    }
    let (app, stays) = (app.clone(), options.hidden);
    window.on_window_event(move |event| handle(&app, stays, event));
    Ok(window)
}

/// Closing the window leaves the app in the tray, where friends can ring it; without a tray nobody would find the app
/// again, so there it ends, unless it was started to be in the background (`--hidden`): then a second start shows the
/// window.
fn handle(app: &AppHandle, stays: bool, event: &WindowEvent) {
    let desktop = app.try_state::<Arc<Desktop>>();
    match event {
        WindowEvent::Focused(focused) => {
            if let Some(desktop) = desktop {
                desktop.handle_focus(*focused);
            }
        }
        WindowEvent::CloseRequested { api, .. }
            if stays || desktop.is_some_and(|desktop| desktop.waits_in_tray()) =>
        {
            api.prevent_close();
            hide(app);
        }
        _ => {}
    }
}

/// Nobody is seen or heard by a window that was closed: the call in it ends.
fn hide(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(LABEL)
        && let Err(error) = window.hide()
    {
        tracing::warn!("the window could not be hidden: {error}");
    }
    if let Some(page) = app.try_state::<Page>() {
        page.handle_shown(false);
    }
    if let Some(hub) = app.try_state::<HubHandle>() {
        let hub = hub.inner().clone();
        tauri::async_runtime::spawn(async move {
            // Without a profile there is no call.
            let _ = hub.ask(|hub| hub.leave_call()).await;
        });
    }
}

/// Camera, microphone and screen for the app's own page; nothing else for anybody. On Linux not even these: there the
/// engine opens them, and the webview none.
fn permission(page: Option<&Url>, kind: PermissionKind) -> PermissionResponse {
    let known = matches!(
        kind,
        PermissionKind::Camera | PermissionKind::Microphone | PermissionKind::DisplayCapture
    );
    let asked_for = known && !cfg!(target_os = "linux");
    if asked_for && page.is_some_and(is_own_page) {
        PermissionResponse::Allow
    } else {
        PermissionResponse::Deny
    }
}

/// Whether a page is ours: `tauri://localhost` (Linux, macOS) or `http(s)://tauri.localhost` (Windows).
pub(crate) fn is_own_page(url: &Url) -> bool {
    match url.scheme() {
        "tauri" => url.host_str() == Some("localhost"),
        "http" | "https" => cfg!(windows) && url.host_str() == Some("tauri.localhost"),
        _ => false,
    }
}

/// Shows the window and puts it before the others.
pub fn raise(app: &AppHandle) {
    if let Some(page) = app.try_state::<Page>() {
        page.handle_shown(true);
    }
    let Some(window) = app.get_webview_window(LABEL) else {
        return;
    };
    let raised = window
        .show()
        .and_then(|()| window.unminimize())
        .and_then(|()| window.set_focus())
        .and_then(|()| window.request_user_attention(Some(UserAttentionType::Critical)));
    if let Err(error) = raised {
        tracing::warn!("the window could not be brought to the front: {error}");
    }
}

/// Shows the window with the search box ready for a name.
pub fn find(app: &AppHandle) {
    raise_and_tell(app, "find", ());
}

/// Shows the window at who asks to become a contact.
pub fn show_request(app: &AppHandle, key: PublicKey) {
    raise_and_tell(app, "request", key.to_string());
}

/// Shows the window, and tells its page this once it is there to hear it.
fn raise_and_tell<T>(app: &AppHandle, event: &'static str, payload: T)
where
    T: serde::Serialize + Clone + Send + Sync + 'static,
{
    raise(app);
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        if let Some(page) = app.try_state::<Page>() {
            page.wait().await;
        }
        app.tell(event, &payload);
    });
}

/// The window, and the desktop around it.
pub struct Outside {
    /// Whose window.
    pub app: AppHandle,
    /// Notifications, popup and tray.
    pub desktop: Arc<Desktop>,
}

impl Surface for Outside {
    fn state(&self, snapshot: &Snapshot) {
        self.app.tell("state", snapshot);
        if let Some(page) = self.app.try_state::<Page>() {
            page.handle_snapshot(snapshot);
        }
        #[cfg(target_os = "linux")]
        if let Some(engine) = self.app.try_state::<crate::engine::EngineHandle>() {
            engine.handle_snapshot(snapshot);
        }
        self.desktop.handle_snapshot(snapshot);
    }

    fn peer(&self, event: &PeerEvent) {
        self.app.tell("peer", event);
    }

    fn news(&self, news: &News) {
        self.desktop.handle_news(news);
    }

    fn raise(&self) {
        raise(&self.app);
    }
}

trait Tell {
    fn tell<T: serde::Serialize + Clone>(&self, event: &str, payload: &T);
}

impl Tell for AppHandle {
    fn tell<T: serde::Serialize + Clone>(&self, event: &str, payload: &T) {
        if let Err(error) = self.emit_to(LABEL, event, payload) {
            tracing::warn!("the window did not hear of a change: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn only_our_own_page_gets_camera_and_microphone() {
        let own = url("tauri://localhost/index.html");
        let foreign = url("https://example.org/");
        for kind in [PermissionKind::Camera, PermissionKind::Microphone] {
            let ours = if cfg!(target_os = "linux") {
                PermissionResponse::Deny
            } else {
                PermissionResponse::Allow
            };
            assert_eq!(permission(Some(&own), kind), ours);
            assert_eq!(permission(Some(&foreign), kind), PermissionResponse::Deny);
            assert_eq!(permission(None, kind), PermissionResponse::Deny);
        }
        assert_eq!(
            permission(Some(&own), PermissionKind::Geolocation),
            PermissionResponse::Deny
        );
    }

    #[test]
    fn the_window_never_leaves_our_page() {
        assert!(is_own_page(&url("tauri://localhost/")));
        assert!(!is_own_page(&url("tauri://elsewhere/")));
        assert!(!is_own_page(&url("https://tauri.localhost.example.org/")));
        assert!(!is_own_page(&url("file:///etc/passwd")));
    }
}
