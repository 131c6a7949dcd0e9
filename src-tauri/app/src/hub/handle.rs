//! How everything else talks to the hub.

use ringdown_core::name::DisplayName;
use tokio::sync::{mpsc, oneshot};

use super::Hub;
use crate::ipc::UiError;
use crate::keys;

/// Something to do with the hub's state, in its turn.
pub(super) type Task = Box<dyn FnOnce(&mut Hub) + Send>;

/// Cheap to clone; [`HubHandle::close`] ends the hub.
#[derive(Clone)]
pub struct HubHandle(HandleState);

#[derive(Clone)]
enum HandleState {
    Running(mpsc::UnboundedSender<Task>),
    Failed(UiError),
}

impl HubHandle {
    pub(super) fn new(tasks: mpsc::UnboundedSender<Task>) -> Self {
        Self(HandleState::Running(tasks))
    }

    /// A hub that could not start: every question is answered with the reason.
    #[must_use]
    pub fn failed(reason: UiError) -> Self {
        Self(HandleState::Failed(reason))
    }

    /// Runs `question` on the hub and gives its answer.
    ///
    /// # Errors
    /// The question's own, or that the app is closing or never started.
    pub async fn ask<T, F>(&self, question: F) -> Result<T, UiError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Hub) -> Result<T, UiError> + Send + 'static,
    {
        let tasks = match &self.0 {
            HandleState::Running(tasks) => tasks,
            HandleState::Failed(reason) => return Err(reason.clone()),
        };
        let closing = || UiError::new("closing", "Ringdown is closing.");
        let (answer, answered) = oneshot::channel();
        let task: Task = Box::new(move |hub| drop(answer.send(question(hub))));
        tasks.send(task).map_err(|_| closing())?;
        answered.await.map_err(|_| closing())?
    }

    /// The first start, or a new name: makes the identity where there is none. The keyring may take seconds; the hub
    /// goes on meanwhile.
    ///
    /// # Errors
    /// When the name is none, or nothing could be written.
    pub async fn set_name(&self, name: &str) -> Result<(), UiError> {
        let name = DisplayName::parse(name).map_err(|error| UiError::new("name", error))?;
        let missing = self.ask(|hub| Ok(hub.missing_identity())).await?;
        let made = match missing {
            Some((dir, wanted)) => Some(
                keys::create(&dir, wanted)
                    .await
                    .map_err(|error| UiError::new(error.code(), error))?,
            ),
            None => None,
        };
        self.ask(move |hub| {
            if let Some((kept, reason)) = made {
                hub.introduce_identity(kept, reason);
            }
            hub.set_name(name)
        })
        .await
    }

    /// Ends the call that is on, leaves the meeting points and ends the loop. Resolves when the others were told.
    pub async fn close(&self) {
        let HandleState::Running(tasks) = &self.0 else {
            return;
        };
        let (closed, wait) = oneshot::channel();
        if tasks
            .send(Box::new(move |hub| hub.closing = Some(closed)))
            .is_ok()
        {
            // An error means that somebody else closed it.
            let _ = wait.await;
        }
    }
}
