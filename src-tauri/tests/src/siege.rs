//! What an attack on a server costs: its memory, and how honest people fare meanwhile. The attacks of the tests at full size,
//! each for a few seconds, on the loopback device only.

pub mod wire;

use std::fmt::Display;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ed25519_dalek::{Signer as _, SigningKey};
use ringdown_signaling::server::raise_descriptor_limit;
use ringdown_signaling::{Courier, Event, Registration};
use tokio::process::Command;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use crate::attack::{Attack, Attackers, addresses, memory};
use crate::process::Program;
use crate::stage::binary;
use crate::{PATIENCE, Result};

/// How long each attack goes on before and while honest people are watched.
const WARM_UP: Duration = Duration::from_secs(3);
/// How long honest people are watched.
const WATCH: Duration = Duration::from_secs(10);
/// Pause between two messages of an honest person.
const PAUSE: Duration = Duration::from_millis(20);
/// How often memory is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// What is done to the server.
enum Kind {
    Nothing,
    Sockets(Attack),
    Wire(wire::Attack),
}

/// One line of the table.
struct Line {
    name: &'static str,
    kind: Kind,
    /// Addresses that the attack comes from.
    from: u8,
    connections: usize,
}

/// Takes one attack after the other, each to a server of its own, and prints the table of docs/SECURITY.md.
///
/// # Errors
/// When a server does not start, or dies.
pub async fn bench() -> Result<()> {
    raise_descriptor_limit(u64::MAX);
    println!(
        "| attack, for {} s | connections a second | memory before, at most | sockets' buffers, at most | over a connection \
         that is there: p50, p99 | over a new one: p50, p99 | failed |",
        (WARM_UP + WATCH).as_secs()
    );
    println!("|---|---|---|---|---|---|---|");
    let line = |name, kind, from, connections| Line {
        name,
        kind,
        from,
        connections,
    };
    use wire::Attack::{Notes, Registrations, SlowReader};
    for line in [
        line("none", Kind::Nothing, 1, 0),
        line(
            "1,400 silent connections from one address",
            Kind::Sockets(Attack::Silence),
            1,
            1400,
        ),
        line(
            "4,000 silent ones from 200 addresses",
            Kind::Sockets(Attack::Silence),
            200,
            4000,
        ),
        line(
            "1,400 requests that never end, from 50",
            Kind::Sockets(Attack::Trickle),
            50,
            1400,
        ),
        line(
            "1,400 requests of 360 KB of headers, from 50",
            Kind::Sockets(Attack::BigHeaders),
            50,
            1400,
        ),
        line(
            "300 that ask and ask and never read, from 20",
            Kind::Sockets(Attack::Pipeline),
            20,
            300,
        ),
        line(
            "100 registered ones that send themselves 40 KB and never read, from one",
            Kind::Wire(SlowReader),
            1,
            100,
        ),
        line(
            "1,000 such from 20 addresses",
            Kind::Wire(SlowReader),
            20,
            1000,
        ),
        line(
            "notes for keys that are known, from 20",
            Kind::Wire(Notes),
            20,
            100,
        ),
        line(
            "new keys, registered one after the other, from 20",
            Kind::Wire(Registrations),
            20,
            100,
        ),
    ] {
        println!("{}", measure(&line).await?);
    }
    Ok(())
}

async fn measure(line: &Line) -> Result<String> {
    let mut server = Program::start(
        Command::new(binary("ringdown-server")?)
            .args(["--listen", "127.0.0.1:0"])
            .stderr(std::process::Stdio::null()),
    )?;
    let ready = server.line().await?;
    let address: SocketAddr = ready
        .strip_prefix("listening on ")
        .ok_or("the server does not listen")?
        .parse()?;
    let pid = server.pid().ok_or("the server died")?;
    let honest = Honest::arrive(address).await?;
    let (before, _) = memory(pid)?;
    let from: Vec<Ipv4Addr> = addresses(line.from);
    // In a thread of their own, so that honest people do not wait for attackers where they would not in the world outside. On this
    // machine server, attackers and honest people still share the processor.
    let elsewhere = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let there = elsewhere.enter();
    let (attackers, besiegers) = match line.kind {
        Kind::Nothing => (None, None),
        Kind::Sockets(attack) => {
            let attackers = Attackers::start(attack, address, &from, line.connections);
            (Some(attackers), None)
        }
        Kind::Wire(attack) => {
            let besiegers = wire::Attackers::start(attack, address, &from, line.connections);
            (None, Some(besiegers))
        }
    };
    drop(there);
    let made = || {
        let sockets = attackers.as_ref().map(Attackers::made);
        sockets
            .or(besiegers.as_ref().map(wire::Attackers::made))
            .unwrap_or_default()
    };
    sleep(WARM_UP).await;
    let (there, new, buffers) = tokio::join!(
        honest.over_what_is_there(),
        honest.over_new_ones(),
        most_socket_memory()
    );
    let (_, peak) = memory(pid)?;
    elsewhere.shutdown_background();
    let rate = made() as f64 / (WARM_UP + WATCH).as_secs_f64();
    let failed = format!(
        "{} of {}",
        there.failed + new.failed,
        there.failed + new.failed + there.took.len() + new.took.len()
    );
    Ok(format!(
        "| {} | {rate:.0} | {:.0} MB, {:.0} MB | {:.0} MB | {there} | {new} | {failed} |",
        line.name,
        before as f64 / 1e6,
        peak as f64 / 1e6,
        buffers? as f64 / 1e6,
    ))
}

/// The most that all TCP sockets of this machine have in their buffers while honest people are watched, in bytes. The attackers'
/// own are among them.
async fn most_socket_memory() -> Result<u64> {
    let end = Instant::now() + WATCH;
    let mut most = 0;
    while Instant::now() < end {
        let stat = tokio::fs::read_to_string("/proc/net/sockstat").await?;
        // "TCP: inuse 5 orphan 0 tw 0 alloc 9 mem 2": in pages of 4 KiB.
        let tcp = stat.lines().find_map(|line| line.strip_prefix("TCP:"));
        let pages = tcp.and_then(|tcp| tcp.split(" mem ").nth(1));
        let pages: u64 = pages.ok_or("no account of sockets")?.trim().parse()?;
        most = most.max(pages * 4096);
        sleep(LOOK).await;
    }
    Ok(most)
}

/// Bob, who is reachable at the server, and whoever sends him something.
struct Honest {
    url: String,
    bob: [u8; 32],
    _registration: Registration,
}

/// How messages to Bob went.
#[derive(Default)]
struct Went {
    took: Vec<Duration>,
    failed: usize,
}

/// The server is on loopback.
fn courier() -> Courier {
    Courier::new(Some(Ipv4Addr::LOCALHOST.into()))
}

impl Honest {
    async fn arrive(server: SocketAddr) -> Result<Self> {
        let secret = SigningKey::from_bytes(&[2; 32]);
        let bob = secret.verifying_key().to_bytes();
        let url = format!("ws://{server}");
        let (events, mut heard) = mpsc::channel(64);
        let signer = Arc::new(move |message: &[u8]| secret.sign(message).to_bytes());
        let registration = Registration::spawn(url.clone(), bob, signer, events);
        let online =
            async { while !matches!(heard.recv().await, Some(Event::Online { .. }) | None) {} };
        timeout(PATIENCE, online).await?;
        tokio::spawn(async move {
            while let Some(event) = heard.recv().await {
                if let Event::Received { receipt, .. } = event {
                    receipt.accept();
                }
            }
        });
        Ok(Self {
            url,
            bob,
            _registration: registration,
        })
    }

    async fn over_what_is_there(&self) -> Went {
        let courier = courier();
        // What it takes to connect is the other column's.
        self.send(&courier).await;
        self.watch(|| courier.clone()).await
    }

    async fn over_new_ones(&self) -> Went {
        self.watch(courier).await
    }

    async fn watch(&self, courier: impl Fn() -> Courier) -> Went {
        let end = Instant::now() + WATCH;
        let mut went = Went::default();
        while Instant::now() < end {
            match self.send(&courier()).await {
                Some(took) => went.took.push(took),
                None => went.failed += 1,
            }
            sleep(PAUSE).await;
        }
        went
    }

    /// From sending to knowing that Bob has it.
    async fn send(&self, courier: &Courier) -> Option<Duration> {
        let started = Instant::now();
        let urls = std::slice::from_ref(&self.url);
        let sent = courier.deliver(urls, self.bob, vec![7; 4096]).await;
        sent.is_ok().then(|| started.elapsed())
    }
}

impl Display for Went {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut took = self.took.clone();
        took.sort();
        let at = |percent: usize| {
            let index = took.len() * percent / 100;
            took.get(index)
                .map_or(f64::NAN, |took| took.as_secs_f64() * 1000.0)
        };
        write!(f, "{:.1} ms, {:.1} ms", at(50), at(99))
    }
}
