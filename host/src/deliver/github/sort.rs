//! What an error of GitHub means for a delivery: not now, or never. Pure.

use innkeeper_core::outbox::Failure;

use crate::github::{ApiError, Denied};

/// Sorts an error that writing to `repository` for `namespace` came back with, and says what to do about it.
pub(super) fn failure(error: &ApiError, namespace: &str, repository: &str) -> Failure {
    match error {
        ApiError::RateLimited { after } => Failure::Later {
            after: Some(*after),
            why: error.to_string(),
        },
        ApiError::Busy { .. } | ApiError::Unreachable { .. } | ApiError::Unreadable { .. } => later(error.to_string()),
        ApiError::Moved => Failure::Refused {
            why: format!("{error}: name it as it is called now in `github.repos`, instead of {repository}"),
        },
        // Whoever runs the host can mend it, and giving up meanwhile would lose every report.
        ApiError::Refused { status: 401, .. } => {
            let why = format!(
                "{error}: nothing can be written to GitHub for `{namespace}` until its token is valid; deliveries are kept and \
                 tried again"
            );
            tracing::error!("{why}");
            later(why)
        }
        ApiError::Refused { status, .. } => Failure::Refused {
            why: format!("{error}: {}", advice(*status, repository)),
        },
    }
}

/// The namespace has no token, or may not write any more, or not there.
pub(super) fn denied(denied: Denied, namespace: &str, repository: &str) -> Failure {
    match denied {
        Denied::NoToken => later(format!(
            "`{namespace}` has no token for GitHub, or may not write there: set the token that `github.token` names, and \
             `github.write = true`"
        )),
        Denied::Repository => Failure::Refused {
            why: format!(
                "`{namespace}` may no longer write to {repository}: its grant `github.repos` does not name it"
            ),
        },
    }
}

fn later(why: String) -> Failure {
    Failure::Later { after: None, why }
}

fn advice(status: u16, repository: &str) -> String {
    match status {
        403 => format!(
            "give the token write access to issues, pull requests and commit statuses of {repository}; it may also be \
             archived, or the conversation locked"
        ),
        404 => format!("the token cannot see {repository}, or what was to be answered is gone"),
        410 => format!("{repository} has no issues, or they are turned off"),
        _ => "GitHub would refuse it again, so it is not tried again".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn sorted(error: &ApiError) -> Failure {
        failure(error, "shop", "octo/shop")
    }

    fn refused(status: u16) -> ApiError {
        ApiError::Refused {
            status,
            detail: String::new(),
        }
    }

    #[test]
    fn what_passes_is_tried_again() {
        let why = String::new;
        for error in [
            ApiError::Busy { status: 502 },
            ApiError::Unreachable { why: why() },
            ApiError::Unreadable { why: why() },
            refused(401),
        ] {
            assert!(matches!(sorted(&error), Failure::Later { after: None, .. }), "{error}");
        }
        let after = Duration::from_secs(30);
        let limited = sorted(&ApiError::RateLimited { after });
        assert!(matches!(limited, Failure::Later { after: Some(wait), .. } if wait == after));
        let no_token = denied(Denied::NoToken, "shop", "octo/shop");
        assert!(matches!(no_token, Failure::Later { .. }));
    }

    #[test]
    fn a_refusal_says_what_to_do() {
        let said = |error: &ApiError| match sorted(error) {
            Failure::Refused { why } => why,
            Failure::Later { why, .. } => unreachable!("it is tried again: {why}"),
        };
        let Failure::Refused { why } = denied(Denied::Repository, "shop", "octo/shop") else {
            unreachable!("it would be tried for ever");
        };
        insta::assert_snapshot!(why, @"`shop` may no longer write to octo/shop: its grant `github.repos` does not name it");
        insta::assert_snapshot!(said(&refused(403)), @"GitHub answered 403: give the token write access to issues, pull requests and commit statuses of octo/shop; it may also be archived, or the conversation locked");
        insta::assert_snapshot!(said(&refused(404)), @"GitHub answered 404: the token cannot see octo/shop, or what was to be answered is gone");
        insta::assert_snapshot!(said(&refused(410)), @"GitHub answered 410: octo/shop has no issues, or they are turned off");
        insta::assert_snapshot!(said(&refused(422)), @"GitHub answered 422: GitHub would refuse it again, so it is not tried again");
        insta::assert_snapshot!(said(&ApiError::Moved), @"the repository was renamed or moved: name it as it is called now in `github.repos`, instead of octo/shop");
    }
}
