//! A Chromium under WebDriver, with flags for what it is to be.

use std::path::Path;

use serde_json::json;

use crate::lab::{Bridge, Place};
use crate::page::Page;
use crate::process::{Program, free_port};
use crate::stage::Stage;
use crate::{Result, eventually};

/// What every one needs: it asks nobody, does nothing by itself, and lets its page have the microphone and play.
const FLAGS: [&str; 8] = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
];

/// A running Chromium. It ends with this.
#[derive(Debug)]
pub struct Chrome {
    page: Page,
    driver: Program,
    /// The way to the driver, where that is not here.
    _way: Option<Bridge>,
}

impl Chrome {
    /// Starts one with a fresh profile and these flags beside its own, at a place of the network or here, and waits until the page
    /// at `url` says that it is ready (`data-ready` of its body is `yes`). `name` is for the log.
    ///
    /// # Errors
    /// When Chromium or its driver is missing, or the page does not come up.
    pub async fn open(
        stage: &Stage,
        place: Option<&Place>,
        name: &str,
        profile: &Path,
        flags: Vec<String>,
        url: &str,
    ) -> Result<Self> {
        let port = free_port()?;
        let mut command = match place {
            Some(place) => stage.command_at(place, "chromedriver", name),
            None => stage.command("chromedriver", name),
        };
        let mut driver = Program::start(command.arg(format!("--port={port}")))?;
        driver.ignore_output();
        let way = match place {
            Some(place) => Some(place.bridge(port).await?),
            None => None,
        };
        let mut arguments: Vec<String> = FLAGS.map(String::from).into();
        arguments.push(format!("--user-data-dir={}", profile.display()));
        arguments.extend(flags);
        let capabilities = json!({ "goog:chromeOptions": { "args": arguments } });
        let port = way.as_ref().map_or(port, Bridge::port);
        let page = Page::open(&format!("http://127.0.0.1:{port}"), capabilities).await?;
        page.client().goto(url).await?;
        eventually("the browser's page to be ready", || async {
            let ready = page
                .run("return document.body.dataset.ready ?? null", vec![])
                .await?;
            Ok((ready == "yes").then_some(()))
        })
        .await?;
        Ok(Self {
            page,
            driver,
            _way: way,
        })
    }

    /// Its page.
    #[must_use]
    pub fn page(&self) -> &Page {
        &self.page
    }

    /// The process below which all of it runs.
    ///
    /// # Errors
    /// When it has ended.
    pub fn pid(&self) -> Result<u32> {
        self.driver
            .pid()
            .ok_or_else(|| "the browser has ended".into())
    }
}
