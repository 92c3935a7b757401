//! Secrets: read from the environment, from `NAME_FILE`, or from systemd credentials; printed as dots.
//!
//! A secret is looked up when it is asked for and not kept, so a rotated file is read anew. Which secrets are wanted,
//! and what to do without one, is left to who asks.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::model::Config;
use super::names::variable_fault;

/// The host's own secrets. They are taken out of every child's environment.
pub const HOST_SECRETS: &[&str] = &[
    "SLACK_BOT_TOKEN",
    "SLACK_APP_TOKEN",
    "SLACK_SIGNING_SECRET",
    "SLACK_USER_TOKEN",
    "GITHUB_WEBHOOK_SECRET",
    "GITHUB_TOKEN",
    "INNKEEPER_SECRET_KEY",
];

/// Where systemd puts a service's credentials (systemd.exec(5), "CREDENTIALS").
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// Variables of the host that are no secrets and not for its children either.
const HOST_VARIABLES: &[&str] = &[CREDENTIALS, "NOTIFY_SOCKET"];

/// The longest secret that is read from a file, in bytes.
const LONGEST: u64 = 64 * 1024;

/// A value that must not be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself, for the one place that uses it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("•••")
    }
}

/// Why a secret could not be read. Says what to do, and nothing of the secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// No environment variable can be called so.
    #[error("`{name}` is no name for a secret: {fault}")]
    BadName {
        /// The name.
        name: String,
        /// Why not.
        fault: String,
    },
    /// It is given twice.
    #[error("both `{name}` and `{name}_FILE` are set: remove one of them")]
    Both {
        /// The secret's name.
        name: String,
    },
    /// The variable holds something that is no text.
    #[error("the environment variable `{name}` is not UTF-8")]
    NotText {
        /// The secret's name.
        name: String,
    },
    /// The file that holds it cannot be used.
    #[error("cannot read the secret `{name}` from `{}`: {why}", file.display())]
    File {
        /// The secret's name.
        name: String,
        /// The file.
        file: PathBuf,
        /// What happened.
        why: String,
    },
}

/// The value of an environment variable.
type Variable = dyn Fn(&str) -> Option<OsString> + Send + Sync;

/// Where secrets come from: the environment, and the files that it names.
pub struct Secrets {
    variable: Box<Variable>,
}

impl Secrets {
    /// Secrets in an environment of the caller's. An empty variable counts as none.
    pub fn new(variable: impl Fn(&str) -> Option<OsString> + Send + Sync + 'static) -> Self {
        Self {
            variable: Box::new(variable),
        }
    }

    /// Secrets in the environment of this process.
    pub fn from_env() -> Self {
        Self::new(|name| std::env::var_os(name))
    }

    /// The secret called `name`: the variable of that name, or else the file that `<name>_FILE` names, or else the
    /// file of that name in `$CREDENTIALS_DIRECTORY`. A newline at the end of a file is not part of it. None where
    /// there is none of them.
    ///
    /// # Errors
    /// It is there and cannot be used, or it is there twice.
    pub fn get(&self, name: &str) -> Result<Option<Secret>, SecretError> {
        if let Some(fault) = variable_fault(name) {
            return Err(SecretError::BadName {
                name: name.into(),
                fault,
            });
        }
        match (self.variable(name), self.variable(&file_twin(name))) {
            (Some(_), Some(_)) => Err(SecretError::Both { name: name.into() }),
            (Some(value), None) => match value.into_string() {
                Ok(value) => Ok(Some(Secret(value))),
                Err(_) => Err(SecretError::NotText { name: name.into() }),
            },
            (None, Some(file)) => read(name, Path::new(&file)).map(Some),
            (None, None) => self.credential(name),
        }
    }

    fn credential(&self, name: &str) -> Result<Option<Secret>, SecretError> {
        let Some(folder) = self.variable(CREDENTIALS) else {
            return Ok(None);
        };
        let file = Path::new(&folder).join(name);
        if file.symlink_metadata().is_err() {
            return Ok(None);
        }
        read(name, &file).map(Some)
    }

    fn variable(&self, name: &str) -> Option<OsString> {
        (self.variable)(name).filter(|value| !value.is_empty())
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(•••)")
    }
}

fn file_twin(name: &str) -> String {
    format!("{name}_FILE")
}

fn read(name: &str, file: &Path) -> Result<Secret, SecretError> {
    let refuse = |why: String| SecretError::File {
        name: name.into(),
        file: file.into(),
        why,
    };
    let mut text = String::new();
    File::open(file)
        .and_then(|open| open.take(LONGEST + 1).read_to_string(&mut text))
        .map_err(|error| refuse(error.to_string()))?;
    if text.len() as u64 > LONGEST {
        return Err(refuse("it is longer than 64 KiB".into()));
    }
    let value = text.strip_suffix('\n').unwrap_or(&text);
    let value = value.strip_suffix('\r').unwrap_or(value);
    if value.is_empty() {
        return Err(refuse("it is empty".into()));
    }
    Ok(Secret(value.into()))
}

/// The names of the variables that no child of the host gets to see: its secrets, those that sign the webhooks of the
/// namespaces, the files that hold them, and what systemd gave to the host.
pub fn hidden_variables(config: &Config) -> BTreeSet<String> {
    let secrets = HOST_SECRETS
        .iter()
        .copied()
        .chain(config.webhook_secrets.iter().map(String::as_str));
    secrets
        .flat_map(|name| [name.to_owned(), file_twin(name)])
        .chain(HOST_VARIABLES.iter().map(|name| (*name).to_owned()))
        .collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn secrets(variables: &[(&str, &str)]) -> Secrets {
        let variables: HashMap<String, OsString> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), OsString::from(value)))
            .collect();
        Secrets::new(move |name| variables.get(name).cloned())
    }

    fn value(secrets: &Secrets, name: &str) -> Option<String> {
        secrets.get(name).unwrap().map(|secret| secret.expose().to_owned())
    }

    #[test]
    fn the_variable_comes_before_the_credential() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        std::fs::write(folder.path().join("A"), "from systemd\n").unwrap();
        let both = secrets(&[("A", "from the environment"), ("CREDENTIALS_DIRECTORY", path)]);
        assert_eq!(value(&both, "A").unwrap(), "from the environment");
        let one = secrets(&[("A", ""), ("CREDENTIALS_DIRECTORY", path)]);
        assert_eq!(value(&one, "A").unwrap(), "from systemd");
        assert_eq!(value(&one, "B"), None);
        assert_eq!(value(&secrets(&[]), "A"), None);
    }

    #[test]
    fn a_file_loses_its_last_newline_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        let secrets = secrets(&[("A_FILE", file.to_str().unwrap())]);
        for (written, read) in [("x", "x"), ("x\n", "x"), ("x\r\n", "x"), (" x\n\n", " x\n")] {
            std::fs::write(&file, written).unwrap();
            assert_eq!(value(&secrets, "A").unwrap(), read);
        }
    }

    #[test]
    fn what_cannot_be_used_is_refused_without_being_shown() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        let path = file.to_str().unwrap();
        let message = |secrets: &Secrets| secrets.get("A").unwrap_err().to_string().replace(path, "FILE");
        insta::assert_snapshot!(message(&secrets(&[("A", "hunter2"), ("A_FILE", path)])),
            @"both `A` and `A_FILE` are set: remove one of them");
        let by_file = secrets(&[("A_FILE", path)]);
        insta::assert_snapshot!(message(&by_file),
            @"cannot read the secret `A` from `FILE`: No such file or directory (os error 2)");
        std::fs::write(&file, "\n").unwrap();
        insta::assert_snapshot!(message(&by_file), @"cannot read the secret `A` from `FILE`: it is empty");
        std::fs::write(&file, vec![b'x'; 70_000]).unwrap();
        insta::assert_snapshot!(message(&by_file), @"cannot read the secret `A` from `FILE`: it is longer than 64 KiB");
        std::fs::write(&file, b"\xff").unwrap();
        insta::assert_snapshot!(message(&by_file),
            @"cannot read the secret `A` from `FILE`: stream did not contain valid UTF-8");
        assert!(secrets(&[]).get("../etc/passwd").is_err());
    }

    #[test]
    fn secrets_print_as_dots() {
        let secrets = secrets(&[("A", "hunter2")]);
        assert_eq!(
            format!("{:?} {:?}", secrets, secrets.get("A").unwrap()),
            "Secrets(•••) Some(•••)"
        );
    }
}
