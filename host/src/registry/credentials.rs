//! Who this host is at a registry: what `docker login` wrote into Docker's own configuration, or nobody.
//!
//! Credential helpers (`credsStore`, `credHelpers`) are programs, and are not run: where one of them holds the login, a
//! registry that wants one refuses, and the refusal says so.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use oci_client::secrets::RegistryAuth;
use serde::Deserialize;

/// Under which name Docker keeps the login of its own registry.
const DOCKER_HUB: (&str, &str) = ("docker.io", "https://index.docker.io/v1/");

const HELPERS: &str = "; it has a credential helper now (`credsStore` or `credHelpers`), and those are not supported";

const UNREADABLE: &str = "; it may not be read now";

/// A login, or none.
pub(super) struct Login {
    pub(super) auth: RegistryAuth,
    /// What else to say where the registry wants one.
    pub(super) hint: Option<&'static str>,
}

/// `~/.docker/config.json`, as far as it is read.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Docker {
    auths: HashMap<String, Entry>,
    creds_store: Option<String>,
    cred_helpers: HashMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    auth: String,
}

/// The login for this registry.
pub(super) fn of(registry: &str) -> Result<Login, String> {
    match file() {
        Some(file) => in_file(&file, registry),
        None => Ok(Login {
            auth: RegistryAuth::Anonymous,
            hint: None,
        }),
    }
}

fn file() -> Option<PathBuf> {
    let set = |name| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let folder = set("DOCKER_CONFIG").or_else(|| Some(set("HOME")?.join(".docker")))?;
    Some(folder.join("config.json"))
}

fn in_file(file: &Path, registry: &str) -> Result<Login, String> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => "{}".into(),
        // A service often may not look into the home of its user, and most registries want no login.
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            return Ok(Login {
                auth: RegistryAuth::Anonymous,
                hint: Some(UNREADABLE),
            });
        }
        Err(error) => {
            return Err(format!(
                "cannot be asked for: {} cannot be read: {error}",
                file.display()
            ));
        }
    };
    in_text(&text, registry).map_err(|why| format!("cannot be asked for: in {} {why}", file.display()))
}

/// What is wrong with the text does not repeat it: it holds passwords.
fn in_text(text: &str, registry: &str) -> Result<Login, &'static str> {
    let docker: Docker = serde_json::from_str(text).map_err(|_| "there is no JSON of Docker's kind")?;
    let (hub, key_of_hub) = DOCKER_HUB;
    let entry = docker.auths.iter().find(|(key, entry)| {
        let named = bare(key) == registry || registry == hub && *key == key_of_hub;
        named && !entry.auth.is_empty()
    });
    let Some((_, entry)) = entry else {
        let helped = docker.creds_store.is_some() || docker.cred_helpers.contains_key(registry);
        return Ok(Login {
            auth: RegistryAuth::Anonymous,
            hint: helped.then_some(HELPERS),
        });
    };
    let decoded = BASE64_STANDARD.decode(&entry.auth).ok();
    let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    let pair = decoded.as_deref().and_then(|pair| pair.split_once(':'));
    let (user, password) = pair.ok_or("the `auth` of the registry is not a user and a password in base64")?;
    Ok(Login {
        auth: RegistryAuth::Basic(user.to_owned(), password.trim_end_matches('\0').to_owned()),
        hint: None,
    })
}

/// The host of a key, which older versions of Docker wrote as an address.
fn bare(key: &str) -> &str {
    let key = key
        .strip_prefix("https://")
        .or_else(|| key.strip_prefix("http://"))
        .unwrap_or(key);
    key.split('/').next().unwrap_or(key)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

    use super::*;

    /// `user:secret`
    const AUTH: &str = "dXNlcjpzZWNyZXQ=";

    fn login(text: &str, registry: &str) -> Login {
        in_text(text, registry).unwrap_or_else(|why| unreachable!("{why}"))
    }

    #[test]
    fn a_login_is_found_by_its_registry_and_by_no_other() {
        let basic = RegistryAuth::Basic("user".into(), "secret".into());
        let text = format!(
            r#"{{"auths": {{"ghcr.io": {{"auth": "{AUTH}"}}, "https://old.example/v1/": {{"auth": "{AUTH}"}}, "https://index.docker.io/v1/": {{"auth": "{AUTH}"}}}}}}"#
        );
        for registry in ["ghcr.io", "old.example", "docker.io"] {
            assert!(login(&text, registry).auth == basic, "{registry}");
        }
        for registry in ["ghcr.io:5000", "evil.ghcr.io", "io"] {
            assert!(login(&text, registry).auth == RegistryAuth::Anonymous, "{registry}");
        }
        assert!(login("{}", "ghcr.io").hint.is_none());
    }

    #[test]
    fn helpers_are_not_run_and_that_is_said() {
        for text in [
            r#"{"auths": {"ghcr.io": {}}, "credsStore": "desktop"}"#,
            r#"{"credHelpers": {"ghcr.io": "x"}}"#,
        ] {
            let login = login(text, "ghcr.io");
            assert!(login.auth == RegistryAuth::Anonymous && login.hint.is_some(), "{text}");
        }
        assert!(login(r#"{"credHelpers": {"quay.io": "x"}}"#, "ghcr.io").hint.is_none());
    }

    #[test]
    fn what_is_wrong_does_not_repeat_a_secret() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.json");
        for text in [
            r#"{"auths": {"ghcr.io": {"auth": "c2VjcmV0"}}}"#,
            r#"{"auths": "c2VjcmV0"}"#,
        ] {
            std::fs::write(&file, text).unwrap();
            let why = in_file(&file, "ghcr.io").err().unwrap();
            assert!(why.contains("config.json") && !why.contains("c2VjcmV0"), "{why}");
        }
        assert!(in_file(&folder.path().join("none"), "ghcr.io").is_ok());
    }
}
