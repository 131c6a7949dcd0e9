//! The other side's description, made fit for str0m.
//!
//! str0m wants every section bundled, in order, with a mid; refuses candidates it cannot parse
//! (`.local` names); and takes an answer only for an offer of its own. So it is shown each
//! description as an offer, with candidates taken out (they take the way of trickled ones) and
//! with what it cannot do rejected.

use super::{Description, Direction, Kind, SdpError, Section};

/// A description of the other side, checked.
#[derive(Debug, Clone)]
pub(crate) struct Remote {
    /// As it was sent, with a mid in every section.
    description: Description,
    /// For each section: it can be used.
    usable: Vec<bool>,
}

impl Remote {
    /// Reads and checks a description.
    ///
    /// # Errors
    /// What is malformed, has nothing to negotiate, or could not be connected to.
    pub fn parse(text: &str) -> Result<Self, SdpError> {
        let mut description = Description::parse(text)?;
        if description.sections.is_empty() {
            return Err(SdpError::Empty);
        }
        add_mids(&mut description);
        let mids: Vec<&str> = description
            .sections
            .iter()
            .filter_map(Section::mid)
            .collect();
        if mids
            .iter()
            .enumerate()
            .any(|(at, mid)| mids.iter().skip(at + 1).any(|other| other == mid))
        {
            return Err(SdpError::DuplicateMid);
        }
        let bundle = description.bundle();
        let known =
            |section: &Section| !matches!(section.kind, Kind::Other(_)) && is_token(section.mid());
        let mut usable: Vec<bool> = description
            .sections
            .iter()
            .map(|section| {
                let bundled = bundle
                    .as_ref()
                    .is_none_or(|mids| section.mid().is_some_and(|mid| mids.contains(&mid)));
                !section.rejected() && known(section) && bundled
            })
            .collect();
        if bundle.is_none() {
            // one transport is all there is: the first section has it
            let first = usable.iter().position(|&one| one);
            for (at, one) in usable.iter_mut().enumerate() {
                *one = Some(at) == first;
            }
        }
        if usable.contains(&true) {
            description.credentials().ok_or(SdpError::NoCredentials)?;
            description
                .anywhere("fingerprint")
                .ok_or(SdpError::NoFingerprint)?;
        }
        Ok(Self {
            description,
            usable,
        })
    }

    /// Its sections, each with whether it can be used.
    pub fn sections(&self) -> impl Iterator<Item = (&Section, bool)> {
        self.description
            .sections
            .iter()
            .zip(self.usable.iter().copied())
    }

    /// The ICE user name fragment.
    pub fn ufrag(&self) -> Option<&str> {
        self.description.credentials().map(|(ufrag, _)| ufrag)
    }

    /// Whether this certificate is named. A description that rejects everything names none, and changes
    /// nothing.
    pub fn vouches_for(&self, hash: &str, bytes: &[u8]) -> bool {
        let same = |hex: &str| {
            let mut parts = hex.trim().split(':');
            let mut next = || parts.next().map(|part| u8::from_str_radix(part, 16));
            bytes.iter().all(|byte| next() == Some(Ok(*byte))) && next().is_none()
        };
        let mut named = self.fingerprints().peekable();
        named.peek().is_none()
            || named
                .filter_map(|named| named.split_once(' '))
                .any(|(by, hex)| by.eq_ignore_ascii_case(hash) && same(hex))
    }

    /// The fingerprints of certificates, each with its hash function before it.
    fn fingerprints(&self) -> impl Iterator<Item = &str> {
        let sections = self.sections().filter(|(_, usable)| *usable);
        let sections = sections.flat_map(|(section, _)| section.attributes("fingerprint"));
        self.description.attributes("fingerprint").chain(sections)
    }

    /// The candidates inside the description, without `a=`.
    pub fn candidates(&self) -> impl Iterator<Item = &str> {
        let session = self.description.session.iter();
        let sections = self
            .description
            .sections
            .iter()
            .flat_map(|section| &section.lines);
        session.chain(sections).filter_map(|line| {
            line.strip_prefix("a=")
                .filter(|a| a.starts_with("candidate:"))
        })
    }

    /// The text to show str0m. `before` lends credentials, fingerprint and role to a description that
    /// rejects everything and so has none.
    pub fn for_engine(&self, before: Option<&Self>) -> String {
        let mut out = self.description.clone();
        let mut mids = Vec::new();
        for (section, &usable) in out.sections.iter_mut().zip(&self.usable) {
            if usable {
                mids.extend(section.mid().map(str::to_owned));
                tidy(section);
            } else {
                reject(section);
            }
        }
        out.session
            .retain(|line| !line.starts_with("a=group:") && !is_dropped(line));
        out.session.push(
            format!("a=group:BUNDLE {}", mids.join(" "))
                .trim_end()
                .to_owned(),
        );
        if let Some(before) = before
            && out.credentials().is_none()
            && let Some((ufrag, password)) = before.description.credentials()
        {
            out.session.push(format!("a=ice-ufrag:{ufrag}"));
            out.session.push(format!("a=ice-pwd:{password}"));
        }
        if let Some(before) = before {
            for name in ["fingerprint", "setup"] {
                if out.anywhere(name).is_none()
                    && let Some(value) = before.description.anywhere(name)
                {
                    out.session.push(format!("a={name}:{value}"));
                }
            }
        }
        out.to_string()
    }
}

/// A section str0m takes: one direction, and no payload type that is not explained.
fn tidy(section: &mut Section) {
    let direction = section.direction();
    section.port = 9;
    section.retain(|line| {
        !is_dropped(line) && line.strip_prefix("a=").and_then(Direction::read).is_none()
    });
    if section.kind == Kind::Application {
        return;
    }
    section.lines.push(format!("a={}", direction.as_str()));
    let lines = &section.lines;
    section.formats.retain(|format| {
        let map = format!("a=rtpmap:{format} ");
        lines.iter().any(|line| line.starts_with(&map))
    });
    if section.formats.is_empty() {
        section.formats.push("0".to_owned());
    }
}

/// A section that only keeps its place.
fn reject(section: &mut Section) {
    section.port = 0;
    section.retain(|line| line.starts_with("a=mid:") || line.starts_with("c="));
    if section.kind != Kind::Application {
        section.formats = vec!["0".to_owned()];
        section.lines.push("a=inactive".to_owned());
    }
}

/// JSEP, section 5.10: a section without a mid gets one.
fn add_mids(description: &mut Description) {
    let taken: Vec<String> = description
        .sections
        .iter()
        .filter_map(|section| section.mid().map(str::to_owned))
        .collect();
    let mut free = (0_usize..)
        .map(|n| format!("m{n}"))
        .filter(|mid| !taken.contains(mid));
    for section in &mut description.sections {
        if section.mid().is_none()
            && let Some(mid) = free.next()
        {
            section.lines.push(format!("a=mid:{mid}"));
        }
    }
}

/// A mid str0m can keep apart from others: at most 16 characters.
fn is_token(mid: Option<&str>) -> bool {
    mid.is_some_and(|mid| {
        !mid.is_empty() && mid.len() <= 16 && mid.chars().all(|c| c.is_ascii_graphic())
    })
}

/// Candidates come by another way; several layers of one picture are neither sent nor received.
fn is_dropped(line: &str) -> bool {
    [
        "a=candidate:",
        "a=end-of-candidates",
        "a=simulcast:",
        "a=rid:",
        "a=sctp-init:",
    ]
    .iter()
    .any(|prefix| line.starts_with(prefix))
}
