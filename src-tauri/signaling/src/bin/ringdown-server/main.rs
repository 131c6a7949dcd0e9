//! `ringdown-server`: the meeting point for people who are not on one network.
//!
//! Prints `listening on ADDRESS` on stdout when it is ready, logs to stderr (`RUST_LOG` filters), stops on Ctrl-C and SIGTERM.
//! It speaks plain WebSocket: for `wss://` put a reverse proxy before it that does TLS.

#[cfg(all(feature = "meddling", not(debug_assertions)))]
compile_error!("ringdown-server is released without the feature `meddling`, which is for tests");

mod options;

use std::{
    io::{self, IsTerminal, Write},
    net::SocketAddr,
    process::ExitCode,
};

use clap::Parser;
use ringdown_signaling::{
    logs::Repeats,
    serve, serve_with_state,
    server::{ServerLimits, StateDir, StateInUse, raise_descriptor_limit},
};
use tokio::net::TcpListener;
use tracing_subscriber::{
    EnvFilter, Layer, filter::filter_fn, fmt, layer::SubscriberExt, util::SubscriberInitExt,
};

use options::{Options, OptionsError, RawOptions};

/// Descriptors that are not for connections: the files of the state directory, the log, the runtime.
const RESERVE: u64 = 64;

/// Why the server cannot run. Each is a sentence that says what to do.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Options(#[from] OptionsError),
    #[error("{0}")]
    State(#[from] StateInUse),
    #[error(
        "{address} is already in use by another program. Stop that program, or choose another port with --listen."
    )]
    InUse { address: SocketAddr },
    #[error(
        "this user may not listen on {address}. Choose a port above 1023 with --listen, or run as a user who may."
    )]
    NotAllowed { address: SocketAddr },
    #[error(
        "{address} is not an address of this computer. Choose one with --listen; 0.0.0.0 means all of them."
    )]
    NotHere { address: SocketAddr },
    #[error("cannot listen on {address}: {source}")]
    Listen {
        address: SocketAddr,
        source: io::Error,
    },
    #[error("the server stopped: {0}")]
    Io(#[from] io::Error),
}

fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // Other crates print addresses at their finer levels, whatever is asked for: they are not heard at all.
    let ours = filter_fn(|event| event.target().starts_with("ringdown"));
    let output = fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    let repeats = Repeats::default();
    tracing_subscriber::registry()
        .with(filter)
        .with(repeats.clone())
        .with(output.with_filter(ours))
        .init();
    let _telling = repeats.tell();
    match run(RawOptions::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // The one line a person reads; not a log line.
            drop(writeln!(io::stderr(), "ringdown-server: {failure}"));
            ExitCode::FAILURE
        }
    }
}

fn run(raw: RawOptions) -> Result<(), Failure> {
    let mut options = Options::from_raw(raw)?;
    options.config.limits = fit(options.config.limits);
    let state = options.state.as_deref().map(StateDir::open).transpose()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let result = runtime.block_on(listen(options, state));
    // Connections that did not take their goodbye in time end here.
    runtime.shutdown_background();
    result
}

/// As many connections as are wanted, or as this process may have.
fn fit(wanted: ServerLimits) -> ServerLimits {
    let connections = wanted.connections;
    let descriptors = raise_descriptor_limit(u64::MAX);
    let limits = wanted.within(descriptors, RESERVE);
    if limits.connections < connections {
        tracing::warn!(
            "this process may have {} files and sockets open, which is enough for {} connections instead of {connections}: \
             raise the limit (LimitNOFILE= in the service, ulimit -n in a shell), or set [limits] connections lower",
            descriptors.unwrap_or_default(),
            limits.connections,
        );
    }
    limits
}

async fn listen(options: Options, state: Option<StateDir>) -> Result<(), Failure> {
    let address = options.listen;
    let listener = TcpListener::bind(address)
        .await
        .map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => Failure::InUse { address },
            io::ErrorKind::PermissionDenied => Failure::NotAllowed { address },
            io::ErrorKind::AddrNotAvailable => Failure::NotHere { address },
            _ => Failure::Listen { address, source },
        })?;
    if options.config.names.is_empty() {
        tracing::info!(
            "no --name is set: clients can register only by the very address this machine has, \
             not through a proxy nor by a name"
        );
    }
    if state.is_none() {
        tracing::info!(
            "no --state is set: notes of missed calls wait in memory only, and are lost when this server stops"
        );
    }
    let stop = told_to_stop()?;
    let address = listener.local_addr()?;
    let mut stdout = io::stdout();
    writeln!(stdout, "listening on {address}")?;
    stdout.flush()?;
    match state {
        Some(state) => serve_with_state(listener, options.config, state, stop).await?,
        None => serve(listener, options.config, stop).await?,
    }
    tracing::info!("stopped");
    Ok(())
}

/// Resolves on Ctrl-C, and on SIGTERM where there is such a thing.
fn told_to_stop() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    #[cfg(unix)]
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    #[cfg(unix)]
    let mut interrupt = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())?;
    Ok(async move {
        #[cfg(unix)]
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        #[cfg(not(unix))]
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::error!("cannot listen for Ctrl-C: {error}");
            std::future::pending::<()>().await;
        }
        tracing::info!("told to stop");
    })
}
