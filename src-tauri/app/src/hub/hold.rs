//! Two calls: one waits or is on hold while the other is on.

use std::time::Instant;

use ringdown_core::call::{CallSnapshot, Input};

use super::Hub;
use crate::ipc::UiError;

impl Hub {
    /// Puts the call that is on on hold and answers the one that waits.
    ///
    /// # Errors
    /// When nobody waits any more, or the other call is none that could be put on hold.
    pub fn hold_and_accept(&mut self, video: bool) -> Result<(), UiError> {
        self.check_waiting()?;
        if self.connection().is_none() {
            return Err(UiError::new("no_hold", "There is no call to put on hold."));
        }
        self.tell_where_we_are();
        self.feed(Input::HoldAndAccept { video })
    }

    /// Goes on with the call on hold; the one that is on is on hold from now on.
    ///
    /// # Errors
    /// When no call is on hold any more.
    pub fn swap(&mut self) -> Result<(), UiError> {
        self.check_held()?;
        self.feed(Input::Swap)
    }

    /// Ends the call on hold.
    ///
    /// # Errors
    /// When no call is on hold any more.
    pub fn hang_up_held(&mut self) -> Result<(), UiError> {
        self.check_held()?;
        self.feed(Input::HangUpHeld)
    }

    fn check_held(&self) -> Result<(), UiError> {
        match self.shown_held() {
            Some(_) => Ok(()),
            None => Err(UiError::new("nobody_held", "No call is on hold any more.")),
        }
    }

    /// Ends the call that is on and answers the one that waits.
    ///
    /// # Errors
    /// When nobody waits any more.
    pub fn end_and_accept(&mut self, video: bool) -> Result<(), UiError> {
        self.check_waiting()?;
        self.tell_where_we_are();
        self.feed(Input::EndAndAccept { video })
    }

    /// Refuses the call that waits.
    ///
    /// # Errors
    /// When nobody waits any more.
    pub fn decline_waiting(&mut self) -> Result<(), UiError> {
        self.check_waiting()?;
        self.feed(Input::DeclineWaiting)
    }

    fn check_waiting(&self) -> Result<(), UiError> {
        match self.profile()?.calls.waiting() {
            Some(_) => Ok(()),
            None => Err(UiError::new("nobody_waits", "Nobody else calls any more.")),
        }
    }

    /// The call on hold as the window draws it.
    pub(super) fn shown_held(&self) -> Option<CallSnapshot> {
        let profile = self.profile.as_ref()?;
        profile.calls.held(Instant::now())
    }
}
