//! Slack: the tokens, what they may do, and the channels that the configuration names.

use std::collections::{BTreeMap, BTreeSet};

use innkeeper_core::config::secrets::{Secret, Secrets};
use innkeeper_core::config::{Config, SlackMode};
use serde::Deserialize;

use super::{Case, Finding};
use crate::cli::slack_app;
use crate::slack::{ApiError, SlackApi, Token, api_url};
use crate::trigger::slack::SigningSecret;

const TOKEN: &str = "Slack token";
const SCOPES: &str = "Slack scopes";
const WAY_IN: &str = "Slack events";
const CHANNELS: &str = "Slack channels";
const SEARCH: &str = "Slack search";

/// Pages of 1,000 channels, the most that Slack gives at once.
const MOST_PAGES: usize = 100;

/// What Slack says of the bot's token.
pub(super) enum Heard {
    /// There is no token.
    NoToken,
    /// It was not even asked.
    Unasked(String),
    /// It refused, or did not answer.
    Failed(ApiError),
    /// It knows the token.
    Known(SlackApi, Box<Token>),
}

impl Heard {
    pub(super) async fn ask(secrets: &Secrets) -> Self {
        let secret = |name| secrets.get(name).map_err(|error| error.to_string());
        let (bot, app) = match (secret("SLACK_BOT_TOKEN"), secret("SLACK_APP_TOKEN")) {
            (Ok(Some(bot)), Ok(app)) => (bot, app),
            (Ok(None), Ok(_)) => return Self::NoToken,
            (Err(why), _) | (_, Err(why)) => return Self::Unasked(why),
        };
        let api = match SlackApi::new(&api_url(), bot, app) {
            Ok(api) => api,
            Err(error) => return Self::Unasked(format!("{error:#}")),
        };
        match api.examine_token().await {
            Ok(token) => Self::Known(api, Box::new(token)),
            Err(error) => Self::Failed(error),
        }
    }
}

/// The bot's token, and its scopes.
pub(super) async fn tokens(case: &Case) -> Vec<Finding> {
    match &case.slack {
        Heard::NoToken => vec![no_token(needs_slack(&case.config))],
        Heard::Unasked(why) => vec![Finding::problem(TOKEN, why, "mend it, and run this again")],
        Heard::Failed(error) => vec![refused(error)],
        Heard::Known(_, token) => vec![
            known(token),
            scopes(
                token.scopes.as_ref(),
                &slack_app::Needs::of(&case.config).scopes(&case.config),
            ),
        ],
    }
}

/// Whether something is to be heard from Slack, or posted there.
fn needs_slack(config: &Config) -> bool {
    let mut namespaces = config.namespaces.values();
    namespaces.any(|namespace| !namespace.commands.is_empty() || !namespace.keywords.is_empty())
        || !slack_app::channels(config).is_empty()
}

fn no_token(is_needed: bool) -> Finding {
    let says = "there is no SLACK_BOT_TOKEN: nothing is heard from Slack, and what is to be posted waits";
    let remedy = "make an app of what `innkeeper slack-manifest` prints, install it, and give its bot token (`xoxb-…`) in the \
                  environment; see docs/getting-started.md";
    match is_needed {
        true => Finding::problem(TOKEN, says, remedy),
        false => Finding::note(TOKEN, says, remedy),
    }
}

fn refused(error: &ApiError) -> Finding {
    let remedy = match error.code() {
        Some("invalid_auth" | "not_authed" | "account_inactive" | "token_revoked" | "token_expired") => {
            "copy SLACK_BOT_TOKEN anew from the app's page, OAuth & Permissions; where there is none, install the app"
        }
        Some("not_allowed_token_type") => {
            "SLACK_BOT_TOKEN is the bot's token, `xoxb-…`; the app's, `xapp-…`, is SLACK_APP_TOKEN"
        }
        Some(_) => "look the word up at https://docs.slack.dev/reference/methods/auth.test",
        None => "check the network, a proxy, and https://slack-status.com",
    };
    Finding::problem(TOKEN, error.to_string(), remedy)
}

fn known(token: &Token) -> Finding {
    let who = &token.identity;
    match &who.bot {
        Some(_) => Finding::ok(
            TOKEN,
            format!("Slack knows the bot: {} in the workspace {}", who.user, who.team),
        ),
        None => Finding::problem(
            TOKEN,
            format!("it is the token of a person, {}, not of a bot", who.user),
            "take the Bot User OAuth Token, `xoxb-…`, from the app's page, OAuth & Permissions",
        ),
    }
}

fn scopes(has: Option<&BTreeSet<String>>, needs: &BTreeSet<&'static str>) -> Finding {
    let Some(has) = has else {
        return Finding::note(
            SCOPES,
            "Slack does not say what the token may do",
            format!("compare by hand: it needs {}", listed(needs)),
        );
    };
    let missing: BTreeSet<&str> = needs.iter().copied().filter(|scope| !has.contains(*scope)).collect();
    let spare: BTreeSet<&str> = has
        .iter()
        .map(String::as_str)
        .filter(|scope| !needs.contains(scope))
        .collect();
    if !missing.is_empty() {
        let says = format!("the token lacks {}", listed(&missing));
        return Finding::problem(
            SCOPES,
            says,
            "put what `innkeeper slack-manifest` prints into the app's page, App Manifest, and install the app again",
        );
    }
    match spare.is_empty() {
        true => Finding::ok(SCOPES, format!("the {} that the configuration needs", has.len())),
        false => Finding::note(
            SCOPES,
            format!("the token may more than the configuration needs: {}", listed(&spare)),
            "take away what nothing else needs",
        ),
    }
}

fn listed(words: &BTreeSet<&str>) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    words.join(", ")
}

/// How events come in.
pub(super) async fn way_in(case: &Case) -> Vec<Finding> {
    if matches!(case.slack, Heard::NoToken) {
        return Vec::new();
    }
    vec![match case.config.slack.mode {
        SlackMode::Http => signing_secret(case.secret("SLACK_SIGNING_SECRET")),
        SlackMode::Socket => match &case.slack {
            Heard::Known(api, _) => app_token(api.may_open_sockets().await),
            Heard::NoToken | Heard::Unasked(_) | Heard::Failed(_) => return Vec::new(),
        },
    }]
}

fn signing_secret(secret: Result<Option<Secret>, String>) -> Finding {
    let remedy =
        "copy SLACK_SIGNING_SECRET from the app's page, Basic Information; or let `mode = \"socket\"` under [slack]";
    match secret {
        Ok(Some(secret)) => match SigningSecret::new(&secret) {
            Ok(_) => Finding::ok(WAY_IN, "over HTTP, signed: the secret is there"),
            Err(error) => Finding::problem(WAY_IN, error.to_string(), remedy),
        },
        Ok(None) => Finding::problem(WAY_IN, "over HTTP, and there is no SLACK_SIGNING_SECRET", remedy),
        Err(why) => Finding::problem(WAY_IN, why, remedy),
    }
}

fn app_token(may: Result<bool, ApiError>) -> Finding {
    let make = "make an app-level token (`xapp-…`) with `connections:write` on the app's page, Basic Information, and give it as \
                SLACK_APP_TOKEN";
    match may {
        Ok(true) => Finding::ok(WAY_IN, "over Socket Mode: Slack lets the app open connections"),
        Ok(false) => Finding::problem(WAY_IN, "over Socket Mode, and there is no SLACK_APP_TOKEN", make),
        Err(error) => {
            let remedy = match error.code() {
                Some("not_allowed_token_type" | "invalid_auth" | "not_authed" | "missing_scope" | "token_revoked") => {
                    make
                }
                Some("socket_mode_not_enabled" | "app_not_enabled") => "switch Socket Mode on, on the app's page",
                _ => "check the network; and that Socket Mode is on, on the app's page",
            };
            Finding::problem(WAY_IN, error.to_string(), remedy)
        }
    }
}

#[derive(Deserialize)]
struct Page {
    channels: Vec<Channel>,
    #[serde(default)]
    response_metadata: Metadata,
}

#[derive(Default, Deserialize)]
struct Metadata {
    #[serde(default)]
    next_cursor: String,
}

#[derive(Deserialize)]
struct One {
    channel: Channel,
}

/// A channel, as Slack tells of it.
#[derive(Clone, Debug, Deserialize)]
struct Channel {
    #[serde(default)]
    name: String,
    #[serde(default)]
    is_member: bool,
    #[serde(default)]
    is_archived: bool,
    #[serde(default)]
    is_im: bool,
}

/// The channels that the configuration names.
pub(super) async fn channels(case: &Case) -> Vec<Finding> {
    let named = slack_app::channels(&case.config);
    let Heard::Known(api, _) = &case.slack else {
        return Vec::new();
    };
    if named.is_empty() {
        return Vec::new();
    }
    let by_name = match named.keys().any(|channel| channel.starts_with('#')) {
        true => match list(api).await {
            Ok(list) => list,
            Err(error) => return vec![unlisted(&error)],
        },
        false => BTreeMap::new(),
    };
    let mut findings = Vec::new();
    for (channel, what) in &named {
        let found = match channel.strip_prefix('#') {
            Some(name) => Ok(by_name.get(name).cloned()),
            None => by_id(api, channel).await,
        };
        findings.push(match found {
            Ok(found) => of_channel(channel, what, found.as_ref()),
            Err(error) => unlisted(&error),
        });
    }
    findings
}

/// The token of the user in whose name keywords are searched for, where there is one, and something to search for.
pub(super) async fn search(case: &Case) -> Vec<Finding> {
    let mut namespaces = case.config.namespaces.values();
    if !namespaces.any(|namespace| !namespace.keywords.is_empty()) {
        return Vec::new();
    }
    let api = match case.secret("SLACK_USER_TOKEN") {
        Ok(Some(token)) => SlackApi::new(&api_url(), token, None).map_err(|error| format!("{error:#}")),
        // It is not needed.
        Ok(None) => return Vec::new(),
        Err(why) => Err(why),
    };
    vec![match api {
        Ok(api) => of_search(&api.examine_token().await),
        Err(why) => Finding::problem(SEARCH, why, "mend SLACK_USER_TOKEN, or take it away"),
    }]
}

fn of_search(examined: &Result<Token, ApiError>) -> Finding {
    let remedy = "install the app with what `innkeeper slack-manifest --search` prints, and copy SLACK_USER_TOKEN from its page, \
                  OAuth & Permissions: the User OAuth Token, `xoxp-…`; or take it away";
    let token = match examined {
        Ok(token) => token,
        Err(error) => return Finding::problem(SEARCH, format!("SLACK_USER_TOKEN: {error}"), remedy),
    };
    let user = &token.identity.user;
    if token.identity.bot.is_some() {
        return Finding::problem(
            SEARCH,
            "SLACK_USER_TOKEN is the token of a bot, which cannot search",
            remedy,
        );
    }
    match &token.scopes {
        Some(scopes) if scopes.contains("search:read") => {
            Finding::ok(SEARCH, format!("keywords are searched for in the name of {user}"))
        }
        Some(_) => Finding::problem(SEARCH, "SLACK_USER_TOKEN lacks `search:read`", remedy),
        None => Finding::note(
            SEARCH,
            "Slack does not say what SLACK_USER_TOKEN may do",
            "compare by hand: it needs `search:read`",
        ),
    }
}

fn unlisted(error: &ApiError) -> Finding {
    Finding::problem(
        CHANNELS,
        format!("they cannot be looked up: {error}"),
        "mend what is wrong with token and scopes first",
    )
}

fn of_channel(channel: &str, what: &BTreeSet<String>, found: Option<&Channel>) -> Finding {
    let what: Vec<&str> = what.iter().map(String::as_str).collect();
    let named = format!("{channel} ({})", what.join(", "));
    match found {
        None => Finding::problem(
            CHANNELS,
            format!("{named}: there is no such channel that the bot could see"),
            "make it, or correct the name; a private channel is seen once the bot is in it: type `/invite @bot` there",
        ),
        Some(found) if found.is_archived => Finding::problem(
            CHANNELS,
            format!("{named}: it is archived"),
            "name another, or bring it back in Slack",
        ),
        Some(found) if !found.is_member && !found.is_im => Finding::problem(
            CHANNELS,
            format!("{named}: the bot is not in it, and cannot post there"),
            "type `/invite @bot` there",
        ),
        Some(_) => Finding::ok(CHANNELS, named),
    }
}

async fn by_id(api: &SlackApi, channel: &str) -> Result<Option<Channel>, ApiError> {
    match api.get::<One>("conversations.info", &[("channel", channel)]).await {
        Ok(one) => Ok(Some(one.channel)),
        Err(error) if error.code() == Some("channel_not_found") => Ok(None),
        Err(error) => Err(error),
    }
}

/// Every channel that the bot can see, by name. One that is in use comes before an archived one of its name.
async fn list(api: &SlackApi) -> Result<BTreeMap<String, Channel>, ApiError> {
    match list_of(api, "public_channel,private_channel").await {
        Err(error) if error.code() == Some("missing_scope") => list_of(api, "public_channel").await,
        list => list,
    }
}

async fn list_of(api: &SlackApi, types: &str) -> Result<BTreeMap<String, Channel>, ApiError> {
    let mut all: BTreeMap<String, Channel> = BTreeMap::new();
    let mut cursor = String::new();
    for _ in 0..MOST_PAGES {
        let arguments = [("types", types), ("limit", "999"), ("cursor", cursor.as_str())];
        let page: Page = api.get("conversations.list", &arguments).await?;
        for channel in page.channels {
            let better = all.get(&channel.name).is_none_or(|known| known.is_archived);
            if better {
                all.insert(channel.name.clone(), channel);
            }
        }
        cursor = page.response_metadata.next_cursor;
        if cursor.is_empty() {
            break;
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::super::told;
    use super::*;
    use crate::slack::Identity;

    fn refusal(code: &str) -> ApiError {
        ApiError::Refused {
            method: "auth.test",
            code: code.to_owned(),
            detail: String::new(),
        }
    }

    fn token(bot: Option<&str>) -> Token {
        Token {
            identity: Identity {
                url: None,
                user: "U1".into(),
                bot: bot.map(str::to_owned),
                team: "T1".into(),
                enterprise: None,
            },
            scopes: None,
            date: None,
        }
    }

    #[test]
    fn what_is_said_of_tokens() {
        let gone = ApiError::Unreachable {
            method: "auth.test",
            why: "connection refused".into(),
        };
        let findings = [
            no_token(true),
            no_token(false),
            refused(&refusal("invalid_auth")),
            refused(&refusal("not_allowed_token_type")),
            refused(&refusal("team_access_not_granted")),
            refused(&gone),
            known(&token(Some("B1"))),
            known(&token(None)),
        ];
        insta::assert_snapshot!(told(&findings), @"
PROBLEM  Slack token  there is no SLACK_BOT_TOKEN: nothing is heard from Slack, and what is to be posted waits
                      -> make an app of what `innkeeper slack-manifest` prints, install it, and give its bot token (`xoxb-…`) in the environment; see docs/getting-started.md
note     Slack token  there is no SLACK_BOT_TOKEN: nothing is heard from Slack, and what is to be posted waits
                      -> make an app of what `innkeeper slack-manifest` prints, install it, and give its bot token (`xoxb-…`) in the environment; see docs/getting-started.md
PROBLEM  Slack token  Slack answered auth.test with `invalid_auth`
                      -> copy SLACK_BOT_TOKEN anew from the app's page, OAuth & Permissions; where there is none, install the app
PROBLEM  Slack token  Slack answered auth.test with `not_allowed_token_type`
                      -> SLACK_BOT_TOKEN is the bot's token, `xoxb-…`; the app's, `xapp-…`, is SLACK_APP_TOKEN
PROBLEM  Slack token  Slack answered auth.test with `team_access_not_granted`
                      -> look the word up at https://docs.slack.dev/reference/methods/auth.test
PROBLEM  Slack token  Slack could not be reached for auth.test: connection refused
                      -> check the network, a proxy, and https://slack-status.com
ok       Slack token  Slack knows the bot: U1 in the workspace T1
PROBLEM  Slack token  it is the token of a person, U1, not of a bot
                      -> take the Bot User OAuth Token, `xoxb-…`, from the app's page, OAuth & Permissions

6 problems, 1 note.
");
    }

    #[test]
    fn what_is_said_of_the_token_that_searches() {
        let may = |bot, scopes: Option<&[&str]>| {
            Ok(Token {
                scopes: scopes.map(|scopes| scopes.iter().map(|scope| (*scope).to_owned()).collect()),
                ..token(bot)
            })
        };
        let said = [
            may(None, Some(&["search:read"])),
            may(None, Some(&["chat:write"])),
            may(None, None),
            may(Some("B1"), Some(&["search:read"])),
            Err(refusal("invalid_auth")),
        ];
        let said = said
            .map(|examined| of_search(&examined))
            .map(|finding| (finding.state, finding.says));
        assert_eq!(
            said.each_ref().map(|(state, says)| (state.as_str(), says.as_str())),
            [
                ("ok", "keywords are searched for in the name of U1"),
                ("PROBLEM", "SLACK_USER_TOKEN lacks `search:read`"),
                ("note", "Slack does not say what SLACK_USER_TOKEN may do"),
                ("PROBLEM", "SLACK_USER_TOKEN is the token of a bot, which cannot search"),
                (
                    "PROBLEM",
                    "SLACK_USER_TOKEN: Slack answered auth.test with `invalid_auth`"
                ),
            ]
        );
    }

    #[test]
    fn what_is_said_of_scopes() {
        let needs = BTreeSet::from(["chat:write", "users:read"]);
        let has = |scopes: &[&str]| scopes.iter().map(|scope| (*scope).to_owned()).collect::<BTreeSet<_>>();
        let findings = [
            scopes(None, &needs),
            scopes(Some(&has(&["chat:write"])), &needs),
            scopes(Some(&has(&["chat:write", "users:read"])), &needs),
            scopes(Some(&has(&["chat:write", "users:read", "search:read"])), &needs),
        ];
        insta::assert_snapshot!(told(&findings), @"
note     Slack scopes  Slack does not say what the token may do
                       -> compare by hand: it needs `chat:write`, `users:read`
PROBLEM  Slack scopes  the token lacks `users:read`
                       -> put what `innkeeper slack-manifest` prints into the app's page, App Manifest, and install the app again
ok       Slack scopes  the 2 that the configuration needs
note     Slack scopes  the token may more than the configuration needs: `search:read`
                       -> take away what nothing else needs

1 problem, 2 notes.
");
    }

    #[test]
    fn what_is_said_of_the_way_in() {
        let findings = [
            app_token(Ok(true)),
            app_token(Ok(false)),
            app_token(Err(refusal("not_allowed_token_type"))),
            app_token(Err(refusal("socket_mode_not_enabled"))),
            app_token(Err(refusal("internal_error"))),
            signing_secret(Ok(Some(Secret::new("x")))),
            signing_secret(Ok(Some(Secret::new(" ")))),
            signing_secret(Ok(None)),
        ];
        insta::assert_snapshot!(told(&findings), @r#"
ok       Slack events  over Socket Mode: Slack lets the app open connections
PROBLEM  Slack events  over Socket Mode, and there is no SLACK_APP_TOKEN
                       -> make an app-level token (`xapp-…`) with `connections:write` on the app's page, Basic Information, and give it as SLACK_APP_TOKEN
PROBLEM  Slack events  Slack answered auth.test with `not_allowed_token_type`
                       -> make an app-level token (`xapp-…`) with `connections:write` on the app's page, Basic Information, and give it as SLACK_APP_TOKEN
PROBLEM  Slack events  Slack answered auth.test with `socket_mode_not_enabled`
                       -> switch Socket Mode on, on the app's page
PROBLEM  Slack events  Slack answered auth.test with `internal_error`
                       -> check the network; and that Socket Mode is on, on the app's page
ok       Slack events  over HTTP, signed: the secret is there
PROBLEM  Slack events  SLACK_SIGNING_SECRET is empty; copy it from the app's page, Basic Information
                       -> copy SLACK_SIGNING_SECRET from the app's page, Basic Information; or let `mode = "socket"` under [slack]
PROBLEM  Slack events  over HTTP, and there is no SLACK_SIGNING_SECRET
                       -> copy SLACK_SIGNING_SECRET from the app's page, Basic Information; or let `mode = "socket"` under [slack]

6 problems.
"#);
    }

    #[test]
    fn what_is_said_of_channels() {
        let channel = |is_member, is_archived| Channel {
            name: "x".into(),
            is_member,
            is_archived,
            is_im: false,
        };
        let what = BTreeSet::from(["logs_channel".to_owned(), "default_channel of demo".to_owned()]);
        let findings = [
            of_channel("#x", &what, Some(&channel(true, false))),
            of_channel("#x", &what, Some(&channel(false, false))),
            of_channel("#x", &what, Some(&channel(true, true))),
            of_channel("C0X", &what, None),
            unlisted(&refusal("missing_scope")),
        ];
        insta::assert_snapshot!(told(&findings), @"
ok       Slack channels  #x (default_channel of demo, logs_channel)
PROBLEM  Slack channels  #x (default_channel of demo, logs_channel): the bot is not in it, and cannot post there
                         -> type `/invite @bot` there
PROBLEM  Slack channels  #x (default_channel of demo, logs_channel): it is archived
                         -> name another, or bring it back in Slack
PROBLEM  Slack channels  C0X (default_channel of demo, logs_channel): there is no such channel that the bot could see
                         -> make it, or correct the name; a private channel is seen once the bot is in it: type `/invite @bot` there
PROBLEM  Slack channels  they cannot be looked up: Slack answered auth.test with `missing_scope`
                         -> mend what is wrong with token and scopes first

4 problems.
");
    }
}
