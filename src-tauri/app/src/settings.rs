//! Settings as typed in, settings that hold.

use ringdown_core::ice::IceServer;
use ringdown_core::invite::Reach;

use crate::ipc::{Settings, UiError};

/// Seconds a call may ring.
const NO_ANSWER_SECONDS: std::ops::RangeInclusive<u32> = 5..=120;
/// Days a call may stay in the history.
const HISTORY_DAYS: std::ops::RangeInclusive<u32> = 1..=3650;
/// A longer id of a device, or tag of a language, is none.
const MAX_ID: usize = 512;

/// Gives the settings back tidied.
///
/// # Errors
/// The first one that can't hold, with a sentence that says how it must look.
pub fn validate(wanted: Settings) -> Result<Settings, UiError> {
    if !NO_ANSWER_SECONDS.contains(&wanted.no_answer_seconds) {
        return Err(UiError::new(
            "no_answer_seconds",
            "A call can ring for 5 to 120 seconds.",
        ));
    }
    if wanted
        .history_days
        .is_some_and(|days| !HISTORY_DAYS.contains(&days))
    {
        return Err(UiError::new(
            "history_days",
            "Calls can stay in the history for 1 to 3650 days, or for ever.",
        ));
    }
    if wanted.ringtone_volume > 100 {
        return Err(UiError::new(
            "ringtone_volume",
            "The volume is a number from 0 to 100.",
        ));
    }
    let server = match wanted
        .server
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
    for server in &wanted.ice_servers {
        check_ice_server(server)?;
    }
    Ok(Settings {
        server,
        language: id(wanted.language),
        ring_device: id(wanted.ring_device),
        camera: id(wanted.camera),
        microphone: id(wanted.microphone),
        speaker: id(wanted.speaker),
        ..wanted
    })
}

/// An empty choice is the system's.
fn id(chosen: Option<String>) -> Option<String> {
    chosen.filter(|id| !id.is_empty() && id.len() <= MAX_ID)
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
    fn what_an_older_ringdown_kept_is_read_and_the_rest_has_its_default() {
        let kept =
            r#"{"server":null,"ice_policy":"lan_only","ice_servers":[],"no_answer_seconds":30}"#;
        let read: Settings = serde_json::from_str(kept).unwrap();
        assert_eq!(read.no_answer_seconds, 30);
        assert!(read.favorites_break_quiet && !read.invisible);
        assert_eq!(read.ringtone_volume, 70);
    }

    #[test]
    fn a_volume_and_days_that_can_not_be_are_refused_and_an_empty_choice_is_the_systems() {
        let set = |change: fn(&mut Settings)| {
            let mut settings = Settings::default();
            change(&mut settings);
            validate(settings)
        };
        let loud = set(|settings| settings.ringtone_volume = 101);
        assert_eq!(loud.unwrap_err().code, "ringtone_volume");
        let never = set(|settings| settings.history_days = Some(0));
        assert_eq!(never.unwrap_err().code, "history_days");
        let camera = set(|settings| settings.camera = Some(String::new()));
        assert_eq!(camera.unwrap().camera, None);
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
