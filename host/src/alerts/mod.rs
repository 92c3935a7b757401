//! Services at the edge: the loops and the means that `innkeeper_core::alert` decides for.
//!
//! ```text
//!   a check's run ends ─► dispatcher ─┐
//!   somebody says `ack` ─► intake ────┼─► store: state, history, calls ── rings ─► engine ─► call ─► outbox
//!   time has passed ─► engine ────────┘
//!
//!   services    which services there are, and which have a check; what plugins say of themselves
//!   engine      looks at services whose time has come, and starts the calls that are due
//!   call        one call of a plugin: what it is told, what becomes of its answer, and of its failure
//!   telling     an alert and all that is known of its service -> what a plugin is told
//!   deliveries  what a plugin wants sent -> the outbox's deliveries
//!   secrets     where what plugins name and never see is
//!   trial       a test alert, of a service that is made up
//!   duty        who is on duty: rotas, and the calendar, which it fetches and keeps
//!   view        what people are shown of services
//!   people      the users, and what they enter into the fields of plugins
//!   vault       what people enter into secret fields, encrypted
//!   prune       forgets what is kept no longer
//!   watch       looks at the host itself, for the checks that want to know how it is
//! ```
//!
//! Nothing here decides when an alert goes out: the rules do, in the transaction that ends the run.

mod call;
mod deliveries;
mod duty;
mod engine;
pub mod people;
mod prune;
pub mod secrets;
mod services;
mod telling;
#[cfg(test)]
mod tests;
mod trial;
pub mod vault;
mod view;
mod watch;

use innkeeper_core::BoxFuture;
use innkeeper_core::clock::Timestamp;

pub use duty::{CalendarDuty, DutyParts, DutyRoster, OnCall, RotaDuty};
pub use engine::{Engine, EngineParts};
pub use prune::Pruner;
pub use services::Services;
pub use trial::{Shown, Trial, Trials, Tried, Unfit};
pub use vault::{Vault, VaultError};
pub use view::{CheckLine, ServiceDetail, ServiceLine, WhoIsTold, detail, list};
pub use watch::{Watch, WatchParts};

/// Knows who is on duty.
pub trait OnDuty: Send + Sync {
    /// The names of those who are, as the rota says them. It does not wait for the network.
    fn on_duty(&self, at: Timestamp) -> BoxFuture<'_, Vec<String>>;
}
