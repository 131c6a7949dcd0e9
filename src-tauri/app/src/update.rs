//! Whether there is a newer version. Nobody is asked unless this build names a channel (`RINGDOWN_UPDATE_URL` and
//! `RINGDOWN_UPDATE_KEY` when it was compiled) and the person wants it.
//!
//! ```text
//! GET URL            {"version": "1.2.3", "page": "https://example.org/ringdown"}
//! GET URL.minisig    its signature by `minisign`, checked before anything in it is read
//! ```
//!
//! Installing is left to the person and to whatever installed this version: the page is opened in their browser.

use std::time::Duration;

use minisign_verify::{PublicKey, Signature};
use ringdown_signaling::Dialer;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use url::{Host, Url};

use crate::about;
use crate::hub::HubHandle;
use crate::ipc::UiError;

/// The longest manifest, and the longest signature, in bytes.
const MAX_FILE: usize = 16 * 1024;
/// How often it is looked whether a day has passed: a machine that was suspended does not count its sleep.
const LOOK_AGAIN: Duration = Duration::from_secs(15 * 60);

/// Where new versions are announced, and who signs that.
#[derive(Debug, Clone)]
pub struct Channel {
    manifest: Url,
    key: PublicKey,
}

/// A version that can be had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NewVersion {
    /// Like "1.2.3".
    pub version: String,
    /// Where to get it: an https URL.
    pub page: String,
}

impl Channel {
    /// The one this build was given.
    #[must_use]
    pub fn built_in() -> Option<Self> {
        let url = option_env!("RINGDOWN_UPDATE_URL")?;
        let channel = Self::parse(url, option_env!("RINGDOWN_UPDATE_KEY")?);
        if channel.is_none() {
            tracing::error!("this build's channel of updates is not valid");
        }
        channel
    }

    /// A channel at an https URL (on this machine also http), signed by this minisign key.
    #[must_use]
    pub fn parse(url: &str, key: &str) -> Option<Self> {
        let manifest = Url::parse(url).ok()?;
        let here = match manifest.host()? {
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
            Host::Domain(_) => false,
        };
        let fits = manifest.scheme() == "https" || (here && manifest.scheme() == "http");
        let key = PublicKey::from_base64(key.trim()).ok()?;
        fits.then_some(Self { manifest, key })
    }

    /// The version that is announced, where it is newer than this one.
    ///
    /// # Errors
    /// When it can't be reached, is not signed by the key, or can't be read.
    pub async fn look(&self) -> Result<Option<NewVersion>, UiError> {
        let dialer = Dialer::new();
        let unreachable = |reason| {
            tracing::info!("no news of versions: {reason}");
            UiError::new(
                "update_unreachable",
                "The server with new versions can't be reached. Check the connection to the internet and try again later.",
            )
        };
        let mut signature = self.manifest.clone();
        signature.set_path(&format!("{}.minisig", self.manifest.path()));
        let manifest = dialer.fetch(&self.manifest, MAX_FILE).await;
        let manifest = manifest.map_err(unreachable)?;
        let signature = dialer.fetch(&signature, MAX_FILE).await;
        let signature = signature.map_err(unreachable)?;
        self.check(&manifest, &signature)?;
        let announced: NewVersion = serde_json::from_slice(&manifest).map_err(|_| unreadable())?;
        let page = Url::parse(&announced.page).map_err(|_| unreadable())?;
        if page.scheme() != "https" {
            return Err(unreadable());
        }
        numbers(&announced.version).ok_or_else(unreadable)?;
        Ok(Some(announced).filter(NewVersion::is_newer))
    }

    fn check(&self, manifest: &[u8], signature: &[u8]) -> Result<(), UiError> {
        let signed = std::str::from_utf8(signature)
            .ok()
            .and_then(|text| Signature::decode(text).ok())
            .is_some_and(|signature| self.key.verify(manifest, &signature, false).is_ok());
        signed.then_some(()).ok_or_else(|| {
            UiError::new(
                "update_untrusted",
                "The news of a version is not signed by who made this Ringdown, so it was ignored. Tell them if this stays.",
            )
        })
    }
}

fn unreadable() -> UiError {
    UiError::new(
        "update_unreadable",
        "The news of a version can't be read. Tell who made this Ringdown.",
    )
}

impl NewVersion {
    /// Newer than this app.
    #[must_use]
    pub fn is_newer(&self) -> bool {
        numbers(&self.version) > numbers(about::VERSION)
    }
}

/// Of "1.2.3".
fn numbers(version: &str) -> Option<[u32; 3]> {
    let parts: Result<Vec<u32>, _> = version.split('.').map(str::parse).collect();
    parts.ok()?.try_into().ok()
}

/// Looks once a day, as long as the person wants that.
pub async fn watch(hub: HubHandle) {
    while look_when_due(&hub).await.is_ok() {
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// One step of [`watch`].
///
/// # Errors
/// When the hub has closed.
pub(crate) async fn look_when_due(hub: &HubHandle) -> Result<(), UiError> {
    if hub.ask(|hub| hub.daily_look_begins()).await? {
        // Nobody asked for it just now; a button tells why.
        let _ = look(hub).await;
    }
    Ok(())
}

/// Looks now, and has the hub keep what was found.
///
/// # Errors
/// Those of [`Channel::look`], or that this build has no channel.
pub async fn look(hub: &HubHandle) -> Result<Option<NewVersion>, UiError> {
    let channel = hub.ask(|hub| hub.update_channel()).await?;
    let found = channel.look().await?;
    let kept = found.clone();
    hub.ask(move |hub| hub.keep_update(kept)).await?;
    Ok(found)
}

#[cfg(test)]
mod tests;
