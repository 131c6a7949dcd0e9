use std::time::Duration;

use ed25519_dalek::{Signer, SigningKey};
use tokio::sync::mpsc::UnboundedReceiver;

use super::*;
use crate::limits;

const LOCAL: &str = "192.0.2.1:7373";

/// A session, its mail, and a clock that stands still.
struct Desk {
    session: Session,
    mail: UnboundedReceiver<Mail>,
    start: Instant,
}

fn desk(hub: &Arc<Hub>) -> Desk {
    let start = Instant::now();
    let (mailbox, mail) = Mailbox::new();
    let local = Some(LOCAL.parse().unwrap());
    let session = Session::new(
        Arc::clone(hub),
        Arc::default(),
        mailbox,
        local,
        Some("h.example".into()),
        start,
    )
    .unwrap();
    Desk {
        session,
        mail,
        start,
    }
}

impl Desk {
    fn at(&self, after: Duration) -> Instant {
        self.start + after
    }

    fn hear(&mut self, after: Duration, frame: &ClientFrame) -> Vec<Act> {
        let mut acts = Vec::new();
        self.session
            .handle_text(self.start + after, &frame.encode(), &mut acts);
        acts
    }

    fn wait(&mut self, after: Duration) -> Vec<Act> {
        let mut acts = Vec::new();
        self.session.handle_timeout(self.start + after, &mut acts);
        acts
    }

    fn open_mail(&mut self, after: Duration) -> Vec<Act> {
        let mut acts = Vec::new();
        while let Ok(mail) = self.mail.try_recv() {
            self.session
                .handle_mail(self.start + after, mail, &mut acts);
        }
        acts
    }

    fn register(&mut self, audience: &str) -> Vec<Act> {
        let Some(Act::Frame(ServerFrame::Hello { nonce, .. })) = self.session.hello() else {
            panic!("no hello")
        };
        let secret = SigningKey::from_bytes(&[2; 32]);
        let key = bob();
        let message = challenge::message(&audience.parse().unwrap(), &nonce, &key);
        let signature = Signature::from(secret.sign(&message).to_bytes());
        self.hear(Duration::ZERO, &ClientFrame::Register { key, signature })
    }
}

fn bob() -> Key {
    Key::from(SigningKey::from_bytes(&[2; 32]).verifying_key().to_bytes())
}

fn send(id: u32) -> ClientFrame {
    ClientFrame::Send {
        id,
        to: bob(),
        payload: Payload::new(b"sealed").unwrap(),
    }
}

fn result(id: u32, outcome: Outcome) -> Act {
    Act::Frame(ServerFrame::Result {
        id,
        outcome,
        message: None,
    })
}

#[test]
fn bob_is_reachable_from_ready_to_the_end_of_his_session() {
    let hub = Arc::default();
    let (mut alices, mut bobs) = (desk(&hub), desk(&hub));
    alices.hear(Duration::ZERO, &send(1));
    assert_eq!(
        alices.open_mail(Duration::ZERO),
        [result(1, Outcome::Offline)]
    );
    assert_eq!(bobs.register(LOCAL), [Act::Frame(ServerFrame::Ready)]);
    assert_eq!(bobs.session.hello(), None);
    alices.hear(Duration::ZERO, &send(2));
    let payload = Payload::new(b"sealed").unwrap();
    assert_eq!(
        bobs.open_mail(Duration::ZERO),
        [Act::Frame(ServerFrame::Deliver { id: 0, payload })]
    );
    assert!(
        bobs.hear(Duration::ZERO, &ClientFrame::Ack { id: 0 })
            .is_empty()
    );
    assert_eq!(
        alices.open_mail(Duration::ZERO),
        [result(2, Outcome::Delivered)]
    );
    drop(bobs);
    alices.hear(Duration::ZERO, &send(3));
    assert_eq!(
        alices.open_mail(Duration::ZERO),
        [result(3, Outcome::Offline)]
    );
}

#[test]
fn the_audience_is_where_the_connection_arrived_not_what_host_says() {
    let hub = Arc::default();
    for (audience, code) in [
        ("h.example", ErrorCode::WrongAudience),
        ("h.example:80", ErrorCode::WrongAudience),
        ("x:1", ErrorCode::BadSignature),
    ] {
        assert!(matches!(desk(&hub).register(audience)[..], [Act::Close(told, _)] if told == code));
    }
    // Only a server on the loopback is called localhost.
    assert!(matches!(
        desk(&hub).register("localhost:7373")[..],
        [Act::Close(ErrorCode::BadSignature, _)]
    ));
}

#[test]
fn an_unconfirmed_delivery_is_offline_after_its_time_and_not_before() {
    let hub = Arc::default();
    let (mut alices, mut bobs) = (desk(&hub), desk(&hub));
    bobs.register(LOCAL);
    for (id, second) in [(1, 0), (2, 1)] {
        alices.hear(Duration::from_secs(second), &send(id));
        bobs.open_mail(Duration::from_secs(second));
    }
    let just_before = limits::ACK_TIMEOUT - Duration::from_millis(1);
    assert_eq!(bobs.session.deadline(), bobs.at(limits::ACK_TIMEOUT));
    bobs.wait(just_before);
    assert!(alices.open_mail(just_before).is_empty());
    bobs.wait(limits::ACK_TIMEOUT);
    assert_eq!(
        alices.open_mail(limits::ACK_TIMEOUT),
        [result(1, Outcome::Offline)]
    );
    bobs.hear(limits::ACK_TIMEOUT, &ClientFrame::Ack { id: 0 });
    bobs.hear(limits::ACK_TIMEOUT, &ClientFrame::Ack { id: 1 });
    assert_eq!(
        alices.open_mail(limits::ACK_TIMEOUT),
        [result(2, Outcome::Delivered)]
    );
}

#[test]
fn a_silent_connection_is_asked_once_and_then_dropped() {
    let hub = Arc::default();
    let mut bobs = desk(&hub);
    bobs.register(LOCAL);
    assert!(
        bobs.wait(limits::SERVER_PING_AFTER - Duration::from_millis(1))
            .is_empty()
    );
    assert_eq!(bobs.wait(limits::SERVER_PING_AFTER), [Act::Ping]);
    assert!(
        bobs.wait(limits::SERVER_PING_AFTER + Duration::from_secs(1))
            .is_empty()
    );
    assert_eq!(bobs.session.deadline(), bobs.at(limits::DEAD_AFTER));
    assert!(matches!(
        bobs.wait(limits::DEAD_AFTER)[..],
        [Act::Close(ErrorCode::TimedOut, _)]
    ));
}

#[test]
fn who_pings_is_never_asked() {
    let hub = Arc::default();
    let mut bobs = desk(&hub);
    bobs.register(LOCAL);
    for round in 1..100 {
        let now = limits::CLIENT_PING_EVERY * round;
        assert!(bobs.wait(now).is_empty());
        let mut acts = Vec::new();
        bobs.session
            .handle_sign_of_life(bobs.start + now, &mut acts);
        assert!(acts.is_empty());
    }
}

#[test]
fn an_answer_after_being_asked_is_a_new_lease() {
    let hub = Arc::default();
    let mut bobs = desk(&hub);
    bobs.register(LOCAL);
    bobs.wait(limits::SERVER_PING_AFTER);
    let answered = limits::DEAD_AFTER - Duration::from_millis(1);
    bobs.session
        .handle_sign_of_life(bobs.start + answered, &mut Vec::new());
    assert!(bobs.wait(limits::DEAD_AFTER).is_empty());
    assert_eq!(bobs.wait(answered + limits::SERVER_PING_AFTER), [Act::Ping]);
}

#[test]
fn a_sender_without_a_key_may_not_stay_for_nothing() {
    let hub = Arc::default();
    let mut alices = desk(&hub);
    let mut now = Duration::ZERO;
    // Pings keep it alive but are no use to anyone.
    while now + limits::CLIENT_PING_EVERY < limits::ANONYMOUS_IDLE {
        now += limits::CLIENT_PING_EVERY;
        alices
            .session
            .handle_sign_of_life(alices.start + now, &mut Vec::new());
        assert!(alices.wait(now).is_empty());
    }
    assert!(matches!(
        alices.wait(limits::ANONYMOUS_IDLE)[..],
        [Act::Close(ErrorCode::TimedOut, _)]
    ));

    let mut alices = desk(&hub);
    alices.hear(limits::DEAD_AFTER / 2, &send(1));
    assert_eq!(
        alices.session.deadline(),
        alices.at(limits::DEAD_AFTER / 2 + limits::SERVER_PING_AFTER)
    );
}

#[test]
fn a_replaced_session_is_told_and_its_end_leaves_the_newer_one_alone() {
    let hub = Arc::default();
    let (mut older, mut newer, mut alices) = (desk(&hub), desk(&hub), desk(&hub));
    older.register(LOCAL);
    newer.register(LOCAL);
    assert!(matches!(
        older.open_mail(Duration::ZERO)[..],
        [Act::Close(ErrorCode::Replaced, _)]
    ));
    drop(older);
    alices.hear(Duration::ZERO, &send(1));
    assert!(matches!(
        newer.open_mail(Duration::ZERO)[..],
        [Act::Frame(ServerFrame::Deliver { .. })]
    ));
}

#[test]
fn every_send_has_exactly_one_result_whatever_becomes_of_it() {
    let hub = Arc::default();
    let (mut alices, mut bobs) = (desk(&hub), desk(&hub));
    bobs.register(LOCAL);
    for id in 0..limits::MAX_OPEN_SENDS {
        assert!(alices.hear(Duration::ZERO, &send(id)).is_empty());
    }
    let over = alices.hear(Duration::ZERO, &send(99));
    assert!(matches!(
        over[..],
        [Act::Frame(ServerFrame::Result {
            id: 99,
            outcome: Outcome::Busy,
            ..
        })]
    ));
    // Some confirmed, some only read, some still in the mail when Bob goes.
    for _ in 0..10 {
        let mail = bobs.mail.try_recv().unwrap();
        bobs.session.handle_mail(bobs.start, mail, &mut Vec::new());
    }
    bobs.hear(Duration::ZERO, &ClientFrame::Ack { id: 4 });
    drop(bobs);
    let mut results: Vec<(u32, Outcome)> = alices
        .open_mail(Duration::ZERO)
        .into_iter()
        .map(|act| match act {
            Act::Frame(ServerFrame::Result { id, outcome, .. }) => (id, outcome),
            other => panic!("no result but {other:?}"),
        })
        .collect();
    results.sort_unstable_by_key(|(id, _)| *id);
    let expected: Vec<(u32, Outcome)> = (0..limits::MAX_OPEN_SENDS)
        .map(|id| {
            (
                id,
                if id == 4 {
                    Outcome::Delivered
                } else {
                    Outcome::Offline
                },
            )
        })
        .collect();
    assert_eq!(results, expected);
    assert!(alices.hear(Duration::ZERO, &send(0)).is_empty());
}
