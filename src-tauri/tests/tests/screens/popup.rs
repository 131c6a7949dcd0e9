//! The popup, when nobody looks at the window.

use ringdown_e2e::{Result, eventually};
use serde_json::{Value, json};

use super::{BOB, Walk};

/// The popup's own size.
const SIZE: &str = "width: 380px; max-width: 100%; height: 220px";
/// With whom the person talks already, where one calls during a call: as long a name as Bob's.
const OTHER: &str = "Wilhelmine Charlotte Augusta von Bismarck";

impl Walk<'_> {
    /// The popup's page in the main window: WebDriver drives no other.
    pub(super) async fn popup(&mut self) -> Result<()> {
        self.page()
            .run("location.href = '/popup.html'", vec![])
            .await?;
        eventually("the popup's page", || async {
            let there = "return location.pathname === '/popup.html' && document.documentElement.dataset.theme !== undefined";
            Ok((self.page().run(there, vec![]).await? == json!(true)).then_some(()))
        })
        .await?;
        self.show_popup(None).await?;
        self.look("popup").await?;
        self.show_popup(Some(OTHER)).await?;
        self.look("popup-waiting").await?;
        self.page()
            .run("location.href = '/index.html'", vec![])
            .await?;
        self.speak(self.language).await
    }

    /// Bob calls; during a call with somebody, maybe.
    async fn show_popup(&self, during: Option<&str>) -> Result<()> {
        let view = json!({ "key": "k".repeat(43), "name": BOB, "verified": true, "video": true, "during": during });
        let make = r#"const [view, size, done] = arguments;
            import("/views/popup.js").then(({ createPopup }) => {
              document.body.style = size;
              const { title, element } = createPopup(view, () => {});
              document.title = title;
              document.body.replaceChildren(...document.querySelectorAll("body > svg"), element);
              done(null);
            }, (error) => done(String(error)));"#;
        let client = self.page().client();
        let made = client.execute_async(make, vec![view, json!(SIZE)]).await?;
        match made {
            Value::Null => Ok(()),
            trouble => Err(format!("no popup: {trouble}").into()),
        }
    }
}
