//! The link that makes somebody a contact.
//!
//! ```text
//! ringdown:<key, 43>?n=<name>&r=<address>&r=<address>…&c=<check, 8>
//! ```
//!
//! Values are percent-encoded. `c` comes last: the first 8 base64url characters of SHA-256 over a label and everything
//! before `&c=`. It finds links that were cut or mangled on their way; it is no signature, whoever can change the link
//! can change the check. Unknown parameters are skipped; a first parameter `v` other than 1 says that only a newer
//! Ringdown understands the link.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

pub use crate::reach::{MAX_REACH, MAX_REACH_LEN, Reach, ReachError};

use crate::identity::{KEY_CHARS, PublicKey};
use crate::name::{DisplayName, NameError};
use crate::percent;

/// What an invite link begins with (in any case).
pub const SCHEME: &str = "ringdown:";
/// The longest link, in bytes.
pub const MAX_LINK: usize = 2048;

const CHECK_LABEL: &[u8] = b"ringdown invite 1\0";
const CHECK_CHARS: usize = 8;
const CHECK_PARAMETER: &str = "&c=";

/// Why a link is no invite one can use. The sentence says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InviteError {
    /// Something else altogether.
    #[error(
        "This is not a Ringdown invite. An invite begins with “{SCHEME}”; ask your friend for theirs."
    )]
    NotAnInvite,
    /// The end is missing.
    #[error("The end of this invite is missing. Copy the whole link and paste it again.")]
    Truncated,
    /// It is not as it was made.
    #[error("This invite was changed on its way. Ask your friend to send it once more.")]
    Damaged,
    /// Made by a newer Ringdown.
    #[error("This invite was made by a newer Ringdown. Update yours, then paste it again.")]
    NewerVersion,
    /// Longer than [`MAX_LINK`].
    #[error("This is too long to be an invite. Copy the link alone and paste it again.")]
    TooLong,
    /// Whole, and yet its key is none.
    #[error("This invite has no usable key in it. Ask your friend for a new one.")]
    Key,
    /// Whole, and yet its name is none.
    #[error(
        "The name in this invite can't be used ({0}) Ask your friend to change it and to send a new invite."
    )]
    Name(NameError),
}

/// Who somebody is and where they can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invite {
    /// Their identity.
    pub key: PublicKey,
    /// What they call themselves.
    pub name: DisplayName,
    /// Where to reach them, best first; at most [`MAX_REACH`] are used.
    pub reach: Vec<Reach>,
}

impl Invite {
    /// The link to give away. Addresses that would make it longer than [`MAX_LINK`] are left out, last ones first.
    #[must_use]
    pub fn to_link(&self) -> String {
        let mut link = format!(
            "{SCHEME}{}?n={}",
            self.key,
            percent::encode(self.name.as_str())
        );
        for reach in self.reach.iter().take(MAX_REACH) {
            let parameter = format!("&r={}", percent::encode(reach.as_str()));
            if link.len() + parameter.len() + CHECK_PARAMETER.len() + CHECK_CHARS > MAX_LINK {
                break;
            }
            link.push_str(&parameter);
        }
        let check = check(&link);
        link.push_str(CHECK_PARAMETER);
        link.push_str(&check);
        link
    }

    /// Reads a link as people paste it: white space, quotes and angle brackets around it are taken off.
    ///
    /// # Errors
    /// [`InviteError`], each with a sentence for the person who pasted the link.
    pub fn parse(text: &str) -> Result<Self, InviteError> {
        let text = text.trim_matches(is_wrapping);
        let body = match text.split_at_checked(SCHEME.len()) {
            Some((scheme, body)) if scheme.eq_ignore_ascii_case(SCHEME) => body,
            _ => return Err(InviteError::NotAnInvite),
        };
        if text.len() > MAX_LINK {
            return Err(InviteError::TooLong);
        }
        let (key, query) = match body.split_once('?') {
            Some(parts) => parts,
            None if body.len() <= KEY_CHARS => return Err(InviteError::Truncated),
            None => return Err(InviteError::Damaged),
        };
        let first = query.split('&').next().unwrap_or_default();
        if first
            .strip_prefix("v=")
            .is_some_and(|version| version != "1")
        {
            return Err(InviteError::NewerVersion);
        }
        let (whole, given) = body
            .rsplit_once(CHECK_PARAMETER)
            .ok_or(InviteError::Truncated)?;
        let expected = check(&format!("{SCHEME}{whole}"));
        if given != expected {
            let cut = given.len() < CHECK_CHARS && expected.starts_with(given);
            return Err(if cut {
                InviteError::Truncated
            } else {
                InviteError::Damaged
            });
        }
        let key = key.parse().map_err(|_| InviteError::Key)?;
        let (mut name, mut reach) = (None, Vec::new());
        for parameter in query.split('&') {
            let Some((label, value)) = parameter.split_once('=') else {
                continue;
            };
            match label {
                "n" => name = Some(percent::decode(value).ok_or(InviteError::Damaged)?),
                // The link is whole, so an address that means nothing here is one for a newer Ringdown.
                "r" if reach.len() < MAX_REACH => {
                    reach.extend(
                        percent::decode(value).and_then(|address| Reach::parse(&address).ok()),
                    );
                }
                _ => {}
            }
        }
        let name = DisplayName::parse(&name.unwrap_or_default()).map_err(InviteError::Name)?;
        Ok(Self { key, name, reach })
    }
}

impl fmt::Display for Invite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_link())
    }
}

/// What mail programs, chats and people put around a link.
fn is_wrapping(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '"' | '\''
                | '`'
                | '<'
                | '>'
                | '“'
                | '”'
                | '„'
                | '‘'
                | '’'
                | '«'
                | '»'
                | '\u{feff}'
                | '\u{200b}'
        )
}

fn check(before: &str) -> String {
    let hash = Sha256::new()
        .chain_update(CHECK_LABEL)
        .chain_update(before)
        .finalize();
    let mut text = URL_SAFE_NO_PAD.encode(hash);
    text.truncate(CHECK_CHARS);
    text
}

#[cfg(test)]
mod tests {
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
}
