//! Who is a member of the workspace: Slack's `users.info`, remembered for a while, and what `user_change` and `team_join`
//! tell, which counts at once.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use innkeeper_core::BoxFuture;
use innkeeper_core::clock::Clock;
use innkeeper_core::request::SlackOrigin;
use serde::Deserialize;
use serde_json::Value;

use super::event::SLACKBOT;
use crate::slack::{ApiError, Identity, SlackApi};
use crate::trigger::{Directory, Standing};

/// How long an answer is believed. Somebody who leaves may still order for so long.
const FRESH: Duration = Duration::from_secs(10 * 60);
/// How many people are remembered.
const MOST_PEOPLE: usize = 10_000;

/// The directory of a Slack workspace.
pub struct SlackDirectory {
    api: Arc<SlackApi>,
    identity: Identity,
    clock: Arc<dyn Clock>,
    people: Mutex<HashMap<String, Known>>,
}

/// What is known of somebody.
#[derive(Clone, Copy)]
struct Known {
    standing: Standing,
    is_a_bot: bool,
    since: Instant,
}

/// A user, as far as permissions go. Slack leaves flags out where they do not apply.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct User {
    id: String,
    team_id: Option<String>,
    deleted: bool,
    is_bot: Option<bool>,
    is_restricted: Option<bool>,
    is_ultra_restricted: bool,
    is_stranger: bool,
    is_workflow_bot: bool,
    enterprise_user: Option<EnterpriseUser>,
}

/// Of a user in Enterprise Grid: the organisation, and which of its workspaces the user is in.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct EnterpriseUser {
    enterprise_id: Option<String>,
    teams: Vec<String>,
}

impl SlackDirectory {
    /// The directory of the workspace that `identity` is installed in.
    pub fn new(api: Arc<SlackApi>, identity: Identity, clock: Arc<dyn Clock>) -> Self {
        Self {
            api,
            identity,
            clock,
            people: Mutex::default(),
        }
    }

    /// Somebody has changed, or is new; this is how Slack tells of them now.
    ///
    /// # Errors
    /// A sentence about what is missing. Then nothing that is known counts any more.
    pub(super) fn changed(&self, user: &Value) -> Result<(), String> {
        match User::deserialize(user) {
            Ok(user) if !user.id.is_empty() => {
                self.remember(&user.id, &user);
                Ok(())
            }
            read => {
                self.people().clear();
                let why = read
                    .err()
                    .map_or_else(|| "it has no id".to_owned(), |error| error.to_string());
                Err(format!("a change of a user in an unknown form: {why}"))
            }
        }
    }

    /// Whether somebody is a bot.
    ///
    /// # Errors
    /// Slack's, where it has to be asked and does not answer.
    pub(super) async fn is_a_bot(&self, user: &str) -> Result<bool, ApiError> {
        match self.fresh(user) {
            Some(known) => Ok(known.is_a_bot),
            None => Ok(self.ask(user).await?.is_a_bot),
        }
    }

    fn fresh(&self, user: &str) -> Option<Known> {
        let known = *self.people().get(user)?;
        let age = self.clock.monotonic().saturating_duration_since(known.since);
        (age < FRESH).then_some(known)
    }

    /// Asks Slack, and remembers. What an event told meanwhile is newer.
    async fn ask(&self, user: &str) -> Result<Known, ApiError> {
        #[derive(Deserialize)]
        struct Answer {
            user: User,
        }
        let asked = self.clock.monotonic();
        let answer: Result<Answer, ApiError> = self.api.get("users.info", &[("user", user)]).await;
        let told = match answer {
            Ok(Answer { user }) => user,
            Err(error) if matches!(error.code(), Some("user_not_found" | "user_not_visible")) => User::default(),
            Err(error) => return Err(error),
        };
        if let Some(newer) = self.people().get(user).filter(|known| known.since >= asked) {
            return Ok(*newer);
        }
        Ok(self.remember(user, &told))
    }

    fn remember(&self, id: &str, user: &User) -> Known {
        let known = Known {
            standing: standing(user, &self.identity),
            is_a_bot: user.is_bot == Some(true) || user.is_workflow_bot,
            since: self.clock.monotonic(),
        };
        let mut people = self.people();
        if people.len() >= MOST_PEOPLE {
            people.retain(|_, other| known.since.saturating_duration_since(other.since) < FRESH);
        }
        if people.len() >= MOST_PEOPLE {
            people.clear();
        }
        people.insert(id.to_owned(), known);
        known
    }

    fn people(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Directory for SlackDirectory {
    fn known(&self, who: &SlackOrigin) -> Option<Standing> {
        if is_foreign(who, &self.identity) {
            return Some(Standing::Outsider);
        }
        self.fresh(&who.user).map(|known| known.standing)
    }

    fn look_up<'a>(&'a self, who: &'a SlackOrigin) -> BoxFuture<'a, Result<Standing, String>> {
        Box::pin(async move {
            if let Some(standing) = self.known(who) {
                return Ok(standing);
            }
            let known = self.ask(&who.user).await.map_err(|error| error.to_string())?;
            Ok(known.standing)
        })
    }
}

impl fmt::Debug for SlackDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SlackDirectory").finish_non_exhaustive()
    }
}

/// Whether the event itself says that it is no member's: it comes from another workspace, or Slackbot posted it, and then
/// anybody may have set the reminder. Within an organisation workspaces share members, so there Slack is asked.
fn is_foreign(who: &SlackOrigin, identity: &Identity) -> bool {
    let other_team = who.user_team.as_ref().is_some_and(|team| *team != identity.team);
    who.user == SLACKBOT || (other_team && identity.enterprise.is_none())
}

/// A member is somebody of whom Slack says so: where `is_bot` or `is_restricted` is missing, it does not.
fn standing(user: &User, identity: &Identity) -> Standing {
    let full = user.is_bot == Some(false) && user.is_restricted == Some(false);
    let lesser = user.deleted || user.is_ultra_restricted || user.is_stranger || user.is_workflow_bot;
    if full && !lesser && is_ours(user, identity) {
        Standing::Member
    } else {
        Standing::Outsider
    }
}

fn is_ours(user: &User, identity: &Identity) -> bool {
    if user.team_id.as_ref() == Some(&identity.team) {
        return true;
    }
    identity.enterprise.is_some()
        && user
            .enterprise_user
            .as_ref()
            .is_some_and(|member| member.enterprise_id == identity.enterprise && member.teams.contains(&identity.team))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot start has failed")]
mod tests {
    use innkeeper_core::clock::{ManualClock, Timestamp};
    use serde_json::json;

    use super::super::testing::identity;
    use super::*;
    use crate::slack::fake::{FakeSlack, Reply};

    /// A member, as `users.info` shows one.
    fn member() -> Value {
        json!({
            "id": "U0ANN", "team_id": "T0INN", "name": "ann", "deleted": false, "color": "9f69e7", "real_name": "Ann",
            "tz": "Europe/London", "profile": {"team": "T0INN"}, "is_admin": false, "is_owner": false,
            "is_primary_owner": false, "is_restricted": false, "is_ultra_restricted": false, "is_bot": false,
            "updated": 1_700_000_000, "is_app_user": false, "has_2fa": true,
        })
    }

    fn standing_with(flags: Value) -> Standing {
        let mut user = member();
        for (name, value) in flags.as_object().unwrap() {
            user[name] = value.clone();
        }
        standing(&serde_json::from_value(user).unwrap(), &identity())
    }

    fn who(user: &str, team: Option<&str>) -> SlackOrigin {
        SlackOrigin {
            team: "T0INN".into(),
            channel: "C1".into(),
            user: user.into(),
            user_team: team.map(str::to_owned),
            message: None,
            thread: None,
            direct: false,
        }
    }

    struct Town {
        slack: FakeSlack,
        directory: SlackDirectory,
        clock: ManualClock,
    }

    async fn town() -> Town {
        let slack = FakeSlack::start().await;
        let clock = ManualClock::starting_at(Timestamp::from_micros(0));
        let directory = SlackDirectory::new(slack.api(), identity(), Arc::new(clock.clone()));
        Town {
            slack,
            directory,
            clock,
        }
    }

    #[test]
    fn only_full_people_of_this_workspace_are_members() {
        assert_eq!(standing_with(json!({})), Standing::Member);
        for flags in [
            json!({"is_restricted": true}),
            json!({"is_restricted": true, "is_ultra_restricted": true}),
            json!({"is_ultra_restricted": true}),
            json!({"is_stranger": true}),
            json!({"is_bot": true}),
            json!({"is_workflow_bot": true}),
            json!({"deleted": true}),
            json!({"team_id": "T9ELSE"}),
            json!({"team_id": null}),
        ] {
            assert_eq!(standing_with(flags.clone()), Standing::Outsider, "{flags}");
        }
        for flag in ["is_restricted", "is_bot"] {
            let mut user = member();
            user.as_object_mut().unwrap().remove(flag);
            let user = serde_json::from_value(user).unwrap();
            assert_eq!(standing(&user, &identity()), Standing::Outsider, "{flag} is missing");
        }
    }

    #[test]
    fn in_an_organisation_those_who_are_in_this_workspace_are_members() {
        let grid = Identity {
            enterprise: Some("E0ORG".into()),
            ..identity()
        };
        let of = |enterprise: &str, teams: &[&str]| {
            let mut user = member();
            user["team_id"] = "T1HOME".into();
            user["enterprise_user"] = json!({"id": "W0ANN", "enterprise_id": enterprise, "teams": teams});
            standing(&serde_json::from_value(user).unwrap(), &grid)
        };
        assert_eq!(of("E0ORG", &["T1HOME", "T0INN"]), Standing::Member);
        assert_eq!(of("E0ORG", &["T1HOME"]), Standing::Outsider);
        assert_eq!(of("E9ELSE", &["T0INN"]), Standing::Outsider);
        assert!(!is_foreign(&who("W0ANN", Some("T1HOME")), &grid));
    }

    #[tokio::test]
    async fn slack_is_asked_once_in_ten_minutes() {
        let town = town().await;
        let ann = who("U0ANN", None);
        assert_eq!(town.directory.known(&ann), None);
        town.slack
            .answers("users.info", Reply::ok(json!({"ok": true, "user": member()})));

        assert_eq!(town.directory.look_up(&ann).await, Ok(Standing::Member));
        assert_eq!(town.directory.look_up(&ann).await, Ok(Standing::Member));
        assert_eq!(town.directory.known(&ann), Some(Standing::Member));
        assert_eq!(town.slack.calls().len(), 1);
        assert_eq!(town.slack.calls()[0].query["user"], "U0ANN");

        town.clock.advance(FRESH);
        assert_eq!(town.directory.known(&ann), None);
        let gone = json!({"ok": true, "user": {"id": "U0ANN", "team_id": "T0INN", "deleted": true, "is_bot": false}});
        town.slack.answers("users.info", Reply::ok(gone));
        assert_eq!(town.directory.look_up(&ann).await, Ok(Standing::Outsider));
    }

    #[tokio::test]
    async fn a_change_counts_at_once() {
        let town = town().await;
        let ann = who("U0ANN", None);
        town.slack
            .answers("users.info", Reply::ok(json!({"ok": true, "user": member()})));
        assert_eq!(town.directory.look_up(&ann).await, Ok(Standing::Member));
        let mut guest = member();
        guest["is_restricted"] = true.into();
        town.directory.changed(&guest).unwrap();
        assert_eq!(town.directory.known(&ann), Some(Standing::Outsider));
        town.directory.changed(&member()).unwrap();
        assert_eq!(town.directory.known(&ann), Some(Standing::Member));
        assert_eq!(town.slack.calls().len(), 1);
    }

    #[tokio::test]
    async fn a_change_that_cannot_be_read_leaves_nobody_known() {
        let town = town().await;
        for bad in [json!(null), json!({}), json!({"id": "U0ANN", "deleted": "yes"})] {
            town.directory.changed(&member()).unwrap();
            assert!(town.directory.changed(&bad).is_err(), "{bad}");
            assert_eq!(town.directory.known(&who("U0ANN", None)), None, "{bad}");
        }
    }

    #[tokio::test]
    async fn what_an_event_told_meanwhile_is_newer_than_an_answer() {
        let town = town().await;
        let ann = who("U0ANN", None);
        town.slack
            .answers("users.info", Reply::ok(json!({"ok": true, "user": member()})));
        let mut guest = member();
        guest["is_restricted"] = true.into();
        let looked_up = town.directory.look_up(&ann);
        // Polled first, the look-up is on its way when the event comes.
        let (looked_up, changed) = tokio::join!(biased; looked_up, async { town.directory.changed(&guest) });
        changed.unwrap();
        assert_eq!(looked_up, Ok(Standing::Outsider));
        assert_eq!(town.directory.known(&ann), Some(Standing::Outsider));
    }

    #[tokio::test]
    async fn a_bot_is_told_from_a_guest() {
        let town = town().await;
        let mut bot = member();
        bot["is_bot"] = true.into();
        town.slack
            .answers("users.info", Reply::ok(json!({"ok": true, "user": bot})));
        assert_eq!(town.directory.is_a_bot("U0ANN").await, Ok(true));
        let mut guest = member();
        guest["is_restricted"] = true.into();
        town.directory.changed(&guest).unwrap();
        assert_eq!(town.directory.is_a_bot("U0ANN").await, Ok(false));
    }

    #[tokio::test]
    async fn what_slack_could_not_answer_is_not_remembered() {
        let town = town().await;
        let ann = who("U0ANN", None);
        town.slack.answers("users.info", Reply::busy(3));
        assert!(town.directory.look_up(&ann).await.is_err());
        assert_eq!(town.directory.known(&ann), None);

        town.slack.answers("users.info", Reply::refusal("user_not_found"));
        assert_eq!(town.directory.look_up(&ann).await, Ok(Standing::Outsider));
        assert_eq!(town.directory.known(&ann), Some(Standing::Outsider));
    }

    #[tokio::test]
    async fn strangers_and_reminders_need_no_asking() {
        let town = town().await;
        assert_eq!(
            town.directory.known(&who("U0ANN", Some("T9ELSE"))),
            Some(Standing::Outsider)
        );
        assert_eq!(
            town.directory.look_up(&who(SLACKBOT, None)).await,
            Ok(Standing::Outsider)
        );
        assert_eq!(town.directory.known(&who("U0ANN", Some("T0INN"))), None);
        assert!(town.slack.calls().is_empty());
    }

    #[tokio::test]
    async fn no_more_people_are_remembered_than_there_is_room_for() {
        let town = town().await;
        for number in 0..MOST_PEOPLE {
            let user = User::deserialize(member()).unwrap();
            town.directory.remember(&format!("U{number}"), &user);
        }
        town.clock.advance(FRESH / 2);
        town.directory.changed(&member()).unwrap();
        assert!(town.directory.people().len() <= MOST_PEOPLE);
        assert_eq!(town.directory.known(&who("U0ANN", None)), Some(Standing::Member));
    }
}
