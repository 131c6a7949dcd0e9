//! Becoming contacts, and not becoming contacts.

use ringdown_core::call::{EndReason, Phase};
use ringdown_core::contacts::Standing;
use ringdown_core::invite::Invite;
use ringdown_core::invite::issued::InviteKind;

use super::person::{APART, HERE, Someone, become_friends, friends};
use super::*;

#[tokio::test]
async fn alice_opens_bobs_invite_and_once_he_says_yes_both_have_each_other() {
    let (alice, bob) = (
        Someone::arrives("Alice").await,
        Someone::arrives("Bob").await,
    );
    let invite = bob.invite().await;
    let key = alice.asks(&bob).await;
    let contact = alice.snapshot().await.contacts.remove(0);
    assert_eq!(contact.standing, Standing::Requested);
    let asking = bob.is_asked().await;
    assert_eq!((asking.name.as_str(), asking.namesake), ("Alice", None));

    bob.says_yes().await;
    alice.has_a_friend("Bob").await;
    let snapshot = bob.snapshot().await;
    assert!(snapshot.requests.is_empty());
    assert_eq!(snapshot.contacts[0].name, "Alice");
    assert_ne!(snapshot.invite.unwrap(), invite, "that one is used up");
    let used = snapshot
        .invites
        .iter()
        .find(|invite| invite.used_by.is_some());
    assert_eq!(used.unwrap().used_by.as_deref(), Some("Alice"));

    alice.calls(key).await;
    bob.is_in(Phase::Ringing).await;
}

#[tokio::test]
async fn two_who_open_each_others_invites_need_no_questions() {
    let (alice, bob) = (
        Someone::arrives("Alice").await,
        Someone::arrives("Bob").await,
    );
    let (to_bob, to_alice) = (bob.invite().await, alice.invite().await);
    let (one, other) = tokio::join!(alice.adds(&to_bob), bob.adds(&to_alice));
    one.unwrap();
    other.unwrap();
    alice.has_a_friend("Bob").await;
    bob.has_a_friend("Alice").await;
    assert!(alice.snapshot().await.requests.is_empty());
    assert!(bob.snapshot().await.requests.is_empty());
}

#[tokio::test]
async fn who_is_ignored_never_rings_and_hears_what_one_hears_of_somebody_who_is_away() {
    let (alice, bob) = (
        Someone::arrives("Alice").await,
        Someone::arrives("Bob").await,
    );
    let key = alice.asks(&bob).await;
    let asking = bob.is_asked().await.key.parse().unwrap();
    bob.hub
        .ask(move |hub| hub.ignore_request(asking))
        .await
        .unwrap();
    alice.hopes().await;
    alice.calls(key).await;
    alice.hears_of_end(EndReason::Unreachable).await;
    let snapshot = bob.snapshot().await;
    assert!(snapshot.call.is_none() && snapshot.requests.is_empty());
    // Bob thinks better of it: adding her is all it takes.
    bob.asks(&alice).await;
    bob.has_a_friend("Alice").await;
    alice.has_a_friend("Bob").await;
}

#[tokio::test]
async fn an_invite_that_was_used_admits_nobody_else() {
    let (alice, bob) = (
        Someone::arrives("Alice").await,
        Someone::arrives("Bob").await,
    );
    let leaked = bob.invite().await;
    alice.adds(&leaked).await.unwrap();
    bob.says_yes().await;
    let carol = Someone::arrives("Carol").await;
    carol.adds(&leaked).await.unwrap();
    let key = bob.key().await;
    carol.calls(key).await;
    carol.hears_of_end(EndReason::Unreachable).await;
    let snapshot = bob.snapshot().await;
    assert!(snapshot.call.is_none() && snapshot.requests.is_empty());
}

#[tokio::test]
async fn who_is_blocked_when_asking_spoils_the_invite_for_everybody_who_has_it() {
    let (alice, bob) = (
        Someone::arrives("Alice").await,
        Someone::arrives("Bob").await,
    );
    let leaked = bob.invite().await;
    alice.adds(&leaked).await.unwrap();
    let asking = bob.is_asked().await.key.parse().unwrap();
    bob.hub
        .ask(move |hub| hub.block_request(asking))
        .await
        .unwrap();
    let carol = Someone::arrives("Carol").await;
    carol.adds(&leaked).await.unwrap();
    let key = bob.key().await;
    carol.calls(key).await;
    carol.hears_of_end(EndReason::Unreachable).await;
    assert!(bob.snapshot().await.requests.is_empty());
}

#[tokio::test]
async fn an_expired_invite_says_whom_to_ask_for_a_new_one() {
    let (alice, bob) = (
        Someone::arrives("Alice").await,
        Someone::arrives("Bob").await,
    );
    let mut invite = Invite::parse(&bob.invite().await).unwrap();
    invite.expires = Some(1_700_000_000);
    let link = invite.to_link();
    let refused = alice.adds(&link).await.unwrap_err();
    assert_eq!(
        refused.message,
        "This invite has expired. Ask Bob for a new one."
    );
    assert!(alice.snapshot().await.contacts.is_empty());
    let preview = alice.hub.ask(move |hub| hub.invite_preview(&link)).await;
    assert!(preview.unwrap().expired);
}

#[tokio::test]
async fn a_permanent_invite_admits_many_until_it_is_taken_back() {
    let bob = Someone::arrives("Bob").await;
    let card = bob
        .hub
        .ask(|hub| hub.new_invite(InviteKind::Permanent, Some("my card")))
        .await
        .unwrap();
    assert!(card.qr.contains("<svg"));
    for name in ["Alice", "Carol"] {
        let friend = Someone::arrives(name).await;
        friend.adds(&card.link).await.unwrap();
        bob.says_yes().await;
        friend.has_a_friend("Bob").await;
    }
    let views = bob.snapshot().await.invites;
    let view = views.iter().find(|view| view.label == "my card").unwrap();
    assert_eq!((view.expires_ms, view.used_by.as_deref()), (None, None));
    let id = view.id.parse().unwrap();
    bob.hub.ask(move |hub| hub.revoke_invite(id)).await.unwrap();
    let views = bob.snapshot().await.invites;
    assert!(views.iter().all(|view| view.label != "my card"));

    let dave = Someone::arrives("Dave").await;
    dave.adds(&card.link).await.unwrap();
    let key = bob.key().await;
    dave.calls(key).await;
    dave.hears_of_end(EndReason::Unreachable).await;
    assert!(bob.snapshot().await.requests.is_empty());
}

#[tokio::test]
async fn somebody_new_under_an_old_name_comes_with_a_warning() {
    let (_alice, bob, _) = friends().await;
    let impostor = Someone::arrives("alice").await;
    impostor.asks(&bob).await;
    let asking = bob.is_asked().await;
    assert_eq!(asking.namesake.as_deref(), Some("Alice"));
    let key = asking.key.parse().unwrap();
    let taken = bob
        .hub
        .ask(move |hub| hub.accept_request(key, None))
        .await
        .unwrap_err();
    assert_eq!(taken.code, "request");
    assert_eq!(bob.snapshot().await.requests.len(), 1);
    bob.hub
        .ask(move |hub| hub.accept_request(key, Some("Alice from work")))
        .await
        .unwrap();
    impostor.has_a_friend("Bob").await;
    // The other way round, before anything is sent.
    let link = impostor.invite().await;
    let carol = Someone::arrives("Carol").await;
    become_friends(&carol, &_alice).await;
    let preview = carol.hub.ask(move |hub| hub.invite_preview(&link)).await;
    assert_eq!(preview.unwrap().namesake.as_deref(), Some("Alice"));
}

#[tokio::test]
async fn a_request_waits_through_a_restart_and_one_that_found_nobody_is_sent_again() {
    let (alice, bob) = (
        Someone::arrives("Alice").await,
        Someone::arrives_at(APART, "Bob").await,
    );
    let invite = bob.invite().await;
    let dir = bob.closes().await;
    alice.adds(&invite).await.unwrap();
    let bob = Someone::opens(dir, APART).await;
    bob.sees(|snapshot| snapshot.line.online).await;
    // The first try may have found nobody.
    alice.hopes().await;
    bob.is_asked().await;
    let bob = Someone::opens(bob.closes().await, APART).await;
    assert_eq!(bob.is_asked().await.name, "Alice");
    bob.says_yes().await;
    alice.has_a_friend("Bob").await;
}

#[tokio::test]
async fn the_command_line_prints_an_invite_that_works_beside_the_running_app() {
    let bob = Someone::arrives("Bob").await;
    let mut options = Options::for_tests(bob.dir.path().to_owned(), HERE.into());
    options.data_dir = bob.dir.path().to_owned();
    assert_eq!(invite_offline(&options).unwrap(), bob.invite().await);
    // The one that the app shows is gone, as after a week: the command line makes another, which the app has to read.
    let connection = rusqlite::Connection::open(bob.dir.path().join("ringdown.db")).unwrap();
    connection.execute("DELETE FROM invite", []).unwrap();
    let link = invite_offline(&options).unwrap();
    let alice = Someone::arrives("Alice").await;
    alice.adds(&link).await.unwrap();
    bob.says_yes().await;
    alice.has_a_friend("Bob").await;
}

#[tokio::test]
async fn who_is_blocked_cannot_tell_it_from_being_offline_and_rings_again_once_unblocked() {
    let (alice, bob, key) = friends().await;
    let her = alice.key().await;
    alice.calls(key).await;
    bob.is_in(Phase::Ringing).await;
    let block = move |blocked| move |hub: &mut Hub| hub.set_blocked(her, blocked);
    bob.hub.ask(block(true)).await.unwrap();
    alice
        .sees(|snapshot| {
            snapshot
                .call
                .as_ref()
                .is_some_and(|call| call.reason.is_some())
        })
        .await;
    alice.dismisses().await;
    bob.dismisses().await;
    alice.calls(key).await;
    alice.hears_of_end(EndReason::Unreachable).await;
    assert!(bob.snapshot().await.call.is_none());
    let refused = bob.hub.ask(move |hub| hub.call(her, true)).await;
    assert_eq!(refused.unwrap_err().code, "nobody");

    bob.hub.ask(block(false)).await.unwrap();
    alice.dismisses().await;
    alice.calls(key).await;
    bob.is_in(Phase::Ringing).await;
}

#[tokio::test]
async fn who_is_removed_is_a_stranger_again() {
    let (alice, bob, key) = friends().await;
    let her = alice.key().await;
    bob.hub
        .ask(move |hub| hub.remove_contact(her))
        .await
        .unwrap();
    alice.calls(key).await;
    alice.hears_of_end(EndReason::Unreachable).await;
    assert!(bob.snapshot().await.call.is_none());
}

#[tokio::test]
async fn who_looks_like_alice_is_told_from_her_whatever_letters_they_take() {
    let (_alice, bob, _) = friends().await;
    for fake in ["Аlice", "AIice", "ＡＬＩＣＥ"] {
        let impostor = Someone::arrives(fake).await;
        impostor.asks(&bob).await;
        let asking = bob.is_asked().await;
        assert_eq!(asking.namesake.as_deref(), Some("Alice"), "{fake}");
        let key = asking.key.parse().unwrap();
        let accept = move |name| move |hub: &mut Hub| hub.accept_request(key, name);
        let refused = bob.hub.ask(accept(None)).await.unwrap_err();
        assert!(
            refused.message.contains("that of your contact “Alice”"),
            "{}",
            refused.message
        );
        bob.hub.ask(accept(Some("Mallory"))).await.unwrap();
        let snapshot = bob.snapshot().await;
        let known = |name| snapshot.contacts.iter().find(move |one| one.name == name);
        assert_eq!(known("Mallory").unwrap().namesake.as_deref(), Some("Alice"));
        assert_eq!(known("Alice").unwrap().namesake, None);
        let renamed = bob
            .hub
            .ask(move |hub| hub.rename_contact(key, "Aliсe"))
            .await;
        assert_eq!(renamed.unwrap_err().code, "contact");
        let link = impostor.invite().await;
        bob.hub
            .ask(move |hub| hub.remove_contact(key))
            .await
            .unwrap();
        let preview = bob.hub.ask(move |hub| hub.invite_preview(&link)).await;
        assert_eq!(preview.unwrap().namesake.as_deref(), Some("Alice"));
    }
}

#[tokio::test]
async fn a_one_time_invite_that_got_around_asks_once_and_the_person_is_told() {
    let bob = Someone::arrives("Bob").await;
    let (leaked, card) = (
        bob.invite().await,
        bob.hub
            .ask(|hub| hub.new_invite(InviteKind::Permanent, Some("my card")))
            .await
            .unwrap(),
    );
    let (alice, carol) = (
        Someone::arrives("Alice").await,
        Someone::arrives("Carol").await,
    );
    alice.adds(&leaked).await.unwrap();
    carol.adds(&card.link).await.unwrap();
    bob.sees(|snapshot| snapshot.requests.len() == 2).await;
    let mut thieves = Vec::new();
    for _ in 0..4 {
        let thief = Someone::arrives("Аlice").await;
        thief.adds(&leaked).await.unwrap();
        thieves.push(thief);
    }
    // Two of them find room beside her. That the others do not is seen once they have been heard.
    bob.sees(|snapshot| snapshot.requests.len() == 4).await;
    for thief in &thieves {
        thief.hopes().await;
    }
    let requests = bob.snapshot().await.requests;
    assert_eq!(requests.len(), 4);
    for asking in &requests {
        let leaked = asking.name != "Carol";
        assert_eq!((asking.shared, asking.alike), (leaked, leaked));
    }

    let her = alice.key().await;
    bob.hub
        .ask(move |hub| hub.accept_request(her, None))
        .await
        .unwrap();
    alice.has_a_friend("Bob").await;
    let snapshot = bob.snapshot().await;
    let left: Vec<_> = snapshot.requests.iter().map(|one| &one.name).collect();
    assert_eq!(left, ["Carol"], "who has another invite waits on");
    let told = snapshot.notices.iter();
    let told = told.filter(|notice| notice.code == "invite_got_around");
    let told: Vec<_> = told.map(|notice| notice.message.as_str()).collect();
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("you accepted Alice"), "{told:?}");
    for thief in &thieves {
        let key = bob.key().await;
        thief.calls(key).await;
        thief.hears_of_end(EndReason::Unreachable).await;
    }
    assert!(bob.snapshot().await.call.is_none());
}
