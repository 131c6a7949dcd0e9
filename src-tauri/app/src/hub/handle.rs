//! How everything else talks to the hub.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ringdown_core::name::DisplayName;
use tokio::runtime::Handle;
use tokio::sync::{Mutex, mpsc, oneshot};

use super::{Hub, StartError, Surface, transfer};
use crate::backup::{self, BackupError};
use crate::ipc::{BackupMade, KeyStore, UiError};
use crate::keys;
use crate::options::Options;
use crate::restore;
use crate::store::{Store, StoreError};

/// Something to do with the hub's state, in its turn.
pub(super) type Task = Box<dyn FnOnce(&mut Hub) + Send>;

/// Cheap to clone; [`HubHandle::close`] ends the hub.
#[derive(Clone)]
pub struct HubHandle(Arc<Shared>);

struct Shared {
    state: RwLock<HandleState>,
    /// One way out of a start that failed is gone at a time: two hubs must not come of it.
    mending: Mutex<()>,
}

#[derive(Clone)]
enum HandleState {
    Running(mpsc::UnboundedSender<Task>),
    Failed(Box<Failed>),
}

/// A hub that could not start.
#[derive(Clone)]
struct Failed {
    reason: UiError,
    options: Options,
    surface: Arc<dyn Surface>,
}

impl HubHandle {
    pub(super) fn new(tasks: mpsc::UnboundedSender<Task>) -> Self {
        Self::in_state(HandleState::Running(tasks))
    }

    fn in_state(state: HandleState) -> Self {
        Self(Arc::new(Shared {
            state: RwLock::new(state),
            mending: Mutex::new(()),
        }))
    }

    /// Starts a hub. One that can't start answers every question with the reason, until [`HubHandle::start_again`],
    /// [`HubHandle::restore`], [`HubHandle::take_key`] or [`HubHandle::begin_anew`] has helped.
    pub async fn open(options: Options, surface: Arc<dyn Surface>) -> Self {
        match Hub::start(options.clone(), Arc::clone(&surface)).await {
            Ok(running) => running,
            Err(error) => {
                let failed = Failed::new(error, options, surface);
                Self::in_state(HandleState::Failed(Box::new(failed)))
            }
        }
    }

    fn state(&self) -> HandleState {
        let state = self.0.state.read();
        state.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Runs `question` on the hub and gives its answer.
    ///
    /// # Errors
    /// The question's own, or that the app is closing or has not started.
    pub async fn ask<T, F>(&self, question: F) -> Result<T, UiError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Hub) -> Result<T, UiError> + Send + 'static,
    {
        let tasks = match self.state() {
            HandleState::Running(tasks) => tasks,
            HandleState::Failed(failed) => return Err(failed.reason),
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

    /// Becomes who is in the backup; who was here before is kept in a folder beside. Where the hub could not start, it
    /// starts then.
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
        if let HandleState::Failed(_) = self.state() {
            return self
                .mend(move |failed| {
                    let dir = &failed.options.data_dir;
                    match Store::open(dir) {
                        Ok(mut store) => {
                            restore::restore(dir, &mut store, &content, None, &mut restore::go_on)
                        }
                        Err(StoreError::Damaged(_)) => {
                            restore::restore_damaged(dir, &content, &mut restore::go_on)
                        }
                        Err(error) => Err(error.into()),
                    }
                    .map_err(UiError::from)
                })
                .await;
        }
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

    /// Where the hub could not start for want of a key: takes the one in this file (base64), and starts.
    ///
    /// # Errors
    /// When it is no key or not the one that the contacts know, it can't be kept, or the hub can't start even so.
    pub async fn take_key(&self, data: String) -> Result<(), UiError> {
        self.mend(move |failed| {
            // What is no base64 of a few bytes is no key either.
            let file = STANDARD.decode(data).unwrap_or_default();
            Ok(restore::take_key(&failed.options.data_dir, &file)?)
        })
        .await
    }

    /// Where the hub could not start because key or contacts can't be used: moves all of it to a folder beside, and
    /// starts as nobody.
    ///
    /// # Errors
    /// When it could not start for another reason, something can't be moved, or it can't start even so.
    pub async fn begin_anew(&self) -> Result<(), UiError> {
        self.mend(|failed| {
            let lost = ["key", "keyring", "storage_damaged"];
            let code = failed.reason.code.as_str();
            if lost.contains(&code) || code.starts_with("key_") {
                return Ok(restore::begin_anew(&failed.options.data_dir)?);
            }
            Err(failed.reason.clone())
        })
        .await
    }

    /// Where the hub could not start: tries once more.
    ///
    /// # Errors
    /// When it can't.
    pub async fn start_again(&self) -> Result<(), UiError> {
        self.mend(|_| Ok(())).await
    }

    /// Does something about a start that failed, and starts. Nothing is to be done where a hub runs.
    async fn mend(
        &self,
        work: impl FnOnce(&Failed) -> Result<(), UiError> + Send + 'static,
    ) -> Result<(), UiError> {
        let _turn = self.0.mending.lock().await;
        let HandleState::Failed(found) = self.state() else {
            return Ok(());
        };
        let (state, started) = aside(move || {
            work(&found)?;
            let (options, surface) = (found.options, found.surface);
            let start = Hub::start(options.clone(), Arc::clone(&surface));
            Ok(match Handle::current().block_on(start) {
                Ok(running) => (running.state(), Ok(())),
                Err(error) => {
                    let failed = Failed::new(error, options, surface);
                    let reason = failed.reason.clone();
                    (HandleState::Failed(Box::new(failed)), Err(reason))
                }
            })
        })
        .await?;
        *self.0.state.write().unwrap_or_else(PoisonError::into_inner) = state;
        started
    }

    /// A key in a file moves to the keyring without anybody waiting for it.
    pub(super) fn move_key(&self, dir: PathBuf) {
        let hub = self.clone();
        tokio::spawn(async move {
            match keys::move_to_keyring(&dir).await {
                Ok(Ok(Some(moved))) => {
                    let told = hub.ask(move |hub| {
                        // Somebody else by now, who was restored meanwhile?
                        let own = hub.identity.as_ref().map(|own| own.public());
                        if own == Some(moved) {
                            hub.key_store = KeyStore::Keyring;
                            hub.show();
                        }
                        Ok(())
                    });
                    // A hub that has closed reads it at the next start.
                    let _ = told.await;
                }
                Ok(Ok(None)) => {}
                Ok(Err(reason)) => tracing::info!("the key stays in its file: {reason}"),
                Err(error) => tracing::warn!("the key stays in its file: {}", error.code()),
            }
        });
    }

    /// Ends the call that is on, leaves the meeting points and ends the loop. Resolves when the others were told.
    pub async fn close(&self) {
        let HandleState::Running(tasks) = self.state() else {
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

impl Failed {
    fn new(error: StartError, options: Options, surface: Arc<dyn Surface>) -> Self {
        let reason = UiError::from(error);
        // The sentence names folders, which may have a person's name in them.
        tracing::error!("could not start: {}", reason.code);
        Self {
            reason,
            options,
            surface,
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
