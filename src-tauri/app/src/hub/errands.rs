//! What is to be done at a time of day: quiet ends, what is too old is forgotten.

use std::time::{Duration, Instant};

use super::Hub;
use crate::clock::now_ms;
use crate::ipc::{Quiet, UiError};

/// The longest sleep before the time of day is looked at again: a machine that was suspended does not count its sleep.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

impl Hub {
    /// Has calls ring or not.
    ///
    /// # Errors
    /// When nothing could be written.
    pub fn set_quiet(&mut self, quiet: Quiet) -> Result<(), UiError> {
        self.store.set_setting("quiet", &quiet)?;
        self.quiet = quiet;
        self.run_errands();
        self.show();
        Ok(())
    }

    /// Whether the call that rings is not to be heard, nor to come before other windows.
    pub(super) fn is_silent(&self) -> bool {
        let call = self
            .profile
            .as_ref()
            .and_then(|profile| profile.calls.snapshot(Instant::now()));
        let favorite = call
            .and_then(|call| self.contacts.get(call.contact))
            .is_some_and(|contact| contact.favorite);
        self.quiet.is_on(now_ms()) && !(favorite && self.settings.favorites_break_quiet)
    }

    /// When [`Hub::run_errands`] is due.
    pub(super) fn next_errand(&self) -> Option<Instant> {
        let at = |ms: u64| {
            let wait = Duration::from_millis(ms.saturating_sub(now_ms()));
            Instant::now() + wait.min(LOOK_AGAIN)
        };
        let quiet = match self.quiet {
            Quiet::Until { until_ms } => Some(at(until_ms)),
            Quiet::Off | Quiet::On => None,
        };
        [quiet, self.history.prune_due].into_iter().flatten().min()
    }

    pub(super) fn run_errands(&mut self) {
        let now = now_ms();
        if matches!(self.quiet, Quiet::Until { .. }) && !self.quiet.is_on(now) {
            self.quiet = Quiet::Off;
            if let Err(error) = self.store.set_setting("quiet", &self.quiet) {
                // It is over all the same: its time is in what is kept.
                tracing::warn!("the end of quiet was not kept: {}", error.code());
            }
            self.show();
        }
        if self
            .history
            .prune_due
            .is_some_and(|due| due <= Instant::now())
        {
            if let Err(error) = self.read_history() {
                tracing::warn!("old calls were not forgotten: {}", error.code());
            }
            self.show();
        }
    }
}
