//! Which characters a name may hold, and where.
//!
//! What can't be seen can make two names look the same, so it is let in only where the writing needs it:
//!
//! - ZWNJ and ZWJ after a virama, and ZWNJ between letters that would join: RFC 5892, appendix A.1 and A.2;
//! - ZWJ between two emoji, a variation selector after an emoji, and the tags of the three flags that have them (UTS #51);
//! - a variation selector after an ideograph: some Japanese family names are written so (UTS #37);
//! - Mongolian variation selectors and the vowel separator after a Mongolian letter.
//!
//! None of it counts when names are compared (`look.rs`).

use icu_properties::props::{
    BidiControl, DefaultIgnorableCodePoint, Emoji, EmojiModifier, ExtendedPictographic,
    GeneralCategory, JoiningType, Script, UnifiedIdeograph,
};
use icu_properties::{CodePointMapData, CodePointSetData};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::canonical_combining_class;

use super::{MAX_MARKS, NameError};

const ZWNJ: char = '\u{200c}';
const ZWJ: char = '\u{200d}';
/// Shows the emoji before it in colour.
const EMOJI_STYLE: char = '\u{fe0f}';
const KEYCAP: char = '\u{20e3}';
const BLACK_FLAG: char = '\u{1f3f4}';
/// The flags that are made of a black flag and tags: England, Scotland and Wales.
const TAGGED_FLAGS: [&str; 3] = ["gbeng\u{7f}", "gbsct\u{7f}", "gbwls\u{7f}"];
/// Braille without a dot: a space that is not called one.
const BLANK_BRAILLE: char = '\u{2800}';
/// The combining class of viramas.
const VIRAMA: u8 = 9;

/// Why a text with this character is no name, wherever it stands: no Ringdown ever made one with it.
pub(super) fn never(c: char) -> Option<NameError> {
    match c {
        '\t' => None,
        '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
            Some(NameError::LineBreak)
        }
        // Embeddings and overrides, then isolates (Unicode UAX #9, section 2).
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => Some(NameError::Bidirectional),
        c if c.is_control() => Some(NameError::Control),
        _ => None,
    }
}

/// What is not drawn where it is not understood, and does not count when names are compared.
pub(super) fn is_ignorable(c: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

/// What may stand in a name where it stands, in NFC, and why the first character that may not was taken out.
pub(super) fn tidied(text: &str) -> (String, Option<NameError>) {
    let blank = |c| if c == BLANK_BRAILLE { ' ' } else { c };
    let text: Vec<char> = text.nfc().map(blank).collect();
    let mut rest = text.as_slice();
    let (mut kept, mut marks, mut fault) = (Vec::new(), Marks::default(), None);
    while let Some((&c, after)) = rest.split_first() {
        rest = after;
        let (stays, error) = judged(&kept, c, after);
        let (stays, error) = match stays {
            Some(c) if !marks.carry(c) => (None, error.or(Some(NameError::Marks))),
            stays => (stays, error),
        };
        kept.extend(stays);
        fault = fault.or(error);
    }
    (kept.into_iter().collect(), fault)
}

/// What becomes of `c` between what was kept before it and what follows, and why where that is not `c`.
fn judged(before: &[char], c: char, after: &[char]) -> (Option<char>, Option<NameError>) {
    use NameError::{Bidirectional, Control, Private};
    const UNKNOWN: Option<char> = Some(char::REPLACEMENT_CHARACTER);
    if CodePointSetData::new::<BidiControl>().contains(c) {
        return (None, Some(Bidirectional));
    }
    if is_ignorable(c) {
        return match is_needed(before, c, after) {
            true => (Some(c), None),
            false => (None, Some(Control)),
        };
    }
    match (c, category(c)) {
        // Annotations between the lines.
        ('\u{fff9}'..='\u{fffb}', _) => (None, Some(Control)),
        ('\u{fffc}', _) | (_, GeneralCategory::PrivateUse) => (UNKNOWN, Some(Private)),
        _ if is_noncharacter(c) => (UNKNOWN, Some(Control)),
        // What is not assigned may be in a newer Unicode: another app knows the letter or emoji already.
        _ => (Some(c), None),
    }
}

/// Whether the writing needs this unseen character here.
fn is_needed(before: &[char], c: char, after: &[char]) -> bool {
    let Some(&last) = before.last() else {
        return false;
    };
    let next = after.first().copied();
    match c {
        ZWNJ => is_virama(last) || parts_letters(before, after),
        ZWJ => is_virama(last) || next.is_some_and(|next| joins_emoji(last, next)),
        // A digit has a keycap, or is a plain digit.
        '\u{fe0e}' | EMOJI_STYLE => {
            let emoji = CodePointSetData::new::<Emoji>().contains(last);
            emoji && (!last.is_ascii() || next == Some(KEYCAP))
        }
        '\u{fe00}'..='\u{fe02}' | '\u{e0100}'..='\u{e01ef}' => {
            CodePointSetData::new::<UnifiedIdeograph>().contains(last)
        }
        '\u{180b}'..='\u{180f}' => is_mongolian_letter(last),
        c if is_tag(c) => is_of_a_flag(before, c, after),
        _ => false,
    }
}

fn is_virama(c: char) -> bool {
    canonical_combining_class(c) == VIRAMA
}

/// The letters on both sides would join across it (RFC 5892, appendix A.1); marks between don't count.
fn parts_letters(before: &[char], after: &[char]) -> bool {
    let joining = |c: char| CodePointMapData::<JoiningType>::new().get(c);
    let opaque = |kind: &JoiningType| *kind != JoiningType::Transparent;
    let left = before.iter().rev().copied().map(joining).find(opaque);
    let right = after.iter().copied().map(joining).find(opaque);
    matches!(
        left,
        Some(JoiningType::LeftJoining | JoiningType::DualJoining)
    ) && matches!(
        right,
        Some(JoiningType::RightJoining | JoiningType::DualJoining)
    )
}

fn joins_emoji(last: char, next: char) -> bool {
    let picture = CodePointSetData::new::<ExtendedPictographic>();
    let modifier = CodePointSetData::new::<EmojiModifier>();
    let emoji = picture.contains(last) || modifier.contains(last) || last == EMOJI_STYLE;
    emoji && picture.contains(next)
}

fn is_mongolian_letter(c: char) -> bool {
    CodePointMapData::<Script>::new().get(c) == Script::Mongolian && c.is_alphabetic()
}

fn is_tag(c: char) -> bool {
    ('\u{e0020}'..='\u{e007f}').contains(&c)
}

fn is_of_a_flag(before: &[char], c: char, after: &[char]) -> bool {
    let base = before.iter().rev().find(|c| !is_tag(**c));
    if base != Some(&BLACK_FLAG) {
        return false;
    }
    let mut tags: Vec<char> = before
        .iter()
        .rev()
        .copied()
        .take_while(|c| is_tag(*c))
        .collect();
    tags.reverse();
    tags.push(c);
    tags.extend(after.iter().copied().take_while(|c| is_tag(*c)));
    let letter = |tag: char| char::from_u32(u32::from(tag) & 0x7f).unwrap_or_default();
    let said: String = tags.into_iter().map(letter).collect();
    TAGGED_FLAGS.contains(&said.as_str())
}

fn is_noncharacter(c: char) -> bool {
    ('\u{fdd0}'..='\u{fdef}').contains(&c) || u32::from(c) & 0xfffe == 0xfffe
}

fn category(c: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(c)
}

/// The marks on the letter that was read last.
#[derive(Default)]
struct Marks {
    letter: bool,
    count: usize,
    last: Option<char>,
}

impl Marks {
    /// Takes note of a character; false for one mark too many.
    fn carry(&mut self, c: char) -> bool {
        // Some letters bring marks with them.
        std::iter::once(c).nfd().all(|part| self.carry_part(part))
    }

    fn carry_part(&mut self, c: char) -> bool {
        use GeneralCategory::{EnclosingMark, NonspacingMark, SpacingMark};
        match category(c) {
            // They are allowed once a letter as it is.
            _ if is_ignorable(c) => true,
            NonspacingMark | EnclosingMark => {
                let fits = self.letter && self.count < MAX_MARKS && self.last != Some(c);
                if fits {
                    self.count += 1;
                    self.last = Some(c);
                }
                fits
            }
            SpacingMark => self.letter,
            _ => {
                *self = Self {
                    letter: !c.is_whitespace(),
                    ..Self::default()
                };
                true
            }
        }
    }
}
