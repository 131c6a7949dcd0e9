//! Calls that are over.

use ringdown_core::call::{Direction, EndReason};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// One call that is over.
#[derive(Clone, PartialEq, Eq, Serialize, TS)]
pub struct HistoryEntry {
    /// To delete it by.
    pub id: String,
    /// Whose key, base64url; null: they are no contact any more.
    pub contact: Option<String>,
    /// What the person calls them, or called them then.
    pub name: String,
    /// Who called.
    pub direction: Direction,
    /// With picture.
    pub video: bool,
    /// When it began, Unix time in milliseconds.
    #[ts(type = "number")]
    pub started_ms: u64,
    /// How long they talked; null: they did not.
    #[ts(type = "number | null")]
    pub duration_ms: Option<u64>,
    /// How it ended.
    pub reason: EndReason,
    /// How it travelled; null: it did not connect.
    pub path: Option<PathKind>,
    /// It was missed while this app was off; a note of the caller tells of it.
    pub offline_note: bool,
    /// How many calls this is: of one person, missed one after the other.
    pub times: u32,
}

/// How a call travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PathKind {
    /// Straight, on this network.
    Lan,
    /// Straight, over the internet.
    Internet,
    /// Through a relay.
    Relay,
}

/// What is looked for in the history.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
pub struct HistoryQuery {
    /// Calls with this person only.
    pub contact: Option<String>,
    /// Calls with people whose name holds this.
    #[serde(default)]
    pub search: String,
    /// Calls that began before this, Unix time in milliseconds.
    pub before: Option<u64>,
    /// At most this many.
    pub limit: u32,
}

/// The newest calls that were looked for, newest first.
#[derive(Clone, PartialEq, Eq, Serialize, TS)]
pub struct HistoryPage {
    /// The calls.
    pub entries: Vec<HistoryEntry>,
    /// There are older ones.
    pub more: bool,
}

/// Whom somebody talked to is personal.
impl std::fmt::Debug for HistoryEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HistoryEntry({:?}, {:?})", self.direction, self.reason)
    }
}

impl std::fmt::Debug for HistoryQuery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HistoryQuery(at most {})", self.limit)
    }
}

impl std::fmt::Debug for HistoryPage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HistoryPage({} calls)", self.entries.len())
    }
}
