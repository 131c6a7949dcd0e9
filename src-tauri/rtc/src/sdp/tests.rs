//! Reading, writing and making fit.

use super::local::{self, LocalSection, Msid, Origin, Ssrcs, Transport};
use super::remote::Remote;
use super::*;

/// As Chromium offers it, shortened.
const CHROMIUM: &str = "v=0\r\n\
    o=- 4962303333179871722 2 IN IP4 127.0.0.1\r\n\
    s=-\r\n\
    t=0 0\r\n\
    a=group:BUNDLE 0 1 2\r\n\
    a=extmap-allow-mixed\r\n\
    a=msid-semantic: WMS stream\r\n\
    m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\n\
    c=IN IP4 0.0.0.0\r\n\
    a=rtcp:9 IN IP4 0.0.0.0\r\n\
    a=candidate:1 1 udp 2113937151 1f4712db-ea17-4bcf-a596-105139dfd8bf.local 54596 typ host\r\n\
    a=ice-ufrag:4ZcD\r\n\
    a=ice-pwd:2/1muCWoOi3uLifh0NuRHlos\r\n\
    a=ice-options:trickle\r\n\
    a=fingerprint:sha-256 7B:8B:F0:65\r\n\
    a=setup:actpass\r\n\
    a=mid:0\r\n\
    a=sendrecv\r\n\
    a=msid:stream track\r\n\
    a=rtcp-mux\r\n\
    a=rtpmap:111 opus/48000/2\r\n\
    a=rtpmap:63 red/48000/2\r\n\
    m=video 9 UDP/TLS/RTP/SAVPF 96 97 98\r\n\
    c=IN IP4 0.0.0.0\r\n\
    a=mid:1\r\n\
    a=recvonly\r\n\
    a=rtpmap:96 VP8/90000\r\n\
    a=rtpmap:97 rtx/90000\r\n\
    a=simulcast:recv a;b\r\n\
    a=rid:a recv\r\n\
    m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n\
    c=IN IP4 0.0.0.0\r\n\
    a=mid:2\r\n\
    a=sctp-port:5000\r\n";

#[test]
fn what_is_read_is_written_as_it_was() {
    let description = Description::parse(CHROMIUM).unwrap();
    assert_eq!(description.to_string(), CHROMIUM);
    let unix = CHROMIUM.replace("\r\n", "\n");
    assert_eq!(Description::parse(&unix).unwrap().to_string(), CHROMIUM);
}

#[test]
fn what_is_looked_at_is_found() {
    let description = Description::parse(CHROMIUM).unwrap();
    assert_eq!(description.bundle().unwrap(), ["0", "1", "2"]);
    assert_eq!(
        description.credentials(),
        Some(("4ZcD", "2/1muCWoOi3uLifh0NuRHlos"))
    );
    assert_eq!(description.anywhere("setup"), Some("actpass"));
    let video = description.section("1").unwrap();
    assert_eq!(
        (&video.kind, video.direction()),
        (&Kind::Video, Direction::RecvOnly)
    );
    assert_eq!(video.formats, ["96", "97", "98"]);
    assert!(!video.rejected());
}

#[test]
fn what_is_no_description_is_refused_with_its_line() {
    let refused = |text: &str| Description::parse(text).unwrap_err();
    assert_eq!(refused(""), SdpError::Line(1));
    assert_eq!(refused("hello"), SdpError::Line(1));
    assert_eq!(refused("v=1\r\n"), SdpError::Line(1));
    assert_eq!(
        refused("\n\ns=-\r\n"),
        SdpError::Line(3),
        "blank lines are no version"
    );
    assert_eq!(refused("v=0\r\ns\r\n"), SdpError::Line(2));
    for line in [
        "m=",
        "m=audio",
        "m=audio 9",
        "m=audio x UDP 0",
        "m=audio 70000 UDP 0",
        "m=audio 9 UDP",
        "A=x",
        "a=\0",
    ] {
        assert_eq!(
            refused(&format!("v=0\r\n{line}\r\n")),
            SdpError::Line(2),
            "{line}"
        );
    }
    assert_eq!(refused(&"v=0\n".repeat(MAX_DESCRIPTION)), SdpError::TooLong);
    let formats = |count| format!("v=0\nm=audio 9 UDP{}\n", " 0".repeat(count));
    assert!(Description::parse(&formats(MAX_FORMATS)).is_ok());
    assert_eq!(refused(&formats(MAX_FORMATS + 1)), SdpError::Line(2));
    let many = format!("v=0\n{}", "m=audio 9 UDP 0\n".repeat(MAX_SECTIONS + 1));
    assert_eq!(refused(&many), SdpError::TooManySections);
}

#[test]
fn no_text_makes_the_parser_panic() {
    let bytes = CHROMIUM.as_bytes();
    for at in 0..bytes.len() {
        for replacement in [b'\n', b' ', b':', b'0', 0xff] {
            let mut changed = bytes.to_vec();
            changed[at] = replacement;
            let text = String::from_utf8_lossy(&changed);
            if let Ok(remote) = Remote::parse(&text) {
                let _ = remote.for_engine(None);
            }
            let _ = Description::parse(&text[..text.floor_char_boundary(at)]);
        }
    }
}

#[test]
fn directions_reverse_and_meet() {
    use Direction::*;
    assert_eq!(
        [SendRecv, SendOnly, RecvOnly, Inactive].map(Direction::reversed),
        [SendRecv, RecvOnly, SendOnly, Inactive]
    );
    assert_eq!(SendRecv.and(RecvOnly), RecvOnly);
    assert_eq!(SendOnly.and(RecvOnly), Inactive);
}

#[test]
fn a_description_of_theirs_is_made_fit() {
    let remote = Remote::parse(CHROMIUM).unwrap();
    let candidates: Vec<&str> = remote.candidates().collect();
    assert!(
        matches!(candidates[..], [one] if one.starts_with("candidate:1 1 udp") && one.contains(".local"))
    );
    let text = remote.for_engine(None);
    let fit = Description::parse(&text).unwrap();
    assert_eq!(fit.bundle().unwrap(), ["0", "1", "2"]);
    for gone in ["candidate", "simulcast", "rid:"] {
        assert!(!text.contains(gone), "{gone}");
    }
    assert_eq!(
        fit.sections[1].formats,
        ["96", "97"],
        "98 is explained nowhere"
    );
    str0m::change::SdpOffer::from_sdp_string(&text).unwrap();
}

#[test]
fn what_cannot_be_used_is_rejected() {
    let usable = |text: &str| {
        Remote::parse(text)
            .unwrap()
            .sections()
            .map(|(_, usable)| usable)
            .collect::<Vec<_>>()
    };
    assert_eq!(usable(CHROMIUM), [true, true, true]);
    assert_eq!(
        usable(&CHROMIUM.replace("m=video 9", "m=video 0")),
        [true, false, true]
    );
    assert_eq!(
        usable(&CHROMIUM.replace("m=video 9", "m=text 9")),
        [true, false, true]
    );
    assert_eq!(
        usable(&CHROMIUM.replace("BUNDLE 0 1 2", "BUNDLE 0 2")),
        [true, false, true]
    );
    assert_eq!(
        usable(&CHROMIUM.replace("a=group:BUNDLE 0 1 2\r\n", "")),
        [true, false, false]
    );
    let bundle_only = CHROMIUM
        .replace("m=video 9", "m=video 0")
        .replace("a=mid:1", "a=mid:1\r\na=bundle-only");
    assert_eq!(usable(&bundle_only), [true, true, true]);
    let text = Remote::parse(&CHROMIUM.replace("BUNDLE 0 1 2", "BUNDLE 2 0"))
        .unwrap()
        .for_engine(None);
    assert_eq!(
        Description::parse(&text).unwrap().bundle().unwrap(),
        ["0", "2"],
        "in the order of the sections"
    );
}

#[test]
fn a_section_without_a_mid_gets_one_and_a_mid_twice_is_refused() {
    let text = CHROMIUM
        .replace("a=mid:1\r\n", "")
        .replace("a=group:BUNDLE 0 1 2\r\n", "");
    let remote = Remote::parse(&text).unwrap();
    assert_eq!(
        remote
            .sections()
            .filter_map(|(section, _)| section.mid())
            .collect::<Vec<_>>(),
        ["0", "m0", "2"]
    );
    assert_eq!(
        Remote::parse(&CHROMIUM.replace("a=mid:1", "a=mid:0")).unwrap_err(),
        SdpError::DuplicateMid
    );
}

#[test]
fn what_could_not_be_connected_to_is_refused() {
    assert_eq!(
        Remote::parse("v=0\r\ns=-\r\n").unwrap_err(),
        SdpError::Empty
    );
    assert_eq!(
        Remote::parse(&CHROMIUM.replace("a=ice-pwd", "a=x")).unwrap_err(),
        SdpError::NoCredentials
    );
    assert_eq!(
        Remote::parse(&CHROMIUM.replace("a=fingerprint", "a=x")).unwrap_err(),
        SdpError::NoFingerprint
    );
}

#[test]
fn a_description_that_rejects_everything_borrows_what_it_lacks() {
    let before = Remote::parse(CHROMIUM).unwrap();
    let nothing = "v=0\r\ns=-\r\nm=audio 0 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n";
    let text = Remote::parse(nothing).unwrap().for_engine(Some(&before));
    let fit = Description::parse(&text).unwrap();
    assert_eq!(
        fit.credentials(),
        before
            .for_engine(None)
            .parse_credentials()
            .as_ref()
            .map(|(u, p)| (u.as_str(), p.as_str()))
    );
    assert_eq!(fit.anywhere("setup"), Some("actpass"));
    assert!(fit.sections[0].rejected());
}

trait Credentials {
    fn parse_credentials(&self) -> Option<(String, String)>;
}

impl Credentials for String {
    fn parse_credentials(&self) -> Option<(String, String)> {
        let description = Description::parse(self).ok()?;
        description
            .credentials()
            .map(|(ufrag, password)| (ufrag.to_owned(), password.to_owned()))
    }
}

#[test]
fn our_description_golden() {
    let transport = Transport {
        ufrag: "uf".to_owned(),
        password: "secret".to_owned(),
        fingerprint: "sha-256 AB:CD".to_owned(),
        setup: "actpass".to_owned(),
    };
    let (formats, codec_lines) = (
        ["96".to_owned(), "97".to_owned()],
        ["a=rtpmap:96 VP8/90000".to_owned()],
    );
    let msid = Msid {
        streams: vec!["s 1\r\na=x".to_owned()],
        track: Some("t".to_owned()),
    };
    let video = LocalSection {
        mid: "v",
        kind: &Kind::Video,
        rejected: false,
        direction: Direction::SendRecv,
        formats: &formats,
        codec_lines: &codec_lines,
        ssrcs: Some(Ssrcs {
            main: 5,
            repair: Some(6),
        }),
        msid: &msid,
    };
    let data = LocalSection {
        mid: "d",
        kind: &Kind::Application,
        ..video.clone()
    };
    let rejected = LocalSection {
        mid: "r",
        kind: &Kind::Audio,
        rejected: true,
        formats: &[],
        ..video.clone()
    };
    let sdp = local::compose(
        Origin {
            session: 7,
            version: 3,
        },
        &transport,
        &[video, rejected, data],
    );
    let golden = "v=0\r\n\
        o=- 7 3 IN IP4 127.0.0.1\r\n\
        s=-\r\n\
        t=0 0\r\n\
        a=group:BUNDLE v d\r\n\
        a=extmap-allow-mixed\r\n\
        a=msid-semantic: WMS *\r\n\
        m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\n\
        c=IN IP4 0.0.0.0\r\n\
        a=mid:v\r\n\
        a=ice-ufrag:uf\r\n\
        a=ice-pwd:secret\r\n\
        a=ice-options:trickle\r\n\
        a=fingerprint:sha-256 AB:CD\r\n\
        a=setup:actpass\r\n\
        a=sendrecv\r\n\
        a=rtcp-mux\r\n\
        a=rtpmap:96 VP8/90000\r\n\
        a=msid:s1ax t\r\n\
        a=ssrc-group:FID 5 6\r\n\
        a=ssrc:5 cname:ringdown\r\n\
        a=ssrc:6 cname:ringdown\r\n\
        m=audio 0 UDP/TLS/RTP/SAVPF 0\r\n\
        c=IN IP4 0.0.0.0\r\n\
        a=mid:r\r\n\
        a=inactive\r\n\
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n\
        c=IN IP4 0.0.0.0\r\n\
        a=mid:d\r\n\
        a=ice-ufrag:uf\r\n\
        a=ice-pwd:secret\r\n\
        a=ice-options:trickle\r\n\
        a=fingerprint:sha-256 AB:CD\r\n\
        a=setup:actpass\r\n\
        a=sctp-port:5000\r\n\
        a=max-message-size:262144\r\n";
    assert_eq!(sdp, golden);
}

#[test]
fn debug_shows_no_part_of_a_description() {
    let remote = Remote::parse(CHROMIUM).unwrap();
    let shown = format!(
        "{remote:?} {:?} {:?}",
        Description::parse(CHROMIUM),
        remote.sections().next()
    );
    for secret in ["2/1mu", "4ZcD", "54596", "7B:8B", "stream", "1f4712db"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    let error = Remote::parse(&CHROMIUM.replace("m=video 9", "m=video secret")).unwrap_err();
    assert!(!format!("{error:?} {error}").contains("secret"));
}
