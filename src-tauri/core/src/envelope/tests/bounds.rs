//! How much of this machine others can use up.

use super::super::BUCKETS;
use super::*;
use crate::tests::random::Random;

fn garbage(random: &mut Random) -> Vec<u8> {
    let mut bytes = vec![0; BUCKETS[random.below(2)]];
    bytes.fill_with(|| random.next().to_le_bytes()[0]);
    bytes[0] = 2;
    bytes
}

fn invite_to(call: u128) -> Message {
    Message {
        call: Uuid::from_u128(call),
        ..invite()
    }
}

#[test]
fn random_bytes_open_to_nothing_and_change_nothing() {
    let mut random = Random::new(1);
    let mut pair = Pair::new();
    for _ in 0..300 {
        let envelope = garbage(&mut random);
        assert_eq!(open(&mut pair.bob, &envelope), Err(EnvelopeError::NotForUs));
        let short = &envelope[..random.below(envelope.len())];
        assert!(matches!(
            open(&mut pair.bob, short),
            Err(EnvelopeError::Size(_))
        ));
    }
    assert_eq!(open(&mut pair.bob, &[]), Err(EnvelopeError::Size(0)));
    let envelope = pair.alice_says(&signal(1, "offer"));
    assert_eq!(heard(&mut pair.bob, &envelope), signal(1, "offer"));
}

#[test]
fn envelopes_mangled_at_random_never_make_it_panic() {
    let mut random = Random::new(2);
    let mut pair = Pair::new();
    let whole = [
        pair.first.clone(),
        pair.second.clone(),
        pair.alice_says(&ringing()),
    ];
    for _ in 0..500 {
        let mut bytes = whole[random.below(3)].clone();
        for _ in 0..=random.below(4) {
            let at = random.below(bytes.len());
            bytes[at] = random.seed()[0];
        }
        let _ = open(&mut pair.alice, &bytes);
        let _ = open(&mut pair.bob, &bytes);
    }
}

#[test]
fn garbage_while_alice_waits_for_an_answer_does_not_push_the_answer_out() {
    let mut random = Random::new(3);
    let (mut alice, mut bob) = (sessions(ALICE), sessions(BOB));
    let first = alice.seal(NOW, key(BOB), &invite()).unwrap();
    for n in 0..100 {
        let refused = open(&mut alice, &garbage(&mut random)).unwrap_err();
        let expected = match n {
            0..32 => EnvelopeError::Early,
            _ => EnvelopeError::NotForUs,
        };
        assert!(refused == expected && !refused.is_delivered());
    }
    heard(&mut bob, &first);
    let answer = bob.seal(NOW, key(ALICE), &ringing()).unwrap();
    let accept = say(1, Kind::Accept { video: true });
    let accept = bob.seal(NOW, key(ALICE), &accept).unwrap();
    // There is no room to keep it, so it is refused and comes again.
    assert_eq!(open(&mut alice, &accept), Err(EnvelopeError::NotForUs));
    assert_eq!(heard(&mut alice, &answer), ringing());
    assert!(open(&mut alice, &accept).is_ok());
    assert_eq!(format!("{alice:?}"), "Sessions(1 live, 0 held)");
}

#[test]
fn what_is_kept_for_an_answer_goes_when_no_answer_can_come() {
    let mut random = Random::new(4);
    let mut alice = sessions(ALICE);
    alice.seal(NOW, key(BOB), &invite()).unwrap();
    assert!(open(&mut alice, &garbage(&mut random)).is_err());
    alice.end(NOW, key(BOB), call());
    assert_eq!(format!("{alice:?}"), "Sessions(0 live, 0 held)");
}

#[test]
fn one_contact_who_calls_all_the_time_gets_no_more_than_four_sessions() {
    let (mut alice, mut bob) = (sessions(ALICE), sessions(BOB));
    let first = alice.seal(NOW, key(BOB), &invite()).unwrap();
    heard(&mut bob, &first);
    let answer = bob.seal(NOW, key(ALICE), &ringing()).unwrap();
    heard(&mut alice, &answer);
    for n in 100..200 {
        let mut program = sessions(ALICE);
        let envelope = program.seal(NOW, key(BOB), &invite_to(n)).unwrap();
        heard(&mut bob, &envelope);
        assert!(bob.len() <= 4);
    }
    // The call that was answered is none of those that gave way.
    let envelope = alice.seal(NOW, key(BOB), &signal(1, "offer")).unwrap();
    assert_eq!(heard(&mut bob, &envelope), signal(1, "offer"));
}

#[test]
fn all_contacts_together_get_no_more_than_sixty_four_and_leave_room_for_the_next() {
    let mut bob = sessions(BOB);
    for seed in 10..90 {
        let envelope = sessions(seed).seal(NOW, key(BOB), &invite()).unwrap();
        heard(&mut bob, &envelope);
        assert!(bob.len() <= 64);
    }
    let later = NOW + 121_000;
    let envelope = sessions(ALICE).seal(later, key(BOB), &invite()).unwrap();
    let opened = bob.open(later, &envelope, |_, _| Admission::Contact);
    assert!(opened.is_ok());
    assert_eq!(bob.len(), 1, "what was never answered is forgotten");
}

#[test]
fn a_contact_who_floods_hinders_nobody_else_and_only_for_four_minutes() {
    let mut bob = sessions(BOB);
    let alive = |at, seed| crafted(seed, BOB, seed, at, say(0, Kind::Alive));
    let mut heard = 0;
    for _ in 0..600 {
        match open(&mut bob, &alive(NOW, MALLORY)) {
            Ok(_) => heard += 1,
            Err(refused) => assert_eq!(refused, EnvelopeError::TooMany),
        }
    }
    assert_eq!(heard, 512);
    assert!(open(&mut bob, &alive(NOW, ALICE)).is_ok());
    let later = NOW + 240_001;
    let opened = bob.open(later, &alive(later, MALLORY), |_, _| Admission::Contact);
    assert!(opened.is_ok());
}

#[test]
fn everybody_who_found_one_invite_together_is_heard_256_times_in_four_minutes() {
    let mut bob = sessions(BOB);
    let request = crate::requests::request(name(), None, Vec::new());
    let heard = (0..300u16).filter(|n| {
        let seed = 10 + u8::try_from(n % 200).unwrap();
        let envelope = sessions(seed).seal(NOW, key(BOB), &request).unwrap();
        bob.open(NOW, &envelope, |_, _| Admission::Guest).is_ok()
    });
    assert_eq!(heard.count(), 256);
    let first = sessions(ALICE).seal(NOW, key(BOB), &invite()).unwrap();
    assert!(
        open(&mut bob, &first).is_ok(),
        "contacts are heard all the same"
    );
}
