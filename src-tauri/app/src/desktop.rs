//! What Ringdown does on the desktop besides its window: it notifies, and it waits in the tray.
//!
//! Nothing here decides anything. The hub says what is so (somebody calls, a call was missed, it is over), and what
//! the person chooses comes back to it as an event.

pub mod notify;
#[cfg(all(test, target_os = "linux"))]
mod stage;
pub mod tray;
pub mod words;
