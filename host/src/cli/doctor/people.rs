//! People: whether what they enter into secret fields of alert plugins can be encrypted.

use std::sync::Arc;

use super::{Case, Finding};
use crate::alerts::vault::{Vault, VaultError};

const ABOUT: &str = "key for secrets";

/// Whether there is a key. Without plugins nobody enters anything.
pub(super) fn key(case: &Case) -> Vec<Finding> {
    if case.config.alerts.plugins.is_empty() {
        return Vec::new();
    }
    vec![finding(Vault::new(Arc::clone(&case.secrets)).check())]
}

fn finding(checked: Result<(), VaultError>) -> Finding {
    match checked {
        Ok(()) => Finding::ok(ABOUT, "what people enter into secret fields is encrypted"),
        Err(VaultError::NoKey) => Finding::note(
            ABOUT,
            "there is no INNKEEPER_SECRET_KEY: people cannot enter secrets for alert plugins",
            "where a plugin has secret fields, make one with `openssl rand -base64 32`, and keep it as long as the database",
        ),
        Err(error) => Finding::problem(ABOUT, error.to_string(), "bring the key back that was used before"),
    }
}
