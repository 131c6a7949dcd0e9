//! Bytes that never change. They were computed by another implementation of Noise IK (docs/PROTOCOL.md, section 11).

use sha2::{Digest as _, Sha256};

use super::super::BUCKETS;
use super::super::handshake::{First, read_first, write_first};
use super::super::session::{Letter, json};
use super::super::transport::Transport;
use super::*;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn is(envelope: &[u8], head: &str, hash: &str) {
    assert_eq!(envelope.len(), 12_288);
    assert_eq!(hex(&envelope[..41]), head);
    assert_eq!(hex(&Sha256::digest(envelope)), hash);
}

fn in_call(seq: u32, kind: Kind) -> Message {
    Message {
        call: "67e55044-10b1-426f-9247-bb680e5fe0c8".parse().unwrap(),
        seq,
        kind,
    }
}

#[test]
fn the_first_three_envelopes_of_a_call_never_change() {
    let letter = Letter {
        from: key(ALICE),
        at: NOW,
        mark: [9; 8],
        message: in_call(
            0,
            Kind::Invite {
                video: true,
                name: name(),
                early: false,
                servers: vec![Reach::parse("wss://meet.example.org").unwrap()],
                port: Some(47100),
            },
        ),
    };
    let text = json(&letter).unwrap();
    assert_eq!(
        String::from_utf8(text.clone()).unwrap(),
        concat!(
            r#"{"from":"iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w","at":1764000000000,"#,
            r#""mark":"CQkJCQkJCQk","message":{"call":"67e55044-10b1-426f-9247-bb680e5fe0c8","#,
            r#""seq":0,"kind":"invite","video":true,"name":"Alice","early":false,"#,
            r#""servers":["wss://meet.example.org"],"port":47100}}"#
        )
    );
    let (mut alices, first) =
        write_first(&identity(ALICE), key(BOB), &text, Some(&[3; 32])).unwrap();
    is(
        &first,
        "025dfedd3b6bd47f6fa28ee15d969d5bb0ea53774d488bdaf9df1c6e0124b3ef22847b462007e671e5",
        "9a2e83f4d5ace272e2b722bae674db6b68fe9c0def365a1d2ddc32c1daaa6c0e",
    );

    let First {
        handshake,
        sender,
        text: read,
        ..
    } = read_first(&identity(BOB), &first[1..], Some(&[4; 32])).unwrap();
    assert_eq!((read, sender), (text, key(ALICE).x25519()));
    let ringing = json(&in_call(0, Kind::Ringing { early: false })).unwrap();
    let padded = super::super::packet::pad(&ringing, handshake::AROUND_SECOND).unwrap();
    let second = handshake.answer([9; 8], &padded).unwrap().envelope;
    is(
        &second,
        "020909090909090909ac01b2209e86354fb853237b5de0f4fab13c7fcbf433a61c019369617fecf10b",
        "439a2013cf27fb27664c2bc8892c31e9462d7433923bcdb4e99877cc6490e7cc",
    );

    alices.read_answer(&second[9..]).unwrap();
    let mut transport = Transport::new(alices.into_transport().unwrap());
    let alive = json(&in_call(0, Kind::Alive)).unwrap();
    let third = transport.seal_with(0x0102_0304_0506_0708, &alive).unwrap();
    is(
        &third,
        "020102030405060708239e3a9dbe4b7eb717261ed72b77b6421eb301b383c4075805de1546b2fec456",
        "13368bd04f611903b62cef839e0072f72c0e5909b41ddd3600132fd7377541aa",
    );
}

#[test]
fn the_protocols_example_is_this_one() {
    let protocol = include_str!("../../../../../docs/PROTOCOL.md");
    let golden = include_str!("golden.rs");
    let heads_and_hashes = golden
        .split('"')
        .filter(|text| text.len() >= 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let mut found = 0;
    for written in heads_and_hashes {
        assert!(protocol.contains(written), "{written}");
        found += 1;
    }
    assert_eq!(found, 6);
    let alice = identity(ALICE);
    let secret = alice.lan_secret(key(BOB), key(ALICE));
    for written in [
        hex(alice.x25519().as_slice()),
        hex(&key(ALICE).x25519()),
        hex(&secret),
        crate::safety::number(key(ALICE), key(BOB)),
        r#""mark":"CQkJCQkJCQk","message":{"call":"67e55044-"#.to_owned(),
        format!(
            "exactly {} or {} bytes",
            commas(BUCKETS[0]),
            commas(BUCKETS[1])
        ),
    ] {
        assert!(protocol.contains(&written), "{written}");
    }
    for kind in all_kinds() {
        assert!(
            protocol.contains(&format!("| `{}` |", kind.label())),
            "{kind:?}"
        );
    }
}

fn commas(number: usize) -> String {
    format!("{},{:03}", number / 1000, number % 1000)
}
