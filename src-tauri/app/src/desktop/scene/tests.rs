//! Bob's desktop, and what happens on it.

mod asking;

use super::*;
use crate::ipc::{KeyStore, Line, Privacy, Sandbox, Settings, WaitingCall};
use ringdown_core::call::CallSnapshot;
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
            namesake: None,
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
        held: None,
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
            sandbox: Sandbox::On,
        },
        update: None,
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
fn what_the_window_before_bob_tells_nothing_else_does() {
    let mut bob = bobs();
    assert_eq!(bob.handle_focus(true), []);
    assert_eq!(bob.handle_snapshot(&with(call(Phase::Ringing, None))), []);
    let answered = bob.ringing().map(|ringing| ringing.call);
    assert_eq!(answered, Some(Uuid::from_u128(7)), "it rings there");
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

fn carol() -> PublicKey {
    Identity::from_seed([3; 32]).public()
}

/// Carol calls while Bob talks with Alice.
fn carol_waits(scene: &mut Scene) -> Snapshot {
    let waiting = Snapshot {
        waiting: Some(WaitingCall {
            id: Uuid::from_u128(8),
            contact: carol().to_string(),
            name: "Carol".into(),
            video: false,
        }),
        ..with(call(Phase::Connected, None))
    };
    let deeds = scene.handle_snapshot(&waiting);
    let Some(Deed::Ring(ringing)) = deeds.first() else {
        panic!("{deeds:?}")
    };
    assert_eq!(ringing.during.as_deref(), Some("Alice"));
    assert!(ringing.contact == carol() && !ringing.video && !ringing.verified);
    assert_eq!(scene.handle_snapshot(&waiting), [], "said once");
    waiting
}

#[test]
fn carol_waits_and_bob_answers() {
    let mut bob = bobs();
    carol_waits(&mut bob);
    let mut answered = call(Phase::Connecting, None);
    answered.id = Uuid::from_u128(8);
    assert_eq!(
        bob.handle_snapshot(&with(answered)),
        [Deed::RingOver(Uuid::from_u128(8))]
    );
}

#[test]
fn carol_who_gave_up_was_missed_and_carol_who_was_refused_was_not() {
    for missed in [0, 1] {
        let mut bob = bobs();
        carol_waits(&mut bob);
        let gone = Snapshot {
            missed,
            ..with(call(Phase::Connected, None))
        };
        let deeds = bob.handle_snapshot(&gone);
        assert_eq!(deeds.first(), Some(&Deed::RingOver(Uuid::from_u128(8))));
        let told = deeds.iter().filter(|deed| {
            matches!(deed, Deed::Missed(missed) if missed.contact == carol() && missed.count == 1)
        });
        assert_eq!(told.count(), missed as usize);
    }
}

#[test]
fn carol_rings_where_she_waited_once_alice_is_gone() {
    let mut bob = bobs();
    carol_waits(&mut bob);
    let mut rings = call(Phase::Ringing, None);
    (rings.id, rings.contact) = (Uuid::from_u128(8), carol());
    let deeds = bob.handle_snapshot(&with(rings));
    assert!(
        matches!(deeds.as_slice(), [Deed::RingOver(_), Deed::Ring(ringing)] if ringing.during.is_none()),
        "with other buttons: {deeds:?}"
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
    assert_eq!(bob.handle_focus(true), [Deed::Seen(alice())]);
    assert_eq!(bob.handle_focus(true), []);
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
        assert!(matches!(deed, Some(Deed::Missed(missed)) if missed.count == count));
    }
    assert_eq!(bob.handle_focus(true), [Deed::Seen(alice())]);
    let free = news(Happened::Free);
    assert_eq!(bob.handle_news(&free), None, "the window tells");
    assert_eq!(bob.handle_focus(false), []);
    assert_eq!(bob.handle_news(&free), Some(Deed::Tell(free)));
    assert_eq!(bob.handle_focus(true), [Deed::Seen(alice())]);
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
