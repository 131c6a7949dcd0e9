//! Alice invites, Bob asks; and what strangers try.

use super::*;
use crate::contacts::Standing;
use crate::envelope::Sessions;
use crate::identity::Identity;
use crate::invite::Invite;
use crate::invite::issued::{InviteKind, Issued, ONE_TIME_MS};

const NOW: u64 = 1_764_000_000_000;

/// Somebody's app, as far as it matters here.
struct App {
    key: PublicKey,
    name: DisplayName,
    contacts: Contacts,
    issued: IssuedBook,
    incoming: Incoming,
    outgoing: Outgoing,
}

impl App {
    fn new(seed: u8, name: &str) -> Self {
        Self {
            key: Identity::from_seed([seed; 32]).public(),
            name: DisplayName::parse(name).unwrap(),
            contacts: Contacts::default(),
            issued: IssuedBook::default(),
            incoming: Incoming::default(),
            outgoing: Outgoing::default(),
        }
    }

    fn reach(&self) -> Vec<Reach> {
        let name = self.name.as_str().to_lowercase();
        vec![Reach::parse(&format!("ws://{name}.example")).unwrap()]
    }

    fn invite(&mut self, kind: InviteKind) -> (Issued, Invite) {
        let issued = self.issued.make(kind, None, NOW).unwrap();
        let invite = Invite {
            key: self.key,
            name: self.name.clone(),
            reach: self.reach(),
            token: Some(issued.token),
            expires: issued.expires(),
        };
        (issued, Invite::parse(&invite.to_link()).unwrap())
    }

    fn request(&self, to: PublicKey) -> Message {
        let token = self.contacts.get(to).unwrap().token;
        request(self.name.clone(), token, self.reach())
    }

    /// Asks with an invite that came from anywhere.
    fn shows(&self, token: Token) -> Message {
        request(self.name.clone(), Some(token), Vec::new())
    }

    fn welcome(&self) -> Message {
        welcome(self.name.clone(), self.reach())
    }

    fn hears(&self, from: &App, message: &Message) -> Admission {
        let (contacts, issued) = (&self.contacts, &self.issued);
        self.incoming
            .admission(NOW, from.key, message, contacts, issued)
    }

    fn receive(&mut self, from: &App, message: Message) -> Step {
        let (contacts, issued) = (&mut self.contacts, &self.issued);
        self.incoming
            .received(NOW, from.key, message, contacts, issued)
    }

    fn accept(&mut self, who: &App) -> Result<usize, RequestError> {
        let (contacts, issued) = (&mut self.contacts, &mut self.issued);
        self.incoming.accept(who.key, None, contacts, issued)
    }

    fn standing(&self, with: &App) -> Option<Standing> {
        self.contacts.get(with.key).map(|contact| contact.standing)
    }
}

/// Alice made an invite of this kind, and Bob opened it.
fn opened(kind: InviteKind) -> (App, App, Issued) {
    let (mut alice, mut bob) = (App::new(1, "Alice"), App::new(2, "Bob"));
    let (issued, invite) = alice.invite(kind);
    bob.contacts.add(bob.key, invite, None).unwrap();
    (alice, bob, issued)
}

#[test]
fn bob_asks_alice_says_yes_and_both_know_each_other() {
    let (mut alice, mut bob, issued) = opened(InviteKind::OneTime);
    assert_eq!(bob.standing(&alice), Some(Standing::Requested));
    assert_eq!(bob.outgoing.take_due(NOW, &bob.contacts), [alice.key]);
    let request = bob.request(alice.key);
    assert_eq!(alice.hears(&bob, &request), Admission::Guest);
    assert_eq!(alice.receive(&bob, request.clone()), Step::Asked);
    assert_eq!(
        alice.contacts.iter().count(),
        0,
        "it is for Alice to decide"
    );
    let [pending] = alice.incoming.pending() else {
        panic!("one request")
    };
    assert_eq!((pending.key, &pending.name), (bob.key, &bob.name));

    alice.accept(&bob).unwrap();
    assert_eq!(alice.standing(&bob), Some(Standing::Mutual));
    assert_eq!(alice.contacts.get(bob.key).unwrap().reach, bob.reach());
    assert!(alice.incoming.pending().is_empty());
    assert!(
        !alice.issued.admits(issued.token, NOW),
        "it was for one person"
    );
    assert_eq!(alice.accept(&bob), Err(RequestError::Gone));

    assert_eq!(bob.receive(&alice, alice.welcome()), Step::Met);
    let known = bob.contacts.get(alice.key).unwrap();
    assert_eq!((known.standing, known.token), (Standing::Mutual, None));
    assert_eq!(bob.outgoing.poll_timeout(&bob.contacts), None);

    // The welcome was lost: Bob asks once more and is told once more.
    assert_eq!(alice.receive(&bob, request), Step::Welcome);
}

#[test]
fn two_who_opened_each_others_invites_need_no_question() {
    let (mut alice, mut bob, _) = opened(InviteKind::OneTime);
    let (_, invite) = bob.invite(InviteKind::OneTime);
    alice.contacts.add(alice.key, invite, None).unwrap();
    assert_eq!(alice.receive(&bob, bob.request(alice.key)), Step::Welcome);
    assert_eq!(alice.standing(&bob), Some(Standing::Mutual));
    assert_eq!(bob.receive(&alice, alice.welcome()), Step::Met);
    assert!(alice.incoming.pending().is_empty() && bob.incoming.pending().is_empty());
}

#[test]
fn who_shows_no_good_invite_is_not_heard() {
    let (mut alice, bob, issued) = opened(InviteKind::OneTime);
    let carol = App::new(3, "Carol");
    let with = |token| request(carol.name.clone(), token, Vec::new());
    let unknown = Token::from_bytes([9; 16]);
    for message in [with(None), with(Some(unknown)), carol.welcome()] {
        assert_eq!(alice.hears(&carol, &message), Admission::Refused);
        assert_eq!(alice.receive(&carol, message), Step::Nothing);
    }
    let good = with(Some(issued.token));
    let (contacts, book) = (&alice.contacts, &alice.issued);
    let late = NOW + ONE_TIME_MS;
    let expired = alice
        .incoming
        .admission(late, carol.key, &good, contacts, book);
    assert_eq!(expired, Admission::Refused);
    // Bob was quicker with the same link.
    alice.receive(&bob, bob.request(alice.key));
    assert_eq!(alice.hears(&carol, &good), Admission::Guest);
    alice.accept(&bob).unwrap();
    assert_eq!(alice.hears(&carol, &good), Admission::Refused);
    assert_eq!(alice.receive(&carol, good), Step::Nothing);
}

#[test]
fn a_stranger_may_ask_and_do_nothing_else() {
    let (alice, _, issued) = opened(InviteKind::Permanent);
    let carol = App::new(3, "Carol");
    let name = carol.name.clone();
    let say = |kind| Message {
        call: Uuid::nil(),
        seq: 0,
        kind,
    };
    let invite = Kind::Invite {
        video: true,
        name: name.clone(),
        early: true,
        servers: Vec::new(),
        port: None,
    };
    for kind in [invite, Kind::Cancel, Kind::Alive, carol.welcome().kind] {
        assert_eq!(alice.hears(&carol, &say(kind)), Admission::Refused);
    }
    let asks = request(name, Some(issued.token), Vec::new());
    assert_eq!(alice.hears(&carol, &asks), Admission::Guest);
}

#[test]
fn a_permanent_invite_lets_many_ask_until_it_is_revoked() {
    let (mut alice, bob, issued) = opened(InviteKind::Permanent);
    let carol = App::new(3, "Carol");
    let carols = request(carol.name.clone(), Some(issued.token), Vec::new());
    alice.receive(&bob, bob.request(alice.key));
    alice.accept(&bob).unwrap();
    assert_eq!(alice.receive(&carol, carols.clone()), Step::Asked);
    alice.issued.revoke(issued.id);
    assert_eq!(alice.hears(&carol, &carols), Admission::Refused);
    assert!(alice.accept(&carol).is_ok(), "what had come is still there");
}

#[test]
fn who_is_ignored_is_not_heard_again_and_the_invite_still_works() {
    let (mut alice, bob, issued) = opened(InviteKind::OneTime);
    let asks = bob.request(alice.key);
    alice.receive(&bob, asks.clone());
    alice.incoming.ignore(bob.key);
    assert!(alice.incoming.pending().is_empty());
    assert_eq!(alice.hears(&bob, &asks), Admission::Refused);
    assert!(alice.issued.admits(issued.token, NOW));
    // Alice opens an invite of Bob's later: then she does want to hear of him.
    alice.incoming.forgive(bob.key);
    assert_eq!(alice.hears(&bob, &asks), Admission::Guest);
}

#[test]
fn who_is_blocked_takes_the_invite_with_them() {
    let (mut alice, bob, issued) = opened(InviteKind::OneTime);
    let asks = bob.request(alice.key);
    alice.receive(&bob, asks.clone());
    alice.incoming.block(bob.key, &mut alice.issued);
    assert_eq!(alice.hears(&bob, &asks), Admission::Refused);
    assert!(!alice.issued.admits(issued.token, NOW));
    assert_eq!(alice.accept(&bob), Err(RequestError::Gone));
}

#[test]
fn a_blocked_contact_is_not_heard_whatever_they_show() {
    let (mut alice, mut bob, issued) = opened(InviteKind::Permanent);
    alice.receive(&bob, bob.request(alice.key));
    alice.accept(&bob).unwrap();
    bob.receive(&alice, alice.welcome());
    alice.contacts.set_blocked(bob.key, true).unwrap();
    let again = request(bob.name.clone(), Some(issued.token), Vec::new());
    for message in [again, bob.welcome()] {
        assert_eq!(alice.hears(&bob, &message), Admission::Refused);
        assert_eq!(alice.receive(&bob, message), Step::Nothing);
    }
}

#[test]
fn asking_twice_is_asking_once_and_a_new_name_is_shown() {
    let (mut alice, mut bob, _) = opened(InviteKind::OneTime);
    assert_eq!(alice.receive(&bob, bob.request(alice.key)), Step::Asked);
    assert_eq!(alice.receive(&bob, bob.request(alice.key)), Step::Nothing);
    bob.name = DisplayName::parse("Robert").unwrap();
    assert_eq!(alice.receive(&bob, bob.request(alice.key)), Step::Asked);
    assert_eq!(alice.incoming.pending().len(), 1);
    assert_eq!(alice.incoming.pending()[0].name, bob.name);
}

#[test]
fn who_changes_their_name_with_each_request_is_shown_and_written_under_the_second_one() {
    let (mut alice, mut eve, _) = opened(InviteKind::OneTime);
    assert_eq!(alice.receive(&eve, eve.request(alice.key)), Step::Asked);
    let mut steps = Vec::new();
    for number in 1..20 {
        eve.name = DisplayName::parse(&format!("Eve {number}")).unwrap();
        let request = request(
            eve.name.clone(),
            eve.contacts.get(alice.key).unwrap().token,
            Vec::new(),
        );
        // As after a start of the app in between.
        let kept = serde_json::to_string(&alice.incoming).unwrap();
        alice.incoming = serde_json::from_str(&kept).unwrap();
        steps.push(alice.receive(&eve, request));
    }
    assert_eq!(steps.remove(0), Step::Asked);
    assert!(steps.iter().all(|step| *step == Step::Nothing), "{steps:?}");
    assert_eq!(alice.incoming.pending()[0].name.as_str(), "Eve 1");
}

#[test]
fn bob_who_moves_while_he_waits_is_answered_where_he_is_and_nothing_is_written_for_it() {
    let (mut alice, mut bob, _) = opened(InviteKind::OneTime);
    alice.receive(&bob, bob.request(alice.key));
    let (_, invite) = alice.invite(InviteKind::Permanent);
    bob.contacts.add(bob.key, invite, None).unwrap();
    let (asks, name) = (bob.request(alice.key), bob.name.clone());
    let Kind::Request { token, .. } = asks.kind else {
        panic!("a request")
    };
    let elsewhere = vec![Reach::parse("ws://elsewhere.example").unwrap()];
    let moved = request(name, token, elsewhere.clone());
    assert_eq!(alice.receive(&bob, moved.clone()), Step::AskedFromElsewhere);
    assert_eq!(alice.receive(&bob, moved), Step::Nothing);
    assert_eq!(alice.incoming.pending()[0].token, token.unwrap());
    alice.accept(&bob).unwrap();
    assert_eq!(alice.contacts.get(bob.key).unwrap().reach, elsewhere);
}

#[test]
fn a_request_that_an_earlier_ringdown_kept_still_waits() {
    let (mut alice, bob, _) = opened(InviteKind::OneTime);
    alice.receive(&bob, bob.request(alice.key));
    let kept = serde_json::to_string(&alice.incoming).unwrap();
    let earlier = kept.replace(",\"renamed\":false", "");
    assert_ne!(kept, earlier);
    assert_eq!(
        serde_json::from_str::<Incoming>(&earlier).unwrap(),
        alice.incoming
    );
}

#[test]
fn a_second_bob_needs_another_name_and_the_first_one_is_named() {
    let (mut alice, bob, _) = opened(InviteKind::Permanent);
    alice.receive(&bob, bob.request(alice.key));
    alice.accept(&bob).unwrap();
    let mut other = App::new(4, "BOB");
    let (_, invite) = alice.invite(InviteKind::OneTime);
    other.contacts.add(other.key, invite, None).unwrap();
    alice.receive(&other, other.request(alice.key));
    let namesake = alice.contacts.namesake(other.key, &other.name);
    assert_eq!(namesake.unwrap().key, bob.key);
    let refused = alice.accept(&other).unwrap_err();
    assert!(matches!(
        refused,
        RequestError::Contact(ContactError::NameTaken(_))
    ));
    assert_eq!(alice.incoming.pending().len(), 1, "nothing is lost");
    let name = Some(DisplayName::parse("Bob from work").unwrap());
    let (contacts, issued) = (&mut alice.contacts, &mut alice.issued);
    let accepted = alice.incoming.accept(other.key, name, contacts, issued);
    assert_eq!(accepted, Ok(0));
}

#[test]
fn no_more_than_thirty_two_wait_and_no_more_than_a_thousand_are_remembered() {
    let mut alice = App::new(1, "Alice");
    let invites: Vec<Issued> = (0..10)
        .map(|_| alice.invite(InviteKind::Permanent).0)
        .collect();
    for seed in 10..80 {
        let token = invites[usize::from(seed) % invites.len()].token;
        let other = App::new(seed, "Somebody");
        alice.receive(&other, other.shows(token));
    }
    assert_eq!(alice.incoming.pending().len(), MAX_PENDING);
    // Those who wait may ask again, of course.
    let first = App::new(10, "Somebody else");
    assert_eq!(
        alice.receive(&first, first.shows(invites[0].token)),
        Step::Asked
    );
    assert_eq!(alice.incoming.pending().len(), MAX_PENDING);
    let mut random = crate::tests::random::Random::new(1);
    for _ in 0..MAX_TURNED_AWAY + 10 {
        let key = Identity::from_seed(random.seed()).public();
        alice.incoming.ignore(key);
    }
    assert_eq!(alice.incoming.turned_away.len(), MAX_TURNED_AWAY);
}

#[test]
fn a_thief_of_a_one_time_invite_is_seen_beside_bob_and_gone_when_he_is_accepted() {
    let (mut alice, bob, issued) = opened(InviteKind::OneTime);
    alice.receive(&bob, bob.request(alice.key));
    let carol = App::new(3, "Carol");
    let (card, _) = alice.invite(InviteKind::Permanent);
    alice.receive(&carol, carol.shows(card.token));
    assert_eq!(alice.incoming.rivals(bob.key, &alice.issued), 0);
    for seed in 10..40 {
        let thief = App::new(seed, "Bоb");
        let heard = alice.hears(&thief, &thief.shows(issued.token));
        let room = seed < 12;
        assert_eq!(heard == Admission::Guest, room, "{seed}");
        alice.receive(&thief, thief.shows(issued.token));
    }
    assert_eq!(alice.incoming.rivals(bob.key, &alice.issued), 2);
    let alike = alice.incoming.namesakes();
    assert!(alike.contains(&bob.key) && !alike.contains(&carol.key));
    assert_eq!(alice.accept(&bob), Ok(2), "it got around");
    let [left] = alice.incoming.pending() else {
        panic!("Carol, and nobody else")
    };
    assert_eq!(left.key, carol.key);
    assert_eq!(alice.accept(&carol), Ok(0));
}

#[test]
fn who_is_turned_away_makes_room_for_the_one_the_invite_was_for() {
    let (mut alice, bob, issued) = opened(InviteKind::OneTime);
    for seed in 10..20 {
        let thief = App::new(seed, "Mallory");
        alice.receive(&thief, thief.shows(issued.token));
    }
    let asks = bob.request(alice.key);
    assert_eq!(alice.hears(&bob, &asks), Admission::Refused);
    let thief = alice.incoming.pending()[0].key;
    alice.incoming.ignore(thief);
    assert_eq!(alice.receive(&bob, asks), Step::Asked);
    assert_eq!(alice.accept(&bob), Ok(2));
}

#[test]
fn a_crowd_with_some_invites_does_not_push_out_who_has_another() {
    let mut alice = App::new(1, "Alice");
    let (bob, bobs) = (App::new(2, "Bob"), alice.invite(InviteKind::OneTime).0);
    alice.receive(&bob, bob.shows(bobs.token));
    let leaked: Vec<Issued> = (0..6)
        .map(|_| alice.invite(InviteKind::Permanent).0)
        .collect();
    for seed in 10..130 {
        let stranger = App::new(seed, "Somebody");
        let token = leaked[usize::from(seed) % leaked.len()].token;
        alice.receive(&stranger, stranger.shows(token));
    }
    assert_eq!(alice.incoming.pending().len(), MAX_PENDING);
    assert!(alice.incoming.get(bob.key).is_some());
    // The list is full, and Carol's question is heard nevertheless.
    let (carol, carols) = (App::new(3, "Carol"), alice.invite(InviteKind::OneTime).0);
    assert_eq!(
        alice.hears(&carol, &carol.shows(carols.token)),
        Admission::Guest
    );
    assert_eq!(
        alice.receive(&carol, carol.shows(carols.token)),
        Step::Asked
    );
    assert_eq!(alice.incoming.pending().len(), MAX_PENDING);
    for friend in [&bob, &carol] {
        assert!(alice.incoming.get(friend.key).is_some());
    }
    for invite in &leaked {
        let shown = alice.incoming.pending().iter();
        let shown = shown.filter(|asked| asked.token == invite.token).count();
        assert!((1..=MAX_PENDING_PERMANENT).contains(&shown), "{shown}");
    }
}

#[test]
fn one_permanent_invite_takes_eight_places_and_another_token_is_no_way_around() {
    let (mut alice, _, card) = opened(InviteKind::Permanent);
    let (once, _) = alice.invite(InviteKind::OneTime);
    let crowd: Vec<App> = (10..50).map(|seed| App::new(seed, "Somebody")).collect();
    for one in &crowd {
        alice.receive(one, one.shows(card.token));
    }
    assert_eq!(alice.incoming.pending().len(), MAX_PENDING_PERMANENT);
    // Who waits already shows the other invite too: that one has its own measure.
    for one in &crowd {
        alice.receive(one, one.shows(once.token));
    }
    let shown = |token| {
        let pending = alice.incoming.pending().iter();
        pending.filter(|asked| asked.token == token).count()
    };
    assert_eq!(shown(once.token), MAX_PENDING_ONE_TIME);
}

#[test]
fn a_full_list_forgets_first_who_shows_an_invite_that_was_taken_back() {
    let mut alice = App::new(1, "Alice");
    let invites: Vec<Issued> = (0..MAX_PENDING)
        .map(|_| alice.invite(InviteKind::OneTime).0)
        .collect();
    let people: Vec<App> = (10..).take(MAX_PENDING).map(|n| App::new(n, "X")).collect();
    for (one, invite) in people.iter().zip(&invites) {
        alice.receive(one, one.shows(invite.token));
    }
    let (carol, carols) = (App::new(3, "Carol"), alice.invite(InviteKind::OneTime).0);
    let asks = carol.shows(carols.token);
    assert_eq!(
        alice.hears(&carol, &asks),
        Admission::Refused,
        "each is the only one of a good invite"
    );
    alice.issued.revoke(invites[5].id);
    assert_eq!(alice.receive(&carol, asks), Step::Asked);
    assert!(alice.incoming.get(people[5].key).is_none());
    assert_eq!(alice.incoming.pending().len(), MAX_PENDING);
}

#[test]
fn a_request_travels_sealed_and_is_kept_across_a_restart() {
    let (mut alice, bob, _) = opened(InviteKind::OneTime);
    let identity = |seed| std::sync::Arc::new(Identity::from_seed([seed; 32]));
    let (mut alices, mut bobs) = (
        Sessions::new(identity(1), []),
        Sessions::new(identity(2), []),
    );
    let envelope = bobs.seal(NOW, alice.key, &bob.request(alice.key)).unwrap();
    let opened = alices.open(NOW, &envelope, |from, message| {
        let (contacts, issued) = (&alice.contacts, &alice.issued);
        alice
            .incoming
            .admission(NOW, from, message, contacts, issued)
    });
    let opened = opened.unwrap().remove(0);
    assert_eq!(opened.from, bob.key);
    assert_eq!(alice.receive(&bob, opened.message), Step::Asked);
    let kept = serde_json::to_string(&alice.incoming).unwrap();
    assert_eq!(
        serde_json::from_str::<Incoming>(&kept).unwrap(),
        alice.incoming
    );
    let shown = format!("{:?}", alice.incoming);
    assert!(
        !shown.contains("Bob") && !shown.contains("example"),
        "{shown}"
    );
}

#[test]
fn bob_asks_again_more_and_more_rarely_and_at_once_when_there_is_hope() {
    let (alice, bob, _) = opened(InviteKind::OneTime);
    let mut outgoing = Outgoing::default();
    let mut asked = Vec::new();
    let mut now = NOW;
    assert_eq!(
        outgoing.poll_timeout(&bob.contacts),
        Some(0),
        "at the start"
    );
    while asked.len() < 12 {
        assert_eq!(outgoing.take_due(now, &bob.contacts), [alice.key]);
        assert!(outgoing.take_due(now, &bob.contacts).is_empty());
        asked.push(now);
        now = outgoing.poll_timeout(&bob.contacts).unwrap();
    }
    let pauses: Vec<u64> = asked
        .windows(2)
        .map(|two| (two[1] - two[0]) / 1000)
        .collect();
    assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 320, 600, 600, 600, 600]);
    outgoing.hurry(alice.key);
    let last = asked[11];
    assert_eq!(outgoing.poll_timeout(&bob.contacts), Some(last + 1000));
    assert_eq!(outgoing.take_due(last + 1000, &bob.contacts), [alice.key]);
    outgoing.hurry_all();
    assert_eq!(outgoing.poll_timeout(&bob.contacts), Some(last + 2000));
}

#[test]
fn nobody_is_asked_who_is_blocked_gone_or_has_said_yes() {
    let (alice, mut bob, _) = opened(InviteKind::OneTime);
    let mut outgoing = Outgoing::default();
    bob.contacts.set_blocked(alice.key, true).unwrap();
    assert!(outgoing.take_due(NOW, &bob.contacts).is_empty());
    bob.contacts.set_blocked(alice.key, false).unwrap();
    assert_eq!(outgoing.take_due(NOW, &bob.contacts), [alice.key]);
    bob.receive(&alice, alice.welcome());
    assert!(outgoing.take_due(u64::MAX, &bob.contacts).is_empty());
    bob.contacts.remove(alice.key).unwrap();
    assert_eq!(outgoing.poll_timeout(&bob.contacts), None);
}
