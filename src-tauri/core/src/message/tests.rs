//! What every message looks like, byte by byte.

use super::*;

fn written(kind: Kind) -> String {
    serde_json::to_string(&Message {
        call: Uuid::from_u128(7),
        seq: 3,
        kind,
    })
    .unwrap()
}

fn invite() -> Kind {
    Kind::Invite {
        video: true,
        name: name(),
        early: false,
        servers: vec![Reach::parse("wss://meet.example.org").unwrap()],
        port: Some(47100),
    }
}

fn name() -> DisplayName {
    DisplayName::parse("Alice").unwrap()
}

fn here() -> Vec<Reach> {
    vec![Reach::parse("ws://192.0.2.1:47100").unwrap()]
}

fn all() -> Vec<(Kind, &'static str)> {
    vec![
        (
            invite(),
            concat!(
                r#""kind":"invite","video":true,"name":"Alice","early":false,"#,
                r#""servers":["wss://meet.example.org"],"port":47100"#
            ),
        ),
        (
            Kind::Ringing { early: true },
            r#""kind":"ringing","early":true"#,
        ),
        (
            Kind::Accept { video: false },
            r#""kind":"accept","video":false"#,
        ),
        (
            Kind::Here { reach: here() },
            r#""kind":"here","reach":["ws://192.0.2.1:47100"]"#,
        ),
        (Kind::Decline { minutes: None }, r#""kind":"decline""#),
        (
            Kind::Decline { minutes: Some(10) },
            r#""kind":"decline","minutes":10"#,
        ),
        (Kind::Busy, r#""kind":"busy""#),
        (Kind::Cancel, r#""kind":"cancel""#),
        (
            Kind::Signal {
                data: r#"{"candidate":null}"#.into(),
            },
            r#""kind":"signal","data":"{\"candidate\":null}""#,
        ),
        (Kind::Alive, r#""kind":"alive""#),
        (
            Kind::HangUp {
                reason: HangUp::Lost,
            },
            r#""kind":"hang_up","reason":"lost""#,
        ),
        (
            Kind::HangUp {
                reason: HangUp::Ended,
            },
            r#""kind":"hang_up","reason":"ended""#,
        ),
        (
            Kind::HangUp {
                reason: HangUp::Failed,
            },
            r#""kind":"hang_up","reason":"failed""#,
        ),
        (
            Kind::HangUp {
                reason: HangUp::Untrusted,
            },
            r#""kind":"hang_up","reason":"untrusted""#,
        ),
        (
            Kind::Note {
                video: true,
                at: 1_764_000_000_000,
            },
            r#""kind":"note","video":true,"at":1764000000000"#,
        ),
        (
            Kind::Presence {
                state: Presence::Busy,
                ask: true,
            },
            r#""kind":"presence","state":"busy","ask":true"#,
        ),
        (
            Kind::Request {
                name: name(),
                token: Some(Token::from_bytes([5; 16])),
                reach: here(),
            },
            concat!(
                r#""kind":"request","name":"Alice","token":"BQUFBQUFBQUFBQUFBQUFBQ","#,
                r#""reach":["ws://192.0.2.1:47100"]"#
            ),
        ),
        (
            Kind::Welcome {
                name: name(),
                reach: here(),
            },
            r#""kind":"welcome","name":"Alice","reach":["ws://192.0.2.1:47100"]"#,
        ),
    ]
}

#[test]
fn every_message_is_written_so_and_comes_back() {
    for (kind, golden) in all() {
        let json = written(kind.clone());
        assert_eq!(
            json,
            format!(r#"{{"call":"00000000-0000-0000-0000-000000000007","seq":3,{golden}}}"#)
        );
        assert_eq!(serde_json::from_str::<Message>(&json).unwrap().kind, kind);
    }
}

#[test]
fn a_newer_ringdown_may_add_fields() {
    let json = written(invite()).replacen('{', r#"{"later":[1],"#, 1);
    assert_eq!(
        serde_json::from_str::<Message>(&json).unwrap().kind,
        invite()
    );
}

#[test]
fn what_a_ringdown_would_not_write_is_refused() {
    for (from, to) in [
        ("invite", "invitation"),
        ("Alice", "Al\\nice"),
        ("wss://", "ftp://"),
        ("47100", "65536"),
        (r#""seq":3"#, r#""seq":-1"#),
        (r#""seq":3"#, r#""seq":4294967296"#),
        ("000000000007", "7"),
        (r#""video":true,"#, ""),
    ] {
        let json = written(invite()).replacen(from, to, 1);
        assert!(serde_json::from_str::<Message>(&json).is_err(), "{json}");
    }
}

#[test]
fn of_many_addresses_the_first_eight_count() {
    let address = r#""ws://192.0.2.1:47100""#;
    let json = written(Kind::Here { reach: here() });
    let json = json.replacen(address, &[address; 20].join(","), 1);
    let Kind::Here { reach } = serde_json::from_str::<Message>(&json).unwrap().kind else {
        panic!()
    };
    assert_eq!(reach.len(), 8);
}

#[test]
fn an_invite_brings_no_address_of_a_machine_even_where_a_liar_put_it_in() {
    let named = r#""wss://meet.example.org""#;
    let lie = format!(r#""ws://192.0.2.1:47100","ws://alice.local",{named}"#);
    let json = written(invite()).replacen(named, &lie, 1);
    assert_eq!(
        serde_json::from_str::<Message>(&json).unwrap().kind,
        invite()
    );
}

#[test]
fn what_an_older_ringdown_left_out_is_no() {
    let json = written(Kind::Ringing { early: false }).replacen(r#","early":false"#, "", 1);
    assert_eq!(
        serde_json::from_str::<Message>(&json).unwrap().kind,
        Kind::Ringing { early: false }
    );
}

#[test]
fn no_address_and_no_description_travels_in_a_first_message_of_a_call() {
    for (kind, golden) in all() {
        let call = !golden.contains("request") && !golden.contains("welcome");
        assert!(!(call && kind.may_begin() && golden.contains("192.0.2")));
        assert!(!(kind.may_answer() && golden.contains("192.0.2")));
        assert!(!kind.may_begin() || !kind.may_answer());
    }
    assert!(!Kind::Signal { data: "".into() }.may_begin());
}

#[test]
fn debug_shows_kind_and_size_only() {
    let signal = Message {
        call: Uuid::from_u128(7),
        seq: 3,
        kind: Kind::Signal {
            data: "v=0 192.0.2.1".into(),
        },
    };
    assert_eq!(format!("{signal:?}"), "Message(3 signal(13 bytes))");
    assert_eq!(format!("{:?}", invite()), "invite");
    assert_eq!(
        format!(
            "{:?}",
            Kind::HangUp {
                reason: HangUp::Lost
            }
        ),
        "hang_up(Lost)"
    );
}

#[test]
fn only_signs_of_life_may_be_lost() {
    for (kind, _) in all() {
        let alive = kind == Kind::Alive;
        assert_eq!(
            Message {
                call: Uuid::nil(),
                seq: 0,
                kind
            }
            .may_be_lost(),
            alive
        );
    }
}

#[test]
fn no_text_makes_it_panic_and_what_is_read_is_written_the_same() {
    let mut random = crate::tests::random::Random::new(1);
    let mut read = 0;
    for _ in 0..4000 {
        let (kind, _) = all().swap_remove(random.below(all().len()));
        let mut bytes = written(kind).into_bytes();
        for _ in 0..=random.below(3) {
            let at = random.below(bytes.len());
            match random.below(3) {
                0 => bytes[at] = random.seed()[0],
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, b"\"{}[]:,0"[random.below(8)]),
            }
        }
        if let Ok(message) = serde_json::from_slice::<Message>(&bytes) {
            read += 1;
            let again = serde_json::to_vec(&message).unwrap();
            assert_eq!(serde_json::from_slice::<Message>(&again).unwrap(), message);
        }
    }
    assert!(read > 30, "{read}");
}

#[test]
fn deeply_nested_text_is_refused() {
    let deep = format!(r#"{{"x":{}"#, "[".repeat(30_000));
    assert!(serde_json::from_str::<Message>(&deep).is_err());
}
