//! Which STUN and TURN servers clients are told of, and by what secret.

use std::{fs, io, path::PathBuf, time::Duration};

use clap::Args;
use ringdown_signaling::{
    limits::TURN_TTL,
    server::{IceError, IceIssuer, TurnSecret},
    wire::{IceUrl, IceUrlError},
};
use serde::{Deserialize, Deserializer, de};

/// As given; the same names on the command line, in the environment and in the section `[ice]` of the file.
#[derive(Debug, Default, Args, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawIce {
    /// A STUN server that clients are told of: `stun:HOST[:PORT]`. May be repeated, or a list with commas
    #[arg(long, value_name = "URL", env = "RINGDOWN_STUN", value_delimiter = ',')]
    stun: Vec<String>,

    /// A TURN server that clients are told of, with credentials for it: `turn:HOST[:PORT][?transport=tcp]`, or `turns:…` for TLS.
    /// May be repeated, or a list with commas
    #[arg(long, value_name = "URL", env = "RINGDOWN_TURN", value_delimiter = ',')]
    turn: Vec<String>,

    /// What the TURN server has as static-auth-secret. Others on this machine can see a command line: better the environment,
    /// or a file
    #[arg(
        long,
        value_name = "SECRET",
        env = "RINGDOWN_TURN_SECRET",
        hide_env_values = true,
        conflicts_with = "turn_secret_file"
    )]
    #[serde(deserialize_with = "secret")]
    turn_secret: Option<TurnSecret>,

    /// A file that holds that secret and nothing else
    #[arg(long, value_name = "FILE", env = "RINGDOWN_TURN_SECRET_FILE")]
    turn_secret_file: Option<PathBuf>,

    /// For how many seconds TURN credentials are good. Default: 43200, which is 12 hours
    #[arg(long, value_name = "SECONDS", env = "RINGDOWN_TURN_TTL")]
    turn_ttl: Option<u64>,
}

/// What is wrong with these settings.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IceOptionsError {
    #[error("the URL {text} is not right. {source}")]
    Url { text: String, source: IceUrlError },
    #[error("the file with the TURN secret, {}, cannot be read: {source}", path.display())]
    SecretFile { path: PathBuf, source: io::Error },
    #[error("{source}{}", hint(source))]
    Ice {
        #[from]
        source: IceError,
    },
}

fn hint(error: &IceError) -> &'static str {
    match error {
        IceError::NoSecret => ". Give it by --turn-secret-file or RINGDOWN_TURN_SECRET",
        IceError::NoTurn => ". Name one with --turn",
        IceError::Mixed => {
            ". stun: and stuns: URLs belong to --stun, turn: and turns: URLs to --turn"
        }
        IceError::EmptySecret | IceError::Ttl => "",
    }
}

impl RawIce {
    /// These, and from `other` what these do not say.
    pub(super) fn or(self, other: Self) -> Self {
        let or = |mine: Vec<String>, others| if mine.is_empty() { others } else { mine };
        // A secret here makes one there pointless, in whichever form.
        let (turn_secret, turn_secret_file) =
            if self.turn_secret.is_some() || self.turn_secret_file.is_some() {
                (self.turn_secret, self.turn_secret_file)
            } else {
                (other.turn_secret, other.turn_secret_file)
            };
        Self {
            stun: or(self.stun, other.stun),
            turn: or(self.turn, other.turn),
            turn_secret,
            turn_secret_file,
            turn_ttl: self.turn_ttl.or(other.turn_ttl),
        }
    }

    /// `None`: clients are told of no servers.
    pub(super) fn check(self) -> Result<Option<IceIssuer>, IceOptionsError> {
        let (stun, turn) = (urls(self.stun)?, urls(self.turn)?);
        let secret = match (self.turn_secret, self.turn_secret_file) {
            (Some(secret), _) => Some(secret),
            (None, Some(path)) => Some(read(path)?),
            (None, None) => None,
        };
        if stun.is_empty() && turn.is_empty() && secret.is_none() {
            return Ok(None);
        }
        let ttl = self.turn_ttl.map_or(TURN_TTL, Duration::from_secs);
        Ok(Some(IceIssuer::new(stun, turn, secret, ttl)?))
    }
}

fn urls(texts: Vec<String>) -> Result<Vec<IceUrl>, IceOptionsError> {
    texts
        .into_iter()
        .map(|text| {
            let url = text.trim().parse();
            url.map_err(|source| IceOptionsError::Url { text, source })
        })
        .collect()
}

fn read(path: PathBuf) -> Result<TurnSecret, IceOptionsError> {
    match fs::read_to_string(&path) {
        // Editors end a file with a new line.
        Ok(text) => Ok(text.trim_end_matches(['\r', '\n']).parse()?),
        Err(source) => Err(IceOptionsError::SecretFile { path, source }),
    }
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<TurnSecret>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> RawIce {
        toml::from_str(text).unwrap()
    }

    fn why(raw: RawIce) -> String {
        raw.check().unwrap_err().to_string()
    }

    #[test]
    fn nothing_said_means_no_servers() {
        assert!(RawIce::default().check().unwrap().is_none());
        assert!(file("stun = ['stun:s.example']").check().unwrap().is_some());
    }

    #[test]
    fn the_command_line_wins_over_the_file_and_one_secret_over_the_other() {
        let here = file("turn = ['turn:a.example']\nturn_secret = 'mine'");
        let there = file(
            "turn = ['turn:b.example']\nstun = ['stun:b.example']\nturn_secret_file = '/nowhere'\nturn_ttl = 60",
        );
        let merged = here.or(there);
        assert_eq!(merged.turn, ["turn:a.example"]);
        assert_eq!(merged.stun, ["stun:b.example"]);
        assert_eq!(
            (merged.turn_secret_file.as_ref(), merged.turn_ttl),
            (None, Some(60))
        );
        assert!(merged.check().unwrap().is_some());
    }

    #[test]
    fn mistakes_are_told_with_what_to_do() {
        let no_secret = why(file("turn = ['turn:a.example']"));
        assert!(no_secret.contains("RINGDOWN_TURN_SECRET"), "{no_secret}");
        let no_turn = why(file("turn_secret = 'mine'"));
        assert!(no_turn.contains("--turn"), "{no_turn}");
        let mixed = why(file("stun = ['turn:a.example']"));
        assert!(mixed.contains("--stun"), "{mixed}");
        let slashes = why(file("stun = ['stun://a.example']"));
        assert!(slashes.contains("stun://a.example"), "{slashes}");
        let missing = why(file(
            "turn = ['turn:a.example']\nturn_secret_file = '/nowhere/secret'",
        ));
        assert!(missing.contains("/nowhere/secret"), "{missing}");
        let short = why(file(
            "turn = ['turn:a.example']\nturn_secret = 'mine'\nturn_ttl = 1",
        ));
        assert!(short.contains("10 seconds to 7 days"), "{short}");
        assert!(toml::from_str::<RawIce>("turn_secret = ''").is_err());
    }

    #[test]
    fn debug_output_shows_no_secret() {
        let raw = file("turn = ['turn:a.example']\nturn_secret = 'mine'");
        assert!(!format!("{raw:?}").contains("mine"));
    }
}
