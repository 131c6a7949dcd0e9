use super::*;

const CLOCK: u64 = 1_800_000_000_000;

fn clocks() -> Clocks {
    Clocks {
        now: Instant::now(),
        unix: CLOCK,
    }
}

#[test]
fn a_time_is_the_same_in_the_next_run() {
    let (before, after) = (clocks(), clocks());
    let unix = before.unix(before.now + NOTES_KEPT);
    assert_eq!(unix, CLOCK + 3 * 86_400_000);
    assert_eq!(after.instant(unix), Some(after.now + NOTES_KEPT));
    let minute = Duration::from_secs(60);
    let later = Clocks {
        unix: unix - 60_000,
        ..clocks()
    };
    assert_eq!(later.instant(unix), Some(later.now + minute));
    assert_eq!(before.unix(before.now - minute), CLOCK, "over");
    assert_eq!(after.instant(CLOCK), None);
    assert_eq!(after.instant(0), None);
}

#[test]
fn a_clock_that_was_set_back_makes_nothing_last_longer_than_it_may() {
    let clocks = clocks();
    assert_eq!(clocks.instant(u64::MAX), Some(clocks.now + NOTES_KEPT));
}

#[test]
fn what_is_left_over_from_writing_and_what_memory_has_no_room_for_is_removed() {
    let dir = tempfile::tempdir().unwrap();
    let soon = Clocks::read().unix + 60_000;
    for number in 0..20 {
        let file = NoteFile {
            to: Key::from([1; 32]),
            until: soon + number,
            payload: Payload::new(b"sealed").unwrap(),
        };
        let path = dir.path().join(format!("{number}.note"));
        std::fs::write(path, serde_json::to_vec(&file).unwrap()).unwrap();
    }
    std::fs::write(dir.path().join("known.tmp"), "{").unwrap();
    let mut state = StateDir::open(dir.path()).unwrap();
    let hub = Hub::default();
    state.save(&hub, false);
    let mut names = files::names(dir.path()).unwrap();
    names.retain(|name| name != LOCK);
    names.sort();
    let mut newest: Vec<String> = (4..20).map(|number| format!("{number}.note")).collect();
    newest.sort();
    assert_eq!(names, newest);
}

#[test]
fn whoever_is_there_is_known_for_the_full_time_by_a_server_that_was_killed() {
    let dir = tempfile::tempdir().unwrap();
    let hub = std::sync::Arc::new(Hub::default());
    let (mailbox, _mail) = super::super::hub::Mailbox::new();
    let (bob, clocks) = (Key::from([2; 32]), Clocks::read());
    let patience = Duration::from_secs(2);
    let origin = super::super::shares::Origin::Address(2);
    let seat = hub.register(bob, mailbox, origin, clocks.now, patience);
    let mut state = StateDir::open(dir.path()).unwrap();
    let until = || {
        let file = std::fs::read(dir.path().join(KNOWN)).unwrap();
        let known: KnownFile = serde_json::from_slice(&file).unwrap();
        known.keys[0].1
    };
    state.try_save(&hub, false).unwrap();
    let first = until();
    // An hour later, and still there.
    let later = Clocks {
        now: clocks.now + KNOWN_AGAIN * 2,
        unix: clocks.unix + milliseconds(KNOWN_AGAIN * 2),
    };
    state.write_known(&hub, &later, false).unwrap();
    assert!(until() >= first + milliseconds(KNOWN_AGAIN));
    drop(seat);
}
