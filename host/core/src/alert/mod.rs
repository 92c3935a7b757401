//! Alerts: what is decided about services, without touching the world.
//!
//! ```text
//!   a run of a check ends ─► check    its result among the last ones: does the check fail?
//!                            status   the worst of a service's failing checks
//!   time passes ───────────► rules    what was told against what is so: which alerts go out, when to look again
//!   somebody is on it ─────►
//!   who is on duty ───────► rota     from calendars and rotations
//!   whom to tell ─────────► people   the users of a service, and the duty officers
//!   telling them ─────────► plugin   what plugins are told, and answer; secret: what they name and never see
//!   what they enter ──────► field    what a plugin takes from people
//!   silence ──────────────► heartbeat   who is to be heard from, and was not
//!   what waits ───────────► lag      whether the host itself keeps up
//! ```
//!
//! `store` keeps the states, and decides by these rules in the transaction that ends the run. Calling plugins with what was
//! decided is the edge's.

mod check;
mod decision;
mod field;
mod heartbeat;
mod lag;
mod people;
pub mod plugin;
pub mod rota;
mod rules;
pub mod secret;
mod service;
mod status;

pub use check::{CheckRules, CheckState, failing, result_of, status_of};
pub use decision::{Alert, Audience, Change, Event, Kind, Refused};
pub use field::{FieldFault, LONGEST_TEXT};
pub use heartbeat::Heartbeat;
pub use lag::{KeepsUp, Lag, Unsent, Unstarted};
pub use people::{Told, User, fold_name, told, unknown};
pub use rules::{Acknowledgement, Rules, Silence, State, Step};
pub use service::{PluginUse, Service};
pub use status::{Importance, Shown, Status};
