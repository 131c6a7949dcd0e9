//! The line: the server inside the app, the registrations at it and at a stand-alone one, and discovery on the LAN.

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ringdown_core::identity::{Domain, Identity, PublicKey};
use ringdown_core::invite::{MAX_REACH, Reach};
use ringdown_signaling::{
    Event, Found, Interfaces, Lan, Registration, ServerConfig, Signer, serve,
    server::{ServerLimits, descriptor_limit},
};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::ipc::{self, Notice};
use crate::options::Options;
use crate::store::{Store, StoreError};

/// The port friends find in invites, if it is free when the app first starts.
const DEFAULT_PORT: u16 = 47_100;
/// Events that may wait for the hub before senders are slowed down.
const EVENTS: usize = 256;
/// Descriptors that are not for connections to the server inside: windows, sound, the database, calls. What WebKit, GStreamer and
/// GLib can't open ends the whole app.
const RESERVE: u64 = 512;
/// How long the server inside may take to say goodbye to those connected.
const FAREWELL: Duration = Duration::from_secs(1);

/// Something happened on the line.
#[derive(Debug)]
pub(super) enum LineEvent {
    /// At a meeting point.
    Signaling(Event),
    /// A contact is on this LAN.
    Found(Found),
}

/// Where friends can reach this app.
pub(super) struct PhoneLine {
    bind: Option<IpAddr>,
    /// None when no port could be had at all.
    embedded: Option<Embedded>,
    events: mpsc::Sender<Event>,
    inbox: mpsc::Receiver<Event>,
    found: mpsc::Sender<Found>,
    finds: mpsc::Receiver<Found>,
    lan: Option<Lan>,
    registrations: Vec<Meeting>,
    registered_as: Option<PublicKey>,
    notice: Option<Notice>,
}

/// The server inside the app.
struct Embedded {
    port: u16,
    /// Dropped to stop it.
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// A registration and how it goes.
struct Meeting {
    registration: Registration,
    stand_alone: bool,
    online: bool,
    trouble: Option<String>,
}

impl PhoneLine {
    /// Starts the server inside the app, on the port it had before if that is free.
    ///
    /// # Errors
    /// When the port can't be read from or kept in `store`. Having no port at all is a notice, not an error.
    pub(super) async fn open(options: &Options, store: &Store) -> Result<Self, StoreError> {
        let (embedded, notice) = if options.embedded {
            start_server(options, store).await?
        } else {
            (None, None)
        };
        let (events, inbox) = mpsc::channel(EVENTS);
        let (found, finds) = mpsc::channel(EVENTS);
        Ok(Self {
            bind: options.bind,
            embedded,
            events,
            inbox,
            found,
            finds,
            lan: None,
            registrations: Vec::new(),
            registered_as: None,
            notice,
        })
    }

    /// What the person should know about the port, once.
    pub(super) fn notice(&mut self) -> Option<Notice> {
        self.notice.take()
    }

    /// Becomes reachable under this identity, at the server inside and at the stand-alone one if there is one.
    pub(super) fn register(&mut self, identity: &Arc<Identity>, server: Option<&Reach>) {
        let own = self
            .embedded
            .as_ref()
            .map(|embedded| own_url(self.bind, embedded.port));
        let stand_alone = server.map(|server| (server.to_string(), true));
        let places: Vec<_> = own
            .map(|url| (url, false))
            .into_iter()
            .chain(stand_alone)
            .collect();
        let wanted = places.iter().map(|(url, _)| url.as_str());
        let there = self
            .registrations
            .iter()
            .map(|meeting| meeting.registration.url());
        if self.registered_as == Some(identity.public()) && wanted.eq(there) {
            // To register anew would be to miss what is said meanwhile.
            return;
        }
        self.registered_as = Some(identity.public());
        self.registrations = places
            .into_iter()
            .map(|(url, stand_alone)| {
                let signer = signer(Arc::clone(identity));
                let key = *identity.public().as_bytes();
                let registration = Registration::spawn(url, key, signer, self.events.clone());
                Meeting {
                    registration,
                    stand_alone,
                    online: false,
                    trouble: None,
                }
            })
            .collect();
    }

    /// Lets these contacts on this LAN find us, and finds them. Nobody else can tell that it is us.
    pub(super) fn discover(
        &mut self,
        identity: &Identity,
        contacts: impl Iterator<Item = PublicKey>,
    ) {
        let Some(embedded) = &self.embedded else {
            return;
        };
        let own = identity.public();
        let (announced, watched): (Vec<_>, Vec<_>) = contacts
            .map(|contact| {
                let they_announce = identity.lan_secret(contact, contact);
                let we_announce = identity.lan_secret(contact, own);
                (we_announce, (*contact.as_bytes(), they_announce))
            })
            .unzip();
        let done = match &self.lan {
            Some(lan) => {
                lan.set_watched(watched);
                lan.announce(announced, embedded.port)
            }
            None => {
                // Bound to one address it is a test, which must not speak to the network around it.
                let interfaces = if self.bind.is_some() {
                    Interfaces::Off
                } else {
                    Interfaces::All
                };
                Lan::start(&interfaces).and_then(|lan| {
                    lan.announce(announced, embedded.port)?;
                    lan.watch(watched, self.found.clone())?;
                    self.lan = Some(lan);
                    Ok(())
                })
            }
        };
        if let Err(error) = done {
            tracing::warn!("{error}");
        }
    }

    /// Leaves every meeting point but the one inside: somebody else will use this app.
    pub(super) fn forget(&mut self) {
        self.registrations.clear();
        self.lan = None;
    }

    /// Looks at once whether meeting points can still be reached.
    pub(super) fn hurry(&self) {
        for meeting in &self.registrations {
            meeting.registration.hurry();
        }
    }

    /// Registers at once where a meeting point was lost, instead of when its time comes.
    pub(super) fn hurry_back(&self) {
        for meeting in self.registrations.iter().filter(|meeting| !meeting.online) {
            meeting.registration.hurry();
        }
    }

    /// What happened next.
    pub(super) async fn next(&mut self) -> Option<LineEvent> {
        tokio::select! {
            event = self.inbox.recv() => event.map(LineEvent::Signaling),
            found = self.finds.recv() => found.map(LineEvent::Found),
        }
    }

    /// Takes note of whether a meeting point can be reached. True if that is news.
    pub(super) fn heed(&mut self, event: &Event) -> bool {
        let (url, online, trouble) = match event {
            Event::Online { url } => (url, true, None),
            Event::Offline { url, reason } => (url, false, Some(reason.to_string())),
            Event::Received { .. } | Event::Servers { .. } => return false,
        };
        let Some(meeting) = self
            .registrations
            .iter_mut()
            .find(|meeting| meeting.registration.url() == url)
        else {
            return false;
        };
        let news = meeting.online != online || meeting.trouble != trouble;
        meeting.online = online;
        meeting.trouble = trouble;
        news
    }

    /// For the window.
    pub(super) fn view(&self) -> ipc::Line {
        let stand_alone = self
            .registrations
            .iter()
            .find(|meeting| meeting.stand_alone);
        let trouble = stand_alone
            .or(self.registrations.first())
            .and_then(|meeting| meeting.trouble.clone());
        ipc::Line {
            server: stand_alone.map(|meeting| meeting.registration.url().to_owned()),
            online: self.registrations.iter().any(|meeting| meeting.online),
            message: trouble,
        }
    }

    /// Where an invite made now tells friends to look: the stand-alone server and this machine's addresses.
    pub(super) fn reach(&self) -> Vec<Reach> {
        let server = self
            .registrations
            .iter()
            .find(|meeting| meeting.stand_alone);
        let server = server.and_then(|meeting| Reach::parse(meeting.registration.url()).ok());
        reach_of(
            self.bind,
            self.embedded.as_ref().map(|embedded| embedded.port),
            server.as_ref(),
        )
    }

    /// Whether this app is to be registered there.
    pub(super) fn uses(&self, url: &str) -> bool {
        let mut meetings = self.registrations.iter();
        meetings.any(|meeting| meeting.registration.url() == url)
    }

    /// The port of the server inside the app.
    pub(super) fn port(&self) -> Option<u16> {
        self.embedded.as_ref().map(|embedded| embedded.port)
    }

    /// Leaves every meeting point.
    pub(super) async fn close(&mut self) {
        self.registrations.clear();
        self.lan = None;
        if let Some(Embedded { stop, task, .. }) = self.embedded.take() {
            drop(stop);
            // The port is free again once it has ended; one that does not end ends with the process.
            let _ = timeout(FAREWELL, task).await;
        }
    }
}

/// The server comes first, so that many interfaces can't push it out of the list; friends try all in parallel anyway.
pub(super) fn reach_of(
    bind: Option<IpAddr>,
    port: Option<u16>,
    server: Option<&Reach>,
) -> Vec<Reach> {
    let lan = port.map(|port| lan_urls(bind, port)).unwrap_or_default();
    let lan = lan.iter().filter_map(|url| Reach::parse(url).ok());
    server
        .cloned()
        .into_iter()
        .chain(lan)
        .take(MAX_REACH)
        .collect()
}

/// On the port it had before, if that is free.
async fn start_server(
    options: &Options,
    store: &Store,
) -> Result<(Option<Embedded>, Option<Notice>), StoreError> {
    let before: Option<u16> = store.setting("port")?;
    let wanted = before.unwrap_or(DEFAULT_PORT);
    let listener = match listen(options.bind, wanted).await {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!("the server inside the app has no port: {}", error.kind());
            return Ok((None, Some(no_port(&error))));
        }
    };
    let port = listener
        .local_addr()
        .map_or(wanted, |address| address.port());
    if before != Some(port) {
        store.set_setting("port", &port)?;
    }
    let notice = (before.is_some() && port != wanted).then(|| port_taken(wanted, port));
    Ok((Some(run_server(listener, port)), notice))
}

/// The wanted port, or any other.
async fn listen(bind: Option<IpAddr>, wanted: u16) -> io::Result<TcpListener> {
    let mut failure = None;
    for port in [wanted, 0] {
        // One socket for both families where the system has IPv6, IPv4 alone where it hasn't.
        let addresses: Vec<SocketAddr> = match bind {
            Some(ip) => vec![(ip, port).into()],
            None => vec![
                (Ipv6Addr::UNSPECIFIED, port).into(),
                ([0, 0, 0, 0], port).into(),
            ],
        };
        match TcpListener::bind(addresses.as_slice()).await {
            Ok(listener) => return Ok(listener),
            Err(error) => failure = Some(error),
        }
    }
    Err(failure.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into()))
}

/// As many connections as the server inside the app is to have, or as this process may: what is lowered is told.
fn fit(descriptors: Option<u64>) -> ServerLimits {
    let wanted = ServerLimits::embedded();
    let limits = wanted.clone().within(descriptors, RESERVE);
    if limits.connections < wanted.connections {
        tracing::warn!(
            "this app may have {} files and sockets open, which is enough for {} connections of friends instead of {}: \
             raise the limit (ulimit -n in a shell, LimitNOFILE= in a service)",
            descriptors.unwrap_or_default(),
            limits.connections,
            wanted.connections,
        );
    }
    limits
}

fn run_server(listener: TcpListener, port: u16) -> Embedded {
    let (stop, stopped) = oneshot::channel::<()>();
    let config = ServerConfig {
        limits: fit(descriptor_limit()),
        ..ServerConfig::default()
    };
    let task = tokio::spawn(async move {
        let shutdown = async {
            // Dropped is as good as sent.
            let _ = stopped.await;
        };
        if let Err(error) = serve(listener, config, shutdown).await {
            tracing::error!("the server inside the app ended: {}", error.kind());
        }
    });
    Embedded { port, stop, task }
}

fn signer(identity: Arc<Identity>) -> Signer {
    Arc::new(move |challenge| identity.sign(Domain::Rendezvous, challenge))
}

fn own_url(bind: Option<IpAddr>, port: u16) -> String {
    url(bind.unwrap_or(IpAddr::from([127, 0, 0, 1])), port)
}

fn url(ip: IpAddr, port: u16) -> String {
    format!("ws://{}", SocketAddr::new(ip, port))
}

/// This machine's addresses on its networks.
fn lan_urls(bind: Option<IpAddr>, port: u16) -> Vec<String> {
    if let Some(ip) = bind {
        return vec![url(ip, port)];
    }
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    interfaces
        .iter()
        .filter(|interface| !interface.is_loopback() && !interface.is_link_local())
        .map(|interface| url(interface.ip(), port))
        .collect()
}

fn port_taken(wanted: u16, port: u16) -> Notice {
    Notice {
        code: "port_taken".into(),
        message: format!(
            "Port {wanted} is taken by another program, so Ringdown uses {port} now. Friends on your network find you \
             by themselves; to friends elsewhere send a new invite."
        ),
    }
}

fn no_port(error: &io::Error) -> Notice {
    Notice {
        code: "no_port".into(),
        message: format!(
            "Friends can't ring here: the network gives no port ({}). Check the network and start again.",
            error.kind()
        ),
    }
}
