//! What somebody does who wants to bring a server down: plain sockets, on the loopback only. The end-to-end crate plays the same
//! attacks against the app, and measures them.

use std::{
    future::Future,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    pin::Pin,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    task::JoinSet,
    time::{interval, sleep, timeout},
};

/// How long an attacker waits for one connection to be made; the queue before the server may be full.
const PATIENCE: Duration = Duration::from_secs(5);

/// Pause of an attacker whose connection was dropped or refused.
const PAUSE: Duration = Duration::from_millis(10);

/// From one byte of a request that never ends to the next: a request's whole time is over before its headers are too long.
const PACE: Duration = Duration::from_millis(200);

/// 360 KB in ninety headers, without an end.
static HEADERS: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut head = b"GET /ws HTTP/1.1\r\n".to_vec();
    for number in 0..90 {
        head.extend_from_slice(format!("x-{number}: {}\r\n", "x".repeat(4000)).as_bytes());
    }
    head
});

/// Requests that are answered with a page.
static REQUESTS: LazyLock<Vec<u8>> =
    LazyLock::new(|| b"GET /i HTTP/1.1\r\nhost: x\r\n\r\n".repeat(500));

/// One attack, done by each of many connections, again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attack {
    /// Says nothing.
    Silence,
    /// Begins a request, and goes on with it a byte at a time.
    Trickle,
    /// As many bytes of headers as are taken.
    BigHeaders,
    /// Asks again and again and reads no answer.
    Pipeline,
}

/// Connections that attack until this is dropped. One that the server drops is made anew.
#[derive(Debug)]
pub struct Attackers {
    tasks: JoinSet<()>,
    made: Arc<AtomicU64>,
    dropped: Arc<AtomicU64>,
}

/// Addresses of the loopback device, other ones than honest people come from.
pub fn addresses(count: u8) -> Vec<Ipv4Addr> {
    (1..=count)
        .map(|number| Ipv4Addr::new(127, 0, 66, number))
        .collect()
}

impl Attackers {
    /// `count` connections, spread over these addresses.
    pub fn start(attack: Attack, server: SocketAddr, from: &[Ipv4Addr], count: usize) -> Self {
        let mut attackers = Self {
            tasks: JoinSet::new(),
            made: Arc::default(),
            dropped: Arc::default(),
        };
        for address in from.iter().cycle().take(count).copied() {
            let (made, dropped) = (attackers.made.clone(), attackers.dropped.clone());
            attackers.tasks.spawn(async move {
                loop {
                    let connecting = timeout(PATIENCE, connect(address.into(), server));
                    if let Ok(Ok(stream)) = connecting.await {
                        made.fetch_add(1, Ordering::Relaxed);
                        // What the system calls the end does not matter.
                        drop(attack.run(stream).await);
                        dropped.fetch_add(1, Ordering::Relaxed);
                    }
                    sleep(PAUSE).await;
                }
            });
        }
        attackers
    }

    /// Connections that were made so far.
    pub fn made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }

    /// Connections that the server has dropped so far.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Resolves when this many were made in all.
    pub async fn have_made(&self, count: u64) {
        while self.made() < count {
            sleep(PAUSE).await;
        }
    }

    /// Resolves when the server has dropped this many.
    pub async fn have_lost(&self, count: u64) {
        while self.dropped() < count {
            sleep(PAUSE).await;
        }
    }
}

/// A connection from this address.
pub async fn connect(from: IpAddr, to: SocketAddr) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((from, 0).into())?;
    socket.connect(to).await
}

impl Attack {
    /// Until the server drops the connection.
    fn run(self, stream: TcpStream) -> Pin<Box<dyn Future<Output = io::Result<()>> + Send>> {
        match self {
            Self::Silence => Box::pin(silence(stream)),
            Self::Trickle => Box::pin(trickle(stream)),
            Self::BigHeaders => Box::pin(big_headers(stream)),
            Self::Pipeline => Box::pin(pipeline(stream)),
        }
    }
}

async fn silence(mut stream: TcpStream) -> io::Result<()> {
    stream.read_u8().await.map(drop)
}

async fn trickle(mut stream: TcpStream) -> io::Result<()> {
    stream.write_all(b"GET /ws HTTP/1.1\r\nx-slow: ").await?;
    let mut next = interval(PACE);
    loop {
        tokio::select! {
            ended = stream.read_u8() => return ended.map(drop),
            _ = next.tick() => stream.write_all(b"x").await?,
        }
    }
}

async fn big_headers(mut stream: TcpStream) -> io::Result<()> {
    stream.write_all(&HEADERS).await?;
    stream.read_u8().await.map(drop)
}

async fn pipeline(mut stream: TcpStream) -> io::Result<()> {
    loop {
        stream.write_all(&REQUESTS).await?;
    }
}

/// Bytes of memory that the process has in use (`VmRSS`) and had at most (`VmHWM`).
///
/// # Errors
/// When /proc can't be read.
pub fn memory(pid: u32) -> io::Result<(u64, u64)> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let bytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        let kib: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
        Some(kib * 1024)
    };
    bytes("VmRSS:")
        .zip(bytes("VmHWM:"))
        .ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// Files and sockets that the process has open.
///
/// # Errors
/// When /proc can't be read.
pub fn descriptors(pid: u32) -> io::Result<usize> {
    Ok(std::fs::read_dir(format!("/proc/{pid}/fd"))?.count())
}
