//! Hears of changes of the machine's addresses, interfaces and routes from the kernel
//! ([netlink(7)](https://man7.org/linux/man-pages/man7/rtnetlink.7.html)), instead of looking again and again.
//!
//! What a message says is not read: who hears of a change lists the interfaces anew. So none can be
//! misread, and one that was lost because too many came at once costs nothing.

use std::io;
use std::time::Duration;

use netlink_sys::protocols::NETLINK_ROUTE;
use netlink_sys::{AsyncSocket, AsyncSocketExt, SocketAddr, TokioSocket};
use tokio::sync::watch;

use super::addresses::{self, Places};

/// Groups of rtnetlink: links, and addresses and routes of both families.
const GROUPS: u32 = 0x1 | 0x10 | 0x100 | 0x40 | 0x400;
/// A change comes in several messages: those that follow within this time are one with it.
const TOGETHER: Duration = Duration::from_millis(50);

/// Tells of changes. Cheap to clone; each clone hears of those after it was made.
#[derive(Debug, Clone)]
pub struct Watch {
    changes: watch::Receiver<u64>,
    /// For [`Self::moved`].
    seen: Places,
}

impl Watch {
    /// Begins to watch; a disabled one never hears of anything. Ends with the last clone. Needs a runtime.
    #[must_use]
    pub fn new(enabled: bool) -> Self {
        let (sender, changes) = watch::channel(0);
        if enabled {
            match open() {
                Ok(socket) => drop(tokio::spawn(listen(socket, sender))),
                Err(error) => {
                    tracing::warn!(kind = ?error.kind(), "changes of the network cannot be watched");
                }
            }
        }
        Self {
            changes,
            seen: addresses::places(),
        }
    }

    /// Waits until this machine is reached, or reaches others, by other addresses than before. The kernel tells of more:
    /// that it has made sure of an address it has, say. Can be dropped at any time without missing one.
    pub async fn moved(&mut self) {
        loop {
            self.changed().await;
            let now = addresses::places();
            if now != self.seen {
                self.seen = now;
                return;
            }
        }
    }

    /// Waits for the next change. Can be dropped at any time without missing one.
    pub async fn changed(&mut self) {
        if self.changes.changed().await.is_err() {
            // nobody is listening: there will be none
            std::future::pending().await
        }
    }
}

fn open() -> io::Result<TokioSocket> {
    let mut socket = TokioSocket::new(NETLINK_ROUTE)?;
    socket.socket_mut().bind(&SocketAddr::new(0, GROUPS))?;
    Ok(socket)
}

async fn listen(socket: TokioSocket, changes: watch::Sender<u64>) {
    let mut messages = Vec::with_capacity(16 * 1024);
    loop {
        messages.clear();
        let heard = tokio::select! {
            heard = socket.recv(&mut messages) => heard,
            () = changes.closed() => return,
        };
        // "no buffer space": some were lost, so there was a change
        if heard.is_err_and(|error| error.raw_os_error() != Some(ENOBUFS)) {
            tracing::warn!("changes of the network are not watched any more");
            return;
        }
        tokio::time::sleep(TOGETHER).await;
        messages.clear();
        // what came meanwhile is one with it; more than fits is heard of as another change
        let _ = tokio::time::timeout(Duration::ZERO, socket.recv(&mut messages)).await;
        changes.send_modify(|count| *count += 1);
    }
}

/// Linux's number on every architecture this is built for.
const ENOBUFS: i32 = 105;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_disabled_watch_hears_of_nothing_and_an_enabled_one_ends_with_its_last_clone() {
        let mut disabled = Watch::new(false);
        let nothing = tokio::time::timeout(Duration::ZERO, disabled.changed());
        assert!(nothing.await.is_err());
        let (sender, changes) = watch::channel(0);
        let listening = tokio::spawn(listen(open().unwrap(), sender));
        drop(Watch {
            changes,
            seen: addresses::places(),
        });
        listening.await.unwrap();
    }
}
