//! Logs: to stderr and to DIR/log, filtered by `RUST_LOG`. No key, name, address or description is ever logged, whatever
//! the filter says: only our own crates are heard, since others print addresses and descriptions at their finer levels.

use std::path::Path;

use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt};

use crate::instance;

/// Days of logs that are kept.
const KEPT_DAYS: usize = 7;

/// Without `RUST_LOG`: what happens, not how.
const DEFAULT_FILTER: &str = "info";

/// What the targets of our own crates begin with.
const OURS: &str = "ringdown";

/// Starts logging; what was logged is on disk once the guard is dropped.
/// A log folder that can't be written is no reason not to start: stderr is used alone.
#[must_use]
pub fn start(data_dir: &Path) -> Option<WorkerGuard> {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    let folder = data_dir.join("log");
    // Where this fails, so does opening the log in it, which is dealt with below.
    let _ = instance::make_private_dir(data_dir).and_then(|()| instance::make_private_dir(&folder));
    let file = tracing_appender::rolling::Builder::new()
        .rotation(tracing_appender::rolling::Rotation::DAILY)
        .filename_suffix("log")
        .max_log_files(KEPT_DAYS)
        .build(folder)
        .map(tracing_appender::non_blocking);
    let (writer, guard) = match file {
        Ok((writer, guard)) => (Some(writer), Some(guard)),
        Err(_) => (None, None),
    };
    let started = tracing_subscriber::registry()
        .with(filter)
        .with(filter_fn(|event| event.target().starts_with(OURS)))
        .with(fmt::layer().with_writer(std::io::stderr).with_target(false))
        .with(writer.map(|writer| fmt::layer().with_writer(writer).with_ansi(false)))
        .try_init();
    if guard.is_none() && started.is_ok() {
        tracing::warn!("the log folder can't be written; logging to stderr only");
    }
    guard
}
