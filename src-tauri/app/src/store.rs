//! Contacts and settings in SQLite (WAL). Every change is on disk before it is shown.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use ringdown_core::contacts::Contact;
use ringdown_core::ice::IcePolicy;
use ringdown_core::identity::PublicKey;
use ringdown_core::invite::Reach;
use rusqlite::{Connection, ErrorCode, OptionalExtension, params};
use rusqlite_migration::{M, MigrationDefinitionError, Migrations};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How long a write waits for another process that holds the database.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// Append only: a migration that was released never changes.
static MIGRATIONS: LazyLock<Migrations<'static>> = LazyLock::new(|| {
    Migrations::new(vec![M::up(
        "CREATE TABLE contact (
             key        TEXT PRIMARY KEY NOT NULL,
             name       TEXT NOT NULL,
             own_name   TEXT NOT NULL,
             reach      TEXT NOT NULL,
             ice_policy TEXT
         ) STRICT, WITHOUT ROWID;
         CREATE TABLE setting (
             name  TEXT PRIMARY KEY NOT NULL,
             value TEXT NOT NULL
         ) STRICT, WITHOUT ROWID;",
    )])
});

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
            Self::Other { .. } => "storage",
        }
    }
}

/// The open database.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
}

impl Store {
    /// Opens, and where needed makes or migrates, `ringdown.db` in `dir`.
    ///
    /// # Errors
    /// [`StoreError`]; the file is left as it was.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join("ringdown.db");
        let connection = open(&path).map_err(|error| explain(&path, error))?;
        Ok(Self { connection, path })
    }

    /// Everyone, by name.
    ///
    /// # Errors
    /// When the database can't be read, or holds what no Ringdown wrote.
    pub fn contacts(&self) -> Result<Vec<Contact>, StoreError> {
        self.read_contacts().map_err(|error| self.explain(error))
    }

    fn read_contacts(&self) -> rusqlite::Result<Vec<Contact>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT key, name, own_name, reach, ice_policy FROM contact ORDER BY name",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(Contact {
                key: text(row, 0)?,
                name: text(row, 1)?,
                own_name: text(row, 2)?,
                reach: json(row, 3)?,
                ice_policy: row
                    .get::<_, Option<String>>(4)?
                    .map(|_| json(row, 4))
                    .transpose()?,
            })
        })?;
        rows.collect()
    }

    /// Adds the contact or replaces the one with the same key.
    ///
    /// # Errors
    /// When nothing could be written.
    pub fn put_contact(&self, contact: &Contact) -> Result<(), StoreError> {
        let reach = to_json::<Vec<Reach>>(&contact.reach);
        let policy = contact.ice_policy.as_ref().map(to_json::<IcePolicy>);
        self.connection
            .prepare_cached(
                "INSERT INTO contact (key, name, own_name, reach, ice_policy) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (key) DO UPDATE SET
                     name = ?2, own_name = ?3, reach = ?4, ice_policy = ?5",
            )
            .and_then(|mut statement| {
                statement.execute(params![
                    contact.key.to_string(),
                    contact.name.to_string(),
                    contact.own_name.to_string(),
                    reach,
                    policy
                ])
            })
            .map(|_| ())
            .map_err(|error| self.explain(error))
    }

    /// Forgets a contact.
    ///
    /// # Errors
    /// When nothing could be written.
    pub fn remove_contact(&self, key: PublicKey) -> Result<(), StoreError> {
        self.connection
            .execute("DELETE FROM contact WHERE key = ?1", [key.to_string()])
            .map(|_| ())
            .map_err(|error| self.explain(error))
    }

    /// The setting of this name; None where it was never set or is of another shape (then its default holds).
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn setting<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, StoreError> {
        let value: Option<String> = self
            .connection
            .query_row("SELECT value FROM setting WHERE name = ?1", [name], |row| {
                row.get(0)
            })
            .optional()
            .map_err(|error| self.explain(error))?;
        Ok(value.and_then(|value| serde_json::from_str(&value).ok()))
    }

    /// Keeps a setting.
    ///
    /// # Errors
    /// When nothing could be written.
    pub fn set_setting<T: Serialize>(&self, name: &str, value: &T) -> Result<(), StoreError> {
        self.connection
            .execute(
                "INSERT INTO setting (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2",
                params![name, to_json(value)],
            )
            .map(|_| ())
            .map_err(|error| self.explain(error))
    }

    fn explain(&self, error: rusqlite::Error) -> StoreError {
        explain(&self.path, rusqlite_migration::Error::from(error))
    }
}

fn open(path: &Path) -> Result<Connection, rusqlite_migration::Error> {
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    MIGRATIONS.to_latest(&mut connection)?;
    // Says at once, not at the first contact, that nothing can be written.
    connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK;")?;
    Ok(connection)
}

fn explain(path: &Path, error: rusqlite_migration::Error) -> StoreError {
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

fn to_json<T: Serialize + ?Sized>(value: &T) -> String {
    // Our own plain types always serialise; `null` reads back as "never set".
    serde_json::to_string(value).unwrap_or_else(|_| "null".into())
}

fn json<T: DeserializeOwned>(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<T> {
    let value: String = row.get(column)?;
    serde_json::from_str(&value).map_err(|error| unreadable(column, error))
}

/// Text that serialises as a JSON string (keys, names).
fn text<T: DeserializeOwned>(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<T> {
    let value: String = row.get(column)?;
    serde_json::from_value(value.into()).map_err(|error| unreadable(column, error))
}

fn unreadable(column: usize, error: serde_json::Error) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
}

#[cfg(test)]
mod tests;
