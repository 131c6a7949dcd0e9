//! What Ringdown does on the desktop besides its window: it notifies, has a popup of its own for calls, and waits in
//! the tray.
//!
//! ```text
//! hub -- snapshots --> Scene -- deeds --> notify, popup, tray
//! hub <-- Wish ------- Desktop <--------- what the person chose there
//! ```
//!
//! Nothing here decides anything about calls: each is another view of the hub's state, as the window is.

pub mod autostart;
mod notices;
pub mod notify;
pub mod popup;
pub mod scene;
#[cfg(test)]
#[cfg(target_os = "linux")]
pub(crate) mod stage;
pub mod tray;
mod wish;
pub mod words;

use std::sync::{Arc, Mutex};

use tauri::AppHandle;
use tokio::sync::{mpsc, watch};

use self::notices::{asked_notice, call_notice, missed_notice, news_notice};
use self::notify::{About, Choice, Chosen, Notifier};
use self::popup::{Popup, PopupAnswer};
use self::scene::{Deed, Ringing, Scene};
use self::tray::{Tray, TrayChoice};
pub use self::wish::Wish;
use self::words::Words;
use crate::hub::News;
use crate::ipc::Snapshot;

/// The desktop. Told what is so, never asks.
#[derive(Debug)]
pub struct Desktop {
    app: AppHandle,
    scene: Mutex<Scene>,
    words: Mutex<Words>,
    notifier: Notifier,
    popup: Popup,
    tray: Option<Arc<Mutex<Tray>>>,
    /// Somebody shows tray icons.
    tray_shown: watch::Receiver<bool>,
    wishes: mpsc::UnboundedSender<Wish>,
}

impl Desktop {
    /// Starts; to be called on the main thread. `unseen` brings a call before the person where no popup can be made.
    #[must_use]
    pub async fn start(
        app: &AppHandle,
        wishes: mpsc::UnboundedSender<Wish>,
        unseen: fn(&AppHandle),
    ) -> Arc<Self> {
        let (chosen, notified) = mpsc::unbounded_channel();
        let (choices, from_tray) = mpsc::unbounded_channel();
        let tray = Tray::put_up(app, choices).unwrap_or_else(|error| {
            tracing::warn!("no tray icon: {error}");
            None
        });
        let desktop = Arc::new(Self {
            app: app.clone(),
            scene: Mutex::default(),
            words: Mutex::default(),
            notifier: Notifier::start(chosen),
            popup: Popup::start(app.clone(), unseen),
            tray: tray.map(|tray| Arc::new(Mutex::new(tray))),
            tray_shown: tray::shown().await,
            wishes,
        });
        tokio::spawn(listen(Arc::downgrade(&desktop), notified, from_tray));
        desktop
    }

    /// The person can get the window back from the tray.
    #[must_use]
    pub fn waits_in_tray(&self) -> bool {
        self.tray.is_some() && *self.tray_shown.borrow()
    }

    /// The hub's state has changed.
    pub fn handle_snapshot(&self, snapshot: &Snapshot) {
        self.carry_out(self.in_scene(|scene| scene.handle_snapshot(snapshot)));
    }

    /// Something happened that rang nowhere.
    pub fn handle_news(&self, news: &News) {
        self.carry_out(self.in_scene(|scene| scene.handle_news(news)));
    }

    /// The window has the person's attention, or has it no more.
    pub fn handle_focus(&self, focused: bool) {
        self.carry_out(self.in_scene(|scene| scene.handle_focus(focused)));
    }

    /// Speaks the person's language from now on.
    pub fn speak(&self, words: Words) {
        self.on_tray({
            let words = words.clone();
            move |tray| tray.speak(words)
        });
        if let Ok(mut spoken) = self.words.lock() {
            *spoken = words;
        }
    }

    /// The popup's page was used.
    pub fn handle_popup(&self, answer: PopupAnswer) {
        let Some(ringing) = self.ringing() else {
            return;
        };
        let choice = match answer {
            PopupAnswer::Accept => Choice::Accept,
            PopupAnswer::AcceptVoice => Choice::AcceptVoice,
            PopupAnswer::Decline => Choice::Decline,
            PopupAnswer::Later => Choice::Later,
            PopupAnswer::HoldAndAccept => Choice::HoldAndAccept,
            PopupAnswer::EndAndAccept => Choice::EndAndAccept,
        };
        let about = About::Call(ringing.call);
        self.handle_chosen(Chosen { about, choice });
    }

    /// Takes what rings off the screen: the app closes.
    pub async fn finish(&self) {
        self.notifier.finish().await;
    }

    fn carry_out(&self, deeds: impl IntoIterator<Item = Deed>) {
        for deed in deeds {
            self.do_one(deed);
        }
    }

    fn do_one(&self, deed: Deed) {
        match deed {
            Deed::Ring(ringing) => {
                let notice = self.with_words(|words| call_notice(&ringing, words));
                self.popup.show(ringing, notice.title.clone());
                self.notifier.show(notice);
            }
            Deed::RingOver(call) => {
                self.notifier.put_away(About::Call(call));
                self.popup.hide(call);
            }
            Deed::Missed(missed) => {
                self.notifier
                    .show(self.with_words(|words| missed_notice(&missed, words)));
            }
            Deed::Tell(news) => {
                self.notifier
                    .show(self.with_words(|words| news_notice(&news, words)));
            }
            Deed::Seen(contact) => self.notifier.put_away(About::Missed(contact)),
            Deed::Asked(asked) => {
                self.notifier
                    .show(self.with_words(|words| asked_notice(&asked, words)));
            }
            Deed::AskedOver => self.notifier.put_away(About::Requests),
            Deed::Tray(state) => self.on_tray(|tray| tray.show(state)),
        }
    }

    fn handle_chosen(&self, Chosen { about, choice }: Chosen) {
        let wish = match (about, choice) {
            (About::Call(call), Choice::Accept) => Wish::Accept {
                call,
                video: self.shows_picture(),
            },
            (About::Call(call), Choice::HoldAndAccept) => Wish::HoldAndAccept {
                call,
                video: self.shows_picture(),
            },
            (About::Call(call), Choice::EndAndAccept) => Wish::EndAndAccept {
                call,
                video: self.shows_picture(),
            },
            (About::Call(call), Choice::AcceptVoice) => Wish::Accept { call, video: false },
            (About::Call(call), Choice::Decline) => Wish::Decline { call },
            (About::Call(call), Choice::Later) => Wish::Later { call },
            (About::Missed(contact), Choice::CallBack) => Wish::Call(contact),
            (About::Requests, Choice::Open) => {
                Wish::ShowRequest(self.in_scene(|scene| scene.asking()?.parse().ok()))
            }
            _ => Wish::Open,
        };
        self.wish(wish);
    }

    /// Whoever offers a picture is shown one; a voice call turns no camera on.
    fn shows_picture(&self) -> bool {
        self.ringing().is_some_and(|ringing| ringing.video)
    }

    fn handle_tray(&self, choice: TrayChoice) {
        self.wish(match choice {
            TrayChoice::Call(contact) => Wish::Call(contact),
            TrayChoice::Quiet(quiet) => Wish::Quiet(quiet.until_ms()),
            TrayChoice::Open => Wish::Open,
            TrayChoice::Quit => Wish::Quit,
        });
    }

    fn wish(&self, wish: Wish) {
        // Nobody listens any more: the app closes.
        let _ = self.wishes.send(wish);
    }

    /// The main thread owns the icon, and the hub must not wait for it: on its way out it may wait for the hub.
    fn on_tray(&self, act: impl FnOnce(&mut Tray) + Send + 'static) {
        let Some(tray) = self.tray.clone() else {
            return;
        };
        let sent = self.app.run_on_main_thread(move || {
            if let Ok(mut tray) = tray.lock() {
                act(&mut tray);
            }
        });
        if let Err(error) = sent {
            tracing::debug!("the tray icon was not told: {error}");
        }
    }

    fn ringing(&self) -> Option<Ringing> {
        self.scene.lock().ok()?.ringing().cloned()
    }

    /// A lock is lost only with a panic, which the log tells of; the window goes on without the desktop.
    fn in_scene<T: Default>(&self, act: impl FnOnce(&mut Scene) -> T) -> T {
        self.scene
            .lock()
            .map(|mut scene| act(&mut scene))
            .unwrap_or_default()
    }

    fn with_words<T>(&self, act: impl FnOnce(&Words) -> T) -> T {
        match self.words.lock() {
            Ok(words) => act(&words),
            Err(_) => act(&Words::default()),
        }
    }
}

/// Until the desktop is gone.
async fn listen(
    desktop: std::sync::Weak<Desktop>,
    mut notified: mpsc::UnboundedReceiver<Chosen>,
    mut tray: mpsc::UnboundedReceiver<TrayChoice>,
) {
    loop {
        tokio::select! {
            Some(chosen) = notified.recv() => match desktop.upgrade() {
                Some(desktop) => desktop.handle_chosen(chosen),
                None => return,
            },
            Some(choice) = tray.recv() => match desktop.upgrade() {
                Some(desktop) => desktop.handle_tray(choice),
                None => return,
            },
            else => return,
        }
    }
}
