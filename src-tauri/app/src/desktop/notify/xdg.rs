//! Linux and its relatives: `org.freedesktop.Notifications`, version 1.2 of the Desktop Notifications Specification.
//!
//! Spoken through zbus, which is in the program anyway, rather than through `notify-rust`: its handle is used up by
//! waiting for an action, so a call that ends could not be closed, and it brings a second zbus.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::StreamExt;
use zbus::Connection;
use zbus::zvariant::Value;

use super::{About, Choice, Choices, Chosen, Notice, Order, Orders};

/// As desktops group them. The second is the name of our .desktop file.
const APP: &str = "Ringdown";
const DESKTOP_ENTRY: &str = "Ringdown";
const ICON: &str = "ringdown";

/// A notification server that takes longer than this is taken for absent, so that what comes after is not held up.
const PATIENCE: Duration = Duration::from_secs(5);

/// The specification's `expire_timeout`: never, and as the server likes.
const NEVER: i32 = 0;
const AS_USUAL: i32 = -1;

#[zbus::proxy(
    interface = "org.freedesktop.Notifications",
    default_service = "org.freedesktop.Notifications",
    default_path = "/org/freedesktop/Notifications",
    gen_blocking = false
)]
trait Notifications {
    #[allow(
        clippy::too_many_arguments,
        reason = "the eight arguments of Notify in the Desktop Notifications Specification"
    )]
    fn notify(
        &self,
        app_name: &str,
        replaces_id: u32,
        app_icon: &str,
        summary: &str,
        body: &str,
        actions: &[&str],
        hints: HashMap<&str, Value<'_>>,
        expire_timeout: i32,
    ) -> zbus::Result<u32>;

    fn close_notification(&self, id: u32) -> zbus::Result<()>;

    fn get_capabilities(&self) -> zbus::Result<Vec<String>>;

    #[zbus(signal)]
    fn action_invoked(&self, id: u32, action_key: &str) -> zbus::Result<()>;

    #[zbus(signal)]
    fn notification_closed(&self, id: u32, reason: u32) -> zbus::Result<()>;
}

/// Carries out orders on the session's bus until nobody can give any.
pub(super) async fn run(orders: Orders, chosen: Choices) {
    let bus = zbus::connection::Builder::session().map(|builder| builder.method_timeout(PATIENCE));
    let bus = match bus {
        Ok(builder) => builder.build().await,
        Err(error) => Err(error),
    };
    match bus {
        Ok(bus) => run_on(bus, orders, chosen).await,
        Err(error) => {
            tracing::info!("no notifications, as there is no session bus: {error}");
            decline(orders).await;
        }
    }
}

/// [`run`] on this bus.
pub(super) async fn run_on(bus: Connection, orders: Orders, chosen: Choices) {
    if let Err(error) = Desk::carry_out(&bus, orders, &chosen).await {
        tracing::warn!("no notifications any more: {error}");
    }
}

/// There will be no notification; the app can close without waiting for one to go.
async fn decline(mut orders: Orders) {
    while let Some(order) = orders.recv().await {
        if let Order::Finish(done) = order {
            let _ = done.send(());
        }
    }
}

/// What is on the screen, by the server's numbers.
struct Desk<'a> {
    server: NotificationsProxy<'a>,
    shown: Vec<(About, u32)>,
}

impl Desk<'_> {
    async fn carry_out(bus: &Connection, mut orders: Orders, chosen: &Choices) -> zbus::Result<()> {
        let server = NotificationsProxy::new(bus).await?;
        // Heard before anything is shown: no choice is missed.
        let mut invoked = server.receive_action_invoked().await?;
        let mut closed = server.receive_notification_closed().await?;
        let mut desk = Desk {
            server,
            shown: Vec::new(),
        };
        loop {
            tokio::select! {
                order = orders.recv() => match order {
                    Some(order) => desk.order(order).await,
                    None => return Ok(()),
                },
                Some(signal) = invoked.next() => {
                    let signal = signal.args()?;
                    desk.invoked(signal.id, signal.action_key, chosen).await;
                }
                Some(signal) = closed.next() => {
                    let id = signal.args()?.id;
                    desk.shown.retain(|(_, shown)| *shown != id);
                }
                else => return Ok(()),
            }
        }
    }

    async fn order(&mut self, order: Order) {
        match order {
            Order::Show(notice) => {
                if let Err(error) = self.show(&notice).await {
                    tracing::info!("{notice:?} could not be shown: {error}");
                }
            }
            Order::PutAway(about) => self.put_away(about).await,
            Order::Finish(done) => {
                let calls: Vec<_> = self
                    .shown
                    .iter()
                    .map(|(about, _)| *about)
                    .filter(|about| matches!(about, About::Call(_)))
                    .collect();
                for call in calls {
                    self.put_away(call).await;
                }
                let _ = done.send(());
            }
        }
    }

    async fn show(&mut self, notice: &Notice) -> zbus::Result<()> {
        // Asked each time: the server may be another one by now.
        let abilities = self.server.get_capabilities().await?;
        let can = |ability| abilities.iter().any(|found| found == ability);
        let mut actions = Vec::new();
        if can("actions") {
            // Without words: servers that show it as a button would have two that say the same.
            actions.extend([Choice::Open.as_str(), ""]);
            for (choice, label) in &notice.buttons {
                actions.extend([choice.as_str(), label.as_str()]);
            }
        }
        let body = if can("body-markup") {
            escaped(&notice.body)
        } else {
            notice.body.clone()
        };
        let replaces = self.number(notice.about).unwrap_or_default();
        let (hints, expires) = insistence(notice);
        let id = self
            .server
            .notify(
                APP,
                replaces,
                ICON,
                &notice.title,
                &body,
                &actions,
                hints,
                expires,
            )
            .await?;
        self.shown.retain(|(about, _)| *about != notice.about);
        self.shown.push((notice.about, id));
        Ok(())
    }

    async fn put_away(&mut self, about: About) {
        let Some(id) = self.number(about) else { return };
        self.shown.retain(|(_, shown)| *shown != id);
        // An error says that it is gone already.
        if let Err(error) = self.server.close_notification(id).await {
            tracing::debug!("a notification could not be closed: {error}");
        }
    }

    /// Some servers leave a notification standing whose button was pressed.
    async fn invoked(&mut self, id: u32, action: &str, chosen: &Choices) {
        let about = self.shown.iter().find(|(_, shown)| *shown == id);
        let (Some((about, _)), Some(choice)) = (about.copied(), Choice::parse(action)) else {
            return;
        };
        // The call goes on ringing while the window is looked at.
        if choice != Choice::Open || !matches!(about, About::Call(_)) {
            self.put_away(about).await;
        }
        let _ = chosen.send(Chosen { about, choice });
    }

    fn number(&self, about: About) -> Option<u32> {
        let mut shown = self.shown.iter();
        shown.find(|(found, _)| *found == about).map(|(_, id)| *id)
    }
}

/// How much a server makes of it, and for how long. What is of low urgency does not come up on GNOME and lies among the others.
fn insistence(notice: &Notice) -> (HashMap<&'static str, Value<'static>>, i32) {
    const LOW: u8 = 0;
    const NORMAL: u8 = 1;
    const CRITICAL: u8 = 2;
    let (urgency, category, expires) = match notice.about {
        About::Call(_) => (CRITICAL, Some("call.incoming"), NEVER),
        About::Missed(_) => (NORMAL, Some("call.unanswered"), AS_USUAL),
        // The specification has no category that fits.
        About::Requests => (NORMAL, None, AS_USUAL),
    };
    let urgency = if notice.quietly { LOW } else { urgency };
    let mut hints = HashMap::from([
        ("urgency", Value::from(urgency)),
        ("desktop-entry", Value::from(DESKTOP_ENTRY)),
        // We ring ourselves, on the device that was chosen for it; and who asks to become a contact makes no sound at all.
        ("suppress-sound", Value::from(true)),
    ]);
    hints.extend(category.map(|category| ("category", Value::from(category))));
    (hints, expires)
}

/// The body may hold markup; what others wrote must not be any.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
