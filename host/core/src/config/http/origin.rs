//! Whom a request is for: scheme, host and port, read in one way only.
//!
//! Resolvers read `127.1`, `2130706433`, `0x7f.1` and `0177.0.0.1` as 127.0.0.1. Here none of them is a host at all, in a
//! grant as in a request, so nothing can be granted under one spelling and reached under another.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How a request travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// With TLS.
    Https,
    /// In the clear.
    Http,
}

impl Scheme {
    /// As it is written in front of `://`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
        }
    }

    /// The port where none is written.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Https => 443,
            Self::Http => 80,
        }
    }
}

/// A host, in lower case and without a final dot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostName {
    /// A name, to be looked up.
    Name(String),
    /// An address that was written as one. IPv4 in IPv6 is IPv4.
    Address(IpAddr),
}

impl HostName {
    /// Reads a host.
    ///
    /// # Errors
    /// What is wrong with it, in words that follow `: `.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if let Some(inside) = text.strip_prefix('[') {
            let address: Option<Ipv6Addr> = inside.strip_suffix(']').and_then(|inside| inside.parse().ok());
            let address = address.ok_or("between brackets stands an IPv6 address")?;
            return Ok(Self::Address(IpAddr::V6(address).to_canonical()));
        }
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Ok(Self::Address(address.into()));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        if name.contains('*') {
            return Err("there are no wildcards: every host is named");
        }
        if name.parse::<Ipv6Addr>().is_ok() {
            return Err("an IPv6 address stands between brackets");
        }
        if !name.is_ascii() {
            return Err("a name with other letters than a to z is written as it is looked up, `xn--…`");
        }
        if name.is_empty() || name.len() > 253 || !name.split('.').all(is_label) {
            return Err("a host is a name of letters, digits, `-` and dots, or an IP address");
        }
        if name.rsplit('.').next().is_some_and(is_number) {
            return Err("an IPv4 address is four decimal numbers, such as 10.0.0.5");
        }
        Ok(Self::Name(name.to_ascii_lowercase()))
    }
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// Whether resolvers may take a name that ends like this for an address.
fn is_number(label: &str) -> bool {
    let hex = label.strip_prefix("0x").or_else(|| label.strip_prefix("0X"));
    label.bytes().all(|b| b.is_ascii_digit()) || hex.is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(address)) => write!(f, "{address}"),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

/// Scheme, host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// How.
    pub scheme: Scheme,
    /// Who.
    pub host: HostName,
    /// Never 0.
    pub port: u16,
}

impl Origin {
    /// Reads `host` or `host:port`.
    ///
    /// # Errors
    /// What is wrong with it, in words that follow `: `.
    pub fn parse(scheme: Scheme, authority: &str) -> Result<Self, &'static str> {
        if authority.contains('@') {
            return Err("there is no place for a user or a password in it");
        }
        // The colons of an IPv6 address are inside its brackets.
        let end_of_host = authority.rfind(']').map_or(0, |bracket| bracket + 1);
        let (host, port) = match authority[end_of_host..].find(':') {
            Some(colon) => (
                &authority[..end_of_host + colon],
                Some(&authority[end_of_host + colon + 1..]),
            ),
            None => (authority, None),
        };
        let host = HostName::parse(host)?;
        let port = match port {
            None => scheme.default_port(),
            Some(port) => read_port(port).ok_or("a port is a number from 1 to 65535")?,
        };
        Ok(Self { scheme, host, port })
    }

    /// `host`, or `host:port` where the port is not the scheme's own: as a `Host` header has it.
    pub fn authority(&self) -> String {
        if self.port == self.scheme.default_port() {
            self.host.to_string()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

fn read_port(text: &str) -> Option<u16> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|port| digits && *port != 0)
}

/// As grants write it: https goes without saying.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.scheme == Scheme::Http {
            f.write_str("http://")?;
        }
        f.write_str(&self.authority())
    }
}
