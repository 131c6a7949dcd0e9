//! What the sections of our descriptions are made from: str0m's own, for the numbers that codecs and
//! header extensions have in this session.

use str0m::media::MediaKind;
use str0m::{IceCreds, Rtc};

use super::apply::{self, Applied};
use super::slots::{self, Slot};
use crate::error::RtcError;
use crate::sdp::local::{self, Ssrcs, Transport};
use crate::sdp::remote::Remote;
use crate::sdp::{Description, Kind};

/// The transport all sections share.
pub(crate) fn transport(rtc: &mut Rtc, credentials: &IceCreds, setup: &str) -> Transport {
    let api = rtc.direct_api();
    let fingerprint = api.local_dtls_fingerprint();
    let hex: Vec<String> = fingerprint
        .bytes
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    Transport {
        ufrag: credentials.ufrag.clone(),
        password: credentials.pass.clone(),
        fingerprint: format!("{} {}", fingerprint.hash_func, hex.join(":")),
        setup: setup.to_owned(),
    }
}

/// A slot for new media: str0m is asked for an offer that is thrown away.
pub(crate) fn new_media(rtc: &mut Rtc, mid: String, kind: Kind) -> Result<Slot, RtcError> {
    let media = if kind == Kind::Video {
        MediaKind::Video
    } else {
        MediaKind::Audio
    };
    let mut api = rtc.sdp_api();
    let its_mid = api.add_media(media, str0m::media::Direction::SendRecv, None, None, None);
    let template = api
        .apply()
        .map(|(offer, _)| offer.to_sdp_string())
        .unwrap_or_default();
    let template = Description::parse(&template)?;
    let section = template
        .section(&its_mid)
        .ok_or_else(|| RtcError::operation("no offer could be made"))?;
    let api = rtc.direct_api();
    let ssrcs = Ssrcs {
        main: *api.new_ssrc(),
        repair: (kind == Kind::Video).then(|| *api.new_ssrc()),
    };
    Ok(Slot {
        formats: section.formats.clone(),
        codec_lines: local::codec_lines(section),
        ssrcs: Some(ssrcs),
        ..Slot::new(mid, kind)
    })
}

/// The slots after an offer of theirs was applied; directions come later.
pub(crate) fn answered(
    rtc: &mut Rtc,
    remote: &Remote,
    applied: &Applied,
    before: &[Slot],
) -> Vec<Slot> {
    let sections = remote.sections();
    sections
        .map(|(section, usable)| {
            let mid = section.mid().unwrap_or_default().to_owned();
            let mut slot = match slots::find(before, &mid) {
                Some((_, slot)) => slot.clone(),
                None => Slot::new(mid, section.kind.clone()),
            };
            slot.rejected |= !usable;
            let Some(answered) = applied.answer.section(&slot.str0m_mid()) else {
                slot.rejected = true;
                return slot;
            };
            slot.rejected |= answered.rejected();
            if slot.formats.is_empty() {
                slot.formats.clone_from(&answered.formats);
                slot.codec_lines = local::codec_lines(answered);
            }
            if slot.is_media() {
                slot.ssrcs = Some(apply::stream(rtc, &slot));
            }
            slot
        })
        .collect()
}
