//! Two peers, a clock and a network between them.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::link::{LATENCY, Link};
use crate::error::RtcError;
use crate::peer::ours::HostAddress;
use crate::peer::output::{Frame, VoicePacket};
use crate::peer::request::PeerRequest;
use crate::peer::{Output, Peer, PeerConfig};
use crate::sdp::{Description, Direction};

/// One of the two, with everything their peer wanted done.
pub(super) struct Side {
    pub peer: Peer,
    /// Where its sockets are; the last is the newest.
    pub addresses: Vec<SocketAddr>,
    next_port: u16,
    pub events: Vec<Value>,
    pub notices: Vec<Value>,
    pub frames: Vec<Frame>,
    pub voice: Vec<VoicePacket>,
    pub resolve: Vec<String>,
    /// Packets sent to where nobody is.
    pub strays: usize,
    /// The page handles what it is told.
    pub reads: bool,
    /// Packets on their way here: when they arrive, from where, to where.
    inbox: VecDeque<(Instant, SocketAddr, SocketAddr, Vec<u8>)>,
}

/// Decides whether a packet is lost.
pub(super) type Loss = Box<dyn FnMut(&[u8]) -> bool>;

pub(super) struct World {
    pub now: Instant,
    pub alice: Side,
    pub bob: Side,
    /// What is lost of what goes to Bob.
    pub loss: Loss,
    pub link: Link,
    /// Nothing arrives anywhere.
    pub cut: bool,
    /// A NAT gives Alice this address now, and nothing reaches her by any other.
    pub nat: Option<SocketAddr>,
    start: Instant,
    /// Key frames that Alice's encoder knows to be wanted.
    keys: usize,
}

impl Side {
    fn new(now: Instant, port: u16) -> Self {
        Self {
            peer: Peer::new(now, PeerConfig::default()),
            addresses: Vec::new(),
            next_port: port,
            events: Vec::new(),
            notices: Vec::new(),
            frames: Vec::new(),
            voice: Vec::new(),
            resolve: Vec::new(),
            strays: 0,
            reads: true,
            inbox: VecDeque::new(),
        }
    }

    /// The states told, of this event.
    pub fn states(&self, event: &str) -> Vec<&str> {
        self.events
            .iter()
            .filter(|one| one["event"] == event)
            .filter_map(|one| one["state"].as_str())
            .collect()
    }

    pub fn last_state(&self, event: &str) -> &str {
        self.states(event).last().copied().unwrap_or_default()
    }

    pub fn notices(&self, kind: &str) -> usize {
        self.notices.iter().filter(|one| one["t"] == kind).count()
    }

    /// What the encoder was told, in bits per second.
    pub fn rates(&self) -> Vec<u64> {
        let rates = self.notices.iter().filter(|one| one["t"] == "rate");
        rates.filter_map(|one| one["bps"].as_u64()).collect()
    }

    fn acknowledge(&mut self, now: Instant, event: &Value) {
        if let (true, Some(mark)) = (self.reads, event["mark"].as_u64()) {
            let request = request("acknowledge", json!({ "mark": mark }));
            self.peer.handle_request(now, request).unwrap();
        }
    }

    /// The page comes to handle everything it was told so far.
    pub fn reads_again(&mut self, now: Instant) {
        self.reads = true;
        for event in self.events.clone() {
            self.acknowledge(now, &event);
        }
    }

    /// Candidates told and not taken yet.
    fn take_candidates(&mut self) -> Vec<Value> {
        let (candidates, rest) = std::mem::take(&mut self.events)
            .into_iter()
            .partition(|one| one["event"] == "candidate" && !one["candidate"].is_null());
        self.events = rest;
        candidates
    }
}

/// A request as the page makes it.
pub(super) fn request(op: &str, mut arguments: Value) -> PeerRequest {
    arguments["op"] = op.into();
    serde_json::from_value(arguments).unwrap_or_else(|error| panic!("{op}: {error}"))
}

/// A transceiver to offer.
pub(super) fn line(mid: Option<&str>, kind: &str, direction: &str) -> Value {
    json!({ "index": 0, "mid": mid, "kind": kind, "direction": direction, "streams": ["s"], "track": "t" })
}

pub(super) fn answer(mid: &str, direction: &str) -> Value {
    json!({ "mid": mid, "direction": direction, "streams": ["s"], "track": "t" })
}

impl World {
    pub fn new() -> Self {
        let now = Instant::now();
        Self {
            now,
            alice: Side::new(now, 1111),
            bob: Side::new(now, 2222),
            loss: Box::new(|_| false),
            link: Link::default(),
            cut: false,
            nat: None,
            start: now,
            keys: 0,
        }
    }

    pub fn ask_alice(&mut self, op: &str, arguments: Value) -> Result<Value, RtcError> {
        let result = self
            .alice
            .peer
            .handle_request(self.now, request(op, arguments));
        self.drain();
        result
    }

    pub fn ask_bob(&mut self, op: &str, arguments: Value) -> Result<Value, RtcError> {
        let result = self
            .bob
            .peer
            .handle_request(self.now, request(op, arguments));
        self.drain();
        result
    }

    /// Tells each one's candidates to the other.
    pub fn trickle(&mut self) {
        for candidate in self.alice.take_candidates() {
            self.ask_bob("addCandidate", candidate).unwrap();
        }
        for candidate in self.bob.take_candidates() {
            self.ask_alice("addCandidate", candidate).unwrap();
        }
    }

    /// The credentials by which Alice knows Bob.
    pub fn remote_ufrag_of_alice(&self) -> String {
        let known = self.alice.peer.negotiation.remote_ufrag();
        known.unwrap_or_default().to_owned()
    }

    /// Alice offers, Bob answers, candidates follow. Returns offer and answer.
    pub fn negotiate(&mut self, offer: Value, answer: Value) -> (String, String) {
        let offer = text(&self.ask_alice("createOffer", offer).unwrap());
        self.ask_alice("setLocalOffer", json!({ "sdp": offer }))
            .unwrap();
        self.ask_bob("setRemoteOffer", json!({ "sdp": offer }))
            .unwrap();
        let answer = text(&self.ask_bob("createAnswer", answer).unwrap());
        self.ask_bob("setLocalAnswer", json!({ "sdp": answer }))
            .unwrap();
        self.ask_alice("setRemoteAnswer", json!({ "sdp": answer }))
            .unwrap();
        self.trickle();
        (offer, answer)
    }

    /// Voice, video and data, connected; both send video on m-line 1.
    pub fn call() -> Self {
        Self::call_over(Link::default(), true)
    }

    /// The same over a link; `films`: whether both cameras are open from the beginning.
    pub fn call_over(link: Link, films: bool) -> Self {
        let mut world = Self::new();
        world.link = link;
        world.negotiate(
            json!({ "dataChannel": true, "transceivers": [line(None, "audio", "sendrecv"), line(None, "video", "sendrecv")] }),
            json!({ "transceivers": [answer("0", "sendrecv"), answer("1", "sendrecv")] }),
        );
        let sender = json!({ "mid": "1", "kind": "video", "active": films, "muted": false, "maxBitrate": null });
        world.ask_alice("sender", sender.clone()).unwrap();
        world.ask_bob("sender", sender).unwrap();
        world.run_until("both are connected", |world| {
            [&world.alice, &world.bob]
                .iter()
                .all(|side| side.last_state("connection") == "connected")
        });
        world
    }

    /// Lets time pass.
    pub fn run(&mut self, duration: Duration) {
        let end = self.now + duration;
        while self.step(end) {}
    }

    /// Lets time pass until something is so.
    pub fn run_until(&mut self, what: &str, mut so: impl FnMut(&Self) -> bool) {
        let end = self.now + Duration::from_secs(60);
        while !so(self) {
            assert!(
                self.step(end),
                "in a minute it never came about that {what}"
            );
        }
    }

    /// The next thing that happens, before `end`.
    fn step(&mut self, end: Instant) -> bool {
        self.drain();
        let timeouts = [&self.alice, &self.bob].map(|side| side.peer.poll_timeout(self.now));
        let arrivals = [&self.alice, &self.bob].map(|side| side.inbox.front().map(|(at, ..)| *at));
        let next = timeouts
            .into_iter()
            .chain(arrivals.into_iter().flatten())
            .min()
            .unwrap_or(end);
        if next > end {
            self.now = end;
            return false;
        }
        self.now = self.now.max(next);
        for side in [&mut self.alice, &mut self.bob] {
            while let Some((_, from, to, packet)) =
                side.inbox.pop_front_if(|(at, ..)| *at <= self.now)
            {
                if side.addresses.contains(&to) {
                    side.peer.handle_packet(self.now, from, to, &packet);
                }
            }
            if side.peer.poll_timeout(self.now) <= self.now {
                side.peer.handle_timeout(self.now);
            }
        }
        self.drain();
        true
    }

    /// Does what the peers want done.
    pub fn drain(&mut self) {
        let (now, cut) = (self.now, self.cut);
        let inside = self.alice.addresses.last().copied();
        let nat = self.nat.zip(inside);
        let out = |(from, to)| (nat.map_or(from, |(outside, _)| outside), to);
        carry(now, &mut self.alice, &mut self.bob, out, |packet| {
            let arrives = !cut && !(self.loss)(packet);
            arrives
                .then(|| self.link.carry(now, packet.len()))
                .flatten()
        });
        let into = |(from, to)| match nat {
            Some((outside, inside)) if to == outside => (from, inside),
            // a port nobody has
            Some(_) => (from, SocketAddr::from(([192, 0, 2, 1], 9))),
            None => (from, to),
        };
        carry(now, &mut self.bob, &mut self.alice, into, |_| {
            (!cut).then_some(now + LATENCY)
        });
    }

    /// Bob sends a key frame every 33 ms for so long.
    pub fn bob_films(&mut self, duration: Duration) {
        let end = self.now + duration;
        while self.now < end {
            let timestamp = (self.now - self.start).as_micros();
            let timestamp = u64::try_from(timestamp).unwrap_or_default();
            self.bob
                .peer
                .send_frame(self.now, 1, true, timestamp, vp8(true, 900));
            self.run(Duration::from_micros(33_333));
        }
    }

    /// For so long Alice speaks, 50 packets a second, and films if her camera is open: what her encoder makes
    /// is as much as it was told.
    pub fn alice_calls(&mut self, duration: Duration) {
        const PACKET: Duration = Duration::from_millis(20);
        let end = self.now + duration;
        let mut voice = self.now;
        let mut frame = self.now;
        while voice.min(frame) < end {
            let next = voice.min(frame).max(self.now);
            self.run(next - self.now);
            if voice <= frame {
                voice += PACKET;
                self.alice_speaks();
            } else {
                frame += Duration::from_micros(33_333);
                self.alice_encodes();
            }
            self.drain();
        }
    }

    /// Puts a sender of Alice's on or off.
    pub fn alice_opens(&mut self, mid: &str, kind: &str, active: bool) {
        let sender = json!({ "mid": mid, "kind": kind, "active": active, "muted": false, "maxBitrate": null });
        self.ask_alice("sender", sender).unwrap();
    }

    fn alice_speaks(&mut self) {
        let since = (self.now - self.start).as_millis();
        let rtp_time = u32::try_from(since * 48).unwrap_or_default();
        let mut data = vec![0x55; 80];
        data[0] = OPUS_20_MS;
        let now = self.now;
        self.alice.peer.send_voice(now, "0", rtp_time, now, data);
    }

    /// One frame as large as the rate allows; a key frame, four times as large, when one is wanted.
    fn alice_encodes(&mut self) {
        let Some(rate) = self.alice.rates().last().copied() else {
            return;
        };
        let wanted = self.alice.notices("keyframe") + self.alice.notices("start");
        let key = wanted > self.keys;
        self.keys = wanted;
        let length = usize::try_from(rate / 8 / 30).unwrap_or_default() * if key { 4 } else { 1 };
        let timestamp = (self.now - self.start).as_micros();
        let timestamp = u64::try_from(timestamp).unwrap_or_default();
        let data = vp8(key, length);
        self.alice
            .peer
            .send_frame(self.now, 1, key, timestamp, data);
    }

    /// Alice sends this as a frame, and lets it travel.
    pub fn alice_sends(&mut self, key: bool, data: Vec<u8>) {
        let timestamp = (self.now - self.start).as_micros();
        let timestamp = u64::try_from(timestamp).unwrap_or_default();
        self.alice
            .peer
            .send_frame(self.now, 1, key, timestamp, data);
        self.run(Duration::from_micros(33_333));
    }

    /// Alice sends `count` frames, 30 a second, and lets them travel. `key`: the first one is a key frame.
    pub fn alice_films(&mut self, count: u32, key: bool, length: usize) {
        for at in 0..count {
            let data = vp8(key && at == 0, length);
            let timestamp = (self.now - self.start).as_micros();
            let timestamp = u64::try_from(timestamp).unwrap_or_default();
            self.alice
                .peer
                .send_frame(self.now, 1, key && at == 0, timestamp, data);
            self.run(Duration::from_micros(33_333));
        }
    }
}

fn carry(
    now: Instant,
    from: &mut Side,
    to: &mut Side,
    translate: impl Fn((SocketAddr, SocketAddr)) -> (SocketAddr, SocketAddr),
    mut arrival: impl FnMut(&[u8]) -> Option<Instant>,
) {
    while let Some(output) = from.peer.poll_output() {
        match output {
            Output::Transmit(transmit) => {
                // a socket that was closed sends nothing
                if !from.addresses.contains(&transmit.source) {
                    continue;
                }
                let packet = transmit.contents.to_vec();
                let (source, destination) = translate((transmit.source, transmit.destination));
                if !to.addresses.contains(&destination) {
                    from.strays += 1;
                } else if let Some(at) = arrival(&packet) {
                    let place = to.inbox.partition_point(|(other, ..)| *other <= at);
                    to.inbox.insert(place, (at, source, destination, packet));
                }
            }
            Output::Event(event) => {
                from.acknowledge(now, &event);
                from.events.push(event);
            }
            Output::Notice(notice) => from.notices.push(notice.to_json()),
            Output::Frame(frame) => from.frames.push(frame),
            Output::Voice(packet) => from.voice.push(packet),
            Output::Gather => {
                let address = SocketAddr::from(([192, 0, 2, 1], from.next_port));
                from.next_port += 1;
                from.addresses.push(address);
                let host = HostAddress {
                    address,
                    network: None,
                };
                from.peer.gathered_hosts(now, &[host]);
                from.peer.gathered_all();
            }
            Output::Expect(_) => {}
            Output::Close(address) => from.addresses.retain(|one| *one != address),
            Output::Resolve { host, .. } => from.resolve.push(host),
        }
    }
}

/// The description in a response.
pub(super) fn text(response: &Value) -> String {
    response["sdp"].as_str().unwrap().to_owned()
}

/// The first byte of an Opus packet of 20 ms.
pub(super) const OPUS_20_MS: u8 = 31 << 3;

/// What looks like a frame of VP8 from outside: a key frame of 640×480, or one that follows it.
pub(super) fn vp8(key: bool, length: usize) -> Vec<u8> {
    if key {
        return vp8_key(640, 480, length);
    }
    let mut data = vec![0x11, 2, 0];
    data.resize(length.max(data.len()), 0x55);
    data
}

/// A key frame that claims this size.
pub(super) fn vp8_key(width: u16, height: u16, length: usize) -> Vec<u8> {
    let mut data = vec![0x10, 2, 0, 0x9d, 1, 0x2a];
    data.extend(width.to_le_bytes());
    data.extend(height.to_le_bytes());
    data.resize(length.max(data.len()), 0x55);
    data
}

/// The name of the exception.
pub(super) fn name(result: Result<Value, RtcError>) -> String {
    result.unwrap_err().name
}

/// An offer of Alice's.
pub(super) fn offer_of(world: &mut World, arguments: Value) -> String {
    text(&world.ask_alice("createOffer", arguments).unwrap())
}

/// The directions of a description's sections.
pub(super) fn directions(sdp: &str) -> Vec<Direction> {
    Description::parse(sdp)
        .unwrap()
        .sections
        .iter()
        .map(|section| section.direction())
        .collect()
}
