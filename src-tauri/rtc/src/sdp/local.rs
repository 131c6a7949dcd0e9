//! Our own descriptions, written from what was and is to be negotiated.

use super::{Description, Direction, Kind, Section};

/// Largest message taken on a data channel, in bytes.
pub(crate) const MAX_MESSAGE: usize = 256 * 1024;

/// What all sections share: one transport carries everything.
#[derive(Clone)]
pub(crate) struct Transport {
    pub ufrag: String,
    pub password: String,
    /// Such as `sha-256 AB:CD:…`.
    pub fingerprint: String,
    /// `actpass`, `active` or `passive`.
    pub setup: String,
}

/// The o= line's figures: the same session, a version more with each description.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin {
    pub session: u64,
    pub version: u64,
}

/// What names the sender's track to the other side.
#[derive(Debug, Clone, Default)]
pub(crate) struct Msid {
    pub streams: Vec<String>,
    pub track: Option<String>,
}

/// The RTP streams a section sends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ssrcs {
    pub main: u32,
    /// For retransmissions.
    pub repair: Option<u32>,
}

/// One section of ours.
#[derive(Debug, Clone)]
pub(crate) struct LocalSection<'a> {
    pub mid: &'a str,
    pub kind: &'a Kind,
    pub rejected: bool,
    pub direction: Direction,
    pub formats: &'a [String],
    /// Codecs and header extensions.
    pub codec_lines: &'a [String],
    pub ssrcs: Option<Ssrcs>,
    pub msid: &'a Msid,
}

/// Writes a description.
pub(crate) fn compose(origin: Origin, transport: &Transport, sections: &[LocalSection]) -> String {
    let bundled: Vec<&str> = sections
        .iter()
        .filter(|one| !one.rejected)
        .map(|one| one.mid)
        .collect();
    let Origin { session, version } = origin;
    let session = vec![
        "v=0".to_owned(),
        format!("o=- {session} {version} IN IP4 127.0.0.1"),
        "s=-".to_owned(),
        "t=0 0".to_owned(),
        format!("a=group:BUNDLE {}", bundled.join(" "))
            .trim_end()
            .to_owned(),
        "a=extmap-allow-mixed".to_owned(),
        "a=msid-semantic: WMS *".to_owned(),
    ];
    let sections = sections.iter().map(|one| one.write(transport)).collect();
    Description { session, sections }.to_string()
}

/// What a section of str0m's says of codecs and header extensions, taken over into ours.
pub(crate) fn codec_lines(section: &Section) -> Vec<String> {
    let kept = ["a=rtpmap:", "a=fmtp:", "a=rtcp-fb:", "a=extmap:"];
    section
        .lines
        .iter()
        .filter(|line| kept.iter().any(|prefix| line.starts_with(prefix)))
        .cloned()
        .collect()
}

impl LocalSection<'_> {
    fn write(&self, transport: &Transport) -> Section {
        let data = *self.kind == Kind::Application;
        let protocol = if data {
            "UDP/DTLS/SCTP"
        } else {
            "UDP/TLS/RTP/SAVPF"
        };
        let formats = match (data, self.formats) {
            (true, _) => vec!["webrtc-datachannel".to_owned()],
            // the grammar wants one, also of what is rejected
            (false, []) => vec!["0".to_owned()],
            (false, formats) => formats.to_vec(),
        };
        let mut lines = vec!["c=IN IP4 0.0.0.0".to_owned(), format!("a=mid:{}", self.mid)];
        if self.rejected {
            if !data {
                lines.push("a=inactive".to_owned());
            }
        } else {
            lines.push(format!("a=ice-ufrag:{}", transport.ufrag));
            lines.push(format!("a=ice-pwd:{}", transport.password));
            lines.push("a=ice-options:trickle".to_owned());
            lines.push(format!("a=fingerprint:{}", transport.fingerprint));
            lines.push(format!("a=setup:{}", transport.setup));
            if data {
                lines.push("a=sctp-port:5000".to_owned());
                lines.push(format!("a=max-message-size:{MAX_MESSAGE}"));
            } else {
                self.write_media(&mut lines);
            }
        }
        let port = if self.rejected { 0 } else { 9 };
        Section {
            kind: self.kind.clone(),
            port,
            protocol: protocol.to_owned(),
            formats,
            lines,
        }
    }

    fn write_media(&self, lines: &mut Vec<String>) {
        lines.push(format!("a={}", self.direction.as_str()));
        lines.push("a=rtcp-mux".to_owned());
        lines.extend_from_slice(self.codec_lines);
        if !self.direction.sends() {
            return;
        }
        let track = self
            .msid
            .track
            .as_deref()
            .map(token)
            .filter(|track| !track.is_empty());
        let track = track.unwrap_or_else(|| format!("track-{}", self.mid));
        let mut streams: Vec<String> = self
            .msid
            .streams
            .iter()
            .map(|id| token(id))
            .filter(|id| !id.is_empty())
            .collect();
        if streams.is_empty() {
            streams.push("-".to_owned());
        }
        lines.extend(
            streams
                .iter()
                .map(|stream| format!("a=msid:{stream} {track}")),
        );
        if let Some(Ssrcs { main, repair }) = self.ssrcs {
            if let Some(repair) = repair {
                lines.push(format!("a=ssrc-group:FID {main} {repair}"));
            }
            let cname = |ssrc| format!("a=ssrc:{ssrc} cname:ringdown");
            lines.push(cname(main));
            lines.extend(repair.map(cname));
        }
    }
}

/// Only what RFC 8830 allows in an msid, at most 64 characters.
fn token(id: &str) -> String {
    id.chars()
        .filter(|&c| c.is_ascii_graphic() && !"\"(),/:;<=>?@[\\]".contains(c))
        .take(64)
        .collect()
}
