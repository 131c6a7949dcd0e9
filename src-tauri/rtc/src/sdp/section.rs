//! One m= section.

use std::fmt;

/// What a section carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Audio,
    Video,
    Application,
    /// Something WebRTC knows nothing of; always rejected.
    Other(String),
}

impl Kind {
    /// As it stands in the m= line.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Application => "application",
            Self::Other(name) => name,
        }
    }

    fn read(name: &str) -> Self {
        match name {
            "audio" => Self::Audio,
            "video" => Self::Video,
            "application" => Self::Application,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// Which way media flows, seen from whoever wrote the description.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Direction {
    SendRecv,
    SendOnly,
    RecvOnly,
    Inactive,
}

impl Direction {
    const ALL: [Self; 4] = [
        Self::SendRecv,
        Self::SendOnly,
        Self::RecvOnly,
        Self::Inactive,
    ];

    pub fn new(sends: bool, receives: bool) -> Self {
        match (sends, receives) {
            (true, true) => Self::SendRecv,
            (true, false) => Self::SendOnly,
            (false, true) => Self::RecvOnly,
            (false, false) => Self::Inactive,
        }
    }

    pub fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    pub fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }

    /// As the other side sees it.
    pub fn reversed(self) -> Self {
        Self::new(self.receives(), self.sends())
    }

    /// What both allow.
    pub fn and(self, other: Self) -> Self {
        Self::new(
            self.sends() && other.sends(),
            self.receives() && other.receives(),
        )
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    pub fn read(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }
}

impl From<Direction> for str0m::media::Direction {
    fn from(direction: Direction) -> Self {
        match direction {
            Direction::SendRecv => Self::SendRecv,
            Direction::SendOnly => Self::SendOnly,
            Direction::RecvOnly => Self::RecvOnly,
            Direction::Inactive => Self::Inactive,
        }
    }
}

/// An m= line and the lines below it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Section {
    pub kind: Kind,
    pub port: u16,
    /// Such as `UDP/TLS/RTP/SAVPF`.
    pub protocol: String,
    /// Payload types, or `webrtc-datachannel`.
    pub formats: Vec<String>,
    /// Without their line ends.
    pub lines: Vec<String>,
}

impl Section {
    /// Reads what follows `m=`.
    pub(super) fn open(media: &str) -> Option<Self> {
        let mut words = media.split(' ');
        let kind = words.next().filter(|kind| !kind.is_empty())?;
        let port = words.next()?;
        let port = port.split('/').next()?.parse().ok()?;
        let protocol = words.next()?.to_owned();
        let formats: Vec<String> = words
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect();
        (1..=super::MAX_FORMATS)
            .contains(&formats.len())
            .then(|| Self {
                kind: Kind::read(kind),
                port,
                protocol,
                formats,
                lines: Vec::new(),
            })
    }

    /// The value of the first attribute of this name.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        attributes(&self.lines, name).next()
    }

    /// The values of all attributes of this name.
    pub fn attributes(&self, name: &str) -> impl Iterator<Item = &str> {
        attributes(&self.lines, name)
    }

    /// Whether the attribute without a value is there.
    pub fn has(&self, flag: &str) -> bool {
        self.lines
            .iter()
            .any(|line| line.strip_prefix("a=") == Some(flag))
    }

    pub fn mid(&self) -> Option<&str> {
        self.attribute("mid")
    }

    /// The section is not to be used: port 0, and not because it shares another one's (RFC 9143, section 6).
    pub fn rejected(&self) -> bool {
        self.port == 0 && !self.has("bundle-only")
    }

    /// `sendrecv` where nothing is said.
    pub fn direction(&self) -> Direction {
        let find = |line: &String| line.strip_prefix("a=").and_then(Direction::read);
        self.lines
            .iter()
            .find_map(find)
            .unwrap_or(Direction::SendRecv)
    }

    /// Keeps the lines for which `keep` says so.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.lines.retain(|line| keep(line));
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind,
            port,
            protocol,
            formats,
            lines,
        } = self;
        write!(
            f,
            "m={} {port} {protocol} {}\r\n",
            kind.as_str(),
            formats.join(" ")
        )?;
        lines.iter().try_for_each(|line| write!(f, "{line}\r\n"))
    }
}

impl fmt::Debug for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Section({}, {} lines)",
            self.kind.as_str(),
            self.lines.len()
        )
    }
}

/// The values of the attributes of this name.
pub(super) fn attributes<'a>(lines: &'a [String], name: &str) -> impl Iterator<Item = &'a str> {
    lines.iter().filter_map(move |line| {
        line.strip_prefix("a=")?
            .strip_prefix(name)?
            .strip_prefix(':')
    })
}
