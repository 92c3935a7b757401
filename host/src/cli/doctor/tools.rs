//! What guests are built with, and what jobs may call. What is missing is a note: nobody needs all of it.

use std::path::Path;
use std::time::Duration;

use innkeeper_core::BoxFuture;
use innkeeper_core::config::{Config, Program};
use tokio::process::Command;
use tokio::time::timeout;

use super::{Case, Finding};
use crate::cli::build::program;

/// How long a tool may take to say its version.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a tool says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Found {
    Version(String),
    Missing,
    /// It is there, and did not answer in time.
    Slow,
}

impl Found {
    fn of(version: Option<String>) -> Self {
        version.map_or(Self::Missing, Self::Version)
    }

    /// Another one in its place, where there is one.
    fn or(self, other: impl FnOnce() -> Option<String>) -> Self {
        match self {
            Self::Version(_) => self,
            Self::Missing | Self::Slow => other().map_or(self, Self::Version),
        }
    }

    fn map(self, change: impl FnOnce(String) -> Option<String>) -> Self {
        match self {
            Self::Version(version) => Self::of(change(version)),
            Self::Missing | Self::Slow => self,
        }
    }
}

/// A tool, and what is missing without it.
struct Tool {
    name: &'static str,
    /// How it shows that it is there.
    find: for<'c> fn(&'c Config) -> BoxFuture<'c, Found>,
    /// What it is for.
    purpose: &'static str,
    /// How to get it.
    get: &'static str,
}

const TOOLS: &[Tool] = &[
    Tool {
        name: "python3",
        find: |_| Box::pin(version_of("python3")),
        purpose: "jobs in Python, `import bennettbot`, and building Python and C",
        get: "Debian: `apt-get install python3 python3-venv`",
    },
    Tool {
        name: "git",
        find: |_| Box::pin(version_of("git")),
        purpose: "jobs that call it",
        get: "Debian: `apt-get install git`",
    },
    Tool {
        name: "fab",
        find: |_| Box::pin(version_of("fab")),
        purpose: "jobs that run fabfiles",
        get: "`pip install fabric`, into the environment whose `bin` is on the host's PATH",
    },
    Tool {
        name: "cargo",
        find: |_| Box::pin(version_of("cargo")),
        purpose: "`innkeeper build` of Rust",
        get: "see https://rustup.rs",
    },
    Tool {
        name: "wasm32-wasip2",
        find: |_| Box::pin(wasm_target()),
        purpose: "`innkeeper build` of Rust",
        get: "`rustup target add wasm32-wasip2`",
    },
    Tool {
        name: "componentize-py",
        find: |config| {
            Box::pin(async {
                let found = version_of("componentize-py").await;
                found.or(|| installed(config, "componentize-py-"))
            })
        },
        purpose: "`innkeeper build` of Python",
        get: "`innkeeper build` installs it when it is needed, where there is Python 3",
    },
    Tool {
        name: "node",
        find: |_| Box::pin(version_of("node")),
        purpose: "`innkeeper build` of JavaScript",
        get: "Node 20 or newer, with npm",
    },
    Tool {
        name: "ComponentizeJS",
        find: |config| Box::pin(async { Found::of(installed(config, "componentize-js-")) }),
        purpose: "`innkeeper build` of JavaScript",
        get: "`innkeeper build` installs it when it is needed, where there is Node",
    },
    Tool {
        name: "clang or zig",
        find: |config| Box::pin(c_compiler(config)),
        purpose: "`innkeeper build` of C",
        get: "`innkeeper build` installs Zig when it is needed, where there is Python 3",
    },
];

/// Every tool.
pub(super) async fn tools(case: &Case) -> Vec<Finding> {
    let wants_fab = wants_fab(&case.config);
    let mut findings = Vec::new();
    for tool in TOOLS {
        let found = (tool.find)(&case.config).await;
        findings.push(finding(tool, found, tool.name == "fab" && wants_fab));
    }
    findings
}

fn finding(tool: &Tool, found: Found, wanted: bool) -> Finding {
    let Tool { name, purpose, get, .. } = *tool;
    match found {
        Found::Version(version) => Finding::ok(name, version),
        Found::Slow => Finding::note(
            name,
            format!("it did not say its version within {PATIENCE:?}"),
            "run it with `--version` by hand, as the host's user",
        ),
        Found::Missing if wanted => Finding::problem(name, "it is not there, and a job runs it", get),
        Found::Missing => Finding::note(name, format!("it is not there; it is for {purpose}"), get),
    }
}

/// The first line of what a program says about its version.
async fn version_of(name: &str) -> Found {
    let said = said_by(name, &["--version"], PATIENCE).await;
    said.map(|said| said.lines().next().map(|line| line.trim().to_owned()))
}

/// What a program writes to stdout with these arguments. It is ended when its time is up.
async fn said_by(name: &str, arguments: &[&str], patience: Duration) -> Found {
    let mut command = Command::from(program(name));
    let output = command.args(arguments).kill_on_drop(true).output();
    match timeout(patience, output).await {
        Ok(Ok(output)) if output.status.success() => {
            Found::Version(String::from_utf8_lossy(&output.stdout).into_owned())
        }
        Ok(_) => Found::Missing,
        Err(_) => Found::Slow,
    }
}

/// Whether some job runs `fab` as its first word. Others may, and are not known.
fn wants_fab(config: &Config) -> bool {
    let mut jobs = config.namespaces.values().flat_map(|namespace| namespace.jobs.values());
    jobs.any(|job| match &job.program {
        Program::Bash { script } => script.first_word() == Some("fab"),
        Program::Component { .. } | Program::Probe(_) => false,
    })
}

/// Where rustc keeps what it needs for the target, if that is there.
async fn wasm_target() -> Found {
    let arguments = ["--print", "target-libdir", "--target", "wasm32-wasip2"];
    said_by("rustc", &arguments, PATIENCE).await.map(|said| {
        let folder = said.trim();
        Path::new(folder).is_dir().then(|| folder.to_owned())
    })
}

/// What `innkeeper build` has installed, by how its folder's name begins.
fn installed(config: &Config, begins: &str) -> Option<String> {
    let tools = config.data_dir.join("tools");
    let entries = std::fs::read_dir(tools).into_iter().flatten().flatten();
    let mut names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let name = names.find(|name| name.starts_with(begins))?;
    Some(format!("{name}, installed by `innkeeper build`"))
}

async fn c_compiler(config: &Config) -> Found {
    let sdk = std::env::var_os("WASI_SDK_PATH").filter(|sdk| Path::new(sdk).join("bin/clang").is_file());
    if let Some(sdk) = sdk {
        return Found::Version(format!("the wasi-sdk at {}", sdk.to_string_lossy()));
    }
    if Path::new("/usr/include/wasm32-wasi").is_dir()
        && let clang @ Found::Version(_) = version_of("clang").await
    {
        return clang;
    }
    let zig = version_of("zig").await.map(|version| Some(format!("zig {version}")));
    zig.or(|| installed(config, "ziglang-"))
}

#[cfg(test)]
mod tests {
    use super::super::told;
    use super::*;

    #[test]
    fn what_is_said_of_a_tool() {
        let fab = &TOOLS[2];
        let findings = [
            finding(fab, Found::Version("Fabric 3.2.3".into()), true),
            finding(fab, Found::Missing, true),
            finding(fab, Found::Missing, false),
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

    #[tokio::test]
    async fn a_tool_that_hangs_is_not_waited_for() {
        let patience = Duration::from_millis(20);
        let hangs = said_by("sleep", &["600"], patience).await;
        assert_eq!(hangs, Found::Slow);
        assert_eq!(finding(&TOOLS[2], hangs, true).state, super::super::State::Note);
        assert_eq!(said_by("no-such-tool", &[], PATIENCE).await, Found::Missing);
        assert_eq!(said_by("false", &[], PATIENCE).await, Found::Missing);
        assert_eq!(said_by("echo", &["1"], PATIENCE).await, Found::Version("1\n".into()));
    }
}
