//! Settings as typed in, settings that hold.

use ringdown_core::ice::IceServer;
use ringdown_core::invite::Reach;

use crate::ipc::{Settings, UiError};

/// Seconds a call may ring.
const NO_ANSWER_SECONDS: std::ops::RangeInclusive<u32> = 5..=120;

/// Gives the settings back tidied.
///
/// # Errors
/// The first one that can't hold, with a sentence that says how it must look.
pub fn validate(wanted: Settings) -> Result<Settings, UiError> {
    let Settings {
        server,
        ice_policy,
        ice_servers,
        no_answer_seconds,
    } = wanted;
    if !NO_ANSWER_SECONDS.contains(&no_answer_seconds) {
        return Err(UiError::new(
            "no_answer_seconds",
            "A call can ring for 5 to 120 seconds.",
        ));
    }
    let server = match server
        .as_deref()
        .map(str::trim)
        .filter(|url| !url.is_empty())
    {
        None => None,
        Some(url) => {
            let reach = Reach::parse(url).map_err(|error| {
                UiError::new("server", format!("{error} Give the server as wss://meet.example.org or ws://192.168.1.5:47100."))
            })?;
            Some(reach.to_string())
        }
    };
    for server in &ice_servers {
        check_ice_server(server)?;
    }
    Ok(Settings {
        server,
        ice_policy,
        ice_servers,
        no_answer_seconds,
    })
}

/// URLs as in RFC 7064 (`stun:host[:port]`) and RFC 7065 (`turn:host[:port][?transport=udp|tcp]`).
fn check_ice_server(server: &IceServer) -> Result<(), UiError> {
    let refuse = |message: String| Err(UiError::new("ice_servers", message));
    if server.urls.is_empty() {
        return refuse(
            "A server needs a URL, like stun:stun.example.org or turn:turn.example.org:3478."
                .into(),
        );
    }
    for url in &server.urls {
        let (scheme, rest) = url.split_once(':').unwrap_or(("", url));
        let (host, query) = rest
            .split_once('?')
            .map_or((rest, None), |(host, query)| (host, Some(query)));
        let relay = matches!(scheme, "turn" | "turns");
        let transport =
            query.is_none() || (relay && matches!(query, Some("transport=udp" | "transport=tcp")));
        if !(relay || matches!(scheme, "stun" | "stuns")) || !transport || !is_host_and_port(host) {
            return refuse(format!(
                "“{url}” is no STUN or TURN server. Write stun:stun.example.org or turn:turn.example.org:3478."
            ));
        }
        if relay && (server.username.is_none() || server.credential.is_none()) {
            return refuse(format!(
                "The relay “{url}” needs a user name and a password."
            ));
        }
    }
    Ok(())
}

/// `host`, `host:port` or `[v6]:port`.
fn is_host_and_port(text: &str) -> bool {
    url::Url::parse(&format!("ws://{text}")).is_ok_and(|url| {
        url.host().is_some()
            && url.path() == "/"
            && !text.contains(['/', '@', '#', '?'])
            && !text.ends_with(':')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ice(url: &str, user: Option<&str>) -> Result<Settings, UiError> {
        let server = IceServer {
            urls: vec![url.into()],
            username: user.map(Into::into),
            credential: user.map(Into::into),
        };
        validate(Settings {
            ice_servers: vec![server],
            ..Settings::default()
        })
    }

    #[test]
    fn stun_and_turn_servers_are_taken_as_the_rfcs_write_them() {
        for fine in [
            "stun:stun.example.org",
            "stuns:stun.example.org:5349",
            "stun:[2001:db8::1]:3478",
        ] {
            ice(fine, None).unwrap();
        }
        for fine in [
            "turn:turn.example.org?transport=tcp",
            "turns:turn.example.org:443?transport=tcp",
            "turn:192.0.2.1",
        ] {
            ice(fine, Some("alice")).unwrap();
        }
    }

    #[test]
    fn anything_else_is_refused_by_name() {
        for wrong in [
            "",
            "stun.example.org",
            "http://example.org",
            "stun:",
            "stun:a:99999",
            "stun:a?transport=udp",
            "turn:a?b=c",
        ] {
            let error = ice(wrong, Some("alice")).unwrap_err();
            assert_eq!(error.code, "ice_servers", "{wrong}");
        }
    }

    #[test]
    fn a_relay_without_credentials_is_refused() {
        assert!(
            ice("turn:turn.example.org", None)
                .unwrap_err()
                .message
                .contains("password")
        );
    }

    #[test]
    fn an_empty_server_is_none() {
        let settings = validate(Settings {
            server: Some("  ".into()),
            ..Settings::default()
        })
        .unwrap();
        assert_eq!(settings.server, None);
    }

    #[test]
    fn a_server_that_is_no_url_is_refused_with_an_example() {
        let error = validate(Settings {
            server: Some("my server".into()),
            ..Settings::default()
        })
        .unwrap_err();
        assert_eq!(error.code, "server");
        assert!(
            error.message.contains("wss://meet.example.org"),
            "{}",
            error.message
        );
    }

    #[test]
    fn ringing_is_bounded() {
        for (seconds, fine) in [(4, false), (5, true), (120, true), (121, false)] {
            assert_eq!(
                validate(Settings {
                    no_answer_seconds: seconds,
                    ..Settings::default()
                })
                .is_ok(),
                fine
            );
        }
    }
}
