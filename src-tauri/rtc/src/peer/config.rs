//! How str0m is set up.

use std::time::{Duration, Instant};

use str0m::bwe::Bitrate;
use str0m::rtp::{Extension, ExtensionMap};
use str0m::{Rtc, RtcConfig};

use super::rate;

/// Packets that a frame of 1 MiB is cut into, with some to spare.
pub(super) const PACKETS_OF_A_FRAME: usize = 1200;
/// Voice has a jitter buffer of its own; here packets only wait for one that was overtaken.
const VOICE_REORDERING: (usize, Duration) = (3, Duration::from_millis(40));
/// A binding request at least this often shows that the other side lives.
const CHECK_EVERY: Duration = Duration::from_millis(1000);
/// So soon the first check is repeated. It also is when a pair that works is nominated.
const FIRST_CHECK_AGAIN: Duration = Duration::from_millis(60);
/// So many of them unanswered, and the pair is given up: later than the connection is called failed.
const CHECKS: usize = 24;
/// Bytes str0m keeps for data channels.
const CHANNEL_BUFFER: usize = 1024 * 1024;
/// Between two sets of statistics: they hold the estimate that is not smoothed, and an encoder that hears of
/// a fall late fills the link. The page gets figures when it asks for them.
const STATS: Duration = Duration::from_millis(100);

/// A connection with VP8, Opus and nothing else.
pub(crate) fn build(now: Instant) -> Rtc {
    let mut extensions = ExtensionMap::empty();
    extensions.set(2, Extension::AbsoluteSendTime);
    extensions.set(3, Extension::TransportSequenceNumber);
    extensions.set(4, Extension::RtpMid);
    let mut config = RtcConfig::new()
        .clear_codecs()
        .enable_opus(true, true)
        .enable_vp8(true)
        .set_extension_map(extensions)
        .enable_bwe(Some(Bitrate::bps(rate::START)))
        .set_stats_interval(Some(STATS))
        .set_reordering_size_video(PACKETS_OF_A_FRAME)
        .set_send_buffer_video(PACKETS_OF_A_FRAME)
        .set_reordering_size_audio(VOICE_REORDERING.0)
        .set_reordering_timeout_audio(Some(VOICE_REORDERING.1))
        .set_sctp_max_buffered_amount(CHANNEL_BUFFER);
    config.set_initial_stun_rto(FIRST_CHECK_AGAIN);
    config.set_max_stun_rto(CHECK_EVERY);
    config.set_max_stun_retransmits(CHECKS);
    config.build(now)
}
