//! Everything that makes a person themselves here, in one file that a passphrase opens (age, scrypt recipient).

use std::io::{Read as _, Write as _};

use age::DecryptError;
use age::secrecy::SecretString;
use ringdown_core::identity::Identity;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use zeroize::Zeroizing;

use crate::ipc::UiError;

/// The version of [`Content`] that this Ringdown writes.
const VERSION: u32 = 1;
/// scrypt's N is two to the power of this: a second of work and 256 MiB for each guess.
const WORK: u8 = if cfg!(test) { 10 } else { 18 };
/// The costliest file that is opened: four times as much, for the backups of a later Ringdown.
const MAX_WORK: u8 = 20;
/// The largest file that is read, in bytes: far more than thousands of contacts need.
pub const MAX_SIZE: usize = 16 << 20;
/// Characters of the shortest passphrase.
const MIN_PASSPHRASE: usize = 8;

/// Why nothing was backed up or restored. The sentence says what to do.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Too easy to guess.
    #[error(
        "A passphrase needs {MIN_PASSPHRASE} characters at least. Four random words are a good one."
    )]
    Weak,
    /// The passphrase is not the one of this file.
    #[error(
        "This passphrase does not open the backup. Try again; without it nobody can, and nothing was changed."
    )]
    Passphrase,
    /// No backup, or not a whole one.
    #[error(
        "This is no whole Ringdown backup. Choose the file again, or another copy of it; nothing was changed."
    )]
    Damaged,
    /// Another Ringdown made it.
    #[error(
        "This backup was made by a newer Ringdown. Update yours, then restore it; nothing was changed."
    )]
    Newer,
    /// It was made too costly to open.
    #[error("This backup would take this computer too long to open. Nothing was changed.")]
    TooCostly,
    /// Longer than [`MAX_SIZE`].
    #[error("This file is too large to be a Ringdown backup. Choose another; nothing was changed.")]
    TooLarge,
    /// The system could not do it.
    #[error("The backup could not be made: {0}")]
    Io(#[from] std::io::Error),
}

impl BackupError {
    /// A stable name for the UI.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Weak => "passphrase_weak",
            Self::Passphrase => "passphrase",
            Self::Damaged => "backup_damaged",
            Self::Newer => "backup_newer",
            Self::TooCostly => "backup_too_costly",
            Self::TooLarge => "backup_too_large",
            Self::Io(_) => "backup",
        }
    }
}

impl From<BackupError> for UiError {
    fn from(error: BackupError) -> Self {
        Self::new(error.code(), error)
    }
}

/// An identity and what belongs to it.
#[derive(Debug)]
pub struct Content<T> {
    /// The identity.
    pub identity: Identity,
    /// Name, contacts, invites, settings.
    pub book: T,
}

/// As written. A newer Ringdown that adds members keeps the version; one that changes their meaning raises it.
#[derive(Serialize, Deserialize)]
struct Document<T> {
    ringdown_backup: u32,
    seed: String,
    #[serde(flatten)]
    book: T,
}

/// What every version has.
#[derive(Deserialize)]
struct Version {
    ringdown_backup: u32,
}

/// Encrypts. Takes about a second: not for the hub's own task.
///
/// # Errors
/// [`BackupError::Weak`] or [`BackupError::Io`].
pub fn seal<T: Serialize>(content: &Content<T>, passphrase: &str) -> Result<Vec<u8>, BackupError> {
    if passphrase.chars().count() < MIN_PASSPHRASE {
        return Err(BackupError::Weak);
    }
    let document = Document {
        ringdown_backup: VERSION,
        seed: base64(&content.identity),
        book: &content.book,
    };
    let text = serde_json::to_vec(&document).map_err(std::io::Error::other)?;
    let text = Zeroizing::new(text);
    let mut recipient = age::scrypt::Recipient::new(SecretString::from(passphrase));
    recipient.set_work_factor(WORK);
    let recipients = std::iter::once(&recipient as &dyn age::Recipient);
    let encryptor = age::Encryptor::with_recipients(recipients).map_err(std::io::Error::other)?;
    let mut file = Vec::new();
    let mut writer = encryptor.wrap_output(&mut file)?;
    writer.write_all(&text)?;
    writer.finish()?;
    Ok(file)
}

/// Decrypts. Takes about a second.
///
/// # Errors
/// [`BackupError`]; each says that nothing was changed.
pub fn open<T: DeserializeOwned>(file: &[u8], passphrase: &str) -> Result<Content<T>, BackupError> {
    if file.len() > MAX_SIZE {
        return Err(BackupError::TooLarge);
    }
    let decryptor = age::Decryptor::new_buffered(file).map_err(name)?;
    if !decryptor.is_scrypt() {
        return Err(BackupError::Damaged);
    }
    let mut identity = age::scrypt::Identity::new(SecretString::from(passphrase));
    identity.set_max_work_factor(MAX_WORK);
    let identities = std::iter::once(&identity as &dyn age::Identity);
    let mut text = Zeroizing::new(Vec::new());
    let mut reader = decryptor.decrypt(identities).map_err(name)?;
    // What is cut off at the end is found here.
    reader
        .read_to_end(&mut text)
        .map_err(|_| BackupError::Damaged)?;
    let version: Version = serde_json::from_slice(&text).map_err(|_| BackupError::Damaged)?;
    if version.ringdown_backup > VERSION {
        return Err(BackupError::Newer);
    }
    let document: Document<T> = serde_json::from_slice(&text).map_err(|_| BackupError::Damaged)?;
    let seed = Zeroizing::new(document.seed);
    let identity = from_base64(&seed).ok_or(BackupError::Damaged)?;
    Ok(Content {
        identity,
        book: document.book,
    })
}

fn name(error: DecryptError) -> BackupError {
    match error {
        // A wrong passphrase fails to unwrap the file key; a header changed later fails its MAC.
        DecryptError::KeyDecryptionFailed | DecryptError::NoMatchingKeys => BackupError::Passphrase,
        DecryptError::DecryptionFailed => BackupError::Passphrase,
        DecryptError::ExcessiveWork { .. } => BackupError::TooCostly,
        _ => BackupError::Damaged,
    }
}

fn base64(identity: &Identity) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(identity.seed().as_slice())
}

fn from_base64(text: &str) -> Option<Identity> {
    use base64::Engine as _;
    let mut seed = Zeroizing::new([0; 32]);
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let length = engine.decode_slice(text, seed.as_mut_slice()).ok()?;
    (length == seed.len()).then(|| Identity::from_seed(*seed))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSPHRASE: &str = "correct horse battery";

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Book {
        name: String,
    }

    fn alice() -> Content<Book> {
        Content {
            identity: Identity::from_seed([1; 32]),
            book: Book {
                name: "Alice".into(),
            },
        }
    }

    fn refused(file: &[u8], passphrase: &str) -> &'static str {
        open::<Book>(file, passphrase).unwrap_err().code()
    }

    #[test]
    fn what_alice_backed_up_is_what_she_gets_back() {
        let file = seal(&alice(), PASSPHRASE).unwrap();
        let content: Content<Book> = open(&file, PASSPHRASE).unwrap();
        assert_eq!(content.identity.public(), alice().identity.public());
        assert_eq!(content.book, alice().book);
        let legible = String::from_utf8_lossy(&file);
        assert!(!legible.contains("Alice") && !legible.contains(&base64(&alice().identity)));
    }

    #[test]
    fn a_wrong_passphrase_opens_nothing_and_says_so() {
        let file = seal(&alice(), PASSPHRASE).unwrap();
        assert_eq!(refused(&file, "correct horse batterx"), "passphrase");
        assert_eq!(refused(&file, ""), "passphrase");
    }

    #[test]
    fn an_easy_passphrase_is_refused() {
        assert!(matches!(seal(&alice(), "1234567"), Err(BackupError::Weak)));
    }

    #[test]
    fn a_damaged_file_is_never_taken_for_a_whole_one() {
        let file = seal(&alice(), PASSPHRASE).unwrap();
        for cut in [0, 10, file.len() / 2, file.len() - 1] {
            assert_eq!(refused(&file[..cut], PASSPHRASE), "backup_damaged", "{cut}");
        }
        for at in 0..file.len() {
            let mut changed = file.clone();
            changed[at] ^= 1;
            assert!(open::<Book>(&changed, PASSPHRASE).is_err(), "{at}");
        }
        assert_eq!(refused(b"a shopping list", PASSPHRASE), "backup_damaged");
        let huge = vec![0; MAX_SIZE + 1];
        assert_eq!(refused(&huge, PASSPHRASE), "backup_too_large");
    }

    #[test]
    fn a_backup_of_a_newer_ringdown_is_left_alone() {
        let newer = br#"{"ringdown_backup":2,"soul":"?"}"#;
        let recipient = {
            let mut recipient = age::scrypt::Recipient::new(SecretString::from(PASSPHRASE));
            recipient.set_work_factor(WORK);
            recipient
        };
        let file = age::encrypt(&recipient, newer).unwrap();
        assert_eq!(refused(&file, PASSPHRASE), "backup_newer");
    }

    #[test]
    fn a_file_made_to_keep_this_computer_busy_is_refused_at_once() {
        let file = seal(&alice(), PASSPHRASE).unwrap();
        let header = String::from_utf8_lossy(&file).into_owned();
        let at = header.find(" 10\n").unwrap();
        let mut costly = file;
        costly[at + 1..at + 3].copy_from_slice(b"63");
        assert_eq!(refused(&costly, PASSPHRASE), "backup_too_costly");
    }
}
