//! The host: it takes orders, keeps guests to their rooms, and says what came of it.
//!
//! ```text
//!   trigger -> (core: command, store) -> dispatcher -> runner -> (core: report, outbox) -> deliver
//! ```
//!
//! In the order of the flow; see `innkeeper_core` for everything that decides.

pub mod deliver;
pub mod guest;
pub mod runner;
pub mod trigger;
pub mod web;
