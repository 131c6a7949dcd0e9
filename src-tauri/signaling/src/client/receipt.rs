//! What becomes of a payload that was received: the app decides, after it has looked.

use std::fmt;

use tokio::sync::mpsc;

/// What the app decided: the `deliver`'s id, and whether it takes it.
pub(super) type Verdict = (u32, bool);

/// The answer that a received payload is waiting for. Dropping it is refusing.
///
/// Accept what comes from people who may know that we are here. For everybody else refuse: then they hear `offline` exactly
/// as if nobody were registered at our key. After [`OFFLINE_AFTER`](crate::limits::OFFLINE_AFTER) the server takes it for
/// refused whatever is said.
#[must_use = "dropping it refuses the payload"]
pub struct Receipt {
    id: u32,
    verdicts: Option<mpsc::UnboundedSender<Verdict>>,
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt").finish_non_exhaustive()
    }
}

impl Receipt {
    pub(super) const fn new(id: u32, verdicts: mpsc::UnboundedSender<Verdict>) -> Self {
        Self {
            id,
            verdicts: Some(verdicts),
        }
    }

    /// A receipt that nobody waits for, to make an [`Event`](super::Event) by hand in a test.
    pub const fn detached() -> Self {
        Self {
            id: 0,
            verdicts: None,
        }
    }

    /// The sender hears `delivered`, at once.
    pub fn accept(mut self) {
        self.decide(true);
    }

    /// The sender hears what they would hear if we were not there.
    pub fn refuse(mut self) {
        self.decide(false);
    }

    fn decide(&mut self, accepted: bool) {
        if let Some(verdicts) = self.verdicts.take() {
            // When the connection it came by has ended, nobody wants to know any more.
            let _ = verdicts.send((self.id, accepted));
        }
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        self.decide(false);
    }
}
