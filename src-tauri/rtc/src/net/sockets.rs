//! One UDP socket for each address, and the relays in other places that act as one.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::net::{IpAddr, SocketAddr};
use std::task::{Context, Poll};

use tokio::io::ReadBuf;
use tokio::net::UdpSocket;

use super::addresses::Address;
use super::gather::{RelayPacket, Way};
use super::interface::leave_by;

struct Socket {
    address: SocketAddr,
    socket: UdpSocket,
}

/// The sockets and relays of one peer.
#[derive(Default)]
pub(crate) struct Sockets {
    sockets: Vec<Socket>,
    relays: BTreeMap<SocketAddr, Way>,
    /// Who is asked first the next time, so that a busy socket does not starve the others.
    turn: usize,
}

impl Sockets {
    /// Opens a socket more for each of these addresses. Returns where they are; an address that cannot
    /// be bound is left out.
    pub async fn open(&mut self, addresses: &[Address]) -> Vec<SocketAddr> {
        let mut opened = Vec::new();
        for one in addresses {
            let Ok(socket) = UdpSocket::bind((one.ip, 0)).await else {
                continue;
            };
            if let Some(interface) = one.interface {
                leave_by(&socket, one.ip, interface);
            }
            // a socket that was never asked takes no packet at first
            let (Ok(()), Ok(address)) = (socket.writable().await, socket.local_addr()) else {
                continue;
            };
            opened.push(address);
            self.sockets.push(Socket { address, socket });
        }
        opened
    }

    /// An address of an allocation; packets are sent from it by `way`.
    pub fn add_relay(&mut self, address: SocketAddr, way: Way) {
        self.relays.insert(address, way);
    }

    /// Closes the socket or relay at this address.
    pub fn close(&mut self, address: SocketAddr) {
        self.sockets.retain(|one| one.address != address);
        self.relays.remove(&address);
    }

    /// Where the sockets are.
    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.sockets.iter().map(|one| one.address)
    }

    /// Where relays are, and the addresses of this machine they lead to.
    pub fn relays(&self) -> impl Iterator<Item = (SocketAddr, IpAddr)> {
        self.relays.iter().map(|(relay, way)| (*relay, way.local))
    }

    /// Something may come from this address: relays have to let it through.
    pub fn expect(&self, from: SocketAddr) {
        for (relay, way) in &self.relays {
            if relay.is_ipv4() == from.is_ipv4() {
                let packet = Vec::new();
                let _ = way.packets.try_send(RelayPacket { to: from, packet });
            }
        }
    }

    /// Sends a packet from one of the addresses. UDP may lose it, so may this.
    pub fn send(&self, from: SocketAddr, to: SocketAddr, packet: &[u8]) {
        if let Some(one) = self.sockets.iter().find(|one| one.address == from) {
            let _ = one.socket.try_send_to(packet, to);
        } else if let Some(way) = self.relays.get(&from) {
            let packet = packet.to_vec();
            let _ = way.packets.try_send(RelayPacket { to, packet });
        }
    }

    /// The next packet to a socket: its length, where it came from, and the address of ours it came to; what comes to a relay comes by another way.
    /// Never returns without sockets; can be dropped at any time without losing a packet.
    pub async fn receive(&mut self, buffer: &mut [u8]) -> (usize, SocketAddr, SocketAddr) {
        poll_fn(|context| self.poll_receive(context, buffer)).await
    }

    fn poll_receive(
        &mut self,
        context: &mut Context,
        buffer: &mut [u8],
    ) -> Poll<(usize, SocketAddr, SocketAddr)> {
        let count = self.sockets.len();
        for at in 0..count {
            let Some(one) = self.sockets.get((self.turn + at) % count) else {
                continue;
            };
            loop {
                let mut read = ReadBuf::new(buffer);
                match one.socket.poll_recv_from(context, &mut read) {
                    Poll::Ready(Ok(from)) => {
                        let received = (read.filled().len(), from, one.address);
                        self.turn = (self.turn + at + 1) % count;
                        return Poll::Ready(received);
                    }
                    // such as "connection refused": what an earlier packet met
                    Poll::Ready(Err(_)) => {}
                    Poll::Pending => break,
                }
            }
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Address = at(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));

    const fn at(ip: IpAddr) -> Address {
        Address {
            ip,
            network: None,
            interface: None,
        }
    }

    #[tokio::test]
    async fn a_packet_arrives_with_both_addresses() {
        let (mut alice, mut bob) = (Sockets::default(), Sockets::default());
        let from = alice.open(&[HERE]).await[0];
        let to = bob.open(&[HERE]).await[0];
        alice.send(from, to, b"ring");
        let mut buffer = [0; 16];
        assert_eq!(bob.receive(&mut buffer).await, (4, from, to));
        assert_eq!(&buffer[..4], b"ring");
        bob.send(to, from, b"ring ring");
        assert_eq!(alice.receive(&mut buffer).await, (9, to, from));
    }

    #[tokio::test]
    async fn sockets_are_opened_and_closed_one_by_one() {
        let mut sockets = Sockets::default();
        let [first] = sockets.open(&[HERE]).await[..] else {
            panic!()
        };
        let [second] = sockets.open(&[HERE]).await[..] else {
            panic!()
        };
        assert_ne!(first, second);
        sockets.close(first);
        let mut buffer = [0; 16];
        sockets.send(second, second, b"self");
        assert_eq!(sockets.receive(&mut buffer).await, (4, second, second));
        sockets.send(first, second, b"gone");
        sockets.send(second, second, b"self");
        assert_eq!(sockets.receive(&mut buffer).await, (4, second, second));
        assert_eq!(&buffer[..4], b"self");
        let unknown: IpAddr = "192.0.2.1".parse().unwrap();
        assert_eq!(sockets.open(&[at(unknown)]).await, []);
    }
}
