//! Data channels.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use str0m::Rtc;
use str0m::channel::{ChannelConfig, ChannelId, Reliability};

use super::request::ChannelOpen;
use crate::error::RtcError;
use crate::limits::{self, Budget, MAX_CHANNELS, MAX_REFUSED};
use crate::sdp::local::MAX_MESSAGE;

/// Most bytes that wait to be sent on one channel.
const MAX_WAITING: usize = 16 * 1024 * 1024;
/// Waiting messages go out when this little is left in str0m's buffer, in bytes.
const LOW: usize = 64 * 1024;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Until there is a connection, and the other side agreed.
    Opening,
    Open,
    /// To be closed once what waits is sent.
    Closing,
    Closed,
}

struct Channel {
    id: ChannelId,
    waiting: VecDeque<(Vec<u8>, bool)>,
    waiting_bytes: usize,
    /// Stream id agreed on out of band.
    negotiated: Option<u16>,
    state: State,
    /// The page knows the channel as open.
    told: bool,
}

impl Channel {
    fn new(id: ChannelId, negotiated: Option<u16>) -> Self {
        Self {
            id,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            negotiated,
            state: State::Opening,
            told: false,
        }
    }
}

/// What opened: `ours` by [`Channels::open`], or by the other side.
pub(crate) enum Opened {
    Ours {
        channel: u32,
        id: Option<u16>,
    },
    Theirs {
        channel: u32,
        id: Option<u16>,
        config: Option<ChannelConfig>,
    },
}

/// The data channels of one connection, by the page's handle.
pub(crate) struct Channels {
    channels: BTreeMap<u32, Channel>,
    last: u32,
    /// Channels of theirs for which there was no room.
    refused: usize,
    messages: Budget,
    bytes: Budget,
}

impl Default for Channels {
    fn default() -> Self {
        Self {
            channels: BTreeMap::new(),
            last: 0,
            refused: 0,
            messages: limits::messages(),
            bytes: limits::message_bytes(),
        }
    }
}

impl Channels {
    fn add(&mut self, channel: Channel) -> u32 {
        self.last = self.last.wrapping_add(1);
        self.channels.insert(self.last, channel);
        self.last
    }

    fn find(&self, id: ChannelId) -> Option<u32> {
        self.channels
            .iter()
            .find(|(_, channel)| channel.id == id)
            .map(|(&handle, _)| handle)
    }

    /// Opens a channel, once there is a connection.
    pub fn open(&mut self, rtc: &mut Rtc, open: ChannelOpen) -> Result<u32, RtcError> {
        let negotiated = match (open.negotiated, open.id) {
            (true, Some(id)) if id < u16::MAX => Some(id),
            (true, _) => {
                return Err(RtcError::kind(
                    "a negotiated channel needs an id up to 65534",
                ));
            }
            (false, _) => None,
        };
        if open.label.len().max(open.protocol.len()) > usize::from(u16::MAX) {
            return Err(RtcError::kind(
                "a label or a protocol is at most 65535 bytes long",
            ));
        }
        let taken = negotiated.is_some_and(|id| {
            let known = self
                .channels
                .values()
                .any(|channel| channel.negotiated == Some(id));
            known || rtc.direct_api().channel_id_by_sctp_stream_id(id).is_some()
        });
        if taken || self.channels.len() >= MAX_CHANNELS {
            return Err(RtcError::operation(
                "the id is taken, or there are too many channels",
            ));
        }
        let reliability = match (open.max_retransmits, open.max_packet_life_time) {
            (Some(_), Some(_)) => {
                return Err(RtcError::kind("a channel has one limit of retransmission"));
            }
            (Some(retransmits), None) => Reliability::MaxRetransmits { retransmits },
            (None, Some(lifetime)) => Reliability::MaxPacketLifetime { lifetime },
            (None, None) => Reliability::Reliable,
        };
        let config = ChannelConfig {
            label: open.label,
            ordered: open.ordered,
            reliability,
            negotiated,
            protocol: open.protocol,
        };
        let id = rtc.direct_api().create_data_channel(config);
        Ok(self.add(Channel::new(id, negotiated)))
    }

    /// The other side sends faster than it may: nothing more is to be taken from it for a while.
    pub fn are_busy(&mut self, now: Instant) -> bool {
        self.messages.is_half_spent(now) || self.bytes.is_half_spent(now)
    }

    /// Something for the page came from the other side, so many bytes long. False when that is more than can come while
    /// [`Self::are_busy`] is heeded: nobody sends so by mistake, and the connection is to be ended.
    pub fn bears(&mut self, now: Instant, bytes: usize) -> bool {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        self.refused <= MAX_REFUSED && self.messages.take(now, 1) && self.bytes.take(now, bytes)
    }

    /// str0m opened a channel; `None` when nobody wants it any more, or there is no room for it.
    pub fn handle_open(&mut self, rtc: &mut Rtc, id: ChannelId) -> Option<Opened> {
        let stream = rtc.direct_api().sctp_stream_id_by_channel_id(id);
        let known = self.find(id);
        if known.is_none() && self.channels.len() >= MAX_CHANNELS {
            self.refused += 1;
            rtc.direct_api().close_data_channel(id);
            return None;
        }
        let handle = known.unwrap_or_else(|| self.add(Channel::new(id, None)));
        let channel = self.channels.get_mut(&handle)?;
        if channel.state == State::Closed {
            rtc.direct_api().close_data_channel(id);
            return None;
        }
        channel.state = State::Open;
        channel.told = true;
        let mut config = None;
        if let Some(mut channel) = rtc.channel(id) {
            channel.set_buffered_amount_low_threshold(LOW);
            config = channel.config().cloned();
        }
        Some(match known {
            Some(channel) => Opened::Ours {
                channel,
                id: stream,
            },
            None => Opened::Theirs {
                channel: handle,
                id: stream,
                config,
            },
        })
    }

    /// The page's handle of a channel that brought a message.
    pub fn handle_data(&self, id: ChannelId) -> Option<u32> {
        self.find(id)
    }

    /// The page's handle of a channel that is closed now, where that is news.
    pub fn handle_close(&mut self, id: ChannelId) -> Option<u32> {
        let handle = self.find(id)?;
        let channel = self.channels.remove(&handle)?;
        (channel.told || channel.state != State::Closed).then_some(handle)
    }

    /// Sends a message, or keeps it until there is room.
    pub fn send(
        &mut self,
        rtc: &mut Rtc,
        handle: u32,
        message: Vec<u8>,
        binary: bool,
    ) -> Result<(), RtcError> {
        if message.len() > MAX_MESSAGE {
            return Err(RtcError::kind(format!(
                "a message is at most {MAX_MESSAGE} bytes long"
            )));
        }
        let channel = self
            .channels
            .get_mut(&handle)
            .filter(|channel| channel.state == State::Open);
        let channel = channel.ok_or_else(|| RtcError::state("the channel is not open"))?;
        if channel.waiting_bytes + message.len() > MAX_WAITING {
            return Err(RtcError::operation(
                "too much waits to be sent on the channel",
            ));
        }
        channel.waiting_bytes += message.len();
        channel.waiting.push_back((message, binary));
        flush(rtc, channel);
        Ok(())
    }

    /// Sends what there is room for now.
    pub fn flush(&mut self, rtc: &mut Rtc) {
        self.channels
            .values_mut()
            .for_each(|channel| flush(rtc, channel));
    }

    /// Closes a channel after what waits on it. True when that needs no event: it never opened.
    pub fn close(&mut self, rtc: &mut Rtc, handle: u32) -> Result<bool, RtcError> {
        let channel = self
            .channels
            .get_mut(&handle)
            .ok_or_else(|| RtcError::state("there is no such channel"))?;
        match channel.state {
            State::Opening => channel.state = State::Closed,
            State::Open => {
                channel.state = State::Closing;
                flush(rtc, channel);
                return Ok(false);
            }
            State::Closing | State::Closed => return Ok(false),
        }
        Ok(true)
    }
}

fn flush(rtc: &mut Rtc, channel: &mut Channel) {
    while let Some((message, binary)) = channel.waiting.front() {
        let Some(mut open) = rtc.channel(channel.id) else {
            return;
        };
        // an error means that the channel is going: its end is told by an event
        if !matches!(open.write(*binary, message), Ok(true)) {
            return;
        }
        channel.waiting_bytes -= message.len();
        channel.waiting.pop_front();
    }
    if channel.state == State::Closing {
        channel.state = State::Closed;
        rtc.direct_api().close_data_channel(channel.id);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn long_messages_are_borne_as_far_as_a_busy_page_could_take_them() {
        let (mut channels, now) = (Channels::default(), Instant::now());
        let borne = |channels: &mut Channels, now| {
            (0..1000)
                .take_while(|_| channels.bears(now, MAX_MESSAGE))
                .count()
        };
        assert_eq!(borne(&mut channels, now), 64, "16 MiB");
        let later = now + Duration::from_secs(1);
        assert_eq!(borne(&mut channels, later), 7, "2 MB a second");
    }
}
