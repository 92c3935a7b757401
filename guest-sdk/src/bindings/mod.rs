//! What wit-bindgen makes of `wit/`: nothing else is here, and nobody but `convert` and `export` looks inside.
//!
//! It is kept in the repository, since the generator takes longer to compile than all else that a job depends on.
//! `tests/bindings.rs` fails where it is not what `wit/` says, and tells how it is written anew.

#![allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    clippy::all,
    clippy::unwrap_used,
    clippy::panic,
    clippy::allow_attributes_without_reason,
    rustdoc::all,
    reason = "it is generated"
)]

/// The world `alert`.
#[rustfmt::skip]
pub mod alert;
/// The world `job`, with the types of all worlds.
#[rustfmt::skip]
pub mod job;
/// The world `report-format`.
#[rustfmt::skip]
pub mod report_format;

pub use alert::export_alert;
pub use alert::innkeeper::guest::alerting;
pub use job::export_job;
pub use job::innkeeper::guest::{progress, types};
pub use report_format::export_report_format;
