//! The commands of the webview: they parse, ask the hub and answer. No logic here.

use std::sync::Arc;

use ringdown_core::ice::{IcePolicy, IceServer};
use ringdown_core::identity::PublicKey;
use ringdown_core::invite::issued::InviteKind;
use serde_json::Value;
use tauri::State;
use uuid::Uuid;

use crate::about;
use crate::desktop::popup::{PopupAnswer, PopupState, PopupView};
use crate::desktop::words::Words;
use crate::desktop::{Desktop, autostart};
use crate::hub::{Hub, HubHandle};
use crate::ipc::{
    Added, BackupMade, HistoryPage, HistoryQuery, InvitePreview, MediaState, NewInvite, PathKind,
    Quiet, Safety, SafetyCheck, Settings, Snapshot, UiError,
};
use crate::options::Options;
use crate::page::Page;
use crate::update::{self, NewVersion};

type Answer<T> = Result<T, UiError>;

#[tauri::command]
pub async fn load(hub: State<'_, HubHandle>, page: State<'_, Page>) -> Answer<Snapshot> {
    let snapshot = hub.ask(|hub| Ok(hub.snapshot())).await;
    page.set_loaded();
    snapshot
}

#[tauri::command]
pub async fn start(hub: State<'_, HubHandle>, name: String) -> Answer<()> {
    hub.set_name(&name).await
}

#[tauri::command]
pub async fn take_invite(hub: State<'_, HubHandle>) -> Answer<Option<String>> {
    hub.ask(Hub::take_invite).await
}

#[tauri::command]
pub async fn invite_preview(hub: State<'_, HubHandle>, link: String) -> Answer<InvitePreview> {
    hub.ask(move |hub| hub.invite_preview(&link)).await
}

#[tauri::command]
pub async fn add_contact(
    hub: State<'_, HubHandle>,
    link: String,
    name: Option<String>,
) -> Answer<Added> {
    hub.ask(move |hub| hub.add_contact(&link, name.as_deref()))
        .await
}

#[tauri::command]
pub async fn rename_contact(hub: State<'_, HubHandle>, key: PublicKey, name: String) -> Answer<()> {
    hub.ask(move |hub| hub.rename_contact(key, &name)).await
}

#[tauri::command]
pub async fn remove_contact(hub: State<'_, HubHandle>, key: PublicKey) -> Answer<()> {
    hub.ask(move |hub| hub.remove_contact(key)).await
}

#[tauri::command]
pub async fn call(hub: State<'_, HubHandle>, contact: PublicKey, video: bool) -> Answer<()> {
    hub.ask(move |hub| hub.call(contact, video)).await
}

#[tauri::command]
pub async fn accept(hub: State<'_, HubHandle>, video: bool) -> Answer<()> {
    hub.ask(move |hub| hub.accept(video)).await
}

#[tauri::command]
pub async fn decline(hub: State<'_, HubHandle>) -> Answer<()> {
    hub.ask(Hub::decline).await
}

#[tauri::command]
pub async fn cancel(hub: State<'_, HubHandle>) -> Answer<()> {
    hub.ask(Hub::cancel).await
}

#[tauri::command]
pub async fn hang_up(hub: State<'_, HubHandle>) -> Answer<()> {
    hub.ask(Hub::hang_up).await
}

#[tauri::command]
pub async fn dismiss(hub: State<'_, HubHandle>) -> Answer<()> {
    hub.ask(Hub::dismiss).await
}

#[tauri::command]
pub async fn resume(hub: State<'_, HubHandle>, call: Uuid) -> Answer<()> {
    hub.ask(move |hub| hub.resume(call)).await
}

#[tauri::command]
pub async fn signal(hub: State<'_, HubHandle>, call: Uuid, data: String) -> Answer<()> {
    hub.ask(move |hub| hub.signal(call, data)).await
}

#[tauri::command]
pub async fn media(hub: State<'_, HubHandle>, call: Uuid, state: MediaState) -> Answer<()> {
    hub.ask(move |hub| hub.media(call, state)).await
}

#[tauri::command]
pub async fn save_settings(hub: State<'_, HubHandle>, settings: Settings) -> Answer<Settings> {
    hub.ask(move |hub| hub.save_settings(settings)).await
}

#[tauri::command]
pub async fn accept_request(
    hub: State<'_, HubHandle>,
    key: PublicKey,
    name: Option<String>,
) -> Answer<()> {
    hub.ask(move |hub| hub.accept_request(key, name.as_deref()))
        .await
}

#[tauri::command]
pub async fn ignore_request(hub: State<'_, HubHandle>, key: PublicKey) -> Answer<()> {
    hub.ask(move |hub| hub.ignore_request(key)).await
}

#[tauri::command]
pub async fn block_request(hub: State<'_, HubHandle>, key: PublicKey) -> Answer<()> {
    hub.ask(move |hub| hub.block_request(key)).await
}

#[tauri::command]
pub async fn set_blocked(hub: State<'_, HubHandle>, key: PublicKey, blocked: bool) -> Answer<()> {
    hub.ask(move |hub| hub.set_blocked(key, blocked)).await
}

#[tauri::command]
pub async fn set_early(hub: State<'_, HubHandle>, key: PublicKey, early: bool) -> Answer<()> {
    hub.ask(move |hub| hub.set_early(key, early)).await
}

#[tauri::command]
pub async fn set_contact_policy(
    hub: State<'_, HubHandle>,
    key: PublicKey,
    policy: Option<IcePolicy>,
) -> Answer<()> {
    hub.ask(move |hub| hub.set_contact_policy(key, policy))
        .await
}

#[tauri::command]
pub async fn lent_servers(hub: State<'_, HubHandle>) -> Answer<Vec<IceServer>> {
    hub.ask(|hub| Ok(hub.lent_servers())).await
}

#[tauri::command]
pub async fn safety(hub: State<'_, HubHandle>, key: PublicKey) -> Answer<Safety> {
    hub.ask(move |hub| hub.safety(key)).await
}

#[tauri::command]
pub async fn check_safety(
    hub: State<'_, HubHandle>,
    key: PublicKey,
    text: String,
) -> Answer<SafetyCheck> {
    hub.ask(move |hub| hub.check_safety(key, &text)).await
}

#[tauri::command]
pub async fn set_verified(hub: State<'_, HubHandle>, key: PublicKey, verified: bool) -> Answer<()> {
    hub.ask(move |hub| hub.set_verified(key, verified)).await
}

#[tauri::command]
pub async fn new_invite(
    hub: State<'_, HubHandle>,
    kind: InviteKind,
    label: Option<String>,
) -> Answer<NewInvite> {
    hub.ask(move |hub| hub.new_invite(kind, label.as_deref()))
        .await
}

#[tauri::command]
pub async fn revoke_invite(hub: State<'_, HubHandle>, id: Uuid) -> Answer<()> {
    hub.ask(move |hub| hub.revoke_invite(id)).await
}

#[tauri::command]
pub async fn invite_qr(hub: State<'_, HubHandle>) -> Answer<String> {
    hub.ask(|hub| hub.invite_qr()).await
}

#[tauri::command]
pub async fn invite_page(hub: State<'_, HubHandle>) -> Answer<Option<String>> {
    hub.ask(|hub| hub.invite_page()).await
}

#[tauri::command]
pub async fn backup(hub: State<'_, HubHandle>, passphrase: String) -> Answer<BackupMade> {
    hub.backup(passphrase).await
}

#[tauri::command]
pub async fn restore(hub: State<'_, HubHandle>, data: String, passphrase: String) -> Answer<()> {
    hub.restore(data, passphrase).await
}

/// Of an app that could not start: takes the key in this file (base64) and starts.
#[tauri::command]
pub async fn take_key(hub: State<'_, HubHandle>, data: String) -> Answer<()> {
    hub.take_key(data).await
}

/// Of an app that could not start: moves everything to a folder beside and starts as nobody.
#[tauri::command]
pub async fn begin_anew(hub: State<'_, HubHandle>) -> Answer<()> {
    hub.begin_anew().await
}

/// Of an app that could not start: tries once more.
#[tauri::command]
pub async fn start_again(hub: State<'_, HubHandle>) -> Answer<()> {
    hub.start_again().await
}

/// The text of a QR code in a picture: `gray` is base64 of one byte a pixel.
#[tauri::command]
pub async fn read_qr(width: usize, height: usize, gray: String) -> Answer<Option<String>> {
    crate::qr::read_base64(width, height, gray).await
}

#[tauri::command]
pub async fn history(hub: State<'_, HubHandle>, query: HistoryQuery) -> Answer<HistoryPage> {
    hub.ask(move |hub| hub.history(&query)).await
}

#[tauri::command]
pub async fn delete_history(hub: State<'_, HubHandle>, id: Option<String>) -> Answer<()> {
    hub.ask(move |hub| hub.delete_history(id.as_deref())).await
}

#[tauri::command]
pub async fn seen_missed(hub: State<'_, HubHandle>) -> Answer<()> {
    hub.ask(Hub::seen_missed).await
}

#[tauri::command]
pub async fn report_path(hub: State<'_, HubHandle>, call: Uuid, path: PathKind) -> Answer<()> {
    hub.ask(move |hub| hub.report_path(call, path)).await
}

#[tauri::command]
pub async fn set_favorite(hub: State<'_, HubHandle>, key: PublicKey, on: bool) -> Answer<()> {
    hub.ask(move |hub| hub.set_favorite(key, on)).await
}

#[tauri::command]
pub async fn set_note(hub: State<'_, HubHandle>, key: PublicKey, note: String) -> Answer<()> {
    hub.ask(move |hub| hub.set_note(key, &note)).await
}

#[tauri::command]
pub async fn set_presence(hub: State<'_, HubHandle>, key: PublicKey, on: bool) -> Answer<()> {
    hub.ask(move |hub| hub.set_presence(key, on)).await
}

#[tauri::command]
pub async fn set_ring_when_free(hub: State<'_, HubHandle>, key: PublicKey, on: bool) -> Answer<()> {
    hub.ask(move |hub| hub.set_ring_when_free(key, on)).await
}

#[tauri::command]
pub async fn set_quiet(hub: State<'_, HubHandle>, quiet: Quiet) -> Answer<()> {
    hub.ask(move |hub| hub.set_quiet(quiet)).await
}

#[tauri::command]
pub async fn later(hub: State<'_, HubHandle>, minutes: u32) -> Answer<()> {
    hub.ask(move |hub| hub.later(minutes)).await
}

#[tauri::command]
pub async fn hold_and_accept(hub: State<'_, HubHandle>, video: bool) -> Answer<()> {
    hub.ask(move |hub| hub.hold_and_accept(video)).await
}

#[tauri::command]
pub async fn swap(hub: State<'_, HubHandle>) -> Answer<()> {
    hub.ask(Hub::swap).await
}

#[tauri::command]
pub async fn hang_up_held(hub: State<'_, HubHandle>) -> Answer<()> {
    hub.ask(Hub::hang_up_held).await
}

#[tauri::command]
pub async fn end_and_accept(hub: State<'_, HubHandle>, video: bool) -> Answer<()> {
    hub.ask(move |hub| hub.end_and_accept(video)).await
}

#[tauri::command]
pub async fn decline_waiting(hub: State<'_, HubHandle>) -> Answer<()> {
    hub.ask(Hub::decline_waiting).await
}

/// How this app is, for a report: no secrets, names or addresses.
#[tauri::command]
pub async fn diagnostics(hub: State<'_, HubHandle>) -> Answer<String> {
    hub.ask(|hub| Ok(hub.diagnostics())).await
}

/// The licences of everything that is in the app.
#[tauri::command]
pub fn licences() -> &'static str {
    about::LICENCES
}

/// Shows the folder of the logs in the system's file manager.
#[tauri::command]
pub fn open_logs(options: State<'_, Options>) -> Answer<()> {
    about::open_logs(&options.data_dir)
}

/// Looks for a newer version now.
#[tauri::command]
pub async fn look_for_update(hub: State<'_, HubHandle>) -> Answer<Option<NewVersion>> {
    update::look(&hub).await
}

/// Shows where the newer version is, in the browser.
#[tauri::command]
pub async fn open_update(hub: State<'_, HubHandle>) -> Answer<()> {
    let snapshot = hub.ask(|hub| Ok(hub.snapshot())).await?;
    let found = snapshot.update.and_then(|update| update.found);
    found.map_or(Ok(()), |found| about::open_page(&found.page))
}

/// Of the popup: who calls; null when it does not ring any more.
#[tauri::command]
pub fn popup(state: State<'_, PopupState>) -> Option<PopupView> {
    state.view()
}

/// Of the popup: the answer.
#[tauri::command]
pub fn popup_answer(desktop: State<'_, Arc<Desktop>>, answer: PopupAnswer) {
    desktop.handle_popup(answer);
}

/// The words of notifications and of the tray's menu.
#[tauri::command]
pub fn speak(desktop: State<'_, Arc<Desktop>>, words: Words) {
    desktop.speak(words);
}

/// Whether the app starts with the session.
#[tauri::command]
pub fn autostart() -> Answer<bool> {
    autostart::is_on().map_err(|error| UiError::new("autostart", error))
}

#[tauri::command]
pub fn set_autostart(on: bool, options: State<'_, Options>) -> Answer<()> {
    autostart::set(on, options.own_data_dir()).map_err(|error| UiError::new("autostart", error))
}

/// A request of the polyfill to the engine; its errors are DOMExceptions (`name`, `message`).
#[cfg(target_os = "linux")]
#[tauri::command]
pub async fn rtc(
    engine: State<'_, crate::engine::EngineHandle>,
    hub: State<'_, HubHandle>,
    request: Value,
) -> Result<Value, Value> {
    engine.request(&hub, request).await
}

/// The webviews of other systems have WebRTC: the polyfill is not installed and nobody asks.
#[cfg(not(target_os = "linux"))]
#[tauri::command]
pub async fn rtc(request: Value) -> Result<Value, Value> {
    drop(request);
    Err(
        serde_json::json!({ "name": "NotSupportedError", "message": "this system's webview has WebRTC of its own" }),
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    /// Words in quotes or after `commands::`, one by one.
    fn names<'a>(text: &'a str, before: &str, after: char) -> BTreeSet<&'a str> {
        let parts = text.split(before).skip(1);
        parts.filter_map(|part| part.split(after).next()).collect()
    }

    #[test]
    fn every_command_is_allowed_to_one_page() {
        let handled = names(include_str!("lib.rs"), "            commands::", ',');
        let window = include_str!("../permissions/window.toml");
        let (_, window) = window.split_once("allow = [").unwrap();
        let window = names(window, "    \"", '"');
        let popup = BTreeSet::from(["popup", "popup_answer"]);
        let list = r#"allow = ["popup", "popup_answer"]"#;
        assert!(include_str!("../permissions/popup.toml").contains(list));
        assert!(window.is_disjoint(&popup));
        assert_eq!(handled, window.union(&popup).copied().collect());
    }
}
