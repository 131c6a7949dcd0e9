//! The words that are not drawn by the window: on notifications and in the tray's menu.
//!
//! They are English until the window, which knows the person's language and has all translations, hands over its own.

use ringdown_core::name::isolated;
use serde::Deserialize;
use ts_rs::TS;

/// Templates hold `{name}`, `{count}` or `{time}`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "snake_case", default)]
pub struct Words {
    /// `{name}` is calling.
    pub calling: String,
    /// Somebody wants to see and be seen.
    pub video_call: String,
    /// Somebody wants to talk.
    pub voice_call: String,
    /// Answer.
    pub accept: String,
    /// Answer without picture.
    pub accept_voice: String,
    /// Refuse.
    pub decline: String,
    /// `{name}` is calling while the person is in a call.
    pub calling_too: String,
    /// The person is in a call with `{name}`.
    pub during: String,
    /// Put the call that is on on hold and answer the other.
    pub hold_and_accept: String,
    /// End the call that is on and answer the other.
    pub end_and_accept: String,
    /// One call of `{name}` was missed.
    pub missed_one: String,
    /// `{count}` calls of `{name}` were missed.
    pub missed_many: String,
    /// Call the one whose call was missed.
    pub call_back: String,
    /// Refuse, and call back in ten minutes.
    pub later: String,
    /// It is time to call `{name}` back.
    pub remind: String,
    /// `{name}` can be called now.
    pub free: String,
    /// `{name}` asks to become a contact.
    pub asks: String,
    /// `{count}` people do, at least two.
    pub asks_several: String,
    /// Who asks looks like the contact `{name}`, and is somebody else.
    pub asks_namesake: String,
    /// Others ask with the same one-time invite.
    pub asks_shared: String,
    /// Somebody else asks under a name that looks the same.
    pub asks_alike: String,
    /// One of those three holds for some of several who ask.
    pub asks_doubt: String,
    /// The tray: call `{name}`.
    pub call: String,
    /// The tray: show the window.
    pub open: String,
    /// The tray: `{count}` calls were missed, of whomever.
    pub missed: String,
    /// The tray: no sound, no popup.
    pub quiet: String,
    /// The tray: and that until `{time}`.
    pub quiet_until: String,
    /// For an hour.
    pub quiet_hour: String,
    /// Until tomorrow.
    pub quiet_tomorrow: String,
    /// Not any more.
    pub quiet_off: String,
    /// End the app.
    pub quit: String,
}

impl Default for Words {
    fn default() -> Self {
        let own = str::to_owned;
        Self {
            calling: own("{name} is calling"),
            video_call: own("Video call"),
            voice_call: own("Voice call"),
            accept: own("Accept"),
            accept_voice: own("Accept without video"),
            decline: own("Decline"),
            calling_too: own("{name} is calling too"),
            during: own("You are in a call with {name}."),
            hold_and_accept: own("Hold and accept"),
            end_and_accept: own("End and accept"),
            missed_one: own("Missed call from {name}"),
            missed_many: own("{count} missed calls from {name}"),
            call_back: own("Call back"),
            later: own("Not now, in 10 min"),
            remind: own("Call {name} back"),
            free: own("{name} can be called now"),
            asks: own("{name} would like to call you"),
            asks_several: own("{count} people would like to call you"),
            asks_namesake: own(
                "This is not the {name} you already know: it is another person, or {name} with a new identity. Ask them another way before you accept.",
            ),
            asks_shared: own(
                "Several people ask with this one-time invite, which was for one person. Ask your friend another way which of them they are before you accept.",
            ),
            asks_alike: own(
                "Somebody else asks under a name that looks the same. Ask your friend another way which of them they are before you accept.",
            ),
            asks_doubt: own(
                "At least one of them may not be who their name says. Read the warning before you accept.",
            ),
            call: own("Call {name}"),
            open: own("Open Ringdown"),
            missed: own("Missed calls: {count}"),
            quiet: own("Do not disturb"),
            quiet_until: own("Do not disturb until {time}"),
            quiet_hour: own("For an hour"),
            quiet_tomorrow: own("Until tomorrow"),
            quiet_off: own("Off"),
            quit: own("Quit"),
        }
    }
}

/// Puts values into a template, all at once: a name that looks like a placeholder stays a name, and one that is written from right
/// to left turns no sentence around.
#[must_use]
pub fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let value = after.split_once('}').and_then(|(name, after)| {
            let value = values.iter().find(|(known, _)| *known == name)?;
            Some((value.1, after))
        });
        match value {
            Some((value, after)) => {
                filled.push_str(&isolated(value, template));
                rest = after;
            }
            None => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_looks_like_a_placeholder_stays_a_name() {
        let filled = fill(
            "{count} missed calls from {name}",
            &[("name", "{count}"), ("count", "2")],
        );
        assert_eq!(filled, "2 missed calls from {count}");
    }

    #[test]
    fn a_name_in_hebrew_leaves_the_sentence_around_it_as_it_is() {
        let filled = fill("{name} is calling", &[("name", "שרה 3")]);
        assert_eq!(filled, "\u{2068}שרה 3\u{2069} is calling");
    }

    #[test]
    fn what_is_no_placeholder_stays() {
        assert_eq!(fill("{ {x} {name", &[("name", "Bob")]), "{ {x} {name");
        assert_eq!(fill("{name}", &[("name", "Bob")]), "Bob");
    }
}
