//! Write a job for Innkeeper as a function: this crate makes a WebAssembly component of it, which runs in Innkeeper's
//! sandbox. This is a whole one:
//!
//! ```
//! use innkeeper_guest::{Request, Result, job};
//!
//! #[job]
//! fn run(request: Request) -> Result<String> {
//!     let name = request.arguments.get("name").unwrap_or("whoever you are");
//!     Ok(format!("Hello, {name}!"))
//! }
//! ```
//!
//! # Build and register
//!
//! ```toml
//! # Cargo.toml
//! [package]
//! name = "greet"
//! edition = "2024"
//!
//! [lib]
//! crate-type = ["cdylib"]
//!
//! [dependencies]
//! innkeeper-guest = { path = "…/guest-sdk" }
//! serde = { version = "1", features = ["derive"] }    # for typed arguments
//! ```
//!
//! ```sh
//! rustup target add wasm32-wasip2
//! cargo build --release --target wasm32-wasip2
//! cp target/wasm32-wasip2/release/greet.wasm …/workspace/demo/
//! ```
//!
//! ```toml
//! # workspace/demo/namespace.toml
//! [jobs.greet]
//! component = "greet.wasm"
//!
//! [[slack]]
//! command = "greet [name]"
//! job_type = "greet"
//! ```
//!
//! # Arguments
//!
//! A struct of your own, with a field for each parameter of the command. What does not fit is told to whoever asked:
//! "`count` is \"many\", and has to be a whole number". [`Arguments`] has the rules.
//!
//! ```
//! use innkeeper_guest::{Request, Result, job};
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct Deploy {
//!     service: String,
//!     count: u32,
//!     #[serde(default)]
//!     dry_run: bool,
//!     note: Option<String>,
//! }
//!
//! #[job]
//! fn run(request: Request) -> Result<String> {
//!     let deploy: Deploy = request.arguments()?;
//!     Ok(format!("{} machines get {}", deploy.count, deploy.service))
//! }
//! ```
//!
//! [`Request::trigger`] says who asked, and has what its source knows: [`Trigger`].
//!
//! # Reports
//!
//! A job returns text, [`Blocks`], [`Code`], a [`File`], `()` for nothing to say, or a [`Report`], which is any of
//! them. Blocks are checked against Slack's limits before they leave.
//!
//! ```
//! use innkeeper_guest::{Blocks, Request, Result, Table, job};
//!
//! #[job]
//! fn run(_: Request) -> Result<Blocks> {
//!     Ok(Blocks::new()
//!         .header("On duty this week")
//!         .table(Table::new(["Day", "Who"]).row(["Monday", "Ada"]).row(["Tuesday", "Bob"]))
//!         .context(["Swap with a colleague in <#C024BE91L>"]))
//! }
//! ```
//!
//! # Errors
//!
//! `?` works with every error. Its message is posted, so say what went wrong and what to do with [`Context`], [`bail!`]
//! or [`Error::new`](Failure::new); what caused it goes to the log. A panic fails the job, too, with less to read.
//!
//! # Progress and log
//!
//! [`progress::update`] and [`progress::say`] tell whoever waits how far the work is. [`info!`], [`warn!`], [`error!`]
//! and [`debug!`] write to the run's log.
//!
//! # HTTP and JSON
//!
//! [`http`] calls hosts that the namespace was granted. [`json`] is `serde_json`.
//!
//! # Tests
//!
//! Everything compiles for your own machine, too. [`testing`] shows how a job is tested with plain `cargo test`,
//! its HTTP calls included.
//!
//! # Report formats
//!
//! A report format makes a message of what another job wrote; the job names it with
//! `report_format = { component = "shout.wasm" }`.
//!
//! ```
//! use innkeeper_guest::{Finished, Result, escape, report_format};
//!
//! #[report_format]
//! fn format(run: Finished) -> Result<String> {
//!     Ok(format!("*{}*", escape(&run.text().to_uppercase())))
//! }
//! # fn main() -> Result<()> {
//! # assert_eq!(format(Finished::for_test("a < b"))?, "*A &lt; B*");
//! # Ok(())
//! # }
//! ```
//!
//! # Alert plugins
//!
//! An alert plugin turns a change of a service's status into Slack messages, HTTP requests and mails: [`alert`].
//!
//! # Plain programs
//!
//! A program with a `main` is a job as well, of the world `command`: what it prints is the report. It needs nothing
//! from this crate; [`Blocks::print`] helps where it reports blocks:
//!
//! ```
//! use innkeeper_guest::{Blocks, Refused};
//!
//! fn main() -> Result<(), Refused> {
//!     let duty = std::env::args().nth(1).unwrap_or_else(|| "nobody".to_owned());
//!     Blocks::new().section(format!("*{duty}* answers questions")).print()
//! }
//! ```

pub mod alert;
mod arguments;
#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub mod bindings;
pub mod blocks;
#[cfg(target_family = "wasm")]
mod convert;
mod export;
mod failure;
pub mod http;
pub mod log;
mod message;
pub mod progress;
mod report;
mod request;
mod run;
mod said;
pub mod testing;
mod trigger;

pub use arguments::Arguments;
pub use blocks::{
    Accessory, Align, Block, Blocks, Button, Cell, Confirm, Line, Picture, Refused, RichText, Small, Span, Style,
    Table, Text,
};
pub use failure::{Context, Failure, Failure as Error, Result};
pub use innkeeper_guest_macros::{alert_plugin, job, report_format};
pub use message::{File, IntoMessage, Message, Post, escape};
pub use report::{Code, IntoReport, Report};
pub use request::{Asking, Request};
pub use run::{Captured, Ending, Finished, Outcome};
pub use trigger::{
    ApiOrigin, CliOrigin, GithubOrigin, HookOrigin, KeywordOrigin, ScheduleOrigin, SlackOrigin, Trigger,
};

/// The crate `serde`. Its derive needs to be told where it is: `#[serde(crate = "innkeeper_guest::serde")]`. With
/// `serde` among the job's own dependencies it does not.
pub use serde;
/// The crate `serde_json`.
pub use serde_json as json;

/// For what the attributes write.
#[doc(hidden)]
pub mod __private {
    #[cfg(target_family = "wasm")]
    #[doc(no_inline)]
    pub use crate::bindings;
    pub use crate::export::*;
}
