//! By which interface packets leave.
//!
//! Linux sends by the best route, whatever address a socket has. So what the Wi-Fi's socket sends would leave by the
//! cable, come from nowhere as far as the cable's router knows, and no pair of the Wi-Fi would ever work until the cable is
//! pulled. Told so, each socket uses its own interface, and the other pairs are known to work when one is needed.
//!
//! `IP_UNICAST_IF` ([ip(7)](https://man7.org/linux/man-pages/man7/ip.7.html)) chooses the way out alone, and anybody may
//! set it; `SO_BINDTODEVICE` would also drop what comes from another program on this machine, which comes by loopback.

use std::net::IpAddr;
use std::os::fd::AsRawFd;

use tokio::net::UdpSocket;

/// Packets of this socket, which is bound to `ip`, leave by the interface of this number. Where the system does not
/// have that, they leave as they always did.
pub(super) fn leave_by(socket: &UdpSocket, ip: IpAddr, interface: u32) {
    let (level, option) = match ip {
        IpAddr::V4(_) => (libc::IPPROTO_IP, libc::IP_UNICAST_IF),
        IpAddr::V6(_) => (libc::IPPROTO_IPV6, libc::IPV6_UNICAST_IF),
    };
    // the kernel wants it in network order
    let number = interface.to_be();
    let Ok(size) = libc::socklen_t::try_from(size_of_val(&number)) else {
        return;
    };
    // SAFETY: the descriptor is open, as the socket is borrowed; the kernel reads `size` bytes at the pointer, which are
    // those of `number`, and keeps no pointer to it.
    let set = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            option,
            std::ptr::from_ref(&number).cast(),
            size,
        )
    };
    if set != 0 {
        tracing::debug!("a socket's interface could not be chosen");
    }
}
