//! One connection of a page.

use std::collections::HashSet;

use futures_util::{Sink, SinkExt, Stream, StreamExt};
use tokio::sync::mpsc::error::TrySendError;
use tokio_tungstenite::tungstenite::error::{CapacityError, Error, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Bytes, Message};

use super::frame::{FrameError, Header};
use super::note::{Note, NoteError};
use super::page::{Attached, Found, Page};
use crate::net::task::Media;

/// A page that has taken over.
const REPLACED: CloseCode = CloseCode::Library(4001);

/// Why a connection ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The page went, or the network did.
    Gone,
    /// The page is told why.
    Close(CloseCode, String),
}

impl End {
    fn close(code: CloseCode, reason: impl ToString) -> Self {
        Self::Close(code, reason.to_string())
    }
}

/// Carries messages both ways until the page goes, misbehaves or is replaced.
pub(super) async fn run<S>(mut socket: S, mut attached: Attached, page: &Page)
where
    S: Stream<Item = Result<Message, Error>> + Sink<Message, Error = Error> + Unpin,
{
    let end = carry(&mut socket, &mut attached, page).await;
    page.detach(&attached);
    if let End::Close(code, reason) = end {
        tracing::warn!(%code, reason, "the media socket was closed");
        let frame = CloseFrame {
            code,
            reason: reason.into(),
        };
        // the other end may be gone; what it still sends is read so that it gets to see the reason
        if socket.send(Message::Close(Some(frame))).await.is_ok() {
            let _ = tokio::time::timeout(super::HANDSHAKE, async {
                while let Some(Ok(_)) = socket.next().await {}
            })
            .await;
        }
    }
}

async fn carry<S>(socket: &mut S, attached: &mut Attached, page: &Page) -> End
where
    S: Stream<Item = Result<Message, Error>> + Sink<Message, Error = Error> + Unpin,
{
    let mut incoming = Incoming::default();
    loop {
        tokio::select! {
            message = attached.messages.recv() => {
                let Some(message) = message else { return End::close(REPLACED, "another page has connected") };
                let length = message.len();
                if socket.send(message).await.is_err() {
                    return End::Gone;
                }
                attached.sent(length);
            }
            message = socket.next() => {
                let handled = match message {
                    Some(Ok(message)) => incoming.handle(message, page),
                    Some(Err(error)) => Err(end_of(&error)),
                    None => Err(End::Gone),
                };
                if let Err(end) = handled {
                    return end;
                }
            }
        }
    }
}

/// Messages from the page.
#[derive(Default)]
struct Incoming {
    /// Peers and m-lines that lost a frame for want of room: nothing but a key frame helps them.
    lost: HashSet<(u32, u16)>,
}

impl Incoming {
    fn handle(&mut self, message: Message, page: &Page) -> Result<(), End> {
        match message {
            Message::Binary(bytes) => self.handle_frame(&bytes, page),
            Message::Text(text) => handle_note(&text, page),
            Message::Close(_) => Err(End::Gone),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => Ok(()),
        }
    }

    fn handle_frame(&mut self, bytes: &Bytes, page: &Page) -> Result<(), End> {
        let (
            Header {
                key,
                index,
                peer,
                timestamp,
            },
            picture,
        ) = Header::read(bytes).map_err(|error| match error {
            FrameError::Long => End::close(CloseCode::Size, error),
            _ => End::close(CloseCode::Invalid, error),
        })?;
        let media = match page.find(peer) {
            Found::Open(media) => media,
            Found::Closed => return Ok(()),
            Found::Never => return Err(unknown_peer()),
        };
        let line = (peer, index);
        if self.lost.contains(&line) {
            if !key {
                return Ok(());
            }
            self.lost.remove(&line);
        }
        let data = picture.to_vec();
        match media.try_send(Media::PageFrame {
            index,
            key,
            timestamp,
            data,
        }) {
            Ok(()) | Err(TrySendError::Closed(_)) => {}
            Err(TrySendError::Full(_)) => {
                self.lost.insert(line);
                page.notice(peer, serde_json::json!({ "t": "keyframe", "index": index }));
            }
        }
        Ok(())
    }
}

fn handle_note(text: &str, page: &Page) -> Result<(), End> {
    let note = Note::read(text).map_err(|error| match error {
        NoteError::Long => End::close(CloseCode::Size, error),
        NoteError::Unknown => End::close(CloseCode::Invalid, error),
    })?;
    let (peer, media) = match note {
        Note::Keyframe { peer, index } => (peer, Media::PictureLost { index }),
        Note::Video {
            peer,
            index,
            figures,
        } => (peer, Media::Figures { index, figures }),
    };
    match page.find(peer) {
        Found::Open(way) => {
            // a request that finds no room comes again with the next broken frame, figures in a second
            let _ = way.try_send(media);
            Ok(())
        }
        Found::Closed => Ok(()),
        Found::Never => Err(unknown_peer()),
    }
}

fn unknown_peer() -> End {
    End::close(CloseCode::Policy, "there is no such peer")
}

fn end_of(error: &Error) -> End {
    match error {
        Error::Capacity(CapacityError::MessageTooLong { .. }) => End::close(
            CloseCode::Size,
            "the message is longer than 1 MiB and a header",
        ),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => End::Gone,
        Error::Protocol(_) | Error::Utf8(_) | Error::AttackAttempt => {
            End::close(CloseCode::Protocol, "this is no WebSocket message")
        }
        _ => End::Gone,
    }
}
