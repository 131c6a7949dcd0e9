//! Replayed, reflected, cut, changed, misdirected, forged, stale: refused, and nothing has changed.

use super::super::{MAX_NOTE_AGE_MS, MAX_SKEW_MS};
use super::*;

/// One envelope of each sort from Alice to Bob or back, who opens it, and the pair.
fn one_of_each() -> (Pair, Vec<(bool, Vec<u8>)>) {
    let mut pair = Pair::new();
    let offer = pair.alice_says(&signal(1, "offer"));
    let accept = pair.bob_says(&say(1, Kind::Accept { video: true }));
    let sorts = vec![
        (true, pair.first.clone()),
        (false, pair.second.clone()),
        (true, offer),
        (false, accept),
    ];
    (pair, sorts)
}

fn opener(pair: &mut Pair, to_bob: bool) -> &mut Sessions {
    match to_bob {
        true => &mut pair.bob,
        false => &mut pair.alice,
    }
}

/// The call goes on as if nothing had happened.
fn unharmed(pair: &mut Pair) {
    for seq in 100..102 {
        let envelope = pair.alice_says(&signal(seq, "more"));
        assert_eq!(heard(&mut pair.bob, &envelope), signal(seq, "more"));
        let envelope = pair.bob_says(&signal(seq, "more"));
        assert_eq!(heard(&mut pair.alice, &envelope), signal(seq, "more"));
    }
    assert_eq!((pair.alice.len(), pair.bob.len()), (1, 1));
}

#[test]
fn a_replay_is_heard_once_however_often_it_comes() {
    let (mut pair, sorts) = one_of_each();
    for (to_bob, envelope) in &sorts[2..] {
        open(opener(&mut pair, *to_bob), envelope).unwrap();
    }
    for _ in 0..3 {
        for (to_bob, envelope) in &sorts {
            let again = open(opener(&mut pair, *to_bob), envelope);
            assert_eq!(again, Err(EnvelopeError::Repeated));
        }
    }
    unharmed(&mut pair);
}

#[test]
fn a_call_replayed_after_a_restart_does_not_ring_again() {
    let mut pair = Pair::new();
    let kept = pair.bob.take_seen();
    assert!(kept.len() == 1 && pair.bob.take_seen().is_empty());
    let mut bob = Sessions::new(identity(BOB), kept);
    assert_eq!(open(&mut bob, &pair.first), Err(EnvelopeError::Repeated));
    assert!(bob.is_empty());
    // Once it can be forgotten it is too old to be opened.
    let later = NOW + 2 * MAX_SKEW_MS + 1;
    let admit = |_, _: &Message| Admission::Contact;
    let late = bob.open(later, &pair.first, admit);
    assert_eq!(late, Err(EnvelopeError::Stale(240)));
}

#[test]
fn no_cut_and_no_longer_envelope_is_opened() {
    let (mut pair, sorts) = one_of_each();
    for (to_bob, envelope) in &sorts {
        for end in (0..envelope.len()).step_by(97).chain(0..100) {
            let refused = open(opener(&mut pair, *to_bob), &envelope[..end]);
            assert_eq!(refused, Err(EnvelopeError::Size(end)));
        }
        let longer = [envelope.as_slice(), &[0]].concat();
        let refused = open(opener(&mut pair, *to_bob), &longer);
        assert!(matches!(refused, Err(EnvelopeError::Size(_))));
        let mut padded = envelope.clone();
        padded.resize(32 * 1024, 0);
        let refused = open(opener(&mut pair, *to_bob), &padded);
        assert_eq!(refused, Err(EnvelopeError::NotForUs));
    }
    unharmed(&mut pair);
}

#[test]
fn no_flipped_bit_goes_unnoticed() {
    let (mut pair, sorts) = one_of_each();
    for (to_bob, envelope) in &sorts {
        let ends = envelope.len() - 40..envelope.len();
        for at in (0..200)
            .chain((200..envelope.len()).step_by(61))
            .chain(ends)
        {
            let mut changed = envelope.clone();
            changed[at] ^= 1 << (at % 8);
            let refused = open(opener(&mut pair, *to_bob), &changed).unwrap_err();
            match at {
                0 => assert!(matches!(refused, EnvelopeError::Version(_))),
                _ => assert_eq!(refused, EnvelopeError::NotForUs, "byte {at}"),
            }
        }
        // The highest bit of a Diffie-Hellman key counts for nothing in X25519, and for the handshake all the same.
        let mut changed = envelope.clone();
        changed[32] ^= 0x80;
        assert!(open(opener(&mut pair, *to_bob), &changed).is_err());
    }
    unharmed(&mut pair);
}

#[test]
fn a_changed_answer_that_comes_before_the_real_one_does_no_harm() {
    let (mut alice, mut bob) = (sessions(ALICE), sessions(BOB));
    let first = alice.seal(NOW, key(BOB), &invite()).unwrap();
    heard(&mut bob, &first);
    let answer = bob.seal(NOW, key(ALICE), &ringing()).unwrap();
    for at in [9, 40, 41, 60, 5000, 12_287] {
        let mut changed = answer.clone();
        changed[at] ^= 1;
        assert!(open(&mut alice, &changed).is_err());
    }
    assert_eq!(heard(&mut alice, &answer), ringing());
}

#[test]
fn carol_opens_nothing_that_is_for_bob() {
    let (_, sorts) = one_of_each();
    let mut carol = sessions(CAROL);
    for (_, envelope) in &sorts {
        assert_eq!(open(&mut carol, envelope), Err(EnvelopeError::NotForUs));
    }
    assert!(carol.is_empty() && carol.take_seen().is_empty());
}

#[test]
fn bob_cannot_pass_on_what_alice_told_him() {
    // Bob knows the text of Alice's letter; in an envelope of his own it is his word, not hers.
    let forged = crafted(BOB, CAROL, ALICE, NOW, invite());
    assert_eq!(
        open(&mut sessions(CAROL), &forged),
        Err(EnvelopeError::Sender)
    );
}

#[test]
fn mallory_cannot_speak_for_alice() {
    let forged = crafted(MALLORY, BOB, ALICE, NOW, invite());
    let mut bob = sessions(BOB);
    assert_eq!(open(&mut bob, &forged), Err(EnvelopeError::Sender));
    assert!(bob.is_empty() && bob.take_seen().is_empty());
}

#[test]
fn mallory_cannot_answer_for_bob() {
    let (mut alice, mut mallory) = (sessions(ALICE), sessions(MALLORY));
    let to_bob = alice.seal(NOW, key(BOB), &invite()).unwrap();
    assert!(open(&mut mallory, &to_bob).is_err());
    // Not even with an answer to a call that Alice makes to him at the same time under the same id.
    let to_mallory = alice.seal(NOW, key(MALLORY), &invite()).unwrap();
    heard(&mut mallory, &to_mallory);
    let answer = mallory.seal(NOW, key(ALICE), &ringing()).unwrap();
    let opened = open(&mut alice, &answer).unwrap();
    assert_eq!(opened[0].from, key(MALLORY));
    assert!(matches!(
        alice.seal(NOW, key(BOB), &signal(1, "offer")),
        Err(EnvelopeError::Misplaced)
    ));
}

#[test]
fn what_comes_back_to_its_sender_is_not_opened() {
    let (mut pair, sorts) = one_of_each();
    for (to_bob, envelope) in &sorts {
        let refused = open(opener(&mut pair, !to_bob), envelope);
        assert_eq!(refused, Err(EnvelopeError::NotForUs));
    }
    unharmed(&mut pair);
    let own = pair.alice.seal(NOW, key(ALICE), &invite());
    assert_eq!(own, Err(EnvelopeError::Own));
    let crafted = crafted(ALICE, ALICE, ALICE, NOW, invite());
    assert_eq!(open(&mut pair.alice, &crafted), Err(EnvelopeError::Own));
}

#[test]
fn other_versions_are_refused() {
    let (mut pair, sorts) = one_of_each();
    for version in [0, 1, 3, 255] {
        for (to_bob, envelope) in &sorts {
            let mut other = envelope.clone();
            other[0] = version;
            let refused = open(opener(&mut pair, *to_bob), &other);
            assert_eq!(refused, Err(EnvelopeError::Version(version)));
        }
    }
}

#[test]
fn clocks_may_be_two_minutes_apart_and_no_more() {
    for (at, off) in [
        (NOW - MAX_SKEW_MS, None),
        (NOW + MAX_SKEW_MS, None),
        (NOW - MAX_SKEW_MS - 1000, Some(121)),
        (NOW + MAX_SKEW_MS + 1000, Some(121)),
        (0, Some(NOW / 1000)),
        (u64::MAX, Some((u64::MAX - NOW) / 1000)),
    ] {
        let mut bob = sessions(BOB);
        let opened = open(&mut bob, &crafted(ALICE, BOB, ALICE, at, invite()));
        match off {
            None => assert_eq!(opened.unwrap()[0].message, invite()),
            Some(off) => {
                assert_eq!(opened, Err(EnvelopeError::Stale(off)));
                assert!(bob.is_empty() && bob.take_seen().is_empty());
            }
        }
    }
}

#[test]
fn a_note_waits_for_days_and_is_read_once() {
    let note = || {
        say(
            0,
            Kind::Note {
                video: true,
                at: NOW,
            },
        )
    };
    let mut bob = sessions(BOB);
    let envelope = sessions(ALICE).seal(NOW, key(BOB), &note()).unwrap();
    let later = NOW + MAX_NOTE_AGE_MS;
    let read = |bob: &mut Sessions, now| bob.open(now, &envelope, |_, _| Admission::Contact);
    assert_eq!(read(&mut bob, later).unwrap()[0].message, note());
    let again = read(&mut bob, later);
    assert_eq!(again, Err(EnvelopeError::Repeated));
    // Nor after a restart, however soon a thief hands it in again.
    let mut bob = Sessions::new(identity(BOB), bob.take_seen());
    assert_eq!(read(&mut bob, later), Err(EnvelopeError::Repeated));
    let stale = read(&mut sessions(BOB), later + 1);
    assert!(matches!(stale, Err(EnvelopeError::Stale(_))));
    let early = read(&mut sessions(BOB), NOW - MAX_SKEW_MS - 1000);
    assert!(matches!(early, Err(EnvelopeError::Stale(_))));
}

#[test]
fn no_description_and_no_address_of_a_call_travels_in_a_first_message() {
    for kind in all_kinds() {
        let mut bob = sessions(BOB);
        let message = say(0, kind);
        let sealed = sessions(ALICE).seal(NOW, key(BOB), &message);
        let opened = open(&mut bob, &crafted(ALICE, BOB, ALICE, NOW, message.clone()));
        if message.kind.may_begin() {
            assert!(sealed.is_ok() && opened.is_ok(), "{message:?}");
        } else {
            assert_eq!(sealed, Err(EnvelopeError::Misplaced), "{message:?}");
            assert_eq!(opened, Err(EnvelopeError::Misplaced), "{message:?}");
            assert!(bob.is_empty());
        }
    }
}

#[test]
fn the_answer_is_a_first_word_and_of_the_same_call() {
    let other = Message {
        call: Uuid::from_u128(8),
        ..ringing()
    };
    let mut unfitting = vec![other];
    let may_not = all_kinds().into_iter().filter(|kind| !kind.may_answer());
    unfitting.extend(may_not.map(|kind| say(0, kind)));
    for message in unfitting {
        let mut alice = sessions(ALICE);
        let first = alice.seal(NOW, key(BOB), &invite()).unwrap();
        let read = handshake::read_first(&identity(BOB), &first[1..], None).unwrap();
        let letter: Letter = serde_json::from_slice(&read.text).unwrap();
        let around = handshake::AROUND_SECOND;
        let padded = super::super::packet::pad(&json(&message).unwrap(), around).unwrap();
        let answer = read.handshake.answer(letter.mark, &padded).unwrap();
        let refused = open(&mut alice, &answer.envelope);
        assert_eq!(refused, Err(EnvelopeError::Misplaced), "{message:?}");
    }
}

#[test]
fn a_session_is_about_one_call() {
    let mut pair = Pair::new();
    let padding = json(&Message {
        call: Uuid::from_u128(8),
        ..signal(1, "another call's")
    });
    let envelope = pair.alice.craft(key(BOB), call(), &padding.unwrap());
    assert_eq!(
        open(&mut pair.bob, &envelope),
        Err(EnvelopeError::Misplaced)
    );
    for kind in all_kinds().into_iter().filter(Kind::may_only_begin) {
        let text = json(&say(1, kind)).unwrap();
        let envelope = pair.alice.craft(key(BOB), call(), &text);
        assert_eq!(
            open(&mut pair.bob, &envelope),
            Err(EnvelopeError::Misplaced)
        );
    }
    for text in [b"".as_slice(), b"{}", b"\xff", b"null"] {
        let envelope = pair.alice.craft(key(BOB), call(), text);
        assert_eq!(open(&mut pair.bob, &envelope), Err(EnvelopeError::Body));
    }
    unharmed(&mut pair);
}

#[test]
fn a_genuine_envelope_with_nothing_we_understand_is_refused_and_not_quoted() {
    let mut bob = sessions(BOB);
    let letter = json(&Letter {
        from: key(ALICE),
        at: NOW,
        mark: [9; 8],
        message: invite(),
    });
    let letter = String::from_utf8(letter.unwrap()).unwrap();
    let no_key = letter.replacen(&key(ALICE).to_string(), &"A".repeat(43), 1);
    for text in [
        "",
        "{}",
        "secret",
        &letter.replacen("invite", "secret", 1),
        &no_key,
    ] {
        let refused = open(&mut bob, &crafted_text(ALICE, BOB, text.as_bytes())).unwrap_err();
        assert_eq!(refused, EnvelopeError::Body);
        assert!(!format!("{refused} {refused:?}").contains("secret"));
    }
    let newer = letter.replacen('{', r#"{"later":[1],"#, 1);
    let opened = open(&mut bob, &crafted_text(ALICE, BOB, newer.as_bytes()));
    assert_eq!(opened.unwrap()[0].message, invite());
}

#[test]
fn strangers_leave_no_trace() {
    let mut bob = sessions(BOB);
    for admission in [Admission::Refused, Admission::Guest] {
        let first = sessions(CAROL).seal(NOW, key(BOB), &invite()).unwrap();
        for _ in 0..2 {
            let refused = bob.open(NOW, &first, |from, message| {
                assert_eq!((from, message), (key(CAROL), &invite()));
                admission
            });
            assert_eq!(refused, Err(EnvelopeError::NotHeard));
        }
    }
    assert!(bob.is_empty() && bob.take_seen().is_empty());
    let request = crate::requests::request(name(), None, Vec::new());
    let envelope = sessions(CAROL).seal(NOW, key(BOB), &request).unwrap();
    let opened = bob.open(NOW, &envelope, |_, _| Admission::Guest).unwrap();
    assert_eq!(opened[0].message, request);
}

#[test]
fn bob_cannot_keep_alice_from_calling_by_using_her_ids() {
    let (mut alice, mut bob) = (sessions(ALICE), sessions(BOB));
    let envelope = crafted(BOB, ALICE, BOB, NOW, invite());
    heard(&mut alice, &envelope);
    let first = alice.seal(NOW, key(BOB), &invite()).unwrap();
    heard(&mut bob, &first);
    let answer = bob.seal(NOW, key(ALICE), &ringing()).unwrap();
    assert_eq!(heard(&mut alice, &answer), ringing());
    assert_eq!(alice.len(), 1);
}
