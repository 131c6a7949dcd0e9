//! Why contacts and settings can't be had, in sentences.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use rusqlite_migration::MigrationDefinitionError;

/// Why the database can't be used. The sentence says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another program holds it.
    #[error("Your contacts are held by another program ({}). Close it and try again.", .0.display())]
    Locked(PathBuf),
    /// It, or its folder, can't be written.
    #[error("Your contacts in {} can't be written. Allow writing there, or start with another --data-dir.", .0.display())]
    ReadOnly(PathBuf),
    /// The disk is full.
    #[error("The disk is full, so {} was not changed. Make room and try again.", .0.display())]
    Full(PathBuf),
    /// A newer Ringdown made it.
    #[error("Your contacts in {} were written by a newer Ringdown. Install that version again; nothing was changed.", .0.display())]
    Newer(PathBuf),
    /// It is no database, or a damaged one.
    #[error("The file {} is damaged. Put it back from a backup, or move it away to start with no contacts; nothing was changed.", .0.display())]
    Damaged(PathBuf),
    /// Its file can't be copied or moved.
    #[error("Your contacts in {} can't be used: {source}", path.display())]
    File {
        /// The database file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Anything else.
    #[error("Your contacts in {} can't be used: {source}", path.display())]
    Other {
        /// The database file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
}

impl StoreError {
    /// A stable name for the UI.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Locked(_) => "storage_locked",
            Self::ReadOnly(_) => "storage_read_only",
            Self::Full(_) => "storage_full",
            Self::Newer(_) => "storage_newer",
            Self::Damaged(_) => "storage_damaged",
            Self::File { .. } | Self::Other { .. } => "storage",
        }
    }
}

/// What SQLite said, in our words.
pub(super) fn explain(path: &Path, error: rusqlite_migration::Error) -> StoreError {
    use rusqlite_migration::Error;
    let path = path.to_owned();
    let source = match error {
        Error::MigrationDefinition(MigrationDefinitionError::DatabaseTooFarAhead) => {
            return StoreError::Newer(path);
        }
        Error::RusqliteError { err, .. } => err,
        other => rusqlite::Error::ToSqlConversionFailure(Box::new(other)),
    };
    match source.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Locked(path),
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            StoreError::ReadOnly(path)
        }
        Some(ErrorCode::DiskFull) => StoreError::Full(path),
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => StoreError::Damaged(path),
        _ if matches!(source, rusqlite::Error::FromSqlConversionFailure(..)) => {
            StoreError::Damaged(path)
        }
        _ => StoreError::Other { path, source },
    }
}
