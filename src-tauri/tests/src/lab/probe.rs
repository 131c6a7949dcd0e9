//! Small questions to the lab itself: is it what it says it is?

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use super::place::Place;
use crate::Result;

/// RFC 8489 section 5.
const MAGIC_COOKIE: u32 = 0x2112_a442;
const BINDING_REQUEST: [u8; 2] = [0x00, 0x01];
const BINDING_SUCCESS: [u8; 2] = [0x01, 0x01];
const XOR_MAPPED_ADDRESS: u16 = 0x0020;

/// Longer than an answer takes on a busy machine; what is blocked takes this long to be known.
const PATIENCE: Duration = Duration::from_millis(900);
/// How often something is sent that may be lost.
const AGAIN: Duration = Duration::from_millis(300);

/// A UDP socket of a place.
#[derive(Debug)]
pub struct Probe(UdpSocket);

impl Probe {
    /// On a port of the system's choice, or on this one.
    ///
    /// # Errors
    /// When the port is taken.
    pub fn new(place: &Place, address: IpAddr, port: u16) -> Result<Self> {
        let socket = place.within(|| UdpSocket::bind((address, port)))??;
        socket.set_read_timeout(Some(AGAIN))?;
        Ok(Self(socket))
    }

    /// Its own idea of its port.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn port(&self) -> Result<u16> {
        Ok(self.0.local_addr()?.port())
    }

    /// What a STUN server sees of it; none if no answer comes.
    ///
    /// # Errors
    /// When nothing can be sent.
    pub fn mapped(&self, server: SocketAddr) -> Result<Option<SocketAddr>> {
        let transaction: [u8; 12] = std::array::from_fn(|at| at as u8 ^ 0x5a);
        let mut request = Vec::from(BINDING_REQUEST);
        request.extend([0, 0]);
        request.extend(MAGIC_COOKIE.to_be_bytes());
        request.extend(transaction);
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            self.0.send_to(&request, server)?;
            if let Some((from, answer)) = self.receive()
                && from == server
                && answer.get(8..20) == Some(&transaction[..])
            {
                return Ok(xor_mapped(&answer));
            }
        }
        Ok(None)
    }

    /// Sends to another probe.
    ///
    /// # Errors
    /// When it can't be sent.
    pub fn send(&self, to: SocketAddr, text: &str) -> Result<()> {
        self.0.send_to(text.as_bytes(), to)?;
        Ok(())
    }

    /// The next packet, if one comes soon.
    #[must_use]
    pub fn receive(&self) -> Option<(SocketAddr, Vec<u8>)> {
        let mut packet = [0; 1500];
        let (length, from) = self.0.recv_from(&mut packet).ok()?;
        Some((from, packet[..length].to_vec()))
    }
}

/// Who of two that send to each other's `target` hears the other, and from where.
///
/// # Errors
/// When nothing can be sent.
pub fn punch(
    one: (&Probe, SocketAddr),
    other: (&Probe, SocketAddr),
) -> Result<(Option<SocketAddr>, Option<SocketAddr>)> {
    let (mut at_one, mut at_other) = (None, None);
    let start = Instant::now();
    while start.elapsed() < PATIENCE && (at_one.is_none() || at_other.is_none()) {
        one.0.send(one.1, "one")?;
        other.0.send(other.1, "other")?;
        let heard = |probe: &Probe, text: &str| {
            probe
                .receive()
                .filter(|(_, said)| said == text.as_bytes())
                .map(|(from, _)| from)
        };
        at_one = at_one.or_else(|| heard(one.0, "other"));
        at_other = at_other.or_else(|| heard(other.0, "one"));
    }
    Ok((at_one, at_other))
}

/// Whether a TCP connection comes about.
///
/// # Errors
/// When the place is gone.
pub fn tcp(place: &Place, to: SocketAddr) -> Result<bool> {
    place.within(|| TcpStream::connect_timeout(&to, PATIENCE).is_ok())
}

/// RFC 8489 section 14.2.
fn xor_mapped(answer: &[u8]) -> Option<SocketAddr> {
    if answer.get(..2)? != BINDING_SUCCESS {
        return None;
    }
    let mut attributes = answer.get(20..)?;
    while let Some(head) = attributes.get(..4) {
        let (kind, length) = (
            u16::from_be_bytes([head[0], head[1]]),
            usize::from(u16::from_be_bytes([head[2], head[3]])),
        );
        let value = attributes.get(4..4 + length)?;
        if kind == XOR_MAPPED_ADDRESS {
            let port =
                u16::from_be_bytes([*value.get(2)?, *value.get(3)?]) ^ (MAGIC_COOKIE >> 16) as u16;
            let mask: Vec<u8> = answer.get(4..20)?.to_vec();
            let bytes: Vec<u8> = value
                .get(4..)?
                .iter()
                .zip(mask)
                .map(|(byte, mask)| byte ^ mask)
                .collect();
            let ip: IpAddr = match bytes.len() {
                4 => Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?).into(),
                16 => Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).into(),
                _ => return None,
            };
            return Some(SocketAddr::new(ip, port));
        }
        attributes = attributes.get(4 + length.next_multiple_of(4)..)?;
    }
    None
}
