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

/// The world `alert`.
pub mod alert {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "alert",
        exports: { default: async },
        with: {
            "innkeeper:guest/types": super::job::innkeeper::guest::types,
            "innkeeper:guest/progress": super::job::innkeeper::guest::progress,
        },
    });
}

pub use alert::innkeeper::guest::alerting;
pub use job::innkeeper::guest::{progress, types};
