//! What comes back from the desktop to the hub.

use ringdown_core::identity::PublicKey;
use uuid::Uuid;

/// What the person wants, having chosen it outside the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Answer this call, if it still rings.
    Accept {
        /// Which.
        call: Uuid,
        /// With one's own picture.
        video: bool,
    },
    /// Refuse this call, if it still rings.
    Decline {
        /// Which.
        call: Uuid,
    },
    /// Refuse this call, if it still rings, and call back in ten minutes.
    Later {
        /// Which.
        call: Uuid,
    },
    /// Put the call that is on on hold and answer this one, if it still waits.
    HoldAndAccept {
        /// Which.
        call: Uuid,
        /// With one's own picture.
        video: bool,
    },
    /// End the call that is on and answer this one, if it still waits.
    EndAndAccept {
        /// Which.
        call: Uuid,
        /// With one's own picture.
        video: bool,
    },
    /// Call a contact.
    Call(PublicKey),
    /// Do not disturb until this time (Unix milliseconds), or do so again.
    Quiet(Option<u64>),
    /// Show the window at who asks to become a contact: the one with this key, while they do.
    ShowRequest(Option<PublicKey>),
    /// Show the window.
    Open,
    /// End the app.
    Quit,
}
