//! A real STUN and TURN server on the lab's internet.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use rcgen::{CertificateParams, KeyPair};
use serde::Deserialize;
use tokio::time::timeout;

use super::probe::Probe;
use super::{Place, Server};
use crate::process::Program;
use crate::{PATIENCE, Result, eventually};

/// What the server shares with whoever issues credentials.
const SECRET: &str = "of the lab alone";
/// The port of STUN, and of TURN over UDP and TCP.
pub const PORT: u16 = 3478;
/// The port of TURN over TLS: the one that hardly any firewall closes.
pub const TLS_PORT: u16 = 443;

/// coturn.
#[derive(Debug)]
pub struct Coturn {
    addresses: Vec<IpAddr>,
    certificate: PathBuf,
    program: Program,
}

/// How a relay is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relay {
    /// By UDP.
    Udp,
    /// By TCP.
    Tcp,
    /// By TLS.
    Tls,
}

impl Relay {
    /// As `relayProtocol` of the statistics has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }
}

/// A user name and a password for a while.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Credentials {
    /// When it ends, and for whom it is.
    pub username: String,
    /// For that name.
    pub credential: String,
}

impl Coturn {
    /// Starts it on all addresses of a server; what it has to write goes to `dir`.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn start(server: &Server, dir: &Path) -> Result<Self> {
        let dir = dir.join("coturn");
        tokio::fs::create_dir(&dir).await?;
        let addresses: Vec<IpAddr> = server
            .ipv4
            .map(IpAddr::from)
            .into_iter()
            .chain(server.ipv6.map(IpAddr::from))
            .collect();
        let (certificate, key) = (dir.join("certificate.pem"), dir.join("key.pem"));
        let own = KeyPair::generate()?;
        let names: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        let signed = CertificateParams::new(names)?.self_signed(&own)?;
        tokio::fs::write(&certificate, signed.pem()).await?;
        tokio::fs::write(&key, own.serialize_pem()).await?;

        let mut command = server.place.command("turnserver");
        command.args([
            "-n",
            "--no-cli",
            "--fingerprint",
            "--realm=lab.example",
            "--use-auth-secret",
        ]);
        command.arg(format!("--static-auth-secret={SECRET}"));
        command
            .arg(format!("--listening-port={PORT}"))
            .arg(format!("--tls-listening-port={TLS_PORT}"));
        for address in &addresses {
            command.arg(format!("--listening-ip={address}"));
        }
        // One of each family, or relayed addresses alternate.
        command
            .arg(format!("--relay-ip={}", server.ipv4[0]))
            .arg(format!("--relay-ip={}", server.ipv6[0]));
        for (option, file) in [
            ("cert", "certificate.pem"),
            ("pkey", "key.pem"),
            ("userdb", "users.sqlite"),
            ("pidfile", "pid"),
            ("log-file", "log"),
        ] {
            command.arg(format!("--{option}={}", dir.join(file).display()));
        }
        command.arg("--simple-log").stderr(Stdio::null());
        let mut program = Program::start(&mut command)?;
        program.ignore_output();
        let coturn = Self {
            addresses,
            certificate,
            program,
        };
        eventually("coturn to answer", || async {
            let probe = Probe::new(&server.place, server.ipv4[1].into(), 0)?;
            Ok(probe.mapped((server.ipv4[0], PORT).into())?.map(drop))
        })
        .await?;
        Ok(coturn)
    }

    /// Where STUN, and TURN over UDP and TCP, are at its first IPv4 address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        (self.addresses[0], PORT).into()
    }

    /// The same service at its other IPv4 address.
    #[must_use]
    pub fn other_address(&self) -> SocketAddr {
        (self.addresses[1], PORT).into()
    }

    /// The first IPv6 address.
    #[must_use]
    pub fn address6(&self) -> SocketAddr {
        (self.addresses[2], PORT).into()
    }

    /// All of its services by either family, as the URLs of STUN and those of TURN.
    #[must_use]
    pub fn urls(&self) -> (Vec<String>, Vec<String>) {
        let (mut stun, mut turn) = (Vec::new(), Vec::new());
        for address in [self.address(), self.address6()] {
            let tls = SocketAddr::new(address.ip(), TLS_PORT);
            stun.push(format!("stun:{address}"));
            turn.extend(["udp", "tcp"].map(|by| format!("turn:{address}?transport={by}")));
            turn.push(format!("turns:{tls}?transport=tcp"));
        }
        (stun, turn)
    }

    /// What TLS clients have to trust (PEM).
    #[must_use]
    pub fn certificate(&self) -> &Path {
        &self.certificate
    }

    /// What a rendezvous would issue: a name that holds the second it ends at, and a password that the server can
    /// compute from it (coturn's `use-auth-secret`, draft-uberti-behave-turn-rest).
    ///
    /// # Errors
    /// When the clock is wrong.
    pub fn credentials(&self, lifetime: Duration) -> Result<Credentials> {
        let end = (SystemTime::now() + lifetime)
            .duration_since(UNIX_EPOCH)?
            .as_secs();
        let username = format!("{end}:lab");
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, SECRET.as_bytes());
        let credential = BASE64.encode(hmac::sign(&key, username.as_bytes()));
        Ok(Credentials {
            username,
            credential,
        })
    }

    /// Whether coturn's own client can send to itself through a relay of this server, from a place.
    ///
    /// # Errors
    /// When the client is not installed or never ends.
    pub async fn relays(&self, from: &Place, by: Relay, credentials: &Credentials) -> Result<bool> {
        let (options, port): (&[_], _) = match by {
            Relay::Udp => (&[], PORT),
            Relay::Tcp => (&["-t"], PORT),
            Relay::Tls => (&["-t", "-S"], TLS_PORT),
        };
        let mut client = from.command("turnutils_uclient");
        client
            .args(["-y", "-c", "-n", "1", "-m", "1"])
            .args(["-u", &credentials.username, "-w", &credentials.credential])
            .args(options)
            .args(["-p", &port.to_string()])
            .arg(self.address().ip().to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        Ok(timeout(PATIENCE, client.status()).await??.success())
    }

    /// The secret, for a rendezvous that issues credentials.
    #[must_use]
    pub fn secret(&self) -> &'static str {
        SECRET
    }

    /// Ends it as a crash would.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn kill(&mut self) -> Result<()> {
        self.program.kill().await
    }
}
