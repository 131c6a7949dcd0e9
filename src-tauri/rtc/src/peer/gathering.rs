//! Gathering, as the peer sees it: what was found is given to ICE and told to the page.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use serde_json::json;
use str0m::Input;

use super::ours::{HostAddress, Local, RelayAddress};
use super::{Output, Peer};
use crate::net::Failure;

/// Gathering before there is a description that the candidates are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ahead {
    /// Not asked for, or told already.
    Not,
    /// What is found waits for the description.
    Gathers,
    /// So does that there is no more.
    Complete,
}

impl Peer {
    /// From the next gathering on, only relayed candidates are used, or all.
    pub fn set_relay_only(&mut self, relay_only: bool) {
        self.config.relay_only = relay_only;
    }

    /// Gathers for a description that was set, when its credentials are new.
    ///
    /// A restart has sockets of its own, for the sake of Chromium: it takes candidates of an offer
    /// that is rolled back for those of the next description, and never pairs their addresses again.
    pub(super) fn gather(&mut self) {
        let ufrag = self.negotiation.local_credentials(&mut self.rtc).ufrag;
        if self.negotiation.announced().is_empty() || self.announced.as_ref() == Some(&ufrag) {
            return;
        }
        self.announced = Some(ufrag);
        self.set_gathering("gathering");
        match std::mem::replace(&mut self.ahead, Ahead::Not) {
            Ahead::Not => {
                self.ours.renew();
                self.outputs.push_back(Output::Gather);
            }
            ahead @ (Ahead::Gathers | Ahead::Complete) => {
                for local in self.ours.found() {
                    self.announce(Some(local));
                }
                if ahead == Ahead::Complete {
                    self.gathered_all();
                }
            }
        }
    }

    /// Sockets were opened at these addresses. A restart that is in force already retires those before.
    pub fn gathered_hosts(&mut self, now: Instant, hosts: &[HostAddress]) {
        for &host in hosts {
            let local = self.ours.add_host(&mut self.rtc, host);
            self.announce(local);
        }
        self.retire(now);
        self.settle(now);
    }

    /// Where our sockets are, of this gathering.
    pub fn host_addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.ours.hosts()
    }

    /// Whether candidates have ever been asked for.
    pub fn has_gathered(&self) -> bool {
        self.announced.is_some() || self.ahead != Ahead::Not
    }

    /// A server sees the socket at `base` as `address`.
    pub fn gathered_reflexive(
        &mut self,
        now: Instant,
        base: SocketAddr,
        address: SocketAddr,
        url: Arc<str>,
    ) {
        let local = self.ours.add_reflexive(&mut self.rtc, base, address, url);
        self.announce(local);
        self.settle(now);
    }

    /// An allocation relays to us. False where it is of no use.
    pub fn gathered_relay(&mut self, now: Instant, relay: RelayAddress) -> bool {
        let local = self.ours.add_relay(&mut self.rtc, relay);
        let of_use = local.is_some();
        self.announce(local);
        // who is known already may send to it
        let known = self.candidates.addresses().map(Output::Expect);
        self.outputs.extend(known);
        self.settle(now);
        of_use
    }

    /// A server gives no candidate.
    pub fn gathering_failed(&mut self, url: &str, failure: &Failure) {
        let Failure { code, text } = failure;
        self.event(json!({
            "event": "candidateError", "url": url, "errorCode": code, "errorText": text,
        }));
    }

    /// More may be found, though it was said that there is no more.
    pub fn gathering_again(&mut self) {
        if self.ahead == Ahead::Not {
            self.set_gathering("gathering");
        } else {
            self.ahead = Ahead::Gathers;
        }
    }

    /// There are no more candidates.
    pub fn gathered_all(&mut self) {
        if self.ahead != Ahead::Not {
            self.ahead = Ahead::Complete;
            return;
        }
        self.set_gathering("complete");
        self.tell(None);
    }

    /// The socket or relay at this address is no more. Where it carried the connection, that shows at
    /// once, and not only once nothing has been heard for a while.
    pub fn lost(&mut self, now: Instant, address: SocketAddr) {
        self.ours.lose(&mut self.rtc, address);
        if self.carrier == Some(address) {
            self.lost = self.carrier.take();
            self.connection.handle_lost();
            self.ours.check_anew(&mut self.rtc);
            // str0m chooses another pair when time passes, which it would let pass until the next check is due
            if !self.over
                && let Err(error) = self.rtc.handle_input(Input::Timeout(now))
            {
                self.give_up(now, &error);
            }
        }
        self.settle(now);
    }

    /// Once an announced restart is in force, the sockets of before it have had their time.
    pub(super) fn retire(&mut self, now: Instant) {
        let current = self.rtc.direct_api().local_ice_credentials().ufrag;
        if self.announced.as_ref() == Some(&current) {
            self.ours.restarted(&mut self.rtc, now);
        }
    }

    fn set_gathering(&mut self, state: &'static str) {
        if self.gathering != state {
            self.gathering = state;
            self.event(json!({ "event": "gathering", "state": state }));
        }
    }

    fn announce(&mut self, local: Option<Local>) {
        if let Some(local) = local
            && self.ahead == Ahead::Not
        {
            self.tell(Some(&local));
        }
    }

    /// Tells a candidate, or that there are no more.
    fn tell(&mut self, local: Option<&Local>) {
        let ufrag = self.announced.clone().unwrap_or_default();
        let slots = self.negotiation.announced();
        let first = slots.iter().enumerate().find(|(_, slot)| !slot.rejected);
        let (index, mid) = first.map_or((0, ""), |(index, slot)| (index, slot.mid.as_str()));
        let event = json!({
            "event": "candidate", "mid": mid, "index": index, "ufrag": ufrag,
            "candidate": local.map(|local| self.ours.text(&local.candidate, &ufrag)),
            "url": local.and_then(|local| local.url.as_deref()),
            "relayProtocol": local.and_then(|local| local.relay).map(|transport| transport.as_str()),
        });
        self.event(event);
    }
}
