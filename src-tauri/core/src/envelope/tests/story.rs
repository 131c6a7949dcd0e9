//! What sealing is for: Alice and Bob understand each other, and nobody else does.

use std::collections::HashSet;

use super::super::BUCKETS;
use super::*;
use crate::message::MAX_SIGNAL;
use crate::tests::random::Random;

#[test]
fn what_alice_seals_for_bob_bob_opens_and_knows_it_is_hers() {
    let mut pair = Pair::new();
    for seq in 1..20 {
        let (offer, answer) = (signal(seq, "offer"), signal(seq, "answer"));
        let envelope = pair.alice_says(&offer);
        let opened = open(&mut pair.bob, &envelope).unwrap();
        assert_eq!((opened[0].from, &opened[0].message), (key(ALICE), &offer));
        let envelope = pair.bob_says(&answer);
        let opened = open(&mut pair.alice, &envelope).unwrap();
        assert_eq!((opened[0].from, &opened[0].message), (key(BOB), &answer));
    }
}

#[test]
fn everything_a_person_may_say_in_a_call_comes_back() {
    let mut pair = Pair::new();
    for (seq, kind) in all_kinds().into_iter().enumerate() {
        let message = say(u32::try_from(seq).unwrap(), kind);
        let sealed = pair.alice.seal(NOW, key(BOB), &message);
        if let Kind::Invite { .. } = message.kind {
            assert_eq!(sealed, Err(EnvelopeError::Misplaced));
            continue;
        }
        assert_eq!(heard(&mut pair.bob, &sealed.unwrap()), message);
    }
}

#[test]
fn an_envelope_tells_by_its_size_neither_an_answer_from_a_candidate_nor_a_call_from_its_end() {
    let mut pair = Pair::new();
    let answer = "a=fingerprint:sha-256 00:11:22\r\n".repeat(200);
    let candidate = r#"{"candidate":"candidate:1 1 udp 1 192.0.2.1 1 typ host"}"#;
    let cancel = sessions(ALICE).seal(NOW, key(BOB), &say(1, Kind::Cancel));
    let said = [
        pair.first.clone(),
        pair.second.clone(),
        pair.bob_says(&signal(1, &answer)),
        pair.bob_says(&signal(2, candidate)),
        pair.bob_says(&say(0, Kind::Alive)),
        cancel.unwrap(),
    ];
    let lengths: HashSet<usize> = said.iter().map(Vec::len).collect();
    assert_eq!(lengths, HashSet::from([BUCKETS[0]]));
    assert!(said.iter().all(|envelope| envelope[0] == 2));
    let long = pair.bob_says(&signal(3, &"x".repeat(20_000)));
    assert_eq!(long.len(), BUCKETS[1]);
}

#[test]
fn nothing_that_is_said_shows_and_no_two_envelopes_are_alike() {
    let mut pair = Pair::new();
    let mut seen = HashSet::new();
    for envelope in [pair.first.clone(), pair.second.clone()] {
        assert!(seen.insert(envelope));
    }
    for _ in 0..300 {
        assert!(seen.insert(pair.alice_says(&say(0, Kind::Alive))));
    }
    let heads: HashSet<&[u8]> = seen.iter().map(|envelope| &envelope[1..9]).collect();
    assert_eq!(heads.len(), seen.len(), "no nonce twice");
    for envelope in &seen {
        for personal in [
            b"Alice".as_slice(),
            b"kind",
            key(ALICE).as_bytes(),
            call().as_bytes(),
        ] {
            assert!(!envelope.windows(personal.len()).any(|w| w == personal));
        }
    }
}

#[test]
fn before_bob_answers_alice_can_say_what_needs_no_answer() {
    let (mut alice, mut bob) = (sessions(ALICE), sessions(BOB));
    let first = alice.seal(NOW, key(BOB), &invite()).unwrap();
    let failed = Kind::HangUp {
        reason: HangUp::Failed,
    };
    for kind in [Kind::Alive, Kind::Cancel, failed] {
        let message = say(1, kind);
        let envelope = alice.seal(NOW, key(BOB), &message).unwrap();
        assert_eq!(heard(&mut bob, &envelope), message);
    }
    assert_eq!(
        (alice.len(), bob.len()),
        (1, 0),
        "none of them is a session"
    );
    // And the call goes on where it was.
    assert_eq!(heard(&mut bob, &first), invite());
    let answer = bob.seal(NOW, key(ALICE), &ringing()).unwrap();
    assert_eq!(heard(&mut alice, &answer), ringing());
}

#[test]
fn every_first_word_of_the_callee_is_an_answer() {
    for kind in all_kinds().into_iter().filter(Kind::may_answer) {
        let (mut alice, mut bob) = (sessions(ALICE), sessions(BOB));
        let first = alice.seal(NOW, key(BOB), &invite()).unwrap();
        heard(&mut bob, &first);
        let answer = bob.seal(NOW, key(ALICE), &say(0, kind.clone())).unwrap();
        assert_eq!(heard(&mut alice, &answer).kind, kind);
        let more = alice.seal(NOW, key(BOB), &signal(1, "offer")).unwrap();
        assert_eq!(heard(&mut bob, &more), signal(1, "offer"));
    }
}

#[test]
fn what_overtakes_the_answer_is_opened_right_after_it() {
    let (mut alice, mut bob) = (sessions(ALICE), sessions(BOB));
    let first = alice.seal(NOW, key(BOB), &invite()).unwrap();
    heard(&mut bob, &first);
    let answer = bob.seal(NOW, key(ALICE), &ringing()).unwrap();
    let early = [1, 2, 3].map(|seq| {
        let accept = say(seq, Kind::Accept { video: true });
        bob.seal(NOW, key(ALICE), &accept).unwrap()
    });
    for envelope in &early {
        for _ in 0..2 {
            assert_eq!(open(&mut alice, envelope), Err(EnvelopeError::Early));
        }
    }
    let opened = open(&mut alice, &answer).unwrap();
    let seqs: Vec<u32> = opened.iter().map(|opened| opened.message.seq).collect();
    assert_eq!(seqs, [0, 1, 2, 3]);
    // Their sender was told they did not arrive, and sends them again.
    for envelope in &early {
        let again = open(&mut alice, envelope).unwrap_err();
        assert!(again == EnvelopeError::Overtook && again.is_delivered());
    }
    // Whoever brings them once more is not their sender.
    for envelope in &early {
        let again = open(&mut alice, envelope).unwrap_err();
        assert!(again == EnvelopeError::Repeated && !again.is_delivered());
    }
}

#[test]
fn messages_may_arrive_in_any_order() {
    let mut random = Random::new(1);
    let mut pair = Pair::new();
    let mut travelling: Vec<(u32, Vec<u8>)> = (0..60)
        .map(|seq| (seq, pair.alice_says(&signal(seq, "candidate"))))
        .collect();
    while !travelling.is_empty() {
        let (seq, envelope) = travelling.swap_remove(random.below(travelling.len()));
        assert_eq!(heard(&mut pair.bob, &envelope).seq, seq);
    }
}

#[test]
fn both_call_each_other_at_once_and_each_call_has_its_own_session() {
    let (mut alice, mut bob) = (sessions(ALICE), sessions(BOB));
    let theirs = Message {
        call: Uuid::from_u128(8),
        ..invite()
    };
    let first = alice.seal(NOW, key(BOB), &invite()).unwrap();
    let other = bob.seal(NOW, key(ALICE), &theirs).unwrap();
    assert_eq!(heard(&mut bob, &first), invite());
    assert_eq!(heard(&mut alice, &other), theirs);
    let accept = say(0, Kind::Accept { video: true });
    let answer = bob.seal(NOW, key(ALICE), &accept).unwrap();
    assert_eq!(heard(&mut alice, &answer), accept);
    let cancel = Message {
        call: theirs.call,
        ..say(1, Kind::Cancel)
    };
    let envelope = bob.seal(NOW, key(ALICE), &cancel).unwrap();
    assert_eq!(heard(&mut alice, &envelope), cancel);
    bob.end(NOW, key(ALICE), theirs.call);
    assert_eq!(bob.len(), 1);
}

#[test]
fn a_thief_of_bobs_key_reads_nothing_of_a_call_that_was_recorded() {
    let mut pair = Pair::new();
    let offer = pair.alice_says(&signal(1, "offer"));
    let answer = pair.bob_says(&signal(1, "answer"));
    let mut thief = sessions(BOB);
    // Message 1 has no forward secrecy, and says no more than that Alice called.
    assert_eq!(heard(&mut thief, &pair.first), invite());
    for envelope in [&pair.second, &offer, &answer] {
        assert_eq!(open(&mut thief, envelope), Err(EnvelopeError::NotForUs));
    }
}

#[test]
fn a_call_that_is_over_is_forgotten() {
    let mut pair = Pair::new();
    let late = pair.alice_says(&signal(1, "late"));
    let other = Message {
        call: Uuid::from_u128(8),
        ..invite()
    };
    let first = pair.alice_says(&other);
    heard(&mut pair.bob, &first);
    pair.bob.end(NOW, key(CAROL), call());
    assert_eq!(pair.bob.len(), 2, "Carol's call is another one");
    pair.bob.end(NOW, key(ALICE), call());
    assert_eq!(pair.bob.len(), 1);
    // What was under way arrives, and is not offered again and again.
    assert_eq!(open(&mut pair.bob, &late), Err(EnvelopeError::Over));
    assert!(EnvelopeError::Over.is_delivered());
    assert_eq!(open(&mut pair.bob, &late), Err(EnvelopeError::Repeated));
    let opened = pair
        .bob
        .open(NOW + 30_000, &late, |_, _| Admission::Contact);
    assert_eq!(opened, Err(EnvelopeError::NotForUs));
    pair.bob.forget(key(ALICE));
    assert!(pair.bob.is_empty());
}

#[test]
fn requests_and_welcomes_need_no_session() {
    let (mut alice, mut bob) = (sessions(ALICE), sessions(BOB));
    let request = crate::requests::request(name(), None, Vec::new());
    let welcome = crate::requests::welcome(name(), Vec::new());
    let envelope = alice.seal(NOW, key(BOB), &request).unwrap();
    assert_eq!(heard(&mut bob, &envelope), request);
    let envelope = bob.seal(NOW, key(ALICE), &welcome).unwrap();
    assert_eq!(heard(&mut alice, &envelope), welcome);
    assert!(alice.is_empty() && bob.is_empty());
}

#[test]
fn whatever_fits_can_be_sealed_and_comes_back() {
    let mut random = Random::new(1);
    let mut pair = Pair::new();
    let (mut fitting, mut refused) = (0, 0);
    for seq in 0..200 {
        let characters: &[char] = match random.below(3) {
            0 => &['a', 'ë', '字', '🙂'],
            1 => &['a', 'b', 'c', '"', '\\', '\n'],
            _ => &['a', 'b', 'c', 'd', 'e', 'f', 'g', '\0', '\u{1f}', '\u{8}'],
        };
        let len = random.below(MAX_SIGNAL + 100);
        let mut data = String::new();
        while data.len() < len {
            data.push(characters[random.below(characters.len())]);
        }
        if super::super::fits(&data) {
            fitting += 1;
            let message = signal(seq, &data);
            let envelope = pair.alice_says(&message);
            assert_eq!(heard(&mut pair.bob, &envelope), message);
        } else {
            refused += 1;
        }
    }
    assert!(fitting > 50 && refused > 5, "{fitting} {refused}");
    let long = signal(0, &"\"".repeat(MAX_SIGNAL));
    let refused = pair.alice.seal(NOW, key(BOB), &long);
    assert!(matches!(refused, Err(EnvelopeError::TooLarge(_))));
}

#[test]
fn debug_shows_neither_keys_nor_messages() {
    let mut pair = Pair::new();
    let offer = pair.alice_says(&signal(1, "v=0 192.0.2.1"));
    let shown = format!(
        "{:?} {:?}",
        pair.alice,
        open(&mut pair.bob, &offer).unwrap()
    );
    let keys = [ALICE, BOB].map(|who| key(who).to_string()[..5].to_owned());
    for personal in ["192", "v=0", "call", &keys[0], &keys[1]] {
        assert!(!shown.contains(personal), "{shown}");
    }
    assert_eq!(format!("{:?}", pair.bob.take_seen()), "[Seen]");
}
