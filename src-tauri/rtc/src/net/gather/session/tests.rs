//! Servers that say nothing, or nonsense.

use std::io::Write;
use std::sync::{Arc, Mutex};

use turn_types::stun::message::MessageHeader;

use super::*;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn session(now: Instant) -> Session {
    let ends = ("192.168.1.2:5000", "203.0.113.10:3478");
    let ends = (ends.0.parse().unwrap(), ends.1.parse().unwrap());
    let credentials = Credentials {
        username: "alice".into(),
        password: "secret".into(),
    };
    Session::new(now, Transport::Udp, ends, &credentials)
}

#[test]
fn nothing_is_logged_whatever_the_level() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        let now = Instant::now();
        let mut session = session(now);
        let request = session.poll_transmit().unwrap();
        session.handle_message(now, &request);
        session.handle_timeout(now + Duration::from_secs(60));
        session.delete(now);
    });
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert_eq!(log, "");
}

#[test]
fn a_server_that_never_answers_is_given_up() {
    let mut now = Instant::now();
    let mut session = session(now);
    let mut requests = 0;
    while let Some(next) = session.poll_timeout(now) {
        while session.poll_transmit().is_some() {
            requests += 1;
        }
        now = next.max(now + Duration::from_millis(1));
        session.handle_timeout(now);
    }
    assert_eq!(requests, TRIES);
    assert!(matches!(session.poll_event(), Some(Event::Failed(failure)) if failure.code == 701));
}

#[test]
fn no_message_makes_it_panic() {
    let now = Instant::now();
    let mut session = session(now);
    let request = session.poll_transmit().unwrap();
    let mut random = 7_u32;
    for _ in 0..20_000 {
        let mut message = request.clone();
        // an answer, with anything in it
        message[0] = 1;
        for _ in 0..3 {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let at = (random >> 8) as usize % message.len();
            if !(4..MessageHeader::LENGTH).contains(&at) {
                message[at] = random as u8;
            }
        }
        session.handle_message(now, &message);
    }
}
