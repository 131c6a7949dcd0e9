use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use futures_util::{FutureExt, stream};

use super::*;
use crate::server::{
    arrival::Arrival,
    gate::{
        activity::Activity,
        bucket::{Allowance, Bucket},
    },
    hub::Mailbox,
    shares::Origin,
};

/// A socket in memory: says what it is given, then falls silent; keeps what it is told, up to what it can take.
struct Memory {
    says: stream::Fuse<stream::Iter<std::vec::IntoIter<Result<Message, Error>>>>,
    told: Arc<Mutex<Vec<Message>>>,
    room: usize,
    closes: bool,
}

impl Memory {
    fn new(says: Vec<Result<Message, Error>>) -> Self {
        Self {
            says: stream::iter(says).fuse(),
            told: Arc::default(),
            room: usize::MAX,
            closes: true,
        }
    }
}

impl Stream for Memory {
    type Item = Result<Message, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.says.poll_next_unpin(context) {
            Poll::Ready(None) if !self.closes => Poll::Pending,
            other => other,
        }
    }
}

impl Sink<Message> for Memory {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.told.lock().unwrap().len() < self.room {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        self.told.lock().unwrap().push(message);
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }
}

/// Runs a connection over `socket` and gives what it was told.
async fn run_over(socket: Memory, stop: impl Future<Output = ()>) -> Vec<Message> {
    let told = Arc::clone(&socket.told);
    let (mailbox, mail) = Mailbox::new();
    let now = Instant::now();
    let arrival = Arrival {
        local: None,
        host: None,
        allowance: Allowance::new(Bucket::new(1, 1, now)),
        activity: Arc::new(Activity::new(now, now)),
        origin: Origin::Address(0),
    };
    let session = Session::new(Arc::default(), Arc::default(), mailbox, arrival, now).unwrap();
    run(socket, session, mail, stop, Duration::from_secs(10)).await;
    Arc::try_unwrap(told).unwrap().into_inner().unwrap()
}

fn close_code(told: &[Message]) -> Option<u16> {
    match told.last() {
        Some(Message::Close(Some(frame))) => Some(frame.code),
        _ => None,
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_word_is_hello_and_nonsense_is_the_end() {
    let told = run_over(
        Memory::new(vec![Ok(Message::text("nonsense"))]),
        std::future::pending(),
    )
    .await;
    assert!(matches!(&told[0], Message::Text(text) if text.starts_with(r#"{"t":"hello","v":1,"#)));
    assert!(matches!(&told[1], Message::Text(text) if text.contains("malformed")));
    assert_eq!(close_code(&told), Some(4400));
}

#[tokio::test(start_paused = true)]
async fn after_a_broken_socket_nothing_more_is_said() {
    let broken = Err(Error::new(std::io::Error::other("broken")));
    assert_eq!(
        run_over(Memory::new(vec![broken]), std::future::pending())
            .await
            .len(),
        1
    );
    let oversized = tungstenite::error::CapacityError::MessageTooLong {
        size: 9,
        max_size: 1,
    };
    let oversized = Err(Error::new(tungstenite::Error::Capacity(oversized)));
    let told = run_over(Memory::new(vec![oversized]), std::future::pending()).await;
    assert_eq!(close_code(&told), Some(1009));
}

#[tokio::test(start_paused = true)]
async fn who_does_not_read_is_dropped() {
    let mut socket = Memory::new(vec![
        Ok(Message::text(r#"{"t":"wave"}"#)),
        Ok(Message::text(r#"{"t":"wave"}"#)),
    ]);
    socket.room = 2;
    socket.closes = false;
    // Hello and one answer fit; the second answer never does.
    assert_eq!(run_over(socket, std::future::pending()).await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn who_says_nothing_is_asked_and_then_dropped() {
    let mut socket = Memory::new(vec![]);
    socket.closes = false;
    let told = run_over(socket, std::future::pending()).await;
    assert!(matches!(told[1], Message::Ping(_)));
    assert_eq!(close_code(&told), Some(4408));
}

#[tokio::test(start_paused = true)]
async fn a_stopping_server_closes() {
    let mut socket = Memory::new(vec![]);
    socket.closes = false;
    let told = run_over(socket, std::future::ready(()).fuse()).await;
    assert_eq!(close_code(&told), Some(1001));
}
