//! What the person chose in a notification, in the popup or in the tray, done.

use ringdown_core::call::{CallSnapshot, Direction, Phase};
use tauri::{AppHandle, Manager};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::desktop::Wish;
use crate::hub::{Hub, HubHandle};
use crate::ipc::{Quiet, UiError};
use crate::page::Page;
use crate::window;

/// Minutes from "Not now" to calling back.
const LATER: u32 = 10;

/// Until nobody can wish any more.
pub async fn grant(app: AppHandle, hub: HubHandle, mut wishes: mpsc::UnboundedReceiver<Wish>) {
    while let Some(wish) = wishes.recv().await {
        match wish {
            Wish::Open | Wish::ShowRequest(None) => window::raise(&app),
            Wish::ShowRequest(Some(key)) => window::show_request(&app, key),
            Wish::Quit => app.exit(0),
            Wish::Decline { .. } | Wish::Later { .. } | Wish::Quiet(_) => ask(&hub, wish).await,
            Wish::Accept { .. }
            | Wish::HoldAndAccept { .. }
            | Wish::EndAndAccept { .. }
            | Wish::Call(_) => {
                // The call takes place in the window: its page has to be there, and awake.
                window::raise(&app);
                if let Some(page) = app.try_state::<Page>() {
                    page.wait().await;
                }
                ask(&hub, wish).await;
            }
        }
    }
}

async fn ask(hub: &HubHandle, wish: Wish) {
    let asked = hub.ask(move |hub| {
        fulfil(hub, wish).inspect_err(|error| {
            hub.notice(error);
        })
    });
    // What went wrong is a notice in the window already.
    let _ = asked.await;
}

/// A call that no longer rings or waits is not answered: another one may by now.
fn fulfil(hub: &mut Hub, wish: Wish) -> Result<(), UiError> {
    let rings = |hub: &Hub, id| hub.snapshot().call.is_some_and(|call| rings_as(&call, id));
    let waits = |hub: &Hub, id| hub.snapshot().waiting.is_some_and(|call| call.id == id);
    match wish {
        Wish::Accept { call, video } if rings(hub, call) => hub.accept(video),
        Wish::Decline { call } if rings(hub, call) => hub.decline(),
        Wish::HoldAndAccept { call, video } if waits(hub, call) => hub.hold_and_accept(video),
        Wish::EndAndAccept { call, video } if waits(hub, call) => hub.end_and_accept(video),
        // The other call has ended in this moment, and it rings.
        Wish::HoldAndAccept { call, video } | Wish::EndAndAccept { call, video }
            if rings(hub, call) =>
        {
            hub.accept(video)
        }
        Wish::Decline { call } if waits(hub, call) => hub.decline_waiting(),
        Wish::Later { call } if rings(hub, call) => hub.later(LATER),
        Wish::Quiet(until) => hub.set_quiet(match until {
            Some(until_ms) => Quiet::Until { until_ms },
            None => Quiet::Off,
        }),
        Wish::Call(contact) => hub.call(contact, true),
        _ => Ok(()),
    }
}

fn rings_as(call: &CallSnapshot, id: Uuid) -> bool {
    call.id == id
        && call.direction == Direction::Incoming
        && matches!(call.phase, Phase::Inviting | Phase::Ringing)
}
