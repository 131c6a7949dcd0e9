//! The m= sections of the session, in their order.

use str0m::media::Mid;

use crate::sdp::local::{LocalSection, Msid, Ssrcs};
use crate::sdp::{Direction, Kind};

/// One m-line, for as long as the connection lives.
#[derive(Debug, Clone)]
pub(crate) struct Slot {
    pub mid: String,
    pub kind: Kind,
    /// Stopped by either side, or nothing in common.
    pub rejected: bool,
    /// What was negotiated, or while it is being negotiated: what is wished for.
    pub direction: Direction,
    pub formats: Vec<String>,
    pub codec_lines: Vec<String>,
    pub ssrcs: Option<Ssrcs>,
    pub msid: Msid,
}

impl Slot {
    /// A slot that nothing flows through.
    pub fn new(mid: String, kind: Kind) -> Self {
        Self {
            mid,
            kind,
            rejected: false,
            direction: Direction::Inactive,
            formats: Vec::new(),
            codec_lines: Vec::new(),
            ssrcs: None,
            msid: Msid::default(),
        }
    }

    /// Audio or video that is in use.
    pub fn is_media(&self) -> bool {
        !self.rejected && matches!(self.kind, Kind::Audio | Kind::Video)
    }

    /// As str0m names it.
    pub fn str0m_mid(&self) -> Mid {
        self.mid.as_str().into()
    }

    /// How it is written.
    pub fn section(&self) -> LocalSection<'_> {
        LocalSection {
            mid: &self.mid,
            kind: &self.kind,
            rejected: self.rejected,
            direction: self.direction,
            formats: &self.formats,
            codec_lines: &self.codec_lines,
            ssrcs: self.ssrcs,
            msid: &self.msid,
        }
    }
}

/// The m-line with this mid: its index and itself.
pub(crate) fn find<'a>(slots: &'a [Slot], mid: &str) -> Option<(u16, &'a Slot)> {
    let at = slots.iter().position(|slot| slot.mid == mid)?;
    Some((u16::try_from(at).ok()?, slots.get(at)?))
}

/// The m-line that str0m knows by this mid: it replaces characters it does not like.
pub(crate) fn find_media(slots: &[Slot], mid: Mid) -> Option<(u16, &Slot)> {
    let at = slots
        .iter()
        .position(|slot| slot.is_media() && slot.str0m_mid() == mid)?;
    Some((u16::try_from(at).ok()?, slots.get(at)?))
}

/// A mid no slot has.
pub(crate) fn free_mid(slots: &[Slot], reserved: &[String]) -> String {
    let taken = |mid: &String| find(slots, mid).is_some() || reserved.contains(mid);
    (0_usize..)
        .map(|n| n.to_string())
        .find(|mid| !taken(mid))
        .unwrap_or_default()
}
