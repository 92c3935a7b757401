//! Names, addresses and ids, as whoever makes a user writes them.

use super::PeopleError;

/// The longest name, and the longest address, in characters.
const LONGEST_NAME: usize = 100;
const LONGEST_EMAIL: usize = 254;

type Check = fn(&str) -> Result<String, PeopleError>;

/// What was given, if anything was, as `check` keeps it.
pub(super) fn given(given: Option<Option<String>>, check: Check) -> Result<Option<Option<String>>, PeopleError> {
    given
        .map(|given| given.map(|text| check(&text)).transpose())
        .transpose()
}

pub(super) fn name(text: &str) -> Result<String, PeopleError> {
    let name = text.trim();
    let length = name.chars().count();
    match length == 0 || length > LONGEST_NAME || name.chars().any(char::is_control) {
        true => Err(PeopleError::Refused(format!(
            "a name is one line of at most {LONGEST_NAME} characters"
        ))),
        false => Ok(name.to_owned()),
    }
}

/// Whether mail arrives there only the mail server knows. This catches slips.
pub(super) fn email(email: &str) -> Result<String, PeopleError> {
    let email = email.trim();
    let parts = email.split_once('@');
    let whole = parts.is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty() && !domain.contains('@'));
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',' | ';');
    match whole && !email.contains(odd) && email.chars().count() <= LONGEST_EMAIL {
        true => Ok(email.to_owned()),
        false => Err(PeopleError::Refused(
            "that is no e-mail address: it looks like `ann@example.com`".to_owned(),
        )),
    }
}

pub(super) fn slack(id: &str) -> Result<String, PeopleError> {
    let id = id.trim();
    let plain = id.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    match id.starts_with(['U', 'W']) && plain && (2..=30).contains(&id.len()) {
        true => Ok(id.to_owned()),
        false => Err(PeopleError::Refused(
            "that is no id of somebody in Slack: it looks like `U0123ABCD`; their profile has it under `Copy member ID`"
                .to_owned(),
        )),
    }
}
