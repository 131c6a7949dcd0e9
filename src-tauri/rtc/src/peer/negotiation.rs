//! Offers, answers and rollback.
//!
//! ```text
//!             createOffer, setLocalOffer             setRemoteAnswer
//!   Stable ─────────────────────────────▶ LocalOffer ───────────────▶ Stable
//!     ▲ │                                      │ rollback
//!     │ │                                      ▼
//!     │ │                                   Stable
//!     │ └──── setRemoteOffer ───▶ RemoteOffer ── createAnswer, setLocalAnswer ──▶ Stable
//!     └────────── rollback ────────────┘
//! ```
//!
//! str0m applies an offer, makes the answer and sets it in one call, and mirrors the offer's
//! directions; its own pending offers change the session at once in part. So it never makes an
//! offer here: offers are written from the slots, and every exchange that is complete is shown to
//! it as an offer of the other side ([`super::apply`]). Until then nothing has happened and a
//! rollback is forgetting. Only an answer must exist before it is set; its rollback undoes it.

use std::time::Instant;

use str0m::config::Fingerprint;
use str0m::{IceCreds, Rtc};

use super::apply::{self, Applied};
use super::lines;
use super::request::{AnswerLine, OfferLine};
use super::slots::{self, Slot};
use crate::error::RtcError;
use crate::limits::{self, Budget};
use crate::sdp::local::{self, Msid, Origin, Transport};
use crate::sdp::remote::Remote;
use crate::sdp::{Direction, Kind};

/// An offer of ours: written, perhaps set, not answered.
#[derive(Clone)]
struct Offer {
    sdp: String,
    slots: Vec<Slot>,
    /// The credentials that an ICE restart brings.
    restart: Option<IceCreds>,
}

/// An offer of theirs.
struct Held {
    remote: Remote,
    /// Applied by createAnswer, with what it takes to undo it.
    applied: Option<(Applied, Vec<Slot>)>,
    answer: Option<(String, Vec<Slot>)>,
}

enum Signaling {
    Stable,
    LocalOffer(Offer),
    RemoteOffer(Box<Held>),
}

/// What a completed exchange leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Completed {
    /// ICE begins, or begins again.
    pub checks: bool,
}

/// The negotiation of one connection.
pub(crate) struct Negotiation {
    /// As of the last completed exchange.
    slots: Vec<Slot>,
    signaling: Signaling,
    created: Option<Offer>,
    /// The last description of theirs that was applied.
    remote: Option<Remote>,
    /// Whether the first offer was ours: who offers first controls ICE.
    controlling: Option<bool>,
    /// What str0m keeps of answers that were rolled back: index and mid.
    undone: Vec<(usize, String)>,
    origin: Origin,
    /// What is left of the restarts that the other side may begin.
    restarts: Budget,
}

impl Negotiation {
    /// `session`: a random number.
    pub fn new(session: u64) -> Self {
        Self {
            slots: Vec::new(),
            signaling: Signaling::Stable,
            created: None,
            remote: None,
            controlling: None,
            undone: Vec::new(),
            // RFC 3264 wants it to fit 62 bits
            origin: Origin {
                session: session >> 2,
                version: 1,
            },
            restarts: limits::restarts(),
        }
    }

    /// The m-lines as of the last completed exchange.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// Whether the choice of the pair to use is the other side's.
    pub fn is_controlled(&self) -> bool {
        self.controlling == Some(false)
    }

    /// The other side's ICE user name fragment, as applied.
    pub fn remote_ufrag(&self) -> Option<&str> {
        self.remote.as_ref().and_then(Remote::ufrag)
    }

    /// Whether the other side's description names the certificate it connected with.
    pub fn vouches_for(&self, certificate: &Fingerprint) -> bool {
        let Fingerprint { hash_func, bytes } = certificate;
        let remote = self.remote.as_ref();
        remote.is_none_or(|remote| remote.vouches_for(hash_func, bytes))
    }

    /// Whether a candidate for credentials not named waits for the next description.
    pub fn awaits_description(&self) -> bool {
        self.remote.is_none()
            || matches!(&self.signaling, Signaling::RemoteOffer(held) if held.applied.is_none())
    }

    /// The m-lines candidates are announced for: of the description set last.
    pub fn announced(&self) -> &[Slot] {
        match &self.signaling {
            Signaling::LocalOffer(offer) => &offer.slots,
            Signaling::Stable | Signaling::RemoteOffer(_) => &self.slots,
        }
    }

    /// The credentials that are, or by the pending offer will be, in use here.
    pub fn local_credentials(&self, rtc: &mut Rtc) -> IceCreds {
        match &self.signaling {
            Signaling::LocalOffer(Offer {
                restart: Some(new), ..
            }) => new.clone(),
            _ => rtc.direct_api().local_ice_credentials(),
        }
    }

    /// Writes an offer. Returns it with the mid for each transceiver's index.
    pub fn create_offer(
        &mut self,
        rtc: &mut Rtc,
        ice_restart: bool,
        data_channel: bool,
        lines: &[OfferLine],
    ) -> Result<(String, Vec<(u32, String)>), RtcError> {
        let mut offered = self.slots.clone();
        let mut mids = Vec::new();
        let undone = self.undone.iter().map(|(_, mid)| mid.as_str());
        let reserved: Vec<String> = lines
            .iter()
            .filter_map(|line| line.mid.as_deref())
            .chain(undone)
            .map(str::to_owned)
            .collect();
        for line in lines {
            let known = line
                .mid
                .as_deref()
                .and_then(|mid| slots::find(&self.slots, mid))
                .map(|(at, _)| usize::from(at));
            let at = match known {
                Some(at) => at,
                None if line.stopped => continue,
                None => {
                    let mid = line
                        .mid
                        .clone()
                        .unwrap_or_else(|| slots::free_mid(&offered, &reserved));
                    offered.push(lines::new_media(rtc, mid, line.kind.into())?);
                    offered.len() - 1
                }
            };
            let Some(slot) = offered.get_mut(at) else {
                continue;
            };
            mids.push((line.index, slot.mid.clone()));
            slot.rejected |= line.stopped;
            slot.direction = if slot.rejected {
                Direction::Inactive
            } else {
                line.direction
            };
            slot.msid = Msid {
                streams: line.streams.clone(),
                track: line.track.clone(),
            };
        }
        if data_channel
            && !offered
                .iter()
                .any(|slot| slot.kind == Kind::Application && !slot.rejected)
        {
            let mid = slots::free_mid(&offered, &reserved);
            offered.push(Slot::new(mid, Kind::Application));
        }
        if offered.len() > crate::sdp::MAX_SECTIONS {
            return Err(RtcError::operation("the session has too many m-lines"));
        }
        let restart = (ice_restart && self.remote.is_some()).then(IceCreds::new);
        let current = rtc.direct_api().local_ice_credentials();
        let transport = lines::transport(rtc, restart.as_ref().unwrap_or(&current), "actpass");
        let sdp = self.write(&transport, &offered);
        self.created = Some(Offer {
            sdp: sdp.clone(),
            slots: offered,
            restart,
        });
        Ok((sdp, mids))
    }

    /// The offer made last is pending from now on.
    pub fn set_local_offer(&mut self, sdp: &str) -> Result<(), RtcError> {
        if !matches!(self.signaling, Signaling::Stable) {
            return Err(RtcError::state(
                "a local offer can only be set in the stable state",
            ));
        }
        let offer = self.created.take_if(|offer| offer.sdp == sdp);
        let offer = offer.ok_or_else(|| not_made_here("offer"))?;
        self.signaling = Signaling::LocalOffer(offer);
        Ok(())
    }

    /// Forgets a pending offer of ours, or an offer of theirs.
    pub fn rollback(&mut self, rtc: &mut Rtc) -> Result<(), RtcError> {
        match std::mem::replace(&mut self.signaling, Signaling::Stable) {
            Signaling::Stable => Err(RtcError::state("there is nothing to roll back")),
            Signaling::LocalOffer(_) => Ok(()),
            Signaling::RemoteOffer(held) => {
                self.undo(rtc, &held);
                Ok(())
            }
        }
    }

    /// An answer that was made but not set: what it changed is changed back, what it added rests.
    fn undo(&mut self, rtc: &mut Rtc, held: &Held) {
        let Some((_, applied)) = &held.applied else {
            return;
        };
        for (at, slot) in applied
            .iter()
            .enumerate()
            .filter(|(_, slot)| slot.is_media())
        {
            if let Some((_, before)) = slots::find(&self.slots, &slot.mid) {
                apply::set_direction(rtc, before);
            } else {
                apply::set_direction(rtc, &Slot::new(slot.mid.clone(), slot.kind.clone()));
                self.undone.push((at, slot.mid.clone()));
            }
        }
    }

    /// Keeps an offer of theirs until the answer is asked for.
    ///
    /// # Errors
    /// What cannot be read or does not fit the session; an ICE restart that comes too soon after many others.
    pub fn set_remote_offer(
        &mut self,
        now: Instant,
        rtc: &mut Rtc,
        sdp: &str,
    ) -> Result<(), RtcError> {
        if matches!(self.signaling, Signaling::LocalOffer(_)) {
            return Err(RtcError::state(
                "a local offer is pending: roll it back first",
            ));
        }
        let remote = Remote::parse(sdp)?;
        self.check_order(&remote)?;
        let again = self.remote.is_some() && restarts(self.remote.as_ref(), &remote);
        if again && !self.restarts.take(now, 1) {
            return Err(RtcError::operation("ICE was restarted too often"));
        }
        let held = Box::new(Held {
            remote,
            applied: None,
            answer: None,
        });
        if let Signaling::RemoteOffer(before) =
            std::mem::replace(&mut self.signaling, Signaling::RemoteOffer(held))
        {
            self.undo(rtc, &before);
        }
        Ok(())
    }

    /// JSEP, section 5.10: m-lines keep their place and kind; only a rejected one's may be used anew.
    fn check_order(&self, remote: &Remote) -> Result<(), RtcError> {
        let mut sections = remote.sections();
        let fits = self.slots.iter().all(|slot| {
            sections.next().is_some_and(|(section, _)| {
                slot.rejected
                    || (section.mid() == Some(slot.mid.as_str()) && section.kind == slot.kind)
            })
        });
        if fits {
            Ok(())
        } else {
            Err(RtcError::access(
                "the offer changes the order of the m-lines",
            ))
        }
    }

    /// Applies the offer kept and writes the answer. Returns it, and what came of applying, the first time.
    pub fn create_answer(
        &mut self,
        rtc: &mut Rtc,
        lines: &[AnswerLine],
    ) -> Result<(String, Option<Completed>), RtcError> {
        let Signaling::RemoteOffer(held) = &mut self.signaling else {
            return Err(RtcError::state("there is no remote offer to answer"));
        };
        let mut completed = None;
        let (applied, before) = match held.applied {
            Some(ref applied) => applied,
            ref mut slot @ None => {
                let restarts = restarts(self.remote.as_ref(), &held.remote);
                apply::clear_way(&mut self.undone, rtc, &held.remote);
                let applied = apply::remote(rtc, &held.remote, self.remote.as_ref())?;
                self.remote = Some(held.remote.clone());
                self.controlling.get_or_insert(false);
                completed = Some(Completed { checks: restarts });
                let answered = lines::answered(rtc, &held.remote, &applied, &self.slots);
                &*slot.insert((applied, answered))
            }
        };
        let mut answered = before.clone();
        for (slot, (section, _)) in answered.iter_mut().zip(held.remote.sections()) {
            let line = lines.iter().find(|line| line.mid == slot.mid);
            let wish = line.map_or(Direction::Inactive, |line| line.direction);
            slot.direction = wish.and(section.direction().reversed());
            slot.rejected |= line.is_some_and(|line| line.stopped);
            if let Some(line) = line {
                slot.msid = Msid {
                    streams: line.streams.clone(),
                    track: line.track.clone(),
                };
            }
            if slot.is_media() {
                apply::set_direction(rtc, slot);
            }
        }
        let credentials = rtc.direct_api().local_ice_credentials();
        let transport = lines::transport(rtc, &credentials, &applied.setup);
        let sdp = write(&mut self.origin, &transport, &answered);
        held.answer = Some((sdp.clone(), answered));
        Ok((sdp, completed))
    }

    /// The answer made last completes the exchange.
    pub fn set_local_answer(&mut self, sdp: &str) -> Result<(), RtcError> {
        let Signaling::RemoteOffer(held) = &mut self.signaling else {
            return Err(RtcError::state("there is no remote offer to answer"));
        };
        let answer = held.answer.take_if(|(made, _)| made == sdp);
        let (_, slots) = answer.ok_or_else(|| not_made_here("answer"))?;
        self.slots = slots;
        self.signaling = Signaling::Stable;
        self.created = None;
        Ok(())
    }

    /// Their answer completes the exchange.
    pub fn set_remote_answer(&mut self, rtc: &mut Rtc, sdp: &str) -> Result<Completed, RtcError> {
        let Signaling::LocalOffer(offer) = &self.signaling else {
            return Err(RtcError::state("there is no local offer to be answered"));
        };
        let remote = Remote::parse(sdp)?;
        let fits = remote.sections().count() == offer.slots.len()
            && remote
                .sections()
                .zip(&offer.slots)
                .all(|((section, _), slot)| {
                    section.kind == slot.kind
                        && (section.rejected() || section.mid() == Some(slot.mid.as_str()))
                });
        if !fits {
            return Err(RtcError::access(
                "the answer does not have the offer's m-lines",
            ));
        }
        let offer = offer.clone();
        let restarts = restarts(self.remote.as_ref(), &remote);
        let first = self.controlling.is_none();
        let before = rtc.direct_api().local_ice_credentials();
        apply::clear_way(&mut self.undone, rtc, &remote);
        apply::remote(rtc, &remote, self.remote.as_ref())?;
        if restarts {
            // applying an "offer" with new credentials made new ones here as well: ours are in our offer
            rtc.direct_api()
                .set_local_ice_credentials(offer.restart.unwrap_or(before));
        }
        if first {
            rtc.direct_api().set_ice_controlling(true);
            self.controlling = Some(true);
        }
        self.slots = offer.slots;
        for (slot, (section, usable)) in self.slots.iter_mut().zip(remote.sections()) {
            slot.rejected |= !usable;
            slot.direction = if usable {
                section.direction().reversed().and(slot.direction)
            } else {
                Direction::Inactive
            };
            if slot.is_media() {
                slot.rejected |= rtc
                    .media(slot.str0m_mid())
                    .is_none_or(str0m::media::Media::disabled);
            }
            if slot.is_media() {
                apply::set_direction(rtc, slot);
                slot.ssrcs = Some(apply::stream(rtc, slot));
            }
        }
        self.remote = Some(remote);
        self.signaling = Signaling::Stable;
        self.created = None;
        Ok(Completed { checks: restarts })
    }

    /// The candidates inside the other side's description that was applied last.
    pub fn remote_candidates(&self) -> Vec<String> {
        self.remote
            .iter()
            .flat_map(Remote::candidates)
            .map(str::to_owned)
            .collect()
    }

    fn write(&mut self, transport: &Transport, slots: &[Slot]) -> String {
        write(&mut self.origin, transport, slots)
    }
}

fn write(origin: &mut Origin, transport: &Transport, slots: &[Slot]) -> String {
    origin.version += 1;
    let sections: Vec<_> = slots.iter().map(Slot::section).collect();
    local::compose(*origin, transport, &sections)
}

/// Whether applying `next` after `before` makes ICE begin, or begin again.
fn restarts(before: Option<&Remote>, next: &Remote) -> bool {
    next.ufrag()
        .is_some_and(|ufrag| before.and_then(Remote::ufrag) != Some(ufrag))
}

fn not_made_here(kind: &str) -> RtcError {
    RtcError::new(
        "InvalidModificationError",
        format!("the {kind} is not the one made last"),
    )
}
