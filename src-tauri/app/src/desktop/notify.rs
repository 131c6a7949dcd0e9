//! Native notifications: somebody calls, somebody has called, somebody asks to become a contact.
//!
//! ```text
//! hub -- show, put_away --> Notifier --> one task --> the system's notifications
//! hub <------------------- Chosen ------- (xdg.rs, windows.rs or macos.rs)
//! ```
//!
//! One task owns what is shown, so that "it is over" never overtakes "somebody calls". A desktop without notifications
//! is no error: the popup and the window tell of the call too.

#[cfg(target_os = "macos")]
#[path = "notify/macos.rs"]
mod system;
#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
mod system {
    //! Systems whose notifications we don't know.
    pub(super) async fn run(mut orders: super::Orders, _chosen: super::Choices) {
        while orders.recv().await.is_some() {}
    }
}
#[cfg(windows)]
#[path = "notify/windows.rs"]
mod system;
#[cfg(target_os = "linux")]
#[path = "notify/xdg.rs"]
mod system;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;

use ringdown_core::identity::PublicKey;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

type Orders = mpsc::UnboundedReceiver<Order>;
type Choices = mpsc::UnboundedSender<Chosen>;

/// What a notification is about. There is one of each at most: a second takes the place of the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// This call rings.
    Call(Uuid),
    /// Calls of this contact were missed, or it is time to call them.
    Missed(PublicKey),
    /// Who asks to become a contact: however many do, they have one notification.
    Requests,
}

/// A button of a notification, or the notification itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// Answer with what the caller offers.
    Accept,
    /// Answer without picture.
    AcceptVoice,
    /// Refuse.
    Decline,
    /// Refuse, and call back in ten minutes.
    Later,
    /// Put the call that is on on hold and answer this one.
    HoldAndAccept,
    /// End the call that is on and answer this one.
    EndAndAccept,
    /// Call them back.
    CallBack,
    /// Show the window: the notification itself was clicked.
    Open,
}

impl Choice {
    /// As systems that hand back a string know it. "default" is the specification's word for the notification itself.
    fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::AcceptVoice => "accept-voice",
            Self::Decline => "decline",
            Self::Later => "later",
            Self::HoldAndAccept => "hold-and-accept",
            Self::EndAndAccept => "end-and-accept",
            Self::CallBack => "call-back",
            Self::Open => "default",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let all = [
            Self::Accept,
            Self::AcceptVoice,
            Self::Decline,
            Self::Later,
            Self::HoldAndAccept,
            Self::EndAndAccept,
            Self::CallBack,
            Self::Open,
        ];
        all.into_iter().find(|choice| choice.as_str() == text)
    }
}

/// The person has chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chosen {
    /// On which notification.
    pub about: About,
    /// What.
    pub choice: Choice,
}

/// A notification, in the words that the person reads.
#[derive(Clone, PartialEq, Eq)]
pub struct Notice {
    /// What it is about; this decides how insistent it is.
    pub about: About,
    /// One line.
    pub title: String,
    /// A few words more, plain text. May be empty.
    pub body: String,
    /// The buttons with what is written on them, the most important first.
    pub buttons: Vec<(Choice, String)>,
    /// It says anew what was shown before: it may lie among the others without coming up.
    pub quietly: bool,
}

impl std::fmt::Debug for Notice {
    /// Names stay out of logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match self.about {
            About::Call(_) => "a call",
            About::Missed(_) => "missed calls",
            About::Requests => "requests",
        };
        write!(f, "Notice {{ {kind}, {} buttons }}", self.buttons.len())
    }
}

#[derive(Debug)]
enum Order {
    Show(Notice),
    PutAway(About),
    Finish(oneshot::Sender<()>),
}

/// Shows notifications. Clones show them in the same place.
#[derive(Debug, Clone)]
pub struct Notifier(mpsc::UnboundedSender<Order>);

impl Notifier {
    /// Starts on the current runtime. What is chosen goes to `chosen`.
    #[must_use]
    pub fn start(chosen: mpsc::UnboundedSender<Chosen>) -> Self {
        let (orders, queue) = mpsc::unbounded_channel();
        tokio::spawn(system::run(queue, chosen));
        Self(orders)
    }

    /// Shows this until the person chooses, puts it away, or [`Notifier::put_away`] is called.
    pub fn show(&self, notice: Notice) {
        self.order(Order::Show(notice));
    }

    /// Takes it off the screen at once. Nothing to take off is fine.
    pub fn put_away(&self, about: About) {
        self.order(Order::PutAway(about));
    }

    /// Takes every ringing call off the screen and waits until that is done: the app closes.
    pub async fn finish(&self) {
        let (done, wait) = oneshot::channel();
        self.order(Order::Finish(done));
        // Not answered: there is no notification that could be left.
        let _ = wait.await;
    }

    /// Where there are no notifications, nobody takes orders.
    fn order(&self, order: Order) {
        let _ = self.0.send(order);
    }
}
