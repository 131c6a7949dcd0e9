//! Names that browsers put in place of their addresses: `….local`, found by asking the network
//! ([RFC 6762](https://www.rfc-editor.org/rfc/rfc6762)).

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use mdns_sd::{HostnameResolutionEvent, ServiceDaemon};
use tokio::sync::Semaphore;

/// How long a name is asked for.
const PATIENCE: Duration = Duration::from_secs(5);
/// Names asked for at once: the other side chooses them.
const AT_ONCE: usize = 8;
/// Longest name, in bytes.
const MAX_NAME: usize = 80;

/// Resolves `.local` names; asks nobody before the first one. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Resolver {
    inner: Arc<Inner>,
}

struct Inner {
    enabled: bool,
    daemon: OnceLock<Option<ServiceDaemon>>,
    permits: Semaphore,
}

impl Resolver {
    /// A disabled one finds nothing.
    pub fn new(enabled: bool) -> Self {
        Self {
            inner: Arc::new(Inner {
                enabled,
                daemon: OnceLock::new(),
                permits: Semaphore::new(AT_ONCE),
            }),
        }
    }

    /// The address of a name; `None` when nobody answers, or to what is no such name.
    pub async fn resolve(&self, name: String) -> Option<IpAddr> {
        if !self.inner.enabled || !is_name(&name) {
            return None;
        }
        let _permit = self.inner.permits.acquire().await.ok()?;
        let inner = Arc::clone(&self.inner);
        tokio::task::spawn_blocking(move || inner.ask(&name))
            .await
            .ok()?
    }
}

impl Inner {
    fn ask(&self, name: &str) -> Option<IpAddr> {
        let daemon = self
            .daemon
            .get_or_init(|| ServiceDaemon::new().ok())
            .as_ref()?;
        let name = format!("{name}.");
        let patience = u64::try_from(PATIENCE.as_millis()).ok();
        let answers = daemon.resolve_hostname(&name, patience).ok()?;
        let mut found = None;
        while let (None, Ok(event)) = (found, answers.recv_timeout(PATIENCE)) {
            match event {
                HostnameResolutionEvent::AddressesFound(_, addresses) => {
                    let mut addresses: Vec<IpAddr> = addresses
                        .iter()
                        .map(mdns_sd::ScopedIp::to_ip_addr)
                        .collect();
                    addresses.sort_unstable();
                    found = addresses.first().copied();
                }
                HostnameResolutionEvent::SearchTimeout(_)
                | HostnameResolutionEvent::SearchStopped(_) => break,
                _ => {}
            }
        }
        // nothing to be done about a daemon that is busy or gone
        let _ = daemon.stop_resolve_hostname(&name);
        found
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(Some(daemon)) = self.daemon.get() {
            let _ = daemon.shutdown();
        }
    }
}

/// One label before `.local`, of letters, digits and hyphens, as browsers make them.
fn is_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let label = lower.strip_suffix(".local");
    name.len() <= MAX_NAME
        && label.is_some_and(|label| {
            !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_as_browsers_make_them_are_asked_for() {
        assert!(is_name("2c4a06a2-5fd2-4f0c-9f59-2b7f7e0c1d2e.local"));
        for name in [
            "",
            ".local",
            "a.b.local",
            "example.org",
            "a b.local",
            &format!("{}.local", "a".repeat(80)),
        ] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[tokio::test]
    async fn a_disabled_resolver_finds_nothing() {
        assert_eq!(
            Resolver::new(false)
                .resolve("anybody.local".to_owned())
                .await,
            None
        );
    }
}
