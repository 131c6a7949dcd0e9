//! The one event loop: commands, signaling, discovery and time go in, one at a time; the core decides; its outputs
//! are carried out here and the window is told.

mod handle;
mod line;
mod people;
mod telephone;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ringdown_core::call::{Calls, Timing};
use ringdown_core::contacts::Contacts;
use ringdown_core::identity::Identity;
use ringdown_core::invite::Invite;
use ringdown_core::name::DisplayName;
use ringdown_signaling::{Courier, Event};
use tokio::sync::{mpsc, oneshot};

pub use self::handle::HubHandle;
use self::handle::Task;
use self::line::{LineEvent, PhoneLine};
use crate::ipc::{KeyStore, Notice, PeerEvent, Settings, Snapshot, UiError};
use crate::keys::{self, Kept, KeyError};
use crate::options::{Action, Options};
use crate::outbox::{Outbox, Undelivered};
use crate::store::{Store, StoreError};

/// What the hub does to the outside: the window, or a test's notebook.
pub trait Surface: Send + Sync {
    /// Draw this.
    fn state(&self, snapshot: &Snapshot);
    /// Tell the page's peer connection.
    fn peer(&self, event: &PeerEvent);
    /// Bring the window to the front: somebody calls.
    fn raise(&self);
}

/// Why the app can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Contacts and settings.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The identity.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl From<StartError> for UiError {
    fn from(error: StartError) -> Self {
        match &error {
            StartError::Store(store) => Self::new(store.code(), store),
            StartError::Key(key) => Self::new(key.code(), key),
        }
    }
}

/// Who uses this app.
struct Profile {
    identity: Arc<Identity>,
    name: DisplayName,
}

/// The app's state. Only its own task touches it.
pub struct Hub {
    options: Options,
    surface: Arc<dyn Surface>,
    store: Store,
    /// There from the moment the person first gives a name.
    identity: Option<Arc<Identity>>,
    key_store: KeyStore,
    profile: Option<Profile>,
    contacts: Contacts,
    calls: Option<Calls>,
    settings: Settings,
    notices: Vec<Notice>,
    /// Until the window takes it.
    opened_invite: Option<String>,
    outbox: Outbox,
    undelivered: mpsc::UnboundedReceiver<Undelivered>,
    line: PhoneLine,
    closing: Option<oneshot::Sender<()>>,
}

impl Hub {
    /// Reads what is on disk and starts the loop on the current runtime.
    ///
    /// # Errors
    /// [`StartError`] when the identity, contacts or settings can't be read; nothing is changed then.
    pub async fn start(
        options: Options,
        surface: Arc<dyn Surface>,
    ) -> Result<HubHandle, StartError> {
        let store = Store::open(&options.data_dir)?;
        let settings = store.setting("settings")?.unwrap_or_default();
        let kept = keys::load(&options.data_dir).await?;
        let name = store.setting("name")?;
        let contacts = Contacts::from_saved(store.contacts()?);
        let (failed, undelivered) = mpsc::unbounded_channel();
        let line = PhoneLine::open(&options, &store).await?;
        let mut hub = Self {
            outbox: Outbox::new(Courier::new(), failed),
            key_store: options.key_store,
            options,
            surface,
            store,
            identity: None,
            profile: None,
            contacts,
            calls: None,
            settings,
            notices: Vec::new(),
            opened_invite: None,
            undelivered,
            line,
            closing: None,
        };
        hub.notices.extend(hub.line.notice());
        let (tasks, queue) = mpsc::unbounded_channel();
        let handle = HubHandle::new(tasks);
        if let Some(kept) = kept {
            hub.take_identity(kept);
        }
        if let (Some(identity), Some(name)) = (hub.identity.clone(), name) {
            hub.go_online(Profile { identity, name });
        }
        let in_file = hub.identity.is_some() && hub.key_store == KeyStore::File;
        if in_file && hub.options.key_store == KeyStore::Keyring {
            tokio::spawn(move_key(hub.options.data_dir.clone(), handle.clone()));
        }
        tokio::spawn(hub.run(queue));
        Ok(handle)
    }

    async fn run(mut self, mut tasks: mpsc::UnboundedReceiver<Task>) {
        while self.closing.is_none() {
            let deadline = self.calls.as_ref().and_then(Calls::poll_timeout);
            tokio::select! {
                task = tasks.recv() => match task {
                    Some(task) => task(&mut self),
                    None => break,
                },
                Some(event) = self.line.next() => self.handle_line(event),
                Some(lost) = self.undelivered.recv() => self.handle_undelivered(lost),
                () = sleep_until(deadline) => self.handle_timeout(),
            }
        }
        self.close().await;
    }

    /// Carries out what the command line asked for.
    ///
    /// # Errors
    /// When there is nobody of that name, or no profile yet.
    pub fn act(&mut self, action: Action) -> Result<(), UiError> {
        match action {
            Action::Call { name, video } => {
                let contact = self.contact_by_prefix(&name)?;
                self.call(contact, video)
            }
            Action::Add { link } => {
                self.opened_invite = Some(link);
                self.surface.raise();
                self.show();
                Ok(())
            }
            Action::Invite => Ok(()),
        }
    }

    /// Tells the person something that is no answer to what they just did.
    pub(crate) fn notice(&mut self, error: &UiError) {
        self.notices.retain(|notice| notice.code != error.code);
        self.notices.push(Notice {
            code: error.code.clone(),
            message: error.message.clone(),
        });
        self.show();
    }

    fn show(&self) {
        self.surface.state(&self.snapshot());
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

impl Hub {
    fn take_identity(&mut self, kept: Kept) {
        self.identity = Some(kept.identity.into());
        self.key_store = kept.store;
    }

    /// From now on friends can ring here.
    fn go_online(&mut self, profile: Profile) {
        self.calls = Some(Calls::new(profile.identity.public(), self.timing()));
        self.profile = Some(profile);
        self.register();
        self.watch_contacts();
    }

    /// Settings have changed: rings as long as asked for, meets where asked for.
    fn apply_settings(&mut self) {
        let timing = self.timing();
        if let Some(calls) = &mut self.calls {
            calls.set_timing(timing);
        }
        self.register();
    }

    fn register(&mut self) {
        let server = self
            .options
            .server
            .clone()
            .or_else(|| self.settings.server_reach());
        if let Some(profile) = &self.profile {
            self.line.register(&profile.identity, server.as_ref());
        }
    }

    fn watch_contacts(&mut self) {
        if let Some(profile) = &self.profile {
            self.line.discover(
                &profile.identity,
                self.contacts.iter().map(|contact| contact.key),
            );
        }
    }

    fn timing(&self) -> Timing {
        let no_answer = Duration::from_secs(self.settings.no_answer_seconds.into());
        Timing {
            no_answer,
            ..Timing::default()
        }
    }

    fn handle_line(&mut self, event: LineEvent) {
        match event {
            LineEvent::Signaling(Event::Received { payload }) => self.handle_payload(&payload),
            LineEvent::Signaling(event) => {
                if self.line.heed(&event) {
                    self.show();
                }
            }
            LineEvent::Found(found) => self.handle_found(&found.key, &found.url),
        }
    }
}

/// A key in a file moves to the keyring without anybody waiting for it.
async fn move_key(dir: PathBuf, hub: HubHandle) {
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
}

/// The invite of this data directory, without a running app.
///
/// # Errors
/// When there is no profile yet, or it can't be read.
pub fn invite_offline(options: &Options) -> Result<String, UiError> {
    let store = Store::open(&options.data_dir)?;
    let key = keys::public_key(&options.data_dir).map_err(StartError::from)?;
    let (Some(key), Some(name)) = (key, store.setting("name")?) else {
        return Err(UiError::new(
            "no_profile",
            "There is no invite yet. Open Ringdown and tell it your name first.",
        ));
    };
    let settings: Settings = store.setting("settings")?.unwrap_or_default();
    let server = options.server.clone().or_else(|| settings.server_reach());
    let reach = line::reach_of(options.bind, store.setting("port")?, server.as_ref());
    Ok(Invite { key, name, reach }.to_link())
}
