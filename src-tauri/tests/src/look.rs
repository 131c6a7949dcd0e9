//! Looking at a screen as axe-core does, as a narrow window does, and as somebody without a mouse does.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::key::Key;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::page::Page;
use crate::{Result, eventually};

/// Where npm put axe-core: `cargo xtask test ui` has it install what package-lock.json says.
const AXE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/ui/node_modules/axe-core/axe.min.js"
);

/// The rules of WCAG 2.2, level AA. One that axe calls an experiment takes the initials in an avatar for words.
const EXAMINE: &str = r#"
const done = arguments[0];
const values = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
for (const animation of document.getAnimations()) {
  if (animation.effect.getComputedTiming().endTime !== Infinity) animation.finish();
}
const rules = { "label-content-name-mismatch": { enabled: false } };
axe.run(document, { runOnly: { type: "tag", values }, rules, resultTypes: ["violations"] }).then(
  ({ violations }) => done(violations.flatMap(({ id, nodes }) => nodes.map(({ html, any, all, none }) => {
    const why = [...any, ...all, ...none].map(({ message }) => message).join("; ");
    return `${id}: ${html.slice(0, 160)} (${why.slice(0, 240)})`;
  }))),
  (error) => done([`axe: ${error}`]),
);
"#;

/// The topmost thing that takes the keyboard: the last modal dialog, or the page.
const SCOPE: &str = r#"
const scope = [...document.querySelectorAll("dialog:modal")].at(-1) ?? document.body;
const seen = (element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest("[inert]");
"#;

/// What sticks out of the window, or is cut off where nothing says that there is more.
const OVERFLOW: &str = r#"
const faults = [];
const width = document.documentElement.clientWidth;
const name = (element) => `<${element.localName} class="${element.className?.baseVal ?? element.className}"> “${(element.textContent ?? "").trim().slice(0, 40)}”`;
for (const page of [document.documentElement, document.body]) {
  if (page.scrollWidth > width) faults.push(`the ${page.localName} is ${page.scrollWidth} wide, the window ${width}`);
}
for (const element of scope.querySelectorAll("*")) {
  if (!seen(element) || element.closest(".said, svg, video")) continue;
  const { left, right, width: own } = element.getBoundingClientRect();
  const style = getComputedStyle(element);
  const hidden = own <= 1 || style.clipPath !== "none";
  if (!hidden && (left < -1 || right > width + 1)) faults.push(`${name(element)} reaches from ${left} to ${right}`);
  const cut = element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0;
  // Of a choice that does not fit, the closed list shows the beginning.
  const meant = style.textOverflow === "ellipsis" || style.webkitLineClamp !== "none" || hidden || element.matches(":has(> select)");
  if (cut && !meant && style.display !== "inline" && style.overflowX !== "visible") {
    // Without the innermost that is to blame, there is no such width.
    const widest = [...element.querySelectorAll("*")].findLast((inner) => {
      if (!inner.style) return false;
      const { display } = inner.style;
      inner.style.display = "none";
      const blamed = element.scrollWidth <= element.clientWidth + 1;
      inner.style.display = display;
      return blamed;
    });
    faults.push(`${name(element)} hides ${element.scrollWidth - element.clientWidth} px of ${widest && name(widest)}`);
  }
  if (cut && !meant && element.matches("button, .button")) faults.push(`${name(element)} is too narrow for its words`);
}
return faults;
"#;

/// Numbers everything the keyboard should reach, and notes what has had the focus. Of radio buttons one will do.
const AWAIT_FOCUS: &str = r#"
globalThis.tabStops = [...scope.querySelectorAll("button, input, select, textarea, summary, a[href], [tabindex='0']")].filter((element) =>
  seen(element) && !element.disabled && element.tabIndex >= 0 && !(element.type === "radio" && !element.checked));
globalThis.focused = new Set();
globalThis.noteFocus ??= addEventListener("focusin", ({ target }) => globalThis.focused.add(target)) ?? true;
document.activeElement?.blur();
return globalThis.tabStops.length;
"#;

/// What has not had it.
const UNREACHED: &str = r#"
return globalThis.tabStops.filter((element) => element.isConnected && !globalThis.focused.has(element))
  .map((element) => `Tab does not reach ${element.outerHTML.slice(0, 120)}`);
"#;

/// A sentence of the window's language.
const SAY: &str = r#"
const [key, params, done] = arguments;
import("/i18n.js").then(({ t }) => done(t(key, params).replaceAll(/[\u2068\u2069]/g, "")), (error) => done(String(error)));
"#;

/// Colours, as the settings would have them, without the way to the core and back.
const PAINT: &str = r#"
const [theme, done] = arguments;
import("/look.js").then(({ paint }) => (paint(theme), requestAnimationFrame(() => done(document.documentElement.dataset.theme))), (error) => done(String(error)));
"#;

/// Somebody who looks closely.
#[derive(Debug)]
pub struct Beholder<'a> {
    page: &'a Page,
    axe: String,
    /// Where pictures go.
    pictures: Option<PathBuf>,
    faults: BTreeSet<String>,
}

impl<'a> Beholder<'a> {
    /// Looks at this page, and keeps pictures of it in `pictures`.
    ///
    /// # Errors
    /// When axe-core is not installed.
    pub async fn new(page: &'a Page, pictures: Option<PathBuf>) -> Result<Self> {
        let axe = tokio::fs::read_to_string(AXE).await.map_err(|error| {
            format!("axe-core is not there ({error}): `cargo xtask test ui` installs it")
        })?;
        Ok(Self {
            page,
            axe,
            pictures,
            faults: BTreeSet::new(),
        })
    }

    /// What the window says under this key, in its language.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn say(&self, key: &str, params: Value) -> Result<String> {
        let said = self
            .page
            .client()
            .execute_async(SAY, vec![json!(key), params])
            .await?;
        Ok(said.as_str().unwrap_or_default().to_owned())
    }

    /// Presses the button with these words.
    ///
    /// # Errors
    /// When it is not there.
    pub async fn press(&self, key: &str, params: Value) -> Result<()> {
        self.page.press(&self.say(key, params).await?).await
    }

    /// Has the window this wide and high, inside.
    ///
    /// # Errors
    /// When it does not become so.
    pub async fn size(&self, width: u32, height: u32) -> Result<()> {
        self.page.client().set_window_size(width, height).await?;
        eventually(&format!("a window of {width}×{height}"), || async {
            let now = self
                .page
                .run("return [innerWidth, innerHeight]", vec![])
                .await?;
            if now == json!([width, height]) {
                return Ok(Some(()));
            }
            Err(format!("it is {now}").into())
        })
        .await?;
        self.drawn().await
    }

    /// Waits until what has changed is laid out and drawn.
    async fn drawn(&self) -> Result<()> {
        let script = "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done(null)))";
        let drawn = self.page.client().execute_async(script, vec![]).await?;
        drawn
            .is_null()
            .then_some(())
            .ok_or_else(|| "no frame".into())
    }

    /// Puts these colours on.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn paint(&self, theme: &str) -> Result<()> {
        let paint = self
            .page
            .client()
            .execute_async(PAINT, vec![json!(theme)])
            .await?;
        match paint.as_str() {
            Some("light" | "dark") => Ok(()),
            _ => Err(format!("no colours: {paint}").into()),
        }
    }

    /// Has axe-core look at it.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn examine(&mut self, screen: &str) -> Result<()> {
        let here = self
            .page
            .run("return typeof globalThis.axe", vec![])
            .await?;
        if here != json!("object") {
            self.page
                .run(&format!("{}\nreturn null", self.axe), vec![])
                .await?;
        }
        let faults = self.page.client().execute_async(EXAMINE, vec![]).await?;
        self.note(screen, &faults);
        Ok(())
    }

    /// Looks for what does not fit.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn measure(&mut self, screen: &str) -> Result<()> {
        let faults = self.page.run(&format!("{SCOPE}{OVERFLOW}"), vec![]).await?;
        self.note(screen, &faults);
        Ok(())
    }

    /// Goes through all of it with the Tab key.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn tab_through(&mut self, screen: &str) -> Result<()> {
        let stops = self
            .page
            .run(&format!("{SCOPE}{AWAIT_FOCUS}"), vec![])
            .await?;
        let mut keys = KeyActions::new("keyboard".into());
        for _ in 0..stops.as_u64().unwrap_or_default() + 3 {
            let value = char::from(Key::Tab);
            keys = keys
                .then(KeyAction::Down { value })
                .then(KeyAction::Up { value });
        }
        self.page.client().perform_actions(keys).await?;
        let faults = self.page.run(UNREACHED, vec![]).await?;
        self.note(screen, &faults);
        Ok(())
    }

    /// Keeps a small picture, if pictures are wanted (needs ImageMagick).
    ///
    /// # Errors
    /// When it can't be taken.
    pub async fn picture(&self, name: &str) -> Result<()> {
        let Some(folder) = &self.pictures else {
            return Ok(());
        };
        self.drawn().await?;
        let whole = folder.join(format!("{name}.png"));
        self.page.screenshot(&whole).await?;
        shrink(&whole, &folder.join(format!("{name}.webp"))).await?;
        Ok(tokio::fs::remove_file(whole).await?)
    }

    /// What was found, each once.
    ///
    /// # Errors
    /// When something was.
    pub fn verdict(&self) -> Result<()> {
        if self.faults.is_empty() {
            return Ok(());
        }
        let all: Vec<_> = self.faults.iter().map(String::as_str).collect();
        Err(format!("{} faults:\n{}", all.len(), all.join("\n")).into())
    }

    fn note(&mut self, screen: &str, faults: &Value) {
        let faults = faults.as_array().into_iter().flatten();
        self.faults
            .extend(faults.filter_map(|fault| Some(format!("{screen}: {}", fault.as_str()?))));
    }
}

async fn shrink(from: &Path, to: &Path) -> Result<()> {
    let status = Command::new("convert")
        .arg(from)
        .args(["-strip", "-quality", "82"])
        .arg(to)
        .status()
        .await?;
    if status.success() {
        Ok(())
    } else {
        Err("convert (ImageMagick) made no picture".into())
    }
}
