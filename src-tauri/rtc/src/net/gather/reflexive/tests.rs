//! Alice asks a server how it sees her.

use super::*;

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn answer(request: &[u8], mapped: SocketAddr) -> Vec<u8> {
    let request = Message::from_bytes(request).unwrap();
    let mut message = Message::builder_success(&request, MessageWriteVec::new());
    let mapped = XorMappedAddress::new(mapped, request.transaction_id());
    message.add_attribute(&mapped).unwrap();
    message.finish()
}

struct Alice {
    reflexive: Reflexive,
    now: Instant,
}

const BASE: &str = "192.168.1.2:5000";
const SERVER: &str = "192.0.2.1:3478";
const OUTSIDE: &str = "203.0.113.7:61000";

impl Alice {
    fn new() -> Self {
        let (mut reflexive, now) = (Reflexive::default(), Instant::now());
        let server = "stun:s".into();
        reflexive.ask(now, address(BASE), address(SERVER), &server, Part::Alone);
        reflexive.asked(&server, Part::Alone);
        Self { reflexive, now }
    }

    fn request(&mut self) -> Vec<u8> {
        let (from, to, packet) = self.reflexive.poll_transmit(self.now).unwrap();
        assert_eq!((from, to), (address(BASE), address(SERVER)));
        packet
    }

    fn hear(&mut self, packet: &[u8]) -> bool {
        let (from, to) = (address(SERVER), address(BASE));
        self.reflexive.handle_packet(from, to, packet)
    }

    fn mapped(&mut self) -> Option<SocketAddr> {
        match self.reflexive.poll_finding() {
            Some(Finding::Mapped { address, .. }) => Some(address),
            _ => None,
        }
    }

    /// Whether the server is done with; and if in vain, why.
    fn done(&mut self) -> Option<Option<(u16, String)>> {
        match self.reflexive.poll_finding() {
            Some(Finding::Done { failure, .. }) => {
                Some(failure.map(|failure| (failure.code, failure.text)))
            }
            _ => None,
        }
    }
}

#[test]
fn alice_learns_how_she_is_seen_and_keeps_it_so() {
    let mut alice = Alice::new();
    let request = alice.request();
    assert_eq!(alice.done(), None);
    assert!(alice.hear(&answer(&request, address(OUTSIDE))));
    assert_eq!(alice.mapped(), Some(address(OUTSIDE)));
    assert_eq!(alice.done(), Some(None));
    assert!(!alice.hear(&answer(&request, address(OUTSIDE))), "once");

    alice.now = alice.reflexive.poll_timeout().unwrap();
    let request = alice.request();
    alice.hear(&answer(&request, address(OUTSIDE)));
    assert_eq!(alice.mapped(), None, "nothing new");
    alice.now = alice.reflexive.poll_timeout().unwrap();
    let request = alice.request();
    alice.hear(&answer(&request, address("203.0.113.7:62000")));
    assert_eq!(alice.mapped(), Some(address("203.0.113.7:62000")));

    alice.reflexive.settle();
    assert_eq!(alice.reflexive.poll_timeout(), None);
}

#[test]
fn a_dead_server_is_asked_five_times_and_given_up() {
    let mut alice = Alice::new();
    let (start, mut sent) = (alice.now, 0);
    while let Some(next) = alice.reflexive.poll_timeout() {
        alice.now = next;
        sent += usize::from(alice.reflexive.poll_transmit(next).is_some());
    }
    assert_eq!(sent, 5);
    assert_eq!(alice.now - start, Duration::from_millis(7_750));
    assert_eq!(alice.done().flatten().map(|(code, _)| code), Some(701));
}

#[test]
fn only_the_server_asked_can_answer() {
    let mut alice = Alice::new();
    let request = alice.request();
    let answer = answer(&request, address("198.51.100.66:666"));
    let (from, to) = (address("198.51.100.66:3478"), address(BASE));
    assert!(!alice.reflexive.handle_packet(from, to, &answer));
    assert!(!alice.hear(&[0; 20]));
    assert!(!alice.hear(&request));
    assert!(!alice.hear(&answer[..answer.len() - 1]));
    assert_eq!(alice.mapped(), None);
}

#[test]
fn a_server_can_say_no() {
    let mut alice = Alice::new();
    let request = alice.request();
    let request = Message::from_bytes(&request).unwrap();
    let mut message = Message::builder_error(&request, MessageWriteVec::new());
    let error = ErrorCode::builder(500)
        .reason("Out of order")
        .build()
        .unwrap();
    message.add_attribute(&error).unwrap();
    assert!(alice.hear(&message.finish()));
    assert_eq!(alice.done(), Some(Some((500, "Out of order".to_owned()))));
}

#[test]
fn a_server_is_done_with_its_last_socket_and_helpful_if_one_was_answered() {
    let mut alice = Alice::new();
    let (other, server) = (address("172.17.0.1:5000"), "stun:s".into());
    alice
        .reflexive
        .ask(alice.now, other, address(SERVER), &server, Part::Alone);
    let request = alice.request();
    alice.hear(&answer(&request, address(OUTSIDE)));
    assert_eq!(alice.mapped(), Some(address(OUTSIDE)));
    assert_eq!(alice.done(), None, "the other socket waits");
    alice.reflexive.forget(other);
    assert_eq!(alice.done(), Some(None));
}

#[test]
fn families_do_not_mix() {
    let (mut reflexive, server) = (Reflexive::default(), "stun:s".into());
    let base = address("[2001:db8::1]:5000");
    reflexive.ask(Instant::now(), base, address(SERVER), &server, Part::Alone);
    assert_eq!(reflexive.poll_timeout(), None);
    reflexive.asked(&server, Part::Alone);
    assert!(matches!(
        reflexive.poll_finding(),
        Some(Finding::Done {
            failure: Some(_),
            ..
        })
    ));
}
