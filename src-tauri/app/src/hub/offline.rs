//! What a data directory knows without a running app.

use ringdown_core::invite::Invite;
use ringdown_core::invite::issued::{InviteKind, IssuedBook};

use super::{StartError, line};
use crate::clock::now_ms;
use crate::ipc::{Settings, UiError};
use crate::keys;
use crate::options::Options;
use crate::store::Store;

/// An invite of this data directory that works, whether or not the app runs.
///
/// # Errors
/// When there is no profile yet, or it can't be read.
pub fn invite_offline(options: &Options) -> Result<String, UiError> {
    let mut store = Store::open(&options.data_dir)?;
    let owner = store.owner()?;
    let key = keys::public_key(&options.data_dir, &owner).map_err(StartError::from)?;
    let (Some(key), Some(name)) = (key, store.setting("name")?) else {
        return Err(UiError::new(
            "no_profile",
            "There is no invite yet. Open Ringdown and tell it your name first.",
        ));
    };
    let now = now_ms();
    let mut book = IssuedBook::from_saved(store.invites()?);
    let issued = match book.current(now) {
        Some(issued) => issued.clone(),
        None => {
            let random = |error| UiError::new("random", error);
            let issued = book.make(InviteKind::OneTime, None, now).map_err(random)?;
            // A running app looks here for an invite that it doesn't know.
            store.keep_invites(&book)?;
            issued
        }
    };
    let settings: Settings = store.setting("settings")?.unwrap_or_default();
    let server = options.server.clone().or_else(|| settings.server_reach());
    Ok(Invite {
        key,
        name,
        reach: line::reach_of(options.bind, store.setting("port")?, server.as_ref()),
        token: Some(issued.token),
        expires: issued.expires(),
    }
    .to_link())
}
