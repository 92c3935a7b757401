//! Generated from `wit/`, nothing else. `convert` turns these types into the core's, and back.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    reason = "the code of another"
)]

/// The world `job`, with the types that all worlds share.
pub mod job {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "job",
        exports: { default: async },
    });
}

/// The world `report-format`.
pub mod report_format {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "report-format",
        exports: { default: async },
        with: { "innkeeper:guest/types": super::job::innkeeper::guest::types },
    });
}

pub use job::innkeeper::guest::{progress, types};
