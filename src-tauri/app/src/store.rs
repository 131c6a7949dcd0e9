//! Contacts, invites, settings and the history in SQLite (WAL). Every change is on disk before it is shown.

mod error;
pub mod files;
mod history;
mod schema;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

use ringdown_core::contacts::{Contact, Standing};
use ringdown_core::envelope::Seen;
use ringdown_core::ice::IcePolicy;
use ringdown_core::identity::PublicKey;
use ringdown_core::invite::Reach;
use ringdown_core::invite::issued::{Issued, IssuedBook};
use ringdown_core::name::DisplayName;
use ringdown_core::requests::Incoming;
use rusqlite::{Connection, OptionalExtension, params};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use self::error::StoreError;
use self::error::explain;
pub use self::history::PastCall;
use self::schema::MIGRATIONS;
use crate::durable;
use crate::ipc::Settings;

/// The database, in the data directory.
const FILE: &str = "ringdown.db";
/// How long a write waits for another process that holds the database.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// All that a person keeps here beside the identity: what is backed up.
#[derive(Debug, Serialize, Deserialize)]
pub struct Book {
    /// What friends see.
    pub name: DisplayName,
    /// Everyone.
    pub contacts: Vec<Contact>,
    /// What was given away.
    #[serde(default)]
    pub invites: Vec<Issued>,
    /// Who asked, and who was turned away.
    #[serde(default)]
    pub requests: Incoming,
    /// What was set.
    #[serde(default)]
    pub settings: Settings,
}

/// Whose a database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Owner {
    /// Their key; none where nobody has been here, or only a Ringdown that did not write it down.
    pub key: Option<PublicKey>,
    /// Somebody gave a name, or has contacts or invites.
    pub in_use: bool,
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
        let path = dir.join(FILE);
        let connection = open(&path).map_err(|error| explain(&path, error))?;
        Ok(Self { connection, path })
    }

    /// Whose this is.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn owner(&self) -> Result<Owner, StoreError> {
        let used = self.connection.query_row(
            "SELECT EXISTS (SELECT 1 FROM contact) OR EXISTS (SELECT 1 FROM invite)
                 OR EXISTS (SELECT 1 FROM setting WHERE name = 'name')",
            [],
            |row| row.get(0),
        );
        Ok(Owner {
            key: self.setting("identity")?,
            in_use: used.map_err(|error| self.explain(error))?,
        })
    }

    /// Notes whose this is.
    ///
    /// # Errors
    /// When nothing could be written.
    pub fn set_owner(&self, key: PublicKey) -> Result<(), StoreError> {
        self.set_setting("identity", &key)
    }

    /// Notes what friends see, and whose this is.
    ///
    /// # Errors
    /// When nothing could be written.
    pub fn set_profile(&mut self, key: PublicKey, name: &DisplayName) -> Result<(), StoreError> {
        self.write(|transaction| {
            set_setting(transaction, "identity", &key)?;
            set_setting(transaction, "name", name)
        })
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
            "SELECT key, name, own_name, reach, ice_policy, standing, verified, blocked, early, token,
                 favorite, note, presence, invited
             FROM contact ORDER BY name",
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
                standing: text(row, 5)?,
                verified: row.get(6)?,
                blocked: row.get(7)?,
                early: row.get(8)?,
                token: row
                    .get::<_, Option<String>>(9)?
                    .map(|_| text(row, 9))
                    .transpose()?,
                favorite: row.get(10)?,
                note: row.get(11)?,
                shows_presence: row.get(12)?,
                invited: json(row, 13)?,
            })
        })?;
        rows.collect()
    }

    /// Adds the contact or replaces the one with the same key.
    ///
    /// # Errors
    /// When nothing could be written.
    pub fn put_contact(&self, contact: &Contact) -> Result<(), StoreError> {
        put_contact(&self.connection, contact).map_err(|error| self.explain(error))
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
        set_setting(&self.connection, name, value).map_err(|error| self.explain(error))
    }

    /// Every invite that was made here.
    ///
    /// # Errors
    /// When the database can't be read, or holds what no Ringdown wrote.
    pub fn invites(&self) -> Result<Vec<Issued>, StoreError> {
        let read = || {
            let mut statement = self
                .connection
                .prepare_cached("SELECT invite FROM invite")?;
            let rows = statement.query_map([], |row| json(row, 0))?;
            rows.collect::<rusqlite::Result<_>>()
        };
        read().map_err(|error| self.explain(error))
    }

    /// Makes the kept invites those of `book`; what did not change is not written.
    ///
    /// # Errors
    /// When nothing could be written.
    pub fn keep_invites(&mut self, book: &IssuedBook) -> Result<(), StoreError> {
        let before = self.invites()?;
        self.write(|transaction| {
            for gone in before
                .iter()
                .filter(|old| !book.iter().any(|invite| invite.id == old.id))
            {
                let id = gone.id.to_string();
                transaction.execute("DELETE FROM invite WHERE id = ?1", [id])?;
            }
            for invite in book.iter().filter(|invite| !before.contains(invite)) {
                put_invite(transaction, invite)?;
            }
            Ok(())
        })
    }

    /// First messages that were opened and would open again.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn seen(&self, now_ms: u64) -> Result<Vec<Seen>, StoreError> {
        let read = || {
            let now = i64::try_from(now_ms).unwrap_or(i64::MAX);
            self.connection
                .execute("DELETE FROM seen WHERE until_ms <= ?1", [now])?;
            let mut statement = self
                .connection
                .prepare_cached("SELECT ephemeral, until_ms FROM seen")?;
            let rows = statement.query_map([], |row| {
                Ok(Seen {
                    ephemeral: row.get(0)?,
                    until_ms: row.get::<_, i64>(1)?.unsigned_abs(),
                })
            })?;
            rows.collect::<rusqlite::Result<_>>()
        };
        read().map_err(|error| self.explain(error))
    }

    /// Remembers first messages that were opened, so that a restart does not open them again.
    ///
    /// # Errors
    /// When nothing could be written.
    pub fn keep_seen(&mut self, seen: &[Seen]) -> Result<(), StoreError> {
        if seen.is_empty() {
            return Ok(());
        }
        self.write(|transaction| {
            for seen in seen {
                transaction.execute(
                    "INSERT OR REPLACE INTO seen (ephemeral, until_ms) VALUES (?1, ?2)",
                    params![
                        seen.ephemeral,
                        i64::try_from(seen.until_ms).unwrap_or(i64::MAX)
                    ],
                )?;
            }
            Ok(())
        })
    }

    /// Everything at once, in the place of what was there: all of it or nothing. With it changes whose this is.
    ///
    /// # Errors
    /// When nothing could be written.
    pub fn replace(&mut self, key: PublicKey, book: &Book) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.execute_batch(
                "DELETE FROM contact; DELETE FROM invite; DELETE FROM history; DELETE FROM setting WHERE name <> 'port';",
            )?;
            for contact in &book.contacts {
                put_contact(transaction, contact)?;
            }
            for invite in &book.invites {
                put_invite(transaction, invite)?;
            }
            set_setting(transaction, "identity", &key)?;
            set_setting(transaction, "name", &book.name)?;
            set_setting(transaction, "settings", &book.settings)?;
            set_setting(transaction, "requests", &book.requests)
        })
    }

    /// A copy of the database as it is, in `dir`.
    ///
    /// # Errors
    /// When it could not be written, or there is one.
    pub fn copy_to(&self, dir: &Path) -> Result<(), StoreError> {
        let copy = dir.join(FILE);
        // SQLite writes into an empty file, whose mode it leaves alone.
        let file = durable::create(&copy).map_err(|error| files::unusable(&copy, &error))?;
        self.connection
            .execute("VACUUM INTO ?1", [copy.to_string_lossy()])
            .map_err(|error| self.explain(error))?;
        file.sync_all()
            .and_then(|()| durable::sync_dir(dir))
            .map_err(|error| files::unusable(&copy, &error))
    }

    fn write(
        &mut self,
        change: impl FnOnce(&rusqlite::Transaction<'_>) -> rusqlite::Result<()>,
    ) -> Result<(), StoreError> {
        let written = self.connection.transaction().and_then(|transaction| {
            change(&transaction)?;
            transaction.commit()
        });
        written.map_err(|error| self.explain(error))
    }

    fn explain(&self, error: rusqlite::Error) -> StoreError {
        explain(&self.path, rusqlite_migration::Error::from(error))
    }
}

fn open(path: &Path) -> Result<Connection, rusqlite_migration::Error> {
    // SQLite would make it by the umask, and gives the files beside it the same mode. What is wrong it says itself.
    // (An existing one is not touched.)
    drop(durable::create(path));
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    MIGRATIONS.to_latest(&mut connection)?;
    // Says at once, not at the first contact, that nothing can be written.
    connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK;")?;
    Ok(connection)
}

fn put_contact(connection: &Connection, contact: &Contact) -> rusqlite::Result<()> {
    let policy = contact.ice_policy.as_ref().map(to_json::<IcePolicy>);
    let standing = match contact.standing {
        Standing::Requested => "requested",
        Standing::Mutual => "mutual",
    };
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO contact
                 (key, name, own_name, reach, ice_policy, standing, verified, blocked, early, token,
                  favorite, note, presence, invited)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        )?
        .execute(params![
            contact.key.to_string(),
            contact.name.to_string(),
            contact.own_name.to_string(),
            to_json::<Vec<Reach>>(&contact.reach),
            policy,
            standing,
            contact.verified,
            contact.blocked,
            contact.early,
            contact.token.map(|token| token.to_string()),
            contact.favorite,
            contact.note,
            contact.shows_presence,
            to_json::<Vec<Reach>>(&contact.invited),
        ])
        .map(drop)
}

fn put_invite(connection: &Connection, invite: &Issued) -> rusqlite::Result<()> {
    connection
        .execute(
            "INSERT OR REPLACE INTO invite (id, invite) VALUES (?1, ?2)",
            params![invite.id.to_string(), to_json(invite)],
        )
        .map(drop)
}

fn set_setting<T: Serialize>(
    connection: &Connection,
    name: &str,
    value: &T,
) -> rusqlite::Result<()> {
    connection
        .execute(
            "INSERT INTO setting (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2",
            params![name, to_json(value)],
        )
        .map(drop)
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
