//! What people type becomes a job and its arguments. Pure.

pub mod pattern;
pub mod template;

pub use pattern::Pattern;
