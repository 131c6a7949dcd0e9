//! Finding people we know on the local network, by mDNS (RFC 6762) and DNS-SD (RFC 6763).
//!
//! An app that runs a server announces one service instance under [`SERVICE`]. Its names are random, and the only things in it
//! about people are [`Tag`]s, one for each contact who may find us: a hash of a random salt and a key that only the two share.
//! So who was never a contact, or is one no more, can't recognise us, even knowing our public key; they learn that somebody runs
//! Ringdown, not who, nor how many people they know.

mod record;
mod watcher;

use std::{
    collections::BTreeSet,
    fmt,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use mdns_sd::{
    IfKind, ResolvedService, ScopedIp, ServiceDaemon, ServiceEvent, ServiceInfo, TxtProperty,
};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, interval_at},
};

pub use record::{Record, RecordError, Tag};

use crate::{limits::MAX_TAGS, wire::Fixed};
use watcher::{People, Watcher};

/// The DNS-SD service type.
pub const SERVICE: &str = "_ringdown._tcp.local.";

/// Which network interfaces discovery uses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Interfaces {
    /// Every one that is up, except the loopback. Default.
    #[default]
    All,
    /// The ones that have these addresses.
    Only(Vec<IpAddr>),
    /// None: nothing is announced and nobody is found.
    Off,
}

/// How often who is still there is told again. Whoever keeps what is found should forget it a few times this after.
pub const TOLD_EVERY: Duration = Duration::from_secs(60);

/// Somebody we know can be reached on the local network, as far as announcements say, which anybody there could copy.
#[derive(Clone, PartialEq, Eq)]
pub struct Found {
    /// Theirs, one of those watched for.
    pub id: [u8; 32],
    /// Their server, `ws://ADDRESS:PORT`. One event an address, at once and then every [`TOLD_EVERY`] as long as it is announced.
    pub url: String,
}

impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Found").finish_non_exhaustive()
    }
}

/// Why discovery does not work. Calls work without it, by the addresses in the invite and by servers.
#[derive(Debug, thiserror::Error)]
pub enum LanError {
    /// mDNS does not work on this system.
    #[error("finding people on the local network does not work: {0}")]
    Mdns(#[from] mdns_sd::Error),
    /// No random bytes.
    #[error("the system has no random numbers: {0}")]
    Random(#[from] getrandom::Error),
}

/// Discovery on the local network. Dropping it says goodbye to the network and stops everything.
pub struct Lan {
    daemon: Option<ServiceDaemon>,
    /// The loopback interface is one of those to use.
    loopback: bool,
    announced: Mutex<Option<Announced>>,
    watch: Mutex<Option<Watch>>,
}

/// What is announced now.
struct Announced {
    full_name: String,
    keys: BTreeSet<[u8; 32]>,
    port: u16,
}

/// A watch under way.
struct Watch {
    people: watch::Sender<People>,
    task: JoinHandle<()>,
}

impl fmt::Debug for Lan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lan")
            .field("on", &self.daemon.is_some())
            .finish_non_exhaustive()
    }
}

impl Lan {
    /// Opens the mDNS sockets. Nothing is announced nor asked yet.
    ///
    /// # Errors
    /// [`LanError::Mdns`] when the system does not let us.
    pub fn start(interfaces: &Interfaces) -> Result<Self, LanError> {
        let daemon = match interfaces {
            Interfaces::Off => None,
            Interfaces::All => {
                let daemon = ServiceDaemon::new()?;
                daemon.disable_interface(vec![IfKind::LoopbackV4, IfKind::LoopbackV6])?;
                Some(daemon)
            }
            Interfaces::Only(addresses) => {
                let daemon = ServiceDaemon::new()?;
                daemon.disable_interface(IfKind::All)?;
                daemon.enable_interface(addresses.clone())?;
                Some(daemon)
            }
        };
        let loopback = match interfaces {
            Interfaces::Only(addresses) => addresses.iter().any(IpAddr::is_loopback),
            Interfaces::All | Interfaces::Off => false,
        };
        Ok(Self {
            daemon,
            loopback,
            announced: Mutex::default(),
            watch: Mutex::default(),
        })
    }

    /// Announces a server on `port` of this machine to those who share one of `keys` with us, of which the first [`MAX_TAGS`]
    /// count. Replaces an earlier announcement, if it was another one: under a new name and salt, so that nobody can compare.
    /// Without any key nothing is announced, for nobody could recognise it.
    ///
    /// # Errors
    /// [`LanError`].
    pub fn announce(
        &self,
        keys: impl IntoIterator<Item = [u8; 32]>,
        port: u16,
    ) -> Result<(), LanError> {
        let Some(daemon) = &self.daemon else {
            return Ok(());
        };
        let keys: BTreeSet<_> = keys.into_iter().take(MAX_TAGS).collect();
        if lock(&self.announced)
            .as_ref()
            .is_some_and(|now| now.port == port && now.keys == keys)
        {
            return Ok(());
        }
        self.withdraw();
        if keys.is_empty() {
            return Ok(());
        }
        let service = describe(&keys, port)?;
        let full_name = service.get_fullname().to_owned();
        daemon.register(service)?;
        *lock(&self.announced) = Some(Announced {
            full_name,
            keys,
            port,
        });
        Ok(())
    }

    /// Takes the announcement back, if there is one.
    pub fn withdraw(&self) {
        if let Some(daemon) = &self.daemon
            && let Some(announced) = lock(&self.announced).take()
        {
            // A daemon that has ended announces nothing.
            drop(daemon.unregister(&announced.full_name));
        }
    }

    /// Watches for `people`, each an id of the caller's choice and the key they announce themselves to us by, and reports who is
    /// found. Replaces an earlier watch.
    ///
    /// # Errors
    /// [`LanError::Mdns`].
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn watch(
        &self,
        people: impl IntoIterator<Item = ([u8; 32], [u8; 32])>,
        found: mpsc::Sender<Found>,
    ) -> Result<(), LanError> {
        let Some(daemon) = &self.daemon else {
            return Ok(());
        };
        let mut watch = lock(&self.watch);
        if let Some(earlier) = watch.take() {
            earlier.task.abort();
            daemon.stop_browse(SERVICE)?;
        }
        let events = daemon.browse(SERVICE)?;
        let (people, changes) = watch::channel(people.into_iter().collect());
        let task = tokio::spawn(look_out(self.loopback, events, changes, found));
        *watch = Some(Watch { people, task });
        Ok(())
    }

    /// Changes whom the watch is for. Who is there already is reported at once; without a watch this does nothing.
    pub fn set_watched(&self, people: impl IntoIterator<Item = ([u8; 32], [u8; 32])>) {
        if let Some(watch) = lock(&self.watch).as_ref() {
            watch.people.send_replace(people.into_iter().collect());
        }
    }
}

impl Drop for Lan {
    fn drop(&mut self) {
        if let Some(watch) = lock(&self.watch).take() {
            watch.task.abort();
        }
        self.withdraw();
        if let Some(daemon) = &self.daemon {
            // A daemon that has ended needs no end.
            drop(daemon.shutdown());
        }
    }
}

/// A new announcement, which has nothing in common with one before.
fn describe(keys: &BTreeSet<[u8; 32]>, port: u16) -> Result<ServiceInfo, LanError> {
    let (mut name, mut seed) = ([0; 16], [0; 32]);
    getrandom::fill(&mut name)?;
    getrandom::fill(&mut seed)?;
    // The computer's own name would say who sits at it.
    let name = Fixed(name)
        .to_string()
        .replace(['-', '_'], "x")
        .to_ascii_lowercase();
    let record = Record::new(seed, keys.iter().copied());
    let properties: Vec<TxtProperty> = record
        .properties()
        .into_iter()
        .map(TxtProperty::from)
        .collect();
    let host = format!("{name}.local.");
    Ok(ServiceInfo::new(SERVICE, &name, &host, (), port, properties)?.enable_addr_auto())
}

/// Passes on who is found until nobody wants to know.
async fn look_out(
    loopback: bool,
    events: mdns_sd::Receiver<ServiceEvent>,
    mut people: watch::Receiver<People>,
    found: mpsc::Sender<Found>,
) {
    let mut watcher = Watcher::new(loopback);
    watcher.handle_people(people.borrow_and_update().clone());
    let mut again = interval_at(Instant::now() + TOLD_EVERY, TOLD_EVERY);
    again.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let news = tokio::select! {
            event = events.recv_async() => match event {
                Ok(ServiceEvent::ServiceResolved(service)) => announced(&mut watcher, &service),
                Ok(ServiceEvent::ServiceRemoved(_, name)) => {
                    watcher.handle_gone(&name);
                    Vec::new()
                }
                Ok(_) => Vec::new(),
                Err(_) => return,
            },
            changed = people.changed() => match changed {
                Ok(()) => {
                    let people = people.borrow_and_update().clone();
                    watcher.handle_people(people)
                }
                Err(_) => return,
            },
            _ = again.tick() => watcher.still_there(),
            () = found.closed() => return,
        };
        for one in news {
            if found.send(one).await.is_err() {
                return;
            }
        }
    }
}

fn announced(watcher: &mut Watcher, service: &ResolvedService) -> Vec<Found> {
    match Record::read(|name| service.get_property_val(name).flatten()) {
        Ok(record) => {
            let addresses = service.addresses.iter().map(ScopedIp::to_ip_addr);
            watcher.handle_announced(&service.fullname, record, service.port, addresses)
        }
        Err(error) => {
            tracing::debug!("an announcement on the local network is not understood: {error}");
            Vec::new()
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No code panics while it holds the lock, and what it guards is whole at every moment.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
