//! This machine has slept: connections may be dead without knowing it, also where the kernel reports no change of the
//! network. systemd-logind tells when it wakes (<https://systemd.io/INHIBITOR_LOCKS/>).

use futures_util::StreamExt as _;
use zbus::Connection;

use crate::hub::HubHandle;

#[zbus::proxy(
    interface = "org.freedesktop.login1.Manager",
    default_service = "org.freedesktop.login1",
    default_path = "/org/freedesktop/login1",
    gen_blocking = false
)]
trait Manager {
    #[zbus(signal)]
    fn prepare_for_sleep(&self, begins: bool) -> zbus::Result<()>;
}

/// Tells the hub whenever this machine wakes, for as long as there is one.
pub async fn watch(hub: HubHandle) {
    let followed = match Connection::system().await {
        Ok(bus) => match Sleep::of(&bus).await {
            Ok(sleep) => sleep.tell(&hub).await,
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    };
    if let Err(error) = followed {
        tracing::info!("nobody tells when this machine wakes: {error}");
    }
}

/// What logind says of this machine's sleep.
struct Sleep(PrepareForSleepStream);

impl Sleep {
    async fn of(bus: &Connection) -> zbus::Result<Self> {
        let manager = ManagerProxy::new(bus).await?;
        Ok(Self(manager.receive_prepare_for_sleep().await?))
    }

    async fn tell(mut self, hub: &HubHandle) -> zbus::Result<()> {
        while let Some(signal) = self.0.next().await {
            if signal.args()?.begins {
                continue;
            }
            let told = hub.ask(|hub| {
                hub.network_changed();
                Ok(())
            });
            if told.await.is_err() {
                break;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use ringdown_core::call::Phase;

    use super::*;
    use crate::desktop::stage::Bus;
    use crate::hub::tests::person::friends;
    use crate::ipc::PeerEvent;

    #[tokio::test]
    async fn a_machine_that_wakes_looks_for_its_friends_and_mends_its_call() {
        let (alice, bob, key) = friends().await;
        alice.calls(key).await;
        bob.is_in(Phase::Ringing).await;
        bob.accepts().await;
        alice.is_in(Phase::Connecting).await;

        let bus = Bus::new();
        let logind = bus.connect().await;
        logind.request_name("org.freedesktop.login1").await.unwrap();
        let sleep = Sleep::of(&bus.connect().await).await.unwrap();
        let hub = bob.hub.clone();
        let watch = tokio::spawn(async move { sleep.tell(&hub).await });
        for begins in [true, false] {
            let (path, interface) = ("/org/freedesktop/login1", "org.freedesktop.login1.Manager");
            logind
                .emit_signal(None::<&str>, path, interface, "PrepareForSleep", &begins)
                .await
                .unwrap();
        }
        bob.page_is_told(|event| matches!(event, PeerEvent::Network { .. }))
            .await;
        bob.sees(|snapshot| snapshot.line.online).await;
        watch.abort();
    }
}
