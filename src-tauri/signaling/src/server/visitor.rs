//! One connection until it is a WebSocket: one request, small headers, one deadline over everything.

use std::{
    io,
    mem::MaybeUninit,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::watch,
    time::{Instant, sleep_until},
};

use super::{
    half_open::{Answered, Place},
    told_to_stop,
};

/// Bytes that a request line with its headers may have; the least that hyper can be told. Browsers behind a proxy need a
/// quarter of it.
const MAX_HEADER_BYTES: usize = 8 * 1024;

/// Headers that a request may have.
const MAX_HEADERS: usize = 64;

/// Bytes that are still read, and thrown away, from who has been answered. Whoever goes on talking is cut off.
const LEFTOVER_BYTES: usize = 16 * 1024;

/// What a handler learns about the connection its request came on.
#[derive(Debug, Clone)]
pub(super) struct Peer {
    pub(super) remote: IpAddr,
    /// Where the connection arrived: what the client dialled, unless something in between changed it.
    pub(super) local: Option<SocketAddr>,
    flags: Arc<Flags>,
}

#[derive(Debug, Default)]
struct Flags {
    upgraded: AtomicBool,
    cut: AtomicBool,
}

impl Peer {
    /// It is a WebSocket from now on.
    pub(super) fn upgraded(&self) {
        self.flags.upgraded.store(true, Ordering::Relaxed);
    }

    /// When it ends, it ends at once: what was written and not taken is not kept for the other side.
    pub(super) fn cut(&self) {
        self.flags.cut.store(true, Ordering::Relaxed);
    }
}

/// Serves a connection until it is answered or upgraded, has to go for a newer one, or the deadline has passed.
pub(super) async fn serve(
    stream: TcpStream,
    remote: SocketAddr,
    mut place: Place,
    router: Router,
    deadline: Instant,
    stopping: watch::Receiver<bool>,
) {
    let peer = Peer {
        remote: remote.ip(),
        local: stream.local_addr().ok(),
        flags: Arc::default(),
    };
    let visitor = Visitor {
        stream,
        flags: Arc::clone(&peer.flags),
        answered: place.answered(),
        leftover: 0,
        is_shut: false,
    };
    let mut answer = Box::pin(answer(visitor, peer.clone(), router, stopping));
    tokio::select! {
        () = &mut answer => return,
        () = place.dismissed() => {}
        () = sleep_until(deadline) => {}
    }
    peer.cut();
    drop(answer);
}

async fn answer(visitor: Visitor, peer: Peer, router: Router, stopping: watch::Receiver<bool>) {
    // Until there is something to read, nothing is allocated to read it into.
    tokio::select! {
        readable = visitor.stream.readable() => if readable.is_err() { return },
        () = told_to_stop(stopping.clone()) => return,
    }
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer.clone()));
        let answer = TowerToHyperService::new(router.clone()).call(request.map(Body::new));
        async move { answer.await.map(only_one) }
    });
    let mut connection = Box::pin(
        http1::Builder::new()
            .half_close(false)
            .max_headers(MAX_HEADERS)
            .max_buf_size(MAX_HEADER_BYTES)
            .serve_connection(TokioIo::new(visitor), service)
            .with_upgrades(),
    );
    // What goes wrong on one connection is its own affair.
    tokio::select! {
        ended = &mut connection => return drop(ended),
        () = told_to_stop(stopping) => connection.as_mut().graceful_shutdown(),
    }
    drop(connection.await);
}

/// No further request is heard on this connection. Said here, since hyper's own setting says it in an upgrade too, where many
/// clients then miss the `upgrade`.
fn only_one(mut response: Response) -> Response {
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    response
}

/// A TCP connection.
#[derive(Debug)]
struct Visitor {
    stream: TcpStream,
    flags: Arc<Flags>,
    answered: Answered,
    /// Bytes that came after the answer.
    leftover: usize,
    is_shut: bool,
}

impl Drop for Visitor {
    fn drop(&mut self) {
        if self.flags.cut.load(Ordering::Relaxed) {
            // Otherwise the system would keep the socket, and all that is queued on it, for minutes after it is closed here:
            // outside of every count.
            drop(self.stream.set_zero_linger());
        }
    }
}

impl AsyncRead for Visitor {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Visitor {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, buffer)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    /// Says that this was all. Whoever was answered and is no WebSocket then has until the deadline to take the answer and
    /// close: a connection that is closed here first would leave the answer with the system, and one with unread input would
    /// lose it.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.is_shut {
            ready!(Pin::new(&mut self.stream).poll_shutdown(context))?;
            self.is_shut = true;
            self.answered.tell();
        }
        if self.flags.upgraded.load(Ordering::Relaxed) {
            return Poll::Ready(Ok(()));
        }
        loop {
            let mut space = [MaybeUninit::uninit(); 1024];
            let mut buffer = ReadBuf::uninit(&mut space);
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer))?;
            let read = buffer.filled().len();
            self.leftover += read;
            if self.leftover > LEFTOVER_BYTES {
                self.flags.cut.store(true, Ordering::Relaxed);
            }
            if read == 0 || self.leftover > LEFTOVER_BYTES {
                return Poll::Ready(Ok(()));
            }
        }
    }
}
