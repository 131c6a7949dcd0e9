//! A machine of the lab: a network namespace, what runs in it, and the way into it.

use std::fs::{self, File};
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use tokio::io::copy_bidirectional;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::task::JoinHandle;

use crate::Result;

/// Where `ip netns` keeps the names.
const NAMES: &str = "/run/netns";
/// Addresses that nobody has (RFC 5737, RFC 3849).
const SOMEWHERE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const SOMEWHERE6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0xfffe, 0, 0, 0, 0, 1);
/// Every name begins with this and the id of the process that gave it.
const PREFIX: &str = "ringdown-";

/// A network namespace. Its name goes when the last clone of this is dropped; it goes itself when nothing runs in it.
#[derive(Debug, Clone)]
pub struct Place(Arc<Name>);

#[derive(Debug)]
struct Name {
    name: String,
    cables: AtomicU32,
}

impl Drop for Name {
    fn drop(&mut self) {
        remove(&self.name);
    }
}

impl Place {
    pub(crate) fn new(label: &str) -> Result<Self> {
        static SERIAL: AtomicU32 = AtomicU32::new(0);
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let name = format!("{PREFIX}{}-{serial}-{label}", std::process::id());
        tool("ip", &["netns", "add", &name], "")?;
        let cables = AtomicU32::new(0);
        let place = Self(Arc::new(Name { name, cables }));
        place.ip("link set lo up")?;
        Ok(place)
    }

    /// The namespace's name, for `ip netns exec NAME …` while a test is being looked into.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// How little its next cable is to be preferred: those that were there before come first.
    pub(super) fn next_metric(&self) -> u32 {
        100 + self.0.cables.fetch_add(1, Ordering::Relaxed)
    }

    /// The address that its packets to the rest of the world come from.
    ///
    /// # Errors
    /// When there is no way to the rest of the world.
    pub fn address(&self) -> Result<IpAddr> {
        // Nothing is sent: connecting a datagram socket only looks up the way.
        let ask = |from: IpAddr, to: IpAddr| -> std::io::Result<IpAddr> {
            let socket = UdpSocket::bind((from, 0))?;
            socket.connect((to, 9))?;
            Ok(socket.local_addr()?.ip())
        };
        Ok(self.within(|| {
            ask(Ipv4Addr::UNSPECIFIED.into(), SOMEWHERE.into())
                .or_else(|_| ask(Ipv6Addr::UNSPECIFIED.into(), SOMEWHERE6.into()))
        })??)
    }

    /// A command that runs here.
    #[must_use]
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", self.name()]).arg(program);
        command
    }

    /// Does something on a thread of its own that is here. A socket made so stays here, whoever uses it.
    ///
    /// # Errors
    /// When the place is gone.
    pub fn within<T: Send>(&self, act: impl FnOnce() -> T + Send) -> Result<T> {
        std::thread::scope(|scope| {
            let inside = scope.spawn(|| {
                enter(self.name())?;
                Ok(act())
            });
            inside.join().map_err(|_| "it panicked in there")?
        })
    }

    /// Lines for `ip -batch`.
    ///
    /// # Errors
    /// With what `ip` says.
    pub fn ip(&self, lines: &str) -> Result<()> {
        tool("ip", &["-n", self.name(), "-batch", "-"], lines)
    }

    /// Sets one of the kernel's network options, e.g. `ipv4/ip_forward`.
    pub(super) fn set(&self, option: &str, value: &str) -> Result<()> {
        let file = format!("/proc/sys/net/{option}");
        Ok(self.within(|| fs::write(file, value))??)
    }

    /// Gives it these rules of netfilter, in place of those it had.
    pub(super) fn nft(&self, rules: &str) -> Result<()> {
        let arguments = ["netns", "exec", self.name(), "nft", "-f", "-"];
        tool("ip", &arguments, &format!("flush ruleset\n{rules}"))
    }

    /// Pulls the cable out of this device, or turns its Wi-Fi off.
    ///
    /// # Errors
    /// When there is no such device.
    pub fn unplug(&self, device: &str) -> Result<()> {
        self.ip(&format!("link set {device} down"))
    }

    /// Lets nothing out by this device, though it stays up.
    ///
    /// # Errors
    /// When netfilter does not take it.
    pub fn silence(&self, device: &str) -> Result<()> {
        self.nft(&format!(
            "table inet silence {{
                chain out {{
                    type filter hook output priority filter;
                    oifname \"{device}\" drop
                }}
            }}"
        ))
    }

    /// Forgets every connection that is tracked here, as a router that starts anew does.
    ///
    /// # Errors
    /// When `conntrack` is not installed.
    pub(super) fn forget(&self) -> Result<()> {
        let arguments = ["netns", "exec", self.name(), "conntrack", "--flush"];
        tool("ip", &arguments, "")
    }

    /// Stops everything that runs here, as the machine's sleep does (but for the clocks, which go on).
    ///
    /// # Errors
    /// When nothing runs here.
    pub fn sleep(&self) -> Result<()> {
        self.signal("STOP")
    }

    /// Ends the [`Place::sleep`].
    ///
    /// # Errors
    /// When nothing runs here.
    pub fn wake(&self) -> Result<()> {
        self.signal("CONT")
    }

    /// Ends everything that runs here, at once.
    ///
    /// # Errors
    /// When nothing runs here.
    pub(crate) fn clear(&self) -> Result<()> {
        self.signal("KILL")
    }

    fn signal(&self, signal: &str) -> Result<()> {
        let listed = std::process::Command::new("ip")
            .args(["netns", "pids", self.name()])
            .output()?;
        let listed = String::from_utf8(listed.stdout)?;
        let signal = format!("-{signal}");
        let pids = listed.split_whitespace();
        tool(
            "kill",
            &std::iter::once(&*signal).chain(pids).collect::<Vec<_>>(),
            "",
        )
    }

    /// Runs `bridge` with these arguments.
    pub(super) fn bridge_tool(&self, arguments: &[&str]) -> Result<()> {
        tool("bridge", &[&["-n", self.name()], arguments].concat(), "")
    }

    /// Makes a loopback port of this place reachable at a loopback port of the test's own. There is no other way
    /// between the two, so ICE finds none either.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn bridge(&self, port: u16) -> Result<Bridge> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let here = listener.local_addr()?.port();
        let place = self.clone();
        let task = tokio::spawn(async move {
            while let Ok((mut outside, _)) = listener.accept().await {
                // Refused, like the connection behind it: who connects sees it closed, and may try again.
                let Ok(inside) = place.connect(port) else {
                    continue;
                };
                tokio::spawn(async move {
                    if let Ok(mut inside) = tokio::net::TcpStream::from_std(inside) {
                        // Either end may hang up, which is no failure.
                        let _ = copy_bidirectional(&mut outside, &mut inside).await;
                    }
                });
            }
        });
        Ok(Bridge { port: here, task })
    }

    fn connect(&self, port: u16) -> Result<TcpStream> {
        let target = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let stream =
            self.within(|| TcpStream::connect_timeout(&target, Duration::from_secs(1)))??;
        stream.set_nonblocking(true)?;
        Ok(stream)
    }

    /// A runtime whose threads, and all that they start, are here.
    ///
    /// # Errors
    /// When it can't be started.
    pub fn indoors(&self) -> Result<Indoors> {
        let place = self.clone();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name(place.name())
            .on_thread_start(move || {
                if let Err(error) = enter(place.name()) {
                    eprintln!("a thread could not go where it belongs: {error}");
                    std::process::abort();
                }
            })
            .enable_all()
            .build()?;
        Ok(Indoors(Some(runtime)))
    }
}

/// A way to a port of a place; gone when dropped.
#[derive(Debug)]
pub struct Bridge {
    port: u16,
    task: JoinHandle<()>,
}

impl Bridge {
    /// Where the test finds it on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A runtime within a place. What runs on it is dropped with it.
#[derive(Debug)]
pub struct Indoors(Option<tokio::runtime::Runtime>);

impl Indoors {
    /// Makes something in there, and runs it to its end.
    ///
    /// # Errors
    /// When it panics.
    pub async fn run<T, F>(&self, make: impl FnOnce() -> F + Send + 'static) -> Result<T>
    where
        T: Send + 'static,
        F: Future<Output = T>,
    {
        let runtime = self.0.as_ref().ok_or("the runtime is gone")?;
        let handle = runtime.handle().clone();
        // A thread of its own, as what is made need not be fit to be sent to another.
        let run = runtime.spawn_blocking(move || handle.block_on(make()));
        Ok(run.await?)
    }
}

impl Drop for Indoors {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // Waiting for it is not allowed where this may be dropped.
            runtime.shutdown_background();
        }
    }
}

/// Moves this thread into the namespace of that name, for good.
pub(super) fn enter(name: &str) -> Result<()> {
    let namespace = File::open(PathBuf::from(NAMES).join(name))?;
    Ok(move_into_link_name_space(
        namespace.as_fd(),
        Some(LinkNameSpaceType::Network),
    )?)
}

/// Removes what killed tests have left behind.
pub(crate) fn remove_leftovers() {
    for entry in fs::read_dir(NAMES).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split('-').next());
        if owner.is_some_and(|pid| !PathBuf::from("/proc").join(pid).exists()) {
            remove(&name);
        }
    }
}

fn remove(name: &str) {
    if let Err(error) = tool("ip", &["netns", "delete", name], "") {
        eprintln!("{error}");
    }
}

fn tool(program: &str, arguments: &[&str], input: &str) -> Result<()> {
    let mut child = std::process::Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{program} can't be started: {error}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes())?;
    }
    let output = child.wait_with_output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!(
        "{program} {}: {}\n{input}",
        arguments.join(" "),
        said.trim()
    )
    .into())
}
