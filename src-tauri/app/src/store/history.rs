//! Calls that are over: by person and time.

use std::collections::HashMap;

use ringdown_core::call::{Direction, EndReason};
use ringdown_core::envelope::MAX_NOTE_AGE_MS;
use ringdown_core::identity::PublicKey;
use ringdown_core::name::DisplayName;
use rusqlite::{OptionalExtension, Row, params};
use serde::Serialize;
use uuid::Uuid;

use super::{Store, StoreError, text};
use crate::ipc::{HistoryEntry, HistoryPage, HistoryQuery, PathKind};

/// Most calls in one answer.
const MAX_PAGE: u32 = 500;

/// Missed calls of one person that notes tell of, and that lie no further apart, are one entry until the person has looked. In
/// milliseconds.
const CLOSE_MS: u64 = 10 * 60 * 1000;

/// Entries that notes of one person make within [`NOTES_MS`]: as many as a server keeps for somebody.
const MAX_NOTES: u32 = 16;

/// Twice as long as a note is taken, in milliseconds: a note says itself when the call was, and an entry counts for as long again,
/// however old it claims to be.
const NOTES_MS: u64 = 2 * MAX_NOTE_AGE_MS;

/// Entries that missed calls of one person make within [`MISSED_MS`].
const MAX_MISSED: u32 = 32;

/// A day, in milliseconds.
const MISSED_MS: u64 = 24 * 60 * 60 * 1000;

/// A call to keep.
#[derive(Clone, PartialEq, Eq)]
pub struct PastCall {
    /// The call.
    pub call: Uuid,
    /// With whom.
    pub contact: PublicKey,
    /// What the person called them then.
    pub name: String,
    /// Who called.
    pub direction: Direction,
    /// With picture.
    pub video: bool,
    /// When it began, Unix time in milliseconds.
    pub started_ms: u64,
    /// How long they talked; None: they did not.
    pub duration_ms: Option<u64>,
    /// How it ended.
    pub reason: EndReason,
    /// How it travelled.
    pub path: Option<PathKind>,
    /// A note of the caller tells of it.
    pub offline_note: bool,
    /// It was missed, and the person has not looked.
    pub unseen: bool,
}

impl Store {
    /// Keeps a call.
    ///
    /// # Errors
    /// When nothing could be written.
    pub fn put_call(&self, call: &PastCall) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO history (call, contact, name, direction, video, started_ms, duration_ms, reason, path,
                     offline_note, unseen)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            )
            .and_then(|mut statement| {
                statement.execute(params![
                    call.call.to_string(),
                    call.contact.to_string(),
                    call.name,
                    word(&call.direction),
                    call.video,
                    integer(call.started_ms),
                    call.duration_ms.map(integer),
                    word(&call.reason),
                    call.path.as_ref().map(word),
                    call.offline_note,
                    call.unseen,
                ])
            })
            .map(drop)
            .map_err(|error| self.explain(error))
    }

    /// Keeps a call that was missed, at `now_ms`. One person can't fill the history with them: where they have many already, or one
    /// that a note tells of is close to another, it is counted with that. False where it was.
    ///
    /// # Errors
    /// When nothing could be written.
    pub fn put_missed(&self, call: &PastCall, now_ms: u64) -> Result<bool, StoreError> {
        let with = self.counted_with(call, now_ms);
        let Some(entry) = with.map_err(|error| self.explain(error))? else {
            self.put_call(call)?;
            return Ok(true);
        };
        self.connection
            .prepare_cached(
                "UPDATE history SET call = ?2, video = ?3, started_ms = max(started_ms, ?4), times = times + 1,
                     unseen = unseen + 1 WHERE id = ?1",
            )
            .and_then(|mut statement| {
                statement.execute(params![
                    entry,
                    call.call.to_string(),
                    call.video,
                    integer(call.started_ms),
                ])
            })
            .map_err(|error| self.explain(error))?;
        Ok(false)
    }

    /// The entry that a missed call is counted with, if it does not get one of its own.
    fn counted_with(&self, call: &PastCall, now_ms: u64) -> rusqlite::Result<Option<i64>> {
        let contact = call.contact.to_string();
        if call.offline_note {
            let close = self.connection.query_row(
                "SELECT id FROM history WHERE contact = ?1 AND offline_note AND unseen > 0
                     AND started_ms BETWEEN ?2 AND ?3 ORDER BY started_ms DESC, id DESC LIMIT 1",
                params![
                    contact,
                    integer(call.started_ms.saturating_sub(CLOSE_MS)),
                    integer(call.started_ms.saturating_add(CLOSE_MS)),
                ],
                |row| row.get(0),
            );
            if let Some(close) = close.optional()? {
                return Ok(Some(close));
            }
        }
        let (most, window) = match call.offline_note {
            true => (MAX_NOTES, NOTES_MS),
            false => (MAX_MISSED, MISSED_MS),
        };
        let mut statement = self.connection.prepare_cached(
            "SELECT id FROM history WHERE contact = ?1 AND offline_note = ?2 AND direction = 'incoming'
                 AND duration_ms IS NULL AND started_ms >= ?3 ORDER BY started_ms DESC, id DESC LIMIT ?4",
        )?;
        let since = integer(now_ms.saturating_sub(window));
        let entries = statement
            .query_map(params![contact, call.offline_note, since, most], |row| {
                row.get(0)
            })?;
        let entries: Vec<i64> = entries.collect::<rusqlite::Result<_>>()?;
        let is_full = u32::try_from(entries.len()).is_ok_and(|count| count >= most);
        Ok(entries.first().copied().filter(|_| is_full))
    }

    /// Whether this call of this person is kept already.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn knows_call(&self, contact: PublicKey, call: Uuid) -> Result<bool, StoreError> {
        let found = self.connection.query_row(
            "SELECT 1 FROM history WHERE contact = ?1 AND call = ?2",
            [contact.to_string(), call.to_string()],
            |_| Ok(()),
        );
        let found = found.optional().map_err(|error| self.explain(error))?;
        Ok(found.is_some())
    }

    /// The newest calls that fit, newest first, under the names that people have now.
    ///
    /// # Errors
    /// When the database can't be read, or holds what no Ringdown wrote.
    pub fn history(&self, query: &HistoryQuery) -> Result<HistoryPage, StoreError> {
        let wanted = query.limit.clamp(1, MAX_PAGE);
        let mut entries = self
            .read_history(query, wanted)
            .map_err(|error| self.explain(error))?;
        let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
        let more = entries.len() > wanted;
        entries.truncate(wanted);
        Ok(HistoryPage { entries, more })
    }

    /// One more than asked for, where there is one.
    fn read_history(
        &self,
        query: &HistoryQuery,
        limit: u32,
    ) -> rusqlite::Result<Vec<HistoryEntry>> {
        let search = query.search.trim().to_lowercase();
        // Letters are compared here: SQLite knows the case of ASCII only.
        let mut statement = self.connection.prepare_cached(
            "SELECT history.id, contact.key, coalesce(contact.name, history.name), direction, video, started_ms,
                 duration_ms, reason, path, offline_note, times
             FROM history LEFT JOIN contact ON contact.key = history.contact
             WHERE started_ms < ?1 AND (?2 IS NULL OR history.contact = ?2)
             ORDER BY started_ms DESC, history.id DESC",
        )?;
        let before = query.before.map_or(i64::MAX, integer);
        let rows = statement.query_map(params![before, query.contact], entry)?;
        let fits = |entry: &rusqlite::Result<HistoryEntry>| match entry {
            Ok(entry) => search.is_empty() || entry.name.to_lowercase().contains(&search),
            Err(_) => true,
        };
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        rows.filter(fits).take(limit.saturating_add(1)).collect()
    }

    /// Forgets one call, or all.
    ///
    /// # Errors
    /// When nothing could be written.
    pub fn delete_history(&self, id: Option<&str>) -> Result<(), StoreError> {
        match id {
            Some(id) => self
                .connection
                .execute("DELETE FROM history WHERE id = CAST(?1 AS INTEGER)", [id]),
            None => self.connection.execute("DELETE FROM history", []),
        }
        .map(drop)
        .map_err(|error| self.explain(error))
    }

    /// Forgets the calls that began before, and says how many.
    ///
    /// # Errors
    /// When nothing could be written.
    pub fn prune_history(&self, before_ms: u64) -> Result<usize, StoreError> {
        self.connection
            .execute(
                "DELETE FROM history WHERE started_ms < ?1",
                [integer(before_ms)],
            )
            .map_err(|error| self.explain(error))
    }

    /// How many calls were missed since the person last looked.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn missed(&self) -> Result<u32, StoreError> {
        self.connection
            .query_row(
                "SELECT coalesce(sum(unseen), 0) FROM history WHERE unseen > 0",
                [],
                |row| row.get(0),
            )
            .map_err(|error| self.explain(error))
    }

    /// The person looked: says how many calls were missed until now.
    ///
    /// # Errors
    /// When nothing could be written.
    pub fn see_missed(&self) -> Result<usize, StoreError> {
        self.connection
            .execute("UPDATE history SET unseen = 0 WHERE unseen", [])
            .map_err(|error| self.explain(error))
    }

    /// When the last call with each person began.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn last_calls(&self) -> Result<HashMap<String, u64>, StoreError> {
        let read = || {
            let mut statement = self
                .connection
                .prepare_cached("SELECT contact, max(started_ms) FROM history GROUP BY contact")?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, milliseconds(row, 1)?)))?;
            rows.collect::<rusqlite::Result<_>>()
        };
        read().map_err(|error| self.explain(error))
    }
}

fn entry(row: &Row<'_>) -> rusqlite::Result<HistoryEntry> {
    let id: i64 = row.get(0)?;
    let duration: Option<i64> = row.get(6)?;
    let path: Option<String> = row.get(8)?;
    // An earlier Ringdown may have kept it, by its own rules.
    let name: String = row.get(2)?;
    Ok(HistoryEntry {
        id: id.to_string(),
        contact: row.get(1)?,
        name: DisplayName::received(&name).map_or(name, String::from),
        direction: text(row, 3)?,
        video: row.get(4)?,
        started_ms: milliseconds(row, 5)?,
        duration_ms: duration.map(i64::unsigned_abs),
        reason: text(row, 7)?,
        path: path.map(|_| text(row, 8)).transpose()?,
        offline_note: row.get(9)?,
        times: row.get(10)?,
    })
}

fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn milliseconds(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(i64::unsigned_abs)
}

/// The name of a variant, as serde writes it.
fn word<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        // Our own enums without fields are always strings.
        _ => String::new(),
    }
}
