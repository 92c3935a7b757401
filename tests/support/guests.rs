//! Where the guests are that `cargo xtask guests` and `cargo xtask test` build.

use std::path::PathBuf;

use crate::build_folder;

/// The component of a Rust program of `jobs/` or `tests/guests/rust`, for example `spin`.
pub fn rust(name: &str) -> PathBuf {
    found(&format!("wasm32-wasip2/release/{name}.wasm"))
}

/// The component that componentize-py makes of `tests/guests/python`.
pub fn python() -> PathBuf {
    found("tools/python.wasm")
}

/// The component that ComponentizeJS makes of `tests/guests/js`.
pub fn javascript() -> PathBuf {
    found("tools/js.wasm")
}

/// What `cargo xtask guests --all` wrote down about a tool that it installed.
pub(crate) fn tool_file(name: &str) -> PathBuf {
    found(&format!("tools/{name}"))
}

/// A folder that `cargo xtask guests --all` installed a tool into, for example `node`.
pub fn tool(name: &str) -> PathBuf {
    let path = build_folder().parent().unwrap().join("tools").join(name);
    assert!(
        path.exists(),
        "{} is not there: run the tests with `cargo xtask test`, which installs the tools first",
        path.display()
    );
    path
}

fn found(file: &str) -> PathBuf {
    let path = build_folder().parent().unwrap().join("guests").join(file);
    assert!(
        path.exists(),
        "{} is not built: run the tests with `cargo xtask test`, which builds the guests first",
        path.display()
    );
    path
}
