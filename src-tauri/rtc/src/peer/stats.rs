//! What `getStats` tells of the engine's part, in the words of W3C webrtc-stats.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};
use str0m::media::Mid;
use str0m::stats::{MediaEgressStats, MediaIngressStats, PeerStats};

use super::ours::Local;
use super::slots::Slot;
use crate::sdp::Kind;
use crate::servers::Transport;

/// Figures of the page's coder that are put into the reports, by the direction they belong to.
const INBOUND: [&str; 12] = [
    "framesDecoded",
    "keyFramesDecoded",
    "framesDropped",
    "framesPerSecond",
    "frameWidth",
    "frameHeight",
    "freezeCount",
    "totalFreezesDuration",
    "pauseCount",
    "totalPausesDuration",
    "totalDecodeTime",
    "totalInterFrameDelay",
];
const OUTBOUND: [&str; 3] = ["framesEncoded", "keyFramesEncoded", "totalEncodeTime"];

/// Counters of one m-line that str0m does not keep.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct LineCounters {
    /// Whole frames, or packets of voice, received.
    pub frames_in: u64,
    pub key_frames_in: u64,
    pub frames_out: u64,
    pub key_frames_out: u64,
    /// Frames that the guard dropped before sending.
    pub frames_held: u64,
    /// What the encoder is to make, in bits per second.
    pub rate: Option<u64>,
    /// Samples of voice concealed and played, and loudness.
    pub voice: Option<Voice>,
}

/// What playing knows of received voice.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Voice {
    /// Samples, at 48 kHz.
    pub concealed: u64,
    pub samples: u64,
    pub late: u64,
    /// Root mean square, 0 to 1.
    pub level: f64,
    /// Seconds from a packet's arrival to its sound.
    pub delay: f64,
}

/// The last figures str0m and the page told.
#[derive(Default)]
pub(crate) struct Stats {
    pub peer: Option<PeerStats>,
    ingress: BTreeMap<Mid, MediaIngressStats>,
    egress: BTreeMap<Mid, MediaEgressStats>,
    pub lines: BTreeMap<u16, LineCounters>,
    coder: BTreeMap<u16, Map<String, Value>>,
    /// Of the encoders in this process, which know more than the page tells here.
    encoders: BTreeMap<u16, Map<String, Value>>,
    /// Packets that did not arrive here, and there, by m-line.
    lost_in: BTreeMap<Mid, f64>,
    lost_out: BTreeMap<Mid, f64>,
}

/// What is known of the way packets take, besides addresses.
pub(crate) struct Way<'a> {
    /// A number for it, another one for each.
    pub number: u32,
    pub local: Option<&'a Local>,
    /// `RTCIceCandidateType` of both ends.
    pub kinds: (&'static str, &'static str),
}

impl Stats {
    pub fn ingress(&mut self, stats: MediaIngressStats) {
        let before = self.ingress.get(&stats.mid).map_or(0, |last| last.packets);
        let lost = lost_beside(stats.packets.saturating_sub(before), self.loss().0);
        *self.lost_in.entry(stats.mid).or_default() += lost;
        self.ingress.insert(stats.mid, stats);
    }

    pub fn egress(&mut self, stats: MediaEgressStats) {
        let before = self.egress.get(&stats.mid).map_or(0, |last| last.packets);
        let sent = stats.packets.saturating_sub(before) as f64;
        *self.lost_out.entry(stats.mid).or_default() += sent * self.loss().1;
        self.egress.insert(stats.mid, stats);
    }

    /// What was lost on the way here, since the figures before, and on the way there, in the last second,
    /// as fractions. The transport-wide sequence numbers tell; in the reports of a single stream, str0m counts
    /// what was sent again and arrived as not lost.
    fn loss(&self) -> (f64, f64) {
        let fraction = |loss: Option<f32>| loss.map_or(0.0, f64::from).clamp(0.0, 0.99);
        self.peer.as_ref().map_or((0.0, 0.0), |peer| {
            let (here, there) = (peer.ingress_loss_fraction, peer.egress_loss_fraction);
            (fraction(here), fraction(there))
        })
    }

    pub fn line(&mut self, index: u16) -> &mut LineCounters {
        self.lines.entry(index).or_default()
    }

    /// What the page's decoder and encoder of an m-line count; anything but known figures is left out.
    pub fn coder(&mut self, index: u16, figures: &Map<String, Value>) {
        let known =
            |name: &&String| INBOUND.contains(&name.as_str()) || OUTBOUND.contains(&name.as_str());
        let figures = figures
            .iter()
            .filter(|(name, value)| known(name) && value.is_number());
        self.coder.insert(
            index,
            figures
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        );
    }

    /// What an encoder in this process counts.
    pub fn encoder(&mut self, index: u16, figures: Map<String, Value>) {
        self.encoders.insert(index, figures);
    }

    fn coder_figures(&self, index: u16, names: &[&str]) -> impl Iterator<Item = (String, Value)> {
        let figures = self.coder.get(&index).into_iter().flatten();
        figures
            .filter(|(name, _)| names.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
    }

    /// The report. `way`: that of the selected pair; `dtls`: `RTCDtlsTransportState`; `codec`: MIME type,
    /// payload type and clock rate of an m-line.
    pub fn report(
        &self,
        slots: &[Slot],
        dtls: &str,
        way: &Way,
        codec: impl Fn(Mid) -> Option<(&'static str, u8, u32)>,
    ) -> Vec<Value> {
        let timestamp = now_millis();
        let mut report = Vec::new();
        if let Some(peer) = &self.peer {
            transport(&mut report, peer, dtls, way, timestamp);
        }
        for (index, slot) in slots.iter().enumerate() {
            let Ok(index) = u16::try_from(index) else {
                continue;
            };
            let mid = slot.str0m_mid();
            let Some((mime, payload, clock)) = codec(mid).filter(|_| slot.is_media()) else {
                continue;
            };
            let codec = format!("codec-{}", slot.mid);
            report.push(json!({
                "id": codec, "type": "codec", "timestamp": timestamp, "transportId": "transport",
                "mimeType": mime, "payloadType": payload, "clockRate": clock,
            }));
            let line = Line {
                index,
                slot,
                codec: &codec,
                clock,
                timestamp,
            };
            if let Some(stats) = self.ingress.get(&mid) {
                report.push(self.inbound(&line, stats));
            }
            if let Some(stats) = self.egress.get(&mid) {
                self.outbound(&mut report, &line, stats);
            }
        }
        report
    }

    fn inbound(&self, line: &Line, stats: &MediaIngressStats) -> Value {
        let counters = self.lines.get(&line.index).copied().unwrap_or_default();
        let mut entry = line.entry("inbound-rtp", "in");
        let mut put = |name: &str, value: Value| entry.insert(name.to_owned(), value);
        put("packetsReceived", stats.packets.into());
        put("bytesReceived", stats.bytes.into());
        let lost = self.lost_in.get(&line.slot.str0m_mid()).copied();
        put("packetsLost", (lost.unwrap_or_default() as u64).into());
        put(
            "jitter",
            (f64::from(stats.jitter) / f64::from(line.clock)).into(),
        );
        put("nackCount", stats.nacks.into());
        if line.slot.kind == Kind::Video {
            put("pliCount", stats.plis.into());
            put("firCount", stats.firs.into());
            put("framesReceived", counters.frames_in.into());
            put("keyFramesReceived", counters.key_frames_in.into());
        }
        if let Some(voice) = counters.voice {
            put("totalSamplesReceived", voice.samples.into());
            put("concealedSamples", voice.concealed.into());
            put("packetsDiscarded", voice.late.into());
            put("audioLevel", voice.level.into());
            put("jitterBufferDelay", voice.delay.into());
        }
        entry.extend(self.coder_figures(line.index, &INBOUND));
        Value::Object(entry)
    }

    fn outbound(&self, report: &mut Vec<Value>, line: &Line, stats: &MediaEgressStats) {
        let counters = self.lines.get(&line.index).copied().unwrap_or_default();
        let mut entry = line.entry("outbound-rtp", "out");
        let mut put = |name: &str, value: Value| entry.insert(name.to_owned(), value);
        put("packetsSent", stats.packets.into());
        put("bytesSent", stats.bytes.into());
        put("nackCount", stats.nacks.into());
        if line.slot.kind == Kind::Video {
            put("pliCount", stats.plis.into());
            put("firCount", stats.firs.into());
            put("framesSent", counters.frames_out.into());
            put("keyFramesSent", counters.key_frames_out.into());
            put("framesHeldBack", counters.frames_held.into());
        }
        if let Some(rate) = counters.rate {
            put("targetBitrate", rate.into());
        }
        if let Some(ssrcs) = line.slot.ssrcs {
            put("ssrc", ssrcs.main.into());
        }
        entry.extend(self.coder_figures(line.index, &OUTBOUND));
        entry.extend(self.encoders.get(&line.index).cloned().unwrap_or_default());
        let id = entry.get("id").cloned();
        report.push(Value::Object(entry));
        let Some(remote) = &stats.remote else { return };
        let mut entry = line.entry("remote-inbound-rtp", "remote-in");
        let mut put = |name: &str, value: Value| entry.insert(name.to_owned(), value);
        let lost = self.lost_out.get(&line.slot.str0m_mid()).copied();
        let lost = remote.packets_lost.max(lost.unwrap_or_default() as u64);
        put("packetsLost", lost.into());
        put(
            "jitter",
            (f64::from(remote.jitter) / f64::from(line.clock)).into(),
        );
        put("localId", id.into());
        let loss = stats.loss.map_or(0.0, f64::from).max(self.loss().1);
        put("fractionLost", loss.into());
        if let Some(rtt) = stats.rtt {
            put("roundTripTime", rtt.as_secs_f64().into());
        }
        report.push(Value::Object(entry));
    }
}

struct Line<'a> {
    index: u16,
    slot: &'a Slot,
    codec: &'a str,
    clock: u32,
    timestamp: f64,
}

impl Line<'_> {
    fn entry(&self, kind: &str, prefix: &str) -> Map<String, Value> {
        let mid = &self.slot.mid;
        let entry = json!({
            "id": format!("{prefix}-{mid}"), "type": kind, "timestamp": self.timestamp,
            "kind": self.slot.kind.as_str(), "mid": mid, "codecId": self.codec, "transportId": "transport",
        });
        if let Value::Object(entry) = entry {
            entry
        } else {
            Map::new()
        }
    }
}

fn transport(report: &mut Vec<Value>, peer: &PeerStats, dtls: &str, way: &Way, timestamp: f64) {
    let pair = peer.selected_candidate_pair.as_ref();
    let number = way.number;
    let [pair_id, local_id, remote_id] =
        ["pair", "local", "remote"].map(|part| format!("{part}-{number}"));
    report.push(json!({
        "id": "transport", "type": "transport", "timestamp": timestamp,
        "bytesSent": peer.peer_bytes_tx, "bytesReceived": peer.peer_bytes_rx,
        "dtlsState": dtls,
        "selectedCandidatePairId": pair.map(|_| &pair_id),
        "selectedCandidatePairChanges": number,
    }));
    let Some(pair) = pair else { return };
    report.push(json!({
        "id": pair_id, "type": "candidate-pair", "timestamp": timestamp, "transportId": "transport",
        "localCandidateId": local_id, "remoteCandidateId": remote_id,
        "state": "succeeded", "nominated": true,
        "bytesSent": peer.peer_bytes_tx, "bytesReceived": peer.peer_bytes_rx,
        "currentRoundTripTime": pair.current_round_trip_time.map(|time| time.as_secs_f64()),
        "totalRoundTripTime": pair.total_round_trip_time.as_secs_f64(),
        "responsesReceived": pair.responses_received,
        "availableOutgoingBitrate": peer.bwe_tx.map(|rate| rate.as_u64()),
    }));
    for (id, kind, end, candidate) in [
        (local_id, "local-candidate", &pair.local, way.kinds.0),
        (remote_id, "remote-candidate", &pair.remote, way.kinds.1),
    ] {
        let mut entry = json!({
            "id": id, "type": kind, "timestamp": timestamp, "transportId": "transport",
            "address": end.addr.ip().to_string(), "port": end.addr.port(), "protocol": "udp",
            "candidateType": candidate,
        });
        if let (Value::Object(fields), "local-candidate", Some(local)) =
            (&mut entry, kind, way.local)
        {
            let mut put = |name: &str, value: Option<&str>| {
                if let Some(value) = value {
                    fields.insert(name.to_owned(), value.into());
                }
            };
            put("url", local.url.as_deref());
            put("relayProtocol", local.relay.map(Transport::as_str));
            put("networkType", local.network);
        }
        report.push(entry);
    }
}

/// How many packets are missing beside those that arrived, when this fraction of all is.
fn lost_beside(arrived: u64, fraction: f64) -> f64 {
    arrived as f64 * fraction / (1.0 - fraction)
}

fn now_millis() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64() * 1000.0)
}
