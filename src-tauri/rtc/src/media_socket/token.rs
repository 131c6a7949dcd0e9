//! Who may open the media socket: whoever was given a token over the app's own IPC.
//!
//! Any program and any web page on this machine can reach a loopback port. The token stops
//! programs, which could claim any Origin; the Origin stops web pages that learned of a token. A
//! token is good for one connection within 30 s, so that one that leaks is worth nothing.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

/// How long a token is good for.
pub(crate) const LIFETIME: Duration = Duration::from_secs(30);
/// Most tokens at once; the oldest goes first.
const MAX: usize = 16;
/// Bytes of randomness in a token.
const LENGTH: usize = 32;

/// Tokens given out and not used yet; no `Debug`.
#[derive(Default)]
pub(crate) struct Tokens {
    issued: Vec<([u8; LENGTH], Instant)>,
}

impl Tokens {
    /// A new token; `None` without a source of randomness.
    pub fn issue(&mut self, now: Instant) -> Option<String> {
        let mut token = [0; LENGTH];
        getrandom::fill(&mut token).ok()?;
        self.issued.retain(|(_, at)| now < *at + LIFETIME);
        if self.issued.len() >= MAX {
            self.issued.remove(0);
        }
        self.issued.push((token, now));
        Some(BASE64_URL_SAFE_NO_PAD.encode(token))
    }

    /// Whether the token is good; it is not any more afterwards.
    pub fn redeem(&mut self, token: &str, now: Instant) -> bool {
        self.issued.retain(|(_, at)| now < *at + LIFETIME);
        let Ok(token) = BASE64_URL_SAFE_NO_PAD.decode(token) else {
            return false;
        };
        let found = self
            .issued
            .iter()
            .position(|(issued, _)| same(issued, &token));
        found.map(|at| self.issued.remove(at)).is_some()
    }
}

/// Compares in a time that does not depend on where two tokens differ.
fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .fold(0, |differs, (a, b)| differs | (a ^ b))
            == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_once() {
        let (mut tokens, now) = (Tokens::default(), Instant::now());
        let token = tokens.issue(now).unwrap();
        assert!(tokens.redeem(&token, now));
        assert!(!tokens.redeem(&token, now));
    }

    #[test]
    fn a_token_is_good_for_30_seconds() {
        let (mut tokens, now) = (Tokens::default(), Instant::now());
        let (early, late) = (tokens.issue(now).unwrap(), tokens.issue(now).unwrap());
        assert!(tokens.redeem(&early, now + LIFETIME - Duration::from_millis(1)));
        assert!(!tokens.redeem(&late, now + LIFETIME));
    }

    #[test]
    fn no_other_token_is_good() {
        let (mut tokens, now) = (Tokens::default(), Instant::now());
        let token = tokens.issue(now).unwrap();
        assert_eq!(token.len(), 43);
        for wrong in ["", "x", &token[1..], &format!("{token}A"), &"A".repeat(43)] {
            assert!(!tokens.redeem(wrong, now));
        }
    }

    #[test]
    fn tokens_do_not_pile_up() {
        let (mut tokens, now) = (Tokens::default(), Instant::now());
        let first = tokens.issue(now).unwrap();
        let rest: Vec<_> = (0..MAX).map(|_| tokens.issue(now).unwrap()).collect();
        assert!(!tokens.redeem(&first, now));
        assert!(rest.iter().all(|token| tokens.redeem(token, now)));
    }
}
