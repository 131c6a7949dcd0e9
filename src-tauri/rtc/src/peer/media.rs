//! Pictures and voice, out and in.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use str0m::bwe::Bitrate;
use str0m::format::Codec;
use str0m::media::{MediaData, MediaTime};

use super::config::PACKETS_OF_A_FRAME;
use super::guard::Admission;
use super::output::{EncoderRequest, Frame, Notice, Output, VoicePacket};
use super::request::{MediaKind, Receiver, Sender};
use super::slots::{self, Slot};
use super::stats::Voice;
use super::vp8::{self, Picture};
use super::{DropGuard, FrameGate, Peer};
use crate::limits::MAX_PIXELS;
use crate::sdp::Kind;

/// What was sent longer ago is not sent again. As long as an outage may be that resends overcome: where
/// something stays missing, str0m holds back what follows.
const RESEND_WITHIN: Duration = Duration::from_secs(3);
/// Resends may be this part of what is sent; above, str0m throws them away. With 15 % of all packets lost,
/// resends among them, they are 15 %.
const MOST_RESENDS: f32 = 0.5;
/// Without media this long, a track is muted.
const SILENT: Duration = Duration::from_secs(2);

impl Peer {
    /// What the m-lines are to carry now, after a description or a sender changed.
    pub(super) fn sync_media(&mut self) {
        let (mut voice, mut pictures, mut anew) = (false, false, None);
        let mut news = Vec::new();
        for (index, slot) in self.negotiation.slots().iter().enumerate() {
            let Ok(index) = u16::try_from(index) else {
                continue;
            };
            let sender = self
                .senders
                .get(&slot.mid)
                .filter(|sender| sender.active && slot.direction.sends());
            pictures |= slot.kind == Kind::Video && slot.is_media() && slot.direction.sends();
            match (&slot.kind, sender.filter(|_| slot.is_media())) {
                (Kind::Video, Some(sender)) => {
                    anew = anew.or(self.rates.start(index, sender.max_bitrate));
                    self.guards.entry(index).or_insert_with(|| {
                        news.push(index);
                        DropGuard::default()
                    });
                }
                (Kind::Video, None) => {
                    self.rates.stop(index);
                    self.guards.remove(&index);
                }
                (_, sender) => voice |= sender.is_some(),
            }
            let receives = slot.is_media() && slot.direction.receives();
            if !receives && let Some(gate) = self.gates.get_mut(&index) {
                gate.rest();
            }
        }
        self.rates.set_voice(voice);
        self.rates.set_pictures(pictures);
        self.sync_rates();
        self.sync_repairs();
        if let Some(rate) = anew {
            self.rtc.bwe().reset(Bitrate::bps(rate));
        }
        if self.up {
            for index in news {
                self.begin_pictures(index);
            }
        }
        let stopped: Vec<u16> = self
            .arriving
            .keys()
            .copied()
            .filter(|&index| !self.receives(index))
            .collect();
        for index in stopped {
            self.arriving.remove(&index);
            self.tell_muted(index, true);
        }
    }

    /// What the link was measured to carry.
    pub(super) fn handle_estimate(&mut self, now: Instant, estimate: u64, lost: f32) {
        self.rates.measure(now, estimate, lost);
        self.sync_rates();
    }

    /// Tells str0m what to probe for, and whether voice goes with redundancy.
    fn sync_rates(&mut self) {
        let desired = self.rates.desired();
        if desired != self.probed_for {
            self.probed_for = desired;
            let desired = Bitrate::bps(desired);
            self.rtc.bwe().set_bitrate(Bitrate::ZERO, desired);
        }
        let redundant = self.rates.redundancy();
        if redundant == self.redundant {
            return;
        }
        self.redundant = redundant;
        let voices: Vec<_> = self
            .negotiation
            .slots()
            .iter()
            .filter(|slot| slot.is_media() && slot.kind == Kind::Audio)
            .map(Slot::str0m_mid)
            .collect();
        for mid in voices {
            self.rtc.direct_api().set_red_send(mid, redundant);
        }
    }

    /// Sets up the resends of each new stream of pictures; this forgets what could be sent again.
    fn sync_repairs(&mut self) {
        for (index, slot) in self.negotiation.slots().iter().enumerate() {
            let (Ok(index), Some(ssrcs)) = (u16::try_from(index), slot.ssrcs) else {
                continue;
            };
            let known = self.repaired.get(&index) == Some(&ssrcs.main);
            if known || !slot.is_media() || slot.kind != Kind::Video {
                continue;
            }
            let mut api = self.rtc.direct_api();
            if let Some(stream) = api.stream_tx_by_mid(slot.str0m_mid(), None) {
                stream.set_rtx_cache(PACKETS_OF_A_FRAME, RESEND_WITHIN, Some(MOST_RESENDS));
                self.repaired.insert(index, ssrcs.main);
            }
        }
    }

    fn slot(&self, index: u16) -> Option<&Slot> {
        self.negotiation
            .slots()
            .get(usize::from(index))
            .filter(|slot| slot.is_media())
    }

    fn receives(&self, index: u16) -> bool {
        self.slot(index)
            .is_some_and(|slot| slot.direction.receives())
    }

    /// The page is to make a key frame.
    pub(super) fn want_key_frame(&mut self, index: u16) {
        self.notify(index, EncoderRequest::KeyFrame);
    }

    /// Pictures are sent from now on: the page begins with a key frame. What it has coded before was lost.
    fn begin_pictures(&mut self, index: u16) {
        self.notify(index, EncoderRequest::Start);
    }

    /// Another encoder codes this m-line: it knows nothing of what was told.
    pub fn encoder_changed(&mut self, index: u16) {
        self.rates.forget_told();
        if self.up && self.guards.contains_key(&index) {
            self.begin_pictures(index);
        }
    }

    /// Tells whoever codes the pictures of this m-line.
    pub(super) fn notify(&mut self, index: u16, what: EncoderRequest) {
        let notice = Notice { index, what };
        self.outputs.push_back(Output::Notice(notice));
    }

    /// Media can flow: all encoders begin.
    pub(super) fn begin_all_pictures(&mut self) {
        let running: Vec<u16> = self.guards.keys().copied().collect();
        running
            .into_iter()
            .for_each(|index| self.begin_pictures(index));
    }

    /// All encoders are to make a key frame.
    pub(super) fn want_key_frames(&mut self) {
        let running: Vec<u16> = self.guards.keys().copied().collect();
        running
            .into_iter()
            .for_each(|index| self.want_key_frame(index));
    }

    /// A coded picture from the page; `timestamp` in microseconds. Dropped while nothing can be sent.
    pub fn send_frame(
        &mut self,
        now: Instant,
        index: u16,
        key: bool,
        timestamp: u64,
        data: Vec<u8>,
    ) {
        let Some(mid) = self
            .slot(index)
            .filter(|slot| slot.kind == Kind::Video)
            .map(Slot::str0m_mid)
        else {
            return;
        };
        let Some(guard) = self
            .guards
            .get_mut(&index)
            .filter(|_| self.up && !data.is_empty())
        else {
            return;
        };
        let queued = self
            .rtc
            .direct_api()
            .stream_tx_by_mid(mid, None)
            .and_then(|stream| stream.queue_info()?.first_unsent());
        let waiting = queued.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        let admission = guard.admit(now, waiting, key);
        if admission != Admission::Send {
            self.stats.line(index).frames_held += 1;
            if admission == Admission::DropAndAsk {
                self.want_key_frame(index);
            }
            return;
        }
        let timestamp = self
            .timelines
            .entry(index)
            .or_default()
            .next(now, timestamp);
        let time = MediaTime::from_90khz(timestamp.saturating_mul(9) / 100);
        if self.write(now, mid, Codec::Vp8, time, data) {
            let counters = self.stats.line(index);
            counters.frames_out += 1;
            counters.key_frames_out += u64::from(key);
        }
        self.settle(now);
    }

    /// A packet of our voice; `captured` is when its first sample was.
    pub fn send_voice(
        &mut self,
        now: Instant,
        mid: &str,
        rtp_time: u32,
        captured: Instant,
        data: Vec<u8>,
    ) {
        let time = MediaTime::new(
            self.voice_clock.next(rtp_time),
            str0m::media::Frequency::FORTY_EIGHT_KHZ,
        );
        let slot = slots::find(self.negotiation.slots(), mid).map(|(_, slot)| slot);
        let Some(slot) = slot.filter(|slot| slot.is_media() && slot.direction.sends() && self.up)
        else {
            return;
        };
        let mid = slot.str0m_mid();
        self.write(captured, mid, Codec::Opus, time, data);
        self.settle(now);
    }

    fn write(
        &mut self,
        wallclock: Instant,
        mid: str0m::media::Mid,
        codec: Codec,
        time: MediaTime,
        data: Vec<u8>,
    ) -> bool {
        let Some(writer) = self.rtc.writer(mid) else {
            return false;
        };
        let payload = writer
            .payload_params()
            .find(|params| params.spec().codec == codec)
            .map(|params| params.pt());
        payload.is_some_and(|payload| writer.write(payload, wallclock, time, data).is_ok())
    }

    /// Something whole came in.
    pub(super) fn handle_media(&mut self, now: Instant, data: MediaData) {
        let slot = slots::find_media(self.negotiation.slots(), data.mid);
        let Some((index, slot)) = slot.filter(|(_, slot)| slot.direction.receives()) else {
            return;
        };
        let (video, mid) = (slot.kind == Kind::Video, slot.mid.clone());
        self.arrived(now, index);
        if video {
            self.handle_picture(now, index, &data);
        } else {
            self.handle_voice(now, index, mid, &data);
        }
    }

    fn handle_voice(&mut self, now: Instant, index: u16, mid: String, data: &MediaData) {
        self.stats.line(index).frames_in += 1;
        let (seq, rtp_time) = (**data.seq_range.start(), data.time.numer() as u32);
        let gate = self.voices.entry(index).or_default();
        if let Some(seq) = gate.admit(now, seq, rtp_time, &data.data) {
            self.outputs.push_back(Output::Voice(VoicePacket {
                mid,
                seq,
                rtp_time,
                data: data.data.to_vec(),
            }));
        }
    }

    /// What str0m knows of a picture is what its sender wrote beside it; what the page decodes is what is in it.
    fn handle_picture(&mut self, now: Instant, index: u16, data: &MediaData) {
        let picture = vp8::read(&data.data);
        let key = matches!(picture, Some(Picture::Key(_)));
        let others = self.gates.iter().filter(|(other, _)| **other != index);
        let taken = others.fold(0_u32, |sum, (_, gate)| sum.saturating_add(gate.area()));
        let room = MAX_PIXELS.saturating_sub(taken);
        let counters = self.stats.line(index);
        counters.frames_in += 1;
        counters.key_frames_in += u64::from(key);
        let gate = self.gates.entry(index).or_default();
        if gate.admit(now, data.contiguous, picture, room) {
            self.outputs.push_back(Output::Frame(Frame {
                index,
                key,
                timestamp: data.time.as_micros(),
                data: data.data.clone(),
            }));
        }
    }

    /// Something came in on an m-line: its track is muted while nothing does.
    fn arrived(&mut self, now: Instant, index: u16) {
        if self.arriving.insert(index, now).is_none() {
            self.tell_muted(index, false);
        }
    }

    /// Mutes the tracks of m-lines on which nothing came in for a while.
    pub(super) fn mute_silent(&mut self, now: Instant) {
        while let Some((&index, _)) = self.arriving.iter().find(|(_, at)| now >= **at + SILENT) {
            self.arriving.remove(&index);
            self.tell_muted(index, true);
        }
    }

    /// When the next track may have to be muted.
    pub(super) fn mute_timeout(&self) -> Option<Instant> {
        self.arriving.values().min().map(|at| *at + SILENT)
    }

    fn tell_muted(&mut self, index: u16, muted: bool) {
        let mid = self
            .negotiation
            .slots()
            .get(usize::from(index))
            .map(|slot| slot.mid.clone());
        if let Some(mid) = mid {
            self.event(json!({ "event": "mute", "mid": mid, "muted": muted }));
        }
    }

    /// The page's decoder, or the way to it, lost something.
    pub fn picture_lost(&mut self, now: Instant, index: u16) {
        if self.receives(index)
            && self
                .slot(index)
                .is_some_and(|slot| slot.kind == Kind::Video)
        {
            self.gates.entry(index).or_default().lose();
            self.settle(now);
        }
    }

    /// A page has come to the media socket: its decoders and encoders know nothing.
    pub fn page_attached(&mut self, now: Instant) {
        self.gates.values_mut().for_each(FrameGate::lose);
        self.rates.forget_told();
        if self.up {
            self.begin_all_pictures();
        }
        self.settle(now);
    }

    /// Figures of the page's decoder and encoder.
    pub fn coder_figures(&mut self, index: u16, figures: &Map<String, Value>) {
        if self.slot(index).is_some() {
            self.stats.coder(index, figures);
        }
    }

    /// Figures of an encoder in this process.
    pub fn encoder_figures(&mut self, index: u16, figures: Map<String, Value>) {
        if self.slot(index).is_some() {
            self.stats.encoder(index, figures);
        }
    }

    /// Figures of a player of received voice.
    pub fn voice_figures(&mut self, mid: &str, figures: Voice) {
        if let Some((index, _)) = slots::find(self.negotiation.slots(), mid) {
            self.stats.line(index).voice = Some(figures);
        }
    }

    /// The microphones to be open: mid, and whether it is muted.
    pub fn microphones(&self) -> Vec<(String, bool)> {
        let audio = |sender: &&Sender| sender.active && sender.kind == MediaKind::Audio;
        self.senders
            .values()
            .filter(audio)
            .map(|sender| (sender.mid.clone(), sender.muted))
            .collect()
    }

    /// Whether voice that arrives on an m-line is to be heard.
    pub fn is_heard(&self, mid: &str) -> bool {
        self.receivers
            .get(mid)
            .is_none_or(|Receiver { enabled, .. }| *enabled)
    }
}
