//! As much of URLs as a call needs: taking one apart, adding a query, following a redirect. The host checks again.

use super::Error;

/// What a call is for, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// Whether it goes over TLS.
    pub(super) https: bool,
    /// Host, and port where it is named.
    pub(super) authority: String,
    /// Path and query; at least `/`.
    pub(super) path: String,
}

impl Target {
    pub(super) fn parse(url: &str) -> Result<Self, Error> {
        let invalid = |why: &str| {
            let shown = without_query(url);
            Err(Error::Invalid(format!("`{shown}` is no address of the web: {why}")))
        };
        let (https, rest) = match (strip_scheme(url, "https://"), strip_scheme(url, "http://")) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return invalid("it has to begin with https:// or http://"),
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if authority.is_empty() {
            return invalid("it names no host");
        }
        if authority.contains('@') {
            // Not shown: it may be a password.
            return Err(Error::Invalid(
                "an address has no user and password in it; put them into the header `Authorization`".to_owned(),
            ));
        }
        if url.contains(|character: char| character.is_whitespace() || character.is_control()) {
            return invalid("it has white space in it; `query` and `encode` write it as it has to be");
        }
        Ok(Self {
            https,
            authority: authority.to_owned(),
            path: if path.starts_with('/') {
                path.to_owned()
            } else {
                format!("/{path}")
            },
        })
    }

    /// The whole address.
    pub(super) fn url(&self) -> String {
        let scheme = if self.https { "https" } else { "http" };
        format!("{scheme}://{}{}", self.authority, self.path)
    }

    /// Where a `Location` leads from here.
    pub(super) fn join(&self, location: &str) -> Result<Self, Error> {
        let here = without_query(&self.path);
        let folder = &here[..=here.rfind('/').unwrap_or(0)];
        let scheme = if self.https { "https:" } else { "http:" };
        let absolute = match location {
            _ if strip_scheme(location, "https://")
                .or(strip_scheme(location, "http://"))
                .is_some() =>
            {
                location.to_owned()
            }
            _ if location.starts_with("//") => format!("{scheme}{location}"),
            _ if location.starts_with('/') => format!("{scheme}//{}{location}", self.authority),
            _ if location.starts_with('?') => format!("{scheme}//{}{here}{location}", self.authority),
            _ => format!("{scheme}//{}{folder}{location}", self.authority),
        };
        Self::parse(&absolute)
    }
}

fn strip_scheme<'a>(url: &'a str, scheme: &str) -> Option<&'a str> {
    let (start, rest) = url.split_at_checked(scheme.len())?;
    start.eq_ignore_ascii_case(scheme).then_some(rest)
}

/// The address without what may hold a token.
pub(super) fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}

/// Adds a name and a value to the query.
pub(super) fn add_query(url: &mut String, name: &str, value: &str) {
    let fragment = url.find('#').map(|at| url.split_off(at));
    url.push(if url.contains('?') { '&' } else { '?' });
    url.push_str(&encode(name));
    url.push('=');
    url.push_str(&encode(value));
    url.extend(fragment);
}

/// Text as it may stand in a path or a query: all but letters, digits and `-._~` is percent-encoded.
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart() {
        let target = Target::parse("HTTPS://example.org:8443?a=b#part").unwrap();
        assert_eq!(
            target,
            Target {
                https: true,
                authority: "example.org:8443".to_owned(),
                path: "/?a=b".to_owned(),
            }
        );
        assert_eq!(target.url(), "https://example.org:8443/?a=b");
        assert_eq!(Target::parse("http://[::1]/x").unwrap().authority, "[::1]");
    }

    #[test]
    fn what_is_no_address_is_said_without_its_secrets() {
        let why = |url| Target::parse(url).unwrap_err().to_string();
        assert_eq!(
            why("example.org/x?token=1"),
            "the HTTP call cannot be made: `example.org/x` is no address of the web: it has to begin with https:// or \
             http://"
        );
        assert!(why("https:///x").ends_with("it names no host"));
        assert!(!why("https://ada:secret@example.org").contains("secret"));
        assert!(why("https://example.org/a b").contains("white space"));
    }

    #[test]
    fn a_redirect_is_followed_from_where_it_was_found() {
        let here = Target::parse("https://example.org/a/b?c=d").unwrap();
        let to = |location| here.join(location).unwrap().url();
        assert_eq!(to("http://other.example"), "http://other.example/");
        assert_eq!(to("//other.example/x"), "https://other.example/x");
        assert_eq!(to("/x?y"), "https://example.org/x?y");
        assert_eq!(to("x"), "https://example.org/a/x");
        assert_eq!(to("?e=f"), "https://example.org/a/b?e=f");
    }

    #[test]
    fn a_query_is_encoded() {
        let mut url = "https://example.org/#part".to_owned();
        add_query(&mut url, "q", "a b&c=é");
        add_query(&mut url, "n", "1");
        assert_eq!(url, "https://example.org/?q=a%20b%26c%3D%C3%A9&n=1#part");
    }
}
