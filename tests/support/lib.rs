//! What end-to-end tests need: a fake Slack that is strict about what Slack refuses, a host to start, to ask and to
//! kill, a GitHub that signs and is as strict, a registry, and doors for jobs to wait at.
//!
//! A test reads like the conversation that it checks:
//!
//! ```no_run
//! # use innkeeper_tests::{FakeSlack, Host};
//! # async fn test() {
//! let slack = FakeSlack::start().await;
//! let _inn = Host::setup()
//!     .slack(&slack)
//!     .trusted("demo", "…namespace.toml…")
//!     .start()
//!     .await;
//! slack.user("U1").says("#general", "@innkeeper demo hello Bob").await;
//! slack
//!     .await_post("the greeting", |post| post.text == "Hello Bob")
//!     .await;
//! # }
//! ```
//!
//! Nothing here sleeps. Every wait is for an event, has a deadline ([`within`]) and a name that is told when it passes.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "this crate is a test's hands: whatever goes wrong here has to end the test, with a reason"
)]

pub mod clients;
pub mod gate;
pub mod github;
pub mod guests;
pub mod host;
pub mod http;
pub mod receiver;
pub mod registry;
pub mod slack;

pub use gate::Gate;
pub use github::FakeGithub;
pub use host::{Host, Output, Verb};
pub use receiver::Receiver;
pub use registry::Registry;
pub use rustix::process::Signal;
pub use slack::{FakeSlack, Fault, Post};

use std::time::Duration;

/// How long a test waits for anything. A slow machine compiles a Python guest in it.
pub const DEADLINE: Duration = Duration::from_secs(180);

/// How long a test waits for a toolchain, which bundles an interpreter or compiles a C library on a busy machine.
pub const BUILD_DEADLINE: Duration = Duration::from_secs(600);

/// Waits for `event`, and fails the test where it does not come.
pub async fn within<T>(what: &str, event: impl Future<Output = T>) -> T {
    within_time(DEADLINE, what, event).await
}

/// The same with a deadline of its own.
pub async fn within_time<T>(deadline: Duration, what: &str, event: impl Future<Output = T>) -> T {
    match tokio::time::timeout(deadline, event).await {
        Ok(value) => value,
        Err(_) => panic!("waited {deadline:?} in vain for {what}"),
    }
}

/// Fails the test if `event` happens within `span`. The one kind of wait that lasts as long as it says.
pub async fn not_within<T>(what: &str, span: Duration, event: impl Future<Output = T>) {
    if tokio::time::timeout(span, event).await.is_ok() {
        panic!("{what} happened, and should not have");
    }
}

/// The folder that Cargo builds into (`target/debug`): the test's own program is in `deps` below it.
fn build_folder() -> std::path::PathBuf {
    let program = std::env::current_exe().unwrap();
    program.ancestors().nth(2).unwrap().to_owned()
}
