//! Who somebody in Slack is: name and address, for those who are told of services.

use serde::Deserialize;

use super::{ApiError, SlackApi};

/// Somebody in the workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The id, `U…` or `W…`.
    pub id: String,
    /// The full name; where there is none, the name that is shown.
    pub name: String,
    /// The e-mail address. None: the app may not see it, or there is none.
    pub email: Option<String>,
    /// Whether it is somebody who can be told anything: no bot, and not deactivated.
    pub is_a_person: bool,
}

#[derive(Deserialize)]
struct Answer {
    user: User,
}

/// Slack leaves out what does not apply.
#[derive(Default, Deserialize)]
#[serde(default)]
struct User {
    id: String,
    name: String,
    real_name: Option<String>,
    deleted: bool,
    is_bot: bool,
    profile: Shown,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Shown {
    real_name: Option<String>,
    display_name: Option<String>,
    email: Option<String>,
}

impl SlackApi {
    /// Whom this id is of. None: nobody.
    ///
    /// # Errors
    /// Slack's refusal, or what kept Slack from answering.
    pub async fn profile(&self, id: &str) -> Result<Option<Profile>, ApiError> {
        let answer = self.get::<Answer>("users.info", &[("user", id)]).await;
        found(answer, &["user_not_found", "user_not_visible"])
    }

    /// Whose this address is. None: nobody's. Needs the scope `users:read.email`.
    ///
    /// # Errors
    /// Slack's refusal, or what kept Slack from answering.
    pub async fn profile_by_email(&self, email: &str) -> Result<Option<Profile>, ApiError> {
        let answer = self.get::<Answer>("users.lookupByEmail", &[("email", email)]).await;
        found(answer, &["users_not_found"])
    }
}

fn found(answer: Result<Answer, ApiError>, nobody: &[&str]) -> Result<Option<Profile>, ApiError> {
    match answer {
        Ok(Answer { user }) => Ok(Some(user.into())),
        Err(error) if error.code().is_some_and(|code| nobody.contains(&code)) => Ok(None),
        Err(error) => Err(error),
    }
}

impl From<User> for Profile {
    fn from(user: User) -> Self {
        let names = [user.profile.real_name, user.real_name, user.profile.display_name];
        let mut names = names.into_iter().flatten().chain([user.name]);
        let name = names.find(|name| !name.trim().is_empty()).unwrap_or_default();
        Self {
            name: name.trim().to_owned(),
            email: user.profile.email.filter(|email| !email.is_empty()),
            is_a_person: !user.is_bot && !user.deleted && user.id != "USLACKBOT",
            id: user.id,
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot start has failed")]
mod tests {
    use serde_json::json;

    use super::super::fake::{FakeSlack, Reply};

    #[tokio::test]
    async fn the_full_name_comes_before_the_one_that_is_shown() {
        let slack = FakeSlack::start().await;
        let user =
            |profile| json!({"ok": true, "user": {"id": "U1", "name": "ann", "is_bot": false, "profile": profile}});
        for (profile, name) in [
            (
                json!({"real_name": " Ann Ångström ", "display_name": "annie"}),
                "Ann Ångström",
            ),
            (json!({"real_name": "", "display_name": "annie"}), "annie"),
            (json!({}), "ann"),
        ] {
            slack.answers("users.info", Reply::ok(user(profile)));
            assert_eq!(slack.api().profile("U1").await.unwrap().unwrap().name, name);
        }
    }

    #[tokio::test]
    async fn somebody_who_is_not_there_is_nobody_and_everything_else_an_error() {
        let slack = FakeSlack::start().await;
        slack.answers("users.lookupByEmail", Reply::refusal("users_not_found"));
        assert_eq!(slack.api().profile_by_email("a@b.example").await, Ok(None));
        slack.answers("users.lookupByEmail", Reply::refusal("missing_scope"));
        let refused = slack.api().profile_by_email("a@b.example").await;
        assert_eq!(refused.unwrap_err().code(), Some("missing_scope"));
    }
}
