//! Whether anybody shows tray icons: the StatusNotifierItem specification's watcher, and a host behind it.
//!
//! A desktop without one (GNOME without its extension, a bare window manager) would hide the app for good once its
//! window is closed.

use futures_util::StreamExt;
use tokio::sync::watch;
use zbus::Connection;
use zbus::fdo::DBusProxy;
use zbus::names::BusName;

const WATCHER: &str = "org.kde.StatusNotifierWatcher";

#[zbus::proxy(
    interface = "org.kde.StatusNotifierWatcher",
    default_service = "org.kde.StatusNotifierWatcher",
    default_path = "/StatusNotifierWatcher",
    gen_blocking = false
)]
trait Watcher {
    #[zbus(property(emits_changed_signal = "false"))]
    fn is_status_notifier_host_registered(&self) -> zbus::Result<bool>;

    #[zbus(signal)]
    fn status_notifier_host_registered(&self) -> zbus::Result<()>;

    #[zbus(signal)]
    fn status_notifier_host_unregistered(&self) -> zbus::Result<()>;
}

/// Whether the library that speaks to the watcher can be loaded. Where it can't, asking for an icon would end the
/// program.
#[must_use]
pub fn library_is_there() -> bool {
    ["libayatana-appindicator3.so.1", "libappindicator3.so.1"]
        .into_iter()
        // SAFETY: the library registers types with GObject when it is first used and does nothing when it is loaded;
        // it stays loaded, as the next thing to happen is that it is loaded for good.
        .any(|name| {
            unsafe { libloading::Library::new(name) }
                .map(std::mem::forget)
                .is_ok()
        })
}

/// Looks on the session's bus, now and from now on.
pub async fn watch() -> watch::Receiver<bool> {
    match Connection::session().await {
        Ok(bus) => watch_on(bus).await,
        Err(error) => {
            tracing::info!("no tray, as there is no session bus: {error}");
            watch::channel(false).1
        }
    }
}

/// [`watch`] on this bus.
async fn watch_on(bus: Connection) -> watch::Receiver<bool> {
    let (tell, seen) = watch::channel(is_there(&bus).await);
    tokio::spawn(async move {
        if let Err(error) = follow(&bus, &tell).await {
            tracing::info!("whether there is a tray is not known any more: {error}");
        }
    });
    seen
}

async fn follow(bus: &Connection, tell: &watch::Sender<bool>) -> zbus::Result<()> {
    let names = DBusProxy::new(bus).await?;
    let watcher = WatcherProxy::new(bus).await?;
    let mut owners = names
        .receive_name_owner_changed_with_args(&[(0, WATCHER)])
        .await?;
    let mut come = watcher.receive_status_notifier_host_registered().await?;
    let mut gone = watcher.receive_status_notifier_host_unregistered().await?;
    loop {
        // Also at first: something may have happened before we listened.
        tell.send_replace(is_there(bus).await);
        tokio::select! {
            Some(_) = owners.next() => {}
            Some(_) = come.next() => {}
            Some(_) = gone.next() => {}
            () = tell.closed() => return Ok(()),
            else => return Ok(()),
        }
    }
}

async fn is_there(bus: &Connection) -> bool {
    // Looked up first, as asking would start a watcher where one can be started.
    let owned = async {
        let names = DBusProxy::new(bus).await?;
        let name = BusName::try_from(WATCHER)?;
        let owned = names.name_has_owner(name).await?;
        let host = owned
            && WatcherProxy::new(bus)
                .await?
                .is_status_notifier_host_registered()
                .await?;
        zbus::Result::Ok(host)
    };
    owned.await.unwrap_or_else(|error| {
        tracing::debug!("there seems to be no tray: {error}");
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desktop::stage::Bus;

    /// A watcher such as desktops have.
    struct Panel {
        shows: bool,
    }

    #[zbus::interface(name = "org.kde.StatusNotifierWatcher")]
    impl Panel {
        #[zbus(property)]
        fn is_status_notifier_host_registered(&self) -> bool {
            self.shows
        }

        #[zbus(signal)]
        async fn status_notifier_host_registered(
            emitter: &zbus::object_server::SignalEmitter<'_>,
        ) -> zbus::Result<()>;
    }

    const PATH: &str = "/StatusNotifierWatcher";

    async fn wait(seen: &mut watch::Receiver<bool>, wanted: bool) {
        tokio::time::timeout(
            crate::desktop::stage::PATIENCE,
            seen.wait_for(|seen| *seen == wanted),
        )
        .await
        .expect("it to be seen in time")
        .unwrap();
    }

    #[tokio::test]
    async fn a_tray_that_comes_and_goes_is_seen() {
        let bus = Bus::new();
        let mut seen = watch_on(bus.connect().await).await;
        assert!(!*seen.borrow(), "nobody is there");

        let panel = bus.connect().await;
        panel
            .object_server()
            .at(PATH, Panel { shows: false })
            .await
            .unwrap();
        panel.request_name(WATCHER).await.unwrap();
        // It watches, but shows nothing yet.
        let interface = panel
            .object_server()
            .interface::<_, Panel>(PATH)
            .await
            .unwrap();
        interface.get_mut().await.shows = true;
        Panel::status_notifier_host_registered(interface.signal_emitter())
            .await
            .unwrap();
        wait(&mut seen, true).await;

        panel.release_name(WATCHER).await.unwrap();
        wait(&mut seen, false).await;
    }
}
