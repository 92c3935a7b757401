//! `innkeeper services`, `service` and `on-call`: what the store, the configuration and the kept calendar say, beside a running
//! `serve` or without one. What is said to a service (`ack`, `silence`) is an order like any other.

use std::sync::Arc;

use innkeeper_core::clock::{Clock, SystemClock, Timestamp};
use innkeeper_core::config::secrets::Secrets;
use innkeeper_core::config::{Config, nearest_name};
use innkeeper_core::store::Store;

use super::show::print_text;
use super::{Ended, Misuse, print};
use crate::alerts::{self, DutyParts, DutyRoster, OnCall};
use crate::app::CALENDAR;
use crate::current::Current;
use crate::trigger::answers::services::{self as answers, Setting};

fn setting(config: &Config, now: Timestamp) -> Setting<'_> {
    Setting {
        now,
        zone: &config.timezone,
        prefix: "innkeeper say ",
    }
}

pub(super) async fn list(config: &Config, json: bool) -> anyhow::Result<Ended> {
    let store = Store::open_read_only(&config.data_dir)?;
    let now = SystemClock.now();
    let lines = alerts::list(&store, config.alerts.services.values().cloned(), now).await?;
    match json {
        true => print(serde_json::to_string_pretty(&lines)?)?,
        false => print_text(answers::services(&lines, 0, setting(config, now)))?,
    }
    Ok(Ended::Done)
}

pub(super) async fn show(config: &Config, name: &str, json: bool) -> anyhow::Result<Ended> {
    let Some(service) = config.alerts.services.get(name) else {
        let nearest = nearest_name(name, config.alerts.services.keys().map(String::as_str));
        return Err(Misuse(answers::unknown(name, nearest)).into());
    };
    let store = Store::open_read_only(&config.data_dir)?;
    let now = SystemClock.now();
    let detail = alerts::detail(&store, service, &duty(config, now).await, now).await?;
    match json {
        true => print(serde_json::to_string_pretty(&detail)?)?,
        false => print_text(answers::detail(&detail, setting(config, now)))?,
    }
    Ok(Ended::Done)
}

pub(super) async fn on_call(config: &Config, json: bool) -> anyhow::Result<Ended> {
    let now = SystemClock.now();
    let on_call = duty(config, now).await;
    if json {
        print(serde_json::to_string_pretty(&on_call)?)?;
        return Ok(Ended::Done);
    }
    let people = Store::open_read_only(&config.data_dir)?.people().await?;
    print_text(answers::on_call(&on_call, &people, setting(config, now)))?;
    Ok(Ended::Done)
}

/// Who is on duty, by the calendar that `serve` fetched last. It fetches none, and writes nothing.
async fn duty(config: &Config, now: Timestamp) -> OnCall {
    let roster = DutyRoster::new(DutyParts {
        current: Current::fixed(Arc::new(config.clone())),
        secrets: Arc::new(Secrets::new(|_| None)),
        notices: None,
        kept: config.data_dir.join(CALENDAR),
    });
    roster.now_and_next(now).await
}
