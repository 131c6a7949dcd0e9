//! Invites as people make, send, mangle and paste them.

use super::*;
use crate::identity::Identity;
use crate::tests::random::Random;

fn bob() -> Invite {
    Invite {
        key: Identity::from_seed([2; 32]).public(),
        name: DisplayName::parse("Bob & Zoë").unwrap(),
        reach: vec![
            Reach::parse("ws://192.0.2.7:47100").unwrap(),
            Reach::parse("wss://meet.example.org").unwrap(),
        ],
        token: None,
        expires: None,
    }
}

/// A link as it would be with this between scheme and check, and a right check.
fn checked(body: &str) -> String {
    let before = format!("{SCHEME}{body}");
    format!("{before}{CHECK_PARAMETER}{}", check(&before))
}

#[test]
fn bobs_link_never_changes() {
    let link = "ringdown:gTl3Dqh9F19Wo1Rmw0x-zMuNipG07jeiXfYPW4_Js5Q?n=Bob%20%26%20Zo%C3%AB\
                &r=ws://192.0.2.7:47100&r=wss://meet.example.org&c=Vjkb8oTN";
    assert_eq!(bob().to_link(), link);
    assert_eq!(Invite::parse(link), Ok(bob()));
}

#[test]
fn alice_may_paste_it_with_what_was_around_it() {
    let link = bob().to_link();
    for pasted in [
        format!("  {link}\r\n"),
        format!("<{link}>"),
        format!("“{link}”"),
        format!("\"{link}\" "),
        format!("{link}."),
        format!("({link})!"),
        format!("{link}。"),
        link.replacen("ringdown", "RingDown", 1),
    ] {
        assert_eq!(Invite::parse(&pasted), Ok(bob()), "{pasted}");
    }
}

#[test]
fn every_invite_comes_back_from_its_link() {
    let mut random = Random::new(1);
    for _ in 0..500 {
        let invite = Invite {
            key: Identity::from_seed(random.seed()).public(),
            name: random.name(),
            reach: (0..random.below(9)).map(|_| random.reach(60)).collect(),
            token: random
                .once_in(2)
                .then(|| Token::from_bytes([random.seed()[0]; 16])),
            expires: random.once_in(2).then(|| random.next()),
        };
        let link = invite.to_link();
        assert!(
            link.len() <= MAX_LINK && link.bytes().all(|b| b.is_ascii_graphic()),
            "{link}"
        );
        assert_eq!(Invite::parse(&link), Ok(invite));
    }
}

#[test]
fn addresses_that_would_make_it_too_long_are_left_out() {
    let mut random = Random::new(2);
    let mut invite = bob();
    invite.name = DisplayName::parse(&"字".repeat(64)).unwrap();
    invite.reach = (0..12).map(|_| random.reach(200)).collect();
    let link = invite.to_link();
    assert!(link.len() <= MAX_LINK);
    let read = Invite::parse(&link).unwrap();
    assert!(!read.reach.is_empty() && invite.reach.starts_with(&read.reach));
    invite.reach = (0..12).map(|_| random.reach(20)).collect();
    assert_eq!(
        Invite::parse(&invite.to_link()).unwrap().reach,
        invite.reach[..MAX_REACH]
    );
}

#[test]
fn a_cut_link_is_called_cut_wherever_it_was_cut() {
    let link = bob().to_link();
    for end in SCHEME.len()..link.len() {
        assert_eq!(
            Invite::parse(&link[..end]),
            Err(InviteError::Truncated),
            "{}",
            &link[..end]
        );
    }
    for end in 0..SCHEME.len() {
        assert_eq!(Invite::parse(&link[..end]), Err(InviteError::NotAnInvite));
    }
}

#[test]
fn no_changed_character_goes_unnoticed() {
    let link = bob().to_link();
    for at in SCHEME.len()..link.len() {
        let mut bytes = link.clone().into_bytes();
        bytes[at] = if bytes[at] == b'x' { b'y' } else { b'x' };
        let mangled = String::from_utf8(bytes).unwrap();
        let refused = Invite::parse(&mangled).unwrap_err();
        assert!(
            matches!(refused, InviteError::Damaged | InviteError::Truncated),
            "{mangled}: {refused}"
        );
    }
    let swallowed = link.replacen("%26", "", 1);
    assert_eq!(Invite::parse(&swallowed), Err(InviteError::Damaged));
    assert_eq!(
        Invite::parse(&format!("{link}x")),
        Err(InviteError::Damaged)
    );
    assert_eq!(
        Invite::parse(&format!("{link} see you")),
        Err(InviteError::Damaged)
    );
}

#[test]
fn the_address_of_a_servers_invite_page_is_as_good_as_the_link() {
    let link = bob().to_link();
    let fragment = link.strip_prefix(SCHEME).unwrap();
    for page in [
        "https://meet.example.org/i#",
        "HTTPS://meet.example.org:8443/ringdown/i#",
        " <http://192.0.2.7:7373/i#",
    ] {
        assert_eq!(Invite::parse(&format!("{page}{fragment}")), Ok(bob()));
    }
    for other in ["https://example.org/about#", "ftp://example.org/i#", "/i#"] {
        assert_eq!(
            Invite::parse(&format!("{other}{fragment}")),
            Err(InviteError::NotAnInvite)
        );
    }
    let cut = &fragment[..fragment.len() - 3];
    assert_eq!(
        Invite::parse(&format!("https://meet.example.org/i#{cut}")),
        Err(InviteError::Truncated)
    );
}

#[test]
fn other_things_people_paste_are_told_apart() {
    for foreign in [
        "",
        "hello",
        "https://example.org/",
        "ringdow",
        "sip:bob@example.org",
        "ŕingdown:abc",
    ] {
        assert_eq!(
            Invite::parse(foreign),
            Err(InviteError::NotAnInvite),
            "{foreign}"
        );
    }
    let key = bob().key;
    let long = checked(&format!("{key}?n=Bob&x={}", "x".repeat(MAX_LINK)));
    assert_eq!(Invite::parse(&long), Err(InviteError::TooLong));
    assert_eq!(
        Invite::parse(&format!("ringdown:{}", "x".repeat(100))),
        Err(InviteError::Damaged)
    );
    assert_eq!(
        Invite::parse(&format!("ringdown:{key}?v=2&n=Bob&z=1")),
        Err(InviteError::NewerVersion)
    );
    assert_eq!(
        Invite::parse(&checked(&format!("{key}?v=1&n=Bob")))
            .unwrap()
            .name
            .as_str(),
        "Bob"
    );
}

#[test]
fn a_whole_link_with_an_unusable_key_or_name_says_so() {
    let key = bob().key;
    let no_point = "A".repeat(KEY_CHARS);
    assert_eq!(
        Invite::parse(&checked(&format!("{no_point}?n=Bob"))),
        Err(InviteError::Key)
    );
    assert_eq!(Invite::parse(&checked("abc?n=Bob")), Err(InviteError::Key));
    for (query, error) in [
        ("r=ws://a", NameError::Empty),
        ("n=%20", NameError::Empty),
        ("n=a%E2%80%AEb", NameError::Bidirectional),
        ("n=a%0Ab", NameError::LineBreak),
    ] {
        assert_eq!(
            Invite::parse(&checked(&format!("{key}?{query}"))),
            Err(InviteError::Name(error))
        );
    }
    assert_eq!(
        Invite::parse(&checked(&format!("{key}?n=%FF"))),
        Err(InviteError::Damaged)
    );
}

#[test]
fn what_a_newer_ringdown_adds_is_skipped() {
    let key = bob().key;
    let link = checked(&format!("{key}?n=Bob&r=quic://a&flag&r=ws://b&later=1"));
    assert_eq!(
        Invite::parse(&link).unwrap().reach,
        [Reach::parse("ws://b").unwrap()]
    );
}

#[test]
fn an_invite_with_a_secret_and_an_end_never_changes() {
    let invite = Invite {
        token: Some(Token::from_bytes([5; 16])),
        expires: Some(1_764_604_800),
        ..bob()
    };
    let link = "ringdown:gTl3Dqh9F19Wo1Rmw0x-zMuNipG07jeiXfYPW4_Js5Q?n=Bob%20%26%20Zo%C3%AB\
                &t=BQUFBQUFBQUFBQUFBQUFBQ&e=1764604800&r=ws://192.0.2.7:47100\
                &r=wss://meet.example.org&c=HB9JwqoM";
    assert_eq!(invite.to_link(), link);
    assert_eq!(Invite::parse(link), Ok(invite));
}

#[test]
fn an_expired_invite_says_whom_to_ask_for_a_new_one() {
    let invite = Invite {
        expires: Some(1_764_604_800),
        ..bob()
    };
    assert!(invite.clone().not_expired(1_764_604_799_999).is_ok());
    let refused = invite.not_expired(1_764_604_800_000).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "This invite has expired. Ask Bob & Zoë for a new one."
    );
    assert!(!bob().is_expired(u64::MAX));
}

#[test]
fn a_secret_or_an_end_that_is_none_is_damage() {
    let key = bob().key;
    for query in [
        "t=",
        "t=BQUF",
        "t=BQUFBQUFBQUFBQUFBQUFBR",
        "e=",
        "e=-1",
        "e=soon",
    ] {
        assert_eq!(
            Invite::parse(&checked(&format!("{key}?n=Bob&{query}"))),
            Err(InviteError::Damaged),
            "{query}"
        );
    }
}

#[test]
fn no_input_makes_it_panic() {
    let mut random = Random::new(3);
    for _ in 0..2000 {
        let mut bytes = bob().to_link().into_bytes();
        for _ in 0..=random.below(4) {
            let at = random.below(bytes.len());
            bytes[at] = random.seed()[0];
        }
        let _ = Invite::parse(&String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn debug_shows_neither_key_nor_name_nor_address() {
    let shown = format!("{:?}", bob());
    for personal in [&bob().key.to_string()[..5], "Bob", "192", "example"] {
        assert!(!shown.contains(personal), "{shown}");
    }
}
