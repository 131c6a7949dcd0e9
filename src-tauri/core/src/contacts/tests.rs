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

fn everywhere(contact: &Contact) -> Vec<&str> {
    contact.everywhere().map(Reach::as_str).collect()
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
fn bobs_newer_invite_adds_where_he_is_and_keeps_her_name_for_him() {
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
        (&known.name, &known.own_name, everywhere(known)),
        (
            &name("Bobby"),
            &name("Robert"),
            vec!["ws://192.0.2.2:1", "ws://192.0.2.99:1"]
        )
    );
    let nowhere = Invite {
        reach: Vec::new(),
        ..bob()
    };
    book.add(alice(), nowhere, None).unwrap();
    assert_eq!(everywhere(book.get(bob().key).unwrap()).len(), 2);
}

#[test]
fn an_invite_that_somebody_else_made_takes_nothing_from_bob() {
    let mut book = Contacts::default();
    book.add(alice(), bob(), None).unwrap();
    let said = vec![Reach::parse("wss://bob.example.org").unwrap()];
    book.meet(bob().key, name("Bob"), said.clone()).unwrap();
    for last in 1..=20 {
        let elsewhere = invite(2, "Mallory", &format!("ws://203.0.113.{last}:1"));
        book.add(alice(), elsewhere, None).unwrap();
    }
    let known = book.get(bob().key).unwrap();
    assert_eq!((&known.own_name, &known.reach), (&name("Bob"), &said));
    assert_eq!(known.invited.len(), MAX_REACH);
    assert_eq!(
        everywhere(known)[..2],
        ["wss://bob.example.org", "ws://203.0.113.20:1"]
    );
    // What he says himself holds again, and nothing else.
    book.set_reach(bob().key, said).unwrap();
    let known = book.get(bob().key).unwrap();
    assert_eq!(everywhere(known), ["wss://bob.example.org"]);
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

#[test]
fn somebody_who_was_added_is_still_to_be_asked() {
    let mut book = Contacts::default();
    book.add(alice(), bob(), None).unwrap();
    let key = bob().key;
    let added = book.get(key).unwrap();
    assert_eq!(
        (added.standing, added.token),
        (Standing::Requested, bob().token)
    );
    assert!(!added.verified && !added.blocked && !added.early);
    // A newer invite brings a newer token, as long as it is of use.
    let token = Some(Token::from_bytes([9; 16]));
    let newer = Invite { token, ..bob() };
    book.add(alice(), newer.clone(), None).unwrap();
    assert_eq!(book.get(key).unwrap().token, token);
    book.meet(key, name("Bob"), Vec::new()).unwrap();
    book.add(alice(), newer, None).unwrap();
    let met = book.get(key).unwrap();
    assert_eq!((met.standing, met.token), (Standing::Mutual, None));
    assert_eq!(met.reach, bob().reach, "nothing said is nothing new");
}

#[test]
fn what_alice_decided_about_bob_stays_whatever_he_sends() {
    let mut book = Contacts::default();
    book.add(alice(), bob(), Some(name("Bobby"))).unwrap();
    let key = bob().key;
    book.set_blocked(key, true).unwrap();
    book.set_verified(key, true).unwrap();
    book.set_early(key, true).unwrap();
    book.add(alice(), bob(), None).unwrap();
    book.meet(key, name("Robert"), bob().reach).unwrap();
    let known = book.get(key).unwrap();
    assert!(known.blocked && known.verified && known.early);
    assert_eq!(known.name, name("Bobby"));
    let stranger = Identity::from_seed([9; 32]).public();
    for refused in [
        book.set_blocked(stranger, true),
        book.set_verified(stranger, true),
        book.set_early(stranger, true),
        book.hint(stranger, &[], Some(1)),
        book.meet(stranger, name("X"), Vec::new()),
    ] {
        assert_eq!(refused, Err(ContactError::Unknown));
    }
}

#[test]
fn the_call_machine_hears_contacts_who_are_not_blocked() {
    let mut book = Contacts::default();
    book.add(alice(), bob(), None).unwrap();
    let key = bob().key;
    book.set_early(key, true).unwrap();
    let known = book.known(key).unwrap();
    assert_eq!((known.name, known.early), (name("Bob"), true));
    assert_eq!(book.known(alice()), None);
    book.set_blocked(key, true).unwrap();
    assert_eq!(book.known(key), None);
}

#[test]
fn a_new_key_with_an_old_name_is_a_new_person_and_the_old_one_is_named() {
    let mut book = Contacts::default();
    book.add(alice(), bob(), Some(name("Bobby"))).unwrap();
    let new = Identity::from_seed([3; 32]).public();
    for taken in ["Bob", "bobby", "BOB"] {
        let namesake = book.namesake(new, &name(taken));
        assert_eq!(namesake.unwrap().name, name("Bobby"), "{taken}");
    }
    assert_eq!(book.namesake(new, &name("Robert")), None);
    assert_eq!(
        book.namesake(bob().key, &name("Bob")),
        None,
        "it is himself"
    );
}

#[test]
fn a_hint_brings_a_new_port_and_new_meeting_points_to_where_bob_was_known() {
    let urls = |book: &Contacts| -> Vec<String> {
        let reach = &book.get(bob().key).unwrap().reach;
        reach.iter().map(ToString::to_string).collect()
    };
    let servers = |url| vec![Reach::parse(url).unwrap()];
    let mut book = Contacts::default();
    let mut invite = bob();
    invite.reach.extend(servers("wss://old.example.org"));
    book.add(alice(), invite, None).unwrap();
    let key = bob().key;
    book.hint(key, &servers("wss://new.example.org"), Some(47100))
        .unwrap();
    assert_eq!(
        urls(&book),
        [
            "wss://new.example.org",
            "ws://192.0.2.2:47100",
            "ws://192.0.2.2:1"
        ]
    );
    let before = urls(&book);
    book.hint(key, &[], None).unwrap();
    assert_eq!(urls(&book), before);
    book.hint(key, &servers("wss://new.example.org"), Some(47100))
        .unwrap();
    assert_eq!(urls(&book), before, "the same hint changes nothing");
    for port in 1..40 {
        book.hint(key, &[], Some(port)).unwrap();
    }
    assert!(urls(&book).len() <= MAX_REACH);
}

#[test]
fn a_contact_is_written_whole_and_read_back() {
    let mut book = Contacts::default();
    book.add(alice(), bob(), None).unwrap();
    book.set_early(bob().key, true).unwrap();
    let contact = book.get(bob().key).unwrap();
    let json = serde_json::to_string(contact).unwrap();
    assert_eq!(&serde_json::from_str::<Contact>(&json).unwrap(), contact);
    assert!(json.contains(r#""standing":"requested""#), "{json}");
}

#[test]
fn whoever_looks_like_bob_needs_another_name() {
    let mut book = Contacts::default();
    book.add(alice(), bob(), None).unwrap();
    for fake in ["Bоb", "B0b", "ВОВ", "Ｂｏｂ"] {
        let other = invite(3, fake, "ws://192.0.2.3:1");
        let key = other.key;
        assert_eq!(
            book.namesake(key, &name(fake)).unwrap().name,
            name("Bob"),
            "{fake}"
        );
        let refused = book.add(alice(), other.clone(), None).unwrap_err();
        assert_eq!(refused, ContactError::NameAlike(name("Bob")), "{fake}");
        book.add(alice(), other, Some(name("Rob"))).unwrap();
        let refused = book.rename(key, name(fake));
        assert_eq!(refused, Err(ContactError::NameAlike(name("Bob"))));
        // What they call themselves is shown, and so is whom it is like; Bob himself is like nobody.
        assert_eq!(book.poses_as(key).unwrap().name, name("Bob"), "{fake}");
        assert_eq!(book.poses_as(bob().key), None);
        book.remove(key).unwrap();
        assert_eq!(book.namesake(bob().key, &name(fake)), None);
    }
    book.add(alice(), invite(4, "Rob", "ws://a"), None).unwrap();
    let rob = book.find(&name("rob")).unwrap().key;
    assert_eq!(book.poses_as(rob), None);
    book.meet(rob, name("BOB"), Vec::new()).unwrap();
    assert_eq!(book.poses_as(rob).unwrap().name, name("Bob"));
}

#[test]
fn two_who_looked_alike_in_an_earlier_ringdown_are_told_apart_by_a_number() {
    let mut book = Contacts::default();
    book.add(alice(), bob(), None).unwrap();
    book.set_verified(bob().key, true).unwrap();
    let real = book.get(bob().key).unwrap().clone();
    let mut fake = real.clone();
    fake.key = Identity::from_seed([7; 32]).public();
    fake.verified = false;
    let json = serde_json::to_string(&fake).unwrap();
    let json = json.replace("\"Bob\"", "\"B\u{200b}ob\u{200e}\"");
    let fake: Contact = serde_json::from_str(&json).unwrap();
    for saved in [[real.clone(), fake.clone()], [fake, real]] {
        let book = Contacts::from_saved(saved.to_vec());
        assert_eq!(names(&book), ["Bob", "Bob (2)"]);
        assert_eq!(book.get(bob().key).unwrap().name, name("Bob"));
    }
}
