//! Who asks Bob to become a contact, and whether he is told.

use super::*;
use crate::ipc::RequestView;

fn asking(name: &str) -> RequestView {
    RequestView {
        key: format!("the key of {name}"),
        name: name.into(),
        namesake: None,
        alike: false,
        shared: false,
        received_ms: 0,
    }
}

fn asked_by(names: &[&str]) -> Snapshot {
    Snapshot {
        requests: names.iter().copied().map(asking).collect(),
        ..quiet_evening()
    }
}

fn first(name: &str) -> Deed {
    Deed::Asked(Asked {
        who: Who::One(asking(name)),
        again: false,
    })
}

fn then(who: Who) -> Deed {
    Deed::Asked(Asked { who, again: true })
}

#[test]
fn carol_asks_while_bob_looks_elsewhere_and_he_is_told_once() {
    let mut bob = bobs();
    assert_eq!(bob.handle_snapshot(&asked_by(&["Carol"])), [first("Carol")]);
    assert_eq!(bob.handle_snapshot(&asked_by(&["Carol"])), []);
    assert_eq!(bob.asking(), Some("the key of Carol"));
    // Answered, or pushed out.
    assert_eq!(bob.handle_snapshot(&quiet_evening()), [Deed::AskedOver]);
    assert_eq!(bob.asking(), None);
}

#[test]
fn once_bob_has_looked_it_is_gone_and_does_not_come_again() {
    let mut bob = bobs();
    let _ = bob.handle_snapshot(&asked_by(&["Carol"]));
    assert_eq!(bob.handle_focus(true), [Deed::AskedOver]);
    assert_eq!(bob.handle_focus(false), []);
    assert_eq!(bob.handle_snapshot(&asked_by(&["Carol"])), []);
    // Dave is told of alone: Carol was seen.
    let deeds = bob.handle_snapshot(&asked_by(&["Carol", "Dave"]));
    assert_eq!(deeds, [first("Dave")]);
}

#[test]
fn nobody_is_told_of_who_came_while_bob_looked_or_waits_since_an_earlier_start() {
    let mut bob = bobs();
    let _ = bob.handle_focus(true);
    assert_eq!(bob.handle_snapshot(&asked_by(&["Carol"])), []);
    let _ = bob.handle_focus(false);
    assert_eq!(bob.handle_snapshot(&asked_by(&["Carol"])), []);

    let mut started_again = Scene::default();
    let deeds = started_again.handle_snapshot(&asked_by(&["Carol"]));
    assert!(matches!(deeds.as_slice(), [Deed::Tray(_)]), "{deeds:?}");
}

#[test]
fn while_bob_is_not_to_be_disturbed_he_is_not_told_nor_afterwards() {
    for quiet in [Quiet::On, Quiet::Until { until_ms: 1 }] {
        let mut bob = bobs();
        let silent = Snapshot {
            quiet,
            silent: true,
            ..asked_by(&["Carol"])
        };
        let deeds = bob.handle_snapshot(&silent);
        assert!(matches!(deeds.as_slice(), [Deed::Tray(_)]), "{deeds:?}");
        let deeds = bob.handle_snapshot(&asked_by(&["Carol"]));
        assert!(matches!(deeds.as_slice(), [Deed::Tray(_)]), "{deeds:?}");
    }
}

#[test]
fn a_crowd_of_strangers_changes_what_one_notification_says() {
    let mut bob = bobs();
    let crowd: Vec<String> = (1..=32).map(|number| format!("Eve {number}")).collect();
    let crowd: Vec<&str> = crowd.iter().map(String::as_str).collect();
    let deeds: Vec<Deed> = (1..=crowd.len())
        .flat_map(|count| bob.handle_snapshot(&asked_by(&crowd[..count])))
        .collect();
    assert_eq!(deeds[0], first("Eve 1"));
    for (deed, count) in deeds[1..].iter().zip(2..) {
        let doubtful = false;
        assert_eq!(*deed, then(Who::Several { count, doubtful }));
    }
    assert_eq!(deeds.len(), crowd.len());
    assert_eq!(bob.asking(), Some("the key of Eve 1"));
    // All but one are gone again.
    let deeds = bob.handle_snapshot(&asked_by(&["Eve 7"]));
    assert_eq!(deeds, [then(Who::One(asking("Eve 7")))]);
    assert_eq!(bob.handle_focus(true), [Deed::AskedOver]);
}

#[test]
fn a_doubtful_name_among_them_is_told_of_whoever_it_is() {
    let doubts: [fn(&mut RequestView); 3] = [
        |asking| asking.namesake = Some("Alice".into()),
        |asking| asking.alike = true,
        |asking| asking.shared = true,
    ];
    for doubt in doubts {
        let mut bob = bobs();
        let mut now = asked_by(&["Carol"]);
        let _ = bob.handle_snapshot(&now);
        // Nobody new, and she is told of again: now she is somebody to look at closely.
        doubt(&mut now.requests[0]);
        let carol = now.requests[0].clone();
        assert_eq!(bob.handle_snapshot(&now), [then(Who::One(carol))]);
        now.requests.push(asking("Dave"));
        let (count, doubtful) = (2, true);
        let deeds = bob.handle_snapshot(&now);
        assert_eq!(deeds, [then(Who::Several { count, doubtful })]);
    }
}

#[test]
fn names_of_strangers_stay_out_of_logs() {
    let mut bob = bobs();
    let deeds = bob.handle_snapshot(&asked_by(&["Carol"]));
    let shown = format!("{deeds:?} {bob:?}");
    assert!(!shown.contains("Carol"), "{shown}");
}
