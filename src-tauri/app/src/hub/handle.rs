//! How everything else talks to the hub.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ringdown_core::name::DisplayName;
use tokio::sync::{mpsc, oneshot};

use super::{Hub, transfer};
use crate::backup::{self, BackupError};
use crate::ipc::{BackupMade, KeyStore, UiError};
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

    /// Writes everything to a file that `passphrase` opens, and says where it is.
    ///
    /// # Errors
    /// When the passphrase is too easy, there is nobody yet, or the file can't be written.
    pub async fn backup(&self, passphrase: String) -> Result<BackupMade, UiError> {
        let (content, dir) = self
            .ask(|hub| Ok((hub.content()?, hub.backup_dir())))
            .await?;
        let path = aside(move || {
            let file = backup::seal(&content, &passphrase)?;
            transfer::write_backup(&dir, &file)
        })
        .await?;
        Ok(BackupMade {
            path: path.display().to_string(),
        })
    }

    /// Becomes who is in the backup; who was here before is kept in a folder beside.
    ///
    /// # Errors
    /// When it can't be opened or kept.
    pub async fn restore(&self, data: String, passphrase: String) -> Result<(), UiError> {
        let content = aside(move || {
            if data.len() / 4 * 3 > backup::MAX_SIZE + 3 {
                return Err(BackupError::TooLarge.into());
            }
            let file = STANDARD.decode(data).map_err(|_| BackupError::Damaged)?;
            Ok(backup::open(&file, &passphrase)?)
        })
        .await?;
        let dir = self
            .ask(move |hub| {
                hub.restore(content)?;
                let wanted = hub.options.key_store == KeyStore::Keyring;
                Ok(wanted.then(|| hub.options.data_dir.clone()))
            })
            .await?;
        if let Some(dir) = dir {
            self.move_key(dir);
        }
        Ok(())
    }

    /// A key in a file moves to the keyring without anybody waiting for it.
    pub(super) fn move_key(&self, dir: PathBuf) {
        let hub = self.clone();
        tokio::spawn(async move {
            match keys::move_to_keyring(&dir).await {
                Ok(Ok(())) => {
                    let told = hub.ask(|hub| {
                        hub.key_store = KeyStore::Keyring;
                        hub.show();
                        Ok(())
                    });
                    // A hub that has closed reads it at the next start.
                    let _ = told.await;
                }
                Ok(Err(reason)) => tracing::info!("the key stays in its file: {reason}"),
                Err(error) => tracing::warn!("the key stays in its file: {}", error.code()),
            }
        });
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

/// Runs what takes a second, on purpose, where nobody else has to wait for it.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, UiError> + Send + 'static,
) -> Result<T, UiError> {
    let failed = |_| UiError::new("backup", "This did not work. Try again.");
    tokio::task::spawn_blocking(work).await.map_err(failed)?
}
