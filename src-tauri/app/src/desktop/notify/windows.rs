//! Windows: toast notifications. A call is an "incoming call" toast, which stays and can be closed again.

use windows::Data::Xml::Dom::XmlDocument;
use windows::Foundation::TypedEventHandler;
use windows::UI::Notifications::{
    ToastActivatedEventArgs, ToastNotification, ToastNotificationManager,
};
use windows::core::{HSTRING, IInspectable, Interface, Result};

use super::{About, Choice, Choices, Chosen, Notice, Order, Orders};

/// Under this name the installer's shortcut is known to Windows: the identifier of tauri.conf.json.
const APP_ID: &str = "app.ringdown.desktop";

/// Carries out orders until nobody can give any.
pub(super) async fn run(mut orders: Orders, chosen: Choices) {
    let mut calls = Vec::new();
    while let Some(order) = orders.recv().await {
        match order {
            Order::Show(notice) => {
                if let Err(error) = show(&notice, &chosen) {
                    tracing::info!("{notice:?} could not be shown: {error}");
                } else if matches!(notice.about, About::Call(_)) {
                    calls.push(notice.about);
                }
            }
            Order::PutAway(about) => {
                calls.retain(|call| *call != about);
                put_away(about);
            }
            Order::Finish(done) => {
                calls.drain(..).for_each(put_away);
                let _ = done.send(());
            }
        }
    }
}

fn show(notice: &Notice, chosen: &Choices) -> Result<()> {
    let document = XmlDocument::new()?;
    document.LoadXml(&HSTRING::from(markup(notice)))?;
    let toast = ToastNotification::CreateToastNotification(&document)?;
    toast.SetTag(&tag(notice.about))?;
    toast.SetGroup(&group(notice.about))?;
    toast.SetSuppressPopup(notice.quietly)?;
    let (about, chosen) = (notice.about, chosen.clone());
    toast.Activated(&TypedEventHandler::new(
        move |_, arguments: windows::core::Ref<'_, IInspectable>| {
            let arguments: ToastActivatedEventArgs = arguments.ok()?.cast()?;
            if let Some(choice) = Choice::parse(&arguments.Arguments()?.to_string_lossy()) {
                // Nobody listens any more: the app closes.
                let _ = chosen.send(Chosen { about, choice });
            }
            Ok(())
        },
    ))?;
    ToastNotificationManager::CreateToastNotifierWithId(&HSTRING::from(APP_ID))?.Show(&toast)
}

/// An error says that it is gone already.
fn put_away(about: About) {
    let gone = ToastNotificationManager::History().and_then(|history| {
        history.RemoveGroupedTagWithId(&tag(about), &group(about), &HSTRING::from(APP_ID))
    });
    if let Err(error) = gone {
        tracing::debug!("a notification could not be closed: {error}");
    }
}

/// 64 characters at most.
fn tag(about: About) -> HSTRING {
    match about {
        About::Call(call) => HSTRING::from(call.simple().to_string()),
        About::Missed(key) => {
            let key = key.as_bytes().iter().take(16);
            HSTRING::from(key.map(|byte| format!("{byte:02x}")).collect::<String>())
        }
        About::Requests => HSTRING::from("all"),
    }
}

fn group(about: About) -> HSTRING {
    HSTRING::from(match about {
        About::Call(_) => "call",
        About::Missed(_) => "missed",
        About::Requests => "requests",
    })
}

fn markup(notice: &Notice) -> String {
    let scenario = match notice.about {
        About::Call(_) => "incomingCall",
        About::Missed(_) | About::Requests => "default",
    };
    let actions: String = notice
        .buttons
        .iter()
        .map(|(choice, label)| {
            let (label, choice) = (escaped(label), choice.as_str());
            format!(r#"<action content="{label}" arguments="{choice}"/>"#)
        })
        .collect();
    let (title, body) = (escaped(&notice.title), escaped(&notice.body));
    let open = Choice::Open.as_str();
    // We ring ourselves, on the device that was chosen for it.
    format!(
        r#"<toast launch="{open}" scenario="{scenario}"><visual><binding template="ToastGeneric"><text>{title}</text><text>{body}</text></binding></visual><actions>{actions}</actions><audio silent="true"/></toast>"#
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
