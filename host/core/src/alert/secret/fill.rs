//! Writes secrets into a request, each encoded as its place demands. Pure.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::SecretName;
use super::scan::scan;
use crate::message::{HttpRequest, Signature};

/// What stays as it is in a part of an address: the unreserved characters.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The values of secrets, by their names.
pub type Values = BTreeMap<SecretName, String>;

/// A request with its secrets, as it goes over the wire. It can be shown by nothing.
pub struct Filled {
    /// The method.
    pub method: String,
    /// Where to.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// User and password.
    pub login: Option<(String, String)>,
    /// The secret that signs it as Standard Webhooks says.
    pub signing: Option<String>,
}

/// How a secret is written at a place.
#[derive(Clone, Copy)]
enum Writing {
    Address,
    Json,
    Form,
    Plain,
}

impl Writing {
    /// In a body of this type.
    fn of_body(request: &HttpRequest) -> Self {
        let types = request.headers.iter();
        let mut types = types.filter(|(name, _)| name.trim().eq_ignore_ascii_case("content-type"));
        let value = types.next().map_or("", |(_, value)| value);
        let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.as_str() {
            "application/json" => Self::Json,
            "application/x-www-form-urlencoded" => Self::Form,
            other if other.ends_with("+json") => Self::Json,
            _ => Self::Plain,
        }
    }

    /// Whether a placeholder may be percent-encoded itself.
    fn is_encoded(self) -> bool {
        matches!(self, Self::Address | Self::Form)
    }

    fn write(self, secret: &str) -> Cow<'_, str> {
        match self {
            Self::Address => utf8_percent_encode(secret, UNRESERVED).into(),
            Self::Form => url::form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
            Self::Json => {
                let quoted = serde_json::Value::from(secret).to_string();
                quoted[1..quoted.len() - 1].to_owned().into()
            }
            Self::Plain => secret.into(),
        }
    }
}

/// The secrets that a request names.
pub fn names_in(request: &HttpRequest) -> BTreeSet<SecretName> {
    let login = request.basic_auth.iter().flat_map(|auth| [&auth.user, &auth.password]);
    let signing = request
        .signature
        .iter()
        .map(|Signature::StandardWebhooks(secret)| secret);
    let plain = request
        .headers
        .iter()
        .map(|(_, value)| value)
        .chain(login)
        .chain(signing);
    let plain = plain.flat_map(|text| scan(text.as_bytes(), false));
    let url = scan(request.url.as_bytes(), true);
    let body = scan(&request.body, Writing::of_body(request).is_encoded());
    plain.chain(url).chain(body).map(|found| found.name).collect()
}

/// The request with the secrets that it names. `values` has them all.
///
/// # Errors
/// A sentence that shows no secret: one is named where it cannot stand, or has no value.
pub fn fill(request: &HttpRequest, values: &Values) -> Result<Filled, String> {
    let (before, after) = at_path(&request.url);
    if let Some(found) = scan(before.as_bytes(), true).first() {
        return Err(format!(
            "{} stands in the host of an address, where no secret is filled in: a user and a password go into `basic-auth`",
            found.name
        ));
    }
    let text = |text: &str| written(text, Writing::Plain, values);
    let mut headers = Vec::new();
    for (name, value) in &request.headers {
        let filled = text(value)?;
        if filled.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t') {
            return Err(format!(
                "the header `{}` would have a line break or another control character",
                name.escape_debug()
            ));
        }
        headers.push((name.clone(), filled));
    }
    let login = match &request.basic_auth {
        Some(auth) => Some((text(&auth.user)?, text(&auth.password)?)),
        None => None,
    };
    if login.as_ref().is_some_and(|(user, _)| user.contains(':')) {
        return Err("the user of `basic-auth` has a `:`, which would end it".into());
    }
    let signing = match &request.signature {
        Some(Signature::StandardWebhooks(secret)) => Some(text(secret)?),
        None => None,
    };
    Ok(Filled {
        method: request.method.clone(),
        url: format!("{before}{}", written(after, Writing::Address, values)?),
        headers,
        body: filled(&request.body, Writing::of_body(request), values)?,
        login,
        signing,
    })
}

/// An address, cut where its host ends.
fn at_path(url: &str) -> (&str, &str) {
    let host = url.find("://").map_or(0, |scheme| scheme + 3);
    let end = url[host..].find(['/', '\\', '?', '#']);
    url.split_at(end.map_or(url.len(), |end| host + end))
}

fn written(text: &str, writing: Writing, values: &Values) -> Result<String, String> {
    // Placeholders and what they stand for are whole characters: what was text is text.
    filled(text.as_bytes(), writing, values).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn filled(bytes: &[u8], writing: Writing, values: &Values) -> Result<Vec<u8>, String> {
    let mut filled = Vec::with_capacity(bytes.len());
    let mut from = 0;
    for found in scan(bytes, writing.is_encoded()) {
        let secret = values
            .get(&found.name)
            .ok_or_else(|| format!("{} has no value", found.name))?;
        filled.extend(&bytes[from..found.at.start]);
        filled.extend(writing.write(secret).as_bytes());
        from = found.at.end;
    }
    filled.extend(&bytes[from..]);
    Ok(filled)
}

/// A text of somebody who was sent the secrets, without them.
pub fn conceal(text: &str, values: &Values) -> String {
    let mut concealed = text.to_owned();
    for (name, secret) in values.iter().filter(|(_, secret)| !secret.is_empty()) {
        for writing in [Writing::Plain, Writing::Json, Writing::Address, Writing::Form] {
            concealed = concealed.replace(&*writing.write(secret), &name.to_string());
        }
    }
    concealed
}
