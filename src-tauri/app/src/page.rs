//! The page in the window: whether it is there, and what is done when its process crashes or hangs.
//!
//! The app goes on without its page: signaling, and on Linux ICE, DTLS and the voice, live in this process. A page that is lost is
//! loaded anew, and resumes the call that is on (`ui/resumption.js`). WebKitGTK says itself when its process ends; that one
//! hangs (docs/ARCHITECTURE.md) it says only where the person clicks in vain, so the page is asked for a sign of life after
//! everything it is told, and during calls.
//!
//! A page takes more memory than all the rest of the app, so one that nobody looks at and that has no call is put to
//! sleep, and loaded again when the window is shown or a call comes.

use std::time::Duration;

use ringdown_core::call::Phase;
use tauri::{AppHandle, Manager};
use tokio::sync::{Notify, mpsc, watch};

use crate::ipc::Snapshot;
use crate::window::LABEL;

/// Between two signs of life during a call.
const EVERY: Duration = Duration::from_secs(2);
/// A page that has not answered for so long, times [`WAITS`], hangs. Far above what a busy machine needs.
const WAIT: Duration = Duration::from_secs(2);
/// Not one long wait: where the machine stood still meanwhile, that would be over before the page can answer.
const WAITS: u32 = 4;
/// A page that is lost again waits so much longer each time until it is loaded anew.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest such wait.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// From the end of a page that sleeps until what the app itself had of it is put away as well.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
const PUT_AWAY: Duration = Duration::from_secs(3);

/// What there is for a page to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Needed {
    /// A call is on.
    in_call: bool,
    /// The window is on the screen, or in its bar.
    shown: bool,
}

impl Needed {
    fn at_all(self) -> bool {
        self.in_call || self.shown
    }
}

/// Whether the page is there, and whether it has something to do.
#[derive(Debug)]
pub struct Page {
    loaded: watch::Sender<bool>,
    needed: watch::Sender<Needed>,
    /// It was ended because it is not needed.
    asleep: watch::Sender<bool>,
    told: Notify,
    /// How often it was lost since it was last seen well.
    losses: watch::Sender<u32>,
}

impl Default for Page {
    fn default() -> Self {
        Self {
            loaded: watch::channel(false).0,
            needed: watch::channel(Needed::default()).0,
            asleep: watch::channel(false).0,
            told: Notify::new(),
            losses: watch::channel(0).0,
        }
    }
}

impl Page {
    /// The page hears of everything from now on.
    pub fn set_loaded(&self) {
        self.loaded.send_replace(true);
    }

    /// Resolves when the page is there: a call that begins before that has no peer connection to begin with.
    pub async fn wait(&self) {
        // An error means that the app ends.
        let _ = self.loaded.subscribe().wait_for(|loaded| *loaded).await;
    }

    /// The page is told of this.
    pub fn handle_snapshot(&self, snapshot: &Snapshot) {
        let on = |phase| !matches!(phase, Phase::Ended);
        let in_call = snapshot.call.as_ref().is_some_and(|call| on(call.phase));
        self.need(|needed| needed.in_call = in_call);
        self.told.notify_one();
    }

    /// The window is on the screen, or hidden.
    pub fn handle_shown(&self, shown: bool) {
        self.need(|needed| needed.shown = shown);
    }

    fn need(&self, change: impl FnOnce(&mut Needed)) {
        self.needed.send_if_modified(|needed| {
            let before = *needed;
            change(needed);
            before != *needed
        });
    }

    /// Resolves when the page has not been needed for so long.
    async fn idle(&self, long: Duration) {
        let mut needed = self.needed.subscribe();
        loop {
            // Errors mean that the app ends.
            let _ = needed.wait_for(|needed| !needed.at_all()).await;
            let again = needed.wait_for(|needed| needed.at_all());
            if tokio::time::timeout(long, again).await.is_err() {
                return;
            }
        }
    }

    /// Resolves when the page is needed.
    async fn needed(&self) {
        // An error means that the app ends.
        let _ = self
            .needed
            .subscribe()
            .wait_for(|needed| needed.at_all())
            .await;
    }

    /// Resolves when it is time for a sign of life.
    async fn due(&self) {
        self.wait().await;
        let in_call = self.needed.borrow().in_call;
        let some_time = async {
            if in_call {
                tokio::time::sleep(EVERY).await;
            } else {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = self.told.notified() => {}
            () = some_time => {}
        }
    }

    /// Counts a loss. How long to wait before the page is loaded anew: not at all the first time.
    fn lose(&self) -> Duration {
        self.loaded.send_replace(false);
        let mut before = 0;
        self.losses.send_modify(|losses| {
            before = *losses;
            *losses = losses.saturating_add(1);
        });
        (PAUSE * before).min(LONGEST_PAUSE)
    }
}

/// The page's process ended by itself, or was ended because it hung: loads the page anew.
pub fn lost(app: &AppHandle) {
    let Some(page) = app.try_state::<Page>() else {
        return;
    };
    if *page.asleep.borrow() {
        return;
    }
    let pause = page.lose();
    tracing::warn!("the page was lost; it is loaded anew");
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(pause).await;
        load(&app);
    });
}

/// Asks the page for signs of life until the app ends, and ends the process of one that gives none.
pub async fn watch(app: AppHandle) {
    let Some(page) = app.try_state::<Page>() else {
        return;
    };
    loop {
        page.due().await;
        if lives(&app).await {
            page.losses.send_replace(0);
        } else if *page.loaded.borrow() {
            tracing::warn!("the page hangs; its process is ended");
            end_process(&app);
            // Not asked again until there is another page.
            page.loaded.send_replace(false);
        }
    }
}

/// Puts the page to sleep whenever it has not been needed for so long, and wakes it when it is, until the app ends.
pub async fn rest(app: AppHandle, long: Duration) {
    let Some(page) = app.try_state::<Page>() else {
        return;
    };
    loop {
        page.wait().await;
        page.idle(long).await;
        tracing::debug!("the page sleeps");
        page.asleep.send_replace(true);
        page.loaded.send_replace(false);
        end_process(&app);
        #[cfg(all(target_os = "linux", target_pointer_width = "64"))]
        if tokio::time::timeout(PUT_AWAY, page.needed()).await.is_err() {
            crate::memory::give_back();
        }
        page.needed().await;
        page.asleep.send_replace(false);
        load(&app);
    }
}

fn load(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(LABEL)
        && let Err(error) = window.reload()
    {
        tracing::error!("the page could not be loaded anew: {error}");
    }
}

/// Whether the page answers.
async fn lives(app: &AppHandle) -> bool {
    let Some(window) = app.get_webview_window(LABEL) else {
        return true;
    };
    let (answer, mut answers) = mpsc::unbounded_channel();
    let asked = window.eval_with_callback("0", move |_| {
        // Nobody waits for an answer that comes too late.
        let _ = answer.send(());
    });
    if asked.is_err() {
        return true;
    }
    for _ in 0..WAITS {
        if tokio::time::timeout(WAIT, answers.recv()).await.is_ok() {
            return true;
        }
    }
    false
}

fn end_process(app: &AppHandle) {
    let Some(window) = app.get_webview_window(LABEL) else {
        return;
    };
    #[cfg(target_os = "linux")]
    let ended = window.with_webview(|webview| crate::webview_linux::end_process(&webview));
    // The webviews of other systems end a hung process themselves, or ask the person.
    #[cfg(not(target_os = "linux"))]
    let ended = window.reload();
    if let Err(error) = ended {
        tracing::error!("the page's process could not be ended: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_page_that_is_lost_again_and_again_is_given_time() {
        let page = Page::default();
        page.set_loaded();
        assert_eq!(page.lose(), Duration::ZERO);
        assert!(!*page.loaded.borrow());
        assert_eq!(page.lose(), PAUSE);
        assert_eq!(page.lose(), 2 * PAUSE);
        for _ in 0..100 {
            page.lose();
        }
        assert_eq!(page.lose(), LONGEST_PAUSE);
        page.losses.send_replace(0);
        assert_eq!(page.lose(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_is_asked_after_what_it_is_told_and_not_when_nothing_happens() {
        let page = Page::default();
        let due = |page: &'static Page| tokio::time::timeout(Duration::from_secs(3600), page.due());
        let page: &'static Page = Box::leak(Box::new(page));
        page.told.notify_one();
        assert!(due(page).await.is_err(), "there is no page yet");
        page.set_loaded();
        assert!(due(page).await.is_ok());
        assert!(due(page).await.is_err(), "nothing happens");
        page.need(|needed| needed.in_call = true);
        assert!(due(page).await.is_ok());
        assert!(due(page).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_sleeps_when_it_was_not_needed_for_long() {
        let page = Page::default();
        page.handle_shown(true);
        let hour = Duration::from_secs(3600);
        assert!(tokio::time::timeout(hour, page.idle(MINUTE)).await.is_err());
        page.handle_shown(false);
        page.need(|needed| needed.in_call = true);
        assert!(tokio::time::timeout(hour, page.idle(MINUTE)).await.is_err());
        let between = async {
            page.need(|needed| needed.in_call = false);
            tokio::time::sleep(MINUTE / 2).await;
            page.need(|needed| needed.in_call = true);
            tokio::time::sleep(MINUTE).await;
        };
        tokio::select! {
            () = page.idle(MINUTE) => panic!("there was a call again"),
            () = between => {}
        }
        page.need(|needed| needed.in_call = false);
        assert!(tokio::time::timeout(hour, page.idle(MINUTE)).await.is_ok());
    }
}
