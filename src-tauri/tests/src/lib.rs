//! The stage for end-to-end tests: a display, a D-Bus session, a sound server, windows driven as a person would,
//! and headless Chromium as the foreign peer. Everything is private to the test and ends with it.

#[path = "../../signaling/tests/common/attack.rs"]
pub mod attack;
pub mod chrome;
pub mod chromium;
pub mod desk;
pub mod installed;
pub mod lab;
pub mod look;
pub mod media;
pub mod mouse;
pub mod page;
pub mod person;
pub mod process;
pub mod siege;
pub mod sound;
pub mod stage;
pub mod usage;

use std::time::{Duration, Instant};

/// Any failure of the stage or of the app on it; it ends the test.
pub type Result<T> = std::result::Result<T, Error>;

/// What [`Result`] fails with.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// Longer than anything on a busy two-core machine takes; reaching it is a failure.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// What a test fails with whose window hangs: WebKitGTK 2.50 deadlocks about once in 150 calls (docs/ARCHITECTURE.md).
/// `cargo xtask test` looks for these words, and plays such a test once more.
pub const DEAD_WINDOW: &str = "a window no longer answers";

/// How often a condition is looked at.
const LOOK: Duration = Duration::from_millis(40);

/// Waits until `look` gives something.
///
/// # Errors
/// After [`PATIENCE`], naming `what` was waited for.
pub async fn eventually<T, F>(what: &str, look: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<Option<T>>>,
{
    eventually_within(PATIENCE, what, look).await
}

/// [`eventually`], with another patience.
///
/// # Errors
/// After `patience`, naming `what` was waited for.
pub async fn eventually_within<T, F>(
    patience: Duration,
    what: &str,
    mut look: impl FnMut() -> F,
) -> Result<T>
where
    F: Future<Output = Result<Option<T>>>,
{
    let deadline = Instant::now() + patience;
    let mut trouble = String::new();
    loop {
        // A driver that has died must not hold the test up for ever.
        match tokio::time::timeout(patience, look()).await {
            Ok(Ok(Some(found))) => return Ok(found),
            Ok(Ok(None)) => trouble.clear(),
            // The app ended the page's process, since it hung; WebDriver does not know the next one.
            Ok(Err(error)) if is_session_gone(error.as_ref()) => {
                return Err(format!("waited in vain: {what} ({DEAD_WINDOW})").into());
            }
            Ok(Err(error)) => trouble = format!(" ({error})"),
            Err(_) => trouble = format!(" ({DEAD_WINDOW})"),
        }
        if Instant::now() > deadline {
            return Err(format!("waited in vain: {what}{trouble}").into());
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// What a page's answer failed with; [`DEAD_WINDOW`] where its process is gone.
pub(crate) fn failure(error: fantoccini::error::CmdError) -> Error {
    if is_session_gone(&error) {
        DEAD_WINDOW.into()
    } else {
        error.into()
    }
}

fn is_session_gone(error: &(dyn std::error::Error + 'static)) -> bool {
    use fantoccini::error::{CmdError, ErrorStatus};
    match error.downcast_ref() {
        Some(CmdError::Standard(error)) => error.error == ErrorStatus::InvalidSessionId,
        Some(_) => false,
        None => error.to_string() == DEAD_WINDOW,
    }
}

/// Puts the members of one JSON object into another.
fn put(object: &mut serde_json::Value, changes: &serde_json::Value) {
    if let (Some(object), Some(changes)) = (object.as_object_mut(), changes.as_object()) {
        object.extend(changes.clone());
    }
}
