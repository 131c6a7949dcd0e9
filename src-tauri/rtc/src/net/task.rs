//! The task that runs one peer: it has the sockets, the clock and the devices the peer has not.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use tokio::sync::{mpsc, oneshot};

use super::changes::Watch;
use super::gather::{Found, Gathering, Reflexive, Tls};
use super::levels::Levels;
use super::mdns::Resolver;
use super::sockets::Sockets;
use crate::audio::{Audio, AudioError, Capture, OpusPacket, Playback};
use crate::engine::Events;
use crate::error::RtcError;
use crate::limits::MAX_PLAYERS;
use crate::media_socket::Page;
use crate::peer::request::PeerRequest;
use crate::peer::{EncoderRequest, Notice, Output, Peer, PeerConfig, RemoteCandidate, Voice};
use crate::servers::{IceConfig, OwnServers};
use crate::video::{Limits, Outgoing, Sending, Video};

/// Requests that wait for a peer; more wait with their callers.
pub(crate) const REQUESTS: usize = 64;
/// Frames and packets of voice that wait for a peer; beyond, frames are dropped.
pub(crate) const MEDIA: usize = 64;
/// Names being resolved that a task hears of.
const NAMES: usize = 16;
/// Reports and packets of relays that wait for a peer; beyond, packets are dropped.
const FOUND: usize = 256;
/// Largest UDP packet that is read, in bytes; WebRTC's are below 1500.
const PACKET: usize = 4096;

/// No sleep is longer than this.
const LONGEST_SLEEP: Duration = Duration::from_secs(10);

/// Timeouts handled before a look at packets and requests.
const IN_A_ROW: usize = 16;

/// A request, and where its result goes.
pub(crate) struct Asked {
    pub request: PeerRequest,
    pub reply: oneshot::Sender<Result<Value, RtcError>>,
}

/// Media and what concerns it, from the page and from the microphone.
pub(crate) enum Media {
    /// Coded here.
    Frame {
        index: u16,
        key: bool,
        timestamp: u64,
        data: Vec<u8>,
    },
    /// Coded by the page.
    PageFrame {
        index: u16,
        key: bool,
        timestamp: u64,
        data: Vec<u8>,
    },
    /// The page's decoder needs a key frame.
    PictureLost {
        index: u16,
    },
    Figures {
        index: u16,
        figures: Map<String, Value>,
    },
    Attached,
    Voice {
        mid: String,
        packet: OpusPacket,
    },
}

/// The ways to a running peer; when all are gone, so is the peer.
#[derive(Clone)]
pub(crate) struct PeerHandle {
    pub requests: mpsc::Sender<Asked>,
    pub media: mpsc::Sender<Media>,
}

/// What a peer's task uses of the engine.
pub(crate) struct Surroundings {
    pub peer: u32,
    pub bind: Option<IpAddr>,
    pub own_servers: OwnServers,
    pub audio: Audio,
    pub video: Video,
    pub events: Events,
    pub page: Page,
    pub resolver: Resolver,
    pub tls: Tls,
    pub watch: Watch,
}

/// Starts a peer.
pub(crate) fn spawn(config: PeerConfig, ice: IceConfig, surroundings: Surroundings) -> PeerHandle {
    let (requests, asked) = mpsc::channel(REQUESTS);
    let (media, arriving) = mpsc::channel(MEDIA);
    let (names, resolved) = mpsc::channel(NAMES);
    let (found, finding) = mpsc::channel(FOUND);
    let inputs = Inputs {
        asked,
        arriving,
        resolved,
        finding,
        watch: surroundings.watch.clone(),
    };
    let mut task = Task {
        peer: Peer::new(Instant::now(), config),
        gathering: Gathering::new(
            surroundings.bind,
            surroundings.own_servers.clone(),
            surroundings.tls.clone(),
            found,
        ),
        reflexive: Reflexive::default(),
        seen: Vec::new(),
        settling: None,
        ice,
        surroundings,
        sockets: Sockets::default(),
        names,
        // weak, or the task would keep itself alive
        media: media.downgrade(),
        captures: BTreeMap::new(),
        cameras: BTreeMap::new(),
        players: BTreeMap::new(),
        levels: Levels::default(),
        spare_player: None,
    };
    if config.ahead {
        // without a thread for it now, the first packet tries again
        task.spare_player = task.surroundings.audio.play().ok();
    }
    let (events, peer) = (task.surroundings.events.clone(), task.surroundings.peer);
    let running = tokio::spawn(task.run(inputs));
    tokio::spawn(async move {
        // a bug in what parses the other side's packets must not look like a call that goes on
        if running.await.is_err() {
            tracing::error!(peer, "the task of a peer ended unexpectedly");
            events.send(peer, json!({ "event": "ice", "state": "failed" }));
            events.send(peer, json!({ "event": "connection", "state": "failed" }));
        }
    });
    PeerHandle { requests, media }
}

/// Where what happens comes from, besides sockets and the clock.
struct Inputs {
    asked: mpsc::Receiver<Asked>,
    arriving: mpsc::Receiver<Media>,
    resolved: mpsc::Receiver<(RemoteCandidate, IpAddr)>,
    finding: mpsc::Receiver<Found>,
    watch: Watch,
}

pub(super) struct Task {
    pub(super) peer: Peer,
    pub(super) surroundings: Surroundings,
    pub(super) sockets: Sockets,
    /// The servers to ask at the next gathering.
    pub(super) ice: IceConfig,
    pub(super) gathering: Gathering,
    pub(super) reflexive: Reflexive,
    /// The machine's addresses, when looked at last.
    pub(super) seen: Vec<IpAddr>,
    /// An address was new lately; until then, routes may follow.
    pub(super) settling: Option<Instant>,
    names: mpsc::Sender<(RemoteCandidate, IpAddr)>,
    media: mpsc::WeakSender<Media>,
    captures: BTreeMap<String, Capture>,
    /// The m-lines whose pictures are coded here.
    cameras: BTreeMap<u16, Sending>,
    players: BTreeMap<String, Playback>,
    levels: Levels,
    /// Opened while it rings: a speaker takes its time.
    spare_player: Option<Playback>,
}

impl Task {
    async fn run(mut self, inputs: Inputs) {
        let Inputs {
            mut asked,
            mut arriving,
            mut resolved,
            mut finding,
            mut watch,
        } = inputs;
        let mut packet = vec![0; PACKET];
        loop {
            let wake = self.work().await;
            tokio::select! {
                request = asked.recv() => match request {
                    Some(asked) => self.handle_request(asked).await,
                    None => break,
                },
                (length, from, to) = self.sockets.receive(&mut packet) => {
                    let packet = packet.get(..length).unwrap_or_default();
                    if !self.reflexive.handle_packet(from, to, packet) {
                        self.peer.handle_packet(Instant::now(), from, to, packet);
                    }
                }
                Some(found) = finding.recv() => self.handle_found(found),
                () = watch.changed() => self.handle_change().await,
                Some(media) = arriving.recv() => self.handle_media(media),
                Some((candidate, address)) = resolved.recv() => {
                    self.peer.resolved(Instant::now(), &candidate, address);
                }
                () = tokio::time::sleep_until(wake.into()) => self.peer.handle_timeout(Instant::now()),
            }
        }
        self.peer.close(Instant::now());
        self.drain().await;
        std::mem::take(&mut self.cameras)
            .into_values()
            .for_each(end);
    }

    /// Does what is to be done now. Returns when there will be more.
    async fn work(&mut self) -> Instant {
        // timers are rounded up to a millisecond: what is due already does not wait for one
        for _ in 0..IN_A_ROW {
            self.drain().await;
            let now = Instant::now();
            self.tell_levels(now);
            let wakes = [self.follow_gathering(now), self.levels.due()];
            let wake = wakes
                .into_iter()
                .flatten()
                .fold(now + LONGEST_SLEEP, Instant::min)
                .min(self.peer.poll_timeout(now));
            if wake > now {
                return wake;
            }
            self.peer.handle_timeout(now);
        }
        self.drain().await;
        Instant::now()
    }

    /// Does what the peer wants done.
    async fn drain(&mut self) {
        while let Some(output) = self.peer.poll_output() {
            match output {
                Output::Transmit(transmit) => {
                    self.sockets
                        .send(transmit.source, transmit.destination, &transmit.contents);
                }
                Output::Event(event) => {
                    self.surroundings.events.send(self.surroundings.peer, event)
                }
                Output::Notice(notice) => self.notify(notice),
                Output::Frame(frame) => {
                    let index = frame.index;
                    if !self.surroundings.page.frame(self.surroundings.peer, &frame) {
                        self.peer.picture_lost(Instant::now(), index);
                    }
                }
                Output::Voice(voice) => {
                    if let Some(player) = self.player(&voice.mid) {
                        player.push(voice.seq, voice.rtp_time, voice.data);
                    }
                }
                Output::Gather => self.gather().await,
                Output::Expect(address) => self.sockets.expect(address),
                Output::Close(address) => self.close(address),
                Output::Resolve { host, candidate } => {
                    let (resolver, names) =
                        (self.surroundings.resolver.clone(), self.names.clone());
                    tokio::spawn(async move {
                        let found = tokio::select! {
                            found = resolver.resolve(host) => found,
                            // a peer that is gone needs no addresses, and others may
                            () = names.closed() => None,
                        };
                        if let Some(address) = found {
                            let _ = names.send((candidate, address)).await;
                        }
                    });
                }
            }
        }
    }

    async fn handle_request(&mut self, asked: Asked) {
        let Asked { request, reply } = asked;
        if let PeerRequest::SetConfiguration { configuration } = request {
            let read = configuration.read();
            let _ = reply.send(read.map(|ice| {
                self.peer.set_relay_only(ice.relay_only);
                self.ice = ice;
                json!({})
            }));
            return;
        }
        if let PeerRequest::Level { mid } = request {
            self.levels.listen(Instant::now(), mid);
            let _ = reply.send(Ok(json!({})));
            return;
        }
        if let PeerRequest::SendCamera {
            index,
            camera,
            limits,
        } = request
        {
            let sent = self.send_camera(index, camera, limits);
            let _ = reply.send(sent.map(|()| json!({})));
            return;
        }
        if matches!(request, PeerRequest::Stats {}) {
            self.tell_voice_figures();
            self.tell_camera_figures();
        }
        let devices = matches!(request, PeerRequest::Sender(_) | PeerRequest::Receiver(_));
        let mut result = self.peer.handle_request(Instant::now(), request);
        if devices {
            let opened = self.sync_devices();
            result = result.and_then(|value| opened.map(|()| value).map_err(RtcError::from));
        }
        // candidates and the like reach the page before the result does
        self.drain().await;
        let _ = reply.send(result);
    }

    fn handle_media(&mut self, media: Media) {
        let now = Instant::now();
        match media {
            Media::Frame {
                index,
                key,
                timestamp,
                data,
            } => self.peer.send_frame(now, index, key, timestamp, data),
            Media::PageFrame {
                index,
                key,
                timestamp,
                data,
            } => {
                // what the page coded last may still be on its way when a camera takes over
                if !self.cameras.contains_key(&index) {
                    self.peer.send_frame(now, index, key, timestamp, data);
                }
            }
            Media::PictureLost { index } => self.peer.picture_lost(now, index),
            Media::Figures { index, figures } => self.peer.coder_figures(index, &figures),
            Media::Attached => self.peer.page_attached(now),
            Media::Voice { mid, packet } => {
                self.peer
                    .send_voice(now, &mid, packet.rtp_time, packet.captured, packet.data);
            }
        }
    }

    /// Opens, mutes and closes microphones and speakers as the page wishes.
    fn sync_devices(&mut self) -> Result<(), AudioError> {
        let wanted: BTreeMap<String, bool> = self.peer.microphones().into_iter().collect();
        self.captures.retain(|mid, _| wanted.contains_key(mid));
        for (mid, muted) in wanted {
            if !self.captures.contains_key(&mid) {
                let capture = self.capture(&mid)?;
                self.captures.insert(mid.clone(), capture);
            }
            if let Some(capture) = self.captures.get(&mid) {
                capture.set_muted(muted);
            }
        }
        for (mid, player) in &self.players {
            player.set_muted(!self.peer.is_heard(mid));
        }
        Ok(())
    }

    /// Tells whoever codes the pictures of an m-line.
    fn notify(&self, notice: Notice) {
        // the page as well: it may be about to code them, and what it was not told of it can't know
        let peer = self.surroundings.peer;
        self.surroundings.page.notice(peer, notice.to_json());
        let Some(sending) = self.cameras.get(&notice.index) else {
            return;
        };
        match notice.what {
            EncoderRequest::KeyFrame => sending.want_key(),
            EncoderRequest::Start => sending.begin(),
            EncoderRequest::Rate(rate) => sending.set_rate(rate),
        }
    }

    /// Sends a camera, another one, or none.
    fn send_camera(
        &mut self,
        index: u16,
        camera: Option<u32>,
        limits: Limits,
    ) -> Result<(), RtcError> {
        let Some(number) = camera else {
            if let Some(sending) = self.cameras.remove(&index) {
                end(sending);
                // the page codes this m-line from now on, beginning with a key frame
                self.peer.encoder_changed(index);
            }
            return Ok(());
        };
        if let Some(sending) = self
            .cameras
            .get(&index)
            .filter(|one| one.camera() == number)
        {
            sending.set_limits(limits);
            return Ok(());
        }
        let camera = self.surroundings.video.camera(number);
        let camera = camera.ok_or_else(|| RtcError::state("this camera is not open"))?;
        let media = self.media.clone();
        let sink = Box::new(move |picture: Outgoing| {
            let frame = Media::Frame {
                index,
                key: picture.key,
                timestamp: picture.timestamp,
                data: picture.data,
            };
            media
                .upgrade()
                .is_none_or(|media| media.try_send(frame).is_ok())
        });
        // one camera after the other: what sent the last one ends first
        self.cameras.remove(&index);
        self.cameras
            .insert(index, Sending::start(camera, limits, sink));
        self.peer.encoder_changed(index);
        Ok(())
    }

    fn tell_camera_figures(&mut self) {
        for (index, sending) in &self.cameras {
            self.peer.encoder_figures(*index, sending.figures());
        }
    }

    fn capture(&self, mid: &str) -> Result<Capture, AudioError> {
        let (media, mid) = (self.media.clone(), mid.to_owned());
        self.surroundings.audio.capture(Box::new(move |packet| {
            if let Some(media) = media.upgrade() {
                // voice that finds no room is late already
                let _ = media.try_send(Media::Voice {
                    mid: mid.clone(),
                    packet,
                });
            }
        }))
    }

    /// The player of an m-line, opened when its first packet comes; none for more m-lines than are heard.
    fn player(&mut self, mid: &str) -> Option<&Playback> {
        if !self.players.contains_key(mid) {
            if self.players.len() >= MAX_PLAYERS {
                return None;
            }
            let player = match self.spare_player.take() {
                Some(player) => player,
                None => self.surroundings.audio.play().ok()?,
            };
            player.set_muted(!self.peer.is_heard(mid));
            self.players.insert(mid.to_owned(), player);
        }
        self.players.get(mid)
    }

    fn tell_levels(&mut self, now: Instant) {
        let players = &self.players;
        let level = |mid: &str| players.get(mid).map_or(0.0, |player| player.stats().level);
        for (mid, level) in self.levels.look(now, level) {
            let event = json!({ "event": "level", "mid": mid, "level": level });
            self.surroundings.events.send(self.surroundings.peer, event);
        }
    }

    fn tell_voice_figures(&mut self) {
        for (mid, player) in &self.players {
            let stats = player.stats();
            let figures = Voice {
                concealed: stats.concealed,
                samples: stats.samples,
                late: stats.late,
                level: stats.level,
                delay: stats.delay.as_secs_f64(),
            };
            self.peer.voice_figures(mid, figures);
        }
    }
}

/// Not on the task's thread: an encoder is stopped when it is done with its picture, and packets do not wait for that.
fn end(sending: Sending) {
    tokio::task::spawn_blocking(move || drop(sending));
}
