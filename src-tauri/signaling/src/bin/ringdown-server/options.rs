//! What the server is told: command line over environment over file over default; checked once, here.

mod ice;

use std::{
    fs, io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use clap::Parser;
use ringdown_signaling::{
    ServerConfig,
    challenge::{Audience, AudienceError},
    limits::MAX_NAMES,
    server::ServerLimits,
};
use serde::Deserialize;

use ice::{IceOptionsError, RawIce};

/// Where the server listens by default: every IPv4 address of the machine.
const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 7373);

/// The meeting point of Ringdown: people register here to be reachable, and hand each other sealed messages.
#[derive(Debug, Default, Parser)]
#[command(name = "ringdown-server", version)]
pub(crate) struct RawOptions {
    /// Address and port to listen on. For IPv6 too, most systems take `[::]:7373`. Default: `0.0.0.0:7373`
    #[arg(long, value_name = "ADDRESS", env = "RINGDOWN_LISTEN")]
    listen: Option<SocketAddr>,

    /// A TOML file with the same settings, and with limits
    #[arg(long, value_name = "FILE", env = "RINGDOWN_CONFIG")]
    config: Option<PathBuf>,

    /// What clients call this server: example.org, or example.org:7373 where the port is not 443. Needed when that is not the
    /// machine's own address. May be repeated, or a list with commas
    #[arg(
        long = "name",
        value_name = "NAME",
        env = "RINGDOWN_NAME",
        value_delimiter = ','
    )]
    names: Vec<String>,

    /// Address of a reverse proxy whose X-Forwarded-For is believed. May be repeated, or a list with commas
    #[arg(
        long = "trust-proxy",
        value_name = "IP",
        env = "RINGDOWN_TRUST_PROXY",
        value_delimiter = ','
    )]
    trusted_proxies: Vec<IpAddr>,

    /// A directory to keep sealed notes of missed calls in, so that they survive a restart. Made where it is missing.
    /// Default: they are kept in memory only
    #[arg(long, value_name = "DIR", env = "RINGDOWN_STATE")]
    state: Option<PathBuf>,

    #[command(flatten)]
    ice: RawIce,
}

/// The file. Everything in it is optional.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawFile {
    listen: Option<SocketAddr>,
    names: Vec<String>,
    trusted_proxies: Vec<IpAddr>,
    state: Option<PathBuf>,
    ice: RawIce,
    limits: RawLimits,
}

/// The section `[limits]`; each default is the constant in the library's `limits`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawLimits {
    half_open: Option<u32>,
    half_open_per_address: Option<u32>,
    connections: Option<u32>,
    connections_per_address: Option<u32>,
    sends_per_second: Option<u32>,
    send_burst: Option<u32>,
    sends_per_second_per_address: Option<u32>,
    send_burst_per_address: Option<u32>,
    frames_per_second: Option<u32>,
    frame_burst: Option<u32>,
}

/// Checked settings.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) listen: SocketAddr,
    /// Where notes are kept, if not in memory only.
    pub(crate) state: Option<PathBuf>,
    pub(crate) config: ServerConfig,
}

/// What is wrong with the settings.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OptionsError {
    #[error("the configuration file {} cannot be read: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("the configuration file {} is not right: {source}", path.display())]
    Parse {
        path: PathBuf,
        source: Box<toml::de::Error>,
    },
    #[error("a name of this server is not right: {0}")]
    Name(#[from] AudienceError),
    #[error(transparent)]
    Ice(#[from] IceOptionsError),
    #[error("a server has at most {MAX_NAMES} names")]
    TooManyNames,
    #[error("the limit {0} is 0: nobody could use this server")]
    Zero(&'static str),
}

impl Options {
    /// Reads the file, if one is named, and checks everything.
    pub(crate) fn from_raw(raw: RawOptions) -> Result<Self, OptionsError> {
        let file = match &raw.config {
            Some(path) => read(path)?,
            None => RawFile::default(),
        };
        Self::merge(raw, file)
    }

    fn merge(raw: RawOptions, file: RawFile) -> Result<Self, OptionsError> {
        let names = if raw.names.is_empty() {
            file.names
        } else {
            raw.names
        };
        let trusted = if raw.trusted_proxies.is_empty() {
            file.trusted_proxies
        } else {
            raw.trusted_proxies
        };
        if names.len() > MAX_NAMES {
            return Err(OptionsError::TooManyNames);
        }
        let names = names
            .iter()
            .map(|name| name.trim().parse::<Audience>())
            .collect::<Result<_, _>>()?;
        Ok(Self {
            listen: raw.listen.or(file.listen).unwrap_or(DEFAULT_LISTEN),
            state: raw.state.or(file.state),
            config: ServerConfig {
                names,
                trusted_proxies: trusted.iter().map(IpAddr::to_canonical).collect(),
                ice: raw.ice.or(file.ice).check()?,
                pages: true,
                limits: file.limits.check()?,
            },
        })
    }
}

impl RawLimits {
    fn check(self) -> Result<ServerLimits, OptionsError> {
        let mut limits = ServerLimits::default();
        for (name, raw, checked) in [
            ("half_open", self.half_open, &mut limits.half_open),
            (
                "half_open_per_address",
                self.half_open_per_address,
                &mut limits.half_open_per_address,
            ),
            ("connections", self.connections, &mut limits.connections),
            (
                "connections_per_address",
                self.connections_per_address,
                &mut limits.connections_per_address,
            ),
            (
                "sends_per_second",
                self.sends_per_second,
                &mut limits.sends_per_second,
            ),
            ("send_burst", self.send_burst, &mut limits.send_burst),
            (
                "sends_per_second_per_address",
                self.sends_per_second_per_address,
                &mut limits.sends_per_second_per_address,
            ),
            (
                "send_burst_per_address",
                self.send_burst_per_address,
                &mut limits.send_burst_per_address,
            ),
            (
                "frames_per_second",
                self.frames_per_second,
                &mut limits.frames_per_second,
            ),
            ("frame_burst", self.frame_burst, &mut limits.frame_burst),
        ] {
            match raw {
                Some(0) => return Err(OptionsError::Zero(name)),
                Some(value) => *checked = value,
                None => {}
            }
        }
        Ok(limits)
    }
}

fn read(path: &Path) -> Result<RawFile, OptionsError> {
    let text = fs::read_to_string(path).map_err(|source| OptionsError::Read {
        path: path.to_owned(),
        source,
    })?;
    toml::from_str(&text).map_err(|source| OptionsError::Parse {
        path: path.to_owned(),
        source: Box::new(source),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> RawFile {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn nothing_said_means_the_defaults() {
        let options = Options::merge(RawOptions::default(), RawFile::default()).unwrap();
        assert_eq!(options.listen, "0.0.0.0:7373".parse().unwrap());
        assert_eq!(options.state, None);
        assert!(options.config.names.is_empty() && options.config.trusted_proxies.is_empty());
        assert_eq!(
            options.config.limits.connections,
            ringdown_signaling::limits::MAX_CONNECTIONS
        );
    }

    #[test]
    fn the_command_line_wins_over_the_file() {
        let raw = RawOptions::parse_from([
            "ringdown-server",
            "--listen",
            "127.0.0.1:1",
            "--name",
            "a.example,b.example:81",
            "--state",
            "here",
        ]);
        let file = file(
            "listen = '127.0.0.1:2'\nnames = ['c.example']\ntrusted_proxies = ['::ffff:192.0.2.1']\nstate = 'there'\n[limits]\nconnections = 7",
        );
        let options = Options::merge(raw, file).unwrap();
        assert_eq!(options.listen.port(), 1);
        assert_eq!(options.state, Some("here".into()));
        let names: Vec<String> = options
            .config
            .names
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(names, ["a.example:443", "b.example:81"]);
        assert_eq!(
            options.config.trusted_proxies,
            ["192.0.2.1".parse::<IpAddr>().unwrap()]
        );
        assert_eq!(options.config.limits.connections, 7);
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        assert!(
            toml::from_str::<RawFile>("lisen = '127.0.0.1:2'")
                .unwrap_err()
                .to_string()
                .contains("lisen")
        );
        let zero =
            Options::merge(RawOptions::default(), file("[limits]\nsend_burst = 0")).unwrap_err();
        assert!(zero.to_string().contains("send_burst"));
        let name = Options::merge(
            RawOptions::default(),
            file("names = ['https://example.org/']"),
        )
        .unwrap_err();
        assert!(name.to_string().contains("https://example.org/"));
        let many = Options::merge(
            RawOptions::default(),
            RawFile {
                names: vec!["a".into(); 9],
                ..RawFile::default()
            },
        );
        assert!(matches!(many.unwrap_err(), OptionsError::TooManyNames));
        let missing = RawOptions {
            config: Some("/nowhere/ringdown.toml".into()),
            ..RawOptions::default()
        };
        assert!(
            Options::from_raw(missing)
                .unwrap_err()
                .to_string()
                .contains("/nowhere/ringdown.toml")
        );
    }
}
