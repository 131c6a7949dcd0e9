//! The loop between a WebSocket and its [`Session`]. Works over any stream and sink of messages.

use std::time::Duration;

use axum::{
    Error,
    extract::ws::{CloseFrame, Message},
};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use tokio::{
    pin,
    sync::mpsc::UnboundedReceiver,
    time::{Instant, sleep_until, timeout},
};
use tokio_tungstenite::tungstenite;

use super::{
    hub::Mail,
    session::{Act, Session},
};
use crate::wire::{CloseCode, ErrorCode, ServerFrame};

/// Frames written before the socket is flushed.
const BATCH: usize = 32;

/// How long the other side may take to answer a close.
const CLOSE_PATIENCE: Duration = Duration::from_secs(2);

/// How long one that was displaced may take to read its goodbye and answer it.
const DISPLACED_PATIENCE: Duration = Duration::from_millis(250);

/// The other side is gone or does not read.
struct Lost;

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// It was closed, by whichever side.
    Closed,
    /// What was said to it was not taken, nor will be.
    Lost,
}

/// Runs a connection to its end.
pub(super) async fn run<S>(
    mut socket: S,
    mut session: Session,
    mut mail: UnboundedReceiver<Mail>,
    stop: impl Future<Output = ()>,
    write_timeout: Duration,
) -> End
where
    S: Stream<Item = Result<Message, Error>> + Sink<Message, Error = Error> + Unpin,
{
    let timer = sleep_until(session.deadline());
    pin!(timer, stop);
    let mut acts: Vec<Act> = session.hello().into_iter().collect();
    loop {
        #[cfg(feature = "meddling")]
        session
            .witness
            .iter()
            .for_each(|witness| witness.says(&acts));
        match timeout(write_timeout, perform(&mut socket, &mut acts)).await {
            Ok(Ok(None)) => {}
            Ok(Ok(Some(()))) => break,
            Ok(Err(Lost)) | Err(_) => return End::Lost,
        }
        // A deadline that moved away is noticed when the timer fires: cheaper than setting it at every message.
        if timer.is_elapsed() || session.deadline() < timer.deadline() {
            timer.as_mut().reset(session.deadline());
        }
        tokio::select! {
            message = socket.next() => {
                let now = Instant::now();
                match message {
                    Some(Ok(Message::Text(text))) => session.handle_text(now, &text, &mut acts),
                    Some(Ok(Message::Binary(_))) => session.handle_binary(now, &mut acts),
                    Some(Ok(Message::Ping(_))) => session.handle_sign_of_life(now, &mut acts),
                    Some(Ok(Message::Pong(bytes))) => session.handle_pong(now, &bytes, &mut acts),
                    Some(Ok(Message::Close(_))) | None => return End::Closed,
                    Some(Err(error)) => {
                        if !is_oversized(error) {
                            return End::Lost;
                        }
                        Session::handle_oversized(&mut acts);
                    }
                }
            }
            Some(first) = mail.recv() => {
                let now = Instant::now();
                session.handle_mail(now, first, &mut acts);
                while acts.len() < BATCH && let Ok(next) = mail.try_recv() {
                    session.handle_mail(now, next, &mut acts);
                }
            }
            () = &mut timer => session.handle_timeout(Instant::now(), &mut acts),
            () = &mut stop => acts.push(Act::Close(ErrorCode::GoingAway, "This server stops.")),
        }
    }
    // The registration ends now, not when the other side has taken its leave.
    drop(session);
    drop(mail);
    let farewell = async { while let Some(Ok(_)) = socket.next().await {} };
    match timeout(CLOSE_PATIENCE, farewell).await {
        Ok(()) => End::Closed,
        Err(_) => End::Lost,
    }
}

/// Writes what is to be said; `Some` after a close.
async fn perform<S>(socket: &mut S, acts: &mut Vec<Act>) -> Result<Option<()>, Lost>
where
    S: Sink<Message, Error = Error> + Unpin,
{
    if acts.is_empty() {
        return Ok(None);
    }
    let mut closed = None;
    for act in acts.drain(..) {
        match act {
            Act::Frame(frame) => feed(socket, Message::text(frame.encode())).await?,
            Act::Ping => feed(socket, Message::Ping(Default::default())).await?,
            Act::Ask(bytes) => feed(socket, Message::Ping(bytes.to_vec().into())).await?,
            Act::Close(code, message) => {
                for message in goodbye(code, message) {
                    feed(socket, message).await?;
                }
                closed = Some(());
                break;
            }
        }
    }
    socket.flush().await.map_err(|_| Lost)?;
    Ok(closed)
}

/// Ends a connection that has to go for another. Others wait for its place, so it has little time to take its leave.
pub(super) async fn displace<S>(socket: &mut S) -> End
where
    S: Stream<Item = Result<Message, Error>> + Sink<Message, Error = Error> + Unpin,
{
    let why = "This server is full, and your address has the most connections. Try again later.";
    let leave = async {
        for message in goodbye(ErrorCode::Full, why) {
            feed(socket, message).await?;
        }
        socket.flush().await.map_err(|_| Lost)?;
        while let Some(Ok(_)) = socket.next().await {}
        Ok(())
    };
    match timeout(DISPLACED_PATIENCE, leave).await {
        Ok(Ok(())) => End::Closed,
        Ok(Err(Lost)) | Err(_) => End::Lost,
    }
}

/// The error, and the close with the same sentence.
fn goodbye(code: ErrorCode, message: &'static str) -> [Message; 2] {
    let error = ServerFrame::Error {
        code,
        message: message.to_owned(),
    };
    let close = CloseFrame {
        code: code.close().unwrap_or(CloseCode::Normal).number(),
        reason: message.into(),
    };
    [Message::text(error.encode()), Message::Close(Some(close))]
}

async fn feed<S>(socket: &mut S, message: Message) -> Result<(), Lost>
where
    S: Sink<Message, Error = Error> + Unpin,
{
    socket.feed(message).await.map_err(|_| Lost)
}

fn is_oversized(error: Error) -> bool {
    let error = error.into_inner().downcast::<tungstenite::Error>();
    error.is_ok_and(|error| matches!(*error, tungstenite::Error::Capacity(_)))
}

#[cfg(test)]
mod tests;
