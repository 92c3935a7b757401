//! What people see of schedules: each with its next start.

use std::fmt::Write;

use jiff::tz::TimeZone;
use serde::Serialize;

use super::{Missed, When};
use crate::clock::Timestamp;
use crate::config::Config;
use crate::request::Arguments;

/// A schedule and its next start.
#[derive(Clone, Debug, Serialize)]
pub struct ScheduleView {
    /// When it starts its job next. None: never.
    pub next: Option<Timestamp>,
    /// Up to how many seconds later.
    pub jitter_seconds: f64,
    /// The namespace's name.
    pub namespace: String,
    /// The job's short name.
    pub job: String,
    /// The job's arguments.
    pub arguments: Arguments,
    /// As it is written.
    pub schedule: String,
    /// The time zone of a line of cron.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// What is done about starts that were missed.
    pub missed: Missed,
    /// Where the report goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
}

/// Every schedule, the next start first.
pub fn views(config: &Config, now: Timestamp) -> Vec<ScheduleView> {
    let namespaces = config.namespaces.values();
    let mut views: Vec<ScheduleView> = namespaces
        .flat_map(|namespace| namespace.schedules.iter().map(move |schedule| (namespace, schedule)))
        .map(|(namespace, schedule)| ScheduleView {
            next: schedule.when.next_after(now),
            jitter_seconds: schedule.jitter.as_secs_f64(),
            namespace: namespace.name.clone(),
            job: schedule.job.clone(),
            arguments: schedule.arguments.clone(),
            schedule: schedule.written.clone(),
            timezone: match &schedule.when {
                When::Cron { zone, .. } => zone.iana_name().map(str::to_owned),
                When::Every(_) | When::Spread { .. } => None,
            },
            missed: schedule.missed,
            channel: schedule.channel.clone(),
        })
        .collect();
    views.sort_by_key(|view| (view.next.is_none(), view.next));
    views
}

/// The same for a terminal, with times in the host's time zone.
pub fn listing(views: &[ScheduleView], zone: &TimeZone) -> String {
    if views.is_empty() {
        return "Nothing is scheduled.".to_owned();
    }
    let job = |view: &ScheduleView| format!("{}_{}", view.namespace, view.job);
    let width = views.iter().map(|view| job(view).len()).max().unwrap_or_default();
    let mut text = String::new();
    for view in views {
        let next = match view.next {
            Some(next) => next
                .to_jiff()
                .to_zoned(zone.clone())
                .strftime("%a %Y-%m-%d %H:%M:%S %Z")
                .to_string(),
            None => "never".to_owned(),
        };
        // Writing to a String cannot fail.
        let _ = write!(text, "{next:<28}  {:<width$}  {}", job(view), view.schedule);
        if let Some(zone) = &view.timezone {
            let _ = write!(text, " ({zone})");
        }
        for (name, value) in &view.arguments.0 {
            let _ = write!(text, " {name}={value:?}");
        }
        text.push('\n');
    }
    text.trim_end().to_owned()
}
