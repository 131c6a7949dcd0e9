//! What a notification says, and which buttons it has.

use super::notify::{About, Choice, Notice};
use super::scene::{Asked, Missed, Ringing, Who};
use super::words::{Words, fill};
use crate::hub::{Happened, News};
use crate::ipc::RequestView;

pub(super) fn call_notice(ringing: &Ringing, words: &Words) -> Notice {
    let mut buttons = Vec::new();
    match (&ringing.during, ringing.video) {
        (Some(_), _) => buttons.extend([
            (Choice::HoldAndAccept, words.hold_and_accept.clone()),
            (Choice::EndAndAccept, words.end_and_accept.clone()),
        ]),
        (None, true) => buttons.extend([
            (Choice::Accept, words.accept.clone()),
            (Choice::AcceptVoice, words.accept_voice.clone()),
        ]),
        (None, false) => buttons.push((Choice::Accept, words.accept.clone())),
    }
    buttons.push((Choice::Decline, words.decline.clone()));
    if ringing.during.is_none() {
        buttons.push((Choice::Later, words.later.clone()));
    }
    let kind = if ringing.video {
        &words.video_call
    } else {
        &words.voice_call
    };
    let (title, body) = match &ringing.during {
        None => (&words.calling, kind.clone()),
        Some(name) => {
            let during = fill(&words.during, &[("name", name)]);
            (&words.calling_too, format!("{kind}. {during}"))
        }
    };
    Notice {
        about: About::Call(ringing.call),
        title: fill(title, &[("name", &ringing.name)]),
        body,
        buttons,
        quietly: false,
    }
}

pub(super) fn missed_notice(missed: &Missed, words: &Words) -> Notice {
    let count = missed.count.to_string();
    let template = if missed.count == 1 {
        &words.missed_one
    } else {
        &words.missed_many
    };
    Notice {
        about: About::Missed(missed.contact),
        title: fill(template, &[("name", &missed.name), ("count", &count)]),
        body: String::new(),
        buttons: vec![(Choice::CallBack, words.call_back.clone())],
        quietly: false,
    }
}

pub(super) fn news_notice(news: &News, words: &Words) -> Notice {
    let template = match news.what {
        Happened::Missed => &words.missed_one,
        Happened::CallBackDue => &words.remind,
        Happened::Free => &words.free,
    };
    Notice {
        about: About::Missed(news.contact),
        title: fill(template, &[("name", &news.name.to_string())]),
        body: String::new(),
        buttons: vec![(
            Choice::CallBack,
            fill(&words.call, &[("name", &news.name.to_string())]),
        )],
        quietly: false,
    }
}

/// Who asks is a stranger, and says themselves what they are called: the only thing of theirs that is shown is one name, which
/// [`ringdown_core::name::DisplayName`] keeps short and on one line. There are no buttons: whom to accept is decided where the
/// whole request is seen.
pub(super) fn asked_notice(asked: &Asked, words: &Words) -> Notice {
    let (title, body) = match &asked.who {
        Who::One(asking) => (
            fill(&words.asks, &[("name", &asking.name)]),
            warning(asking, words),
        ),
        Who::Several { count, doubtful } => (
            fill(&words.asks_several, &[("count", &count.to_string())]),
            doubtful
                .then(|| words.asks_doubt.clone())
                .unwrap_or_default(),
        ),
    };
    Notice {
        about: About::Requests,
        title,
        body,
        buttons: Vec::new(),
        quietly: asked.again,
    }
}

/// Why the person may not be who the name says, as the window says it.
fn warning(asking: &RequestView, words: &Words) -> String {
    let known = asking.namesake.as_ref();
    let namesake = known.map(|known| fill(&words.asks_namesake, &[("name", known)]));
    let shared = asking.shared.then(|| words.asks_shared.clone());
    let alike = asking.alike.then(|| words.asks_alike.clone());
    let warnings: Vec<_> = [namesake, shared, alike].into_iter().flatten().collect();
    warnings.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringdown_core::identity::Identity;
    use uuid::Uuid;

    #[test]
    fn a_voice_call_offers_no_picture_to_leave_out() {
        let mut ringing = Ringing {
            call: Uuid::nil(),
            contact: Identity::from_seed([1; 32]).public(),
            name: "Alice".into(),
            video: true,
            verified: false,
            during: None,
        };
        let choices = |ringing: &Ringing| -> Vec<Choice> {
            let notice = call_notice(ringing, &Words::default());
            assert_eq!(notice.title, "Alice is calling");
            notice
                .buttons
                .into_iter()
                .map(|(choice, _)| choice)
                .collect()
        };
        assert_eq!(
            choices(&ringing),
            [
                Choice::Accept,
                Choice::AcceptVoice,
                Choice::Decline,
                Choice::Later
            ]
        );
        ringing.video = false;
        assert_eq!(
            choices(&ringing),
            [Choice::Accept, Choice::Decline, Choice::Later]
        );
    }

    #[test]
    fn who_calls_during_a_call_can_be_answered_in_two_ways() {
        let ringing = Ringing {
            call: Uuid::nil(),
            contact: Identity::from_seed([3; 32]).public(),
            name: "Carol".into(),
            video: false,
            verified: false,
            during: Some("Alice".into()),
        };
        let notice = call_notice(&ringing, &Words::default());
        assert_eq!(notice.title, "Carol is calling too");
        assert_eq!(notice.body, "Voice call. You are in a call with Alice.");
        let choices: Vec<_> = notice
            .buttons
            .into_iter()
            .map(|(choice, _)| choice)
            .collect();
        let wanted = [Choice::HoldAndAccept, Choice::EndAndAccept, Choice::Decline];
        assert_eq!(choices, wanted);
    }

    #[test]
    fn one_missed_call_is_not_counted() {
        let title = |count| {
            let missed = Missed {
                contact: Identity::from_seed([1; 32]).public(),
                name: "Alice".into(),
                count,
            };
            missed_notice(&missed, &Words::default()).title
        };
        assert_eq!(title(1), "Missed call from Alice");
        assert_eq!(title(3), "3 missed calls from Alice");
    }

    fn asking(name: &str) -> RequestView {
        RequestView {
            key: "key".into(),
            name: name.into(),
            namesake: None,
            alike: false,
            shared: false,
            received_ms: 0,
        }
    }

    fn notice_of(who: Who, again: bool) -> Notice {
        asked_notice(&Asked { who, again }, &Words::default())
    }

    #[test]
    fn a_request_is_told_by_name_and_has_no_button_to_accept_it_unseen() {
        let notice = notice_of(Who::One(asking("Carol")), false);
        assert_eq!(notice.title, "Carol would like to call you");
        assert!(notice.body.is_empty() && notice.buttons.is_empty() && !notice.quietly);
    }

    #[test]
    fn a_request_under_a_name_like_a_contacts_says_all_that_the_window_warns_of() {
        let mut posing = asking("Аlice");
        posing.namesake = Some("Alice".into());
        let notice = notice_of(Who::One(posing.clone()), false);
        assert!(
            notice
                .body
                .starts_with("This is not the Alice you already know"),
            "{}",
            notice.body
        );
        (posing.alike, posing.shared) = (true, true);
        let notice = notice_of(Who::One(posing), false);
        for warning in [
            "Alice you already know",
            "one-time invite",
            "looks the same",
        ] {
            assert!(notice.body.contains(warning), "{}", notice.body);
        }
    }

    #[test]
    fn several_are_counted_and_a_doubtful_one_among_them_is_warned_of() {
        let several = |doubtful| Who::Several { count: 3, doubtful };
        let notice = notice_of(several(false), true);
        assert_eq!(notice.title, "3 people would like to call you");
        assert!(notice.body.is_empty() && notice.quietly);
        let notice = notice_of(several(true), true);
        assert!(notice.body.contains("may not be who"), "{}", notice.body);
    }
}
