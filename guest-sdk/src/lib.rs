//! What an author of an Innkeeper job depends on.
//!
//! A job that reports `blocks` is a plain program that prints them. This is a whole one:
//!
//! ```
//! use innkeeper_guest::{Blocks, Refused};
//!
//! fn main() -> Result<(), Refused> {
//!     let duty = std::env::args().nth(1).unwrap_or_else(|| "nobody".to_owned());
//!     let message = Blocks::new()
//!         .header("On duty this week")
//!         .section(format!("*{duty}* answers questions"))
//!         .context(["Swap with a colleague in <#C024BE91L>"]);
//!     message.print()
//! }
//! ```
//!
//! Built with `cargo build --release --target wasm32-wasip2`, put beside a `namespace.toml` that says
//!
//! ```toml
//! [jobs.duty]
//! component = "duty.wasm"
//! run_args_template = "{name}"
//! report_stdout = true
//! report_format = "blocks"
//! ```
//!
//! it runs in the sandbox, and its message is in Slack. Programs that print text, code or a file need nothing from
//! this crate: `println!` is enough.

pub mod blocks;

pub use blocks::{Align, Block, Blocks, Button, Refused, Table, Text};
