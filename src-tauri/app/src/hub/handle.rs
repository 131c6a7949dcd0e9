//! How everything else talks to the hub.

use tokio::sync::{mpsc, oneshot};

use super::Hub;
use crate::ipc::UiError;

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
