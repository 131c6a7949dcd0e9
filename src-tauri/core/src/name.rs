//! Names as people write them, made safe to show beside other text, and compared by what they look like.
//!
//! A name that somebody types here is checked by [`DisplayName::parse`], which says what is wrong with it. A name that was written
//! elsewhere, or by an earlier Ringdown, is made fit by [`DisplayName::received`]: rules get stricter, and a friend must not be
//! lost for a character that was allowed once. What may stand where is `characters.rs`, what looks alike is `look.rs`.

mod characters;
mod look;
#[cfg(test)]
mod tests;

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

pub use self::look::{Look, isolated};

/// The longest name, in characters (Unicode scalar values after NFC).
pub const MAX_NAME_CHARS: usize = 64;
/// The most marks that may stand on one letter (nonspacing and enclosing ones, after NFD): what UTS #39, section 5.4, advises.
pub const MAX_MARKS: usize = 4;

/// Why a name can't be used. The sentence says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing one could see.
    #[error("Type a name.")]
    Empty,
    /// Longer than [`MAX_NAME_CHARS`].
    #[error("This name has {0} characters. Use at most {MAX_NAME_CHARS}.")]
    TooLong(usize),
    /// More than one line.
    #[error("A name is one line. Take out the line breaks.")]
    LineBreak,
    /// A character that can't be seen, and that no letter beside it needs.
    #[error(
        "This name has an invisible control character in it. Type it again instead of pasting it."
    )]
    Control,
    /// A character that turns the direction of writing around for what follows.
    #[error(
        "This name has a hidden character that changes the direction of writing. Type it again instead of pasting it."
    )]
    Bidirectional,
    /// A character that every font draws as it likes, or not at all.
    #[error("This name has a character that looks different on every computer. Take it out.")]
    Private,
    /// A mark on no letter, twice the same one, or more than [`MAX_MARKS`] on one letter.
    #[error(
        "This name has accents without a letter, or too many on one letter. Type it again without them."
    )]
    Marks,
}

/// A name: NFC, one line, 1 to 64 characters, single spaces, nothing that rewrites its surroundings, and nothing unseen but where
/// a script needs it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DisplayName(String);

impl DisplayName {
    /// A name as it was typed: normalises (NFC, no white space around, single spaces inside) and checks.
    ///
    /// # Errors
    /// [`NameError`], each with a sentence for the person who typed the name.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let (tidied, fault) = tidied(text)?;
        if tidied.is_empty() {
            return Err(NameError::Empty);
        }
        match fault {
            Some(fault) => Err(fault),
            None => Self::bounded(tidied),
        }
    }

    /// A name that was written by another app, or kept by an earlier one: what has no place in a name is taken out. Where
    /// nothing is left, it is U+FFFD.
    ///
    /// # Errors
    /// [`NameError`] where no Ringdown ever made such a name: a line break, a control character, an embedding, override or
    /// isolate of directions, nothing at all, or too long.
    pub fn received(text: &str) -> Result<Self, NameError> {
        let (tidied, _) = tidied(text)?;
        match (text.trim().is_empty(), tidied.is_empty()) {
            (true, _) => Err(NameError::Empty),
            (false, true) => Ok(Self(char::REPLACEMENT_CHARACTER.into())),
            (false, false) => Self::bounded(tidied),
        }
    }

    fn bounded(name: String) -> Result<Self, NameError> {
        match name.chars().count() {
            count if count > MAX_NAME_CHARS => Err(NameError::TooLong(count)),
            _ => Ok(Self(name)),
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form by which names are put in order and looked up: case does not tell people apart. Whether two names can be
    /// mistaken for each other is told by [`DisplayName::look`].
    #[must_use]
    pub fn folded(&self) -> String {
        self.0.to_lowercase().nfc().collect()
    }

    /// What the name looks like.
    #[must_use]
    pub fn look(&self) -> Look {
        Look::of(&self.0)
    }

    /// The name with a number behind it, cut where the two are too long.
    pub(crate) fn numbered(&self, number: usize) -> Self {
        let number = format!(" ({number})");
        let room = MAX_NAME_CHARS.saturating_sub(number.len());
        let cut: String = self.0.chars().take(room).collect();
        Self::received(&format!("{cut}{number}")).unwrap_or_else(|_| self.clone())
    }
}

/// The text in its normal form without what has no place in it, and the first thing that had none.
fn tidied(text: &str) -> Result<(String, Option<NameError>), NameError> {
    let text = text.trim();
    if let Some(error) = text.chars().find_map(characters::never) {
        return Err(error);
    }
    let (mut kept, fault) = characters::tidied(text);
    // What stood around something that was taken out may be composed or ordered in another way now.
    let mut again = fault.is_some();
    while again {
        let (less, more) = characters::tidied(&kept);
        (kept, again) = (less, more.is_some());
    }
    let composed: String = kept.nfc().collect();
    let name = composed.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok((name, fault))
}

impl fmt::Display for DisplayName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Names are personal: only the length shows.
impl fmt::Debug for DisplayName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({} characters)", self.0.chars().count())
    }
}

/// For what is read from the disk, from a backup and from messages.
impl TryFrom<String> for DisplayName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        Self::received(&text)
    }
}

impl From<DisplayName> for String {
    fn from(name: DisplayName) -> Self {
        name.0
    }
}
