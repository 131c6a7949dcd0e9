//! What a server says, made safe to show and to log: it chooses the words, and nobody has to trust it.

/// The longest sentence of a server's that is shown, in characters.
const MAX_CHARS: usize = 200;

/// The beginning of the sentence on one line, without what turns the direction of writing around.
pub(super) fn legible(sentence: &str) -> String {
    let directs = |c: &char| {
        matches!(
            c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
    };
    let plain = |c: char| match c {
        '\u{2028}' | '\u{2029}' => ' ',
        c if c.is_control() => ' ',
        c => c,
    };
    let shown = sentence.chars().filter(|c| !directs(c)).map(plain);
    shown.take(MAX_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::OfflineReason;
    use crate::wire::ErrorCode;

    #[test]
    fn a_server_that_refuses_writes_one_short_line() {
        let sentence = format!("Go\n\u{1b}[2J away\u{202e}!{}", "x".repeat(30_000));
        let refused = OfflineReason::of_error(ErrorCode::WrongAudience, sentence).unwrap();
        let shown = refused.to_string();
        assert!(
            shown.starts_with("The server refused: Go  [2J away!x"),
            "{shown}"
        );
        assert_eq!(shown.chars().count(), 20 + MAX_CHARS);
    }
}
