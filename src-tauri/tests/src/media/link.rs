//! The link between two places: a pair of TUN devices, and a thread that carries packets from one to the other with
//! loss, delay, jitter and a rate, as no kernel has to have netem for it. It can be changed while it is in use.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{Read, Write};
use std::net::Ipv4Addr;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::Result;
use crate::lab::Place;
use crate::lab::tun;

/// The device's name in both places.
const DEVICE: &str = "wan";
/// UDP's number in an IP header.
const UDP: u8 = 17;
/// A queue in front of a thin link, as home routers have it.
const QUEUE: Duration = Duration::from_millis(200);

/// What a link does to what crosses it, each way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conditions {
    /// The share of packets that are lost, 0 to 1.
    pub loss: f64,
    /// How long every packet is under way.
    pub delay: Duration,
    /// Up to this much more, different for each packet: they overtake one another.
    pub jitter: Duration,
    /// Bits a second; none: as many as come.
    pub rate: Option<u32>,
    /// What would have to wait longer than this for its turn at the rate is dropped.
    pub queue: Duration,
    /// Whether all of this is done to TCP too. If not, signals and drivers cross as if there were no link.
    pub all: bool,
}

impl Conditions {
    /// A link that does nothing.
    pub const CLEAR: Self = Self {
        loss: 0.0,
        delay: Duration::ZERO,
        jitter: Duration::ZERO,
        rate: None,
        queue: QUEUE,
        all: false,
    };

    /// With this share of packets lost, in hundredths.
    #[must_use]
    pub const fn loss(self, percent: u8) -> Self {
        Self {
            loss: percent as f64 / 100.0,
            ..self
        }
    }

    /// With so many milliseconds one way.
    #[must_use]
    pub const fn delay(self, milliseconds: u64) -> Self {
        Self {
            delay: Duration::from_millis(milliseconds),
            ..self
        }
    }

    /// With up to so many milliseconds more.
    #[must_use]
    pub const fn jitter(self, milliseconds: u64) -> Self {
        Self {
            jitter: Duration::from_millis(milliseconds),
            ..self
        }
    }

    /// With so many kilobits a second.
    #[must_use]
    pub const fn rate(self, kilobits: u32) -> Self {
        Self {
            rate: Some(kilobits * 1000),
            ..self
        }
    }

    /// Nothing gets through, TCP neither.
    #[must_use]
    pub const fn cut(self) -> Self {
        Self {
            all: true,
            ..self.loss(100)
        }
    }
}

/// One way over the link: decides what becomes of each packet. Times are since any moment, the same for all.
#[derive(Debug)]
pub struct Lane {
    /// When what is already waiting for the rate has gone.
    free: Duration,
    chance: Chance,
}

impl Lane {
    /// A lane whose chance is this one's: the same seed loses the same packets.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            free: Duration::ZERO,
            chance: Chance(seed | 1),
        }
    }

    /// When a packet of `length` bytes that is sent `now` arrives; none if it never does.
    pub fn carry(
        &mut self,
        conditions: &Conditions,
        now: Duration,
        length: usize,
    ) -> Option<Duration> {
        if self.chance.next() < conditions.loss {
            return None;
        }
        let mut leaves = now;
        if let Some(rate) = conditions.rate {
            let begins = self.free.max(now);
            if begins - now > conditions.queue {
                return None;
            }
            let takes = length as f64 * 8.0 / f64::from(rate.max(1));
            self.free = begins + Duration::from_secs_f64(takes);
            leaves = self.free;
        }
        Some(leaves + conditions.delay + conditions.jitter.mul_f64(self.chance.next()))
    }
}

/// Numbers from 0 to 1 (xorshift64, Marsaglia 2003).
#[derive(Debug)]
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// A link in use; dropping it takes it down.
#[derive(Debug)]
pub struct Link {
    conditions: Arc<Mutex<Conditions>>,
    /// Closed to end the thread.
    bell: Option<UnixStream>,
    thread: Option<JoinHandle<()>>,
}

impl Link {
    /// Joins two places that have no other network; each has all the world by it.
    ///
    /// # Errors
    /// When there can be no TUN device.
    pub fn between(places: [&Place; 2]) -> Result<Self> {
        let mut devices = Vec::new();
        for (place, number) in places.into_iter().zip(1..) {
            devices.push(tun::open_in(place, DEVICE)?);
            let address = Ipv4Addr::new(10, 77, number, 1);
            place.ip(&format!(
                "link set {DEVICE} up multicast on mtu 1500\n\
                 addr add {address}/24 dev {DEVICE}\n\
                 route add default dev {DEVICE}"
            ))?;
        }
        let devices: [File; 2] = devices.try_into().map_err(|_| "two devices")?;
        let conditions = Arc::new(Mutex::new(Conditions::CLEAR));
        let (bell, heard) = UnixStream::pair()?;
        let carrier = Carrier {
            devices,
            lanes: [
                Lane::new(0x9E37_79B9_7F4A_7C15),
                Lane::new(0xD1B5_4A32_D192_ED03),
            ],
            under_way: BinaryHeap::new(),
            serial: 0,
            began: Instant::now(),
            conditions: conditions.clone(),
        };
        let thread = std::thread::Builder::new()
            .name("link".into())
            .spawn(move || carrier.run(&heard))?;
        Ok(Self {
            conditions,
            bell: Some(bell),
            thread: Some(thread),
        })
    }

    /// Changes what it does, for packets sent from now on.
    pub fn set(&self, conditions: Conditions) {
        *self
            .conditions
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = conditions;
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.bell = None;
        if let Some(thread) = self.thread.take() {
            // If it panicked, nothing is left to end.
            let _ = thread.join();
        }
    }
}

/// When it is due, which was sent first, by which device it goes, and the packet.
type Parcel = Reverse<(Duration, u64, usize, Vec<u8>)>;

/// The thread's own.
struct Carrier {
    devices: [File; 2],
    lanes: [Lane; 2],
    under_way: BinaryHeap<Parcel>,
    serial: u64,
    began: Instant,
    conditions: Arc<Mutex<Conditions>>,
}

impl Carrier {
    fn run(mut self, bell: &UnixStream) {
        while self.wait(bell) {
            self.collect();
            self.deliver();
        }
    }

    /// Until a packet comes or is due. Whether to go on.
    fn wait(&self, bell: &UnixStream) -> bool {
        let due = self.under_way.peek();
        let due = due.map(|Reverse((due, ..))| due.saturating_sub(self.began.elapsed()));
        let due = due.and_then(|due| Timespec::try_from(due).ok());
        let mut all = [
            PollFd::new(&self.devices[0], PollFlags::IN),
            PollFd::new(&self.devices[1], PollFlags::IN),
            PollFd::new(bell, PollFlags::IN),
        ];
        // Interrupted by a signal: then nothing is ready, and the next round waits again.
        let _ = poll(&mut all, due.as_ref());
        all[2].revents().is_empty()
    }

    fn collect(&mut self) {
        let conditions = *self
            .conditions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut packet = [0; 2048];
        for from in 0..2 {
            // An error: no more for now, or the place is gone.
            while let Ok(length) = (&self.devices[from]).read(&mut packet) {
                let now = self.began.elapsed();
                let due = if conditions.all || is_udp(&packet[..length]) {
                    self.lanes[from].carry(&conditions, now, length)
                } else {
                    Some(now)
                };
                if let Some(due) = due {
                    self.serial += 1;
                    let parcel = (due, self.serial, 1 - from, packet[..length].to_vec());
                    self.under_way.push(Reverse(parcel));
                }
            }
        }
    }

    fn deliver(&mut self) {
        let now = self.began.elapsed();
        while let Some(Reverse((due, ..))) = self.under_way.peek()
            && *due <= now
            && let Some(Reverse((_, _, to, packet))) = self.under_way.pop()
        {
            // The device may be down: then the packet is lost.
            let _ = (&self.devices[to]).write(&packet);
        }
    }
}

/// RFC 791 section 3.1; there is no IPv6 on this link but what a kernel says by itself.
fn is_udp(packet: &[u8]) -> bool {
    packet.first().is_some_and(|first| first >> 4 == 4) && packet.get(9) == Some(&UDP)
}
