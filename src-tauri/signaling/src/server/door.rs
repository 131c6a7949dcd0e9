//! The listening socket.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use socket2::SockRef;
use tokio::{
    net::{TcpListener, TcpStream},
    time::{Instant, sleep},
};

use super::half_open::HalfOpen;

/// Pause after the system could not give us a connection, mostly for want of file descriptors, and none could be spared here.
const ACCEPT_PAUSE: Duration = Duration::from_millis(500);

/// Pause after one was told to go for want of descriptors.
const CLOSE_PAUSE: Duration = Duration::from_millis(5);

/// How often at most the log hears that no connections can be taken.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// Bytes that are asked of the system for what arrived on a connection and was not read yet, and for what was written and not
/// taken yet. (Linux takes twice that, for its own accounts.) Left to itself it gives a connection that does not read up to
/// 4 MB, and one that is not read up to 32 MB. Most frames fit, and the largest passes in two turns.
const KERNEL_BUFFER_BYTES: usize = 32 * 1024;

/// Connections that may wait to be accepted. Where a flood fills the queue, whoever comes then is not heard before they try again,
/// a second later.
const BACKLOG: i32 = 4096;

/// Takes connections.
#[derive(Debug)]
pub(super) struct Door {
    listener: TcpListener,
    half_open: Arc<HalfOpen>,
    told: Option<Instant>,
}

impl Door {
    pub(super) fn new(listener: TcpListener, half_open: Arc<HalfOpen>) -> Self {
        // Where the system refuses any of these, all works, only a flood costs more. What is accepted inherits the buffers.
        let socket = SockRef::from(&listener);
        drop(socket.listen(BACKLOG));
        drop(socket.set_recv_buffer_size(KERNEL_BUFFER_BYTES));
        drop(socket.set_send_buffer_size(KERNEL_BUFFER_BYTES));
        Self {
            listener,
            half_open,
            told: None,
        }
    }

    /// The next connection. Where the system has none to give, a half-open one goes.
    pub(super) async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok((stream, remote)) => {
                    // Frames are small and answers are waited for. Without it all works, only later.
                    drop(stream.set_nodelay(true));
                    return (stream, remote);
                }
                Err(error) if is_about_one_connection(&error) => {}
                Err(error) => {
                    self.tell(&error);
                    if self.half_open.dismiss_one() {
                        // It is closed in its own task.
                        sleep(CLOSE_PAUSE).await;
                    } else {
                        sleep(ACCEPT_PAUSE).await;
                    }
                }
            }
        }
    }

    fn tell(&mut self, error: &io::Error) {
        let now = Instant::now();
        if self.told.is_none_or(|told| now >= told + TELL_EVERY) {
            self.told = Some(now);
            tracing::warn!("cannot take a connection, trying again: {error}");
        }
    }
}

fn is_about_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}
