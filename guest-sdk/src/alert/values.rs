//! Settings, and what people entered.

use crate::{Context as _, Failure, Result};

/// Values by name: a plugin's settings, or what somebody entered into its fields. Defaults are there; what is neither set nor
/// has a default is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values(Vec<(String, String)>);

impl Values {
    /// The value of this name. None where it is missing or empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// The value of this name.
    ///
    /// # Errors
    /// It is missing, in words for whoever runs the host.
    pub fn require(&self, name: &str) -> Result<&str> {
        self.get(name).with_context(|| format!("`{name}` is not set"))
    }

    /// Whether the value of this name is `true`.
    pub fn is_true(&self, name: &str) -> bool {
        self.get(name) == Some("true")
    }

    /// The value of this name as a number. None where it is missing.
    ///
    /// # Errors
    /// It is no number: the field is not of the kind that has one.
    pub fn number(&self, name: &str) -> Result<Option<i64>> {
        let read = |value: &str| {
            let number = value.parse();
            number.map_err(|_| Failure::new(format!("`{name}` is no whole number")))
        };
        self.get(name).map(read).transpose()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Sets a value, in the place of the one that is there.
    pub fn set(&mut self, name: impl Into<String>, value: impl ToString) {
        let name = name.into();
        self.0.retain(|(key, _)| *key != name);
        self.0.push((name, value.to_string()));
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Values {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(values: I) -> Self {
        let values = values.into_iter();
        Self(values.map(|(name, value)| (name.into(), value.into())).collect())
    }
}
