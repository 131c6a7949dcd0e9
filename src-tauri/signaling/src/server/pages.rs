//! Two pages for people with a browser: what an invite link leads to, and what this server is.
//!
//! An invite is in the fragment of its link, which browsers do not send (RFC 3986 §3.5), so it never gets here. The pages are
//! one file each, load nothing, set nothing, and allow in their policy only the very style and script that are in them.

use std::sync::LazyLock;

use axum::{
    Router,
    http::{HeaderName, header},
    response::{Html, IntoResponse},
    routing::get,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("pages/page.css");
const SCRIPT: &str = include_str!("pages/invite.js");
const MARK: &str = include_str!("pages/mark.svg");

/// Where the app is to be had.
const DOWNLOAD: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/releases");

static INVITE: LazyLock<Page> =
    LazyLock::new(|| Page::new(include_str!("pages/invite.html"), Some(SCRIPT)));
static HOME: LazyLock<Page> = LazyLock::new(|| Page::new(include_str!("pages/home.html"), None));

/// The routes of the pages.
pub(super) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/", get(async || HOME.answer()))
        .route("/i", get(async || INVITE.answer()))
}

struct Page {
    html: String,
    policy: String,
}

impl Page {
    fn new(template: &str, script: Option<&str>) -> Self {
        let html = template
            .replace("{style}", STYLE)
            .replace("{script}", script.unwrap_or_default())
            .replace("{mark}", MARK.trim_end())
            .replace("{download}", DOWNLOAD);
        let script = script.map_or_else(
            || "'none'".to_owned(),
            |script| format!("{}; require-trusted-types-for 'script'", source(script)),
        );
        let style = source(STYLE);
        let policy = format!(
            "default-src 'none'; style-src {style}; script-src {script}; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'none'"
        );
        Self { html, policy }
    }

    fn answer(&'static self) -> impl IntoResponse {
        let headers: [(HeaderName, &str); 7] = [
            (header::CONTENT_SECURITY_POLICY, &self.policy),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::X_FRAME_OPTIONS, "DENY"),
            (
                HeaderName::from_static("cross-origin-opener-policy"),
                "same-origin",
            ),
            (
                HeaderName::from_static("cross-origin-resource-policy"),
                "same-origin",
            ),
            (header::CACHE_CONTROL, "no-cache"),
        ];
        (headers, Html(self.html.as_str()))
    }
}

/// What a policy calls a style or a script by: its hash (CSP Level 3 §2.3.1).
fn source(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)))
}
