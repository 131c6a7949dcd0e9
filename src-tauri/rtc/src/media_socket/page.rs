//! The page at the other end of the media socket, and the peers it may speak of.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;

use super::frame::{self, Header};
use crate::net::task::Media;
use crate::peer::Frame;

/// Messages that wait for the page.
const MAX_WAITING: usize = 256;
/// Bytes that wait for the page; a page so far behind shows pictures that are old.
const MAX_WAITING_BYTES: usize = 8 * 1024 * 1024;
/// With so many bytes waiting, a page gets no picture of its own camera: it would be old.
const BUSY: usize = 128 * 1024;

/// The ways to and from the page; cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Page {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    link: Mutex<Option<Link>>,
    attached: AtomicU64,
    peers: Mutex<Peers>,
}

#[derive(Default)]
struct Peers {
    open: HashMap<u32, mpsc::Sender<Media>>,
    /// The highest handle ever given out.
    last: u32,
}

/// One connection of a page.
struct Link {
    number: u64,
    messages: mpsc::Sender<Message>,
    waiting: Arc<AtomicUsize>,
}

/// The connection's end of a [`Link`].
pub(crate) struct Attached {
    pub messages: mpsc::Receiver<Message>,
    waiting: Arc<AtomicUsize>,
    number: u64,
}

/// Where a message from the page goes.
pub(crate) enum Found {
    Open(mpsc::Sender<Media>),
    /// Closed a moment ago, as far as the page could know.
    Closed,
    Never,
}

impl Page {
    fn link(&self) -> MutexGuard<'_, Option<Link>> {
        self.inner
            .link
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn peers(&self) -> MutexGuard<'_, Peers> {
        self.inner
            .peers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// A page has connected; one before it is let go, its connection ends.
    pub fn attach(&self) -> Attached {
        let (messages, receiver) = mpsc::channel(MAX_WAITING);
        let waiting = Arc::new(AtomicUsize::new(0));
        let number = self.inner.attached.fetch_add(1, Ordering::Relaxed);
        *self.link() = Some(Link {
            number,
            messages,
            waiting: Arc::clone(&waiting),
        });
        let media: Vec<_> = self.peers().open.values().cloned().collect();
        for peer in media {
            // a peer too busy to hear of it has frames waiting, and the page asks for key frames itself
            let _ = peer.try_send(Media::Attached);
        }
        Attached {
            messages: receiver,
            waiting,
            number,
        }
    }

    /// A page's connection has ended.
    pub fn detach(&self, attached: &Attached) {
        self.link().take_if(|link| link.number == attached.number);
    }

    pub fn open(&self, peer: u32, media: mpsc::Sender<Media>) {
        let mut peers = self.peers();
        peers.last = peers.last.max(peer);
        peers.open.insert(peer, media);
    }

    pub fn close(&self, peer: u32) {
        self.peers().open.remove(&peer);
    }

    pub fn find(&self, peer: u32) -> Found {
        let peers = self.peers();
        match peers.open.get(&peer) {
            Some(media) => Found::Open(media.clone()),
            None if peer != 0 && peer <= peers.last => Found::Closed,
            None => Found::Never,
        }
    }

    /// Sends a picture to the page. False when there is no page or it is too far behind.
    pub fn frame(&self, peer: u32, frame: &Frame) -> bool {
        let Frame {
            index,
            key,
            timestamp,
            ref data,
        } = *frame;
        let message = || {
            Message::binary(
                Header {
                    key,
                    index,
                    peer,
                    timestamp,
                }
                .write(data),
            )
        };
        self.send(data.len(), message)
    }

    /// Sends a camera's own picture: I420 of an even size, without padding.
    pub fn own_picture(&self, camera: u32, size: (u32, u32), timestamp: u64, picture: &[u8]) {
        let message = || Message::binary(frame::own_picture(camera, size, timestamp, picture));
        self.send(picture.len(), message);
    }

    /// Whether something of some size waits for the page already.
    pub fn is_busy(&self) -> bool {
        let waiting = |link: &Link| link.waiting.load(Ordering::Relaxed) > BUSY;
        self.link().as_ref().is_none_or(waiting)
    }

    /// Sends a text to the page; what concerns nobody is dropped.
    pub fn tell(&self, text: &Value) {
        let text = text.to_string();
        self.send(text.len(), || Message::text(text));
    }

    /// As [`Self::tell`], about a peer.
    pub fn notice(&self, peer: u32, mut notice: Value) {
        if let Value::Object(fields) = &mut notice {
            fields.insert("peer".to_owned(), peer.into());
        }
        self.tell(&notice);
    }

    fn send(&self, length: usize, message: impl FnOnce() -> Message) -> bool {
        let link = self.link();
        let Some(link) = link.as_ref() else {
            return false;
        };
        if link.waiting.load(Ordering::Relaxed) + length > MAX_WAITING_BYTES {
            return false;
        }
        let message = message();
        let length = message.len();
        link.waiting.fetch_add(length, Ordering::Relaxed);
        let sent = link.messages.try_send(message).is_ok();
        if !sent {
            link.waiting.fetch_sub(length, Ordering::Relaxed);
        }
        sent
    }
}

impl Attached {
    /// A message has been sent: there is room for others.
    pub fn sent(&self, length: usize) {
        self.waiting.fetch_sub(length, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(length: usize) -> Frame {
        Frame {
            index: 1,
            key: true,
            timestamp: 5,
            data: vec![7; length].into(),
        }
    }

    #[tokio::test]
    async fn a_frame_reaches_the_page_and_its_backlog_is_bounded() {
        let page = Page::default();
        assert!(!page.frame(1, &frame(10)), "there is no page yet");
        let mut attached = page.attach();
        assert!((0..8).all(|_| page.frame(1, &frame(1024 * 1024 - 16))));
        assert!(!page.frame(1, &frame(1024 * 1024)), "8 MiB wait already");
        let message = attached.messages.recv().await.unwrap();
        attached.sent(message.len());
        let (header, picture) = Header::read(&message.into_data())
            .map(|(h, p)| (h, p.to_vec()))
            .unwrap();
        assert_eq!(
            header,
            Header {
                key: true,
                index: 1,
                peer: 1,
                timestamp: 5
            }
        );
        assert_eq!(picture.len(), 1024 * 1024 - 16);
        assert!(page.frame(1, &frame(1000)));
    }

    #[tokio::test]
    async fn a_new_page_takes_over_and_the_old_ones_end_does_not_disturb_it() {
        let page = Page::default();
        let mut old = page.attach();
        let new = page.attach();
        assert!(
            old.messages.recv().await.is_none(),
            "the old connection is told to end"
        );
        page.detach(&old);
        assert!(page.frame(1, &frame(1)));
        page.detach(&new);
        assert!(!page.frame(1, &frame(1)));
    }

    #[tokio::test]
    async fn peers_that_were_are_told_from_peers_that_never_were() {
        let page = Page::default();
        let (media, mut arriving) = mpsc::channel(1);
        page.open(3, media);
        assert!(matches!(page.find(3), Found::Open(_)));
        let _attached = page.attach();
        assert!(matches!(arriving.recv().await, Some(Media::Attached)));
        page.close(3);
        assert!(matches!(page.find(3), Found::Closed));
        assert!(matches!(page.find(4), Found::Never));
        assert!(matches!(page.find(0), Found::Never));
    }
}
