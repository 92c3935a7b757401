//! The host: it takes orders, keeps guests to their rooms, and says what came of it.
//!
//! ```text
//!    Slack  webhooks  clock  command line
//!        \     |      |     /
//!         trigger        parse, authenticate; trigger::intake is the one door: authorise, accept, answer
//!            |
//!      (core: store)     durable before anything is acknowledged
//!            |
//!        dispatcher      wakes on a ring or on the next due time; claims, starts, ends
//!        /        \
//!   runner::bash  runner::component -> guest      an Invocation goes in, an Outcome comes out
//!        \        /
//!      (core: report)    Outcome + format -> Message; one commit with the end of the run
//!            |
//!        deliver         a lane at a time to its Target: Slack, GitHub, a terminal
//! ```
//!
//! [`registry`] pulls the components that are not files of a namespace.
//!
//! [`app`] builds and joins the parts, [`cli`] is the command line, [`web`] the HTTP server. Imports point down;
//! `tests/layers.rs` keeps it so. What decides without touching the world is in `innkeeper_core`.

pub mod alerts;
pub mod app;
pub mod bell;
pub mod cli;
pub mod current;
pub mod deliver;
pub mod dispatcher;
pub mod fetch;
mod files;
pub mod github;
pub mod guest;
pub mod http_client;
pub mod memory;
pub mod notices;
pub mod registry;
pub mod runner;
pub mod slack;
pub mod telemetry;
#[cfg(test)]
mod testing;
pub mod trigger;
pub mod vitals;
pub mod web;
