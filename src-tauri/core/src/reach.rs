//! Where somebody can be met: the address of a rendezvous.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};
use url::{Host, Url};

/// The most addresses in one invite or message.
pub const MAX_REACH: usize = 8;
/// The longest address, in bytes.
pub const MAX_REACH_LEN: usize = 256;

/// Why an address can't be used. The sentence says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReachError {
    /// Longer than [`MAX_REACH_LEN`].
    #[error("This address is too long. Use at most {MAX_REACH_LEN} characters.")]
    TooLong,
    /// No URL, or one without a host.
    #[error("This is no address. Write it like wss://meet.example.org")]
    NotAUrl,
    /// Neither ws nor wss.
    #[error("The address has to begin with wss:// (or with ws:// on your own network).")]
    Scheme,
    /// More than a host, a port and a path.
    #[error(
        "Take the user name, password, ? and # out of the address; a server's name and port are enough."
    )]
    Extra,
}

/// The checked URL of a rendezvous: `ws` or `wss`, a host, perhaps a port and a path; nothing else.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reach(String);

impl Reach {
    /// Checks the address and writes it the one way (lower-case host, no default port, no lone `/`).
    ///
    /// # Errors
    /// [`ReachError`], each with a sentence for the person who typed the address.
    pub fn parse(text: &str) -> Result<Self, ReachError> {
        let text = text.trim();
        if text.len() > MAX_REACH_LEN {
            return Err(ReachError::TooLong);
        }
        let url = Url::parse(text).map_err(|_| ReachError::NotAUrl)?;
        if !matches!(url.scheme(), "ws" | "wss") {
            return Err(ReachError::Scheme);
        }
        if url.host_str().is_none_or(str::is_empty) || url.port() == Some(0) {
            return Err(ReachError::NotAUrl);
        }
        let credentials = !url.username().is_empty() || url.password().is_some();
        if credentials || url.query().is_some() || url.fragment().is_some() {
            return Err(ReachError::Extra);
        }
        let written = match url.path() {
            "/" => url.as_str().trim_end_matches('/'),
            _ => url.as_str(),
        };
        // Normalising can make it longer (escapes, names in punycode).
        if written.len() > MAX_REACH_LEN {
            return Err(ReachError::TooLong);
        }
        Ok(Self(written.to_owned()))
    }

    /// The URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the host is a name that everybody knows, and thus tells nothing about this machine: no IP address, and no
    /// name that only one machine or one network knows.
    #[must_use]
    pub fn is_named(&self) -> bool {
        match Url::parse(&self.0).as_ref().map(Url::host) {
            Ok(Some(Host::Domain(name))) => {
                let name = name.trim_end_matches('.');
                let last = name.rsplit('.').next().unwrap_or_default();
                name.contains('.') && !PRIVATE_NAMES.contains(&last) && !name.ends_with(HOME)
            }
            Ok(Some(Host::Ipv4(_) | Host::Ipv6(_)) | None) | Err(_) => false,
        }
    }

    /// The same address with another port, where it is the IP address of a machine (`ws`, no path).
    #[must_use]
    pub fn with_port(&self, port: u16) -> Option<Self> {
        let mut url = Url::parse(&self.0).ok()?;
        let machine = matches!(url.host(), Some(Host::Ipv4(_) | Host::Ipv6(_)));
        if !machine || url.scheme() != "ws" || url.path() != "/" {
            return None;
        }
        url.set_port(Some(port)).ok()?;
        Self::parse(url.as_str()).ok()
    }
}

/// The last label of names that are not for everybody (RFC 6761, RFC 6762, ICANN's `internal`, and what routers use).
const PRIVATE_NAMES: [&str; 6] = ["local", "localhost", "internal", "lan", "home", "corp"];
/// Names of a home network (RFC 8375).
const HOME: &str = "home.arpa";

/// For serde: a list that is cut to [`MAX_REACH`].
pub(crate) fn few<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Reach>, D::Error> {
    let mut reach = Vec::deserialize(deserializer)?;
    reach.truncate(MAX_REACH);
    Ok(reach)
}

/// For serde: as [`few`], without what is not [`Reach::is_named`].
pub(crate) fn few_named<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Reach>, D::Error> {
    let mut reach: Vec<Reach> = Vec::deserialize(deserializer)?;
    reach.retain(Reach::is_named);
    reach.truncate(MAX_REACH);
    Ok(reach)
}

impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An address is personal: nothing of it shows.
impl fmt::Debug for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reach")
    }
}

impl FromStr for Reach {
    type Err = ReachError;

    fn from_str(text: &str) -> Result<Self, ReachError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Reach {
    type Error = ReachError;

    fn try_from(text: String) -> Result<Self, ReachError> {
        Self::parse(&text)
    }
}

impl From<Reach> for String {
    fn from(reach: Reach) -> Self {
        reach.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_written_one_way() {
        for (given, written) in [
            (" ws://192.0.2.7:47100 ", "ws://192.0.2.7:47100"),
            ("WSS://Meet.Example.ORG:443/", "wss://meet.example.org"),
            ("wss://example.org/ringdown", "wss://example.org/ringdown"),
            ("ws://[FE80::1]:80", "ws://[fe80::1]"),
        ] {
            let reach = Reach::parse(given).unwrap();
            assert_eq!(reach.as_str(), written);
            assert_eq!(Reach::parse(written), Ok(reach));
        }
    }

    #[test]
    fn what_is_more_or_less_than_an_address_is_refused() {
        for (given, error) in [
            ("", ReachError::NotAUrl),
            ("meet.example.org", ReachError::NotAUrl),
            ("ws://", ReachError::NotAUrl),
            ("ws://host:0", ReachError::NotAUrl),
            ("ws://host:99999", ReachError::NotAUrl),
            ("https://example.org", ReachError::Scheme),
            ("javascript:alert(1)", ReachError::Scheme),
            ("ws://me@example.org", ReachError::Extra),
            ("ws://me:secret@example.org", ReachError::Extra),
            ("ws://example.org/?a", ReachError::Extra),
            ("ws://example.org/#a", ReachError::Extra),
        ] {
            assert_eq!(Reach::parse(given), Err(error), "{given}");
        }
        let long = format!("ws://{}.example", "a".repeat(MAX_REACH_LEN));
        assert_eq!(Reach::parse(&long), Err(ReachError::TooLong));
        let grows = format!("ws://host/{}", "é".repeat(100));
        assert_eq!(Reach::parse(&grows), Err(ReachError::TooLong));
    }

    #[test]
    fn only_a_name_that_everybody_knows_tells_nothing_of_this_machine() {
        for (address, named) in [
            ("wss://meet.example.org", true),
            ("ws://meet.example.org:8080/a", true),
            ("ws://192.0.2.7:47100", false),
            ("ws://2130706433", false),
            ("ws://[2001:db8::1]", false),
            ("ws://localhost:1", false),
            ("ws://a.localhost", false),
            ("ws://alices-laptop.local", false),
            ("ws://ALICES-LAPTOP.LOCAL.", false),
            ("ws://alices-laptop", false),
            ("ws://laptop.home.arpa", false),
            ("ws://laptop.fritz.lan", false),
        ] {
            assert_eq!(
                Reach::parse(address).unwrap().is_named(),
                named,
                "{address}"
            );
        }
    }

    #[test]
    fn only_a_machines_address_gets_another_port() {
        let moved = |address| {
            let moved = Reach::parse(address).unwrap().with_port(47101);
            moved.map(String::from)
        };
        assert_eq!(
            moved("ws://192.0.2.7").as_deref(),
            Some("ws://192.0.2.7:47101")
        );
        assert_eq!(
            moved("ws://[fe80::1]:1").as_deref(),
            Some("ws://[fe80::1]:47101")
        );
        for other in [
            "wss://192.0.2.7",
            "ws://meet.example.org",
            "ws://192.0.2.7/a",
        ] {
            assert_eq!(moved(other), None, "{other}");
        }
    }

    #[test]
    fn debug_shows_nothing_of_it() {
        assert_eq!(
            format!("{:?}", Reach::parse("ws://192.0.2.7").unwrap()),
            "Reach"
        );
    }
}
