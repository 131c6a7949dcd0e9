//! The mouse of a stage, and the windows it finds there: WebDriver knows pages alone, and its clicks are the page's own.

use crate::stage::Stage;
use crate::{Result, eventually};

/// Where a window is on its display, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Area {
    /// Of its left edge.
    pub x: i32,
    /// Of its upper edge.
    pub y: i32,
    /// From the left to the right edge.
    pub width: i32,
    /// From the upper to the lower edge.
    pub height: i32,
}

impl Area {
    /// The spot in its middle.
    #[must_use]
    pub fn middle(&self) -> (i32, i32) {
        (self.x + self.width / 2, self.y + self.height / 2)
    }
}

/// xdotool on the stage's display: the X server can't tell it from a hand.
#[derive(Debug, Clone, Copy)]
pub struct Mouse<'a>(&'a Stage);

impl<'a> Mouse<'a> {
    /// The stage's only one.
    #[must_use]
    pub fn of(stage: &'a Stage) -> Self {
        Self(stage)
    }

    /// The windows that are shown with a title like this (a regular expression).
    ///
    /// # Errors
    /// When xdotool is missing.
    pub async fn windows(&self, title: &str) -> Result<Vec<Area>> {
        let mut found = Vec::new();
        let search = ["search", "--onlyvisible", "--name", title];
        for window in self.tool(&search).await?.lines() {
            let geometry = self.tool(&["getwindowgeometry", "--shell", window]).await?;
            let value = |name: &str| {
                let mut lines = geometry.lines();
                lines.find_map(|line| line.strip_prefix(name)?.strip_prefix('=')?.parse().ok())
            };
            let values = [value("X"), value("Y"), value("WIDTH"), value("HEIGHT")];
            // One that has gone meanwhile has none.
            if let [Some(x), Some(y), Some(width), Some(height)] = values {
                found.push(Area {
                    x,
                    y,
                    width,
                    height,
                });
            }
        }
        Ok(found)
    }

    /// Waits for a window with a title like this.
    ///
    /// # Errors
    /// When there is none.
    pub async fn window(&self, title: &str) -> Result<Area> {
        eventually(&format!("a window “{title}”"), || async {
            Ok(self.windows(title).await?.first().copied())
        })
        .await
    }

    /// Waits until there is no window with a title like this.
    ///
    /// # Errors
    /// When it stays.
    pub async fn no_window(&self, title: &str) -> Result<()> {
        eventually(&format!("no window “{title}”"), || async {
            Ok(self.windows(title).await?.is_empty().then_some(()))
        })
        .await
    }

    /// Puts the windows with a title like this side by side, so that none hides another.
    ///
    /// # Errors
    /// When xdotool is missing.
    pub async fn spread(&self, title: &str) -> Result<()> {
        let search = ["search", "--onlyvisible", "--name", title];
        let mut left = 0;
        for window in self.tool(&search).await?.lines() {
            let x = left.to_string();
            self.tool(&["windowmove", window, &x, "0"]).await?;
            left += 970;
        }
        Ok(())
    }

    /// Moves it there.
    ///
    /// # Errors
    /// When xdotool is missing.
    pub async fn to(&self, x: i32, y: i32) -> Result<()> {
        let [x, y] = [x, y].map(|at| at.to_string());
        self.tool(&["mousemove", &x, &y]).await.map(drop)
    }

    /// Presses the left button, and holds it.
    ///
    /// # Errors
    /// When xdotool is missing.
    pub async fn press(&self) -> Result<()> {
        self.tool(&["mousedown", "1"]).await.map(drop)
    }

    /// Lets the left button go.
    ///
    /// # Errors
    /// When xdotool is missing.
    pub async fn release(&self) -> Result<()> {
        self.tool(&["mouseup", "1"]).await.map(drop)
    }

    /// Clicks there.
    ///
    /// # Errors
    /// When xdotool is missing.
    pub async fn click(&self, x: i32, y: i32) -> Result<()> {
        self.to(x, y).await?;
        self.press().await?;
        self.release().await
    }

    async fn tool(&self, arguments: &[&str]) -> Result<String> {
        let mut command = self.0.command("xdotool", "desk");
        // Where nothing is found it fails, without a word.
        let output = command.args(arguments).output().await?;
        Ok(String::from_utf8(output.stdout)?)
    }
}
