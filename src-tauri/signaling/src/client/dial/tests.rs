use super::*;

fn server(text: &str) -> Result<(String, String), OfflineReason> {
    Server::parse(text).map(|server| (server.endpoint.to_string(), server.audience.to_string()))
}

fn pair(endpoint: &str, audience: &str) -> Result<(String, String), OfflineReason> {
    Ok((endpoint.to_owned(), audience.to_owned()))
}

#[test]
fn a_url_leads_to_the_endpoint_below_it() {
    assert_eq!(
        server("wss://Example.org"),
        pair("wss://example.org/ws", "example.org:443")
    );
    assert_eq!(
        server("ws://127.0.0.1:7373/"),
        pair("ws://127.0.0.1:7373/ws", "127.0.0.1:7373")
    );
    assert_eq!(
        server("wss://[2001:db8::1]/calls/"),
        pair("wss://[2001:db8::1]/calls/ws", "[2001:db8::1]:443")
    );
    assert_eq!(server("ws://h:1/a?b#c"), pair("ws://h:1/a/ws", "h:1"));
}

#[test]
fn other_urls_are_none() {
    for text in [
        "",
        "example.org",
        "http://example.org",
        "ws://",
        "ws://me@example.org",
        "ws://:secret@example.org",
    ] {
        assert_eq!(server(text), Err(OfflineReason::BadUrl), "{text}");
    }
}

#[test]
fn errors_and_closes_have_one_meaning() {
    let of = |code| OfflineReason::of_error(code, "why".to_owned());
    assert_eq!(of(ErrorCode::Unsupported), None);
    assert_eq!(of(ErrorCode::Replaced), Some(OfflineReason::Replaced));
    assert_eq!(of(ErrorCode::GoingAway), Some(OfflineReason::GoingAway));
    assert_eq!(of(ErrorCode::TimedOut), Some(OfflineReason::TimedOut));
    let code = ErrorCode::RateLimited;
    assert_eq!(
        of(code),
        Some(OfflineReason::Refused {
            code,
            message: "why".to_owned()
        })
    );
    let close = |code: u16| {
        of_close(&tungstenite::protocol::CloseFrame {
            code: code.into(),
            reason: "".into(),
        })
    };
    assert_eq!(close(1001), OfflineReason::GoingAway);
    assert_eq!(close(4409), OfflineReason::Replaced);
    assert_eq!(close(4408), OfflineReason::TimedOut);
    assert_eq!(close(1000), OfflineReason::Lost);
}

#[test]
fn what_people_read_names_no_address() {
    let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
    assert_eq!(
        OfflineReason::of_io(&refused).to_string(),
        "The server cannot be reached (connection refused)."
    );
    let untrusted = io::Error::other(rustls::Error::DecryptError);
    assert_eq!(OfflineReason::of_io(&untrusted), OfflineReason::Untrusted);
}
