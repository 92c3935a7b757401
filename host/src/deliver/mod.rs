//! The ways out: one implementer of `innkeeper_core::outbox::Target` a file, and the loop that hands deliveries to them.

pub mod github;
pub mod http;
pub mod mail;
pub mod sender;
pub mod slack;
pub mod terminal;
