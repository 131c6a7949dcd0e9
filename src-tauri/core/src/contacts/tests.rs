//! Alice's address book.

use super::*;
use crate::identity::Identity;

fn name(text: &str) -> DisplayName {
    DisplayName::parse(text).unwrap()
}

fn invite(seed: u8, own_name: &str, address: &str) -> Invite {
    Invite {
        key: Identity::from_seed([seed; 32]).public(),
        name: name(own_name),
        reach: vec![Reach::parse(address).unwrap()],
        token: Some(Token::from_bytes([seed; 16])),
        expires: None,
    }
}

fn alice() -> PublicKey {
    Identity::from_seed([1; 32]).public()
}

fn bob() -> Invite {
    invite(2, "Bob", "ws://192.0.2.2:1")
}

fn names(book: &Contacts) -> Vec<&str> {
    book.iter().map(|contact| contact.name.as_str()).collect()
}

#[test]
fn alice_adds_bob_under_his_name_or_hers_for_him() {
    let mut book = Contacts::default();
    assert_eq!(book.add(alice(), bob(), None), Ok(AddOutcome::Added));
    let carol = invite(3, "Carol", "ws://192.0.2.3:1");
    let key = carol.key;
    book.add(alice(), carol, Some(name("aunt Carol"))).unwrap();
    assert_eq!(names(&book), ["aunt Carol", "Bob"]);
    assert_eq!(book.get(key).unwrap().own_name, name("Carol"));
    assert_eq!(book.find(&name("AUNT CAROL")).unwrap().key, key);
    assert_eq!(book.find(&name("Carol")), None);
}

#[test]
fn alices_own_invite_makes_no_contact() {
    let mut book = Contacts::default();
    let own = invite(1, "Alice", "ws://192.0.2.1:1");
    assert_eq!(book.add(alice(), own, None), Err(ContactError::OwnInvite));
    assert_eq!(book.iter().count(), 0);
}

#[test]
fn bobs_newer_invite_updates_where_he_is_and_keeps_her_name_for_him() {
    let mut book = Contacts::default();
    book.add(alice(), bob(), Some(name("Bobby"))).unwrap();
    let moved = invite(2, "Robert", "ws://192.0.2.99:1");
    let outcome = book.add(alice(), moved.clone(), Some(name("Someone")));
    assert_eq!(
        outcome,
        Ok(AddOutcome::AlreadyKnown {
            name: name("Bobby")
        })
    );
    let known = book.get(bob().key).unwrap();
    assert_eq!(
        (&known.name, &known.own_name, &known.reach),
        (&name("Bobby"), &name("Robert"), &moved.reach)
    );
    let nowhere = Invite {
        reach: Vec::new(),
        ..bob()
    };
    book.add(alice(), nowhere, None).unwrap();
    assert_eq!(book.get(bob().key).unwrap().reach, moved.reach);
}

#[test]
fn two_bobs_need_two_names() {
    let mut book = Contacts::default();
    book.add(alice(), bob(), None).unwrap();
    let other = invite(3, "BOB", "ws://192.0.2.3:1");
    let key = other.key;
    let refused = book.add(alice(), other.clone(), None).unwrap_err();
    assert_eq!(refused, ContactError::NameTaken(name("Bob")));
    assert!(refused.to_string().contains("another name"));
    book.add(alice(), other, Some(name("Bob from work")))
        .unwrap();
    assert_eq!(
        book.rename(key, name("bob")),
        Err(ContactError::NameTaken(name("Bob")))
    );
    assert_eq!(book.rename(bob().key, name("BOB")), Ok(()));
    assert_eq!(names(&book), ["BOB", "Bob from work"]);
}

#[test]
fn who_is_removed_is_unknown_and_the_name_is_free() {
    let mut book = Contacts::default();
    book.add(alice(), bob(), None).unwrap();
    let key = bob().key;
    book.set_ice_policy(key, Some(IcePolicy::RelayOnly))
        .unwrap();
    book.set_reach(key, vec![Reach::parse("ws://a").unwrap(); 20])
        .unwrap();
    let removed = book.remove(key).unwrap();
    assert_eq!(
        (removed.ice_policy, removed.reach.len()),
        (Some(IcePolicy::RelayOnly), MAX_REACH)
    );
    assert_eq!(book.remove(key), Err(ContactError::Unknown));
    assert_eq!(book.rename(key, name("B")), Err(ContactError::Unknown));
    assert_eq!(book.set_reach(key, Vec::new()), Err(ContactError::Unknown));
    assert_eq!(book.set_ice_policy(key, None), Err(ContactError::Unknown));
    assert_eq!(book.get(key), None);
    book.add(alice(), invite(3, "Bob", "ws://a"), None).unwrap();
}

#[test]
fn a_saved_book_is_sorted_by_name() {
    let mut book = Contacts::default();
    for (seed, own_name) in [(2, "zoe"), (3, "Bob"), (4, "alan")] {
        book.add(alice(), invite(seed, own_name, "ws://a"), None)
            .unwrap();
    }
    let saved: Vec<Contact> = book.iter().rev().cloned().collect();
    assert_eq!(names(&Contacts::from_saved(saved)), ["alan", "Bob", "zoe"]);
}

#[test]
fn debug_shows_no_names_and_no_addresses() {
    let mut book = Contacts::default();
    book.add(alice(), bob(), None).unwrap();
    let shown = format!("{book:?}");
    assert!(!shown.contains("Bob") && !shown.contains("192"), "{shown}");
}
