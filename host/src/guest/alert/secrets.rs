//! Which placeholders a plugin was given, and what only looks like one.
//!
//! What people and checks wrote is told to plugins, and comes back in requests, where the host fills in secrets. So a text
//! like `{{secret:token}}` in the output of a check must not be one by the time that the request is sent: whatever begins like
//! a placeholder, and is none that was given here, is told with a space in it.

use std::collections::BTreeSet;

use innkeeper_core::alert::plugin::{About, Field, Telling, UserTold};
use innkeeper_core::config::Plugin;

/// How a placeholder begins and ends.
const BEGIN: &str = "{{secret:";
const END: &str = "}}";

/// The placeholders of one call.
#[derive(Debug, Default)]
pub(super) struct Given(BTreeSet<String>);

impl Given {
    /// Those in what the plugin is told: of settings and fields that are secrets.
    pub(super) fn to(plugin: &Plugin, about: &About, telling: &Telling) -> Self {
        let settings = telling.settings.iter();
        let settings =
            settings.filter(|(name, value)| plugin.secrets.contains_key(name) && *value == placeholder(name));
        let fields = about.user_fields.iter().flat_map(|fields| &fields.fields);
        let secret: BTreeSet<&str> = fields
            .filter(|field| field.secret)
            .map(|field: &Field| field.name.as_str())
            .collect();
        let people = telling.users.iter().chain(&telling.duty_officers);
        let of_people = people.flat_map(|person: &UserTold| &person.fields);
        let of_people = of_people.filter(|(name, value)| secret.contains(name.as_str()) && is_of_somebody(name, value));
        Self(settings.chain(of_people).map(|(_, value)| value.clone()).collect())
    }

    /// The value of a setting or a field, as the plugin is told it.
    pub(super) fn value(&self, value: String) -> String {
        match self.0.contains(&value) {
            true => value,
            false => plain(value),
        }
    }

    /// Whether it is one of these, and nothing else.
    pub(super) fn is_one(&self, text: &str) -> bool {
        self.0.contains(text)
    }

    /// The first placeholder in a text that was not given here.
    pub(super) fn stranger_in<'a>(&self, text: &'a str) -> Option<&'a str> {
        all_in(text).find(|found| !self.0.contains(*found))
    }
}

/// A text in which nothing is a placeholder.
pub(super) fn plain(text: String) -> String {
    // Plugins may change the case of what they are told.
    let lower = text.to_ascii_lowercase();
    if !lower.contains(BEGIN) {
        return text;
    }
    let mut said = String::with_capacity(text.len() + 8);
    let mut from = 0;
    for (at, _) in lower.match_indices(BEGIN) {
        said.push_str(&text[from..=at]);
        said.push(' ');
        from = at + 1;
    }
    said.push_str(&text[from..]);
    said
}

/// All placeholders in a text, with what only begins like one up to the text's end.
pub(super) fn all_in(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices(BEGIN).map(|(at, _)| {
        let end = text[at..].find(END).map_or(text.len(), |end| at + end + END.len());
        &text[at..end]
    })
}

/// The text with `x` in the place of each placeholder: what is checked of an address.
pub(super) fn filled_in(text: &str) -> String {
    let (mut filled, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find(BEGIN) {
        filled.push_str(&rest[..at]);
        filled.push('x');
        rest = rest[at..].split_once(END).map_or("", |(_, rest)| rest);
    }
    filled + rest
}

fn placeholder(name: &str) -> String {
    format!("{BEGIN}{name}{END}")
}

/// Whether it is the placeholder of the field of a person.
fn is_of_somebody(field: &str, value: &str) -> bool {
    let inner = value.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END));
    let parts = inner.and_then(|inner| inner.split_once('/'));
    parts.is_some_and(|(person, name)| {
        name == field && !person.is_empty() && person.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use innkeeper_core::alert::secret::SecretName;
    use innkeeper_core::store::PersonId;

    use super::*;

    #[test]
    fn placeholders_are_those_of_the_core() {
        let setting = SecretName::Setting("token".into());
        assert_eq!(setting.to_string(), placeholder("token"));
        let field = SecretName::Field {
            person: PersonId(12),
            field: "pin".into(),
        };
        assert!(is_of_somebody("pin", &field.to_string()), "{field}");
        assert!(!is_of_somebody("pin", &setting.to_string()));
        assert!(!is_of_somebody("phone", &field.to_string()));
    }

    #[test]
    fn what_only_looks_like_a_placeholder_is_broken() {
        let said = |text: &str| plain(text.to_owned());
        assert_eq!(said("500 {{secret:token}} é"), "500 { {secret:token}} é");
        assert_eq!(said("{{Secret:a}}{{SECRET:b}}"), "{ {Secret:a}}{ {SECRET:b}}");
        assert_eq!(said("{{{secret:a}}}"), "{{ {secret:a}}}");
        assert_eq!(said("{{ range }}"), "{{ range }}");
    }

    #[test]
    fn strangers_are_found() {
        let given = Given(["{{secret:token}}".to_owned()].into());
        assert_eq!(given.stranger_in("a {{secret:token}} b"), None);
        assert_eq!(
            given.stranger_in("{{secret:token}} {{secret:3/pin}}"),
            Some("{{secret:3/pin}}")
        );
        assert_eq!(given.stranger_in("a {{secret:tok"), Some("{{secret:tok"));
        assert_eq!(
            filled_in("https://a/{{secret:3/pin}}?q={{secret:q}}"),
            "https://a/x?q=x"
        );
    }
}
