//! What str0m says, and what follows from it.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use str0m::bwe::BweKind;
use str0m::channel::{ChannelConfig, Reliability};
use str0m::error::RtcError;
use str0m::media::KeyframeRequestKind;
use str0m::net::Transmit;
use str0m::stats::PeerStats;
use str0m::{Event, Output as Str0m};

use super::channels::Opened;
use super::output::{EncoderRequest, Output};
use super::states::{Change, Failure};
use super::{Peer, slots};
use crate::servers::Transport;

/// Packets that cannot be put together are skipped; so many at once, and something else is wrong.
const MAX_BAD: u32 = 1000;

/// The first byte of a STUN message is at most this (RFC 7983).
pub(super) const STUN: u8 = 3;

/// Whether a packet that begins so is DTLS application data, which is what data channels send: in DTLS 1.2 records say so
/// ([RFC 6347, section 4.1](https://www.rfc-editor.org/rfc/rfc6347#section-4.1)), in DTLS 1.3 encrypted ones do not say what
/// they are ([RFC 9147, section 4](https://www.rfc-editor.org/rfc/rfc9147#section-4)).
pub(super) fn is_data(first: u8) -> bool {
    first == 23 || (32..=63).contains(&first)
}

/// Between two looks at the pairs of candidates, while a way is being looked for.
const PACE: Duration = Duration::from_millis(5);

impl Peer {
    /// Carries on until nothing is left to be done now.
    pub(super) fn settle(&mut self, now: Instant) {
        self.pump(now);
        while self.follow_up(now) {
            self.pump(now);
        }
    }

    /// Takes everything from str0m; it wants that after every change.
    pub(super) fn pump(&mut self, now: Instant) {
        if self.over {
            self.rtc_timeout = now + super::LONGEST_SLEEP;
            return;
        }
        let mut bad = 0;
        while !self.over {
            match self.rtc.poll_output() {
                Ok(Str0m::Timeout(at)) => {
                    // str0m looks at one pair of candidates every 50 ms, and answers checks at that pace too. Each of a
                    // dozen pairs, and each way there and back, would wait for its turn: RFC 8445 (section 14.2) allows 5 ms.
                    self.rtc_timeout = if self.connection.is_looking(now) {
                        at.min(now + PACE)
                    } else {
                        at
                    };
                    break;
                }
                Ok(Str0m::Transmit(transmit)) => self.transmit(now, transmit),
                Ok(Str0m::Event(event)) => self.handle_event(now, event),
                Err(RtcError::Packet(..) | RtcError::Sctp(_)) if bad < MAX_BAD => bad += 1,
                Err(error) => {
                    self.give_up(now, &error);
                    break;
                }
            }
        }
    }

    fn transmit(&mut self, now: Instant, transmit: Transmit) {
        // str0m goes on by a lost address until it has another
        let carries = transmit.contents.first().is_some_and(|first| *first > STUN);
        if carries {
            self.heard
                .handle_transmit(now, transmit.source, transmit.destination);
        }
        if carries && self.lost != Some(transmit.source) {
            if self.lost.take().is_some() {
                self.connection.handle_path();
            }
            self.carrier = Some(transmit.source);
        }
        self.outputs.push_back(Output::Transmit(transmit));
    }

    /// str0m can do no more: the other side said goodbye, or DTLS failed.
    pub(super) fn give_up(&mut self, now: Instant, error: &RtcError) {
        self.rtc_timeout = now + super::LONGEST_SLEEP;
        if std::mem::replace(&mut self.over, true) {
            return;
        }
        // kinds of errors only: their text can hold addresses or lines of descriptions
        tracing::info!(kind = kind(error), "the connection is over");
        if !self.connection.is_up() {
            // a certificate other than announced is the one thing str0m finds wrong with a description
            // while it is polled
            self.connection.handle_failure(match error {
                RtcError::RemoteSdp(_) => Failure::Fingerprint,
                _ => Failure::Dtls,
            });
        }
    }

    /// Makes sure that the other side is who its description says, once it has shown a certificate. str0m
    /// does so with the first description only. Where it is not, nothing of it is heard any more, and
    /// nothing sent.
    pub(super) fn check_certificate(&mut self) {
        let certificate = self.rtc.direct_api().remote_dtls_fingerprint().cloned();
        if certificate.is_some_and(|certificate| !self.negotiation.vouches_for(&certificate)) {
            tracing::warn!("a description names another certificate than the connection has");
            self.over = true;
            self.rtc.disconnect();
            self.connection.handle_failure(Failure::Fingerprint);
        }
    }

    /// The other side sends more than any call does: nothing of it is heard any more, and nothing sent.
    fn hang_up(&mut self) {
        if std::mem::replace(&mut self.over, true) {
            return;
        }
        tracing::warn!("the other side floods its data channels: the connection is ended");
        self.rtc.disconnect();
        self.connection.handle_failure(Failure::Dtls);
    }

    /// What time and figures lead to. True when str0m has to be polled again.
    fn follow_up(&mut self, now: Instant) -> bool {
        while let Some(change) = self.connection.poll(now) {
            self.event(match change {
                Change::Ice(state) => json!({ "event": "ice", "state": state.as_str() }),
                Change::Dtls(state) => {
                    json!({ "event": "dtls", "state": state.as_str(), "error": state.error() })
                }
                Change::Peer(state) => json!({ "event": "connection", "state": state.as_str() }),
            });
        }
        self.mute_silent(now);
        let switched = self.switch_paths(now);
        let unused = self.ours.take_unused(now, self.carrier);
        self.outputs.extend(unused.into_iter().map(Output::Close));
        let up = self.connection.is_up();
        if up != self.up {
            self.up = up;
            if up {
                self.begin_all_pictures();
            }
        }
        while let Some((index, bps)) = self.rates.poll(now) {
            self.stats.line(index).rate = Some(bps);
            self.notify(index, EncoderRequest::Rate(bps));
        }
        let due: Vec<u16> = self
            .gates
            .iter_mut()
            .filter_map(|(&index, gate)| gate.asks(now).then_some(index))
            .collect();
        let asked = due
            .into_iter()
            .filter(|&index| self.ask_key_frame(index))
            .count();
        asked > 0 || switched
    }

    /// Leaves the pair in use for one that lives, where it died; and gives back what was left. True when
    /// str0m has to be polled again.
    fn switch_paths(&mut self, now: Instant) -> bool {
        if self.over {
            return false;
        }
        let mut switched = false;
        while let Some(dead) = self.heard.poll_dead(now) {
            tracing::info!("the pair in use is silent, another is not: it is left");
            self.connection.handle_silent();
            self.candidates.banish(&mut self.rtc, dead);
            switched = true;
        }
        if self.negotiation.is_controlled() {
            for left in self.heard.poll_left(now) {
                tracing::info!("the other side uses another pair: it is followed");
                self.candidates.banish(&mut self.rtc, left);
                switched = true;
            }
        }
        while let Some(address) = self.heard.poll_return(now) {
            self.candidates.bring_back(&mut self.rtc, address);
            switched = true;
        }
        switched
    }

    /// Asks the other side for a key frame. False when it has sent nothing yet to ask about.
    fn ask_key_frame(&mut self, index: u16) -> bool {
        let slot = self.negotiation.slots().get(usize::from(index));
        let mid = slot
            .filter(|slot| slot.is_media())
            .map(slots::Slot::str0m_mid);
        let writer = mid.and_then(|mid| self.rtc.writer(mid));
        writer.is_some_and(|mut writer| {
            writer
                .request_keyframe(None, KeyframeRequestKind::Pli)
                .is_ok()
        })
    }

    fn handle_event(&mut self, now: Instant, event: Event) {
        match event {
            Event::Connected => {
                self.connection.handle_dtls_connected();
                self.check_certificate();
            }
            Event::IceConnectionStateChange(state) => self.connection.handle_ice(now, state),
            Event::MediaData(data) => self.handle_media(now, data),
            Event::KeyframeRequest(request) => {
                if let Some((index, _)) = slots::find_media(self.negotiation.slots(), request.mid) {
                    self.want_key_frame(index);
                }
            }
            // the one from arrival times is a mean over 3 s: the statistics hold it as it is
            Event::EgressBitrateEstimate(BweKind::Remb { estimate, .. }) => {
                self.rates.set_estimate(estimate.as_u64());
            }
            Event::PeerStats(stats) => {
                if let Some(estimate) = stats.bwe_tx {
                    let lost = stats.egress_loss_fraction.unwrap_or(0.0);
                    self.handle_estimate(now, estimate.as_u64(), lost);
                }
                self.handle_stats(stats);
            }
            Event::MediaIngressStats(stats) => self.stats.ingress(stats),
            Event::MediaEgressStats(stats) => self.stats.egress(stats),
            Event::ChannelOpen(id, label) => {
                if !self.channels.bears(now, label.len()) {
                    return self.hang_up();
                }
                let opened = self.channels.handle_open(&mut self.rtc, id);
                if let Some(opened) = opened {
                    self.event(channel_event(opened, &label));
                }
            }
            Event::ChannelData(data) => {
                let Some(channel) = self.channels.handle_data(data.id) else {
                    return;
                };
                if !self.channels.bears(now, data.data.len()) {
                    return self.hang_up();
                }
                let text = if data.binary {
                    None
                } else {
                    String::from_utf8(data.data.clone()).ok()
                };
                let message = match text {
                    Some(text) => {
                        json!({ "event": "channelMessage", "channel": channel, "text": text })
                    }
                    None => {
                        let bytes = BASE64_STANDARD.encode(&data.data);
                        json!({ "event": "channelMessage", "channel": channel, "base64": bytes })
                    }
                };
                self.event(message);
            }
            Event::ChannelClose(id) => {
                if let Some(channel) = self.channels.handle_close(id) {
                    self.event(json!({ "event": "channelClose", "channel": channel }));
                }
            }
            Event::ChannelBufferedAmountLow(_) => self.channels.flush(&mut self.rtc),
            // the other side said goodbye: silence follows, and is told as such
            _ => {}
        }
    }

    fn handle_stats(&mut self, stats: PeerStats) {
        if let Some(pair) = &stats.selected_candidate_pair {
            let path = (pair.local.addr, pair.remote.addr);
            if self.lost.is_some_and(|lost| lost != path.0) {
                self.lost = None;
                self.connection.handle_path();
            }
            if self.path != Some(path) {
                self.path = Some(path);
                self.paths += 1;
                if self.paths > 1 {
                    // what was lost on the way to the new pair, and what asked for it again, may never have arrived
                    self.want_key_frames();
                }
                let rtt = pair
                    .current_round_trip_time
                    .or(stats.rtt)
                    .map(|rtt| rtt.as_secs_f64() * 1000.0);
                let relay = self.ours.find(path.0).and_then(|local| local.relay);
                self.event(json!({
                    "event": "path",
                    "local": {
                        "type": self.ours.kind(path.0), "protocol": "udp",
                        "relayProtocol": relay.map(Transport::as_str),
                    },
                    "remote": { "type": self.candidates.remote_kind(path.1) },
                    "rttMs": rtt,
                }));
            }
        }
        self.stats.peer = Some(stats);
    }
}

fn channel_event(opened: Opened, label: &str) -> Value {
    match opened {
        Opened::Ours { channel, id } => {
            json!({ "event": "channelOpen", "channel": channel, "id": id })
        }
        Opened::Theirs {
            channel,
            id,
            config,
        } => {
            let ChannelConfig {
                ordered,
                reliability,
                protocol,
                ..
            } = config.unwrap_or_default();
            let (retransmits, lifetime) = match reliability {
                Reliability::Reliable => (None, None),
                Reliability::MaxRetransmits { retransmits } => (Some(retransmits), None),
                Reliability::MaxPacketLifetime { lifetime } => (None, Some(lifetime)),
            };
            json!({
                "event": "channel", "channel": channel, "id": id, "label": label, "protocol": protocol,
                "ordered": ordered, "maxRetransmits": retransmits, "maxPacketLifeTime": lifetime,
            })
        }
    }
}

fn kind(error: &RtcError) -> &'static str {
    match error {
        RtcError::RemoteSdp(_) | RtcError::Sdp(_) => "description",
        RtcError::Dtls(_) => "dtls",
        RtcError::Sctp(_) => "sctp",
        RtcError::Ice(_) => "ice",
        RtcError::Net(_) | RtcError::Io(_) => "network",
        _ => "rtp",
    }
}
