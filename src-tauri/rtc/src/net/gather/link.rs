//! The way to a TURN server: a datagram socket, or a stream cut into messages.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, UdpSocket};

use super::{Failure, Tls};
use crate::servers::{Host, Transport};

/// Longest datagram that is read, in bytes; WebRTC's packets are below 1500.
const DATAGRAM: usize = 4096;
/// What the system may keep for sending on a stream, in bytes: more would only be late.
const SEND_BUFFER: u32 = 64 * 1024;
/// Bytes of a STUN message's header and of a channel message's.
const STUN_HEADER: usize = 20;
const CHANNEL_HEADER: usize = 4;

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

enum Kind {
    Datagram(UdpSocket),
    Stream(Box<dyn Stream>),
}

/// A way to a TURN server.
pub(super) struct Link {
    kind: Kind,
    /// What was read and not taken yet.
    buffer: Vec<u8>,
    /// Our end and the server's.
    pub ends: (SocketAddr, SocketAddr),
}

impl Link {
    /// Connects to the server at `to`, from `bind` where it is given.
    pub async fn connect(
        transport: Transport,
        host: &Host,
        to: SocketAddr,
        bind: Option<IpAddr>,
        tls: &Tls,
    ) -> Result<Self, Failure> {
        let failed =
            |_| Failure::unreachable("The TURN server refuses connections or cannot be reached.");
        let any = match to {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        let from = SocketAddr::new(bind.unwrap_or(any), 0);
        let (kind, local) = if transport == Transport::Udp {
            let socket = UdpSocket::bind(from).await.map_err(failed)?;
            socket.connect(to).await.map_err(failed)?;
            let local = socket.local_addr().map_err(failed)?;
            (Kind::Datagram(socket), local)
        } else {
            let socket = match to {
                SocketAddr::V4(_) => TcpSocket::new_v4(),
                SocketAddr::V6(_) => TcpSocket::new_v6(),
            };
            let socket = socket.map_err(failed)?;
            // media waits for nothing; what the system refuses of this only costs time
            let _ = (
                socket.set_nodelay(true),
                socket.set_send_buffer_size(SEND_BUFFER),
            );
            socket.bind(from).map_err(failed)?;
            let stream = socket.connect(to).await.map_err(failed)?;
            let local = stream.local_addr().map_err(failed)?;
            let stream: Box<dyn Stream> = match transport {
                Transport::Tls => Box::new(tls.connect(host, stream).await?),
                Transport::Udp | Transport::Tcp => Box::new(stream),
            };
            (Kind::Stream(stream), local)
        };
        Ok(Self {
            kind,
            buffer: Vec::new(),
            ends: (local, to),
        })
    }

    /// Sends a whole message.
    pub async fn send(&mut self, message: &[u8]) -> io::Result<()> {
        match &mut self.kind {
            Kind::Datagram(socket) => socket.send(message).await.map(drop),
            Kind::Stream(stream) => {
                stream.write_all(message).await?;
                // RFC 8656, section 12.5; STUN messages are even anyway
                let padding = message.len().next_multiple_of(4) - message.len();
                stream
                    .write_all([0; 3].get(..padding).unwrap_or_default())
                    .await?;
                stream.flush().await
            }
        }
    }

    /// The next whole message. Can be dropped at any time without losing one.
    pub async fn receive(&mut self) -> io::Result<Vec<u8>> {
        match &mut self.kind {
            Kind::Datagram(socket) => {
                self.buffer.resize(DATAGRAM, 0);
                let length = socket.recv(&mut self.buffer).await?;
                Ok(self.buffer.get(..length).unwrap_or_default().to_vec())
            }
            Kind::Stream(stream) => loop {
                match cut(&self.buffer) {
                    Cut::Message { length, padded } => {
                        let mut message: Vec<u8> = self.buffer.drain(..padded).collect();
                        message.truncate(length);
                        return Ok(message);
                    }
                    Cut::More => {
                        if stream.read_buf(&mut self.buffer).await? == 0 {
                            return Err(io::ErrorKind::UnexpectedEof.into());
                        }
                    }
                    Cut::Nonsense => return Err(io::ErrorKind::InvalidData.into()),
                }
            },
        }
    }
}

/// What the beginning of a stream is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// A message of this length, which takes up so many bytes.
    Message { length: usize, padded: usize },
    /// The beginning of one.
    More,
    /// No message of TURN: the two ends do not understand each other any more.
    Nonsense,
}

/// Finds the first message of a stream (RFC 8656, section 12.5; RFC 8489, section 5).
pub(crate) fn cut(stream: &[u8]) -> Cut {
    let &[first, _, high, low, ..] = stream else {
        return Cut::More;
    };
    let body = usize::from(u16::from_be_bytes([high, low]));
    let length = match first {
        0..=3 if body % 4 == 0 => STUN_HEADER + body,
        0x40..=0x7f => CHANNEL_HEADER + body,
        _ => return Cut::Nonsense,
    };
    let padded = length.next_multiple_of(4);
    if stream.len() < padded {
        Cut::More
    } else {
        Cut::Message { length, padded }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_cut_into_messages() {
        let mut stun = vec![0x01, 0x13, 0x00, 0x08];
        stun.resize(28, 7);
        assert_eq!(
            cut(&stun),
            Cut::Message {
                length: 28,
                padded: 28
            }
        );
        stun.extend_from_slice(b"more");
        assert_eq!(
            cut(&stun),
            Cut::Message {
                length: 28,
                padded: 28
            }
        );
        let channel = [0x40, 0x00, 0x00, 0x05, 1, 2, 3, 4, 5, 0, 0, 0];
        assert_eq!(
            cut(&channel),
            Cut::Message {
                length: 9,
                padded: 12
            }
        );
        for end in 0..12 {
            assert_eq!(cut(&channel[..end]), Cut::More, "{end}");
        }
        for nonsense in [b"\x16\x03\x01\x02", b"\x00\x01\x00\x03"] {
            assert_eq!(cut(nonsense), Cut::Nonsense);
        }
    }
}
