//! What lies between the homes: one thread that carries packets from line to line, and takes its time.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::place::Place;
use super::tun;
use crate::Result;

/// How long any packet is under way from one public address to another.
pub const ONE_WAY: Duration = Duration::from_millis(20);

/// The internet of a lab.
#[derive(Debug)]
pub struct Internet {
    orders: Sender<Line>,
    /// Written to when there are orders; closed to end the thread.
    bell: Option<UnixStream>,
    record: Record,
    thread: Option<JoinHandle<()>>,
}

/// What is being kept, while something is.
type Record = Arc<Mutex<Option<Vec<Carried>>>>;

/// A packet that crossed the internet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// Who sent it, as it read on the way.
    pub from: IpAddr,
    /// To whom.
    pub to: IpAddr,
    /// The protocol's number: 6 is TCP, 17 UDP.
    pub protocol: u8,
    /// All that follows the IP header.
    pub payload: Vec<u8>,
}

/// Somebody's line and the addresses that are reached by it.
#[derive(Debug)]
struct Line {
    device: File,
    networks: Vec<(IpAddr, u8)>,
}

impl Internet {
    pub(super) fn new() -> Result<Self> {
        let (orders, taken) = channel();
        let (bell, heard) = UnixStream::pair()?;
        heard.set_nonblocking(true)?;
        let record = Record::default();
        let kept = record.clone();
        let thread = std::thread::Builder::new()
            .name("internet".into())
            .spawn(move || Exchange::new(kept).run(&taken, &heard))?;
        Ok(Self {
            orders,
            bell: Some(bell),
            record,
            thread: Some(thread),
        })
    }

    /// Gives a place a device "wan", with these addresses, and the way everywhere by it. A network (a prefix that is
    /// no single address) is led there, but not given to the device.
    pub(super) fn join(&self, place: &Place, networks: &[(IpAddr, u8)]) -> Result<()> {
        let device = tun::open_in(place, "wan")?;
        let mut lines = String::from("link set wan up mtu 1500\n");
        for (address, prefix) in networks {
            let (everywhere, whole, nodad) = match address {
                IpAddr::V4(_) => ("0.0.0.0/0", 32, ""),
                IpAddr::V6(_) => ("::/0", 128, " nodad"),
            };
            if *prefix == whole {
                lines.push_str(&format!("addr add {address}/{prefix} dev wan{nodad}\n"));
            }
            lines.push_str(&format!("route replace {everywhere} dev wan\n"));
        }
        place.ip(&lines)?;
        let networks = networks.to_vec();
        self.orders
            .send(Line { device, networks })
            .map_err(|_| "the internet is down")?;
        let mut bell = self.bell.as_ref().ok_or("the internet is down")?;
        Ok(bell.write_all(b"!")?)
    }

    /// Keeps a copy of every packet from now on.
    pub fn record(&self) {
        *self.record.lock().unwrap_or_else(PoisonError::into_inner) = Some(Vec::new());
    }

    /// What was kept since [`Internet::record`].
    #[must_use]
    pub fn recorded(&self) -> Vec<Carried> {
        let record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        record.clone().unwrap_or_default()
    }

    /// Keeps no more, and forgets what was kept.
    pub fn forget(&self) {
        *self.record.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Drop for Internet {
    fn drop(&mut self) {
        self.bell = None;
        if let Some(thread) = self.thread.take() {
            // It can't have panicked; if it has, the test fails anyway.
            let _ = thread.join();
        }
    }
}

/// The thread's own.
struct Exchange {
    lines: Vec<Line>,
    /// All take the same time, so they arrive in this order.
    under_way: VecDeque<Parcel>,
    record: Record,
}

/// A packet that is due on a line at some time.
struct Parcel {
    due: Instant,
    line: usize,
    packet: Vec<u8>,
}

impl Exchange {
    fn new(record: Record) -> Self {
        Self {
            lines: Vec::new(),
            under_way: VecDeque::new(),
            record,
        }
    }

    fn run(mut self, orders: &Receiver<Line>, bell: &UnixStream) {
        loop {
            let (rung, ready) = self.wait(bell);
            if rung {
                if let Ok(0) = (&*bell).read(&mut [0; 64]) {
                    return;
                }
                self.lines.extend(orders.try_iter());
            }
            for line in ready {
                self.collect(line);
            }
            self.deliver();
        }
    }

    /// Until a packet comes or is due, or the bell rings.
    fn wait(&self, bell: &UnixStream) -> (bool, Vec<usize>) {
        let left = |first: &Parcel| first.due.saturating_duration_since(Instant::now());
        let due = self.under_way.front().map(left);
        let due = due.and_then(|due| Timespec::try_from(due).ok());
        let mut all: Vec<_> = self
            .lines
            .iter()
            .map(|line| PollFd::new(&line.device, PollFlags::IN))
            .collect();
        all.push(PollFd::new(bell, PollFlags::IN));
        // Interrupted by a signal: then nothing is ready, and the next round waits again.
        let _ = poll(&mut all, due.as_ref());
        let ready = |at: &PollFd<'_>| !at.revents().is_empty();
        let rung = all.last().is_some_and(ready);
        let lines = all.iter().take(self.lines.len()).enumerate();
        (
            rung,
            lines
                .filter(|(_, at)| ready(at))
                .map(|(line, _)| line)
                .collect(),
        )
    }

    fn collect(&mut self, line: usize) {
        let mut packet = [0; 2048];
        // An error: no more for now, or the place is gone.
        while let Ok(length) = (&self.lines[line].device).read(&mut packet) {
            let Some(carried) = read(&packet[..length]) else {
                continue;
            };
            // Nobody has this address: like the real one, this internet says nothing.
            let Some(to) = self.lines.iter().position(|line| line.leads_to(carried.to)) else {
                continue;
            };
            let due = Instant::now() + ONE_WAY;
            self.under_way.push_back(Parcel {
                due,
                line: to,
                packet: packet[..length].to_vec(),
            });
            if let Some(kept) = self
                .record
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .as_mut()
            {
                kept.push(carried);
            }
        }
    }

    fn deliver(&mut self) {
        let now = Instant::now();
        while let Some(parcel) = self.under_way.pop_front_if(|first| first.due <= now) {
            // The place may be gone or its device down: then the packet is lost.
            let _ = (&self.lines[parcel.line].device).write(&parcel.packet);
        }
    }
}

impl Line {
    fn leads_to(&self, address: IpAddr) -> bool {
        self.networks
            .iter()
            .any(|network| match (*network, address) {
                ((IpAddr::V4(network), prefix), IpAddr::V4(address)) => {
                    network.to_bits() >> (32 - prefix) == address.to_bits() >> (32 - prefix)
                }
                ((IpAddr::V6(network), prefix), IpAddr::V6(address)) => {
                    network.to_bits() >> (128 - prefix) == address.to_bits() >> (128 - prefix)
                }
                _ => false,
            })
    }
}

/// Reads an IP packet (RFC 791 section 3.1, RFC 8200 section 3); extension headers count as payload.
fn read(packet: &[u8]) -> Option<Carried> {
    match packet.first()? >> 4 {
        4 => {
            let header = usize::from(packet[0] & 0x0f) * 4;
            let address = |at: usize| -> Option<IpAddr> {
                let bytes: [u8; 4] = packet.get(at..at + 4)?.try_into().ok()?;
                Some(Ipv4Addr::from(bytes).into())
            };
            Some(Carried {
                from: address(12)?,
                to: address(16)?,
                protocol: *packet.get(9)?,
                payload: packet.get(header..)?.to_vec(),
            })
        }
        6 => {
            let address = |at: usize| -> Option<IpAddr> {
                let bytes: [u8; 16] = packet.get(at..at + 16)?.try_into().ok()?;
                Some(Ipv6Addr::from(bytes).into())
            };
            Some(Carried {
                from: address(8)?,
                to: address(24)?,
                protocol: *packet.get(6)?,
                payload: packet.get(40..)?.to_vec(),
            })
        }
        _ => None,
    }
}
