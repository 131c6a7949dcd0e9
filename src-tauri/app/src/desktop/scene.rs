//! What the desktop shows, worked out from one snapshot after the other. No I/O: snapshots in, [`Deed`]s out.

use ringdown_core::call::{CallSnapshot, Direction, EndReason, Phase};
use ringdown_core::contacts::Standing;
use ringdown_core::identity::PublicKey;
use uuid::Uuid;

use super::tray::{TrayState, quiet};
use crate::hub::{Happened, News};
use crate::ipc::{ContactView, Quiet, Snapshot};

/// Somebody calls.
#[derive(Clone, PartialEq, Eq)]
pub struct Ringing {
    /// The call.
    pub call: Uuid,
    /// Who.
    pub contact: PublicKey,
    /// What the person calls them.
    pub name: String,
    /// They want to show a picture.
    pub video: bool,
    /// The safety numbers were compared.
    pub verified: bool,
}

/// Calls of one person that rang in vain.
#[derive(Clone, PartialEq, Eq)]
pub struct Missed {
    /// Whose.
    pub contact: PublicKey,
    /// What the person calls them.
    pub name: String,
    /// How many, since somebody last looked.
    pub count: u32,
}

/// What is to be done on the desktop, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// Show that somebody calls.
    Ring(Ringing),
    /// Take that off the screen at once.
    RingOver(Uuid),
    /// Show that calls were missed.
    Missed(Missed),
    /// Show that somebody is to be called.
    Tell(News),
    /// Take what was shown about this person off the screen: it was seen.
    Seen(PublicKey),
    /// Show how things are.
    Tray(TrayState),
}

/// What is shown.
#[derive(Debug, Default)]
pub struct Scene {
    ringing: Option<Ringing>,
    missed: Vec<Missed>,
    told: Vec<PublicKey>,
    tray: TrayState,
}

impl Scene {
    /// The call that rings.
    #[must_use]
    pub fn ringing(&self) -> Option<&Ringing> {
        self.ringing.as_ref()
    }

    /// The hub's state has changed.
    #[must_use]
    pub fn handle_snapshot(&mut self, now: &Snapshot) -> Vec<Deed> {
        let mut deeds = Vec::new();
        let ringing = now.call.as_ref().and_then(|call| ringing(call, now));
        if ringing != self.ringing {
            let before = std::mem::replace(&mut self.ringing, ringing.clone());
            if let Some(before) = before {
                deeds.push(Deed::RingOver(before.call));
                deeds.extend(self.missed(&before, now.call.as_ref()));
            }
            deeds.extend(ringing.map(Deed::Ring));
        }
        deeds.extend(self.tray(now));
        deeds
    }

    /// Something happened that rang nowhere.
    #[must_use]
    pub fn handle_news(&mut self, news: &News) -> Deed {
        let (contact, name) = (news.contact, news.name.to_string());
        match news.what {
            Happened::Missed => Deed::Missed(self.count(contact, name)),
            Happened::CallBackDue | Happened::Free => {
                if !self.told.contains(&contact) {
                    self.told.push(contact);
                }
                Deed::Tell(news.clone())
            }
        }
    }

    /// The person looks at the window: what was missed is seen.
    #[must_use]
    pub fn handle_look(&mut self) -> Vec<Deed> {
        let missed = std::mem::take(&mut self.missed);
        let told = std::mem::take(&mut self.told);
        let missed = missed.iter().map(|missed| missed.contact);
        missed.chain(told).map(Deed::Seen).collect()
    }

    fn missed(&mut self, before: &Ringing, now: Option<&CallSnapshot>) -> Option<Deed> {
        let ended = now.filter(|call| call.id == before.call)?.reason?;
        if !in_vain(ended) {
            return None;
        }
        Some(Deed::Missed(
            self.count(before.contact, before.name.clone()),
        ))
    }

    fn count(&mut self, contact: PublicKey, name: String) -> Missed {
        let at = self
            .missed
            .iter()
            .position(|missed| missed.contact == contact);
        let mut missed = match at {
            Some(at) => self.missed.remove(at),
            None => Missed {
                contact,
                name: String::new(),
                count: 0,
            },
        };
        missed.name = name;
        missed.count = missed.count.saturating_add(1);
        self.missed.push(missed.clone());
        missed
    }

    fn tray(&mut self, now: &Snapshot) -> Option<Deed> {
        let tray = TrayState {
            online: now.line.online,
            quiet_until: match now.quiet {
                Quiet::Off => None,
                Quiet::Until { until_ms } => Some(quiet::clock(until_ms)),
                Quiet::On => Some(String::new()),
            },
            missed: now.missed,
            favourites: now.contacts.iter().filter_map(favourite).collect(),
        };
        (tray != self.tray).then(|| {
            self.tray = tray.clone();
            Deed::Tray(tray)
        })
    }
}

fn ringing(call: &CallSnapshot, now: &Snapshot) -> Option<Ringing> {
    let rings = call.direction == Direction::Incoming
        && matches!(call.phase, Phase::Inviting | Phase::Ringing);
    let key = call.contact.to_string();
    (rings && !now.silent).then(|| Ringing {
        call: call.id,
        contact: call.contact,
        name: call.name.to_string(),
        video: call.peer_video,
        verified: now
            .contacts
            .iter()
            .any(|contact| contact.key == key && contact.verified),
    })
}

/// Whether a call that ended so was missed: neither answered nor refused.
fn in_vain(reason: EndReason) -> bool {
    match reason {
        EndReason::Missed | EndReason::Cancelled | EndReason::Unreachable | EndReason::Busy => true,
        EndReason::Declined
        | EndReason::NoAnswer
        | EndReason::EndedByMe
        | EndReason::EndedByPeer
        | EndReason::Lost
        | EndReason::NotConnected
        | EndReason::Untrusted => false,
    }
}

fn favourite(contact: &ContactView) -> Option<(PublicKey, String)> {
    let can_be_called =
        contact.favorite && contact.standing == Standing::Mutual && !contact.blocked;
    let key = contact.key.parse().ok().filter(|_| can_be_called)?;
    Some((key, contact.name.clone()))
}

/// Names stay out of logs.
impl std::fmt::Debug for Ringing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ringing {{ video: {} }}", self.video)
    }
}

impl std::fmt::Debug for Missed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Missed {{ count: {} }}", self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ipc::{KeyStore, Line, Privacy, Settings};
    use ringdown_core::identity::Identity;
    use ringdown_core::name::DisplayName;

    fn alice() -> PublicKey {
        Identity::from_seed([1; 32]).public()
    }

    fn quiet_evening() -> Snapshot {
        Snapshot {
            profile: None,
            invite: None,
            invites: Vec::new(),
            contacts: vec![ContactView {
                key: alice().to_string(),
                name: "Alice".into(),
                own_name: "Alice".into(),
                standing: Standing::Mutual,
                verified: true,
                blocked: false,
                early: false,
                ice_policy: None,
                favorite: true,
                note: String::new(),
                last_call_ms: None,
                shows_presence: false,
                reachable: None,
                ring_when_free: false,
            }],
            requests: Vec::new(),
            call: None,
            waiting: None,
            silent: false,
            missed: 0,
            history_version: 0,
            quiet: Quiet::Off,
            settings: Settings::default(),
            line: Line {
                online: true,
                ..Line::default()
            },
            privacy: Privacy {
                key_store: KeyStore::File,
            },
            invite_waits: false,
            notices: Vec::new(),
        }
    }

    fn call(phase: Phase, reason: Option<EndReason>) -> CallSnapshot {
        CallSnapshot {
            id: Uuid::from_u128(7),
            contact: alice(),
            name: DisplayName::parse("Alice").unwrap(),
            direction: Direction::Incoming,
            phase,
            reason,
            video: false,
            peer_video: true,
            connected_ms: None,
            later_minutes: None,
        }
    }

    fn with(call: CallSnapshot) -> Snapshot {
        Snapshot {
            call: Some(call),
            ..quiet_evening()
        }
    }

    /// Bob's desktop, with nothing going on.
    fn bobs() -> Scene {
        let mut scene = Scene::default();
        let deeds = scene.handle_snapshot(&quiet_evening());
        assert!(matches!(deeds.as_slice(), [Deed::Tray(tray)] if tray.online));
        assert_eq!(scene.handle_snapshot(&quiet_evening()), []);
        scene
    }

    fn rings(scene: &mut Scene) {
        let deeds = scene.handle_snapshot(&with(call(Phase::Ringing, None)));
        let Some(Deed::Ring(ringing)) = deeds.first() else {
            panic!("{deeds:?}")
        };
        assert!(ringing.name == "Alice" && ringing.video && ringing.verified);
    }

    #[test]
    fn alice_rings_and_bob_answers() {
        let mut bob = bobs();
        rings(&mut bob);
        assert_eq!(
            bob.handle_snapshot(&with(call(Phase::Ringing, None))),
            [],
            "said once"
        );
        assert_eq!(
            bob.handle_snapshot(&with(call(Phase::Connecting, None))),
            [Deed::RingOver(Uuid::from_u128(7))]
        );
        let over = with(call(Phase::Ended, Some(EndReason::EndedByPeer)));
        assert_eq!(bob.handle_snapshot(&over), []);
    }

    #[test]
    fn what_bob_refused_he_did_not_miss() {
        let mut bob = bobs();
        rings(&mut bob);
        let declined = with(call(Phase::Ended, Some(EndReason::Declined)));
        assert_eq!(
            bob.handle_snapshot(&declined),
            [Deed::RingOver(Uuid::from_u128(7))]
        );
    }

    #[test]
    fn missed_calls_add_up_until_bob_looks() {
        let mut bob = bobs();
        for count in 1..=2 {
            rings(&mut bob);
            let given_up = Snapshot {
                missed: count,
                ..with(call(Phase::Ended, Some(EndReason::Cancelled)))
            };
            let deeds = bob.handle_snapshot(&given_up);
            let missed = Missed {
                contact: alice(),
                name: "Alice".into(),
                count,
            };
            assert!(deeds.contains(&Deed::Missed(missed)), "{deeds:?}");
            assert!(matches!(deeds.last(), Some(Deed::Tray(tray)) if tray.missed == count));
        }
        assert_eq!(bob.handle_look(), [Deed::Seen(alice())]);
        assert_eq!(bob.handle_look(), []);
        let deeds = bob.handle_snapshot(&quiet_evening());
        assert!(matches!(deeds.as_slice(), [Deed::Tray(tray)] if tray.missed == 0));
    }

    #[test]
    fn while_bob_is_not_to_be_disturbed_nothing_shows_but_the_tray() {
        let mut bob = bobs();
        let quiet = |call| Snapshot {
            silent: true,
            quiet: Quiet::On,
            ..with(call)
        };
        let deeds = bob.handle_snapshot(&quiet(call(Phase::Ringing, None)));
        assert!(
            matches!(deeds.as_slice(), [Deed::Tray(tray)] if tray.quiet_until.is_some()),
            "{deeds:?}"
        );
        let missed = quiet(call(Phase::Ended, Some(EndReason::Missed)));
        assert_eq!(bob.handle_snapshot(&missed), []);
    }

    #[test]
    fn a_call_that_was_missed_while_the_app_was_off_counts_with_the_others() {
        let mut bob = bobs();
        let news = |what| News {
            contact: alice(),
            name: DisplayName::parse("Alice").unwrap(),
            what,
        };
        for count in 1..=2 {
            let deed = bob.handle_news(&news(Happened::Missed));
            assert!(matches!(deed, Deed::Missed(missed) if missed.count == count));
        }
        assert_eq!(bob.handle_look(), [Deed::Seen(alice())]);
        let free = news(Happened::Free);
        assert_eq!(bob.handle_news(&free), Deed::Tell(free));
        assert_eq!(bob.handle_look(), [Deed::Seen(alice())]);
    }

    #[test]
    fn favourites_are_in_the_menu_unless_they_are_blocked() {
        let listed = |change: fn(&mut ContactView)| {
            let mut snapshot = quiet_evening();
            snapshot.contacts.iter_mut().for_each(change);
            match Scene::default().handle_snapshot(&snapshot).as_slice() {
                [Deed::Tray(tray)] => tray.favourites.len(),
                deeds => panic!("{deeds:?}"),
            }
        };
        assert_eq!(listed(|_| ()), 1);
        assert_eq!(listed(|contact| contact.blocked = true), 0);
        assert_eq!(listed(|contact| contact.favorite = false), 0);
    }

    #[test]
    fn names_stay_out_of_logs() {
        let deeds = bobs().handle_snapshot(&with(call(Phase::Ringing, None)));
        assert!(!format!("{deeds:?}").contains("Alice"));
    }
}
