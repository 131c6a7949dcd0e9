//! Showing a completed exchange to str0m.

use str0m::Rtc;
use str0m::change::SdpOffer;
use str0m::rtp::Ssrc;

use super::slots::Slot;
use crate::error::RtcError;
use crate::sdp::Description;
use crate::sdp::local::Ssrcs;
use crate::sdp::remote::Remote;

/// What str0m made of a description of theirs.
pub(crate) struct Applied {
    /// str0m's own answer.
    pub answer: Description,
    /// The part in DTLS it took.
    pub setup: String,
}

/// Applies a description of theirs, offer or answer alike.
///
/// # Errors
/// What str0m cannot use; its own words name lines of the description and are kept out.
pub(crate) fn remote(
    rtc: &mut Rtc,
    remote: &Remote,
    before: Option<&Remote>,
) -> Result<Applied, RtcError> {
    let offer = SdpOffer::from_sdp_string(&remote.for_engine(before))
        .map_err(|_| RtcError::operation("the description holds what this engine cannot read"))?;
    let answer = rtc
        .sdp_api()
        .accept_offer(offer)
        .map_err(|_| RtcError::operation("the description cannot be combined with the session"))?;
    let answer = Description::parse(&answer.to_sdp_string())?;
    let setup = answer.anywhere("setup").unwrap_or("passive").to_owned();
    Ok(Applied { answer, setup })
}

/// What was rolled back, by index and mid, gives up its place to another m-line of theirs; str0m allows
/// that to stopped ones only.
pub(crate) fn clear_way(undone: &mut Vec<(usize, String)>, rtc: &mut Rtc, remote: &Remote) {
    undone.retain(|(at, mid)| {
        let Some((section, _)) = remote.sections().nth(*at) else {
            return true;
        };
        if section.mid() != Some(mid.as_str()) {
            rtc.sdp_api().stop_media(mid.as_str().into());
        }
        false
    });
}

/// Makes str0m send and receive as negotiated; it mirrors the offer by itself.
pub(crate) fn set_direction(rtc: &mut Rtc, slot: &Slot) {
    // takes effect at once; the changes that would go into an offer are dropped
    rtc.sdp_api()
        .set_direction(slot.str0m_mid(), slot.direction.into());
}

/// Makes sure of the stream the slot sends on, with the figures our offer announced.
///
/// Without any announced, what str0m chose is taken, so that a later offer can announce it before
/// anything is sent.
pub(crate) fn stream(rtc: &mut Rtc, slot: &Slot) -> Ssrcs {
    let mid = slot.str0m_mid();
    let repairs = repairs(rtc, slot);
    let mut api = rtc.direct_api();
    let made = api.stream_tx_by_mid(mid, None).map(|stream| Ssrcs {
        main: *stream.ssrc(),
        repair: stream.rtx().map(|repair| *repair),
    });
    match (made, slot.ssrcs) {
        (Some(made), Some(announced)) if made.main == announced.main => made,
        (Some(made), Some(announced)) => {
            // str0m's own way to change the figures leaves the stream under its old one for feedback
            let repair = made.repair.and(announced.repair);
            api.remove_stream_tx(Ssrc::from(made.main));
            api.declare_stream_tx(announced.main.into(), repair.map(Ssrc::from), mid, None);
            Ssrcs {
                main: announced.main,
                repair,
            }
        }
        (Some(made), None) => made,
        (None, announced) => {
            let main = announced.map_or_else(|| api.new_ssrc(), |one| Ssrc::from(one.main));
            let wanted = announced
                .and_then(|one| one.repair)
                .map_or_else(|| api.new_ssrc(), Ssrc::from);
            let repair = repairs.then_some(wanted);
            api.declare_stream_tx(main, repair, mid, None);
            Ssrcs {
                main: *main,
                repair: repair.map(|one| *one),
            }
        }
    }
}

/// Whether retransmissions were agreed on.
fn repairs(rtc: &Rtc, slot: &Slot) -> bool {
    let Some(media) = rtc.media(slot.str0m_mid()) else {
        return false;
    };
    rtc.codec_config()
        .iter()
        .any(|codec| codec.resend().is_some() && media.remote_pts().contains(&codec.pt()))
}
