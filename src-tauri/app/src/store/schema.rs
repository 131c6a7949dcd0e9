//! What the tables look like, from one version to the next.

use std::sync::LazyLock;

use rusqlite_migration::{M, Migrations};

/// Append only: a migration that was released never changes.
pub(super) static MIGRATIONS: LazyLock<Migrations<'static>> = LazyLock::new(|| {
    Migrations::new(vec![
        M::up(
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
        ),
        // Who was added before there were requests has not been asked.
        M::up(
            "ALTER TABLE contact ADD COLUMN standing TEXT NOT NULL DEFAULT 'requested';
         ALTER TABLE contact ADD COLUMN verified INTEGER NOT NULL DEFAULT 0;
         ALTER TABLE contact ADD COLUMN blocked  INTEGER NOT NULL DEFAULT 0;
         ALTER TABLE contact ADD COLUMN early    INTEGER NOT NULL DEFAULT 0;
         ALTER TABLE contact ADD COLUMN token    TEXT;
         CREATE TABLE invite (
             id     TEXT PRIMARY KEY NOT NULL,
             invite TEXT NOT NULL
         ) STRICT, WITHOUT ROWID;
         CREATE TABLE seen (
             ephemeral BLOB PRIMARY KEY NOT NULL,
             until_ms  INTEGER NOT NULL
         ) STRICT, WITHOUT ROWID;",
        ),
        // The id is never given twice: the window may still show a call that was deleted. `call` is the caller's choice.
        M::up(
            "ALTER TABLE contact ADD COLUMN favorite INTEGER NOT NULL DEFAULT 0;
         ALTER TABLE contact ADD COLUMN note     TEXT    NOT NULL DEFAULT '';
         ALTER TABLE contact ADD COLUMN presence INTEGER NOT NULL DEFAULT 0;
         CREATE TABLE history (
             id           INTEGER PRIMARY KEY AUTOINCREMENT,
             call         TEXT    NOT NULL,
             contact      TEXT    NOT NULL,
             name         TEXT    NOT NULL,
             direction    TEXT    NOT NULL,
             video        INTEGER NOT NULL,
             started_ms   INTEGER NOT NULL,
             duration_ms  INTEGER,
             reason       TEXT    NOT NULL,
             path         TEXT,
             offline_note INTEGER NOT NULL,
             unseen       INTEGER NOT NULL
         ) STRICT;
         CREATE INDEX history_by_time    ON history (started_ms);
         CREATE INDEX history_by_contact ON history (contact, started_ms);",
        ),
        // What only an invite says of where somebody is, beside what they said.
        M::up("ALTER TABLE contact ADD COLUMN invited TEXT NOT NULL DEFAULT '[]';"),
        // Missed calls that are one entry; `unseen` says how many of them.
        M::up("ALTER TABLE history ADD COLUMN times INTEGER NOT NULL DEFAULT 1;"),
    ])
});
