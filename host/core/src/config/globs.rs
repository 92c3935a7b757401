//! Globs for names of branches and files, by `globset`: the globs of ripgrep, each list one automaton.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// How long a glob may be, in bytes. Git itself takes names of at most 255.
const LONGEST: usize = 255;

/// A list of globs. `*` and `?` stop at a `/`, `**` does not.
#[derive(Clone, Debug)]
pub struct Globs {
    texts: Vec<String>,
    set: GlobSet,
}

impl Globs {
    /// Reads a list.
    ///
    /// # Errors
    /// Which of them is none, and why.
    pub fn parse(texts: &[String]) -> Result<Self, (usize, String)> {
        let mut builder = GlobSetBuilder::new();
        for (index, text) in texts.iter().enumerate() {
            if let Some(fault) = fault(text) {
                return Err((index, fault.to_owned()));
            }
            let glob = GlobBuilder::new(text).literal_separator(true).build();
            builder.add(glob.map_err(|error| (index, error.kind().to_string()))?);
        }
        let set = builder.build().map_err(|error| (0, error.kind().to_string()))?;
        let texts = texts.to_vec();
        Ok(Self { texts, set })
    }

    /// Whether one of them fits all of `name`.
    pub fn fit(&self, name: &str) -> bool {
        self.set.is_match(name)
    }

    /// As they are written.
    pub fn texts(&self) -> &[String] {
        &self.texts
    }
}

impl PartialEq for Globs {
    fn eq(&self, other: &Self) -> bool {
        self.texts == other.texts
    }
}

impl Eq for Globs {}

fn fault(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        return Some("it is empty");
    }
    if text.len() > LONGEST {
        return Some("it is longer than 255 bytes");
    }
    if text.starts_with('!') {
        return Some("there is no negation: write what does fit");
    }
    text.starts_with('/')
        .then_some("names of branches and files begin without a `/`")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

    use super::*;

    fn fit(globs: &[&str], name: &str) -> bool {
        let globs: Vec<String> = globs.iter().map(|glob| (*glob).to_owned()).collect();
        Globs::parse(&globs).unwrap().fit(name)
    }

    #[test]
    fn a_star_stops_at_a_slash_and_two_do_not() {
        assert!(fit(&["main", "release/*"], "main") && fit(&["main", "release/*"], "release/1.2"));
        assert!(!fit(&["release/*"], "release/1/2") && !fit(&["release/*"], "prerelease/1"));
        assert!(fit(&["docs/**"], "docs/a/b.md") && fit(&["**/*.rs"], "main.rs") && fit(&["**/*.rs"], "a/b/main.rs"));
        assert!(fit(&["v[0-9].{x,y}"], "v1.x") && !fit(&["v[0-9].{x,y}"], "v1.z"));
        assert!(!fit(&["main"], "Main") && !fit(&["main"], "main2"));
    }

    #[test]
    fn what_is_no_glob_is_refused_with_why() {
        let long = "x".repeat(256);
        let why = |glob: &str| Globs::parse(&["main".to_owned(), glob.to_owned()]).unwrap_err();
        assert_eq!(
            why("!docs"),
            (1, "there is no negation: write what does fit".to_owned())
        );
        assert_eq!(why("/docs").1, "names of branches and files begin without a `/`");
        assert_eq!(why(&long).1, "it is longer than 255 bytes");
        assert_eq!(why("").1, "it is empty");
        assert!(why("[a").1.contains("unclosed"), "{:?}", why("[a"));
        assert!(why("{a").1.contains("unclosed"), "{:?}", why("{a"));
    }
}
