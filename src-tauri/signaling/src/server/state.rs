//! The notes on disk, so that they survive the server.
//!
//! Memory leads and the disk follows: each time something has changed, and once a minute, what the directory holds is made
//! like what memory holds. So a disk that is full or can't be written to costs nothing but the survival, and what it missed is
//! made good as soon as it can be written to again.
//!
//! ```text
//! DIR/lock          held by the one server that uses the directory
//! DIR/known.json    who was registered here lately, and until when they are remembered
//! DIR/RANDOM.note   a note: for whom, until when, sealed
//! DIR/*.tmp         being written
//! DIR/*.damaged     could not be understood, and was put aside
//! ```

mod files;
mod keeper;

use std::{
    collections::{HashMap, HashSet},
    io,
    path::PathBuf,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use self::files::Lock;
pub(super) use self::keeper::Keeper;
use super::{
    hub::Hub,
    notes::{Difference, Waiting},
};
use crate::{
    limits::{MAX_KNOWN_KEYS, MAX_NOTE_BYTES, NOTES_KEPT},
    wire::{Key, Payload},
};

const LOCK: &str = "lock";
const KNOWN: &str = "known.json";

/// Largest file of a note that is read, in bytes: the payload as base64url, and room for the rest.
const MAX_NOTE_FILE: usize = MAX_NOTE_BYTES / 3 * 4 + 1024;

/// Known keys that are written: those who left, and as many more who are there.
const MAX_KNOWN_WRITTEN: usize = 2 * MAX_KNOWN_KEYS;

/// Largest file of known keys that is read, in bytes: 43 for a key, 13 for a time, and room for punctuation.
const MAX_KNOWN_FILE: usize = MAX_KNOWN_WRITTEN * 80;

/// Notes that are written at one go. Whoever leaves many keeps the disk no busier than this each [`keeper::TOGETHER`].
const NOTES_AT_ONCE: usize = 64;

/// Who is known is written no more often than this, since it is written as a whole.
const KNOWN_PAUSE: Duration = Duration::from_secs(60);

/// Who is known is written this often even if nobody is new: whoever is registered is known for [`NOTES_KEPT`] from then on,
/// also by a server that was killed.
const KNOWN_AGAIN: Duration = Duration::from_secs(3600);

/// Another server has the directory.
#[derive(Debug, thiserror::Error)]
#[error(
    "{} is in use by another ringdown-server. Stop that one, or choose another directory with --state.",
    dir.display()
)]
pub struct StateInUse {
    /// Which.
    pub dir: PathBuf,
}

/// Why the directory can't be used at the moment.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    InUse(#[from] StateInUse),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A note as it lies on the disk.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoteFile {
    to: Key,
    /// Unix time in milliseconds.
    until: u64,
    payload: Payload,
}

/// Who is known, as it lies on the disk.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KnownFile {
    /// Until when: Unix time in milliseconds.
    keys: Vec<(Key, u64)>,
}

/// What an earlier run has left.
#[derive(Debug, Default)]
struct Found {
    known: KnownFile,
    /// With the names of their files.
    notes: Vec<(String, NoteFile)>,
}

/// A directory in which a server keeps the notes.
#[derive(Debug)]
pub struct StateDir {
    dir: PathBuf,
    /// `None` while the directory can't be had.
    lock: Option<Lock>,
    /// Read, and not in memory yet.
    found: Option<Found>,
    /// The notes that are there, by their number in memory, and their files.
    written: HashMap<u64, String>,
    /// Files that have no use any more.
    stray: Vec<String>,
    /// Somebody is known who is not in the file.
    newcomers: bool,
    /// When who is known was written.
    known_at: Option<Instant>,
    /// The disk did not do as it should, and that was told.
    in_trouble: bool,
}

impl StateDir {
    /// Takes a directory, made where it is missing, and reads what is there. What can't be understood is put aside. Blocks.
    ///
    /// A directory that can't be read or written to is no error: that is logged, and tried again later.
    ///
    /// # Errors
    /// When another server has it.
    pub fn open(dir: impl Into<PathBuf>) -> Result<Self, StateInUse> {
        let mut state = Self {
            dir: dir.into(),
            lock: None,
            found: None,
            written: HashMap::new(),
            stray: Vec::new(),
            newcomers: false,
            known_at: None,
            in_trouble: false,
        };
        match state.enter() {
            Ok(()) => Ok(state),
            Err(Trouble::InUse(in_use)) => Err(in_use),
            Err(trouble) => {
                state.handle_trouble(&trouble);
                Ok(state)
            }
        }
    }

    fn enter(&mut self) -> Result<(), Trouble> {
        files::make_directory(&self.dir)?;
        let Some(lock) = files::lock(&self.dir.join(LOCK))? else {
            let dir = self.dir.clone();
            return Err(StateInUse { dir }.into());
        };
        self.found = Some(self.look()?);
        self.lock = Some(lock);
        Ok(())
    }

    fn look(&mut self) -> io::Result<Found> {
        let mut found = Found::default();
        for name in files::names(&self.dir)? {
            if name.ends_with(".tmp") {
                self.stray.push(name);
            } else if name.ends_with(".note") {
                let note = files::read(&self.dir.join(&name), MAX_NOTE_FILE, |content| {
                    let note: NoteFile = serde_json::from_slice(content).ok()?;
                    (note.payload.size() <= MAX_NOTE_BYTES).then_some(note)
                });
                found.notes.extend(note.map(|note| (name, note)));
            }
        }
        let known = files::read(&self.dir.join(KNOWN), MAX_KNOWN_FILE, |content| {
            serde_json::from_slice(content).ok()
        });
        found.known = known.unwrap_or_default();
        Ok(found)
    }

    /// Puts into memory what was read.
    fn take_in(&mut self, hub: &Hub, clocks: &Clocks) {
        let Some(Found {
            mut known,
            mut notes,
        }) = self.found.take()
        else {
            return;
        };
        // Where there is not room for all, the oldest go.
        known.keys.sort_by_key(|(_, until)| *until);
        notes.sort_by_key(|(_, note)| note.until);
        let mut memory = hub.notes();
        for (key, until) in known.keys {
            if let Some(until) = clocks.instant(until) {
                memory.known.restore(key, until, clocks.now);
            }
        }
        for (name, note) in notes {
            let number = clocks
                .instant(note.until)
                .and_then(|until| memory.restore(note.to, note.payload, until, clocks.now));
            match number {
                Some(number) => {
                    self.written.insert(number, name);
                }
                None => self.stray.push(name),
            }
        }
    }

    /// Makes the directory hold what memory holds: some of it, or all where it is the last time. Blocks.
    fn save(&mut self, hub: &Hub, last: bool) {
        match self.try_save(hub, last) {
            Ok(more) => {
                if std::mem::take(&mut self.in_trouble) {
                    tracing::info!("notes are kept in {} again", self.dir.display());
                }
                if more {
                    hub.look_again();
                }
            }
            Err(trouble) => self.handle_trouble(&trouble),
        }
    }

    /// Gives whether there is more to be written.
    fn try_save(&mut self, hub: &Hub, last: bool) -> Result<bool, Trouble> {
        if self.lock.is_none() {
            self.enter()?;
        }
        let clocks = Clocks::read();
        self.take_in(hub, &clocks);
        let there: HashSet<u64> = self.written.keys().copied().collect();
        let most = if last { usize::MAX } else { NOTES_AT_ONCE };
        let Difference { gone, fresh, more } = {
            hub.sweep(clocks.now);
            hub.notes().unlike(&there, most)
        };
        for number in gone {
            self.stray.extend(self.written.remove(&number));
        }
        let changed = !self.stray.is_empty() || !fresh.is_empty();
        // First what makes room; what can't be removed does not keep anything from being written.
        let removed = files::remove(&self.dir, &mut self.stray);
        for note in fresh {
            self.write(note, &clocks)?;
        }
        self.write_known(hub, &clocks, last)?;
        if changed {
            files::sync_directory(&self.dir)?;
        }
        removed?;
        Ok(more > 0)
    }

    fn write(&mut self, note: Waiting, clocks: &Clocks) -> io::Result<()> {
        // A number in order would tell how many there were.
        let random = getrandom::u64().map_err(|error| io::Error::other(error.to_string()))?;
        let name = format!("{random:016x}.note");
        let file = NoteFile {
            to: note.to,
            until: clocks.unix(note.until),
            payload: note.payload,
        };
        let content = serde_json::to_vec(&file)?;
        files::replace(&self.dir.join(&name), &content)?;
        self.written.insert(note.number, name);
        Ok(())
    }

    fn write_known(&mut self, hub: &Hub, clocks: &Clocks, last: bool) -> io::Result<()> {
        self.newcomers |= hub.notes().known.take_newcomers();
        let due = match self.known_at {
            None => self.newcomers,
            Some(at) if self.newcomers => clocks.now >= at + KNOWN_PAUSE,
            Some(at) => clocks.now >= at + KNOWN_AGAIN,
        };
        if !due && !last {
            return Ok(());
        }
        let keys = hub.known(clocks.now);
        let keys = keys.into_iter().take(MAX_KNOWN_WRITTEN);
        let keys = keys.map(|(key, at)| (key, clocks.unix(at)));
        let file = KnownFile {
            keys: keys.collect(),
        };
        files::replace(&self.dir.join(KNOWN), &serde_json::to_vec(&file)?)?;
        self.newcomers = false;
        self.known_at = Some(clocks.now);
        Ok(())
    }

    /// Told once, until it is over: a full disk stays full for long.
    fn handle_trouble(&mut self, trouble: &Trouble) {
        if !std::mem::replace(&mut self.in_trouble, true) {
            tracing::warn!(
                "notes can't be kept in {} at the moment, and wait in memory: {trouble}",
                self.dir.display()
            );
        }
    }
}

/// Two clocks at one moment: memory goes by the one that never jumps, the disk by the one that is the same in the next run.
struct Clocks {
    now: Instant,
    /// Unix time in milliseconds.
    unix: u64,
}

impl Clocks {
    fn read() -> Self {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            now: Instant::now(),
            unix: unix.map_or(0, milliseconds),
        }
    }

    fn unix(&self, at: Instant) -> u64 {
        let left = at.saturating_duration_since(self.now);
        self.unix.saturating_add(milliseconds(left))
    }

    /// `None` where that is over. Never longer than a note is kept, whatever the clock was set to meanwhile.
    fn instant(&self, unix: u64) -> Option<Instant> {
        let left = unix.checked_sub(self.unix).filter(|left| *left > 0)?;
        Some(self.now + Duration::from_millis(left).min(NOTES_KEPT))
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
