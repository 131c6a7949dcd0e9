use ringdown_core::envelope::MAX_NOTE_AGE_MS;
use ringdown_core::identity::Identity;
use ringdown_core::invite::Token;
use ringdown_core::invite::issued::InviteKind;
use ringdown_core::name::DisplayName;

use ringdown_core::call::{Direction, EndReason};
use uuid::Uuid;

use super::*;
use crate::ipc::{HistoryQuery, PathKind};

fn bob() -> Contact {
    Contact {
        key: Identity::from_seed([2; 32]).public(),
        name: DisplayName::parse("Bob").unwrap(),
        own_name: DisplayName::parse("Robert").unwrap(),
        reach: vec![Reach::parse("ws://192.0.2.7:47100").unwrap()],
        invited: vec![Reach::parse("wss://bob.example.org").unwrap()],
        ice_policy: Some(IcePolicy::RelayOnly),
        standing: Standing::Mutual,
        verified: true,
        blocked: true,
        early: true,
        token: Some(Token::from_bytes([3; 16])),
        favorite: true,
        note: "Plays the cello".into(),
        shows_presence: true,
    }
}

#[test]
fn contacts_and_settings_are_there_after_opening_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    store.put_contact(&bob()).unwrap();
    store.set_setting("name", &"Alice").unwrap();
    drop(store);

    let store = Store::open(dir.path()).unwrap();
    assert_eq!(store.contacts().unwrap(), [bob()]);
    assert_eq!(
        store.setting::<String>("name").unwrap().as_deref(),
        Some("Alice")
    );
    store.remove_contact(bob().key).unwrap();
    assert!(store.contacts().unwrap().is_empty());
}

#[test]
fn contacts_of_the_first_version_are_kept_and_have_not_been_asked() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(FILE);
    let mut old = Connection::open(&path).unwrap();
    MIGRATIONS.to_version(&mut old, 1).unwrap();
    let key = bob().key.to_string();
    old.execute(
        "INSERT INTO contact VALUES (?1, 'Bob', 'Robert', '[\"ws://192.0.2.7:47100\"]', '\"relay_only\"')",
        [key],
    )
    .unwrap();
    drop(old);
    let expected = Contact {
        standing: Standing::Requested,
        verified: false,
        blocked: false,
        early: false,
        invited: Vec::new(),
        token: None,
        favorite: false,
        note: String::new(),
        shows_presence: false,
        ..bob()
    };
    assert_eq!(
        Store::open(dir.path()).unwrap().contacts().unwrap(),
        [expected]
    );
}

#[test]
fn invites_are_kept_as_they_are_and_those_gone_from_the_book_go() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    let mut book = IssuedBook::default();
    book.make(InviteKind::OneTime, None, 1).unwrap();
    let card = book.make(InviteKind::Permanent, Some("card"), 2).unwrap();
    store.keep_invites(&book).unwrap();
    book.revoke(card.id);
    store.keep_invites(&book).unwrap();
    let kept = IssuedBook::from_saved(Store::open(dir.path()).unwrap().invites().unwrap());
    assert_eq!(kept, book);
    store.keep_invites(&IssuedBook::default()).unwrap();
    assert!(store.invites().unwrap().is_empty());
}

#[test]
fn what_was_opened_is_remembered_until_it_is_stale() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    let seen = [(1, 100), (2, 200)].map(|(byte, until_ms)| Seen {
        ephemeral: [byte; 32],
        until_ms,
    });
    store.keep_seen(&seen).unwrap();
    store.keep_seen(&seen).unwrap();
    let store = Store::open(dir.path()).unwrap();
    assert_eq!(store.seen(50).unwrap().len(), 2);
    assert!(store.seen(100).unwrap() == seen[1..]);
    assert!(store.seen(50).unwrap() == seen[1..], "it is gone for good");
}

#[test]
fn a_setting_of_another_shape_counts_as_never_set() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    store.set_setting("port", &"many").unwrap();
    assert_eq!(store.setting::<u16>("port").unwrap(), None);
}

#[test]
fn a_database_somebody_else_holds_is_called_locked() {
    let dir = tempfile::tempdir().unwrap();
    drop(Store::open(dir.path()).unwrap());
    let other = Connection::open(dir.path().join("ringdown.db")).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let error = Store::open(dir.path()).unwrap_err();
    assert!(matches!(error, StoreError::Locked(_)), "{error}");
}

#[test]
fn a_write_while_somebody_holds_the_database_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let other = Connection::open(dir.path().join("ringdown.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(matches!(
        store.put_contact(&bob()),
        Err(StoreError::Locked(_))
    ));
    other.execute_batch("ROLLBACK").unwrap();
    store.put_contact(&bob()).unwrap();
    assert_eq!(store.contacts().unwrap(), [bob()]);
}

#[test]
fn a_database_of_a_newer_version_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    drop(Store::open(dir.path()).unwrap());
    let path = dir.path().join("ringdown.db");
    Connection::open(&path)
        .unwrap()
        .pragma_update(None, "user_version", 999)
        .unwrap();
    assert!(matches!(Store::open(dir.path()), Err(StoreError::Newer(_))));
    let version: i64 = Connection::open(&path)
        .unwrap()
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    assert_eq!(version, 999);
}

#[test]
fn a_file_that_is_no_database_is_called_damaged_and_kept() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ringdown.db");
    let junk = "this is a shopping list, and a long one at that ".repeat(100);
    std::fs::write(&path, &junk).unwrap();
    assert!(matches!(
        Store::open(dir.path()),
        Err(StoreError::Damaged(_))
    ));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), junk);
}

#[test]
fn a_place_that_cant_be_written_is_called_read_only() {
    let dir = tempfile::tempdir().unwrap();
    // Root may write anywhere, so the folder is one that isn't there rather than one that isn't ours.
    let error = Store::open(&dir.path().join("missing")).unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly(_)), "{error}");
    assert!(error.to_string().contains("--data-dir"), "{error}");
}

#[test]
fn a_read_only_database_is_called_read_only() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    store
        .connection
        .pragma_update(None, "query_only", true)
        .unwrap();
    assert!(matches!(
        store.put_contact(&bob()),
        Err(StoreError::ReadOnly(_))
    ));
}

#[test]
fn contacts_no_ringdown_wrote_are_called_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    store
        .connection
        .execute(
            "INSERT INTO contact (key, name, own_name, reach) VALUES ('nonsense', 'Bob', 'Bob', '[]')",
            [],
        )
        .unwrap();
    assert!(matches!(store.contacts(), Err(StoreError::Damaged(_))));
}

/// Somebody called at this time, in vain.
fn missed(name: &str, seed: u8, started_ms: u64) -> PastCall {
    PastCall {
        call: Uuid::from_u128(started_ms.into()),
        contact: Identity::from_seed([seed; 32]).public(),
        name: name.into(),
        direction: Direction::Incoming,
        video: false,
        started_ms,
        duration_ms: None,
        reason: EndReason::Missed,
        path: None,
        offline_note: false,
        unseen: true,
    }
}

/// The entries of the history, newest first: when, and how many calls each is.
fn entries(store: &Store) -> Vec<(u64, u32)> {
    let query = HistoryQuery {
        limit: 500,
        ..HistoryQuery::default()
    };
    let page = store.history(&query).unwrap();
    let entries = page.entries.into_iter();
    entries
        .map(|entry| (entry.started_ms, entry.times))
        .collect()
}

#[test]
fn notes_of_one_person_that_are_close_together_are_one_entry_until_it_was_seen() {
    const MINUTE: u64 = 60_000;
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let now = 1_000 * MINUTE;
    let leaves = |seed, at| {
        let note = PastCall {
            offline_note: true,
            ..missed("Bob", seed, at)
        };
        store.put_missed(&note, now).unwrap()
    };
    assert!(leaves(2, 900 * MINUTE));
    assert!(!leaves(2, 905 * MINUTE) && !leaves(2, 896 * MINUTE));
    assert!(leaves(3, 905 * MINUTE), "that is somebody else");
    assert!(leaves(2, 950 * MINUTE), "that is later");
    let all = [(950, 1), (905, 1), (905, 3)].map(|(at, times)| (at * MINUTE, times));
    let mut kept = entries(&store);
    kept.sort_unstable_by_key(|(at, times)| (std::cmp::Reverse(*at), *times));
    assert_eq!(kept, all);
    assert_eq!(store.missed().unwrap(), 5);
    store.see_missed().unwrap();
    assert!(leaves(2, 951 * MINUTE), "that is news");
    assert_eq!(store.missed().unwrap(), 1);
}

#[test]
fn one_person_cannot_fill_the_history_with_notes_or_with_calls() {
    const HOUR: u64 = 3_600_000;
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let now = 10_000 * HOUR;
    // Whatever time they claim, and however often Bob looks.
    for number in 0..200 {
        let claimed = [now, now - MAX_NOTE_AGE_MS, now - number * HOUR / 3];
        for at in claimed {
            let note = PastCall {
                offline_note: true,
                ..missed("Mallory", 66, at)
            };
            store.put_missed(&note, now + number).unwrap();
            store.see_missed().unwrap();
        }
    }
    assert_eq!(entries(&store).len(), 16);
    assert_eq!(
        entries(&store).iter().map(|(_, times)| times).sum::<u32>(),
        600
    );
    for number in 0..200 {
        let call = missed("Mallory", 66, now + number);
        store.put_missed(&call, now + number).unwrap();
    }
    assert_eq!(entries(&store).len(), 16 + 32);
    // Alice's call has its own place.
    assert!(store.put_missed(&missed("Alice", 1, now), now).unwrap());
}

fn names(store: &Store, query: HistoryQuery) -> (Vec<String>, bool) {
    let page = store.history(&query).unwrap();
    let names = page.entries.into_iter().map(|entry| entry.name);
    (names.collect(), page.more)
}

#[test]
fn the_history_is_read_page_by_page_by_person_and_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    store.put_contact(&bob()).unwrap();
    for call in [
        missed("Bobby", 2, 100),
        missed("Zoë", 3, 200),
        missed("ZOË", 3, 300),
    ] {
        store.put_call(&call).unwrap();
    }
    let ask = |contact: Option<&str>, search: &str, before, limit| HistoryQuery {
        contact: contact.map(Into::into),
        search: search.into(),
        before,
        limit,
    };
    let zoe = Identity::from_seed([3; 32]).public().to_string();
    for (query, expected, more) in [
        (ask(None, "", None, 2), vec!["ZOË", "Zoë"], true),
        // Bob has another name by now.
        (ask(None, "", Some(200), 2), vec!["Bob"], false),
        (ask(None, " zoë", None, 9), vec!["ZOË", "Zoë"], false),
        (ask(Some(&zoe), "", None, 1), vec!["ZOË"], true),
    ] {
        assert_eq!(
            names(&store, query),
            (expected.into_iter().map(Into::into).collect(), more)
        );
    }
    let entry = store.history(&ask(None, "", Some(300), 9)).unwrap();
    let known = |entry: &crate::ipc::HistoryEntry| entry.contact.is_some();
    assert_eq!(
        entry.entries.iter().map(known).collect::<Vec<_>>(),
        [false, true],
        "Zoë is no contact"
    );
}

#[test]
fn calls_are_kept_as_they_were_counted_and_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let answered = PastCall {
        duration_ms: Some(7),
        path: Some(PathKind::Relay),
        reason: EndReason::EndedByMe,
        unseen: false,
        ..missed("Bob", 2, 50)
    };
    store.put_call(&answered).unwrap();
    store.put_call(&missed("Bob", 2, 100)).unwrap();
    assert_eq!(store.missed().unwrap(), 1);
    assert!(store.knows_call(answered.contact, answered.call).unwrap());
    assert!(
        !store
            .knows_call(answered.contact, Uuid::from_u128(1))
            .unwrap()
    );
    let last = store.last_calls().unwrap();
    assert_eq!(last.get(&answered.contact.to_string()), Some(&100));

    let all = HistoryQuery {
        limit: 9,
        ..HistoryQuery::default()
    };
    let kept = store.history(&all).unwrap().entries.pop().unwrap();
    assert_eq!(
        (kept.duration_ms, kept.path, kept.reason),
        (Some(7), Some(PathKind::Relay), EndReason::EndedByMe)
    );
    assert_eq!(store.see_missed().unwrap(), 1);
    assert_eq!(store.prune_history(100).unwrap(), 1);
    assert_eq!(store.history(&all).unwrap().entries.len(), 1);
    store.delete_history(Some("not a number")).unwrap();
    store.delete_history(None).unwrap();
    assert!(store.history(&all).unwrap().entries.is_empty());
}

#[test]
fn names_that_an_earlier_ringdown_let_in_are_read_without_what_has_no_place_in_them() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    store.put_contact(&bob()).unwrap();
    let call = PastCall {
        call: Uuid::nil(),
        contact: Identity::from_seed([9; 32]).public(),
        name: "Al\u{200b}ice\u{200f}".into(),
        direction: Direction::Incoming,
        video: false,
        started_ms: 1,
        duration_ms: None,
        reason: EndReason::Missed,
        path: None,
        offline_note: false,
        unseen: false,
    };
    store.put_call(&call).unwrap();
    for (kept, read) in [
        ("B\u{2060}ob\u{200e}", "Bob"),
        ("\u{301}\u{f8ff}", "\u{fffd}"),
        ("\u{2800}", "\u{fffd}"),
        ("\u{180b}", "\u{fffd}"),
    ] {
        store
            .connection
            .execute("UPDATE contact SET name = ?1, own_name = ?1", [kept])
            .unwrap();
        let name = DisplayName::parse(read).unwrap();
        let contact = Contact {
            name: name.clone(),
            own_name: name,
            ..bob()
        };
        assert_eq!(store.contacts().unwrap(), [contact], "{kept:?}");
        let quoted = serde_json::to_string(kept).unwrap();
        let raw: serde_json::Value = serde_json::from_str(&quoted).unwrap();
        store.set_setting("name", &raw).unwrap();
        let own: DisplayName = store.setting("name").unwrap().unwrap();
        assert_eq!(own.as_str(), read);
    }
    let query = HistoryQuery {
        contact: None,
        search: String::new(),
        before: None,
        limit: 10,
    };
    let page = store.history(&query).unwrap();
    assert_eq!(page.entries[0].name, "Alice");
}
