//! The link that makes somebody a contact.
//!
//! ```text
//! ringdown:<key, 43>?n=<name>&t=<token, 22>&e=<expiry>&r=<address>&r=<address>…&c=<check, 8>
//! ```
//!
//! Values are percent-encoded. `c` comes last: the first 8 base64url characters of SHA-256 over a label and everything
//! before `&c=`. It finds links that were cut or mangled on their way; it is no signature, whoever can change the link
//! can change the check. Unknown parameters are skipped; a first parameter `v` other than 1 says that only a newer
//! Ringdown understands the link.
//!
//! `t` is what a contact request has to show; see [`issued`]. `e` is when the invite expires, in seconds of Unix time.

pub mod issued;
#[cfg(test)]
mod tests;
mod token;

use std::fmt;

use sha2::{Digest as _, Sha256};

pub use self::token::Token;
pub use crate::reach::{MAX_REACH, MAX_REACH_LEN, Reach, ReachError};

use crate::base64url;
use crate::identity::{KEY_CHARS, PublicKey};
use crate::name::{DisplayName, NameError};
use crate::percent;

/// What an invite link begins with (in any case).
pub const SCHEME: &str = "ringdown:";
/// The longest link, in bytes.
pub const MAX_LINK: usize = 2048;

/// Where a server shows its invite page.
const PAGE: &str = "/i";
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
    /// Its time is over.
    #[error("This invite has expired. Ask {0} for a new one.")]
    Expired(DisplayName),
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
    /// What a contact request has to show. None in invites that only say where somebody is.
    pub token: Option<Token>,
    /// When it expires, in seconds of Unix time; None: never.
    pub expires: Option<u64>,
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
        if let Some(token) = &self.token {
            link.push_str(&format!("&t={token}"));
        }
        if let Some(expires) = self.expires {
            link.push_str(&format!("&e={expires}"));
        }
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

    /// Reads a link as people paste it: white space, quotes, brackets and the marks of a sentence around it are taken off. The address of a
    /// server's invite page will do as well: its fragment is the invite.
    ///
    /// # Errors
    /// [`InviteError`], each with a sentence for the person who pasted the link.
    pub fn parse(text: &str) -> Result<Self, InviteError> {
        let text = text.trim_matches(is_wrapping);
        let body = match text.split_at_checked(SCHEME.len()) {
            Some((scheme, body)) if scheme.eq_ignore_ascii_case(SCHEME) => body,
            _ => of_page(text).ok_or(InviteError::NotAnInvite)?,
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
        let (mut token, mut expires) = (None, None);
        for parameter in query.split('&') {
            let Some((label, value)) = parameter.split_once('=') else {
                continue;
            };
            match label {
                "n" => name = Some(percent::decode(value).ok_or(InviteError::Damaged)?),
                "t" => token = Some(value.parse().map_err(|_| InviteError::Damaged)?),
                "e" => expires = Some(value.parse().map_err(|_| InviteError::Damaged)?),
                // The link is whole, so an address that means nothing here is one for a newer Ringdown.
                "r" if reach.len() < MAX_REACH => {
                    reach.extend(
                        percent::decode(value).and_then(|address| Reach::parse(&address).ok()),
                    );
                }
                _ => {}
            }
        }
        let name = DisplayName::received(&name.unwrap_or_default()).map_err(InviteError::Name)?;
        Ok(Self {
            key,
            name,
            reach,
            token,
            expires,
        })
    }

    /// Whether its time is over at `now_ms`, milliseconds of Unix time.
    #[must_use]
    pub fn is_expired(&self, now_ms: u64) -> bool {
        self.expires.is_some_and(|expires| expires <= now_ms / 1000)
    }

    /// The invite, unless its time is over at `now_ms`, milliseconds of Unix time.
    ///
    /// # Errors
    /// [`InviteError::Expired`], with a sentence for the person who pasted the link.
    pub fn not_expired(self, now_ms: u64) -> Result<Self, InviteError> {
        if self.is_expired(now_ms) {
            return Err(InviteError::Expired(self.name));
        }
        Ok(self)
    }
}

impl fmt::Display for Invite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_link())
    }
}

/// The invite in the address of a server's invite page, without its scheme: `https://SERVER/i#INVITE`.
fn of_page(text: &str) -> Option<&str> {
    let (page, invite) = text.split_once('#')?;
    let (scheme, place) = page.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    (matches!(scheme.as_str(), "https" | "http") && place.ends_with(PAGE)).then_some(invite)
}

/// What mail programs, chats and people put around a link, which ends with a letter, a digit, `-` or `_`.
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
                | '('
                | ')'
                | '['
                | ']'
                | '.'
                | ','
                | ';'
                | '!'
                | '?'
                | '…'
                | '。'
                | '、'
                | '\u{feff}'
                | '\u{200b}'
        )
}

fn check(before: &str) -> String {
    let hash = Sha256::new()
        .chain_update(CHECK_LABEL)
        .chain_update(before)
        .finalize();
    let mut text = base64url::encode(&hash);
    text.truncate(CHECK_CHARS);
    text
}
