use std::{sync::LazyLock, time::Duration};

use ed25519_dalek::{Signer, SigningKey};
use tokio::sync::mpsc::UnboundedReceiver;

use super::*;
use crate::{
    limits,
    server::{
        IceIssuer, ServerLimits,
        gate::{activity::Activity, bucket::Allowance},
        shares::Origin,
    },
};

mod flood;

const LOCAL: &str = "192.0.2.1:7373";

/// When all stories begin: one clock for everybody in them, which stands still.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// A session and its mail.
struct Desk {
    session: Session,
    mail: UnboundedReceiver<Mail>,
    start: Instant,
}

fn desk(hub: &Arc<Hub>) -> Desk {
    desk_at(hub, ServerConfig::default())
}

fn desk_at(hub: &Arc<Hub>, config: ServerConfig) -> Desk {
    let start = *START;
    let (mailbox, mail) = Mailbox::new();
    let limits = ServerLimits::default();
    let sends = Bucket::new(
        limits.sends_per_second_per_address,
        limits.send_burst_per_address,
        start,
    );
    let arrival = Arrival {
        local: Some(LOCAL.parse().unwrap()),
        host: Some("h.example".into()),
        allowance: Allowance::new(sends),
        activity: Arc::new(Activity::new(start, start)),
        origin: Origin::Address(0),
    };
    let session = Session::new(Arc::clone(hub), Arc::new(config), mailbox, arrival, start).unwrap();
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

fn send_bytes(id: u32, size: usize) -> ClientFrame {
    ClientFrame::Send {
        id,
        to: bob(),
        payload: Payload::new(&vec![7; size]).unwrap(),
    }
}

fn delivered(id: u32) -> Act {
    result(id, Outcome::Delivered)
}

fn offline(id: u32) -> Act {
    result(id, Outcome::Offline)
}

/// Just before a stranger may know anything.
const TOO_EARLY: Duration = limits::OFFLINE_AFTER.saturating_sub(Duration::from_millis(1));

/// Every way in which nobody takes a payload, each with the person at the other end, if there is one.
const NOBODY: [&str; 7] = [
    "not registered",
    "registered once, and gone",
    "refuses",
    "says nothing",
    "has not even read it",
    "leaves after reading it",
    "has a full queue",
];

/// What somebody hears who sends to Bob, at this time after the sends, when Bob is in such a way not to be had.
fn heard_by_a_stranger(way: &str, sends: u32, after: Duration) -> Vec<Act> {
    let hub = Arc::default();
    let (mut strangers, mut bobs) = (desk(&hub), desk(&hub));
    if way != "not registered" {
        bobs.register(LOCAL);
    }
    let mut others = Vec::new();
    let mut bobs = Some(bobs);
    if way == "registered once, and gone" {
        bobs = None;
    }
    let mut acts = Vec::new();
    for id in 0..sends {
        acts.extend(strangers.hear(Duration::ZERO, &send(id)));
    }
    if way == "has a full queue" {
        // From the same address, so that what was there goes.
        let most = limits::MAX_QUEUED_BYTES_PER_KEY as usize / MAX_PAYLOAD_BYTES;
        for id in 0..most as u32 {
            let large = send_bytes(id, MAX_PAYLOAD_BYTES);
            others.push(desk(&hub));
            others.last_mut().unwrap().hear(Duration::ZERO, &large);
        }
    }
    if let Some(bobs) = &mut bobs
        && way != "has not even read it"
    {
        bobs.open_mail(Duration::ZERO);
    }
    if let Some(bobs) = &mut bobs
        && way == "refuses"
    {
        for id in 0..sends {
            assert!(
                bobs.hear(Duration::ZERO, &ClientFrame::Refuse { id })
                    .is_empty()
            );
        }
    }
    if way == "leaves after reading it" {
        bobs = None;
    }
    acts.extend(strangers.open_mail(after));
    acts.extend(strangers.wait(after));
    drop(bobs);
    acts
}

#[test]
fn a_stranger_cannot_tell_whether_bob_is_there() {
    for sends in [1, 3, limits::MAX_OPEN_SENDS, limits::MAX_OPEN_SENDS + 5] {
        let [nothing_yet, all] = [TOO_EARLY, limits::OFFLINE_AFTER]
            .map(|after| heard_by_a_stranger("not registered", sends, after));
        assert_eq!(
            nothing_yet.len() as u32,
            sends.saturating_sub(limits::MAX_OPEN_SENDS),
            "nothing but busy"
        );
        assert!(all.contains(&offline(0)));
        assert_eq!(all.len() as u32, sends);
        for way in NOBODY {
            assert_eq!(
                heard_by_a_stranger(way, sends, TOO_EARLY),
                nothing_yet,
                "{way}"
            );
            assert_eq!(
                heard_by_a_stranger(way, sends, limits::OFFLINE_AFTER),
                all,
                "{way}"
            );
        }
    }
}

#[test]
fn bob_is_reachable_from_ready_to_the_end_of_his_session() {
    let hub = Arc::default();
    let (mut alices, mut bobs) = (desk(&hub), desk(&hub));
    alices.hear(Duration::ZERO, &send(1));
    assert_eq!(bobs.register(LOCAL), [Act::Frame(ServerFrame::Ready)]);
    assert_eq!(bobs.session.hello(), None);
    assert!(bobs.open_mail(Duration::ZERO).is_empty());
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
    assert_eq!(alices.open_mail(Duration::ZERO), [delivered(2)]);
    drop(bobs);
    alices.hear(Duration::ZERO, &send(3));
    assert!(alices.open_mail(limits::OFFLINE_AFTER).is_empty());
    assert_eq!(alices.wait(limits::OFFLINE_AFTER), [offline(1), offline(3)]);
}

#[test]
fn what_was_refused_cannot_be_taken_later() {
    let hub = Arc::default();
    let (mut alices, mut bobs) = (desk(&hub), desk(&hub));
    bobs.register(LOCAL);
    alices.hear(Duration::ZERO, &send(1));
    bobs.open_mail(Duration::ZERO);
    bobs.hear(Duration::ZERO, &ClientFrame::Refuse { id: 0 });
    bobs.hear(Duration::ZERO, &ClientFrame::Ack { id: 0 });
    assert!(alices.open_mail(Duration::ZERO).is_empty());
    assert_eq!(alices.wait(limits::OFFLINE_AFTER), [offline(1)]);
}

#[test]
fn a_late_answer_is_not_taken_for_that_of_a_newer_send_with_the_same_id() {
    let hub = Arc::default();
    let (mut alices, mut bobs) = (desk(&hub), desk(&hub));
    bobs.register(LOCAL);
    alices.hear(Duration::ZERO, &send(1));
    bobs.open_mail(Duration::ZERO);
    bobs.hear(TOO_EARLY, &ClientFrame::Ack { id: 0 });
    // The news is in Alice's mail, but her clock comes first; then she uses the id again.
    assert_eq!(alices.wait(limits::OFFLINE_AFTER), [offline(1)]);
    alices.hear(limits::OFFLINE_AFTER, &send(1));
    assert!(alices.open_mail(limits::OFFLINE_AFTER).is_empty());
}

#[test]
fn what_came_too_late_is_not_delivered() {
    let hub = Arc::default();
    let (mut alices, mut bobs) = (desk(&hub), desk(&hub));
    bobs.register(LOCAL);
    alices.hear(Duration::ZERO, &send(1));
    assert!(bobs.open_mail(limits::OFFLINE_AFTER).is_empty());
}

#[test]
fn a_full_line_has_room_again_when_bob_answers_or_shows_that_it_came_through() {
    let hub = Arc::default();
    let (mut alices, mut bobs) = (desk(&hub), desk(&hub));
    bobs.register(LOCAL);
    for id in 0..10 {
        alices.hear(Duration::ZERO, &send_bytes(id, MAX_PAYLOAD_BYTES));
    }
    let mut acts = bobs.open_mail(Duration::ZERO);
    let Some(Act::Ask(question)) = acts.pop() else {
        panic!("no question but {acts:?}")
    };
    let is_delivery = |act: &Act| matches!(act, Act::Frame(ServerFrame::Deliver { .. }));
    let once = acts.len();
    assert!(once > 0 && acts.iter().all(is_delivery), "{acts:?}");
    // Time alone makes no room, even where it is over for what is on the line.
    assert!(bobs.wait(TOO_EARLY).is_empty());
    let next = bobs.hear(TOO_EARLY, &ClientFrame::Refuse { id: 0 });
    assert!(
        next.len() == 1 && next.iter().all(is_delivery),
        "asked only once"
    );
    let mut next = Vec::new();
    bobs.session
        .handle_pong(bobs.start + TOO_EARLY, &question, &mut next);
    let asks_again = matches!(next.pop(), Some(Act::Ask(_)));
    assert!(asks_again && next.len() == once - 1 && next.iter().all(is_delivery));
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
fn each_send_has_a_time_of_its_own() {
    let hub = Arc::default();
    let (mut alices, mut bobs) = (desk(&hub), desk(&hub));
    bobs.register(LOCAL);
    for (id, second) in [(1, 0), (2, 1)] {
        alices.hear(Duration::from_secs(second), &send(id));
        bobs.open_mail(Duration::from_secs(second));
    }
    for desk in [&alices, &bobs] {
        assert_eq!(desk.session.deadline(), desk.at(limits::OFFLINE_AFTER));
    }
    assert!(alices.wait(TOO_EARLY).is_empty());
    for desk in [&mut alices, &mut bobs] {
        desk.wait(limits::OFFLINE_AFTER);
    }
    bobs.hear(limits::OFFLINE_AFTER, &ClientFrame::Ack { id: 0 });
    bobs.hear(limits::OFFLINE_AFTER, &ClientFrame::Ack { id: 1 });
    assert_eq!(alices.open_mail(limits::OFFLINE_AFTER), [delivered(2)]);
}

#[test]
fn who_shares_an_address_shares_what_it_may_send() {
    let hub = Arc::default();
    let (mut one, mut other) = (desk(&hub), desk(&hub));
    let few = Allowance::new(Bucket::new(1, 3, *START));
    for desk in [&mut one, &mut other] {
        desk.session.arrival.allowance = few.clone();
    }
    let is_busy = |acts: &[Act]| {
        matches!(
            acts,
            [Act::Frame(ServerFrame::Result {
                outcome: Outcome::Busy,
                ..
            })]
        )
    };
    for id in 0..2 {
        assert!(one.hear(Duration::ZERO, &send(id)).is_empty());
    }
    assert!(other.hear(Duration::ZERO, &send(0)).is_empty());
    assert!(is_busy(&one.hear(Duration::ZERO, &send(2))));
    assert!(is_busy(&other.hear(Duration::ZERO, &send(1))));
    let later = Duration::from_secs(1);
    assert!(other.hear(later, &send(1)).is_empty());
    assert!(is_busy(&one.hear(later, &send(2))));
}

#[test]
fn who_registers_is_told_of_servers_for_calls_and_again_before_they_expire() {
    let hub = Arc::default();
    let turn = vec!["turn:turn.example.org".parse().unwrap()];
    let secret = Some("north".parse().unwrap());
    let ttl = Duration::from_secs(20);
    let config = ServerConfig {
        ice: Some(IceIssuer::new(vec![], turn, secret, ttl).unwrap()),
        ..ServerConfig::default()
    };
    let mut bobs = desk_at(&hub, config.clone());
    let acts = bobs.register(LOCAL);
    assert!(
        matches!(
            acts[..],
            [
                Act::Frame(ServerFrame::Ready),
                Act::Frame(ServerFrame::Servers { ttl: 20, .. })
            ]
        ),
        "{acts:?}"
    );
    assert_eq!(bobs.session.deadline(), bobs.at(ttl / 2));
    assert!(bobs.wait(ttl / 2 - Duration::from_millis(1)).is_empty());
    let acts = bobs.wait(ttl / 2);
    assert!(matches!(
        acts[..],
        [Act::Frame(ServerFrame::Servers { ttl: 20, .. })]
    ));
    // Who is not registered has no use for them.
    let mut alices = desk_at(&hub, config);
    assert!(alices.hear(Duration::ZERO, &send(1)).is_empty());
    assert!(alices.wait(ttl / 2).len() == 1, "the result alone");
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
    alices.wait(limits::DEAD_AFTER / 2 + limits::OFFLINE_AFTER);
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
        assert!(
            alices
                .hear(Duration::ZERO, &send_bytes(id, 4096))
                .is_empty()
        );
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
    // Some confirmed, some only read, some still queued when Bob goes.
    let read = bobs.open_mail(Duration::ZERO);
    assert!((10..60).contains(&read.len()), "{}", read.len());
    bobs.hear(Duration::ZERO, &ClientFrame::Ack { id: 4 });
    drop(bobs);
    let mut results = alices.open_mail(Duration::ZERO);
    assert_eq!(results, [delivered(4)]);
    results.extend(alices.wait(limits::OFFLINE_AFTER));
    let others = (0..limits::MAX_OPEN_SENDS).filter(|id| *id != 4);
    let expected: Vec<Act> = [delivered(4)]
        .into_iter()
        .chain(others.map(offline))
        .collect();
    assert_eq!(results, expected);
    assert!(alices.hear(limits::OFFLINE_AFTER, &send(0)).is_empty());
}
