use std::time::Duration;

use super::*;
use crate::server::chance::Chance;

const ALICE: Origin = Origin::Address(1);
const MALLORY: Origin = Origin::Address(666);

fn key(number: u64) -> Key {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&number.to_be_bytes());
    Key::from(key)
}

fn bob() -> Key {
    key(1)
}

fn note(text: u8) -> Payload {
    Payload::new(&[text]).unwrap()
}

fn kept(notes: &Notes, now: Instant) -> Vec<Payload> {
    let kept = notes.of(&bob(), now).into_iter();
    kept.map(|left| left.payload).collect()
}

/// A server at which Bob was.
fn where_bob_was(now: Instant) -> Notes {
    let mut notes = Notes::default();
    notes.known.leave(bob(), ALICE, now);
    notes
}

#[test]
fn a_note_waits_for_bob_until_he_answered_or_some_days_went_by() {
    let now = Instant::now();
    let mut notes = where_bob_was(now);
    let number = notes.keep(bob(), false, &note(7), ALICE, now).unwrap();
    assert_eq!(kept(&notes, now), [note(7)]);
    notes.forget(&bob(), number);
    assert!(kept(&notes, now).is_empty() && notes.kept.len() == 0);
    notes.keep(bob(), false, &note(8), ALICE, now);
    assert!(kept(&notes, now + NOTES_KEPT).is_empty());
    assert_eq!(notes.expire(now + NOTES_KEPT, 10), 1);
    assert!(notes.kept.len() == 0 && notes.numbers.is_empty());
}

#[test]
fn nothing_is_kept_for_who_was_never_here_or_not_for_long() {
    let now = Instant::now();
    let mut notes = Notes::default();
    assert_eq!(notes.keep(bob(), false, &note(7), ALICE, now), None);
    assert!(
        notes.keep(bob(), true, &note(7), ALICE, now).is_some(),
        "he is here"
    );
    let mut notes = where_bob_was(now);
    let later = now + NOTES_KEPT;
    assert_eq!(notes.keep(bob(), false, &note(7), ALICE, later), None);
}

#[test]
fn who_leaves_many_notes_drives_out_their_own() {
    let now = Instant::now();
    let mut notes = where_bob_was(now);
    notes.keep(bob(), false, &note(0), ALICE, now);
    for text in 1..=20 {
        let later = now + Duration::from_secs(text.into());
        notes.keep(bob(), false, &note(text), MALLORY, later);
    }
    let left = kept(&notes, now);
    assert_eq!(left.len(), 1 + MAX_NOTES_PER_SENDER);
    assert_eq!(left.first(), Some(&note(0)), "Alice's is still there");
}

#[test]
fn who_has_several_of_the_sixteen_loses_them_before_who_has_one() {
    let now = Instant::now();
    let mut notes = where_bob_was(now);
    notes.keep(bob(), false, &note(0), ALICE, now);
    // From four addresses, and from those again and again.
    for round in 0..10 {
        for address in 0..4 {
            let origin = Origin::Address(100 + address);
            let later = now + Duration::from_secs(1 + round);
            notes.keep(bob(), false, &note(9), origin, later);
        }
    }
    let left = kept(&notes, now);
    assert_eq!(left.len(), MAX_NOTES_PER_KEY);
    assert_eq!(
        left.first(),
        Some(&note(0)),
        "Alice's is the oldest, and still there"
    );
    // From a hundred addresses, one each: then nobody holds more than anybody, and the oldest goes.
    for address in 1000..1100 {
        notes.keep(
            bob(),
            false,
            &note(9),
            Origin::Address(address),
            now + NOTES_KEPT / 2,
        );
    }
    assert_eq!(kept(&notes, now).len(), MAX_NOTES_PER_KEY);
    assert_eq!(notes.kept.len(), MAX_NOTES_PER_KEY);
}

#[test]
fn one_address_has_a_share_of_all_notes_and_loses_its_own_oldest_beyond_it() {
    let now = Instant::now();
    let mut notes = where_bob_was(now);
    notes.keep(bob(), false, &note(0), ALICE, now);
    let mut first = None;
    for number in 10..10 + 2 * MAX_NOTES_PER_ORIGIN as u64 {
        let number = notes.keep(key(number), true, &note(9), MALLORY, now);
        first = first.or(number);
    }
    assert_eq!(notes.kept.held_by(MALLORY), MAX_NOTES_PER_ORIGIN as u64);
    assert!(notes.kept.get(first.unwrap()).is_none());
    assert_eq!(kept(&notes, now), [note(0)]);
}

#[test]
fn who_fills_the_server_from_many_addresses_leaves_everybody_else_their_notes() {
    let now = Instant::now();
    let mut notes = where_bob_was(now);
    notes.keep(bob(), false, &note(0), ALICE, now);
    for number in 0..3 * MAX_NOTES as u64 {
        let origin = Origin::Address(100 + number % 40);
        let later = now + Duration::from_millis(number);
        notes.keep(key(10 + number), true, &note(9), origin, later);
    }
    assert_eq!(notes.kept.len(), MAX_NOTES);
    assert_eq!(kept(&notes, now), [note(0)], "the oldest of all");
    notes.keep(bob(), false, &note(1), Origin::Address(2), now);
    assert_eq!(kept(&notes, now), [note(0), note(1)]);
    assert_eq!(notes.kept.len(), MAX_NOTES);
}

#[test]
fn what_an_earlier_run_took_is_held_to_the_same_limits() {
    let (mut notes, now) = (Notes::default(), Instant::now());
    let ends = |text: u8| now + Duration::from_secs(text.into());
    assert_eq!(notes.restore(bob(), note(0), now, now), None, "expired");
    // In any order: the oldest goes, even if it came last.
    for text in (1..=20).rev() {
        notes.restore(bob(), note(text), ends(text), now);
    }
    let newest: Vec<Payload> = (5..=20).map(note).collect();
    assert_eq!(kept(&notes, now), newest);
    assert_eq!(kept(&notes, ends(19)), [note(20)]);
    assert_eq!(notes.expire(ends(19), 100), 15);
    assert_eq!(notes.kept.len(), 1);

    // Nobody knows whose they are: they are not held to what one sender may have.
    let mut notes = where_bob_was(now);
    for number in 0..MAX_NOTES as u64 {
        notes.restore(key(100 + number), note(1), ends(9), now);
    }
    assert_eq!(notes.kept.len(), MAX_NOTES);
    assert!(notes.keep(bob(), false, &note(2), ALICE, now).is_some());
    assert_eq!(notes.kept.len(), MAX_NOTES);
    assert_eq!(kept(&notes, now), [note(2)]);
}

#[test]
fn a_note_costs_the_same_when_all_get_out_of_date_at_once() {
    let now = Instant::now();
    let mut notes = Notes::default();
    for number in 0..MAX_NOTES as u64 {
        notes.restore(key(100 + number), note(1), now + NOTES_KEPT, now);
    }
    let later = now + NOTES_KEPT;
    notes.keep(bob(), true, &note(2), ALICE, later);
    assert_eq!(notes.kept.len(), MAX_NOTES - EXPIRED_AT_ONCE + 1);
    assert_eq!(kept(&notes, later), [note(2)]);
}

#[test]
fn another_place_learns_what_came_and_what_went() {
    let now = Instant::now();
    let mut notes = where_bob_was(now);
    let numbers: Vec<u64> = (0..3)
        .filter_map(|text| notes.keep(bob(), false, &note(text), ALICE, now))
        .collect();
    let mut there: HashSet<u64> = [numbers[0], 99].into();
    let difference = notes.unlike(&there, 1);
    assert_eq!(difference.gone, [99]);
    assert_eq!((difference.fresh.len(), difference.more), (1, 1));
    assert_ne!(difference.fresh[0].payload, note(0));
    assert_eq!(difference.fresh[0].until, now + NOTES_KEPT);
    there.extend(&numbers);
    notes.forget(&bob(), numbers[1]);
    let difference = notes.unlike(&there, 1);
    assert_eq!(difference.gone.len(), 2);
    assert!(difference.fresh.is_empty() && difference.more == 0);
}

/// The rules for the notes of one server, as simply as they can be said.
#[derive(Default)]
struct Simple(Vec<(Key, Origin, Instant, u64)>);

impl Simple {
    fn add(&mut self, new: (Key, Origin, Instant, u64), now: Instant) {
        self.0.retain(|note| note.2 > now);
        self.0.push(new);
        let (to, origin) = (new.0, new.1);
        let is_theirs = |note: &(Key, Origin, Instant, u64)| note.0 == to && note.1 == origin;
        if self.0.iter().filter(|note| is_theirs(note)).count() > MAX_NOTES_PER_SENDER {
            self.drop_oldest(is_theirs);
        } else if self.0.iter().filter(|note| note.0 == to).count() > MAX_NOTES_PER_KEY {
            let count = |origin| {
                let of = self
                    .0
                    .iter()
                    .filter(|note| note.0 == to && note.1 == origin);
                of.count()
            };
            let most = self.0.iter().filter(|note| note.0 == to);
            let most = most.map(|note| count(note.1)).max().unwrap();
            let heaviest =
                |note: &&(Key, Origin, Instant, u64)| note.0 == to && count(note.1) == most;
            let gone = self
                .0
                .iter()
                .filter(heaviest)
                .min_by_key(|note| (note.2, note.3));
            let gone = gone.unwrap().3;
            self.0.retain(|note| note.3 != gone);
        }
    }

    fn drop_oldest(&mut self, of: impl Fn(&(Key, Origin, Instant, u64)) -> bool) {
        let oldest = self
            .0
            .iter()
            .filter(|note| of(note))
            .min_by_key(|note| (note.2, note.3));
        let oldest = oldest.unwrap().3;
        self.0.retain(|note| note.3 != oldest);
    }
}

#[test]
fn for_each_key_it_is_as_the_rules_say() {
    for seed in 0..20 {
        let mut chance = Chance::new(seed);
        let (mut notes, mut simple) = (Notes::default(), Simple::default());
        let mut now = Instant::now();
        for _ in 0..600 {
            let (to, origin) = (key(chance.below(3)), Origin::Address(chance.below(12)));
            let number = notes.keep(to, true, &note(7), origin, now).unwrap();
            simple.add((to, origin, now + NOTES_KEPT, number), now);
            if chance.below(8) == 0 {
                let left = notes.of(&to, now);
                if let Some(some) = left.first() {
                    notes.forget(&to, some.number);
                    simple.0.retain(|note| note.3 != some.number);
                }
            }
            now += NOTES_KEPT / 200 * u32::try_from(chance.below(20)).unwrap();
            for person in 0..3 {
                let numbers = notes.of(&key(person), now).into_iter();
                let numbers: Vec<u64> = numbers.map(|left| left.number).collect();
                let of = simple
                    .0
                    .iter()
                    .filter(|note| note.0 == key(person) && note.2 > now);
                let mut expected: Vec<_> = of.map(|note| (note.2, note.3)).collect();
                expected.sort();
                let expected: Vec<u64> = expected.into_iter().map(|note| note.1).collect();
                assert_eq!(numbers, expected);
            }
        }
        assert!(notes.kept.len() <= 3 * MAX_NOTES_PER_KEY);
    }
}
