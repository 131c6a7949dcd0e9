//! The invites that were made here, and what each of them still allows.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use super::Token;
use crate::identity::{IdentityError, PublicKey};

/// How long a one-time invite can be used, in milliseconds: 7 days.
pub const ONE_TIME_MS: u64 = 7 * 24 * 60 * 60 * 1000;
/// The most invites in the book; the oldest that can't be used any more goes first, then the oldest one-time invite.
pub const MAX_ISSUED: usize = 64;
/// The longest label, in characters.
pub const MAX_LABEL_CHARS: usize = 64;

/// How often an invite can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum InviteKind {
    /// By one person, within 7 days.
    OneTime,
    /// By everybody, until it is revoked.
    Permanent,
}

/// An invite that was made here.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issued {
    /// Names it towards the window.
    pub id: Uuid,
    /// Its secret.
    pub token: Token,
    /// How often it can be used.
    pub kind: InviteKind,
    /// When it was made, in milliseconds of Unix time.
    pub made_ms: u64,
    /// When it expires, in milliseconds of Unix time; None: never.
    pub expires_ms: Option<u64>,
    /// Who used it up.
    pub used_by: Option<PublicKey>,
    /// It was taken back.
    pub revoked: bool,
    /// What the person calls it.
    pub label: Option<String>,
}

impl Issued {
    /// Whether a request that shows it is heard at `now_ms`.
    #[must_use]
    pub fn is_good(&self, now_ms: u64) -> bool {
        !self.revoked
            && self.used_by.is_none()
            && self.expires_ms.is_none_or(|expires| now_ms < expires)
    }

    /// When it expires as [`super::Invite`] writes it: in seconds of Unix time.
    #[must_use]
    pub fn expires(&self) -> Option<u64> {
        self.expires_ms.map(|expires| expires / 1000)
    }
}

/// A label and a token are nobody else's business.
impl std::fmt::Debug for Issued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Issued({:?})", self.kind)
    }
}

/// All of them, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IssuedBook(Vec<Issued>);

impl IssuedBook {
    /// The book as it was kept.
    #[must_use]
    pub fn from_saved(mut invites: Vec<Issued>) -> Self {
        invites.sort_by_key(|invite| invite.made_ms);
        Self(invites)
    }

    /// A new invite. A label is cut to [`MAX_LABEL_CHARS`].
    ///
    /// # Errors
    /// [`IdentityError::Random`] when the system has no random numbers to give.
    pub fn make(
        &mut self,
        kind: InviteKind,
        label: Option<&str>,
        now_ms: u64,
    ) -> Result<Issued, IdentityError> {
        let label = label.map(str::trim).filter(|label| !label.is_empty());
        let invite = Issued {
            id: Uuid::new_v4(),
            token: Token::generate()?,
            kind,
            made_ms: now_ms,
            expires_ms: match kind {
                InviteKind::OneTime => Some(now_ms.saturating_add(ONE_TIME_MS)),
                InviteKind::Permanent => None,
            },
            used_by: None,
            revoked: false,
            label: label.map(|label| label.chars().take(MAX_LABEL_CHARS).collect()),
        };
        while self.0.len() >= MAX_ISSUED {
            let useless = self.0.iter().position(|invite| !invite.is_good(now_ms));
            let one_time = |invite: &Issued| invite.kind == InviteKind::OneTime;
            let oldest = useless.or_else(|| self.0.iter().position(one_time));
            self.0.remove(oldest.unwrap_or_default());
        }
        self.0.push(invite.clone());
        Ok(invite)
    }

    /// The newest one-time invite without a label that can still be used for half its time: the one that the window
    /// shows as "my invite".
    #[must_use]
    pub fn current(&self, now_ms: u64) -> Option<&Issued> {
        self.0.iter().rev().find(|invite| {
            let fresh = |expires: u64| now_ms.saturating_add(ONE_TIME_MS / 2) < expires;
            invite.kind == InviteKind::OneTime
                && invite.label.is_none()
                && invite.is_good(now_ms)
                && invite.expires_ms.is_some_and(fresh)
        })
    }

    /// How often the invite with this token can be used; None where it is not in the book.
    #[must_use]
    pub fn kind_of(&self, token: Token) -> Option<InviteKind> {
        self.by_token(token).map(|invite| invite.kind)
    }

    /// Whether a request that shows this token is heard.
    #[must_use]
    pub fn admits(&self, token: Token, now_ms: u64) -> bool {
        self.by_token(token)
            .is_some_and(|invite| invite.is_good(now_ms))
    }

    /// Somebody became a contact by this token, or was blocked: a one-time invite is used up. True if that is news.
    pub fn use_up(&mut self, token: Token, by: PublicKey) -> bool {
        let found = self.0.iter_mut().find(|invite| invite.token == token);
        match found {
            Some(invite) if invite.kind == InviteKind::OneTime && invite.used_by.is_none() => {
                invite.used_by = Some(by);
                true
            }
            _ => false,
        }
    }

    /// Takes an invite back. True if that is news.
    pub fn revoke(&mut self, id: Uuid) -> bool {
        match self.0.iter_mut().find(|invite| invite.id == id) {
            Some(invite) if !invite.revoked => {
                invite.revoked = true;
                true
            }
            _ => false,
        }
    }

    /// All of them, oldest first.
    pub fn iter(&self) -> std::slice::Iter<'_, Issued> {
        self.0.iter()
    }

    fn by_token(&self, token: Token) -> Option<&Issued> {
        self.0.iter().find(|invite| invite.token == token)
    }
}

impl<'a> IntoIterator for &'a IssuedBook {
    type Item = &'a Issued;
    type IntoIter = std::slice::Iter<'a, Issued>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Identity;

    const NOW: u64 = 1_764_000_000_000;
    const DAY: u64 = 24 * 60 * 60 * 1000;

    fn bob() -> PublicKey {
        Identity::from_seed([2; 32]).public()
    }

    #[test]
    fn a_one_time_invite_works_once_and_for_a_week() {
        let mut book = IssuedBook::default();
        let made = book.make(InviteKind::OneTime, None, NOW).unwrap();
        assert_eq!(made.expires(), Some((NOW + 7 * DAY) / 1000));
        assert!(book.admits(made.token, NOW + 7 * DAY - 1));
        assert!(!book.admits(made.token, NOW + 7 * DAY));
        assert!(book.use_up(made.token, bob()) && !book.use_up(made.token, bob()));
        assert!(!book.admits(made.token, NOW));
        assert_eq!(book.iter().next().unwrap().used_by, Some(bob()));
    }

    #[test]
    fn a_permanent_invite_works_until_it_is_revoked() {
        let mut book = IssuedBook::default();
        let made = book.make(InviteKind::Permanent, Some(" on my card "), NOW);
        let made = made.unwrap();
        assert_eq!(made.label.as_deref(), Some("on my card"));
        assert!(!book.use_up(made.token, bob()), "it is never used up");
        assert!(book.admits(made.token, NOW + 4000 * DAY));
        assert!(book.revoke(made.id) && !book.revoke(made.id));
        assert!(!book.admits(made.token, NOW));
        assert!(!book.revoke(Uuid::nil()) && !book.use_up(Token::from_bytes([0; 16]), bob()));
    }

    #[test]
    fn the_current_invite_is_a_fresh_one_nobody_has_used() {
        let mut book = IssuedBook::default();
        assert_eq!(book.current(NOW), None);
        let made = book.make(InviteKind::OneTime, None, NOW).unwrap();
        book.make(InviteKind::Permanent, None, NOW).unwrap();
        book.make(InviteKind::OneTime, Some("for Bob"), NOW)
            .unwrap();
        assert_eq!(book.current(NOW).unwrap().id, made.id);
        assert_eq!(
            book.current(NOW + 4 * DAY),
            None,
            "it would expire too soon"
        );
        book.use_up(made.token, bob());
        assert_eq!(book.current(NOW), None);
    }

    #[test]
    fn the_book_forgets_what_is_of_no_use_first() {
        let mut book = IssuedBook::default();
        let card = book.make(InviteKind::Permanent, None, NOW).unwrap();
        let used = book.make(InviteKind::OneTime, None, NOW).unwrap();
        book.use_up(used.token, bob());
        for _ in 0..2 * MAX_ISSUED {
            book.make(InviteKind::OneTime, None, NOW).unwrap();
        }
        assert_eq!(book.iter().count(), MAX_ISSUED);
        assert!(book.admits(card.token, NOW));
        assert!(book.iter().all(|invite| invite.id != used.id));
        let saved = serde_json::to_string(&book).unwrap();
        let invites = serde_json::from_str(&saved).unwrap();
        assert_eq!(IssuedBook::from_saved(invites), book);
    }

    #[test]
    fn debug_shows_neither_token_nor_label() {
        let mut book = IssuedBook::default();
        let made = book.make(InviteKind::Permanent, Some("card"), NOW).unwrap();
        let shown = format!("{book:?} {:?}", made.token);
        assert!(!shown.contains("card") && !shown.contains(&made.token.to_string()[..4]));
    }
}
