//! How many requests may wait, shared fairly between the invites they show.

use std::collections::HashMap;

use super::{Incoming, MAX_PENDING, MAX_PENDING_ONE_TIME, MAX_PENDING_PERMANENT, Pending};
use crate::identity::PublicKey;
use crate::invite::Token;
use crate::invite::issued::{InviteKind, IssuedBook};

impl Incoming {
    /// Whether a request of `from` that shows `token` may wait, perhaps in the place of another.
    pub(super) fn has_room(
        &self,
        now_ms: u64,
        from: PublicKey,
        token: Token,
        issued: &IssuedBook,
    ) -> bool {
        let most = match issued.kind_of(token) {
            Some(InviteKind::OneTime) => MAX_PENDING_ONE_TIME,
            Some(InviteKind::Permanent) => MAX_PENDING_PERMANENT,
            None => return false,
        };
        self.others_with(from, token).count() < most
            && (self.has_a_free_place(from) || self.to_go(now_ms, token, issued).is_some())
    }

    /// Lets one go where that is needed for a request that [`Incoming::has_room`] for.
    pub(super) fn make_room(
        &mut self,
        now_ms: u64,
        from: PublicKey,
        token: Token,
        issued: &IssuedBook,
    ) {
        if !self.has_a_free_place(from)
            && let Some(gone) = self.to_go(now_ms, token, issued)
        {
            self.pending.retain(|pending| pending.key != gone);
        }
    }

    pub(super) fn others_with(
        &self,
        key: PublicKey,
        token: Token,
    ) -> impl Iterator<Item = &Pending> {
        let others = self.pending.iter().filter(move |other| other.key != key);
        others.filter(move |other| other.token == token)
    }

    fn has_a_free_place(&self, from: PublicKey) -> bool {
        self.get(from).is_some() || self.pending.len() < MAX_PENDING
    }

    /// Whose request makes place for one that shows `token`: one whose invite is no longer good, or else the newest of the invite
    /// that most show, if those are more than would show `token` then. The only request of a good invite never is.
    fn to_go(&self, now_ms: u64, token: Token, issued: &IssuedBook) -> Option<PublicKey> {
        let mut newest_first = self.pending.iter().rev();
        let stale = |asked: &&Pending| !issued.admits(asked.token, now_ms);
        if let Some(asked) = newest_first.clone().find(stale) {
            return Some(asked.key);
        }
        let mut shown: HashMap<Token, usize> = HashMap::new();
        for asked in &self.pending {
            *shown.entry(asked.token).or_default() += 1;
        }
        let with_it = shown.get(&token).map_or(1, |count| count + 1);
        let most = shown.values().copied().max()?;
        let greedy = |asked: &&Pending| shown.get(&asked.token) == Some(&most);
        let asked = newest_first.find(greedy).filter(|_| most > with_it)?;
        Some(asked.key)
    }
}
