//! The one event loop: commands, signaling, discovery and time go in, one at a time; the core decides; its outputs
//! are carried out here and the window is told.

mod diagnosis;
mod errands;
mod handle;
mod helpers;
mod history;
mod hold;
mod invites;
mod lan_finds;
mod line;
mod notes;
mod offline;
mod people;
mod post;
mod presence;
mod requests;
mod telephone;
#[cfg(test)]
pub(crate) mod tests;
mod transfer;
mod trust;
mod updates;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ringdown_core::call::{Calls, Here, Timing};
use ringdown_core::contacts::Contacts;
use ringdown_core::envelope::Sessions;
use ringdown_core::identity::{Identity, PublicKey};
use ringdown_core::invite::issued::IssuedBook;
use ringdown_core::name::DisplayName;
use ringdown_core::requests::{Incoming, Outgoing};
use ringdown_signaling::{Courier, Event};
use tokio::sync::{mpsc, oneshot};

use self::errands::Reminder;
pub use self::handle::HubHandle;
use self::handle::Task;
use self::helpers::Helpers;
use self::history::History;
use self::lan_finds::LanFinds;
use self::line::{LineEvent, PhoneLine};
pub use self::offline::invite_offline;
use crate::clock::now_ms;
use crate::ipc::{KeyStore, Notice, PeerEvent, Quiet, Settings, Snapshot, UiError};
use crate::keys::{self, Kept, KeyError};
use crate::modes;
use crate::options::{Action, Options};
use crate::outbox::{Outbox, Undelivered};
use crate::restore;
use crate::store::{Store, StoreError};

/// What the hub does to the outside: the window, or a test's notebook.
pub trait Surface: Send + Sync {
    /// Draw this.
    fn state(&self, snapshot: &Snapshot);
    /// Tell the page's peer connection.
    fn peer(&self, event: &PeerEvent);
    /// Something happened that no call tells of.
    fn news(&self, news: &News);
    /// Bring the window to the front: somebody calls.
    fn raise(&self);
}

/// Something that happened and rang nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct News {
    /// Whom it is about.
    pub contact: PublicKey,
    /// What the person calls them.
    pub name: DisplayName,
    /// What happened.
    pub what: Happened,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened {
    /// They called while this app was off.
    Missed,
    /// It is time to call them back.
    CallBackDue,
    /// They can be called now.
    Free,
}

impl std::fmt::Debug for News {
    /// Names stay out of logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "News({:?})", self.what)
    }
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

/// Who uses this app, and what they are in the middle of.
struct Profile {
    identity: Arc<Identity>,
    name: DisplayName,
    calls: Calls,
    /// Opens and seals what is said in calls and about being contacts.
    sessions: Sessions,
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
    /// Invites that were made here.
    issued: IssuedBook,
    /// Who would like to be a contact.
    incoming: Incoming,
    /// Whom the person asked to be one.
    outgoing: Outgoing,
    settings: Settings,
    /// Whether calls ring.
    quiet: Quiet,
    /// Whom the person said they call back.
    reminders: Vec<Reminder>,
    history: History,
    /// Whom the person would like to hear of once they can be called.
    wanted: HashSet<PublicKey>,
    presence: presence::Known,
    /// Where contacts seem to be on this network.
    finds: LanFinds,
    /// STUN and TURN servers that meeting points lend.
    helpers: Helpers,
    updates: updates::Updates,
    /// As the call machine was last told.
    here: Here,
    notices: Vec<Notice>,
    /// Until the window takes it.
    opened_invite: Option<String>,
    outbox: Outbox,
    undelivered: mpsc::UnboundedReceiver<Undelivered>,
    line: PhoneLine,
    closing: Option<oneshot::Sender<()>>,
    /// All that was sealed, as it was before.
    #[cfg(test)]
    said: Vec<ringdown_core::message::Message>,
}

impl Hub {
    /// Reads what is on disk and starts the loop on the current runtime. What a restore that was cut off left to do is
    /// done first.
    ///
    /// # Errors
    /// [`StartError`] when the identity, contacts or settings can't be read, or there are contacts and no key; nothing is
    /// lost then.
    pub async fn start(
        options: Options,
        surface: Arc<dyn Surface>,
    ) -> Result<HubHandle, StartError> {
        let opened = modes::close_to_others(&options.data_dir);
        let store = Store::open(&options.data_dir)?;
        let owner = store.owner()?;
        let kept = keys::load(&options.data_dir, &owner).await?;
        if let Some(kept) = kept.as_ref().filter(|_| owner.key.is_none()) {
            store.set_owner(kept.identity.public())?;
        }
        // Only in the way of the next one.
        let _ = restore::discard_staged(&options.data_dir);
        let (failed, undelivered) = mpsc::unbounded_channel();
        let line = PhoneLine::open(&options, &store).await?;
        let mut hub = Self {
            outbox: Outbox::new(Courier::new(options.bind), failed),
            key_store: options.key_store,
            options,
            surface,
            store,
            identity: None,
            profile: None,
            contacts: Contacts::default(),
            issued: IssuedBook::default(),
            incoming: Incoming::default(),
            outgoing: Outgoing::default(),
            settings: Settings::default(),
            quiet: Quiet::Off,
            reminders: Vec::new(),
            history: History::default(),
            wanted: HashSet::new(),
            presence: presence::Known::default(),
            finds: LanFinds::default(),
            helpers: Helpers::default(),
            updates: updates::Updates::default(),
            here: Here::default(),
            notices: Vec::new(),
            opened_invite: None,
            undelivered,
            line,
            closing: None,
            #[cfg(test)]
            said: Vec::new(),
        };
        hub.notices.extend(opened);
        hub.notices.extend(hub.line.notice());
        if let Some(kept) = kept {
            hub.take_identity(kept);
        }
        hub.read_book()?;
        let (tasks, queue) = mpsc::unbounded_channel();
        let handle = HubHandle::new(tasks);
        let in_file = hub.identity.is_some() && hub.key_store == KeyStore::File;
        if in_file && hub.options.key_store == KeyStore::Keyring {
            handle.move_key(hub.options.data_dir.clone());
        }
        tokio::spawn(hub.run(queue));
        Ok(handle)
    }

    /// Takes what is on disk, and goes online where there is somebody to be.
    fn read_book(&mut self) -> Result<(), StoreError> {
        self.settings = self.store.setting("settings")?.unwrap_or_default();
        let saved = self.store.contacts()?;
        self.contacts = Contacts::from_saved(saved.clone());
        // Some were told apart by another name.
        for contact in self.contacts.iter().filter(|read| !saved.contains(read)) {
            self.store.put_contact(contact)?;
        }
        self.issued = IssuedBook::from_saved(self.store.invites()?);
        self.incoming = self.store.setting("requests")?.unwrap_or_default();
        self.quiet = self.store.setting("quiet")?.unwrap_or_default();
        self.wanted = self.store.setting("wanted")?.unwrap_or_default();
        self.reminders = self.store.setting("reminders")?.unwrap_or_default();
        self.updates = self.store.setting("updates")?.unwrap_or_default();
        self.read_history()?;
        let name = self.store.setting("name")?;
        if let (Some(identity), Some(name)) = (self.identity.clone(), name) {
            self.go_online(identity, name)?;
        }
        Ok(())
    }

    async fn run(mut self, mut tasks: mpsc::UnboundedReceiver<Task>) {
        while self.closing.is_none() {
            let call = self
                .profile
                .as_ref()
                .and_then(|profile| profile.calls.poll_timeout());
            let request = self.next_request();
            let errand = self.next_errand();
            tokio::select! {
                task = tasks.recv() => match task {
                    Some(task) => task(&mut self),
                    None => break,
                },
                Some(event) = self.line.next() => self.handle_line(event),
                Some(lost) = self.undelivered.recv() => self.handle_undelivered(lost),
                () = sleep_until(call) => self.handle_timeout(),
                () = sleep_until(request) => self.send_requests(),
                () = sleep_until(errand) => self.run_errands(),
            }
        }
        self.close().await;
        let closing = self.closing.take();
        // The database is closed and whole before anybody may end the process.
        drop(self);
        if let Some(closing) = closing {
            // Nobody waits any more: then nobody needs to know.
            let _ = closing.send(());
        }
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
            // The window's own affair, and nobody's.
            Action::Find | Action::Invite | Action::Status { .. } | Action::HangUp => Ok(()),
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
    fn go_online(&mut self, identity: Arc<Identity>, name: DisplayName) -> Result<(), StoreError> {
        let seen = self.store.seen(now_ms())?;
        self.profile = Some(Profile {
            calls: Calls::new(identity.public(), self.timing()),
            sessions: Sessions::new(Arc::clone(&identity), seen),
            identity,
            name,
        });
        self.register();
        self.watch_contacts();
        self.have_an_invite();
        Ok(())
    }

    /// Settings have changed: rings as long as asked for, meets where asked for.
    fn apply_settings(&mut self) {
        let timing = self.timing();
        if let Some(profile) = &mut self.profile {
            profile.calls.set_timing(timing);
        }
        self.register();
    }

    /// This machine is on another network now, or back from sleep: old connections may be dead without knowing it.
    pub fn network_changed(&mut self) {
        self.outbox.renew();
        self.finds.clear();
        self.line.hurry();
        self.outgoing.hurry_all();
        self.tell_where_we_are();
        for (call, _) in self.connections() {
            self.surface.peer(&PeerEvent::Network { call });
        }
        self.show();
    }

    fn register(&mut self) {
        let server = self.options.server.clone();
        let server = server.or_else(|| self.settings.server_reach());
        if let Some(profile) = &self.profile {
            self.line.register(&profile.identity, server.as_ref());
        }
        // What the person chose may be anywhere, whoever else names it.
        self.outbox
            .set_own(server.iter().map(ToString::to_string).collect());
        let used = |url: &str| self.line.uses(url);
        if self.helpers.keep(used) {
            self.tell_of_servers();
        }
        self.tell_where_we_are();
    }

    /// Contacts on this network find us, and we them; those who are blocked don't.
    fn watch_contacts(&mut self) {
        if let Some(profile) = &self.profile {
            let heard = self.contacts.iter().filter(|contact| !contact.blocked);
            self.line
                .discover(&profile.identity, heard.map(|contact| contact.key));
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
            LineEvent::Signaling(Event::Received { payload, receipt }) => {
                self.handle_payload(&payload, receipt);
            }
            LineEvent::Signaling(Event::Servers {
                url,
                ice,
                ttl,
                on_loopback,
            }) => {
                // It may have waited here since before the person chose another one.
                if self.line.uses(&url) {
                    self.helpers
                        .lend(url, ice, on_loopback, Instant::now(), ttl);
                    self.tell_of_servers();
                }
            }
            LineEvent::Signaling(event) => {
                if matches!(event, Event::Online { .. }) {
                    self.outgoing.hurry_all();
                    self.ask_around();
                }
                if self.line.heed(&event) {
                    self.tell_where_we_are();
                    self.show();
                }
            }
            LineEvent::Found(found) => self.handle_found(&found.id, &found.url),
        }
    }
}
