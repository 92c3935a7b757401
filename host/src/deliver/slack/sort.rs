//! What an error of Slack means for a delivery: not now, or never. Pure.
//!
//! The codes are those of the pages on `chat.postMessage`, `files.completeUploadExternal` and `reactions.add` in
//! Slack's reference. A code that is not listed here is a refusal: nearly all of them are about the arguments, which
//! are the same the next time, and a delivery that is tried again keeps its channel waiting.

use innkeeper_core::outbox::Failure;

use crate::slack::ApiError;

/// Slack's own trouble. It passes.
const BUSY: &[&str] = &[
    "external_channel_migrating",
    "fatal_error",
    "internal_error",
    "request_timeout",
    "service_unavailable",
    "team_added_to_org",
];

/// Something is wrong with the token or the account. Whoever runs the host can mend it, and giving up meanwhile would
/// lose every report.
const TOKEN: &[&str] = &[
    "accesslimited",
    "account_inactive",
    "ekm_access_denied",
    "invalid_auth",
    "not_allowed_token_type",
    "not_authed",
    "org_login_required",
    "team_access_not_granted",
    "token_expired",
    "token_revoked",
    "two_factor_setup_required",
];

/// The bot cannot write there, though it may be able to write to a person.
const SHUT_OUT: &[&str] = &["channel_not_found", "not_in_channel"];

/// The message that is edited, or answered to, is not there any more, or takes no more of that.
const GONE: &[&str] = &[
    "cannot_reply_to_message",
    "cant_update_message",
    "edit_window_closed",
    "message_not_found",
    "thread_not_found",
];

/// Whether there is nothing to edit or to answer to, so that it has to be said anew.
pub(super) fn is_gone(error: &ApiError) -> bool {
    error.code().is_some_and(|code| GONE.contains(&code))
}

/// Whether Slack said that it did not do what was asked. Its own trouble says nothing: part of it may have been done.
pub(super) fn posted_nothing(error: &ApiError) -> bool {
    match error {
        ApiError::RateLimited { .. } => true,
        ApiError::Refused { code, .. } => !BUSY.contains(&code.as_str()),
        ApiError::Status { .. } | ApiError::Unreachable { .. } | ApiError::Unreadable { .. } => false,
    }
}

/// Whether the bot cannot post to the channel, so that a person has to be written to instead.
pub(super) fn is_shut_out(error: &ApiError) -> bool {
    error.code().is_some_and(|code| SHUT_OUT.contains(&code))
}

/// Sorts an error that something for `place` (a channel or a user) came back with, and says what to do about it.
pub(super) fn failure(error: &ApiError, place: &str) -> Failure {
    match error {
        ApiError::RateLimited { after, .. } => Failure::Later {
            after: *after,
            why: error.to_string(),
        },
        ApiError::Status { status: 413, .. } => Failure::Refused {
            why: format!("{error}: it is too large for Slack"),
        },
        // Slack itself answers 200, 429 or 5xx. Any other status is a proxy's, or of a wrong SLACK_API_URL.
        ApiError::Status { .. } | ApiError::Unreachable { .. } | ApiError::Unreadable { .. } => {
            later(error.to_string())
        }
        ApiError::Refused { method, code, .. } => match code.as_str() {
            code if BUSY.contains(&code) => later(error.to_string()),
            code if TOKEN.contains(&code) => token_trouble(error),
            // Every report needs to post; only some need what the other methods do, and those must not hold up the rest.
            "missing_scope" if *method == "chat.postMessage" => token_trouble(error),
            code => Failure::Refused {
                why: format!("{error}: {}", advice(code, place)),
            },
        },
    }
}

fn later(why: String) -> Failure {
    Failure::Later { after: None, why }
}

fn token_trouble(error: &ApiError) -> Failure {
    let why = format!(
        "{error}: nothing can be delivered to Slack until SLACK_BOT_TOKEN is a valid bot token with the scopes that the \
         app's manifest lists; deliveries are kept and tried again"
    );
    tracing::error!(code = error.code(), "{why}");
    later(why)
}

/// What somebody who reads of the refusal can do about it.
fn advice(code: &str, place: &str) -> String {
    match code {
        "channel_not_found" => format!("check that {place} exists, and invite the bot to it if it is private"),
        "not_in_channel" => format!("invite the bot to {place}"),
        "is_archived" => format!("{place} is archived; unarchive it, or name another channel"),
        "user_not_found" | "users_not_found" | "user_disabled" | "cannot_dm_bot" | "messages_tab_disabled" => {
            format!("the bot cannot write to {place} directly; turn on the Messages tab in the app's App Home")
        }
        "invalid_blocks" | "invalid_blocks_format" => {
            "Slack does not accept these blocks; mend what the job writes".into()
        }
        "msg_blocks_too_long" => "the blocks hold too much text; write fewer, or use report_format = \"file\"".into(),
        "msg_too_long" => "the text is too long; use report_format = \"file\"".into(),
        "no_text" => "there was nothing to say".into(),
        "missing_scope" => "add the scope to the app, and install it again".into(),
        "message_not_found" | "no_item_specified" | "bad_timestamp" | "thread_not_found" => {
            "the message is gone".into()
        }
        "invalid_name" => "the workspace has no such emoji".into(),
        "too_many_emoji" | "too_many_reactions" => "the message has as many reactions as Slack allows".into(),
        "not_reactable" | "thread_locked" | "cannot_reply_to_message" => {
            "the message takes neither answers nor reactions".into()
        }
        code if code.starts_with("restricted_action") => {
            format!("the workspace's settings keep the bot from posting in {place}; ask its admins")
        }
        _ => "Slack would refuse it again, so it is not tried again".into(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn refused(method: &'static str, code: &str) -> ApiError {
        ApiError::Refused {
            method,
            code: code.to_owned(),
            detail: String::new(),
        }
    }

    fn post(code: &str) -> Failure {
        failure(&refused("chat.postMessage", code), "#tech")
    }

    #[test]
    fn what_passes_is_tried_again() {
        let passing = [
            "internal_error",
            "fatal_error",
            "service_unavailable",
            "request_timeout",
            "team_added_to_org",
        ];
        for code in passing {
            assert!(matches!(post(code), Failure::Later { after: None, .. }), "{code}");
        }
        let method = "chat.postMessage";
        let why = String::new();
        let others = [
            ApiError::Status { method, status: 500 },
            ApiError::Status { method, status: 503 },
            ApiError::Status { method, status: 407 },
            ApiError::Unreachable {
                method,
                why: why.clone(),
            },
            ApiError::Unreadable { method, why },
        ];
        for error in others {
            assert!(
                matches!(failure(&error, "#tech"), Failure::Later { after: None, .. }),
                "{error}"
            );
        }
    }

    #[test]
    fn the_wait_that_slack_asks_for_is_passed_on() {
        let error = ApiError::RateLimited {
            method: "chat.postMessage",
            after: Some(Duration::from_secs(30)),
        };
        let Failure::Later { after, .. } = failure(&error, "#tech") else {
            unreachable!("a rate limit is not a refusal");
        };
        assert_eq!(after, Some(Duration::from_secs(30)));
    }

    #[test]
    fn a_bad_token_loses_no_report() {
        for code in [
            "invalid_auth",
            "not_authed",
            "token_revoked",
            "account_inactive",
            "missing_scope",
        ] {
            let failure = post(code);
            assert!(matches!(failure, Failure::Later { .. }), "{code}");
            assert!(failure.to_string().contains("SLACK_BOT_TOKEN"), "{failure}");
        }
    }

    #[test]
    fn a_missing_scope_for_reactions_or_files_holds_up_nothing_else() {
        for method in ["reactions.add", "files.completeUploadExternal"] {
            let failure = failure(&refused(method, "missing_scope"), "C1");
            assert!(matches!(failure, Failure::Refused { .. }), "{method}");
        }
    }

    #[test]
    fn a_refusal_says_what_to_do() {
        let said: Vec<String> = [
            "channel_not_found",
            "not_in_channel",
            "is_archived",
            "invalid_blocks",
            "msg_blocks_too_long",
            "msg_too_long",
            "restricted_action_read_only_channel",
            "something_new",
        ]
        .iter()
        .map(|code| match post(code) {
            Failure::Refused { why } => why,
            Failure::Later { why, .. } => unreachable!("`{code}` is tried again: {why}"),
        })
        .collect();
        insta::assert_snapshot!(said.join("\n"), @r#"
        Slack answered chat.postMessage with `channel_not_found`: check that #tech exists, and invite the bot to it if it is private
        Slack answered chat.postMessage with `not_in_channel`: invite the bot to #tech
        Slack answered chat.postMessage with `is_archived`: #tech is archived; unarchive it, or name another channel
        Slack answered chat.postMessage with `invalid_blocks`: Slack does not accept these blocks; mend what the job writes
        Slack answered chat.postMessage with `msg_blocks_too_long`: the blocks hold too much text; write fewer, or use report_format = "file"
        Slack answered chat.postMessage with `msg_too_long`: the text is too long; use report_format = "file"
        Slack answered chat.postMessage with `restricted_action_read_only_channel`: the workspace's settings keep the bot from posting in #tech; ask its admins
        Slack answered chat.postMessage with `something_new`: Slack would refuse it again, so it is not tried again
        "#);
    }
}
