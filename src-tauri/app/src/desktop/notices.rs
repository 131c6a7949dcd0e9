//! What a notification says, and which buttons it has.

use super::notify::{About, Choice, Notice};
use super::scene::{Missed, Ringing};
use super::words::{Words, fill};
use crate::hub::{Happened, News};

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
    }
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
}
