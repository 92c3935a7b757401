//! Who is on duty: by the rotas of the configuration, and by a calendar.
//!
//! ```text
//!   feed   the calendar: where it comes from, and the last good copy of it, which outlives restarts
//! ```
//!
//! A calendar at an address is fetched in the background, every few minutes. Whoever asks who is on duty gets what is here, and
//! never waits for the network. One in a file is looked at when somebody asks.

mod feed;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use innkeeper_core::BoxFuture;
use innkeeper_core::alert::rota::Duty;
use innkeeper_core::alert::{fold_name, told, unknown};
use innkeeper_core::clock::Timestamp;
use innkeeper_core::config::CalendarSource;
use innkeeper_core::config::secrets::Secrets;
use innkeeper_core::store::Person;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use self::feed::Feed;
use super::OnDuty;
use crate::current::Current;
use crate::notices::Notices;

/// How often a calendar is fetched.
const FETCH_EVERY: Duration = Duration::from_secs(5 * 60);
/// How often one that cannot be had is tried, and a file is looked at though nobody asks.
const TRY_EVERY: Duration = Duration::from_secs(60);

/// What it needs.
pub struct DutyParts {
    /// The rotas, and where the calendar is.
    pub current: Current,
    /// Who knows the address of a calendar, where that is a secret.
    pub secrets: Arc<Secrets>,
    /// Who is told when the calendar cannot be had. None: this only looks, and writes nothing down.
    pub notices: Option<Arc<dyn Notices>>,
    /// The folder where the last good copy is kept. It is made where it is missing.
    pub kept: PathBuf,
}

/// Knows who is on duty.
pub struct DutyRoster {
    current: Current,
    feed: Feed,
}

/// Who is on duty now and next, by everything that says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OnCall {
    /// The moment that is meant by now.
    pub at: Timestamp,
    /// Each `[[rota]]`, in their order.
    pub rotas: Vec<RotaDuty>,
    /// The calendar, where there is one.
    pub calendar: Option<CalendarDuty>,
    /// Who is told when nobody is on duty, where the configuration says so.
    pub fallback: Option<String>,
}

/// Who is on duty by a rota.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RotaDuty {
    /// Who takes turns.
    pub people: Vec<String>,
    /// Whose turn it is.
    #[serde(flatten)]
    pub duty: Duty,
}

/// Who is on duty by the calendar.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CalendarDuty {
    /// Who is.
    #[serde(flatten)]
    pub duty: Duty,
    /// What in it could not be read, in words.
    pub faults: Vec<String>,
    /// Why it cannot be had now, as the end of a sentence; what is here is from the last copy then.
    pub trouble: Option<String>,
    /// Whether there is no copy of it here at all.
    pub missing: bool,
}

impl OnCall {
    /// The names of who is on duty, each once, in the order of the sources.
    pub fn officers(&self) -> Vec<String> {
        let rotas = self.rotas.iter().map(|rota| &rota.duty);
        let all = rotas.chain(self.calendar.iter().map(|calendar| &calendar.duty));
        let mut seen = BTreeSet::new();
        let mut names: Vec<String> = all.flat_map(Duty::officers).collect();
        names.retain(|name| seen.insert(fold_name(name)));
        names
    }

    /// The names of who is to be told: of who is on duty, or else of the fallback. Who of them can be, [`told`] says.
    pub fn names(&self) -> Vec<String> {
        match self.officers() {
            nobody if nobody.is_empty() => self.fallback.clone().into_iter().collect(),
            officers => officers,
        }
    }

    /// Who of these `people` is told though they are not on duty, since nobody is who could be told.
    pub fn stands_in<'p>(&self, people: &'p [Person]) -> Option<&'p str> {
        let officers: BTreeSet<String> = self.officers().iter().map(|name| fold_name(name)).collect();
        let told = told(people, &[], &self.officers(), self.fallback.as_deref());
        let told = told.duty_officers.into_iter();
        let mut others = told.filter(|person| !officers.contains(&fold_name(&person.name)));
        others.next().map(|person| person.name.as_str())
    }

    /// The names of those on duty that no active user of `people` has.
    pub fn unknown(&self, people: &[Person]) -> Vec<String> {
        unknown(people, &self.names())
    }
}

impl DutyRoster {
    /// One of these parts. It knows what an earlier process kept.
    pub fn new(parts: DutyParts) -> Self {
        Self {
            current: parts.current,
            feed: Feed::new(parts.secrets, parts.notices, parts.kept),
        }
    }

    /// Fetches the calendar now and every few minutes, and when the configuration is another one, until `stop`.
    ///
    /// # Errors
    /// None.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) -> anyhow::Result<()> {
        let mut current = self.current.clone();
        loop {
            let pause = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                pause = self.refresh() => pause,
            };
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(pause) => {}
                () = current.changed() => {}
            }
        }
    }

    /// Gets the newest calendar, from wherever it is. Says when to do so again.
    async fn refresh(&self) -> Duration {
        let Some(source) = self.current.get().alerts.calendar.clone() else {
            return FETCH_EVERY;
        };
        let well = self.feed.refresh(&source).await;
        match source {
            CalendarSource::Url(_) | CalendarSource::Secret(_) if well => FETCH_EVERY,
            _ => TRY_EVERY,
        }
    }

    /// The names of who is on duty at `at`, each once.
    pub async fn on_duty(&self, at: Timestamp) -> Vec<String> {
        self.now_and_next(at).await.officers()
    }

    /// Who is on duty at `at` and who is next, for each source by itself.
    pub async fn now_and_next(&self, at: Timestamp) -> OnCall {
        let config = self.current.get();
        let rotas = config.alerts.rota.iter().map(|rotation| RotaDuty {
            people: rotation.people.clone(),
            duty: Duty::at(at, rotation.around(at)),
        });
        let calendar = match &config.alerts.calendar {
            Some(source) => Some(self.feed.duty(source, &config.timezone, at).await),
            None => None,
        };
        OnCall {
            at,
            rotas: rotas.collect(),
            calendar,
            fallback: config.alerts.fallback.clone(),
        }
    }
}

impl OnDuty for DutyRoster {
    fn on_duty(&self, at: Timestamp) -> BoxFuture<'_, Vec<String>> {
        Box::pin(Self::on_duty(self, at))
    }
}

impl fmt::Debug for DutyRoster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DutyRoster").finish_non_exhaustive()
    }
}
