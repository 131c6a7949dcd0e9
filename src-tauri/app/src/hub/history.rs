//! Calls that are over: kept, looked up, forgotten.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use ringdown_core::call::{CallRecord, Direction};
use uuid::Uuid;

use super::Hub;
use crate::clock::now_ms;
use crate::ipc::{HistoryPage, HistoryQuery, PathKind, UiError};
use crate::store::{PastCall, StoreError};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What the window is told of the history with every snapshot.
#[derive(Debug, Default)]
pub(super) struct History {
    /// Missed, and not looked at.
    pub missed: u32,
    /// Grows with every change.
    pub version: u64,
    /// When the last call with each person began.
    pub last_calls: HashMap<String, u64>,
    /// How the call that is on travels, and the one on hold.
    paths: Vec<(Uuid, PathKind)>,
    /// When what is too old is to be forgotten next.
    pub prune_due: Option<Instant>,
}

impl Hub {
    /// The newest calls that fit, newest first.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn history(&self, query: &HistoryQuery) -> Result<HistoryPage, UiError> {
        Ok(self.store.history(query)?)
    }

    /// Forgets one call, or all.
    ///
    /// # Errors
    /// When nothing could be written.
    pub fn delete_history(&mut self, id: Option<&str>) -> Result<(), UiError> {
        self.store.delete_history(id)?;
        self.history_changed()?;
        self.show();
        Ok(())
    }

    /// The person looked at what they missed.
    ///
    /// # Errors
    /// When nothing could be written.
    pub fn seen_missed(&mut self) -> Result<(), UiError> {
        if self.store.see_missed()? > 0 {
            self.history_changed()?;
            self.show();
        }
        Ok(())
    }

    /// Takes note of how a call travels; the last word before its end is kept.
    ///
    /// # Errors
    /// None yet.
    pub fn report_path(&mut self, call: Uuid, path: PathKind) -> Result<(), UiError> {
        let paths = &mut self.history.paths;
        paths.retain(|(known, _)| *known != call);
        paths.push((call, path));
        // Of calls that are over nothing is asked any more.
        let old = paths.len().saturating_sub(2);
        paths.drain(..old);
        Ok(())
    }

    pub(super) fn keep_call(&mut self, record: &CallRecord) {
        let mut paths = self.history.paths.iter();
        let path = paths.find(|(call, _)| *call == record.call);
        let past = PastCall {
            call: record.call,
            contact: record.contact,
            name: record.name.to_string(),
            direction: record.direction,
            video: record.video,
            started_ms: now_ms().saturating_sub(milliseconds(record.began_ago)),
            duration_ms: record.talked.map(milliseconds),
            reason: record.reason,
            path: path.map(|(_, path)| *path),
            offline_note: false,
            unseen: record.missed && record.direction == Direction::Incoming,
        };
        self.keep_past(&past);
    }

    /// Keeps a call; where that fails, the person is told.
    pub(super) fn keep_past(&mut self, past: &PastCall) {
        let kept = match past.unseen {
            true => self.store.put_missed(past, now_ms()).map(drop),
            false => self.store.put_call(past),
        };
        if let Err(error) = kept.and_then(|()| self.history_changed()) {
            tracing::warn!("a call is not in the history: {}", error.code());
            self.notice(&error.into());
        }
    }

    /// Reads what every snapshot tells, and forgets what is too old.
    pub(super) fn read_history(&mut self) -> Result<(), StoreError> {
        self.history.prune_due = Some(Instant::now() + DAY);
        if let Some(days) = self.settings.history_days {
            let kept = milliseconds(DAY).saturating_mul(days.into());
            self.store.prune_history(now_ms().saturating_sub(kept))?;
        }
        self.history_changed()
    }

    pub(super) fn history_changed(&mut self) -> Result<(), StoreError> {
        self.history.version = self.history.version.saturating_add(1);
        self.history.missed = self.store.missed()?;
        self.history.last_calls = self.store.last_calls()?;
        Ok(())
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
