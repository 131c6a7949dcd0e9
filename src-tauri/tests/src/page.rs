//! A page driven through WebDriver and found through its accessible names, as a person or a screen reader would.

use std::time::Duration;

use fantoccini::elements::{Element, ElementRef};
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use crate::{PATIENCE, Result, eventually, eventually_within};

/// Finds the visible element of a role by its accessible name (exact, or by its beginning with a trailing `…`).
const FIND: &str = r#"
const [role, name] = arguments;
const selectors = {
  button: "button, [role=button]", textbox: "input:not([type]), input[type=text], input[type=url], textarea",
  number: "input[type=number]", searchbox: "input[type=search], [role=searchbox]", dialog: "dialog, [role=dialog], [role=alertdialog]",
  status: "[role=status], output", list: "ul, ol, [role=list]", video: "video", any: "[aria-label]",
};
const text = (node) => (node?.textContent ?? "").replace(/\s+/g, " ").trim();
const named = (element) => {
  const by = element.getAttribute("aria-labelledby");
  if (by) return by.split(/\s+/).map((id) => text(document.getElementById(id))).join(" ");
  return element.getAttribute("aria-label") ?? (element.labels?.length ? text(element.labels[0]) : text(element));
};
const shown = (element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest("[inert]");
// What isolates a name from the sentence around it is not seen.
const plain = (text) => text.replace(/[\u2068\u2069]/g, "");
const fits = (found) => name === null || (name.endsWith("…") ? found.startsWith(name.slice(0, -1)) : found === name);
return [...document.querySelectorAll(selectors[role])].find((element) => shown(element) && fits(plain(named(element)))) ?? null;
"#;

/// A small picture of what a video element shows now, as numbers; null while it shows nothing.
const PIXELS: &str = r#"
const video = [...document.querySelectorAll("video")].find((video) => video.getAttribute("aria-label") === arguments[0]);
if (!video || !video.videoWidth || video.readyState < 2) return null;
const canvas = Object.assign(document.createElement("canvas"), { width: 32, height: 24 });
const context = canvas.getContext("2d", { willReadFrequently: true });
context.drawImage(video, 0, 0, 32, 24);
return [...context.getImageData(0, 0, 32, 24).data];
"#;

/// A page under WebDriver.
#[derive(Debug, Clone)]
pub struct Page {
    client: Client,
}

impl Page {
    /// Opens a session with the driver at `url`, once it answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn open(url: &str, capabilities: Value) -> Result<Self> {
        let capabilities = capabilities
            .as_object()
            .cloned()
            .ok_or("capabilities are an object")?;
        let client = eventually("a WebDriver session", || async {
            let mut builder = ClientBuilder::new(HttpConnector::new());
            Ok(Some(
                builder
                    .capabilities(capabilities.clone())
                    .connect(url)
                    .await?,
            ))
        })
        .await?;
        Ok(Self { client })
    }

    /// The WebDriver client, for what this page has no words for.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Runs a script in the page and gives what it returns.
    ///
    /// # Errors
    /// When it throws.
    pub async fn run(&self, script: &str, arguments: Vec<Value>) -> Result<Value> {
        let answer = self.client.execute(script, arguments).await;
        answer.map_err(crate::failure)
    }

    /// The element of this role and name, if it is shown now.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn look_for(&self, role: &str, name: &str) -> Result<Option<Element>> {
        let found = self.run(FIND, vec![json!(role), json!(name)]).await?;
        let id = found
            .as_object()
            .and_then(|object| object.values().next())
            .and_then(Value::as_str);
        Ok(id.map(|id| {
            Element::from_element_id(self.client.clone(), ElementRef::from(id.to_owned()))
        }))
    }

    /// The element of this role and name, once it is shown.
    ///
    /// # Errors
    /// When it never is.
    pub async fn find(&self, role: &str, name: &str) -> Result<Element> {
        eventually(&format!("{role} “{name}”"), || {
            self.look_for(role, name)
        })
        .await
    }

    /// Waits until no such element is shown.
    ///
    /// # Errors
    /// When it stays.
    pub async fn gone(&self, role: &str, name: &str) -> Result<()> {
        eventually(&format!("{role} “{name}” to go"), || async {
            Ok(self.look_for(role, name).await?.is_none().then_some(()))
        })
        .await
    }

    /// Clicks the button of this name, once it can be clicked.
    ///
    /// # Errors
    /// When it never can.
    pub async fn press(&self, name: &str) -> Result<()> {
        eventually(&format!("button “{name}” to take a click"), || async {
            match self.look_for("button", name).await? {
                Some(button) => Ok(Some(button.click().await?)),
                None => Ok(None),
            }
        })
        .await
    }

    /// Waits until the toggle of this name is on, or off.
    ///
    /// # Errors
    /// When it stays as it is.
    pub async fn pressed(&self, name: &str, on: bool) -> Result<()> {
        eventually(&format!("toggle “{name}” to be {on}"), || async {
            let Some(toggle) = self.look_for("button", name).await? else {
                return Ok(None);
            };
            let is = toggle.attr("aria-pressed").await?;
            Ok((is.as_deref() == Some(if on { "true" } else { "false" })).then_some(()))
        })
        .await
    }

    /// Clicks the button of this name from within the page, even where a dialog opens over it just then.
    ///
    /// # Errors
    /// When there is no such button.
    pub async fn press_whatever_covers_it(&self, name: &str) -> Result<()> {
        let button = serde_json::to_value(self.find("button", name).await?)?;
        self.run("arguments[0].click()", vec![button])
            .await
            .map(drop)
    }

    /// Types into the text box of this name, in place of what is there.
    ///
    /// # Errors
    /// When there is none.
    pub async fn type_into(&self, role: &str, name: &str, text: &str) -> Result<()> {
        // Where the view is drawn anew just then, the field that was found is no longer there.
        let field = eventually(&format!("{role} “{name}” to be emptied"), || async {
            let Some(field) = self.look_for(role, name).await? else {
                return Ok(None);
            };
            field.clear().await?;
            Ok(Some(field))
        })
        .await?;
        Ok(field.send_keys(text).await?)
    }

    /// What a text box holds.
    ///
    /// # Errors
    /// When there is none.
    pub async fn value_of(&self, role: &str, name: &str) -> Result<String> {
        eventually(&format!("a value in {role} “{name}”"), || async {
            let Some(field) = self.look_for(role, name).await? else {
                return Ok(None);
            };
            Ok(field.prop("value").await?.filter(|value| !value.is_empty()))
        })
        .await
    }

    /// Waits until a `role=status` reads this (a trailing `…` in the text is part of it).
    ///
    /// # Errors
    /// With what it read instead.
    pub async fn status(&self, text: &str) -> Result<()> {
        self.status_within(PATIENCE, text).await
    }

    /// [`Page::status`], with another patience.
    ///
    /// # Errors
    /// With what it read instead.
    pub async fn status_within(&self, patience: Duration, text: &str) -> Result<()> {
        eventually_within(patience, &format!("the status “{text}”"), || async {
            let all = self.statuses().await?;
            if all.iter().any(|status| status == text) {
                return Ok(Some(()));
            }
            Err(format!("it reads “{}”", all.join(" | ")).into())
        })
        .await
    }

    /// What every shown `role=status` reads.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn statuses(&self) -> Result<Vec<String>> {
        let script = r#"return [...document.querySelectorAll("[role=status]")]
            .filter((node) => node.checkVisibility()).map((node) => node.textContent.replace(/\s+/g, " ").trim())"#;
        let all = self.run(script, vec![]).await?;
        Ok(all
            .as_array()
            .map(|all| {
                all.iter()
                    .filter_map(Value::as_str)
                    .map(str::to_owned)
                    .collect()
            })
            .unwrap_or_default())
    }

    /// A small picture of what the video of this name shows now.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn pixels(&self, video: &str) -> Result<Option<Vec<u8>>> {
        let pixels = self.run(PIXELS, vec![json!(video)]).await?;
        Ok(pixels.as_array().map(|all| {
            all.iter()
                .filter_map(Value::as_u64)
                .map(|value| value as u8)
                .collect()
        }))
    }

    /// Waits until the video of this name has shown three different pictures, none of them one plain colour.
    ///
    /// # Errors
    /// When it does not move.
    pub async fn video_moves(&self, video: &str) -> Result<()> {
        let seen = std::sync::Mutex::new(Vec::<Vec<u8>>::new());
        eventually(&format!("the video “{video}” to move"), || async {
            let pixels = self.pixels(video).await?;
            let mut seen = seen.lock().map_err(|_| "poisoned")?;
            if let Some(pixels) = pixels
                && !is_plain(&pixels)
                && !seen.contains(&pixels)
            {
                seen.push(pixels);
            }
            if seen.len() >= 3 {
                Ok(Some(()))
            } else {
                Err(format!("it showed {} pictures", seen.len()).into())
            }
        })
        .await
    }

    /// Keeps a screenshot of the page.
    ///
    /// # Errors
    /// When it can't be taken or written.
    pub async fn screenshot(&self, file: &std::path::Path) -> Result<()> {
        Ok(tokio::fs::write(file, self.client.screenshot().await?).await?)
    }
}

/// One colour all over (a black picture, say): no camera shows that.
fn is_plain(pixels: &[u8]) -> bool {
    let mut dots = pixels.chunks_exact(4).map(|dot| [dot[0], dot[1], dot[2]]);
    let Some(first) = dots.next() else {
        return true;
    };
    dots.all(|dot| dot.iter().zip(first).all(|(a, b)| a.abs_diff(b) < 8))
}
