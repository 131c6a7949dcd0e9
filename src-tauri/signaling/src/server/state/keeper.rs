//! The task that keeps the directory like memory, beside everything else.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::oneshot,
    task::{JoinHandle, spawn_blocking},
    time::{sleep, timeout},
};

use super::{Clocks, Hub, StateDir};

/// What changes within this time is written at one go. A note that is handed over and answered meanwhile never is, and one that
/// came this shortly before a crash is lost.
pub(super) const TOGETHER: Duration = Duration::from_secs(1);

/// The directory is looked after this often even if nothing changes: notes get out of date, a disk has room again.
const AT_LEAST_EVERY: Duration = Duration::from_secs(60);

/// A server that stops waits this long for its notes to be written.
const LAST_PATIENCE: Duration = Duration::from_secs(10);

/// Keeps the notes until it is dropped; then it writes them one last time, and lets go of the directory.
#[derive(Debug)]
pub(in super::super) struct Keeper {
    end: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Keeper {
    /// Puts what was found into memory and starts.
    pub(in super::super) fn start(mut state: StateDir, hub: &Arc<Hub>) -> Self {
        state.take_in(hub, &Clocks::read());
        let (end, ended) = oneshot::channel();
        let task = tokio::spawn(keep(state, Arc::clone(hub), ended));
        Self { end, task }
    }

    /// Ends it, and waits for that.
    pub(in super::super) async fn finish(self) {
        drop(self.end);
        if timeout(LAST_PATIENCE, self.task).await.is_err() {
            tracing::warn!("not all notes could be written in time");
        }
    }
}

async fn keep(mut state: StateDir, hub: Arc<Hub>, mut ended: oneshot::Receiver<()>) {
    loop {
        let last = tokio::select! {
            _ = &mut ended => true,
            () = something_to_do(&hub) => false,
        };
        let hub = Arc::clone(&hub);
        let saving = spawn_blocking(move || {
            state.save(&hub, last);
            state
        });
        match saving.await {
            Ok(saved) if !last => state = saved,
            // Also where the runtime ends.
            _ => return,
        }
    }
}

async fn something_to_do(hub: &Hub) {
    if timeout(AT_LEAST_EVERY, hub.changed()).await.is_ok() {
        sleep(TOGETHER).await;
    }
}
