//! Logs: to stderr and to DIR/log, filtered by `RUST_LOG`. No key, name, address or description is ever logged, whatever
//! the filter says: only our own crates are heard, since others print addresses and descriptions at their finer levels.
//! What repeats itself is counted (`ringdown_signaling::logs`), and the files have a size that is never exceeded.

mod rotation;

use std::path::Path;

use ringdown_signaling::logs::{Repeats, Telling};
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt};

use self::rotation::RotatingFile;
use crate::instance;

/// Without `RUST_LOG`: what happens, not how.
const DEFAULT_FILTER: &str = "info";

/// What the targets of our own crates begin with.
const OURS: &str = "ringdown";

/// Lines that wait for a slow disk. Further ones are lost, so that nobody waits and the memory is bounded.
const WAITING_LINES: usize = 4096;

/// What was logged is on disk once this is dropped.
#[derive(Debug)]
#[must_use]
pub struct Logs {
    // Dropped in this order: the last numbers go to the file too.
    _telling: Telling,
    _writer: Option<WorkerGuard>,
}

/// Starts logging. A log folder that can't be written is no reason not to start: stderr is used alone.
pub fn start(data_dir: &Path) -> Logs {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    let folder = data_dir.join("log");
    // Where this fails, so does opening the log in it, which is dealt with below.
    let _ = instance::make_private_dir(data_dir).and_then(|()| instance::make_private_dir(&folder));
    let file = RotatingFile::open(&folder).map(|file| {
        NonBlockingBuilder::default()
            .buffered_lines_limit(WAITING_LINES)
            .finish(file)
    });
    let (writer, guard) = match file {
        Ok((writer, guard)) => (Some(writer), Some(guard)),
        Err(_) => (None, None),
    };
    let repeats = Repeats::default();
    let started = tracing_subscriber::registry()
        .with(filter)
        .with(filter_fn(|event| event.target().starts_with(OURS)))
        .with(repeats.clone())
        .with(fmt::layer().with_writer(std::io::stderr).with_target(false))
        .with(writer.map(|writer| fmt::layer().with_writer(writer).with_ansi(false)))
        .try_init();
    if guard.is_none() && started.is_ok() {
        tracing::warn!("the log folder can't be written; logging to stderr only");
    }
    Logs {
        _telling: repeats.tell(),
        _writer: guard,
    }
}
