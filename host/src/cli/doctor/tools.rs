//! What guests are built with, and what jobs may call. What is missing is a note: nobody needs all of it.

use std::path::Path;

use innkeeper_core::config::{Config, Program};

use super::{Case, Finding};
use crate::cli::build::version_of;

/// A tool, and what is missing without it.
struct Tool {
    name: &'static str,
    /// How it shows that it is there.
    find: fn(&Config) -> Option<String>,
    /// What it is for.
    purpose: &'static str,
    /// How to get it.
    get: &'static str,
}

const TOOLS: &[Tool] = &[
    Tool {
        name: "python3",
        find: |_| version_of("python3"),
        purpose: "jobs in Python, `import bennettbot`, and building Python and C",
        get: "Debian: `apt-get install python3 python3-venv`",
    },
    Tool {
        name: "git",
        find: |_| version_of("git"),
        purpose: "jobs that call it",
        get: "Debian: `apt-get install git`",
    },
    Tool {
        name: "fab",
        find: |_| version_of("fab"),
        purpose: "jobs that run fabfiles",
        get: "`pip install fabric`, into the environment whose `bin` is on the host's PATH",
    },
    Tool {
        name: "cargo",
        find: |_| version_of("cargo"),
        purpose: "`innkeeper build` of Rust",
        get: "see https://rustup.rs",
    },
    Tool {
        name: "wasm32-wasip2",
        find: |_| wasm_target(),
        purpose: "`innkeeper build` of Rust",
        get: "`rustup target add wasm32-wasip2`",
    },
    Tool {
        name: "componentize-py",
        find: |config| version_of("componentize-py").or_else(|| installed(config, "componentize-py-")),
        purpose: "`innkeeper build` of Python",
        get: "`innkeeper build` installs it when it is needed, where there is Python 3",
    },
    Tool {
        name: "node",
        find: |_| version_of("node"),
        purpose: "`innkeeper build` of JavaScript",
        get: "Node 20 or newer, with npm",
    },
    Tool {
        name: "ComponentizeJS",
        find: |config| installed(config, "componentize-js-"),
        purpose: "`innkeeper build` of JavaScript",
        get: "`innkeeper build` installs it when it is needed, where there is Node",
    },
    Tool {
        name: "clang or zig",
        find: |config| c_compiler(config),
        purpose: "`innkeeper build` of C",
        get: "`innkeeper build` installs Zig when it is needed, where there is Python 3",
    },
];

/// Every tool.
pub(super) fn tools(case: &Case) -> Vec<Finding> {
    let wants_fab = wants_fab(&case.config);
    TOOLS
        .iter()
        .map(|tool| finding(tool, (tool.find)(&case.config), tool.name == "fab" && wants_fab))
        .collect()
}

fn finding(tool: &Tool, found: Option<String>, wanted: bool) -> Finding {
    let Tool { name, purpose, get, .. } = *tool;
    match found {
        Some(version) => Finding::ok(name, version),
        None if wanted => Finding::problem(name, "it is not there, and a job runs it", get),
        None => Finding::note(name, format!("it is not there; it is for {purpose}"), get),
    }
}

/// Whether some job runs `fab` as its first word. Others may, and are not known.
fn wants_fab(config: &Config) -> bool {
    let mut jobs = config.namespaces.values().flat_map(|namespace| namespace.jobs.values());
    jobs.any(|job| match &job.program {
        Program::Bash { script } => script.first_word() == Some("fab"),
        Program::Component { .. } => false,
    })
}

/// Where rustc keeps what it needs for the target, if that is there.
fn wasm_target() -> Option<String> {
    let said = crate::cli::build::said_by("rustc", &["--print", "target-libdir", "--target", "wasm32-wasip2"])?;
    let folder = said.trim();
    Path::new(folder).is_dir().then(|| folder.to_owned())
}

/// What `innkeeper build` has installed, by how its folder's name begins.
fn installed(config: &Config, begins: &str) -> Option<String> {
    let tools = config.data_dir.join("tools");
    let entries = std::fs::read_dir(tools).into_iter().flatten().flatten();
    let mut names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let name = names.find(|name| name.starts_with(begins))?;
    Some(format!("{name}, installed by `innkeeper build`"))
}

fn c_compiler(config: &Config) -> Option<String> {
    let sdk = std::env::var_os("WASI_SDK_PATH").filter(|sdk| Path::new(sdk).join("bin/clang").is_file());
    sdk.map(|sdk| format!("the wasi-sdk at {}", sdk.to_string_lossy()))
        .or_else(|| {
            let has_libc = Path::new("/usr/include/wasm32-wasi").is_dir();
            has_libc.then(|| version_of("clang")).flatten()
        })
        .or_else(|| version_of("zig").map(|version| format!("zig {version}")))
        .or_else(|| installed(config, "ziglang-"))
}

#[cfg(test)]
mod tests {
    use super::super::told;
    use super::*;

    #[test]
    fn what_is_said_of_a_tool() {
        let fab = &TOOLS[2];
        let findings = [
            finding(fab, Some("Fabric 3.2.3".into()), true),
            finding(fab, None, true),
            finding(fab, None, false),
        ];
        insta::assert_snapshot!(told(&findings), @"
ok       fab  Fabric 3.2.3
PROBLEM  fab  it is not there, and a job runs it
              -> `pip install fabric`, into the environment whose `bin` is on the host's PATH
note     fab  it is not there; it is for jobs that run fabfiles
              -> `pip install fabric`, into the environment whose `bin` is on the host's PATH

1 problem, 1 note.
");
    }
}
