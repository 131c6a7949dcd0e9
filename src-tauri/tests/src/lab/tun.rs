//! The kernel's end of a line of the lab's internet.

use std::ffi::c_int;
use std::fs::File;
use std::os::fd::OwnedFd;

use rustix::fs::{Mode, OFlags, open};
use rustix::ioctl::{Opcode, Setter, ioctl, opcode};

use super::place::Place;
use crate::Result;

/// `TUNSETIFF`, `IFF_TUN` and `IFF_NO_PI` of linux/if_tun.h: whole IP packets, nothing before them.
const SET_INTERFACE: Opcode = opcode::write::<c_int>(b'T', 202);
const TUN: i16 = 0x0001;
const NO_PACKET_INFORMATION: i16 = 0x1000;

/// `struct ifreq` of linux/if.h, as far as it is read here.
#[repr(C)]
struct InterfaceRequest {
    name: [u8; 16],
    flags: i16,
    unused: [u8; 22],
}

/// Makes a network device in a place. What the place sends there is read from the file, each read a packet, and what
/// is written to the file arrives there. Reading does not wait. The device goes with the file.
pub(crate) fn open_in(place: &Place, device: &str) -> Result<File> {
    let mut request = InterfaceRequest {
        name: [0; 16],
        flags: TUN | NO_PACKET_INFORMATION,
        unused: [0; 22],
    };
    for (to, from) in request.name.iter_mut().take(15).zip(device.bytes()) {
        *to = from;
    }
    place.within(move || {
        let file: OwnedFd = open(
            "/dev/net/tun",
            OFlags::RDWR | OFlags::NONBLOCK,
            Mode::empty(),
        )
        .map_err(|error| format!("/dev/net/tun: {error}"))?;
        // SAFETY: TUNSETIFF reads a `struct ifreq`, which this has the size and layout of, and keeps no pointer to it.
        unsafe {
            ioctl(
                &file,
                Setter::<SET_INTERFACE, InterfaceRequest>::new(request),
            )
        }
        .map_err(|error| format!("no network device: {error}"))?;
        Ok(File::from(file))
    })?
}
