//! Guests made by other toolchains, componentize-py and ComponentizeJS; Zig, for a guest that a test makes; Fabric, which runs
//! fabfiles; and others that talk with the host: Slack's SDK, GitHub's library, a mail server. All are installed under the target folder. And
//! a registry, which is there or not. What a machine lacks for them is told, not fatal: the tests that need them are left
//! out by name.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::Places;
use crate::shell::Step;

/// What `innkeeper build` takes for C where there is no other compiler: `host/src/cli/build/c.rs` names it, too.
const ZIG: &str = "ziglang-0.16.0";
/// `tests/e2e/fabric.rs` names it, too.
const FABRIC: &str = "fabric-3.2.3";
/// Fabric 1, for Python of today.
const FABRIC_1: &str = "fab-classic-1.21.0";
const COMPONENTIZE_PY: &str = "componentize-py==0.25.1";
/// Slack's own SDK, which signs requests to the host and judges what it posts.
const SLACK_SDK: &str = "slack_sdk==3.48.0";
/// A mail server of the real world, which takes what the host sends.
const AIOSMTPD: &str = "aiosmtpd==1.4.6";
/// What ComponentizeJS was tested with. Its own version is pinned in `tests/guests/js/package.json`.
const NODE: u32 = 20;

/// What tests need that is not Rust, and the guest that is made with it.
pub(crate) struct Tool {
    /// What it is called in messages.
    pub(crate) name: &'static str,
    /// Tests that need it are in a module of this name.
    pub(crate) tests: &'static str,
    /// None: it makes nothing, and is only looked for.
    output: Option<&'static str>,
    /// The package that it is, besides those that every guest is made with.
    package: &'static str,
    sources: &'static [&'static str],
    make: fn(&Places, &Path) -> Result<()>,
}

/// Every tool.
pub(crate) const TOOLS: &[Tool] = &[
    Tool {
        name: "componentize-py (Python 3 with pip, and PyPI)",
        tests: "needs_python_tools",
        output: Some("python.wasm"),
        package: "",
        sources: &["python/app.py"],
        make: python,
    },
    Tool {
        name: "ComponentizeJS (Node 20 or newer with npm, and its registry)",
        tests: "needs_javascript_tools",
        output: Some("js.wasm"),
        package: "",
        sources: &["js/hello.js", "js/build.mjs", "js/package.json", "js/package-lock.json"],
        make: javascript,
    },
    Tool {
        name: "Zig (Python 3 with venv, and PyPI)",
        tests: "needs_c_tools",
        output: Some("zig"),
        package: "",
        sources: &[],
        make: zig,
    },
    Tool {
        name: "slack_sdk (Python 3 with venv or pip, and PyPI)",
        tests: "needs_slack_sdk",
        output: Some("slack-sdk"),
        package: SLACK_SDK,
        sources: &[],
        make: slack_sdk,
    },
    Tool {
        name: "aiosmtpd (Python 3 with venv or pip, and PyPI)",
        tests: "needs_aiosmtpd",
        output: Some("aiosmtpd"),
        package: AIOSMTPD,
        sources: &[],
        make: aiosmtpd,
    },
    Tool {
        name: "@octokit/webhooks and its samples (Node 20 or newer with npm, and its registry)",
        tests: "needs_octokit",
        output: Some("octokit"),
        package: "",
        sources: &[
            "../clients/github/client.mjs",
            "../clients/github/package.json",
            "../clients/github/package-lock.json",
        ],
        make: octokit,
    },
    Tool {
        name: "Fabric (Python 3 with venv, and PyPI)",
        tests: "needs_fabric",
        output: Some("fabric"),
        package: FABRIC,
        sources: &[],
        make: fabric,
    },
    Tool {
        name: "docker-registry (Debian: apt-get install docker-registry)",
        tests: "needs_docker_registry",
        output: None,
        package: "",
        sources: &[],
        make: registry,
    },
];

impl Tool {
    /// Makes its guest, where its sources changed.
    ///
    /// # Errors
    /// What the machine lacks.
    pub(crate) fn guest(&self, places: &Places) -> Result<()> {
        let folder = places.guests().join("tools");
        fs::create_dir_all(&folder)?;
        let Some(name) = self.output else {
            return (self.make)(places, &folder);
        };
        let output = folder.join(name);
        let stamp = folder.join(format!("{name}.sources"));
        let made_of = self.made_of(places)?;
        if output.exists() && fs::read(&stamp).is_ok_and(|old| old == made_of) {
            return Ok(());
        }
        eprintln!("making {name} with {}", self.name);
        (self.make)(places, &output)?;
        fs::write(&stamp, made_of)?;
        Ok(())
    }

    /// Everything that the guest depends on, one after the other.
    fn made_of(&self, places: &Places) -> Result<Vec<u8>> {
        let guests = places.root.join("tests/guests");
        let mut all = COMPONENTIZE_PY.as_bytes().to_vec();
        all.extend(self.package.as_bytes());
        let mut files: Vec<PathBuf> = self.sources.iter().map(|source| guests.join(source)).collect();
        files.push(guests.join("wit/world.wit"));
        let mut deps: Vec<PathBuf> = fs::read_dir(guests.join("wit/deps"))?
            .map(|entry| Ok(entry?.path()))
            .collect::<Result<_>>()?;
        deps.sort();
        files.append(&mut deps);
        for file in files {
            all.extend(fs::read(&file).with_context(|| format!("reading {}", file.display()))?);
        }
        Ok(all)
    }
}

fn python(places: &Places, output: &Path) -> Result<()> {
    let guests = places.root.join("tests/guests");
    componentize_py(places)?
        .directory(&guests)
        .args([
            "--wit-path",
            "wit",
            "--world",
            "innkeeper:test-guests/hello",
            "componentize",
        ])
        .args(["--python-path", "python", "app", "--output"])
        .args([output])
        .run()
}

/// componentize-py, ready to be told what to do.
fn componentize_py(places: &Places) -> Result<Step> {
    let installed = python_package(places, "python", COMPONENTIZE_PY)?;
    let program = installed.folder.join("bin/componentize-py");
    Ok(match installed.packages {
        None => Step::program(program),
        Some(packages) => Step::program(program).env("PYTHONPATH", packages),
    })
}

fn slack_sdk(places: &Places, output: &Path) -> Result<()> {
    interpreter(places, SLACK_SDK, output)
}

fn aiosmtpd(places: &Places, output: &Path) -> Result<()> {
    interpreter(places, AIOSMTPD, output)
}

/// The interpreter and where its packages are, a line each, for the tests that run it.
fn interpreter(places: &Places, package: &str, output: &Path) -> Result<()> {
    // A name with the version: what an earlier one left is not what is looked for.
    let installed = python_package(places, &package.replace("==", "-"), package)?;
    let packages = installed.packages.unwrap_or_default();
    Ok(fs::write(
        output,
        format!("{}\n{}\n", installed.python.display(), packages.display()),
    )?)
}

/// A package of PyPI.
struct Installed {
    /// Its `bin` has the package's programs.
    folder: PathBuf,
    /// The interpreter to run it with.
    python: PathBuf,
    /// Where that looks for it; none where it knows.
    packages: Option<PathBuf>,
}

/// Installs a package in a virtual environment, or beside one where Python has no `venv` (Debian keeps it in a package).
fn python_package(places: &Places, name: &str, package: &str) -> Result<Installed> {
    let venv = places.target.join("tools").join(name);
    let pip = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--only-binary",
        ":all:",
    ];
    if Step::program("python3").args(["-m", "venv"]).args([&venv]).works() {
        let python = venv.join("bin/python");
        Step::program(&python).args(pip).args([package]).run()?;
        return Ok(Installed {
            folder: venv,
            python,
            packages: None,
        });
    }
    let packages = places.target.join("tools").join(format!("{name}-packages"));
    Step::program("python3")
        .args(pip)
        .args(["--upgrade", "--target"])
        .args([&packages])
        .args([package])
        .run()
        .context("python3 has neither venv nor pip (Debian: apt-get install python3-venv)")?;
    Ok(Installed {
        folder: packages.clone(),
        python: "python3".into(),
        packages: Some(packages),
    })
}

/// Installs Zig as `innkeeper build` would, whose tests borrow it: each would fetch 80 MB otherwise.
fn zig(places: &Places, output: &Path) -> Result<()> {
    let venv = from_pypi(places, ZIG)?;
    fs::write(venv.join(".whole"), "")?;
    Ok(fs::write(output, ZIG)?)
}

fn fabric(places: &Places, output: &Path) -> Result<()> {
    from_pypi(places, FABRIC)?;
    from_pypi(places, FABRIC_1)?;
    Ok(fs::write(output, FABRIC)?)
}

/// A virtual environment with one package, `name-version`.
fn from_pypi(places: &Places, package: &str) -> Result<PathBuf> {
    let venv = places.target.join("tools").join(package);
    let (name, version) = package.rsplit_once('-').context("a package has a version")?;
    Step::program("python3").args(["-m", "venv"]).args([&venv]).run()?;
    Step::program(venv.join("bin/python"))
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
        .args(["--only-binary", ":all:", &format!("{name}=={version}")])
        .run()?;
    Ok(venv)
}

/// It is the machine's own, and tests start it.
fn registry(_: &Places, _: &Path) -> Result<()> {
    let version = Step::program("docker-registry").args(["--version"]);
    version.read().map(drop).context("docker-registry is not there")
}

/// GitHub's own library and sample payloads, beside the script that posts them.
fn octokit(places: &Places, output: &Path) -> Result<()> {
    has_node("@octokit/webhooks")?;
    let folder = npm_install(places, "octokit", "tests/clients/github", "client.mjs")?;
    Ok(fs::write(output, folder.as_os_str().as_encoded_bytes())?)
}

fn javascript(places: &Places, output: &Path) -> Result<()> {
    has_node("ComponentizeJS")?;
    let sources = places.root.join("tests/guests/js");
    let folder = npm_install(places, "node", "tests/guests/js", "build.mjs")?;
    Step::program("node")
        .directory(&folder)
        .args([
            "build.mjs".into(),
            sources.join("hello.js"),
            places.root.join("tests/guests/wit"),
        ])
        .args([output])
        .run()
}

/// Whether Node is there, as new as `what` needs it.
fn has_node(what: &str) -> Result<()> {
    let node = Step::program("node").args(["--version"]).read()?;
    let major = node
        .trim()
        .trim_start_matches('v')
        .split('.')
        .next()
        .unwrap_or_default();
    if major.parse().unwrap_or(0) < NODE {
        bail!("Node is {}, {what} needs {NODE} or newer", node.trim());
    }
    Ok(())
}

/// Installs what the lock file in `sources` names into `tools/<name>`, beside the script that uses it.
fn npm_install(places: &Places, name: &str, sources: &str, script: &str) -> Result<PathBuf> {
    let sources = places.root.join(sources);
    let folder = places.target.join("tools").join(name);
    fs::create_dir_all(&folder)?;
    // Node looks for modules beside the script that imports them.
    for file in ["package.json", "package-lock.json", script] {
        fs::copy(sources.join(file), folder.join(file))?;
    }
    // Not `npm ci`: it insists that the lock names the optional packages of every platform, which not every mirror has.
    // `npm install` takes the versions that the lock names.
    Step::program("npm")
        .directory(&folder)
        .args(["install", "--silent", "--no-audit", "--no-fund"])
        .run()?;
    Ok(folder)
}
