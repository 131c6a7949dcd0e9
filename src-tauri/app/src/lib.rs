//! The Ringdown desktop app: plugins, the window, commands and the one event loop (`hub`).
//!
//! ```text
//! ui/  <-- commands, events -->  commands, window  -->  hub  -->  core (decides)
//!                                                        |-->  signaling (carries)
//!      <-- rtc, media socket -->  engine  ------------------>  rtc (connects, on Linux)
//! ```

mod about;
mod arguments;
mod backup;
mod clock;
mod commands;
pub mod control;
pub mod desktop;
mod durable;
#[cfg(target_os = "linux")]
mod engine;
pub mod hub;
mod instance;
pub mod ipc;
mod keys;
mod logging;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod memory;
mod modes;
pub mod options;
mod outbox;
mod page;
mod qr;
mod restore;
#[cfg(target_os = "linux")]
mod sandbox;
mod settings;
mod store;
#[cfg(test)]
mod types;
mod update;
#[cfg(target_os = "linux")]
mod wake;
#[cfg(target_os = "linux")]
mod webview_linux;
mod window;
mod wishes;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use ringdown_signaling::server::raise_descriptor_limit;
use tauri::{AppHandle, Manager, RunEvent};
use tokio::sync::mpsc;

use crate::control::Question;
use crate::desktop::Desktop;
use crate::hub::HubHandle;
use crate::instance::InstanceLock;
use crate::options::{Action, Args, Options};
use crate::page::Page;
use crate::window::Outside;

/// Files and sockets that the app may have open at once, where the system lets it. Often it allows 1,024 at first, for programs
/// that ask for nothing. Not more than this: what the app starts inherits it, and some programs go through all of them.
const DESCRIPTORS: u64 = 65_536;

/// Runs the app until the person quits it.
#[must_use]
pub fn run() -> ExitCode {
    let mut options = match Options::try_from(Args::parse()) {
        Ok(options) => options,
        Err(error) => return fail(&error),
    };
    let given = match arguments::complete(options.action.take(), std::env::args_os().collect()) {
        Ok((action, given)) => {
            options.action = action;
            given
        }
        Err(error) => return fail(&error),
    };
    if options.action == Some(Action::Invite) {
        return print_invite(options);
    }
    if let Some(question) = options.action.as_ref().and_then(Question::of) {
        let json = options.action == Some(Action::Status { json: true });
        return control::ask_and_print(&options.data_dir, &question, json);
    }
    if control::hand_over(&options.data_dir, &given) {
        return ExitCode::SUCCESS;
    }
    #[cfg(target_os = "linux")]
    if std::env::var_os("DISPLAY").is_none() && std::env::var_os("WAYLAND_DISPLAY").is_none() {
        return fail(
            &"There is no display to open a window on. Start Ringdown in a desktop session, or under a virtual one: xvfb-run -a ringdown",
        );
    }
    arguments::hide(options.action.as_ref());
    let logs = logging::start(&options.data_dir);
    raise_descriptor_limit(DESCRIPTORS);
    #[cfg(target_os = "linux")]
    webview_linux::draw_only_what_changed();
    #[cfg(target_os = "linux")]
    let options = Options {
        sandbox: sandbox::start(),
        ..options
    };
    let code = run_app(options);
    drop(logs);
    code
}

fn run_app(options: Options) -> ExitCode {
    let single_instance = tauri_plugin_single_instance::Builder::new()
        .dbus_id(instance::bus_name(&options.data_dir))
        .callback(|app, arguments, _| second_start(app, &arguments))
        .build();
    let app = tauri::Builder::default()
        .plugin(single_instance)
        .invoke_handler(tauri::generate_handler![
            commands::load,
            commands::start,
            commands::invite_preview,
            commands::add_contact,
            commands::rename_contact,
            commands::remove_contact,
            commands::call,
            commands::accept,
            commands::decline,
            commands::cancel,
            commands::hang_up,
            commands::dismiss,
            commands::take_invite,
            commands::resume,
            commands::signal,
            commands::media,
            commands::save_settings,
            commands::accept_request,
            commands::ignore_request,
            commands::block_request,
            commands::set_blocked,
            commands::set_early,
            commands::set_contact_policy,
            commands::lent_servers,
            commands::safety,
            commands::check_safety,
            commands::set_verified,
            commands::new_invite,
            commands::revoke_invite,
            commands::invite_qr,
            commands::invite_page,
            commands::read_qr,
            commands::backup,
            commands::restore,
            commands::take_key,
            commands::begin_anew,
            commands::start_again,
            commands::popup,
            commands::popup_answer,
            commands::speak,
            commands::autostart,
            commands::set_autostart,
            commands::history,
            commands::delete_history,
            commands::seen_missed,
            commands::report_path,
            commands::set_favorite,
            commands::set_note,
            commands::set_presence,
            commands::set_ring_when_free,
            commands::set_quiet,
            commands::later,
            commands::end_and_accept,
            commands::decline_waiting,
            commands::hold_and_accept,
            commands::swap,
            commands::hang_up_held,
            commands::diagnostics,
            commands::licences,
            commands::open_logs,
            commands::look_for_update,
            commands::open_update,
            commands::rtc,
        ])
        .setup(move |app| set_up(app.handle(), options))
        .build(tauri::generate_context!());
    match app {
        Ok(app) => {
            app.run(on_run_event);
            ExitCode::SUCCESS
        }
        Err(error) => fail(&error),
    }
}

/// Everything that runs beside the window. Only what makes a window pointless is an error here; the rest is said in it.
fn set_up(app: &AppHandle, options: Options) -> Result<(), Box<dyn std::error::Error>> {
    app.manage(InstanceLock::take(&options.data_dir)?);
    let (wishes, wished) = mpsc::unbounded_channel();
    let desktop = tauri::async_runtime::block_on(Desktop::start(app, wishes, window::raise));
    app.manage(desktop.clone());
    let surface = Arc::new(Outside {
        app: app.clone(),
        desktop,
    });
    let hub = tauri::async_runtime::block_on(HubHandle::open(options.clone(), surface));
    app.manage(hub.clone());
    #[cfg(unix)]
    match tauri::async_runtime::block_on(async {
        let app = app.clone();
        let second_start = move |arguments: &[String]| second_start(&app, arguments);
        control::Control::open(&options.data_dir, hub.clone(), second_start)
    }) {
        Ok(control) => drop(app.manage(control)),
        Err(error) => tracing::warn!("the command line can't ask this app: {error}"),
    }
    app.manage(Page::default());
    app.manage(options.clone());
    #[cfg(target_os = "linux")]
    app.manage(tauri::async_runtime::block_on(engine::EngineHandle::start(
        app.clone(),
        &options,
    )));
    // Bound to one address it is a test, and that address stays.
    #[cfg(target_os = "linux")]
    if options.bind.is_none() {
        tauri::async_runtime::spawn(engine::watch_network(hub.clone()));
        tauri::async_runtime::spawn(wake::watch(hub.clone()));
    }
    window::open(app, &options)?;
    tauri::async_runtime::spawn(page::watch(app.clone()));
    // Other systems' webviews end no process on request, and suspend hidden pages themselves.
    #[cfg(target_os = "linux")]
    tauri::async_runtime::spawn(page::rest(app.clone(), options.page_sleeps));
    if options.channel.is_some() {
        tauri::async_runtime::spawn(update::watch(hub.clone()));
    }
    tauri::async_runtime::spawn(wishes::grant(app.clone(), hub.clone(), wished));
    #[cfg(unix)]
    leave_when_told(app);
    if let Some(action) = options.action {
        act(app, hub, action);
    }
    Ok(())
}

/// Somebody started the app again with this data directory.
fn second_start(app: &AppHandle, arguments: &[String]) {
    window::raise(app);
    if let (Some(action), Some(hub)) = (options::action_of(arguments), app.try_state::<HubHandle>())
    {
        act(app, hub.inner().clone(), action);
    }
}

fn act(app: &AppHandle, hub: HubHandle, action: Action) {
    if action == Action::Find {
        window::find(app);
        return;
    }
    tauri::async_runtime::spawn(async move {
        let asked = hub.ask(move |hub| hub.act(action).inspect_err(|error| hub.notice(error)));
        // What went wrong is a notice in the window already.
        let _ = asked.await;
    });
}

fn on_run_event(app: &AppHandle, event: RunEvent) {
    if let RunEvent::Exit = event {
        if let Some(desktop) = app.try_state::<Arc<Desktop>>() {
            tauri::async_runtime::block_on(desktop.finish());
        }
        if let Some(hub) = app.try_state::<HubHandle>() {
            tauri::async_runtime::block_on(hub.close());
        }
    }
}

/// The session ends or somebody presses Ctrl-C: that is as good as closing the window.
#[cfg(unix)]
fn leave_when_told(app: &AppHandle) {
    use tokio::signal::unix::{SignalKind, signal};
    for kind in [
        SignalKind::terminate(),
        SignalKind::interrupt(),
        SignalKind::hangup(),
    ] {
        let app = app.clone();
        tauri::async_runtime::spawn(async move {
            // Without a handler the signal does what it always did.
            let Ok(mut told) = signal(kind) else { return };
            told.recv().await;
            app.exit(0);
        });
    }
}

fn print_invite(options: Options) -> ExitCode {
    match hub::invite_offline(&options) {
        Ok(link) => {
            println!("{link}");
            ExitCode::SUCCESS
        }
        Err(error) => fail(&error),
    }
}

/// The person started us from a terminal: that is where the reason goes.
fn fail(reason: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("ringdown: {reason}");
    ExitCode::FAILURE
}
