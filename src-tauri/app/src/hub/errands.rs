//! What is to be done at a time of day: quiet ends, what is too old is forgotten.

use std::time::{Duration, Instant};

use ringdown_core::identity::PublicKey;
use serde::{Deserialize, Serialize};

use super::{Happened, Hub, News};
use crate::clock::now_ms;
use crate::ipc::{Quiet, UiError, WaitingCall};

/// The longest sleep before the time of day is looked at again: a machine that was suspended does not count its sleep.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// Somebody is to be called back.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reminder {
    contact: PublicKey,
    /// Unix time in milliseconds.
    at_ms: u64,
}

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
        self.quiet.is_on(now_ms())
            && self
                .shown_call()
                .is_none_or(|call| !self.breaks_quiet(call.contact))
    }

    /// Who else calls. While it is quiet they are not there: it rings on in vain.
    pub(super) fn shown_waiting(&self) -> Option<WaitingCall> {
        let waiting = self.profile.as_ref()?.calls.waiting()?;
        let heard = !self.quiet.is_on(now_ms()) || self.breaks_quiet(waiting.contact);
        heard.then(|| WaitingCall {
            id: waiting.call,
            contact: waiting.contact.to_string(),
            name: waiting.name.to_string(),
            video: waiting.video,
        })
    }

    fn breaks_quiet(&self, contact: PublicKey) -> bool {
        let contact = self.contacts.get(contact);
        self.settings.favorites_break_quiet && contact.is_some_and(|contact| contact.favorite)
    }

    /// The person is to be told to call this contact back.
    ///
    /// # Errors
    /// When nothing could be written.
    pub(super) fn remind(&mut self, contact: PublicKey, minutes: u32) -> Result<(), UiError> {
        let mut reminders = self.reminders.clone();
        reminders.retain(|reminder| reminder.contact != contact);
        reminders.push(Reminder {
            contact,
            at_ms: now_ms().saturating_add(u64::from(minutes) * 60_000),
        });
        self.keep_reminders(reminders)
    }

    /// They are called.
    pub(super) fn forget_reminder(&mut self, contact: PublicKey) {
        let mut reminders = self.reminders.clone();
        reminders.retain(|reminder| reminder.contact != contact);
        self.keep_fewer(reminders);
    }

    fn keep_reminders(&mut self, reminders: Vec<Reminder>) -> Result<(), UiError> {
        if reminders != self.reminders {
            self.store.set_setting("reminders", &reminders)?;
            self.reminders = reminders;
        }
        Ok(())
    }

    fn keep_fewer(&mut self, reminders: Vec<Reminder>) {
        if let Err(error) = self.keep_reminders(reminders.clone()) {
            // At worst the person is told once more after a restart.
            tracing::warn!("a reminder was not forgotten: {}", error.code);
            self.reminders = reminders;
        }
    }

    /// Tells the person something, unless they do not want to be disturbed; the window shows it in any case.
    pub(super) fn tell(&mut self, contact: PublicKey, what: Happened) {
        let Some(name) = self.contacts.get(contact).map(|known| known.name.clone()) else {
            return;
        };
        let sentence = match what {
            // The history tells.
            Happened::Missed => None,
            Happened::CallBackDue => Some((
                "call_back",
                format!("It is time to call {name} back, as you said."),
            )),
            Happened::Free => Some(("free", format!("{name} can be called now."))),
        };
        if let Some((code, sentence)) = sentence {
            self.notice(&UiError::new(code, sentence));
        }
        if !self.quiet.is_on(now_ms()) || self.breaks_quiet(contact) {
            self.surface.news(&News {
                contact,
                name,
                what,
            });
        }
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
        let reminder = self.reminders.iter().map(|reminder| at(reminder.at_ms));
        [
            quiet,
            self.history.prune_due,
            reminder.min(),
            self.presence.due(),
        ]
        .into_iter()
        .flatten()
        .min()
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
        if self.presence.due().is_some_and(|due| due <= Instant::now()) {
            self.ask_around();
        }
        let (due, later): (Vec<_>, Vec<_>) = self
            .reminders
            .iter()
            .partition(|reminder| reminder.at_ms <= now);
        if !due.is_empty() {
            self.keep_fewer(later);
            for reminder in due {
                self.tell(reminder.contact, Happened::CallBackDue);
            }
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
