//! Outbound HTTP: what is granted, what of it is asked, and whether a request is within it. Pure: names are not looked
//! up here.
//!
//! A grant is `[http://|https://]host[:port][/path/prefix]`. It covers one host exactly, one scheme (https where none is
//! written), one port (the scheme's own where none is written), and every path below the prefix.
//!
//! Where a name leads is another question, which [`HttpGrants::allows_address`] answers for addresses that are not
//! public: such an address is reached only where the address itself was granted, by its number.

mod origin;
mod path;

use std::fmt;
use std::net::IpAddr;

pub use origin::{HostName, Origin, Scheme};

/// One entry of an `http` grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpGrant {
    /// Scheme, host and port.
    pub origin: Origin,
    /// The segments that a path begins with. Empty: every path.
    prefix: Vec<String>,
}

impl HttpGrant {
    /// Reads an entry.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence without its full stop.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let (scheme, rest) = match text.split_once("://") {
            None => (Scheme::Https, text),
            Some(("https", rest)) => (Scheme::Https, rest),
            Some(("http", rest)) => (Scheme::Http, rest),
            Some(_) => return Err("only `https://` and `http://` can be in front"),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        Ok(Self {
            origin: Origin::parse(scheme, authority)?,
            prefix: path::parse_prefix(path)?,
        })
    }

    fn allows(&self, origin: &Origin, path: &str) -> bool {
        self.origin == *origin && (self.prefix.is_empty() || path::doubt(path).is_none() && self.is_above(path))
    }

    fn is_above(&self, path: &str) -> bool {
        path::is_below(path, &self.prefix)
    }

    /// What both allow. None where that is nothing.
    fn and(&self, other: &Self) -> Option<Self> {
        let (short, long) = if self.prefix.len() <= other.prefix.len() {
            (self, other)
        } else {
            (other, self)
        };
        (short.origin == long.origin && long.prefix.starts_with(&short.prefix)).then(|| long.clone())
    }
}

/// As it is written, without what goes without saying.
impl fmt::Display for HttpGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.origin)?;
        self.prefix.iter().try_for_each(|segment| write!(f, "/{segment}"))
    }
}

/// What a component may ask the world. The default is nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpGrants {
    /// What requests may be for.
    entries: Vec<HttpGrant>,
    /// The entries of `innkeeper.toml` that are addresses. Needs narrow what is asked for, not where names lead: who
    /// writes a namespace does not know the addresses.
    addresses: Vec<HttpGrant>,
}

impl FromIterator<HttpGrant> for HttpGrants {
    fn from_iter<I: IntoIterator<Item = HttpGrant>>(entries: I) -> Self {
        let entries: Vec<HttpGrant> = entries.into_iter().collect();
        let is_address = |entry: &&HttpGrant| matches!(entry.origin.host, HostName::Address(_));
        Self {
            addresses: entries.iter().filter(is_address).cloned().collect(),
            entries,
        }
    }
}

impl HttpGrants {
    /// Whether nothing is granted.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Its entries.
    pub fn entries(&self) -> &[HttpGrant] {
        &self.entries
    }

    /// Whether a request may be made. `path` is without its query.
    ///
    /// # Errors
    /// Why not, in words.
    pub fn allows(&self, origin: &Origin, path: &str) -> Result<(), Denied> {
        if self.entries.iter().any(|entry| entry.allows(origin, path)) {
            return Ok(());
        }
        Err(Denied {
            // Without path and query: they may hold tokens.
            target: origin.to_string(),
            why: self.why_not(origin, path),
        })
    }

    /// Whether a request that `allows` lets through may be sent to an address that is not public.
    pub fn allows_address(&self, origin: &Origin, address: IpAddr, path: &str) -> bool {
        let numbered = Origin {
            host: HostName::Address(address.to_canonical()),
            ..origin.clone()
        };
        self.addresses.iter().any(|entry| entry.allows(&numbered, path))
    }

    /// The nearest miss, for whoever has to change the grant or the component.
    fn why_not(&self, origin: &Origin, path: &str) -> String {
        let of_host = || self.entries.iter().filter(|entry| entry.origin.host == origin.host);
        let of_origin: Vec<&HttpGrant> = of_host().filter(|entry| entry.origin == *origin).collect();
        if !of_origin.is_empty() {
            return match path::doubt(path) {
                Some(doubt) => format!("granted for some paths only, and {doubt}"),
                None => format!("granted only below {}", list(of_origin)),
            };
        }
        match list(of_host()) {
            none if none.is_empty() => "not granted".into(),
            others => format!("not granted; granted is {others}"),
        }
    }

    /// What is left when `asked` is asked, and what of that is not granted.
    pub(super) fn narrow(&self, asked: &[HttpGrant]) -> (Self, Vec<HttpGrant>) {
        let both = |asked: &HttpGrant| self.entries.iter().filter_map(|entry| entry.and(asked)).collect();
        let parts: Vec<Vec<HttpGrant>> = asked.iter().map(both).collect();
        let missing = asked
            .iter()
            .zip(&parts)
            .filter(|(asked, parts)| !parts.contains(asked))
            .map(|(asked, _)| asked.clone());
        let left = Self {
            addresses: self.addresses.clone(),
            entries: parts.concat(),
        };
        (left, missing.collect())
    }
}

/// A few entries, for a message.
fn list<'a>(entries: impl IntoIterator<Item = &'a HttpGrant>) -> String {
    let shown: Vec<String> = entries.into_iter().take(3).map(ToString::to_string).collect();
    shown.join(", ")
}

/// Why a request is refused. Shows as `outbound HTTP to evil.example (not granted)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    target: String,
    why: String,
}

impl Denied {
    /// A request that is refused for another reason than its origin and path.
    pub fn new(target: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            target: target.into(),
            why: why.into(),
        }
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "outbound HTTP to {} ({})", self.target, self.why)
    }
}

#[cfg(test)]
mod tests;
