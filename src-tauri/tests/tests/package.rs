//! The package: it installs, the system knows it, and what is installed makes a call.

use std::sync::Arc;

use ringdown_e2e::Result;
use ringdown_e2e::installed::Installed;
use ringdown_e2e::person::{Setup, friends_with};
use ringdown_e2e::stage::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn what_the_package_installs_makes_a_call() -> Result<()> {
    let Some(package) = Installed::package()? else {
        return Ok(());
    };
    let stage = Stage::new("1280x1024").await?;
    let Some(system) = Installed::new(&stage, &package).await? else {
        return Ok(());
    };
    let version = system.run(&["/usr/bin/ringdown", "--version"]).await?;
    assert_eq!(
        version.trim(),
        concat!("ringdown ", env!("CARGO_PKG_VERSION"))
    );
    // Links are opened with it, and it is among the apps.
    let links = system
        .run(&[
            "grep",
            "^x-scheme-handler/ringdown=",
            "/usr/share/applications/mimeinfo.cache",
        ])
        .await?;
    assert!(links.contains("Ringdown.desktop"), "{links}");
    for file in [
        "/usr/share/icons/hicolor/scalable/apps/ringdown.svg",
        "/usr/share/icons/hicolor/128x128/apps/ringdown.png",
        "/usr/share/metainfo/app.ringdown.desktop.metainfo.xml",
        "/usr/share/doc/ringdown/copyright",
    ] {
        system.run(&["test", "-s", file]).await?;
    }

    let setup = Setup {
        system: Some(Arc::new(system)),
        ..Setup::default()
    };
    let (alice, bob) = friends_with(&stage, setup).await?;
    alice.talks_with(&bob).await?;
    alice.page().press("Hang up").await?;
    bob.page().status("Call ended").await
}
