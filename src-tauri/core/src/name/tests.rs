//! Names people have, names people pretend to have, and what is no name.

use super::*;
use crate::tests::random::Random;

fn parsed(text: &str) -> Result<String, NameError> {
    DisplayName::parse(text).map(|name| name.to_string())
}

fn received(text: &str) -> Result<String, NameError> {
    DisplayName::received(text).map(|name| name.to_string())
}

fn look(text: &str) -> Look {
    DisplayName::parse(text).unwrap().look()
}

#[test]
fn white_space_is_trimmed_and_collapsed() {
    assert_eq!(
        parsed("  Bob \t van\u{a0}\u{3000}\u{2800} Dam\n"),
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
    for name in [
        "李小龙",
        "O’Neill-Łuczak",
        "שרה",
        "שָׁרָה",
        "مُحَمَّد",
        "Nguyễn Thị Ánh",
        "สมชาย น้ำ",
        "བསྟན་འཛིན་རྒྱ་མཚོ",
        "ကျော်စွာ",
        "👩‍👩‍👧",
        "👨🏻‍🦰 Ron",
        "Zoë ❤️",
        "Player 1️⃣",
        "🏴󠁧󠁢󠁳󠁣󠁴󠁿 Iain",
        "🏴‍☠️",
        // Unseen, and needed: Persian, Sinhala, Malayalam as it was written once, a Japanese family name, Mongolian.
        "مریم\u{200c}ها",
        "ශ\u{dca}\u{200d}රී",
        "അനില\u{d4d}\u{200d}",
        "葛\u{e0100}城",
        "ᠰᠠᠷᠠ\u{180e}ᠨ",
    ] {
        assert_eq!(parsed(name), Ok(name.nfc().collect()), "{name:?}");
    }
}

#[test]
fn nothing_to_see_is_no_name() {
    for name in ["", "   ", "\n\n"] {
        assert_eq!(parsed(name), Err(NameError::Empty), "{name:?}");
        assert_eq!(received(name), Err(NameError::Empty), "{name:?}");
    }
    for name in [
        "\u{200b}",
        "\u{2060} \u{feff}",
        "\u{3164}",
        "\u{2800}",
        "\u{301}",
    ] {
        assert_eq!(parsed(name), Err(NameError::Empty), "{name:?}");
        assert_eq!(received(name), Ok("\u{fffd}".into()), "{name:?}");
    }
}

#[test]
fn sixty_four_characters_fit_and_one_more_does_not() {
    assert!(parsed(&"ë".repeat(64)).is_ok());
    // Decomposed, it is 128 characters, and 64 once composed.
    assert!(parsed(&"e\u{308}".repeat(64)).is_ok());
    assert_eq!(parsed(&"x".repeat(65)), Err(NameError::TooLong(65)));
    assert_eq!(received(&"x".repeat(200)), Err(NameError::TooLong(200)));
}

#[test]
fn what_rewrites_the_text_around_it_is_refused_whoever_wrote_it() {
    for bad in ["\u{202e}", "\u{202a}", "\u{2066}", "\u{2069}"] {
        let bad = format!("Bob{bad}exe");
        assert_eq!(parsed(&bad), Err(NameError::Bidirectional));
        assert_eq!(received(&bad), Err(NameError::Bidirectional));
    }
    for bad in ["\n", "\r\n", "\u{2028}", "\u{85}"] {
        let bad = format!("Bob{bad}exe");
        assert_eq!(parsed(&bad), Err(NameError::LineBreak));
        assert_eq!(received(&bad), Err(NameError::LineBreak));
    }
    for bad in ["\0", "\u{1b}[31m", "\u{7f}", "\u{9b}"] {
        let bad = format!("Bob{bad}exe");
        assert_eq!(parsed(&bad), Err(NameError::Control));
        assert_eq!(received(&bad), Err(NameError::Control));
    }
}

#[test]
fn what_can_not_be_seen_is_not_typed_and_is_taken_out_of_what_others_wrote() {
    use NameError::{Bidirectional, Control, Private};
    for (bad, why, left) in [
        ("Al\u{200b}ice", Control, "Alice"),
        ("Al\u{ad}ice", Control, "Alice"),
        ("Alice\u{2060}", Control, "Alice"),
        ("\u{feff}Alice", Control, "Alice"),
        ("Al\u{34f}ice", Control, "Alice"),
        ("Alice\u{3164}", Control, "Alice"),
        ("Alice \u{3164} B", Control, "Alice B"),
        // Joiners that part nothing and join nothing, and selectors of nothing.
        ("Al\u{200c}ice", Control, "Alice"),
        ("Al\u{200d}ice", Control, "Alice"),
        ("مریم\u{200c}", Control, "مریم"),
        ("ශ\u{dca}\u{200d}\u{200d}රී", Control, "ශ\u{dca}\u{200d}රී"),
        ("Alice\u{fe0f}", Control, "Alice"),
        ("Alice 1\u{fe0f}", Control, "Alice 1"),
        ("❤\u{fe0f}\u{fe0f}", Control, "❤\u{fe0f}"),
        ("Alice\u{e0100}", Control, "Alice"),
        ("Alice\u{180b}", Control, "Alice"),
        // Text in tags, which no screen shows.
        ("🏴\u{e0068}\u{e0069}\u{e007f}", Control, "🏴"),
        ("Alice\u{e0041}", Control, "Alice"),
        ("Alice\u{fff9}", Control, "Alice"),
        ("Alice\u{ffff}", Control, "Alice\u{fffd}"),
        ("Alice\u{200e}", Bidirectional, "Alice"),
        ("\u{200f}Alice", Bidirectional, "Alice"),
        ("Al\u{61c}ice", Bidirectional, "Alice"),
        ("Alice \u{f8ff}", Private, "Alice \u{fffd}"),
        ("Alice \u{fffc}", Private, "Alice \u{fffd}"),
    ] {
        assert_eq!(parsed(bad), Err(why), "{bad:?}");
        assert_eq!(received(bad), Ok(left.into()), "{bad:?}");
        let json = serde_json::to_string(bad).unwrap();
        let read: DisplayName = serde_json::from_str(&json).unwrap();
        assert_eq!(read.as_str(), left);
    }
}

#[test]
fn marks_do_not_pile_up_over_other_lines() {
    let zalgo = format!("Zalgo{}", "\u{30d}\u{310}".repeat(20));
    assert_eq!(parsed(&zalgo), Err(NameError::Marks));
    let read = received(&zalgo).unwrap();
    assert_eq!(read.chars().count(), 5 + MAX_MARKS);
    for (bad, left) in [
        ("\u{301}Alice", "Alice"),
        ("Bob \u{20dd}", "Bob"),
        ("Bob\u{20dd}\u{20dd}", "Bob\u{20dd}"),
        ("\u{93e}Bob", "Bob"),
        ("Zoë\u{308}", "Zoë"),
    ] {
        assert_eq!(parsed(bad), Err(NameError::Marks), "{bad:?}");
        assert_eq!(received(bad), Ok(left.into()), "{bad:?}");
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
    let name = DisplayName::parse("Bob").unwrap();
    assert_eq!(format!("{name:?}"), "Name(3 characters)");
    assert!(!format!("{:?}", name.look()).contains("bob"));
}

/// From confusables.txt of UTS #39, and what people do with case.
#[test]
fn names_that_look_alike_are_seen_as_alike() {
    for (one, other) in [
        ("Alice", "alice"),
        ("Alice", "ALICE"),
        ("Alice", "АLICE"),
        ("Alice", "Аlісе"),
        ("Alice", "AIice"),
        ("Alice", "A1ice"),
        ("Alice", "A|ice"),
        ("Alice", "Αlice"),
        ("Alice", "Ａｌｉｃｅ"),
        ("Alice", "𝐀𝐥𝐢𝐜𝐞"),
        ("Alice", "ⓐⓛⓘⓒⓔ"),
        ("Alice", "Ꭺlice"),
        ("Bob", "B0b"),
        ("Bob", "Воb"),
        ("BOB", "ВОВ"),
        ("Bill", "ВILL"),
        ("Olga", "0LGA"),
        ("Emma", "Ernrna"),
        ("Tom", "Torn"),
        ("Paul", "раul"),
        ("Zoë", "ZOE\u{308}"),
        ("Нина", "НИНА"),
        ("Νίκος", "ΝΊΚΟΣ"),
        ("İpek", "ipek"),
        ("Groß", "GROSS"),
        ("Jose\u{301}", "JOSÉ"),
        ("Ali אבג", "אבג Ali"),
        // What is unseen does not count, also where it may stand.
        ("مریمها", "مریم\u{200c}ها"),
        ("葛城", "葛\u{e0100}城"),
        ("❤", "❤\u{fe0f}"),
    ] {
        assert!(look(one).is_like(&look(other)), "{one} {other}");
        assert!(look(other).is_like(&look(one)), "{other} {one}");
    }
}

#[test]
fn different_names_stay_different() {
    for (one, other) in [
        ("Alice", "Alicia"),
        ("Kai", "Kal"),
        ("Ali", "Eli"),
        ("Zoe", "Zoë"),
        ("Bob", "Rob"),
        ("Anna", "Ana"),
        ("Alice 1", "Alice 2"),
        ("Alice", "Alice (2)"),
        ("李小龙", "李小虎"),
        ("さくら", "さくろ"),
        ("Иван", "Иваe"),
        ("علي", "عليا"),
        ("Bob from work", "Bob"),
    ] {
        assert!(!look(one).is_like(&look(other)), "{one} {other}");
    }
}

/// A text of pieces that mean something beside each other.
fn wild(random: &mut Random) -> String {
    const PIECES: [&str; 34] = [
        "a",
        "L",
        "I",
        "m",
        "ß",
        "İ",
        "Σ",
        " ",
        "\u{2800}",
        "é",
        "e",
        "\u{301}",
        "\u{308}",
        "\u{20e3}",
        "1",
        "\u{fe0f}",
        "\u{200d}",
        "\u{200c}",
        "\u{200b}",
        "\u{200f}",
        "م",
        "ه",
        "א",
        "क",
        "\u{94d}",
        "\u{93e}",
        "👩",
        "🏴",
        "\u{e0067}",
        "葛",
        "\u{e0100}",
        "\u{f8ff}",
        "ᠠ",
        "\u{180b}",
    ];
    let count = 1 + random.below(24);
    (0..count).map(|_| random.pick(&PIECES)).collect()
}

#[test]
fn whatever_is_read_is_a_name_that_could_have_been_typed_and_looks_like_itself() {
    let mut random = Random::new(39);
    let mut typed = 0;
    for _ in 0..2_000 {
        let text = wild(&mut random);
        let Ok(name) = DisplayName::received(&text) else {
            assert_eq!(text.trim(), "", "{text:?}");
            continue;
        };
        assert_eq!(
            DisplayName::parse(name.as_str()),
            Ok(name.clone()),
            "{text:?}"
        );
        assert_eq!(
            DisplayName::received(name.as_str()),
            Ok(name.clone()),
            "{text:?}"
        );
        if let Ok(parsed) = DisplayName::parse(&text) {
            assert_eq!(parsed, name, "{text:?}");
            typed += 1;
        }
        let (upper, lower) = (name.as_str().to_uppercase(), name.as_str().to_lowercase());
        for changed in [upper, lower] {
            let Ok(changed) = DisplayName::received(&changed) else {
                continue;
            };
            let looks = (name.look(), changed.look());
            let forms = |look: &Look| look.forms().map(str::to_owned).collect::<Vec<_>>();
            let shown = (forms(&looks.0), forms(&looks.1));
            assert!(
                looks.0.is_like(&looks.1),
                "{text:?} {name} {changed} {shown:?}"
            );
        }
    }
    assert!(typed > 100, "{typed}");
}

#[test]
fn every_letter_that_unicode_calls_a_double_of_an_ascii_letter_is_one_in_a_name() {
    let mut doubles = 0;
    for c in ('\u{a1}'..='\u{1ffff}').filter(|c| c.is_alphabetic()) {
        let double: String = unicode_security::skeleton(c.encode_utf8(&mut [0; 4])).collect();
        if double.is_empty() || !double.chars().all(|c| c.is_ascii_alphabetic()) {
            continue;
        }
        let (real, fake) = (format!("Xy{double}z"), format!("Xy{c}z"));
        assert!(look(&real).is_like(&look(&fake)), "{c:?} {double}");
        doubles += 1;
    }
    assert!(doubles > 500, "{doubles}");
}

#[test]
fn a_number_tells_two_of_one_name_apart_and_fits() {
    let name = DisplayName::parse(&"ë".repeat(64)).unwrap();
    let second = name.numbered(2);
    assert_eq!(second.as_str().chars().count(), MAX_NAME_CHARS);
    assert!(second.as_str().ends_with("ë (2)"));
    assert!(!second.look().is_like(&name.look()));
}

#[test]
fn a_name_turns_no_sentence_around() {
    assert_eq!(isolated("Alice", "{name} is calling"), "Alice");
    assert_eq!(isolated("שרה", "{name} is calling"), "\u{2068}שרה\u{2069}");
    assert_eq!(isolated("Alice", "{name} يتصل"), "\u{2068}Alice\u{2069}");
}
