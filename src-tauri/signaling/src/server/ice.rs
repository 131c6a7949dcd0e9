//! Credentials for a TURN server, as coturn checks them with `use-auth-secret`: a user name that says until when it is good,
//! and its HMAC-SHA1 under a secret that only the two servers have (draft-uberti-behave-turn-rest-00 §2.2).

use std::{
    fmt,
    hash::{BuildHasher as _, RandomState},
    str::FromStr,
    time::{Duration, SystemTime},
};

use aws_lc_rs::hmac::{self, HMAC_SHA1_FOR_LEGACY_USE_ONLY};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};

use super::shares::Origin;
use crate::{
    limits::{TURN_NAMES_PER_ORIGIN, TURN_TTL_MAX, TURN_TTL_MIN},
    wire::{IceServer, IceUrl, Key, ServerFrame},
};

/// What a TURN server and this one share: coturn's `static-auth-secret`. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct TurnSecret(String);

impl FromStr for TurnSecret {
    type Err = IceError;

    fn from_str(text: &str) -> Result<Self, IceError> {
        if text.is_empty() {
            return Err(IceError::EmptySecret);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for TurnSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TurnSecret(…)")
    }
}

/// Why credentials cannot be issued. Each is a sentence that says what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IceError {
    /// Nothing to sign with.
    #[error("the TURN secret is empty")]
    EmptySecret,
    /// TURN servers, but nothing to sign with.
    #[error("a TURN server needs a secret, the one that coturn has as static-auth-secret")]
    NoSecret,
    /// A secret, but nowhere to use it.
    #[error("there is a TURN secret but no TURN server")]
    NoTurn,
    /// A STUN URL where a TURN URL should be, or the other way round.
    #[error("a STUN server stands among the TURN servers, or the other way round")]
    Mixed,
    /// Too short for a call to begin, or too long to be short-lived.
    #[error(
        "TURN credentials must be good for {} seconds to {} days",
        TURN_TTL_MIN.as_secs(),
        TURN_TTL_MAX.as_secs() / 86_400
    )]
    Ttl,
}

/// The servers that clients are told of when they register.
#[derive(Debug, Clone)]
pub struct IceIssuer {
    stun: Vec<IceUrl>,
    turn: Vec<IceUrl>,
    secret: Option<TurnSecret>,
    ttl: Duration,
    /// Makes names that say nothing, other ones in each run.
    names: RandomState,
}

impl IceIssuer {
    /// Tells of these servers, with TURN credentials that are good for `ttl`.
    ///
    /// # Errors
    /// See [`IceError`].
    pub fn new(
        stun: Vec<IceUrl>,
        turn: Vec<IceUrl>,
        secret: Option<TurnSecret>,
        ttl: Duration,
    ) -> Result<Self, IceError> {
        if stun.iter().any(IceUrl::is_turn) || !turn.iter().all(IceUrl::is_turn) {
            return Err(IceError::Mixed);
        }
        match (turn.is_empty(), &secret) {
            (false, None) => return Err(IceError::NoSecret),
            (true, Some(_)) => return Err(IceError::NoTurn),
            (true, None) | (false, Some(_)) => {}
        }
        if !(TURN_TTL_MIN..=TURN_TTL_MAX).contains(&ttl) {
            return Err(IceError::Ttl);
        }
        Ok(Self {
            stun,
            turn,
            secret,
            ttl,
            names: RandomState::new(),
        })
    }

    /// How long after one frame the next is due: what a client has is always good for at least as long again.
    pub(super) fn refresh_after(&self) -> Duration {
        self.ttl / 2
    }

    /// The frame for one client, good from now on; `None` without a clock.
    pub(super) fn issue(&self, origin: Origin, key: &Key) -> Option<ServerFrame> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Some(self.issue_at(now.ok()?, &self.name(origin, key)))
    }

    /// What coturn counts a client's relays by (`user-quota`): it looks at what follows the time. Whoever makes many keys has no more
    /// names for that, and several people at one address seldom have the same.
    fn name(&self, origin: Origin, key: &Key) -> String {
        let slot = self.names.hash_one(key) % TURN_NAMES_PER_ORIGIN;
        let name = self.names.hash_one((origin, slot));
        URL_SAFE_NO_PAD.encode(name.to_be_bytes())
    }

    fn issue_at(&self, unix_time: Duration, name: &str) -> ServerFrame {
        let texts = |urls: &[IceUrl]| urls.iter().map(|url| url.as_str().to_owned()).collect();
        let mut ice = Vec::new();
        if !self.stun.is_empty() {
            ice.push(IceServer {
                urls: texts(&self.stun),
                username: None,
                credential: None,
            });
        }
        if let Some(secret) = &self.secret {
            let until = (unix_time + self.ttl).as_secs();
            let username = format!("{until}:{name}");
            let key = hmac::Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.0.as_bytes());
            let credential = STANDARD.encode(hmac::sign(&key, username.as_bytes()));
            ice.push(IceServer {
                urls: texts(&self.turn),
                username: Some(username),
                credential: Some(credential),
            });
        }
        let ttl = u32::try_from(self.ttl.as_secs()).unwrap_or(u32::MAX);
        ServerFrame::Servers { ice, ttl }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn urls(texts: &[&str]) -> Vec<IceUrl> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn secret() -> Option<TurnSecret> {
        Some("north".parse().unwrap())
    }

    #[test]
    fn credentials_are_golden() {
        // As `printf 1700003600:AAECAwQFBgcI | openssl dgst -sha1 -hmac north -binary | base64` has it.
        let turn = urls(&[
            "turn:turn.example.org",
            "turns:turn.example.org:443?transport=tcp",
        ]);
        let issuer = IceIssuer::new(urls(&["stun:s.example"]), turn, secret(), HOUR).unwrap();
        let frame = issuer.issue_at(Duration::from_secs(1_700_000_000), "AAECAwQFBgcI");
        assert_eq!(
            frame.encode(),
            concat!(
                r#"{"t":"servers","ice":[{"urls":["stun:s.example"]},{"urls":["turn:turn.example.org","#,
                r#""turns:turn.example.org:443?transport=tcp"],"username":"1700003600:AAECAwQFBgcI","#,
                r#""credential":"NBLgiNep0y5Nsgd2Ag386IVb5f0="}],"ttl":3600}"#
            )
        );
    }

    const BOBS: Origin = Origin::Address(2);

    fn bob() -> Key {
        Key::from([2; 32])
    }

    #[test]
    fn whoever_makes_many_keys_has_no_more_relays_for_that() {
        let new = || IceIssuer::new(vec![], urls(&["turn:t.example"]), secret(), HOUR).unwrap();
        let issuer = new();
        let names = |origin| {
            let keys = (0..=255).map(|number| Key::from([number; 32]));
            keys.map(|key| issuer.name(origin, &key))
                .collect::<HashSet<_>>()
        };
        let (bobs, mallorys) = (names(BOBS), names(Origin::Address(666)));
        assert_eq!(mallorys.len() as u64, TURN_NAMES_PER_ORIGIN);
        assert!(bobs.is_disjoint(&mallorys), "nobody uses up another's");
        assert_eq!(issuer.name(BOBS, &bob()), issuer.name(BOBS, &bob()));
        assert_ne!(issuer.name(BOBS, &bob()), new().name(BOBS, &bob()));
    }

    #[test]
    fn stun_alone_needs_no_secret() {
        let issuer = IceIssuer::new(urls(&["stun:s.example"]), vec![], None, HOUR).unwrap();
        let Some(ServerFrame::Servers { ice, .. }) = issuer.issue(BOBS, &bob()) else {
            panic!("no servers")
        };
        assert_eq!(ice.len(), 1);
    }

    #[test]
    fn what_cannot_work_is_refused() {
        let (stun, turn) = (urls(&["stun:s.example"]), urls(&["turn:t.example"]));
        let new = IceIssuer::new;
        let why = |made: Result<IceIssuer, IceError>| made.unwrap_err();
        assert_eq!(
            why(new(vec![], turn.clone(), None, HOUR)),
            IceError::NoSecret
        );
        assert_eq!(
            why(new(stun.clone(), vec![], secret(), HOUR)),
            IceError::NoTurn
        );
        assert_eq!(
            why(new(turn.clone(), stun, secret(), HOUR)),
            IceError::Mixed
        );
        for ttl in [Duration::ZERO, Duration::from_secs(9), 24 * 8 * HOUR] {
            assert_eq!(why(new(vec![], turn.clone(), secret(), ttl)), IceError::Ttl);
        }
        assert_eq!("".parse::<TurnSecret>(), Err(IceError::EmptySecret));
    }

    #[test]
    fn debug_output_shows_no_secret() {
        let issuer = IceIssuer::new(vec![], urls(&["turn:t.example"]), secret(), HOUR).unwrap();
        let text = format!("{issuer:?} {:?}", issuer.issue(BOBS, &bob()));
        assert!(!text.contains("north"), "{text}");
        assert!(text.contains("IceServer { .. }"), "{text}");
    }
}
