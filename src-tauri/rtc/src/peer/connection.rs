//! The states of the connection, from what str0m says and from how long nothing has been heard.
//!
//! ```text
//!            checks begin          a pair works              silent 2 s
//!   New ──────────────▶ Checking ──────────────▶ Connected ─────────────▶ Disconnected
//!                        │    ▲                 (Completed) ◀───────────── │
//!                        │    └──── ICE restart ────┴──── a packet ────────┤
//!                        │ 15 s without a working pair                     │ silent 15 s
//!                        └──────────────▶ Failed ◀─────────────────────────┘
//! ```
//!
//! While ICE restarts, the pair of before it goes on carrying media; as long as anything but checks
//! comes in, the restart does not show.
//!
//! When the very address that carries the connection is gone, nobody has to wait for silence. And where a pair was left
//! because it fell silent, the other side may not know yet: until its media comes by another, the connection is down.
//!
//! str0m has no `failed`, and its `Disconnected` takes more than 20 s; hence the timers here.

use std::time::{Duration, Instant};

use super::states::{Change, DtlsState, Failure, IceState, PeerState};

/// How long to wait for what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// Without any packet this long, the connection is `disconnected`.
    pub disconnected: Duration,
    /// Without any packet this long, or without a working pair, it is `failed`.
    pub failed: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            disconnected: Duration::from_secs(2),
            failed: Duration::from_secs(15),
        }
    }
}

/// DTLS, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dtls {
    Pending,
    Connected,
    Failed(Failure),
}

/// ICE, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ice {
    Idle,
    /// Looking for a pair. `before`: a restart, and whether the pair of before it was the last word.
    Checking {
        since: Instant,
        before: Option<bool>,
    },
    /// A pair works. `done`: no other is being tried. `lost`: str0m gave it up.
    Works {
        done: bool,
        lost: bool,
    },
}

/// The states of one connection.
#[derive(Debug)]
pub(crate) struct Connection {
    patience: Patience,
    ice: Ice,
    dtls: Dtls,
    /// When anything came last.
    heard: Instant,
    /// When anything but ICE's own checks came last: a pair that works brought it.
    carried: Instant,
    /// The address that carried the connection is gone, and no other has taken its place.
    cut: bool,
    /// The pair in use fell silent and was left, and nothing but checks has come by another.
    unheard: bool,
    told: (IceState, DtlsState, PeerState),
}

impl Connection {
    pub fn new(now: Instant, patience: Patience) -> Self {
        Self {
            patience,
            ice: Ice::Idle,
            dtls: Dtls::Pending,
            heard: now,
            carried: now,
            cut: false,
            unheard: false,
            told: (IceState::New, DtlsState::New, PeerState::New),
        }
    }

    /// Checks begin, or begin again with new credentials.
    pub fn handle_checks(&mut self, now: Instant) {
        let before = match self.ice {
            Ice::Idle => None,
            Ice::Checking { before, .. } => before,
            Ice::Works { done, .. } => Some(done),
        };
        self.ice = Ice::Checking { since: now, before };
    }

    /// Another chance: a candidate of the other side came.
    pub fn handle_candidate(&mut self, now: Instant) {
        if let Ice::Checking { since, .. } = &mut self.ice {
            *since = now;
        }
    }

    /// Something the other side sent. `check`: by ICE, to find out whether it gets through.
    pub fn handle_packet(&mut self, now: Instant, check: bool) {
        self.heard = self.heard.max(now);
        if !check {
            self.carried = self.carried.max(now);
            self.cut = false;
            self.unheard = false;
        }
    }

    /// What carried the connection is no more.
    pub fn handle_lost(&mut self) {
        self.cut = true;
    }

    /// The pair in use is silent, and left for another.
    pub fn handle_silent(&mut self) {
        self.unheard = true;
    }

    /// Another pair carries it.
    pub fn handle_path(&mut self) {
        self.cut = false;
    }

    pub fn handle_ice(&mut self, now: Instant, state: str0m::IceConnectionState) {
        use str0m::IceConnectionState as S;
        self.ice = match (state, self.ice) {
            (S::Connected | S::Completed, before) => {
                if !matches!(before, Ice::Works { .. }) {
                    self.heard = now;
                }
                self.cut = false;
                if !matches!(before, Ice::Works { .. }) {
                    self.unheard = false;
                }
                Ice::Works {
                    done: state == S::Completed,
                    lost: false,
                }
            }
            (S::Disconnected, Ice::Works { done, .. }) => Ice::Works { done, lost: true },
            // other pairs are tried while this one was good: silence decides
            (S::New | S::Checking | S::Disconnected, before) => before,
        };
    }

    pub fn handle_dtls_connected(&mut self) {
        self.dtls = Dtls::Connected;
    }

    /// DTLS, or str0m as a whole, can go on no more. The first reason counts.
    pub fn handle_failure(&mut self, failure: Failure) {
        if !matches!(self.dtls, Dtls::Failed(_)) {
            self.dtls = Dtls::Failed(failure);
        }
    }

    /// Media can be sent: there are keys, which came by a pair that worked. It goes on being used while
    /// a restart looks for another.
    pub fn is_up(&self) -> bool {
        self.dtls == Dtls::Connected
    }

    /// A way is being looked for, at first or again, or the first handshake is under way: time counts. That ends when it
    /// has taken too long.
    pub fn is_looking(&self, now: Instant) -> bool {
        let soon = |since: Instant| now.saturating_duration_since(since) < self.patience.failed;
        match self.ice {
            Ice::Idle => false,
            Ice::Checking { since, .. } => soon(since),
            Ice::Works { .. } => (self.cut || self.dtls == Dtls::Pending) && soon(self.heard),
        }
    }

    /// The state of DTLS.
    pub fn dtls(&self) -> DtlsState {
        match (self.dtls, self.ice) {
            (Dtls::Connected, _) => DtlsState::Connected,
            (Dtls::Failed(failure), _) => DtlsState::Failed(failure),
            (Dtls::Pending, Ice::Works { .. }) => DtlsState::Connecting,
            (Dtls::Pending, Ice::Idle | Ice::Checking { .. }) => DtlsState::New,
        }
    }

    fn states(&self, now: Instant) -> (IceState, PeerState) {
        let silent = now.saturating_duration_since(self.heard);
        let idle = now.saturating_duration_since(self.carried);
        let ice = match self.ice {
            Ice::Idle => IceState::New,
            // the pair of before the restart still carries what is sent
            Ice::Checking {
                before: Some(done), ..
            } if idle < self.patience.disconnected && !self.cut && !self.unheard => {
                if done {
                    IceState::Completed
                } else {
                    IceState::Connected
                }
            }
            Ice::Checking { since, .. }
                if now.saturating_duration_since(since) >= self.patience.failed =>
            {
                IceState::Failed
            }
            Ice::Checking { .. } => IceState::Checking,
            Ice::Works { .. } if silent >= self.patience.failed => IceState::Failed,
            Ice::Works { lost, .. }
                if lost || self.cut || self.unheard || silent >= self.patience.disconnected =>
            {
                IceState::Disconnected
            }
            Ice::Works { done: true, .. } => IceState::Completed,
            Ice::Works { done: false, .. } => IceState::Connected,
        };
        let peer = match (ice, self.dtls) {
            (IceState::Failed, _) | (_, Dtls::Failed(_)) => PeerState::Failed,
            (IceState::Disconnected, _) => PeerState::Disconnected,
            (IceState::New, _) => PeerState::New,
            (IceState::Checking, _) | (_, Dtls::Pending) => PeerState::Connecting,
            (IceState::Connected | IceState::Completed, Dtls::Connected) => PeerState::Connected,
        };
        (ice, peer)
    }

    /// The next change not told yet.
    pub fn poll(&mut self, now: Instant) -> Option<Change> {
        let (ice, peer) = self.states(now);
        if self.told.0 != ice {
            self.told.0 = ice;
            return Some(Change::Ice(ice));
        }
        let dtls = self.dtls();
        if self.told.1 != dtls {
            self.told.1 = dtls;
            return Some(Change::Dtls(dtls));
        }
        if self.told.2 != peer {
            self.told.2 = peer;
            return Some(Change::Peer(peer));
        }
        None
    }

    /// When time alone changes the state told last.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match (self.ice, self.told.0) {
            (Ice::Idle, _) | (_, IceState::Failed) => None,
            (Ice::Checking { .. }, IceState::Connected | IceState::Completed) => {
                Some(self.carried + self.patience.disconnected)
            }
            (Ice::Checking { since, .. }, _) => Some(since + self.patience.failed),
            (Ice::Works { .. }, IceState::Disconnected) => Some(self.heard + self.patience.failed),
            (Ice::Works { .. }, _) => Some(self.heard + self.patience.disconnected),
        }
    }
}

#[cfg(test)]
mod tests;
