//! macOS: the User Notifications framework. Buttons come with a category, one for calls, one for missed calls and one for who asks to become a contact.
//!
//! The system delivers what was chosen to one delegate, on a thread of its own. Outside an app bundle (`cargo run`)
//! the framework ends the process on the first use, so there nothing is shown.

use block2::{DynBlock, RcBlock};
use objc2::rc::Retained;
use objc2::runtime::{Bool, NSObject, NSObjectProtocol, ProtocolObject};
use objc2::{AnyThread, DefinedClass, define_class, msg_send};
use objc2_foundation::{NSArray, NSBundle, NSError, NSSet, NSString};
use objc2_user_notifications::{
    UNAuthorizationOptions, UNMutableNotificationContent, UNNotification, UNNotificationAction,
    UNNotificationActionOptions, UNNotificationCategory, UNNotificationCategoryOptions,
    UNNotificationDefaultActionIdentifier, UNNotificationPresentationOptions,
    UNNotificationRequest, UNNotificationResponse, UNUserNotificationCenter,
    UNUserNotificationCenterDelegate,
};
use ringdown_core::identity::PublicKey;
use uuid::Uuid;

use super::{About, Choice, Choices, Chosen, Notice, Order, Orders};

define_class!(
    // SAFETY: NSObject asks nothing of its subclasses, and `Delegate` does not implement `Drop`.
    #[unsafe(super(NSObject))]
    #[ivars = Choices]
    struct Delegate;

    // SAFETY: it asks nothing.
    unsafe impl NSObjectProtocol for Delegate {}

    // SAFETY: the signatures are those of the protocol.
    unsafe impl UNUserNotificationCenterDelegate for Delegate {
        /// Shown while the app is in front as well.
        #[unsafe(method(userNotificationCenter:willPresentNotification:withCompletionHandler:))]
        fn will_present(
            &self,
            _center: &UNUserNotificationCenter,
            _notification: &UNNotification,
            done: &DynBlock<dyn Fn(UNNotificationPresentationOptions)>,
        ) {
            let options =
                UNNotificationPresentationOptions::Banner | UNNotificationPresentationOptions::List;
            done.call((options,));
        }

        #[unsafe(method(userNotificationCenter:didReceiveNotificationResponse:withCompletionHandler:))]
        fn did_receive(
            &self,
            _center: &UNUserNotificationCenter,
            response: &UNNotificationResponse,
            done: &DynBlock<dyn Fn()>,
        ) {
            let about = about(&response.notification().request().identifier().to_string());
            let action = response.actionIdentifier();
            // SAFETY: a constant of the framework.
            let choice = if action.isEqualToString(unsafe { UNNotificationDefaultActionIdentifier })
            {
                Some(Choice::Open)
            } else {
                Choice::parse(&action.to_string())
            };
            if let (Some(about), Some(choice)) = (about, choice) {
                // Nobody listens any more: the app closes.
                let _ = self.ivars().send(Chosen { about, choice });
            }
            done.call(());
        }
    }
);

impl Delegate {
    fn new(chosen: Choices) -> Retained<Self> {
        let this = Self::alloc().set_ivars(chosen);
        // SAFETY: NSObject's `init`.
        unsafe { msg_send![super(this), init] }
    }
}

/// Carries out orders until nobody can give any.
pub(super) async fn run(mut orders: Orders, chosen: Choices) {
    let bundled = NSBundle::mainBundle().bundleIdentifier().is_some();
    if bundled {
        listen(chosen);
    }
    let mut calls: Vec<About> = Vec::new();
    while let Some(order) = orders.recv().await {
        match order {
            Order::Show(notice) if bundled => {
                show(&notice);
                if matches!(notice.about, About::Call(_)) {
                    calls.push(notice.about);
                }
            }
            Order::PutAway(about) if bundled => {
                calls.retain(|call| *call != about);
                put_away(about);
            }
            Order::Finish(done) => {
                calls.drain(..).for_each(put_away);
                let _ = done.send(());
            }
            Order::Show(_) | Order::PutAway(_) => {}
        }
    }
}

/// Asks the person once whether we may, and hears what they choose from then on.
fn listen(chosen: Choices) {
    let center = UNUserNotificationCenter::currentNotificationCenter();
    let delegate = Delegate::new(chosen);
    center.setDelegate(Some(ProtocolObject::from_ref(&*delegate)));
    // The centre holds it weakly; it is wanted as long as the app runs.
    std::mem::forget(delegate);
    let answer = RcBlock::new(|granted: Bool, _: *mut NSError| {
        if !granted.as_bool() {
            tracing::info!("the person wants no notifications");
        }
    });
    center.requestAuthorizationWithOptions_completionHandler(
        UNAuthorizationOptions::Alert | UNAuthorizationOptions::Sound,
        &answer,
    );
}

fn show(notice: &Notice) {
    let center = UNUserNotificationCenter::currentNotificationCenter();
    let category = NSString::from_str(match notice.about {
        About::Call(_) => "call",
        About::Missed(_) => "missed",
        About::Requests => "requests",
    });
    let actions: Vec<_> = notice
        .buttons
        .iter()
        .map(|(choice, label)| {
            UNNotificationAction::actionWithIdentifier_title_options(
                &NSString::from_str(choice.as_str()),
                &NSString::from_str(label),
                match choice {
                    Choice::Decline => UNNotificationActionOptions::Destructive,
                    _ => UNNotificationActionOptions::Foreground,
                },
            )
        })
        .collect();
    center.setNotificationCategories(&NSSet::from_retained_slice(&[
        UNNotificationCategory::categoryWithIdentifier_actions_intentIdentifiers_options(
            &category,
            &NSArray::from_retained_slice(&actions),
            &NSArray::new(),
            UNNotificationCategoryOptions::empty(),
        ),
    ]));
    let content = UNMutableNotificationContent::new();
    content.setTitle(&NSString::from_str(&notice.title));
    content.setBody(&NSString::from_str(&notice.body));
    content.setCategoryIdentifier(&category);
    let request = UNNotificationRequest::requestWithIdentifier_content_trigger(
        &identifier(notice.about),
        &content,
        None,
    );
    center.addNotificationRequest_withCompletionHandler(&request, None);
}

fn put_away(about: About) {
    let center = UNUserNotificationCenter::currentNotificationCenter();
    let identifiers = NSArray::from_retained_slice(&[identifier(about)]);
    center.removePendingNotificationRequestsWithIdentifiers(&identifiers);
    center.removeDeliveredNotificationsWithIdentifiers(&identifiers);
}

/// [`identifier`] of [`About::Requests`].
const REQUESTS: &str = "requests";

/// By it the system hands back what a notification was about.
fn identifier(about: About) -> Retained<NSString> {
    NSString::from_str(&match about {
        About::Call(call) => format!("call {call}"),
        About::Missed(key) => format!("missed {key}"),
        About::Requests => REQUESTS.to_owned(),
    })
}

fn about(identifier: &str) -> Option<About> {
    if identifier == REQUESTS {
        return Some(About::Requests);
    }
    match identifier.split_once(' ')? {
        ("call", call) => Uuid::parse_str(call).ok().map(About::Call),
        ("missed", key) => key.parse::<PublicKey>().ok().map(About::Missed),
        _ => None,
    }
}
