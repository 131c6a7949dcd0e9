//! Who asks to become a contact while the person looks elsewhere: one notification for all of them.
//!
//! The first one comes up as any notification does. Whoever asks after that, before the person has looked, only changes what it
//! says: a crowd of strangers with an invite that got around brings nothing up again and again.

use std::collections::HashSet;

use super::Deed;
use crate::ipc::{Quiet, RequestView, Snapshot};

/// Who asks, as the desktop shows it.
#[derive(Clone, PartialEq, Eq)]
pub enum Who {
    /// One person.
    One(RequestView),
    /// Several, at least two.
    Several {
        /// How many.
        count: usize,
        /// At least one of them may be somebody else than the name says.
        doubtful: bool,
    },
}

/// Somebody asks to become a contact.
#[derive(Clone, PartialEq, Eq)]
pub struct Asked {
    /// Who.
    pub who: Who,
    /// It was shown before and says something else now: nothing to bring before the person.
    pub again: bool,
}

/// Who asked, from one snapshot to the next.
#[derive(Default)]
pub(super) struct Asking {
    /// The keys of all who ask. None before the first snapshot: who has waited since an earlier start is no news.
    known: Option<HashSet<String>>,
    /// Those the person is told of and has not looked at, oldest first.
    told: Vec<RequestView>,
}

impl Asking {
    /// What is to be done after a change. While the window is looked at it shows who asks, and while the person does not want to
    /// be disturbed it does so alone: they are not told of them later either.
    pub(super) fn handle_snapshot(&mut self, now: &Snapshot, looked_at: bool) -> Option<Deed> {
        let keys = now.requests.iter().map(|asking| asking.key.clone());
        let known = self.known.replace(keys.collect());
        let tells = !looked_at && now.quiet == Quiet::Off;
        let is_told = |asking: &&RequestView| {
            let new = known
                .as_ref()
                .is_some_and(|known| !known.contains(&asking.key));
            new && tells || self.told.iter().any(|told| told.key == asking.key)
        };
        let told: Vec<_> = now.requests.iter().filter(is_told).cloned().collect();
        if told == self.told {
            return None;
        }
        let before = std::mem::replace(&mut self.told, told);
        let who = match self.told.as_slice() {
            [] => return Some(Deed::AskedOver),
            [one] => Who::One(one.clone()),
            several => Who::Several {
                count: several.len(),
                doubtful: several.iter().any(is_doubtful),
            },
        };
        let again = !before.is_empty();
        Some(Deed::Asked(Asked { who, again }))
    }

    /// The person looks at the window, where those who ask are.
    pub(super) fn handle_look(&mut self) -> Option<Deed> {
        let told = std::mem::take(&mut self.told);
        (!told.is_empty()).then_some(Deed::AskedOver)
    }

    /// The key of the one who has waited longest of those the person is told of.
    pub(super) fn first(&self) -> Option<&str> {
        self.told.first().map(|asking| asking.key.as_str())
    }
}

fn is_doubtful(asking: &RequestView) -> bool {
    asking.namesake.is_some() || asking.alike || asking.shared
}

/// Names stay out of logs.
impl std::fmt::Debug for Asking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Asking {{ told: {} }}", self.told.len())
    }
}

impl std::fmt::Debug for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let count = match self.who {
            Who::One(_) => 1,
            Who::Several { count, .. } => count,
        };
        write!(f, "Asked {{ count: {count}, again: {} }}", self.again)
    }
}
