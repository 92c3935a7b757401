//! What a plugin is told: the alert as it was decided, and all that is known of its service and its people now. Whoever wrote
//! it, it names no secret but those that are meant: see [`disarm`].

use std::path::{Path, PathBuf};
use std::time::Duration;

use innkeeper_core::alert::plugin::{About, CheckTold, Field, ServiceTold, Telling, UserTold};
use innkeeper_core::alert::secret::{SecretName, disarm};
use innkeeper_core::alert::{Acknowledgement, Alert, Service, Shown, Status, Told, told};
use innkeeper_core::config::Plugin;
use innkeeper_core::report;
use innkeeper_core::store::{AlertCall, CheckView, FieldValue, Person};

use super::engine::Engine;
use crate::files;

/// What a plugin is told of a check's output, at most, in characters.
const OUTPUT: usize = 2000;
/// What is read of a log for it, in bytes.
const LOG_END: u64 = 8000;

impl Engine {
    /// What `plugin` is told by this call.
    ///
    /// # Errors
    /// A sentence: the plugin does not say what it is, or the store cannot be read.
    pub(super) async fn telling(
        &self,
        call: &AlertCall,
        plugin: &std::sync::Arc<Plugin>,
        service: &Service,
    ) -> Result<Telling, String> {
        let about = self.parts.plugins.about(plugin.clone()).await?;
        if self.parts.services.note(&plugin.name, about.metadata.wants_updates) {
            // It could not be asked before.
            tracing::info!(
                plugin = plugin.name,
                wants_updates = about.metadata.wants_updates,
                "an alert plugin said what it is"
            );
        }
        let store = &self.parts.store;
        let unread = |error| format!("the services cannot be read: {error}");
        let checks = store.checks(service).await.map_err(unread)?;
        let people = store.people().await.map_err(unread)?;
        let on_duty = self.parts.duty.on_duty(self.parts.clock.now()).await;
        let config = self.parts.current.get();
        let fallback = config.alerts.fallback.as_deref();
        let Told {
            mut users,
            duty_officers,
        } = told(&people, &service.users_to_notify, &on_duty, fallback);
        let is_told = |officer: &&Person| !users.iter().any(|user| user.id == officer.id);
        let also: Vec<&Person> = duty_officers.iter().copied().filter(is_told).collect();
        users.extend(also);
        let (mut all, mut officers) = (Vec::new(), Vec::new());
        for (people, are_told) in [(users, &mut all), (duty_officers, &mut officers)] {
            for person in people {
                let fields = store.fields(person.id, &plugin.name).await.map_err(unread)?;
                are_told.push(user_told(person, &about, fields));
            }
        }
        let logs = config.data_dir.join("logs");
        let checks = checks_told(service, checks, logs).await?;
        Ok(Telling {
            users: all,
            duty_officers: officers,
            ..telling_of(call, service_told(service, &call.alert, checks), plugin, &about)
        })
    }
}

/// What a plugin is told by a call, to nobody yet.
pub(super) fn telling_of(call: &AlertCall, service: ServiceTold, plugin: &Plugin, about: &About) -> Telling {
    Telling {
        id: call.key.to_string(),
        kind: call.alert.kind,
        at: call.alert.at,
        incident: call.alert.incident,
        test: false,
        service,
        users: Vec::new(),
        duty_officers: Vec::new(),
        settings: settings_told(plugin, about),
    }
}

fn service_told(service: &Service, alert: &Alert, checks: Vec<CheckTold>) -> ServiceTold {
    ServiceTold {
        name: service.name.clone(),
        title: harmless(service.title.as_deref().unwrap_or(&service.name)),
        url: service.url.as_deref().map(harmless),
        runbook: service.runbook.as_deref().map(harmless),
        before: alert.old.into(),
        now: shown(alert.new, alert.acknowledged.is_some()),
        since: alert.began,
        checks,
        acknowledgement: alert.acknowledged.clone().map(|acknowledged| Acknowledgement {
            by: harmless(&acknowledged.by),
            ..acknowledged
        }),
    }
}

fn harmless(text: &str) -> String {
    disarm(text).into_owned()
}

fn shown(status: Status, acknowledged: bool) -> Shown {
    match acknowledged && status.is_failing() {
        true => Shown::Acknowledged,
        false => status.into(),
    }
}

/// Somebody, with what they filled in; what they did not is as the plugin says.
pub(super) fn user_told(person: &Person, about: &About, filled_in: Vec<(String, FieldValue)>) -> UserTold {
    let declared = about.user_fields.iter().flat_map(|fields| &fields.fields);
    let fields = declared.filter_map(|field| {
        let value = filled_in
            .iter()
            .find(|(name, _)| *name == field.name)
            .map(|(_, value)| value);
        let text = match value {
            Some(FieldValue::Plain(text)) => Some(harmless(text)),
            Some(FieldValue::Secret(_)) => Some(
                SecretName::Field {
                    person: person.id,
                    field: field.name.clone(),
                }
                .to_string(),
            ),
            None => field.default.clone(),
        };
        Some((field.name.clone(), text?))
    });
    UserTold {
        fields: fields.collect(),
        name: harmless(&person.name),
        email: person.email.as_deref().map(harmless),
        slack: person.slack.as_deref().map(harmless),
    }
}

/// The settings of a plugin: what is set, placeholders for secrets, and what the plugin says where nothing is.
fn settings_told(plugin: &Plugin, about: &About) -> Vec<(String, String)> {
    let set = plugin.settings.clone().into_iter();
    let secret = plugin.secrets.keys();
    let secret = secret.map(|name| (name.clone(), SecretName::Setting(name.clone()).to_string()));
    let left = about.metadata.settings.iter().filter(|field| !is_set(plugin, field));
    let default = left.filter_map(|field| Some((field.name.clone(), field.default.clone()?)));
    set.chain(secret).chain(default).collect()
}

fn is_set(plugin: &Plugin, field: &Field) -> bool {
    plugin.settings.contains_key(&field.name) || plugin.secrets.contains_key(&field.name)
}

/// The active checks of a service, by name, with the end of what their last runs wrote.
async fn checks_told(service: &Service, known: Vec<CheckView>, logs: PathBuf) -> Result<Vec<CheckTold>, String> {
    let rules = service.checks.clone();
    let reading = tokio::task::spawn_blocking(move || {
        let active = rules.iter().filter(|(_, rules)| rules.active);
        let told = active.map(|(name, rules)| {
            let view = known.iter().find(|view| view.name == *name);
            CheckTold {
                name: name.clone(),
                importance: rules.importance,
                passing: !view.is_some_and(|view| view.state.is_failing(rules)),
                run: view.and_then(|view| view.state.run),
                output: view.map_or_else(String::new, |view| output(view, &logs)),
            }
        });
        told.collect()
    });
    reading
        .await
        .map_err(|error| format!("the logs cannot be read: {error}"))
}

/// How a check's last run ended, where it failed, and the end of what it wrote.
fn output(view: &CheckView, logs: &Path) -> String {
    let how = view.ended.as_ref().filter(|(ending, _)| !ending.is_success());
    let how = how.map(|(ending, took): &(_, Duration)| report::ended(ending, *took));
    let written = view.log_folder.as_ref().map(|folder| {
        let folder = logs.join(folder);
        ["stdout", "stderr"].map(|stream| end_of(&folder.join(stream)))
    });
    let written = written.into_iter().flatten().filter(|text| !text.trim().is_empty());
    let mut text = how.into_iter().chain(written).collect::<Vec<_>>().join("\n");
    let trimmed = text.trim_end().len();
    text.truncate(trimmed);
    cut(harmless(&text))
}

/// The end of a log, as text. One that cannot be read is missing: the alert is not held up by it.
fn end_of(file: &Path) -> String {
    let length = file.metadata().map(|file| file.len());
    match length.and_then(|length| files::read_part(file, length.saturating_sub(LOG_END), LOG_END)) {
        Ok(bytes) => report::readable(&bytes),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => {
            tracing::warn!(file = %file.display(), %error, "a check's log cannot be read; an alert lacks it");
            String::new()
        }
    }
}

/// The end of a text that is too long.
fn cut(text: String) -> String {
    let length = text.chars().count();
    if length <= OUTPUT {
        return text;
    }
    let end: String = text.chars().skip(length - OUTPUT + 1).collect();
    format!("…{end}")
}
