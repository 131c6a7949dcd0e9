//! One peer connection, without sockets, clocks or threads: requests, packets and time go in,
//! [`Output`]s come out.
//!
//! ```text
//!                 ┌─ negotiation ─ slots ─ apply ─┐
//!   requests ───▶ ├─ candidates, channels, stats  ├─▶ events
//!   packets ────▶ │            str0m::Rtc         │ ─▶ packets
//!   frames ─────▶ └─ connection ─ gate ─ rate ────┘ ─▶ frames, voice
//! ```

mod apply;
mod candidates;
mod channels;
mod clock;
mod config;
pub(crate) mod connection;
mod events;
mod gate;
mod gathering;
mod guard;
mod lines;
mod media;
mod negotiation;
pub(crate) mod opus;
pub(crate) mod ours;
mod output;
mod paths;
mod rate;
pub(crate) mod request;
mod slots;
mod states;
mod stats;
mod streams;
pub(crate) mod targets;
mod unread;
mod voice;
pub(crate) mod vp8;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use str0m::net::{Protocol, Receive};
use str0m::{Input, Rtc};

use crate::error::RtcError;
use candidates::Candidates;
pub(crate) use candidates::RemoteCandidate;
use channels::Channels;
use clock::{Timeline, Unwrap};
use connection::{Connection, Patience};
use gate::FrameGate;
use gathering::Ahead;
use guard::DropGuard;
use negotiation::{Completed, Negotiation};
use ours::Ours;
pub(crate) use output::{EncoderRequest, Frame, Notice, Output};
use paths::Paths;
use rate::RateControl;
use request::{PeerRequest, Receiver, Sender};
pub(crate) use stats::Voice;
use stats::{Stats, Way};
use streams::Streams;
use targets::{Here, may_be_checked};
use unread::Unread;
use voice::VoiceGate;

/// Never asleep longer than this: whatever str0m would do in years can be looked at again.
const LONGEST_SLEEP: Duration = Duration::from_secs(10);

/// How a peer is set up.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PeerConfig {
    /// Addresses of this machine must not be used, nor names of its network be asked for.
    pub relay_only: bool,
    /// Candidates are gathered at once, and told with the first description.
    pub ahead: bool,
    pub patience: Patience,
    /// Decides to where the other side may make us send.
    pub here: Here,
    /// A random number for the descriptions' o= line.
    pub session: u64,
}

/// One peer connection.
pub(crate) struct Peer {
    rtc: Rtc,
    config: PeerConfig,
    negotiation: Negotiation,
    connection: Connection,
    candidates: Candidates,
    ours: Ours,
    channels: Channels,
    rates: RateControl,
    /// What str0m was told to probe for, in bits per second.
    probed_for: u64,
    /// Whether voice goes with redundancy.
    redundant: bool,
    /// The streams whose resends were set up, by m-line.
    repaired: BTreeMap<u16, u32>,
    guards: BTreeMap<u16, DropGuard>,
    gates: BTreeMap<u16, FrameGate>,
    voices: BTreeMap<u16, VoiceGate>,
    streams: Streams,
    senders: BTreeMap<String, Sender>,
    receivers: BTreeMap<String, Receiver>,
    /// M-lines whose media arrives, and when it last did.
    arriving: BTreeMap<u16, Instant>,
    voice_clock: Unwrap,
    timelines: BTreeMap<u16, Timeline>,
    stats: Stats,
    /// The credentials our candidates were announced under.
    announced: Option<String>,
    /// `RTCIceGatheringState`, as told last.
    /// How far gathering ahead of the first description is.
    ahead: Ahead,
    gathering: &'static str,
    /// Media can flow, as far as the page's encoders know.
    up: bool,
    path: Option<(SocketAddr, SocketAddr)>,
    heard: Paths,
    /// How many paths there have been.
    paths: u32,
    /// The address of ours that media and DTLS go out from.
    carrier: Option<SocketAddr>,
    /// The carrier, when it was lost and no other was found yet.
    lost: Option<SocketAddr>,
    rtc_timeout: Instant,
    /// str0m can do no more. What the other side still sends counts as silence.
    over: bool,
    unread: Unread,
    outputs: VecDeque<Output>,
}

impl Peer {
    pub fn new(now: Instant, config: PeerConfig) -> Self {
        Self {
            rtc: config::build(now),
            config,
            negotiation: Negotiation::new(config.session),
            connection: Connection::new(now, config.patience),
            candidates: Candidates::default(),
            ours: Ours::default(),
            channels: Channels::default(),
            rates: RateControl::default(),
            probed_for: 0,
            redundant: true,
            repaired: BTreeMap::new(),
            guards: BTreeMap::new(),
            gates: BTreeMap::new(),
            voices: BTreeMap::new(),
            streams: Streams::default(),
            senders: BTreeMap::new(),
            receivers: BTreeMap::new(),
            arriving: BTreeMap::new(),
            voice_clock: Unwrap::default(),
            timelines: BTreeMap::new(),
            stats: Stats::default(),
            announced: None,
            ahead: if config.ahead {
                Ahead::Gathers
            } else {
                Ahead::Not
            },
            gathering: "new",
            up: false,
            path: None,
            heard: Paths::default(),
            paths: 0,
            carrier: None,
            lost: None,
            rtc_timeout: now,
            over: false,
            unread: Unread::default(),
            outputs: config.ahead.then_some(Output::Gather).into_iter().collect(),
        }
    }

    /// Carries out a request of the page.
    ///
    /// # Errors
    /// A `DOMException`; the request changed nothing then.
    pub fn handle_request(
        &mut self,
        now: Instant,
        request: PeerRequest,
    ) -> Result<Value, RtcError> {
        let result = self.dispatch(now, request);
        self.settle(now);
        result
    }

    fn dispatch(&mut self, now: Instant, request: PeerRequest) -> Result<Value, RtcError> {
        match request {
            PeerRequest::CreateOffer {
                ice_restart,
                data_channel,
                transceivers,
            } => {
                let (sdp, mids) = self.negotiation.create_offer(
                    &mut self.rtc,
                    ice_restart,
                    data_channel,
                    &transceivers,
                )?;
                let mids: Vec<_> = mids
                    .iter()
                    .map(|(index, mid)| json!({ "index": index, "mid": mid }))
                    .collect();
                return Ok(json!({ "sdp": sdp, "mids": mids }));
            }
            PeerRequest::SetLocalOffer { sdp } => {
                self.negotiation.set_local_offer(&sdp)?;
                self.gather();
            }
            PeerRequest::Rollback {} => {
                self.negotiation.rollback(&mut self.rtc)?;
                self.sync_media();
            }
            PeerRequest::SetRemoteOffer { sdp } => {
                self.negotiation
                    .set_remote_offer(now, &mut self.rtc, &sdp)?
            }
            PeerRequest::CreateAnswer { transceivers } => {
                let (sdp, completed) = self
                    .negotiation
                    .create_answer(&mut self.rtc, &transceivers)?;
                if let Some(completed) = completed {
                    self.applied(now, completed);
                }
                return Ok(json!({ "sdp": sdp }));
            }
            PeerRequest::SetLocalAnswer { sdp } => {
                self.negotiation.set_local_answer(&sdp)?;
                self.gather();
                self.sync_media();
            }
            PeerRequest::SetRemoteAnswer { sdp } => {
                let completed = self.negotiation.set_remote_answer(&mut self.rtc, &sdp)?;
                self.applied(now, completed);
                self.sync_media();
            }
            PeerRequest::AddCandidate { candidate, ufrag } => {
                if let Some(candidate) = RemoteCandidate::read(&candidate, ufrag.as_deref())? {
                    self.add_candidate(now, candidate);
                }
            }
            PeerRequest::Sender(sender) => {
                self.senders.insert(sender.mid.clone(), sender);
                self.sync_media();
            }
            PeerRequest::Receiver(receiver) => {
                self.receivers.insert(receiver.mid.clone(), receiver);
            }
            PeerRequest::ChannelOpen(open) => {
                let channel = self.channels.open(&mut self.rtc, open)?;
                return Ok(json!({ "channel": channel }));
            }
            PeerRequest::ChannelSend(send) => {
                let channel = send.channel;
                let (message, binary) = send.message()?;
                self.channels
                    .send(&mut self.rtc, channel, message, binary)?;
            }
            PeerRequest::ChannelClose { channel } => {
                if self.channels.close(&mut self.rtc, channel)? {
                    self.event(json!({ "event": "channelClose", "channel": channel }));
                }
            }
            PeerRequest::Acknowledge { mark } => self.unread.acknowledge(mark),
            PeerRequest::Level { .. } | PeerRequest::SendCamera { .. } => {}
            PeerRequest::Stats {} => return Ok(Value::Array(self.report())),
            PeerRequest::SetConfiguration { configuration } => {
                self.set_relay_only(configuration.read()?.relay_only);
            }
        }
        Ok(json!({}))
    }

    /// A description of theirs was applied: the candidates that waited for it follow.
    fn applied(&mut self, now: Instant, completed: Completed) {
        self.check_certificate();
        if completed.checks {
            self.heard.restart();
            self.connection.handle_checks(now);
            self.retire(now);
        }
        let inside = self.negotiation.remote_candidates();
        let current = self.negotiation.remote_ufrag().map(str::to_owned);
        for candidate in
            self.candidates
                .description_applied(completed.checks, inside, current.as_deref())
        {
            self.add_candidate(now, candidate);
        }
    }

    /// A packet came in on one of our sockets or relays.
    pub fn handle_packet(&mut self, now: Instant, from: SocketAddr, to: SocketAddr, packet: &[u8]) {
        // an answer would go there
        if !may_be_checked(from, self.config.here) {
            return;
        }
        let Ok(contents) = packet.try_into() else {
            return;
        };
        let input = Input::Receive(
            now,
            Receive {
                proto: Protocol::Udp,
                source: from,
                destination: to,
                contents,
            },
        );
        if !self.over {
            let check = packet.first().is_some_and(|first| *first <= events::STUN);
            // checks with credentials of before a restart are no sign of life
            if !check || self.rtc.accepts(&input) {
                self.connection.handle_packet(now, check);
                self.heard.handle_packet(now, from, to, check);
            }
            // media may come by a new pair before it is nominated, so everything is tried; what cannot be
            // decrypted or parsed is dropped, and what is fatal shows in the next poll
            if self.takes(now, packet) && self.streams.admit(packet, || self.rtc.accepts(&input)) {
                let _ = self.rtc.handle_input(input);
            }
        }
        self.settle(now);
    }

    /// Whether a packet is looked at now. What is for data channels waits, by being sent again, while the page has enough to do.
    fn takes(&mut self, now: Instant, packet: &[u8]) -> bool {
        let for_channels = packet.first().is_some_and(|&first| events::is_data(first));
        !for_channels || (!self.channels.are_busy(now) && self.unread.takes_packet())
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        if now >= self.rtc_timeout
            && let Err(error) = self.rtc.handle_input(Input::Timeout(now))
        {
            self.give_up(now, &error);
        }
        self.settle(now);
    }

    /// When to call [`Self::handle_timeout`] at the latest.
    pub fn poll_timeout(&self, now: Instant) -> Instant {
        let gates = self.gates.values().filter_map(FrameGate::poll_timeout);
        let others = [
            self.ours.poll_timeout(self.carrier),
            self.heard.poll_timeout(),
            self.connection.poll_timeout(),
            self.rates.poll_timeout(),
            self.mute_timeout(),
        ];
        let soonest = gates
            .chain(others.into_iter().flatten())
            .chain([self.rtc_timeout])
            .min();
        soonest.unwrap_or(now).min(now + LONGEST_SLEEP)
    }

    /// What is to be done next.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Whether there is something to be done.
    pub fn has_output(&self) -> bool {
        !self.outputs.is_empty()
    }

    /// Whether media can flow: nothing has to be looked for any more.
    pub fn is_up(&self) -> bool {
        self.connection.is_up()
    }

    /// Says goodbye; what is to be sent is in the outputs.
    pub fn close(&mut self, now: Instant) {
        if self.rtc.close().is_ok() {
            self.pump(now);
        }
    }

    fn event(&mut self, mut event: Value) {
        self.unread.add(&mut event);
        self.outputs.push_back(Output::Event(event));
    }

    fn report(&mut self) -> Vec<Value> {
        let pair = self
            .stats
            .peer
            .as_ref()
            .and_then(|peer| peer.selected_candidate_pair.as_ref());
        let kinds = pair.map_or(("host", "host"), |pair| {
            (
                self.ours.kind(pair.local.addr),
                self.candidates.remote_kind(pair.remote.addr),
            )
        });
        let way = Way {
            number: self.paths,
            local: pair.and_then(|pair| self.ours.find(pair.local.addr)),
            kinds,
        };
        let rtc = &self.rtc;
        let dtls = self.connection.dtls().as_str();
        self.stats
            .report(self.negotiation.slots(), dtls, &way, |mid| {
                let media = rtc.media(mid)?;
                let codec = rtc
                    .codec_config()
                    .iter()
                    .find(|codec| media.remote_pts().contains(&codec.pt()))?;
                let (mime, clock) = if codec.spec().codec.is_video() {
                    ("video/VP8", 90_000)
                } else {
                    ("audio/opus", 48_000)
                };
                Some((mime, *codec.pt(), clock))
            })
    }
}

#[cfg(test)]
mod tests;
