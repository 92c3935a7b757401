//! What Innkeeper decides, apart from how it talks to the world.
//!
//! ```text
//!   command   text  -> which job, with which arguments            (pure)
//!   config    two TOML files -> a Config that cannot be wrong     (reads files, runs nothing)
//!   schedule  which starts are due by the clock                   (pure)
//!   keyword   which word in a message calls whom                  (pure)
//!   queue     the states of a request and of a run                (pure)
//!   alert     what services are, when alerts go out, who is on duty   (pure)
//!   report    an Outcome and a format -> a Message                (pure)
//!   outbox    what is decided to be sent; the contract of a Target
//!   store     the one place with SQL: named operations, each one transaction
//!   suppression   spans of time in which a job must not start   (pure)
//!   request run message clock      plain data that travels the flow
//! ```
//!
//! Nothing here opens a socket, runs a process or knows wasmtime. The edge (triggers, runners, deliveries) lives in
//! the `innkeeper` crate and depends on this one; Cargo refuses the other direction.

pub mod alert;
pub mod clock;
pub mod command;
pub mod config;
pub mod keyword;
pub mod message;
pub mod outbox;
pub mod queue;
pub mod report;
pub mod request;
pub mod run;
pub mod schedule;
pub mod store;
pub mod suppression;

/// A boxed future, as the object-safe contracts of this crate return it.
pub type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;
