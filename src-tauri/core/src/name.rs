//! Names as people write them, made safe to show beside other text.

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

/// The longest name, in characters (Unicode scalar values after NFC).
pub const MAX_NAME_CHARS: usize = 64;

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
    /// A character that can't be seen and does something to the text around it.
    #[error(
        "This name has an invisible control character in it. Type it again instead of pasting it."
    )]
    Control,
    /// A character that turns the direction of writing around for what follows.
    #[error(
        "This name has a hidden character that changes the direction of writing. Type it again instead of pasting it."
    )]
    Bidirectional,
}

/// A name: NFC, one line, 1 to 64 characters, single spaces, nothing that rewrites its surroundings.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DisplayName(String);

impl DisplayName {
    /// Normalises (NFC, no white space around, single spaces inside) and checks.
    ///
    /// # Errors
    /// [`NameError`], each with a sentence for the person who typed the name.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let text = text.trim();
        for c in text.chars() {
            match c {
                '\t' => {}
                '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                    return Err(NameError::LineBreak);
                }
                // Embeddings and overrides, then isolates (Unicode UAX #9, section 2).
                '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                    return Err(NameError::Bidirectional);
                }
                c if c.is_control() => return Err(NameError::Control),
                _ => {}
            }
        }
        if text.chars().all(is_invisible) {
            return Err(NameError::Empty);
        }
        let composed: String = text.nfc().collect();
        let name = composed.split_whitespace().collect::<Vec<_>>().join(" ");
        match name.chars().count() {
            0 => Err(NameError::Empty),
            count if count > MAX_NAME_CHARS => Err(NameError::TooLong(count)),
            _ => Ok(Self(name)),
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form in which two names are compared: case does not tell people apart.
    #[must_use]
    pub fn folded(&self) -> String {
        self.0.to_lowercase().nfc().collect()
    }
}

/// White space, and what takes no room on the screen (joiners are fine inside a name, but are no name).
fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
                | '\u{2060}'..='\u{2064}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
                | '\u{e0000}'..='\u{e0fff}'
        )
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

impl TryFrom<String> for DisplayName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        Self::parse(&text)
    }
}

impl From<DisplayName> for String {
    fn from(name: DisplayName) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<String, NameError> {
        DisplayName::parse(text).map(|name| name.to_string())
    }

    #[test]
    fn white_space_is_trimmed_and_collapsed() {
        assert_eq!(
            parsed("  Bob \t van\u{a0}\u{3000} Dam\n"),
            Ok("Bob van Dam".into())
        );
    }

    #[test]
    fn a_composed_and_a_decomposed_letter_are_the_same_name() {
        assert_eq!(parsed("Zoe\u{308}"), parsed("Zo\u{eb}"));
        assert_eq!(
            DisplayName::parse("ZOË").unwrap().folded(),
            DisplayName::parse("zoe\u{308}").unwrap().folded()
        );
    }

    #[test]
    fn names_of_every_script_and_joined_emoji_are_names() {
        for name in ["李小龙", "مریم\u{200c}ها", "👩‍👩‍👧", "O’Neill-Łuczak", "שרה"]
        {
            assert_eq!(parsed(name), Ok(name.into()));
        }
    }

    #[test]
    fn nothing_to_see_is_no_name() {
        for name in [
            "",
            "   ",
            "\n\n",
            "\u{200b}",
            "\u{2060} \u{feff}",
            "\u{3164}",
        ] {
            assert_eq!(parsed(name), Err(NameError::Empty), "{name:?}");
        }
    }

    #[test]
    fn sixty_four_characters_fit_and_one_more_does_not() {
        assert!(parsed(&"ë".repeat(64)).is_ok());
        // Decomposed, it is 128 characters, and 64 once composed.
        assert!(parsed(&"e\u{308}".repeat(64)).is_ok());
        assert_eq!(parsed(&"x".repeat(65)), Err(NameError::TooLong(65)));
        assert_eq!(parsed(&"x".repeat(200)), Err(NameError::TooLong(200)));
    }

    #[test]
    fn what_rewrites_the_text_around_it_is_refused() {
        for bad in ["\u{202e}", "\u{202a}", "\u{2066}", "\u{2069}"] {
            assert_eq!(
                parsed(&format!("Bob{bad}exe")),
                Err(NameError::Bidirectional)
            );
        }
        for bad in ["\n", "\r\n", "\u{2028}", "\u{85}"] {
            assert_eq!(parsed(&format!("Bob{bad}exe")), Err(NameError::LineBreak));
        }
        for bad in ["\0", "\u{1b}[31m", "\u{7f}", "\u{9b}"] {
            assert_eq!(parsed(&format!("Bob{bad}exe")), Err(NameError::Control));
        }
    }

    #[test]
    fn a_parsed_name_parses_to_itself_also_from_json() {
        let name = DisplayName::parse(" Bob  the\tBuilder ").unwrap();
        assert_eq!(DisplayName::parse(name.as_str()), Ok(name.clone()));
        let json = serde_json::to_string(&name).unwrap();
        assert_eq!(serde_json::from_str::<DisplayName>(&json).unwrap(), name);
        assert!(serde_json::from_str::<DisplayName>("\"a\\u202eb\"").is_err());
    }

    #[test]
    fn debug_shows_the_length_only() {
        assert_eq!(
            format!("{:?}", DisplayName::parse("Bob").unwrap()),
            "Name(3 characters)"
        );
    }
}
