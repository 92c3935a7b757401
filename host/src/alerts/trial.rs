//! A test alert: of a service that is made up, to one user and nobody else. It goes the way of any other, but for the state of
//! services: nothing of it is remembered.

use std::sync::Arc;
use std::time::Duration;

use innkeeper_core::alert::plugin::{About, CheckTold, Plugins, Sending, ServiceTold, Telling};
use innkeeper_core::alert::{Alert, Audience, Importance, Kind, Status};
use innkeeper_core::clock::{Clock, Timestamp};
use innkeeper_core::config::Plugin;
use innkeeper_core::message::{Address, Content};
use innkeeper_core::store::{AlertCall, Person, Store};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::deliveries;
use super::telling::{telling_of, user_told};
use crate::bell::{Bells, lanes_of};
use crate::current::Current;

/// What the service is called that is made up.
const SERVICE: &str = "test";
/// How long it has been failing.
const FAILING: Duration = Duration::from_secs(5 * 60);

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// The plugin, by its name in `[plugins.<name>]`.
    pub plugin: String,
    /// The user that is told.
    pub user: String,
    /// The status before.
    pub old: Status,
    /// The status now.
    pub new: Status,
    /// Whether the deliveries are sent.
    pub send: bool,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// What the plugin calls itself.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it wants sent. Placeholders are placeholders.
    pub deliveries: Vec<Shown>,
    /// Whether that is in the outbox.
    pub sent: bool,
}

/// A delivery, as it is in the outbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// Where it goes.
    pub address: Address,
    /// What is sent.
    pub content: Content,
}

/// Why there was no trial.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// What was asked for makes no sense.
    #[error("{0}")]
    Misused(String),
    /// The plugin cannot be used, or failed; or the store did.
    #[error("{0}")]
    Failed(String),
}

/// Makes trials.
#[derive(Clone)]
pub struct Trials {
    /// The plugins that there are.
    pub current: Current,
    /// Users, and the outbox.
    pub store: Arc<Store>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Rung when something is in the outbox.
    pub bells: Bells,
    /// Who calls plugins.
    pub plugins: Arc<dyn Plugins>,
}

impl Trials {
    /// Tells the user by the plugin, as if the made-up service had changed.
    ///
    /// # Errors
    /// See [`Unfit`].
    pub async fn run(&self, trial: &Trial) -> Result<Tried, Unfit> {
        let failed = |error| Unfit::Failed(format!("the store cannot be used: {error}"));
        let plugin = self.plugin(&trial.plugin)?;
        let person = self.store.person_named(&trial.user).await.map_err(failed)?;
        let Some(person) = person else {
            let why = format!("there is no user {:?}; `innkeeper user add` makes one", trial.user);
            return Err(Unfit::Misused(why));
        };
        let now = self.clock.now();
        let call = call(trial, now);
        let about = self.plugins.about(plugin.clone()).await.map_err(Unfit::Failed)?;
        let telling = self.telling(&call, &plugin, &person, &about).await?;
        let sendings = self.plugins.send_alert(plugin, telling).await.map_err(Unfit::Failed)?;
        let sendings = sendings.into_iter().map(without_buttons).collect();
        let deliveries = deliveries::of(&call, sendings);
        let shown = deliveries.iter().map(|delivery| Shown {
            address: delivery.address.clone(),
            content: delivery.content.clone(),
        });
        let tried = Tried {
            name: about.metadata.name.clone(),
            version: about.metadata.version.clone(),
            deliveries: shown.collect(),
            sent: trial.send,
        };
        if trial.send {
            let lanes = lanes_of(&deliveries);
            self.store.append(deliveries, now).await.map_err(failed)?;
            self.bells.ring_outbox(lanes);
        }
        Ok(tried)
    }

    fn plugin(&self, name: &str) -> Result<Arc<Plugin>, Unfit> {
        let config = self.current.get();
        let plugins = &config.alerts.plugins;
        plugins.get(name).cloned().ok_or_else(|| {
            let known: Vec<&str> = plugins.keys().map(String::as_str).collect();
            let known = match known.is_empty() {
                true => "there is none yet; add `[plugins.<name>]` to innkeeper.toml".to_owned(),
                false => format!("there are: {}", known.join(", ")),
            };
            Unfit::Misused(format!("there is no plugin {name:?}; {known}"))
        })
    }

    /// What the plugin is told: the user is all there is, and is on duty.
    async fn telling(
        &self,
        call: &AlertCall,
        plugin: &Plugin,
        person: &Person,
        about: &About,
    ) -> Result<Telling, Unfit> {
        let fields = self.store.fields(person.id, &plugin.name).await;
        let fields = fields.map_err(|error| Unfit::Failed(format!("the store cannot be used: {error}")))?;
        let user = user_told(person, about, fields);
        Ok(Telling {
            test: true,
            users: vec![user.clone()],
            duty_officers: vec![user],
            ..telling_of(call, service(&call.alert), plugin, about)
        })
    }
}

fn call(trial: &Trial, now: Timestamp) -> AlertCall {
    let (old, new) = (trial.old, trial.new);
    let kind = match (old.is_failing(), new.is_failing()) {
        (_, false) => Kind::Recovered,
        (false, true) => Kind::Failing,
        (true, true) if new > old => Kind::Worse,
        (true, true) => Kind::Again,
    };
    AlertCall {
        id: 0,
        plugin: trial.plugin.clone(),
        service: SERVICE.to_owned(),
        alert: Alert {
            kind,
            to: Audience::Everybody,
            old,
            new,
            at: now,
            began: Timestamp::from_micros(now.as_micros().saturating_sub_unsigned(FAILING.as_micros() as u64)),
            incident: 1,
            acknowledged: None,
        },
        attempts: 1,
        key: Uuid::now_v7(),
    }
}

/// A service with one check, which fails or passes as the alert says.
fn service(alert: &Alert) -> ServiceTold {
    let importance = match alert.new.max(alert.old) {
        Status::Passing | Status::Error => Importance::Error,
        Status::Warning => Importance::Warning,
        Status::Critical => Importance::Critical,
    };
    let passing = !alert.new.is_failing();
    let output = match passing {
        true => "200 OK",
        false => "503 Service Unavailable",
    };
    ServiceTold {
        name: SERVICE.to_owned(),
        title: "A service that is made up".to_owned(),
        url: Some("https://test.example/".to_owned()),
        runbook: None,
        before: alert.old.into(),
        now: alert.new.into(),
        since: alert.began,
        checks: vec![CheckTold {
            name: "http".to_owned(),
            importance,
            passing,
            run: None,
            output: format!("GET https://test.example/\n{output}"),
        }],
        acknowledgement: None,
    }
}

/// Nobody can acknowledge a service that is not there.
fn without_buttons(sending: Sending) -> Sending {
    match sending {
        Sending::Slack(mut message) => {
            message.buttons = false;
            Sending::Slack(message)
        }
        other @ (Sending::Http(_) | Sending::Mail(_)) => other,
    }
}
