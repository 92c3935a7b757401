//! The arguments of a request, and how they become a struct of the job's own.

mod parse;

use serde::de::DeserializeOwned;

use crate::Result;

/// Names and values, in the order of the command's parameters. All values are text, as somebody typed them.
///
/// [`Arguments::parse`] makes a struct of them:
///
/// ```
/// use innkeeper_guest::{Request, Result};
/// use serde::Deserialize;
///
/// #[derive(Debug, PartialEq, Deserialize)]
/// #[serde(rename_all = "lowercase")]
/// enum Environment { Staging, Production }
///
/// #[derive(Deserialize)]
/// struct Deploy {
///     environment: Environment,
///     count: u32,
///     #[serde(default)]
///     dry_run: bool,
///     note: Option<String>,
/// }
///
/// # fn main() -> Result<()> {
/// let request = Request::for_test([("environment", "staging"), ("count", "3"), ("note", "")]);
/// let deploy: Deploy = request.arguments()?;
/// assert_eq!(deploy.environment, Environment::Staging);
/// assert_eq!((deploy.count, deploy.dry_run, deploy.note), (3, false, None));
///
/// let request = Request::for_test([("environment", "staging"), ("count", "many")]);
/// let error = request.arguments::<Deploy>().err().map(|error| error.message);
/// assert_eq!(error.as_deref(), Some("`count` is \"many\", and has to be a whole number"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arguments(Vec<(String, String)>);

impl Arguments {
    /// The value of the argument called `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// All of them, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The arguments as a struct: a field for each, of the same name.
    ///
    /// | the field's type | the argument |
    /// | --- | --- |
    /// | `String` | as it is |
    /// | numbers | as Rust writes them, white space around it aside |
    /// | `bool` | `true`, `yes`, `y`, `on`, `1`; `false`, `no`, `n`, `off`, `0`; in any case |
    /// | `char` | one character |
    /// | an enum without data | the name of a case; in any case, where only one fits |
    /// | `Option` | none, where the argument is missing or empty |
    ///
    /// `#[serde(default)]`, `rename`, `rename_all`, `alias` and `deny_unknown_fields` work as usual. Arguments that
    /// the struct does not have are passed over. A map has them all.
    ///
    /// # Errors
    /// A sentence for the person who asked: which argument is wrong, and what it has to be.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T> {
        parse::parse(&self.0)
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Arguments {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let pairs = pairs.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self(pairs.collect())
    }
}
