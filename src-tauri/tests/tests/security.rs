//! What the window and the media socket refuse.

use fantoccini::Locator;
use futures_util::StreamExt;
use std::path::Path;

use ringdown_e2e::Result;
use ringdown_e2e::person::{Person, Setup};
use ringdown_e2e::stage::Stage;
use serde_json::json;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;

/// A fresh address of the media socket, token and all, as the page gets it.
async fn media_socket(person: &Person) -> Result<String> {
    let script = r#"const done = arguments[0];
        __TAURI__.core.invoke("rtc", { request: { op: "mediaSocket" } }).then(({ url }) => done(url), (error) => done(JSON.stringify(error)))"#;
    let url = person.page().client().execute_async(script, vec![]).await?;
    Ok(url.as_str().ok_or("no address")?.to_owned())
}

/// Whether the socket takes this address from this origin: it stays open when it does.
async fn is_taken(url: &str, origin: Option<&str>) -> Result<bool> {
    let mut request = url.into_client_request()?;
    if let Some(origin) = origin {
        request
            .headers_mut()
            .insert("Origin", HeaderValue::from_str(origin)?);
    }
    let Ok((mut socket, _)) = connect_async(request).await else {
        return Ok(false);
    };
    // A socket that was let in is asked nothing and says nothing; one that was not is closed at once.
    let closed = tokio::time::timeout(std::time::Duration::from_millis(300), socket.next()).await;
    Ok(closed.is_err())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_media_socket_takes_its_token_once_and_from_our_page_only() -> Result<()> {
    const OURS: Option<&str> = Some("tauri://localhost");
    let stage = Stage::new("1280x1024").await?;
    let alice = Person::arrive(&stage, "Alice", Setup::default()).await?;

    assert!(
        !is_taken(&media_socket(&alice).await?, Some("https://example.org")).await?,
        "another page's origin"
    );
    assert!(
        !is_taken(&media_socket(&alice).await?, None).await?,
        "no origin"
    );
    let url = media_socket(&alice).await?;
    let wrong = format!(
        "{}{}",
        &url[..url.len() - 1],
        if url.ends_with('A') { 'B' } else { 'A' }
    );
    assert!(!is_taken(&wrong, OURS).await?, "a wrong token");
    let bare = url.split('?').next().ok_or("no query")?;
    assert!(!is_taken(bare, OURS).await?, "no token");
    assert!(
        is_taken(&url, OURS).await?,
        "the right token from the right page"
    );
    assert!(!is_taken(&url, OURS).await?, "the same token again");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_can_load_nothing_from_elsewhere() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let alice = Person::arrive(&stage, "Alice", Setup::default()).await?;
    let script = r#"
        const done = arguments[0];
        const refused = [];
        addEventListener("securitypolicyviolation", (event) => {
            refused.push(event.effectiveDirective);
            if (new Set(refused).size === 3) done([...new Set(refused)].sort());
        });
        const script = document.createElement("script");
        script.textContent = "window.injected = true";
        document.head.append(script);
        document.body.insertAdjacentHTML("beforeend", "<img src='https://example.invalid/x.png' hidden>");
        fetch("https://example.invalid/").catch(() => {});
    "#;
    let refused = alice.page().client().execute_async(script, vec![]).await?;
    assert_eq!(
        refused,
        json!(["connect-src", "img-src", "script-src-elem"])
    );
    assert_eq!(
        alice
            .page()
            .run("return window.injected ?? null", vec![])
            .await?,
        json!(null)
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_may_use_no_command_of_tauri_beyond_listening() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let alice = Person::arrive(&stage, "Alice", Setup::default()).await?;
    for command in [
        "plugin:window|close",
        "plugin:webview|create_webview_window",
        "plugin:path|resolve_directory",
        "plugin:event|emit",
    ] {
        let script = r#"const [command, done] = arguments;
            __TAURI__.core.invoke(command, {}).then(() => done("allowed"), (error) => done(String(error)))"#;
        let said = alice
            .page()
            .client()
            .execute_async(script, vec![json!(command)])
            .await?;
        assert!(
            said.as_str()
                .is_some_and(|said| said.contains("not allowed")),
            "{command}: {said}"
        );
    }
    Ok(())
}

/// What a page keeps is the profile's: on one machine there may be several.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_reads_nothing_that_another_profiles_page_stored() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let alice = Person::arrive(&stage, "Alice", Setup::default()).await?;
    let store = "localStorage.setItem('mine', 'Alice'); return localStorage.getItem('mine')";
    let stored = alice.page().run(store, vec![]).await?;
    assert_eq!(stored, json!("Alice"));
    let bob = Person::arrive(&stage, "Bob", Setup::default()).await?;
    let read = "return localStorage.getItem('mine')";
    assert_eq!(bob.page().run(read, vec![]).await?, json!(null));
    assert!(alice.data().join("pages").is_dir());
    Ok(())
}

/// The process that runs the page, and reads what the other side sends, is kept from the rest of the system.
#[tokio::test(flavor = "multi_thread")]
async fn the_page_runs_in_a_sandbox() -> Result<()> {
    let stage = Stage::new("1280x1024").await?;
    let alice = Person::arrive(&stage, "Alice", Setup::default()).await?;
    let (app, page) = (alice.pid().await?, alice.page_process().await?);
    for namespace in ["pid", "net", "mnt", "uts"] {
        let of = |pid: u32| std::fs::read_link(format!("/proc/{pid}/ns/{namespace}"));
        assert_ne!(of(app)?, of(page)?, "{namespace}");
    }
    let status = tokio::fs::read_to_string(format!("/proc/{page}/status")).await?;
    let says = |field: &str| {
        let mut lines = status.lines();
        lines.find_map(|line| Some(line.strip_prefix(field)?.trim().to_owned()))
    };
    assert_eq!(
        says("Seccomp:").as_deref(),
        Some("2"),
        "a filter of system calls"
    );
    assert_eq!(says("NoNewPrivs:").as_deref(), Some("1"));
    // The key, the contacts and the person's files are not there at all.
    let inside = format!("/proc/{page}/root");
    assert!(tokio::fs::try_exists(format!("{inside}/usr/share")).await?);
    for private in ["identity.key", "ringdown.db", "control", "log"] {
        let path = alice.data().join(private);
        assert!(path.exists(), "{private}");
        assert!(
            !Path::new(&format!("{inside}{}", path.display())).exists(),
            "{private}"
        );
    }
    alice.page().press("Settings").await?;
    let told = "return document.querySelector('#settings-sandbox').textContent";
    let told = alice.page().run(told, vec![]).await?;
    let says_so = |told: &str| told.contains("runs in a sandbox");
    assert!(told.as_str().is_some_and(says_so), "{told}");
    Ok(())
}

/// The page sees no file of hers but those that she chooses. WebDriver does the choosing: no dialog is shown to it.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_she_chooses_is_read_from_inside_the_sandbox() -> Result<()> {
    const INPUT: Locator = Locator::Css("input[type=file]");
    const READ: &str =
        "const [input, done] = arguments; input.files[0].text().then(done, (e) => done(String(e)))";
    let stage = Stage::new("1280x1024").await?;
    let alice = Person::arrive(&stage, "Alice", Setup::default()).await?;
    let file = stage.dir().join("chosen.age");
    tokio::fs::write(&file, "what is in it").await?;
    alice.page().press("Settings").await?;
    alice.page().press("Restore…").await?;
    let input = alice.page().client().find(INPUT).await?;
    input.send_keys(&file.display().to_string()).await?;
    let input = vec![serde_json::to_value(input)?];
    let read = alice.page().client().execute_async(READ, input).await?;
    assert_eq!(read, json!("what is in it"));
    Ok(())
}
