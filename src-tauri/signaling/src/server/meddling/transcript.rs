//! Everything a server saw, in order.

use std::{
    fmt,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::{Meddler, Sent, Sight};
use crate::wire::{ClientFrame, Payload, ServerFrame};

/// Characters of keys, nonces, signatures and payloads that are shown.
const SHOWN: usize = 6;

/// Records what a server sees. Clones share the record. By itself it is an honest server that writes everything down;
/// [`of`](Self::of) looks over a meddler's shoulder. `Display` is the record for people, with long values cut.
#[derive(Clone)]
pub struct Transcript {
    began: Instant,
    lines: Arc<Mutex<Vec<(Duration, Line)>>>,
}

#[derive(Debug, Clone)]
enum Line {
    Came(u64, IpAddr),
    Heard(u64, String),
    Said(u64, String),
    Left(u64),
}

impl Default for Transcript {
    fn default() -> Self {
        Self::new()
    }
}

impl Transcript {
    /// An empty one. Its times count from now.
    #[must_use]
    pub fn new() -> Self {
        Self {
            began: Instant::now(),
            lines: Arc::default(),
        }
    }

    /// `meddler`, recorded.
    pub fn of<M: Meddler>(&self, meddler: M) -> impl Meddler + use<M> {
        Recorded {
            transcript: self.clone(),
            meddler,
        }
    }

    /// The text of every frame that came or went, as it was.
    #[must_use]
    pub fn frames(&self) -> Vec<String> {
        let frames = self.lock();
        let frames = frames.iter().filter_map(|(_, line)| match line {
            Line::Heard(_, text) | Line::Said(_, text) => Some(text.clone()),
            Line::Came(..) | Line::Left(_) => None,
        });
        frames.collect()
    }

    /// Every payload that was sent, as bytes, in order.
    #[must_use]
    pub fn payloads(&self) -> Vec<Vec<u8>> {
        let sent = |text: &String| match ClientFrame::decode(text) {
            Ok(ClientFrame::Send { payload, .. }) => Some(payload.bytes()),
            Ok(_) | Err(_) => None,
        };
        self.frames().iter().filter_map(sent).collect()
    }

    /// Whether these bytes were in any frame, or in any payload.
    #[must_use]
    pub fn has(&self, bytes: &[u8]) -> bool {
        let frames = self.frames().into_iter().map(String::into_bytes);
        let mut all = frames.chain(self.payloads());
        !bytes.is_empty() && all.any(|one| one.windows(bytes.len()).any(|part| part == bytes))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Duration, Line)>> {
        // No code panics while it holds the lock, and the record is whole at every moment.
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Meddler for Transcript {
    fn sees(&self, sight: Sight<'_>) {
        let line = match sight {
            Sight::Came {
                connection,
                address,
            } => Line::Came(connection, address),
            Sight::Heard { connection, text } => Line::Heard(connection, text.to_owned()),
            Sight::Said { connection, text } => Line::Said(connection, text.to_owned()),
            Sight::Left { connection } => Line::Left(connection),
        };
        self.lock().push((self.began.elapsed(), line));
    }
}

struct Recorded<M> {
    transcript: Transcript,
    meddler: M,
}

impl<M: Meddler> Meddler for Recorded<M> {
    fn registers(&self, key: [u8; 32]) -> [u8; 32] {
        self.meddler.registers(key)
    }

    fn sends(&self, sent: Sent) {
        self.meddler.sends(sent);
    }

    fn sees(&self, sight: Sight<'_>) {
        self.transcript.sees(sight);
        self.meddler.sees(sight);
    }
}

impl fmt::Debug for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Transcript({} lines)", self.lock().len())
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, line) in self.lock().iter() {
            write!(f, "{:7.3} s  ", at.as_secs_f64())?;
            match line {
                Line::Came(connection, address) => {
                    writeln!(f, "#{connection} connects from {address}")?;
                }
                Line::Heard(connection, text) => writeln!(f, "#{connection} -> {}", cut(text))?,
                Line::Said(connection, text) => writeln!(f, "#{connection} <- {}", cut(text))?,
                Line::Left(connection) => writeln!(f, "#{connection} is gone")?,
            }
        }
        Ok(())
    }
}

/// A frame with its long values cut, and the sizes of payloads.
fn cut(frame: &str) -> String {
    let payload = match (ClientFrame::decode(frame), ServerFrame::decode(frame)) {
        (Ok(ClientFrame::Send { payload, .. }), _)
        | (_, Ok(ServerFrame::Deliver { payload, .. })) => Some(payload),
        _ => None,
    };
    let size = payload.as_ref().map(Payload::size);
    let mut text = String::new();
    for (index, part) in frame.split('"').enumerate() {
        if index > 0 {
            text.push('"');
        }
        let is_long = part.len() >= 32 && !part.contains(' ');
        match part.get(..SHOWN) {
            Some(shown) if is_long => {
                text.push_str(shown);
                text.push('…');
            }
            Some(_) | None => text.push_str(part),
        }
    }
    match size {
        Some(size) => format!("{text}   ({size} bytes)"),
        None => text,
    }
}
