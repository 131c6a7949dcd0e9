//! What people with a browser are shown, and all that goes with it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests"
)]

mod common;

use base64::{Engine, engine::general_purpose::STANDARD};
use common::{Server, get};
use ringdown_signaling::ServerConfig;
use sha2::{Digest, Sha256};

/// Status line and headers in lower case, and the page.
async fn page(path: &str) -> (String, String) {
    let config = ServerConfig {
        pages: true,
        ..ServerConfig::default()
    };
    let server = Server::start_with(config).await;
    let answer = get(&server, path).await;
    let (head, html) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_ascii_lowercase(), html.to_owned())
}

/// What is between two marks, for each time that they come.
fn between<'a>(text: &'a str, start: &str, end: &str) -> Vec<&'a str> {
    text.split(start)
        .skip(1)
        .map(|rest| rest.split_once(end).unwrap().0)
        .collect()
}

#[tokio::test]
async fn the_pages_come_with_their_guard() {
    for path in ["/", "/i"] {
        let (head, _) = page(path).await;
        assert!(head.starts_with("http/1.1 200"), "{head}");
        for header in [
            "content-type: text/html; charset=utf-8",
            "referrer-policy: no-referrer",
            "x-content-type-options: nosniff",
            "x-frame-options: deny",
            "cross-origin-opener-policy: same-origin",
        ] {
            assert!(head.contains(header), "{path} without {header}:\n{head}");
        }
        assert!(!head.contains("cookie"), "{head}");
        let policy = between(&head, "content-security-policy: ", "\r\n")[0];
        for directive in [
            "default-src 'none';",
            "base-uri 'none';",
            "form-action 'none';",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(directive), "{path}: {policy}");
        }
        assert!(
            !policy.contains("unsafe") && !policy.contains("http"),
            "{policy}"
        );
    }
}

#[tokio::test]
async fn the_policy_allows_what_is_in_the_page_and_nothing_else() {
    for (path, scripts) in [("/", 0), ("/i", 1)] {
        let (head, html) = page(path).await;
        let policy = between(&head, "content-security-policy: ", "\r\n")[0];
        let inside = [
            between(&html, "<style>", "</style>"),
            between(&html, "<script>", "</script>"),
        ]
        .concat();
        assert_eq!(inside.len(), 1 + scripts);
        assert_eq!(policy.matches("sha256-").count(), inside.len());
        for text in inside {
            let hash = STANDARD.encode(Sha256::digest(text)).to_ascii_lowercase();
            assert!(policy.contains(&format!("'sha256-{hash}'")), "{policy}");
        }
    }
}

#[tokio::test]
async fn nothing_in_the_pages_comes_from_elsewhere() {
    for path in ["/", "/i"] {
        let (_, html) = page(path).await;
        let download = concat!(env!("CARGO_PKG_REPOSITORY"), "/releases");
        // A link to follow or not; it loads nothing.
        let link = format!(r#"<a href="{download}" rel="noopener noreferrer">"#);
        assert!(html.contains(&link));
        let rest = html.replace(&link, "");
        for foreign in [
            "http:",
            "https:",
            "\"//",
            " src",
            "url(",
            "@import",
            "<link",
            "<img",
            "<iframe",
            "<form",
            "<base",
            " style=",
            " onclick",
            "fetch(",
            "innerHTML",
            "{style}",
            "{script}",
            "{mark}",
        ] {
            assert!(!rest.contains(foreign), "{path} has {foreign}");
        }
    }
}

#[tokio::test]
async fn without_scripts_the_page_says_what_to_do() {
    let (_, html) = page("/i").await;
    let text = html.split("<script>").next().unwrap();
    for words in ["get Ringdown", "address bar", "Add contact", "Invite link"] {
        assert!(text.contains(words), "{words}");
    }
    // What needs a script is not there until it has run.
    for id in ["broken", "open", "whole", "copy"] {
        let element = between(text, &format!(r#"id="{id}""#), ">")[0];
        assert!(element.contains("hidden"), "{id}");
    }
}
