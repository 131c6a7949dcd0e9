//! Candidates of the other side.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use str0m::{Candidate, CandidateKind, Rtc};

use super::paths::peer_reflexive;
use super::targets::{Here, may_be_checked};
use super::{Output, Peer};
use crate::error::RtcError;
use crate::limits::{self, Budget};

/// Most candidates of the other side that are taken for one set of credentials.
const MAX_REMOTE: usize = 64;
/// Longest candidate, in bytes.
const MAX_LENGTH: usize = 1024;

/// A candidate of the other side; no `Debug`, it holds an address.
#[derive(Clone)]
pub(crate) struct RemoteCandidate {
    text: String,
    ufrag: Option<String>,
}

/// What to do with a candidate.
pub(crate) enum Next {
    /// It is kept, or of no use here.
    Done,
    /// It is in use: something may come from this address.
    Expect(SocketAddr),
    /// Its name has to be resolved; the candidate comes back by [`Candidates::resolved`].
    Resolve {
        host: String,
        candidate: RemoteCandidate,
    },
}

impl RemoteCandidate {
    /// Reads a candidate, with or without `a=` before it; `None` for the end of the candidates.
    ///
    /// # Errors
    /// `OperationError` for what is no candidate.
    pub fn read(text: &str, ufrag: Option<&str>) -> Result<Option<Self>, RtcError> {
        let text = text.trim();
        let text = text.strip_prefix("a=").unwrap_or(text);
        if text.is_empty() {
            return Ok(None);
        }
        let wellformed = text.starts_with("candidate:")
            && text.len() <= MAX_LENGTH
            && !text.contains(char::is_control)
            && text.split_ascii_whitespace().count() >= 8;
        if !wellformed {
            return Err(RtcError::operation("this is no ICE candidate"));
        }
        let inside = text
            .split_ascii_whitespace()
            .skip_while(|word| *word != "ufrag")
            .nth(1);
        let ufrag = ufrag
            .filter(|ufrag| !ufrag.is_empty())
            .or(inside)
            .map(str::to_owned);
        Ok(Some(Self {
            text: text.to_owned(),
            ufrag,
        }))
    }

    fn word(&self, at: usize) -> &str {
        self.text
            .split_ascii_whitespace()
            .nth(at)
            .unwrap_or_default()
    }

    /// The mDNS name in place of the address.
    fn host(&self) -> Option<&str> {
        Some(self.word(4)).filter(|host| host.to_ascii_lowercase().ends_with(".local"))
    }

    fn with_address(&self, address: IpAddr) -> Self {
        let mut words: Vec<String> = self
            .text
            .split_ascii_whitespace()
            .map(str::to_owned)
            .collect();
        if let Some(word) = words.get_mut(4) {
            *word = address.to_string();
        }
        Self {
            text: words.join(" "),
            ufrag: self.ufrag.clone(),
        }
    }
}

/// The other side's candidates.
pub(crate) struct Candidates {
    /// Until the description they belong to is applied.
    waiting: Vec<RemoteCandidate>,
    /// How many were used for the credentials now in use.
    used: usize,
    /// What is left for the whole call, whatever credentials come.
    left: Budget,
    /// Names to be looked up, likewise.
    names: Budget,
    /// Those in use.
    remote: Vec<Candidate>,
}

impl Default for Candidates {
    fn default() -> Self {
        Self {
            waiting: Vec::new(),
            used: 0,
            left: limits::candidates(),
            names: limits::names(),
            remote: Vec::new(),
        }
    }
}

impl Candidates {
    /// Takes a candidate. `current`: the credentials applied; `awaits`: a candidate that names none
    /// belongs to a description still to come.
    pub fn add(
        &mut self,
        now: Instant,
        rtc: &mut Rtc,
        candidate: RemoteCandidate,
        here: Here,
        current: Option<&str>,
        awaits: bool,
    ) -> Next {
        let matches = match &candidate.ufrag {
            Some(ufrag) => current == Some(ufrag),
            None => current.is_some() && !awaits,
        };
        if !matches {
            if self.waiting.len() < MAX_REMOTE {
                self.waiting.push(candidate);
            }
            return Next::Done;
        }
        self.enter(now, rtc, candidate, here)
    }

    /// A description was applied: what waited for it, and what it holds.
    pub fn description_applied(
        &mut self,
        restarted: bool,
        inside: Vec<String>,
        current: Option<&str>,
    ) -> Vec<RemoteCandidate> {
        if restarted {
            self.used = 0;
            self.remote.clear();
        }
        let inside = inside
            .iter()
            .filter_map(|text| RemoteCandidate::read(text, current).ok().flatten());
        let mut due: Vec<_> = inside.collect();
        due.append(&mut self.waiting);
        due
    }

    /// The name of a candidate was resolved.
    pub fn resolved(
        &mut self,
        now: Instant,
        rtc: &mut Rtc,
        candidate: &RemoteCandidate,
        address: IpAddr,
        here: Here,
        current: Option<&str>,
    ) -> Next {
        if candidate.ufrag.is_none() || candidate.ufrag.as_deref() == current {
            self.enter(now, rtc, candidate.with_address(address), here)
        } else {
            Next::Done
        }
    }

    fn enter(
        &mut self,
        now: Instant,
        rtc: &mut Rtc,
        candidate: RemoteCandidate,
        here: Here,
    ) -> Next {
        if self.used >= MAX_REMOTE {
            return Next::Done;
        }
        if let Some(host) = candidate.host() {
            if !self.names.take(now, 1) {
                return Next::Done;
            }
            self.used += 1;
            return Next::Resolve {
                host: host.to_owned(),
                candidate,
            };
        }
        // TCP candidates and address families unknown here are of no use, and no error; nor is an address that they may not
        // make us send to
        if candidate.word(2).eq_ignore_ascii_case("udp")
            && let Ok(mut parsed) = Candidate::from_sdp_string(&candidate.text)
            && may_be_checked(parsed.addr(), here)
            && self.left.take(now, 1)
        {
            if let Some(ufrag) = &candidate.ufrag {
                parsed.set_ufrag(ufrag);
            }
            self.used += 1;
            self.remote.push(parsed.clone());
            let address = parsed.addr();
            rtc.add_remote_candidate(parsed);
            return Next::Expect(address);
        }
        Next::Done
    }

    /// Where they are.
    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.remote.iter().map(Candidate::addr)
    }

    /// `RTCIceCandidateType` of an address; one that was never announced was found by a check.
    pub fn remote_kind(&self, address: SocketAddr) -> &'static str {
        let found = self.remote.iter().find(|known| known.addr() == address);
        kind_name(found.map_or(CandidateKind::PeerReflexive, Candidate::kind))
    }

    /// Takes an address from ICE, with every pair it is in.
    pub fn banish(&mut self, rtc: &mut Rtc, address: SocketAddr) {
        let known = self.remote.iter().filter(|one| one.addr() == address);
        for candidate in known.chain([&peer_reflexive(address)]) {
            rtc.direct_api().invalidate_candidate(candidate);
        }
    }

    /// Gives it back.
    pub fn bring_back(&mut self, rtc: &mut Rtc, address: SocketAddr) {
        let mut known = self.remote.iter().filter(|one| one.addr() == address);
        match known.next() {
            Some(candidate) => rtc.add_remote_candidate(candidate.clone()),
            None => rtc.add_remote_candidate(peer_reflexive(address)),
        }
    }
}

impl Peer {
    /// This machine is somewhere else.
    pub fn set_here(&mut self, here: Here) {
        self.config.here = here;
    }

    pub(super) fn add_candidate(&mut self, now: Instant, candidate: RemoteCandidate) {
        let (current, awaits) = (
            self.negotiation.remote_ufrag(),
            self.negotiation.awaits_description(),
        );
        self.connection.handle_candidate(now);
        let here = self.config.here;
        let next = self
            .candidates
            .add(now, &mut self.rtc, candidate, here, current, awaits);
        self.follow(next);
    }

    fn follow(&mut self, next: Next) {
        match next {
            Next::Expect(address) => self.outputs.push_back(Output::Expect(address)),
            // asking the network for the name would tell the other side that we are in the same one
            Next::Resolve { .. } if self.config.relay_only => {}
            Next::Resolve { host, candidate } => {
                self.outputs.push_back(Output::Resolve { host, candidate });
            }
            Next::Done => {}
        }
    }

    /// The name of a candidate was resolved.
    pub fn resolved(&mut self, now: Instant, candidate: &RemoteCandidate, address: IpAddr) {
        let current = self.negotiation.remote_ufrag();
        self.connection.handle_candidate(now);
        let here = self.config.here;
        let next = self
            .candidates
            .resolved(now, &mut self.rtc, candidate, address, here, current);
        self.follow(next);
        self.settle(now);
    }
}

/// `RTCIceCandidateType`.
pub(crate) fn kind_name(kind: CandidateKind) -> &'static str {
    match kind {
        CandidateKind::Host => "host",
        CandidateKind::PeerReflexive => "prflx",
        CandidateKind::ServerReflexive => "srflx",
        CandidateKind::Relayed => "relay",
    }
}
