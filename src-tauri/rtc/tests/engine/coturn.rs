//! A real TURN server on 127.0.0.1, and what it said.

use std::io::{BufRead, BufReader};
use std::net::{TcpListener, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::CertificateDer;
use serde_json::{Value, json};

const ALICE: [&str; 3] = ["--lt-cred-mech", "--user", "alice:secret"];
/// The secret that time-limited credentials are made with.
const SECRET: &str = "north";
/// How long it takes at most to start; only a failing test waits so long.
const START: Duration = Duration::from_secs(20);
/// A Binding request without any attribute.
const BINDING: [u8; 20] = *b"\x00\x01\x00\x00\x21\x12\xa4\x42ringdown0000";

/// A coturn of one's own; it ends with this.
pub struct Coturn {
    process: Child,
    address: &'static str,
    pub port: u16,
    pub tls_port: u16,
    /// What signs its certificate: itself.
    pub root: CertificateDer<'static>,
    folder: std::path::PathBuf,
    said: Arc<Mutex<Vec<String>>>,
    options: Vec<String>,
}

impl Coturn {
    /// One that knows alice by the password "secret".
    pub fn start() -> Self {
        Self::with("127.0.0.1", &ALICE)
    }

    /// The same, on ::1.
    pub fn on_ipv6() -> Self {
        Self::with("::1", &ALICE)
    }

    /// One that knows everybody who has credentials made with its secret.
    pub fn with_time_limited_credentials() -> Self {
        let options = ["--use-auth-secret", "--static-auth-secret", SECRET];
        Self::with("127.0.0.1", &options)
    }

    /// The same, in a network namespace, at this address of it.
    pub fn out_there(namespace: &str, address: &'static str) -> Self {
        Self::made(&["ip", "netns", "exec", namespace], address, &ALICE)
    }

    fn with(address: &'static str, authentication: &[&str]) -> Self {
        Self::made(&[], address, authentication)
    }

    fn made(before: &[&str], address: &'static str, authentication: &[&str]) -> Self {
        let (port, tls_port) = (free_port(), free_port());
        let folder =
            std::env::temp_dir().join(format!("ringdown-coturn-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(names)
            .unwrap()
            .self_signed(&key)
            .unwrap();
        std::fs::write(folder.join("cert.pem"), certificate.pem()).unwrap();
        std::fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
        let place = |name: &str| folder.join(name).display().to_string();
        let mut options: Vec<String> = before.iter().map(|&word| word.to_owned()).collect();
        let always = [
            "turnserver",
            "-n",
            "--no-cli",
            "--verbose",
            "--log-file",
            "stdout",
            "--simple-log",
            "--no-dtls",
            "--realm",
            "ringdown.test",
            "--allow-loopback-peers",
        ];
        options.extend(always.map(str::to_owned));
        for (option, value) in [
            ("--listening-ip", address.to_owned()),
            ("--relay-ip", address.to_owned()),
            ("--listening-port", port.to_string()),
            ("--tls-listening-port", tls_port.to_string()),
            ("--cert", place("cert.pem")),
            ("--pkey", place("key.pem")),
            ("--userdb", place("turndb")),
            ("--pidfile", place("pid")),
        ] {
            options.extend([option.to_owned(), value]);
        }
        options.extend(authentication.iter().map(|&option| option.to_owned()));
        let said = Arc::default();
        Self {
            process: run(&options, address, port, &said),
            address,
            port,
            tls_port,
            root: certificate.der().clone(),
            folder,
            said,
            options,
        }
    }

    /// An entry of `iceServers`: alice's, over `udp`, `tcp` or `tls`.
    pub fn server(&self, transport: &str) -> Value {
        json!({ "urls": self.url(transport), "username": "alice", "credential": "secret" })
    }

    /// Its URL; the name is to be resolved.
    pub fn url(&self, transport: &str) -> String {
        match transport {
            other if self.address == "::1" => {
                format!("turn:[::1]:{}?transport={other}", self.port)
            }
            "tls" => format!("turns:localhost:{}", self.tls_port),
            other if self.address == "127.0.0.1" => {
                format!("turn:localhost:{}?transport={other}", self.port)
            }
            other => format!("turn:{}:{}?transport={other}", self.address, self.port),
        }
    }

    /// Credentials good until then, in seconds since 1970, the way the rendezvous makes them.
    pub fn credentials(&self, until: u64) -> (String, String) {
        let username = format!("{until}:alice");
        let key = aws_lc_rs::hmac::Key::new(
            aws_lc_rs::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            SECRET.as_bytes(),
        );
        let tag = aws_lc_rs::hmac::sign(&key, username.as_bytes());
        (username, BASE64_STANDARD.encode(tag))
    }

    /// Ends it without a word to anybody.
    pub fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Starts it anew, at the same port; it remembers nothing.
    pub fn restart(&mut self) {
        self.process = run(&self.options, self.address, self.port, &self.said);
    }

    /// Waits until it has said this.
    pub async fn says(&self, what: &str) {
        crate::person::soon(what, async {
            while !self
                .said
                .lock()
                .unwrap()
                .iter()
                .any(|line| line.contains(what))
            {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
    }
}

impl Drop for Coturn {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Starts the process and waits until it answers.
#[allow(
    clippy::zombie_processes,
    reason = "whoever gets the process waits for it; where it never answers, the test ends"
)]
fn run(options: &[String], address: &str, port: u16, said: &Arc<Mutex<Vec<String>>>) -> Child {
    let (program, arguments) = options.split_first().unwrap();
    let mut process = Command::new(program)
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| {
            panic!("coturn cannot be started ({error}): apt-get install coturn")
        });
    let output = BufReader::new(process.stdout.take().unwrap());
    let said = Arc::clone(said);
    std::thread::spawn(move || {
        for line in output.lines().map_while(Result::ok) {
            said.lock().unwrap().push(line);
        }
    });
    let any = if address.contains(':') {
        "::"
    } else {
        "0.0.0.0"
    };
    let socket = UdpSocket::bind((any, 0)).unwrap();
    socket.connect((address, port)).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    let start = std::time::Instant::now();
    while start.elapsed() < START {
        let sent = socket.send(&BINDING);
        if sent.is_ok() && socket.recv(&mut [0; 200]).is_ok() {
            return process;
        }
    }
    panic!("coturn does not answer");
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
