//! The system's keyring (Secret Service, Keychain, Credential Manager), asked on a thread of its own: its calls block,
//! and some wait for a person to type a password.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use keyring::{Entry, Error};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

/// What entries are filed under.
const SERVICE: &str = "app.ringdown.desktop";
/// How long the keyring may take for everything asked of it at one time.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why the keyring does not hold or give the secret. Each ends in what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// This system has none.
    #[error("no keyring is running here. Start it.")]
    None,
    /// It has not answered in time.
    #[error("the keyring does not answer. Unlock it if it asks for a password.")]
    Silent,
    /// It is locked, or refuses.
    #[error("the keyring is locked. Unlock it.")]
    Locked,
    /// It gave back something else than it was given.
    #[error("the keyring does not keep what it is given. Repair it.")]
    Forgetful,
    /// Anything else.
    #[error("the keyring reports a fault. Repair it.")]
    Fault,
}

type Seed = Zeroizing<[u8; 32]>;

/// Stores the secret, and reads it back to be sure.
pub(super) async fn keep(entry: &str, seed: &Seed) -> Result<(), KeyringError> {
    let (entry, seed) = (entry.to_owned(), seed.clone());
    asked(move || {
        // Text, since KDE's wallet keeps nothing else.
        let text = Zeroizing::new(STANDARD_NO_PAD.encode(seed.as_slice()));
        open(&entry)?.set_password(&text).map_err(name)?;
        match read(&entry)? {
            Some(kept) if kept == seed => Ok(()),
            _ => Err(KeyringError::Forgetful),
        }
    })
    .await
}

/// The secret; None where there is no such entry or it holds something else.
pub(super) async fn fetch(entry: &str) -> Result<Option<Seed>, KeyringError> {
    let entry = entry.to_owned();
    asked(move || read(&entry)).await
}

fn read(entry: &str) -> Result<Option<Seed>, KeyringError> {
    let text = match open(entry)?.get_password() {
        Ok(text) => Zeroizing::new(text),
        Err(Error::NoEntry) => return Ok(None),
        Err(error) => return Err(name(error)),
    };
    let mut seed = Zeroizing::new([0; 32]);
    let decoded = STANDARD_NO_PAD.decode_slice(text.as_bytes(), seed.as_mut_slice());
    Ok(matches!(decoded, Ok(32)).then_some(seed))
}

fn open(entry: &str) -> Result<Entry, KeyringError> {
    Entry::new(SERVICE, entry).map_err(name)
}

fn name(error: Error) -> KeyringError {
    match error {
        Error::NoDefaultStore => KeyringError::None,
        Error::NoStorageAccess(_) => KeyringError::Locked,
        _ => KeyringError::Fault,
    }
}

async fn asked<T: Send + 'static>(
    question: impl FnOnce() -> Result<T, KeyringError> + Send + 'static,
) -> Result<T, KeyringError> {
    let (answer, answered) = oneshot::channel();
    // A thread that never comes back ends with the process; one of the runtime's would keep it from ending.
    let asking = std::thread::Builder::new().name("keyring".into());
    asking
        .spawn(move || drop(answer.send(question())))
        .map_err(|_| KeyringError::Fault)?;
    match tokio::time::timeout(PATIENCE, answered).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Err(KeyringError::Fault),
        Err(_) => Err(KeyringError::Silent),
    }
}
