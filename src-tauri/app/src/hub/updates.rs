//! What is known of newer versions, and when to look again.

use serde::{Deserialize, Serialize};

use super::Hub;
use crate::clock::now_ms;
use crate::ipc::{UiError, UpdateView};
use crate::update::{Channel, NewVersion};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Kept between starts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Updates {
    /// When it was last looked without being asked, Unix time in milliseconds.
    looked_ms: u64,
    found: Option<NewVersion>,
}

impl Hub {
    /// As drawn; None where this build has no channel.
    pub(super) fn update_view(&self) -> Option<UpdateView> {
        self.options.channel.as_ref().map(|_| UpdateView {
            found: self.updates.found.clone().filter(NewVersion::is_newer),
        })
    }

    /// The channel.
    ///
    /// # Errors
    /// When this build has none.
    pub fn update_channel(&self) -> Result<Channel, UiError> {
        let none = || UiError::new("no_channel", "This Ringdown does not know where to look.");
        self.options.channel.clone().ok_or_else(none)
    }

    /// Whether it is to be looked now, because a day has passed. Then the next one begins.
    ///
    /// # Errors
    /// When that could not be written: rather none than one after the other.
    pub fn daily_look_begins(&mut self) -> Result<bool, UiError> {
        let (now, last) = (now_ms(), self.updates.looked_ms);
        let wanted = self.options.channel.is_some() && self.settings.check_updates;
        // A clock that was put back must not stop it for years.
        let due = now >= last.saturating_add(DAY_MS) || now < last;
        if wanted && due {
            self.updates.looked_ms = now;
            self.store.set_setting("updates", &self.updates)?;
        }
        Ok(wanted && due)
    }

    /// Keeps what was found, and tells of it once.
    ///
    /// # Errors
    /// When it could not be written.
    pub fn keep_update(&mut self, found: Option<NewVersion>) -> Result<(), UiError> {
        if found == self.updates.found {
            return Ok(());
        }
        self.updates.found = found;
        self.store.set_setting("updates", &self.updates)?;
        if let Some(found) = &self.updates.found {
            let version = &found.version;
            let told =
                format!("Ringdown {version} is there. Settings → About says where to get it.");
            self.notice(&UiError::new("update", told));
        }
        self.show();
        Ok(())
    }
}
