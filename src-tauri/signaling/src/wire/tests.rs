use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::*;
use crate::limits::MAX_PAYLOAD_BYTES;

/// Numbers that look random and are the same in every run (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.roll()).unwrap() % end
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.roll().to_le_bytes()[0])
    }

    fn payload(&mut self) -> Payload {
        let size = self.below(400);
        let bytes: Vec<u8> = (0..size).map(|_| self.roll().to_le_bytes()[0]).collect();
        Payload::new(&bytes).unwrap()
    }

    fn text(&mut self) -> String {
        let letters = ['a', '"', '\\', '\n', 'é', '𝄞', '\u{0}', '/', ' '];
        (0..self.below(30))
            .map(|_| letters[self.below(letters.len())])
            .collect()
    }

    fn id(&mut self) -> u32 {
        u32::try_from(self.roll() >> 32).unwrap()
    }

    fn client_frame(&mut self) -> ClientFrame {
        match self.below(5) {
            0 => ClientFrame::Register {
                key: Fixed(self.bytes()),
                signature: Fixed(self.bytes()),
            },
            1 => ClientFrame::Send {
                id: self.id(),
                to: Fixed(self.bytes()),
                payload: self.payload(),
            },
            2 => ClientFrame::Refuse { id: self.id() },
            3 => ClientFrame::Leave {
                id: self.id(),
                to: Fixed(self.bytes()),
                payload: self.payload(),
            },
            _ => ClientFrame::Ack { id: self.id() },
        }
    }

    fn server_frame(&mut self) -> ServerFrame {
        match self.below(6) {
            0 => ServerFrame::Hello {
                v: 1,
                nonce: Fixed(self.bytes()),
            },
            1 => ServerFrame::Ready,
            4 => ServerFrame::Servers {
                ice: vec![IceServer {
                    urls: vec![self.text(), self.text()],
                    username: (self.below(2) == 0).then(|| self.text()),
                    credential: (self.below(2) == 0).then(|| self.text()),
                }],
                ttl: self.id(),
            },
            2 => ServerFrame::Deliver {
                id: self.id(),
                payload: self.payload(),
            },
            3 => {
                let outcomes = [
                    Outcome::Delivered,
                    Outcome::Offline,
                    Outcome::Busy,
                    Outcome::Refused,
                ];
                let message = (self.below(2) == 0).then(|| self.text());
                ServerFrame::Result {
                    id: self.id(),
                    outcome: outcomes[self.below(4)],
                    message,
                }
            }
            _ => ServerFrame::Error {
                code: ErrorCode::Malformed,
                message: self.text(),
            },
        }
    }
}

#[test]
fn every_frame_survives_the_round_trip() {
    let mut dice = Dice(1);
    for _ in 0..2000 {
        let frame = dice.client_frame();
        assert_eq!(ClientFrame::decode(&frame.encode()), Ok(frame));
        let frame = dice.server_frame();
        assert_eq!(ServerFrame::decode(&frame.encode()), Ok(frame));
    }
}

#[test]
fn mangled_frames_never_panic_and_what_is_read_can_be_written_again() {
    let mut dice = Dice(2);
    for _ in 0..5000 {
        let mut bytes = dice.client_frame().encode().into_bytes();
        for _ in 0..=dice.below(3) {
            match dice.below(3) {
                0 if bytes.len() > 1 => bytes.truncate(dice.below(bytes.len())),
                1 if !bytes.is_empty() => {
                    let place = dice.below(bytes.len());
                    bytes[place] = dice.bytes::<1>()[0];
                }
                _ => bytes.insert(dice.below(bytes.len() + 1), b"\"{}:,0"[dice.below(6)]),
            }
        }
        if let Ok(text) = String::from_utf8(bytes)
            && let Ok(frame) = ClientFrame::decode(&text)
        {
            assert_eq!(ClientFrame::decode(&frame.encode()), Ok(frame));
        }
    }
}

#[test]
fn client_frames_are_golden() {
    let register = ClientFrame::Register {
        key: Fixed([1; 32]),
        signature: Fixed([2; 64]),
    };
    assert_eq!(
        register.encode(),
        format!(
            r#"{{"t":"register","key":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE","signature":"{}"}}"#,
            URL_SAFE_NO_PAD.encode([2; 64])
        )
    );
    let send = ClientFrame::Send {
        id: 7,
        to: Fixed([1; 32]),
        payload: Payload::new(b"sealed").unwrap(),
    };
    assert_eq!(
        send.encode(),
        r#"{"t":"send","id":7,"to":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE","payload":"c2VhbGVk"}"#
    );
    assert_eq!(ClientFrame::Ack { id: 3 }.encode(), r#"{"t":"ack","id":3}"#);
    assert_eq!(
        ClientFrame::Refuse { id: 3 }.encode(),
        r#"{"t":"refuse","id":3}"#
    );
    let leave = ClientFrame::Leave {
        id: 3,
        to: Fixed([0; 32]),
        payload: Payload::new(b"note").unwrap(),
    };
    assert_eq!(
        leave.encode(),
        r#"{"t":"leave","id":3,"to":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","payload":"bm90ZQ"}"#
    );
}

#[test]
fn server_frames_are_golden() {
    let hello = ServerFrame::Hello {
        v: 1,
        nonce: Fixed([0; 32]),
    };
    assert_eq!(
        hello.encode(),
        r#"{"t":"hello","v":1,"nonce":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#
    );
    assert_eq!(ServerFrame::Ready.encode(), r#"{"t":"ready"}"#);
    let deliver = ServerFrame::Deliver {
        id: 3,
        payload: Payload::new(b"sealed").unwrap(),
    };
    assert_eq!(
        deliver.encode(),
        r#"{"t":"deliver","id":3,"payload":"c2VhbGVk"}"#
    );
    let result = ServerFrame::Result {
        id: 7,
        outcome: Outcome::Delivered,
        message: None,
    };
    assert_eq!(
        result.encode(),
        r#"{"t":"result","id":7,"outcome":"delivered"}"#
    );
    let error = ServerFrame::Error {
        code: ErrorCode::BadSignature,
        message: "No.".to_owned(),
    };
    assert_eq!(
        error.encode(),
        r#"{"t":"error","code":"bad_signature","message":"No."}"#
    );
}

#[test]
fn a_newer_peer_is_understood_as_far_as_possible() {
    assert_eq!(
        ClientFrame::decode(r#"{"t":"ack","id":3,"mood":"good"}"#),
        Ok(ClientFrame::Ack { id: 3 })
    );
    assert_eq!(
        ClientFrame::decode(r#"{"t":"wave","id":3}"#),
        Err(FrameError::Unsupported)
    );
    assert_eq!(
        ServerFrame::decode(r#"{"t":"error","code":"too_sunny","message":"?"}"#),
        Ok(ServerFrame::Error {
            code: ErrorCode::Other,
            message: "?".to_owned()
        })
    );
}

#[test]
fn nonsense_is_malformed() {
    for text in [
        "",
        "hello",
        "[]",
        "{}",
        r#"{"t":1}"#,
        r#"{"t":"ack"}"#,
        r#"{"t":"ack","id":-1}"#,
        r#"{"t":"ack","id":4294967296}"#,
        r#"{"t":"ack","id":1}x"#,
        r#"{"t":"register","key":"AQ","signature":"AQ"}"#,
        r#"{"t":"send","id":7,"to":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE","payload":"c2VhbGV"}"#,
    ] {
        assert!(
            matches!(ClientFrame::decode(text), Err(FrameError::Malformed { .. })),
            "{text}"
        );
    }
}

#[test]
fn sizes_are_limited() {
    let long = format!(
        r#"{{"t":"ack","id":3,"x":"{}"}}"#,
        "x".repeat(MAX_FRAME_BYTES)
    );
    assert_eq!(
        ClientFrame::decode(&long),
        Err(FrameError::TooLarge { size: long.len() })
    );
    let most = Payload::new(&vec![0; MAX_PAYLOAD_BYTES]).unwrap();
    assert_eq!(most.size(), MAX_PAYLOAD_BYTES);
    let send = ClientFrame::Send {
        id: u32::MAX,
        to: Fixed([255; 32]),
        payload: most,
    };
    assert_eq!(ClientFrame::decode(&send.encode()), Ok(send));
    assert_eq!(
        Payload::new(&vec![0; MAX_PAYLOAD_BYTES + 1]),
        Err(BytesError::TooLarge)
    );
}

#[test]
fn a_payload_is_canonical_base64url_and_nothing_else() {
    let mut dice = Dice(3);
    let alphabet = b"ABCwxyz0129-_+/=\n \xc3\xa9";
    for _ in 0..20_000 {
        let bytes: Vec<u8> = (0..dice.below(7))
            .map(|_| alphabet[dice.below(alphabet.len())])
            .collect();
        if let Ok(text) = String::from_utf8(bytes) {
            let judged = Payload::parse(text.clone());
            assert_eq!(
                judged.is_ok(),
                URL_SAFE_NO_PAD.decode(&text).is_ok(),
                "{text:?}"
            );
            if let Ok(payload) = judged {
                assert_eq!(payload.bytes().len(), payload.size());
                assert_eq!(Payload::new(&payload.bytes()), Ok(payload));
            }
        }
    }
}

#[test]
fn debug_output_shows_no_payload_and_no_whole_key() {
    let secret = b"v=0 o=- candidate 192.0.2.77";
    let key = [0xab; 32];
    let frames = [
        format!(
            "{:?}",
            ClientFrame::Send {
                id: 7,
                to: Fixed(key),
                payload: Payload::new(secret).unwrap()
            }
        ),
        format!(
            "{:?}",
            ServerFrame::Deliver {
                id: 7,
                payload: Payload::new(secret).unwrap()
            }
        ),
        format!(
            "{:?}",
            ClientFrame::Register {
                key: Fixed(key),
                signature: Fixed([0xcd; 64])
            }
        ),
        format!(
            "{:?}",
            ServerFrame::Hello {
                v: 1,
                nonce: Fixed(key)
            }
        ),
    ];
    for frame in &frames {
        assert!(!frame.contains(&URL_SAFE_NO_PAD.encode(secret)), "{frame}");
        assert!(
            !frame.contains(&URL_SAFE_NO_PAD.encode(key)[..6]),
            "{frame}"
        );
        assert!(!frame.contains("zc3Nzc"), "{frame}");
    }
    assert!(frames[0].contains("28 bytes"));
}

#[test]
fn what_is_wrong_with_a_frame_is_told_without_repeating_it() {
    let text = r#"{"t":"send","id":"candidate 192.0.2.77"}"#;
    let error = ClientFrame::decode(text).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("192.0.2.77"));
}

#[test]
fn closes_follow_from_codes() {
    assert_eq!(ErrorCode::Unsupported.close(), None);
    assert_eq!(
        ErrorCode::Replaced.close().map(CloseCode::number),
        Some(4409)
    );
    assert_eq!(
        ErrorCode::WrongAudience.close().map(CloseCode::number),
        Some(4401)
    );
    assert_eq!(
        ErrorCode::GoingAway.close().map(CloseCode::number),
        Some(1001)
    );
}
