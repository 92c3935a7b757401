//! What an author of an Innkeeper job depends on.

// The attributes write `::innkeeper_guest::…`, also in the tests of this crate.
extern crate self as innkeeper_guest;

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
pub use innkeeper_guest_macros::{job, report_format};
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
