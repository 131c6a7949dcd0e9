//! A malicious server, for tests: the real one, with somebody at the levers.
//!
//! A [`Meddler`] is asked wherever the server decides something: whom a connection is seated as, and what becomes of a payload.
//! It sees every frame that comes and goes, which is everything there is to see. Only with the cargo feature `meddling`.

use std::{net::IpAddr, sync::Arc, time::Duration};

use tokio::{net::TcpListener, time::Instant};

use super::{
    ServerConfig,
    hub::{Hub, Receipt},
    run,
    session::Act,
};
use crate::{
    limits::OFFLINE_AFTER,
    wire::{Fixed, Payload, ServerFrame},
};

mod transcript;

pub use transcript::Transcript;

/// Who runs a malicious server. Honest as long as nothing else is written. All methods are called while the server works for a
/// connection: they must not block.
pub trait Meddler: Send + Sync {
    /// Somebody has proven `key`; the server seats them at the key that this gives.
    fn registers(&self, key: [u8; 32]) -> [u8; 32] {
        key
    }

    /// Somebody sends something. What is done with it is up to this: passed on, changed, kept, or dropped.
    fn sends(&self, sent: Sent) {
        sent.pass();
    }

    /// The server has seen this.
    fn sees(&self, sight: Sight<'_>) {
        let _ = sight;
    }
}

impl<F: Fn(Sent) + Send + Sync> Meddler for F {
    fn sends(&self, sent: Sent) {
        self(sent);
    }
}

/// Something that a server cannot but see. Connections are numbered from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight<'a> {
    /// A connection from this address.
    Came {
        /// Which.
        connection: u64,
        /// From where.
        address: IpAddr,
    },
    /// A frame from the client.
    Heard {
        /// Which.
        connection: u64,
        /// As it came.
        text: &'a str,
    },
    /// A frame to the client.
    Said {
        /// Which.
        connection: u64,
        /// As it went.
        text: &'a str,
    },
    /// The end of a connection.
    Left {
        /// Which.
        connection: u64,
    },
}

/// A payload in the hands of the server. Its sender hears `delivered` when the recipient has taken it; when it is dropped, or
/// nobody takes it, `offline` in the usual time.
#[derive(Debug)]
pub struct Sent {
    /// Whom it is for.
    pub to: [u8; 32],
    /// What it is.
    pub payload: Vec<u8>,
    hub: Arc<Hub>,
    receipt: Receipt,
}

impl Sent {
    pub(super) fn new(hub: Arc<Hub>, to: [u8; 32], payload: &Payload, receipt: Receipt) -> Self {
        Self {
            to,
            payload: payload.bytes(),
            hub,
            receipt,
        }
    }

    /// Hands it to the recipient, now. A payload over the limit goes nowhere.
    pub fn pass(self) {
        if let Ok(payload) = Payload::new(&self.payload) {
            let now = Instant::now();
            let receipt = self.receipt.renewed(now + OFFLINE_AFTER);
            self.hub.pass(&Fixed(self.to), payload, receipt, now);
        }
    }

    /// Hands it to the recipient after a while.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn pass_after(self, delay: Duration) {
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            self.pass();
        });
    }

    /// The same once more; what becomes of the copy, nobody hears.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self {
            to: self.to,
            payload: self.payload.clone(),
            hub: Arc::clone(&self.hub),
            receipt: Receipt::for_nobody(self.receipt.origin(), self.receipt.until()),
        }
    }

    /// Tells the sender that it was delivered. It was not, unless a copy was passed on.
    pub fn claim_delivered(self) {
        self.receipt.confirm();
    }
}

/// As [`serve`](super::serve), with a meddler.
///
/// # Errors
/// When the listener itself fails.
pub async fn serve_meddled<F>(
    listener: TcpListener,
    config: ServerConfig,
    meddler: Arc<dyn Meddler>,
    shutdown: F,
) -> std::io::Result<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    run(listener, config, Hub::run_by(meddler), None, shutdown).await
}

/// One connection's frames, for the meddler to see.
pub(super) struct Witness {
    meddler: Arc<dyn Meddler>,
    connection: u64,
}

impl Witness {
    pub(super) fn new(meddler: Arc<dyn Meddler>, connection: u64, address: IpAddr) -> Self {
        meddler.sees(Sight::Came {
            connection,
            address,
        });
        Self {
            meddler,
            connection,
        }
    }

    pub(super) fn hears(&self, text: &str) {
        self.meddler.sees(Sight::Heard {
            connection: self.connection,
            text,
        });
    }

    pub(super) fn says(&self, acts: &[Act]) {
        for act in acts {
            let text = match act {
                Act::Frame(frame) => frame.encode(),
                Act::Ping | Act::Ask(_) => continue,
                Act::Close(code, message) => ServerFrame::Error {
                    code: *code,
                    message: (*message).to_owned(),
                }
                .encode(),
            };
            self.meddler.sees(Sight::Said {
                connection: self.connection,
                text: &text,
            });
        }
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.meddler.sees(Sight::Left {
            connection: self.connection,
        });
    }
}

impl std::fmt::Debug for Witness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Witness({})", self.connection)
    }
}
