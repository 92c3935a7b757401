//! Two TOML files and a folder become a [`Config`] that cannot be wrong; or every problem in them, at once.

mod model;
pub mod secrets;

pub use model::*;
