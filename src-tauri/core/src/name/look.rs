//! What names look like: two that share a form can be mistaken for each other.
//!
//! The forms are skeletons of UTS #39, section 4, after NFKC, without what is not drawn, and without case. Case and likeness don't
//! go together well: a capital *I* looks like an *l*, and its small form does not. So a name has up to four forms: case taken
//! away first, likeness first (before NFKC, and after), and likeness first of all but the ASCII letters. One in common is enough.

use std::fmt;

use icu_properties::CodePointMapData;
use icu_properties::props::BidiClass;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;
use unicode_security::skeleton;

use super::characters::is_ignorable;

/// The forms that a name is seen in.
#[derive(Clone, PartialEq, Eq)]
pub struct Look(Vec<String>);

impl Look {
    pub(super) fn of(name: &str) -> Self {
        let plain: String = name.nfkc().filter(|c| !is_ignorable(*c)).collect();
        // A long ſ looks like an f, and NFKC makes it an s.
        let drawn: String = skeleton(name).collect();
        let seen: String = skeleton(&plain).collect();
        let foreign: String = plain.chars().flat_map(unless_ascii).collect();
        let mut forms: Vec<String> = [&plain, &drawn, &seen, &foreign]
            .into_iter()
            .map(|form| in_any_order(caseless(&skeleton(&caseless(form)).collect::<String>())))
            .collect();
        forms.sort();
        forms.dedup();
        Self(forms)
    }

    /// Whether one can be mistaken for the other.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        self.0.iter().any(|form| other.0.contains(form))
    }

    /// The forms, each a key to find other names by.
    pub fn forms(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// Names are personal: only how many forms there are shows.
impl fmt::Debug for Look {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Look({} forms)", self.0.len())
    }
}

fn unless_ascii(c: char) -> Vec<char> {
    match c.is_ascii() {
        true => vec![c],
        false => skeleton(c.encode_utf8(&mut [0; 4])).collect(),
    }
}

/// A letter a time: `str::to_lowercase` writes a sigma at the end of a word differently.
fn caseless(text: &str) -> String {
    let upper = text.chars().flat_map(char::to_uppercase);
    let lower = upper.flat_map(char::to_lowercase);
    // The capital İ of Turkish brings its dot along.
    let mut letter = None;
    let counts = |c: &char| {
        if !is_combining_mark(*c) {
            letter = Some(*c);
        }
        *c != '\u{307}' || letter != Some('i')
    };
    lower.filter(counts).collect()
}

/// Where writing runs both ways, the order of words on the screen does not tell their order in the text.
fn in_any_order(text: String) -> String {
    let (left, right) = directions(&text);
    if !(left && right) {
        return text;
    }
    let mut words: Vec<&str> = text.split_whitespace().collect();
    words.sort_unstable();
    words.join(" ")
}

/// Whether there are letters that run from left to right, and from right to left.
fn directions(text: &str) -> (bool, bool) {
    let classes = CodePointMapData::<BidiClass>::new();
    let classes = text.chars().map(|c| classes.get(c));
    classes.fold((false, false), |(left, right), class| match class {
        BidiClass::LeftToRight => (true, right),
        BidiClass::RightToLeft | BidiClass::ArabicLetter => (left, true),
        _ => (left, right),
    })
}

/// `value` as it stands in a sentence of others' words: in isolates (UAX #9, section 2.4) where its writing or that of the
/// sentence runs from right to left, so that neither turns the other around.
#[must_use]
pub fn isolated(value: &str, sentence: &str) -> String {
    let right_to_left = |text| directions(text).1;
    match right_to_left(value) || right_to_left(sentence) {
        true => format!("\u{2068}{value}\u{2069}"),
        false => value.to_owned(),
    }
}
