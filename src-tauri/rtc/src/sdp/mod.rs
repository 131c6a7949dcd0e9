//! Session descriptions as text: what str0m lacks is put right here, at the edge.
//!
//! str0m is only ever shown a description of the *other* side, as an offer, once an exchange is
//! complete ([`remote`]). What goes out is written here from the slots of the negotiation
//! ([`local`]). In between, a description is sections of lines; only what is looked at is parsed.
//!
//! References: [RFC 8866](https://www.rfc-editor.org/rfc/rfc8866) (SDP),
//! [RFC 9429](https://www.rfc-editor.org/rfc/rfc9429) (JSEP).

pub(crate) mod local;
pub(crate) mod remote;
mod section;

use std::fmt;

pub(crate) use section::{Direction, Kind, Section};

pub(crate) use crate::limits::{MAX_DESCRIPTION, MAX_FORMATS, MAX_SECTIONS};

/// Why a description cannot be used. Never holds a part of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SdpError {
    #[error("the description is longer than {MAX_DESCRIPTION} bytes")]
    TooLong,
    #[error("the description has more than {MAX_SECTIONS} sections")]
    TooManySections,
    #[error("line {0} of the description is malformed")]
    Line(usize),
    #[error("the description has no media sections")]
    Empty,
    #[error("two sections of the description have the same mid")]
    DuplicateMid,
    #[error("the description has no ICE credentials")]
    NoCredentials,
    #[error("the description has no certificate fingerprint")]
    NoFingerprint,
}

/// A description: the session's lines, then a section for each m= line.
///
/// Its `Debug` shows sizes only.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Description {
    /// Without their line ends.
    pub session: Vec<String>,
    pub sections: Vec<Section>,
}

impl Description {
    /// Reads lines that end in CRLF, or LF alone.
    ///
    /// # Errors
    /// What is too long or is no `type=value`.
    pub fn parse(text: &str) -> Result<Self, SdpError> {
        if text.len() > MAX_DESCRIPTION {
            return Err(SdpError::TooLong);
        }
        let mut description = Self {
            session: Vec::new(),
            sections: Vec::new(),
        };
        for (at, line) in text.lines().enumerate() {
            let line = line.strip_suffix('\r').unwrap_or(line);
            if line.is_empty() {
                continue;
            }
            // Nothing comes before the version but blank lines.
            if !is_line(line) || (description.session.is_empty() && line != "v=0") {
                return Err(SdpError::Line(at + 1));
            }
            if let Some(media) = line.strip_prefix("m=") {
                if description.sections.len() == MAX_SECTIONS {
                    return Err(SdpError::TooManySections);
                }
                let section = Section::open(media).ok_or(SdpError::Line(at + 1))?;
                description.sections.push(section);
            } else if let Some(section) = description.sections.last_mut() {
                section.lines.push(line.to_owned());
            } else {
                description.session.push(line.to_owned());
            }
        }
        if description.session.is_empty() {
            return Err(SdpError::Line(1));
        }
        Ok(description)
    }

    /// The value of a session attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        section::attributes(&self.session, name).next()
    }

    /// The values of all session attributes of this name.
    pub fn attributes(&self, name: &str) -> impl Iterator<Item = &str> {
        section::attributes(&self.session, name)
    }

    /// The mids of the BUNDLE group, in its order; `None` without one.
    pub fn bundle(&self) -> Option<Vec<&str>> {
        section::attributes(&self.session, "group")
            .find_map(|group| group.strip_prefix("BUNDLE"))
            .map(|mids| mids.split_ascii_whitespace().collect())
    }

    /// ICE credentials of a section that is used, or of the session: everything is bundled.
    pub fn credentials(&self) -> Option<(&str, &str)> {
        let of = |lines| {
            let ufrag = section::attributes(lines, "ice-ufrag").next()?;
            Some((ufrag, section::attributes(lines, "ice-pwd").next()?))
        };
        self.sections
            .iter()
            .find_map(|section| of(&section.lines))
            .or_else(|| of(&self.session))
    }

    /// The value of an attribute of the first section that has it, or of the session.
    pub fn anywhere(&self, name: &str) -> Option<&str> {
        self.sections
            .iter()
            .find_map(|section| section.attribute(name))
            .or_else(|| self.attribute(name))
    }

    /// The section with this mid.
    pub fn section(&self, mid: &str) -> Option<&Section> {
        self.sections
            .iter()
            .find(|section| section.mid() == Some(mid))
    }
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.session {
            write!(f, "{line}\r\n")?;
        }
        for section in &self.sections {
            write!(f, "{section}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Description({} sections)", self.sections.len())
    }
}

/// `type=value` with neither control characters nor a line end.
fn is_line(line: &str) -> bool {
    let mut characters = line.chars();
    let kind = characters.next().is_some_and(|c| c.is_ascii_lowercase());
    kind && characters.next() == Some('=') && !characters.any(|c| c == '\0' || c == '\r')
}

#[cfg(test)]
mod tests;
