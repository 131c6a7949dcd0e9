//! What the tray's menu says, and what its entries mean.

use super::quiet::Quiet;
use super::{TrayChoice, TrayState};
use crate::desktop::words::{Words, fill};

/// A menu longer than this is no quicker than the window.
const MOST_FAVOURITES: usize = 8;

const OPEN: &str = "open";
const QUIT: &str = "quit";
const CALL: &str = "call ";
const QUIET: &str = "quiet ";

/// One line of the menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    /// Between groups.
    Line,
    /// Something to do.
    Entry {
        /// For [`choice`].
        id: String,
        /// What is written there.
        label: String,
    },
    /// Something that is on or off.
    Check {
        /// For [`choice`].
        id: String,
        /// What is written there.
        label: String,
        /// Ticked.
        on: bool,
    },
    /// A menu of its own.
    Sub {
        /// What is written there.
        label: String,
        /// What is in it.
        items: Vec<Item>,
    },
}

pub(super) fn menu(state: &TrayState, words: &Words) -> Vec<Item> {
    let entry = |id: &str, label: String| Item::Entry {
        id: id.to_owned(),
        label: plain(&label),
    };
    let mut items = Vec::new();
    if state.missed > 0 {
        let count = state.missed.to_string();
        items.push(entry(OPEN, fill(&words.missed, &[("count", &count)])));
        items.push(Item::Line);
    }
    for (key, name) in state.favourites.iter().take(MOST_FAVOURITES) {
        let id = format!("{CALL}{key}");
        items.push(entry(&id, fill(&words.call, &[("name", name)])));
    }
    if !state.favourites.is_empty() {
        items.push(Item::Line);
    }
    items.push(quiet(state, words));
    items.push(Item::Line);
    items.push(entry(OPEN, words.open.clone()));
    items.push(entry(QUIT, words.quit.clone()));
    items
}

fn quiet(state: &TrayState, words: &Words) -> Item {
    let label = match &state.quiet_until {
        Some(time) if !time.is_empty() => fill(&words.quiet_until, &[("time", time)]),
        _ => words.quiet.clone(),
    };
    let check = |quiet: Quiet, label: &str, on| Item::Check {
        id: format!("{QUIET}{}", quiet.as_str()),
        label: label.to_owned(),
        on,
    };
    let off = state.quiet_until.is_none();
    Item::Sub {
        label,
        items: vec![
            check(Quiet::Hour, &words.quiet_hour, false),
            check(Quiet::Tomorrow, &words.quiet_tomorrow, false),
            check(Quiet::Off, &words.quiet_off, off),
        ],
    }
}

/// What an entry with this id means.
pub(super) fn choice(id: &str) -> Option<TrayChoice> {
    if let Some(key) = id.strip_prefix(CALL) {
        return key.parse().ok().map(TrayChoice::Call);
    }
    if let Some(quiet) = id.strip_prefix(QUIET) {
        return Quiet::parse(quiet).map(TrayChoice::Quiet);
    }
    match id {
        OPEN => Some(TrayChoice::Open),
        QUIT => Some(TrayChoice::Quit),
        _ => None,
    }
}

/// An ampersand would underline the letter after it.
fn plain(label: &str) -> String {
    label.replace('&', "&&")
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringdown_core::identity::{Identity, PublicKey};

    fn key(seed: u8) -> PublicKey {
        Identity::from_seed([seed; 32]).public()
    }

    /// The labels, what is in a menu of its own indented.
    fn labels(items: &[Item]) -> Vec<String> {
        let mut labels = Vec::new();
        for item in items {
            match item {
                Item::Line => labels.push("-".into()),
                Item::Entry { label, .. } => labels.push(label.clone()),
                Item::Check { label, on, .. } => {
                    labels.push(format!("{label}{}", if *on { " ✓" } else { "" }));
                }
                Item::Sub {
                    label,
                    items: inside,
                } => {
                    labels.push(label.clone());
                    labels.extend(
                        self::labels(inside)
                            .iter()
                            .map(|label| format!("  {label}")),
                    );
                }
            }
        }
        labels
    }

    #[test]
    fn at_first_there_is_little_to_choose_from() {
        assert_eq!(
            labels(&menu(&TrayState::default(), &Words::default())),
            [
                "Do not disturb",
                "  For an hour",
                "  Until tomorrow",
                "  Off ✓",
                "-",
                "Open Ringdown",
                "Quit"
            ]
        );
    }

    #[test]
    fn friends_and_missed_calls_come_first() {
        let state = TrayState {
            online: true,
            quiet_until: Some("15:30".into()),
            missed: 2,
            favourites: vec![(key(1), "Alice".into()), (key(2), "Bob & Carol".into())],
        };
        assert_eq!(
            labels(&menu(&state, &Words::default())),
            [
                "Missed calls: 2",
                "-",
                "Call Alice",
                "Call Bob && Carol",
                "-",
                "Do not disturb until 15:30",
                "  For an hour",
                "  Until tomorrow",
                "  Off",
                "-",
                "Open Ringdown",
                "Quit"
            ]
        );
    }

    #[test]
    fn a_long_list_of_favourites_ends() {
        let favourites = (1..=20).map(|seed| (key(seed), format!("Friend {seed}")));
        let state = TrayState {
            favourites: favourites.collect(),
            ..TrayState::default()
        };
        let calls = menu(&state, &Words::default())
            .into_iter()
            .filter(|item| matches!(item, Item::Entry { label, .. } if label.starts_with("Call")));
        assert_eq!(calls.count(), MOST_FAVOURITES);
    }

    #[test]
    fn every_entry_means_something() {
        let state = TrayState {
            missed: 1,
            favourites: vec![(key(1), "Alice".into())],
            ..TrayState::default()
        };
        let mut meanings = Vec::new();
        let mut items = menu(&state, &Words::default());
        while let Some(item) = items.pop() {
            match item {
                Item::Line => {}
                Item::Entry { id, .. } | Item::Check { id, .. } => {
                    meanings.push(choice(&id).unwrap_or_else(|| panic!("{id:?}")));
                }
                Item::Sub { items: inside, .. } => items.extend(inside),
            }
        }
        assert!(meanings.contains(&TrayChoice::Call(key(1))));
        assert!(meanings.contains(&TrayChoice::Quiet(Quiet::Tomorrow)));
        assert_eq!(meanings.len(), 7);
        assert_eq!(choice("call nobody"), None);
        assert_eq!(choice("nonsense"), None);
    }
}
