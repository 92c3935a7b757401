//! What a guest sees: arguments, environment, folders, clock, random numbers, two outputs, a door to the network.
//! Every other door of WASI is there and shut.

use std::collections::BTreeSet;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use innkeeper_core::config::{Allowed, FilesGrant, Program};
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView};

use super::files::DiskMeter;
use super::http::ShutDoor;
use super::limits::{self, MemoryLimit};
use super::output::GuestOutput;
use super::progress::Progressing;
use super::refusals::Refusals;
use crate::files::leads_elsewhere;
use crate::runner::Invocation;

/// The data of one guest's store.
pub struct Context {
    wasi: WasiCtx,
    table: ResourceTable,
    http: WasiHttpCtx,
    door: Box<dyn WasiHttpHooks>,
    /// The count of its memory.
    pub memory: MemoryLimit,
    /// The count of what it writes into granted folders.
    pub disk: DiskMeter,
    /// Where its progress goes.
    pub progress: Progressing,
}

/// The environment that guests may be given, as far as they are granted it and it is hidden from nobody.
#[derive(Clone, Debug, Default)]
pub struct Environment(Vec<(String, String)>);

impl Environment {
    /// These variables.
    pub fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(variables.into_iter().collect())
    }

    /// This process's environment, as far as it is Unicode: a component can be told nothing else.
    pub fn of_process() -> Self {
        Self::new(
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
        )
    }

    fn granted(&self, allowed: &Allowed, hidden: &BTreeSet<String>) -> Vec<(&str, &str)> {
        self.0
            .iter()
            .filter(|(name, _)| allowed.allows(name) && !hidden.contains(name))
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect()
    }
}

impl Context {
    /// Everything that the guest of `invocation` is given. `door` is where its HTTP requests go, `disk` counts what it
    /// writes.
    ///
    /// # Errors
    /// A sentence: an argument is missing or no program can take it, or a granted folder cannot be opened.
    pub fn new(
        invocation: &Invocation,
        environment: &Environment,
        stdout: GuestOutput,
        stderr: GuestOutput,
        door: Box<dyn WasiHttpHooks>,
        disk: DiskMeter,
    ) -> Result<Self, String> {
        let grants = &invocation.job.grants;
        let arguments = arguments(invocation)?;
        let mut wasi = shut_doors();
        wasi.arg(&invocation.job.name)
            .args(&arguments)
            .envs(&environment.granted(&grants.env, &invocation.hidden))
            .stdout(stdout)
            .stderr(stderr.clone());
        for files in &grants.files {
            open_folder(&mut wasi, files, invocation)?;
        }
        let progress = Progressing::new(invocation.progress.clone(), stderr);
        Ok(Self::with(wasi, invocation.job.limits.memory, door, disk, progress))
    }

    /// What a guest sees that sees nothing: every door is there and shut. `memory` is what it may take, in bytes.
    pub fn shut(memory: u64) -> Self {
        Self::plugin(memory, Box::<ShutDoor>::default())
    }

    /// What an alert plugin sees: its arguments, and whom it may ask over HTTP. `memory` is what it may take, in bytes.
    pub fn plugin(memory: u64, door: Box<dyn WasiHttpHooks>) -> Self {
        let progress = Progressing::new(None, GuestOutput::nowhere());
        let disk = DiskMeter::new(0, Refusals::default());
        Self::with(shut_doors(), memory, door, disk, progress)
    }

    fn with(
        mut wasi: WasiCtxBuilder,
        memory: u64,
        door: Box<dyn WasiHttpHooks>,
        disk: DiskMeter,
        progress: Progressing,
    ) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits::HANDLES);
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(limits::HEADER_BYTES);
        Self {
            wasi: wasi.build(),
            table,
            http,
            door,
            memory: MemoryLimit::new(memory),
            disk,
            progress,
        }
    }
}

/// WASI with every door shut, for the granted ones to be opened.
fn shut_doors() -> WasiCtxBuilder {
    let mut wasi = WasiCtxBuilder::new();
    wasi.max_random_size(limits::RANDOM_BYTES)
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false);
    wasi
}

/// What follows the program's name: its template's words, or the values in their order.
fn arguments(invocation: &Invocation) -> Result<Vec<String>, String> {
    match &invocation.job.program {
        Program::Component {
            arguments: Some(template),
            ..
        } => template
            .render(&invocation.arguments)
            .map_err(|error| error.to_string()),
        Program::Component { arguments: None, .. } | Program::Bash { .. } | Program::Probe(_) => {
            Ok(invocation.arguments.0.iter().map(|(_, value)| value.clone()).collect())
        }
    }
}

fn open_folder(wasi: &mut WasiCtxBuilder, files: &FilesGrant, invocation: &Invocation) -> Result<(), String> {
    if files.host.starts_with(&invocation.work_folder) {
        make_folder(&files.host)?;
    }
    // The configuration resolved its links. Whoever may write around it could have put a link in its place.
    if leads_elsewhere(&files.host) {
        return Err(format!(
            "cannot open {}, which `files` of [namespaces.{}] grants: a link stands in its place now; look at who made it",
            files.host.display(),
            invocation.namespace.name
        ));
    }
    let permissions = if files.write {
        FsPerms::ReadWrite
    } else {
        FsPerms::ReadOnly
    };
    wasi.preopened_dir(&files.host, &files.guest, permissions)
        .map(|_| ())
        .map_err(|error| {
            format!(
                "cannot open {}, which `files` of [namespaces.{}] grants as {} ({error:#}); make the folder or take the grant away",
                files.host.display(),
                invocation.namespace.name,
                files.guest
            )
        })
}

fn make_folder(folder: &Path) -> Result<(), String> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|error| format!("cannot make {}: {error}", folder.display()))
}

impl WasiView for Context {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for Context {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            hooks: &mut *self.door,
            table: &mut self.table,
            ctx: &mut self.http,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment() -> Environment {
        let variables = [("PATH", "/bin"), ("REPORTS_TOKEN", "r"), ("SLACK_BOT_TOKEN", "s")];
        Environment::new(variables.map(|(name, value)| (name.into(), value.into())))
    }

    fn names(allowed: &Allowed) -> Vec<String> {
        environment()
            .granted(allowed, &BTreeSet::from(["SLACK_BOT_TOKEN".to_owned()]))
            .into_iter()
            .map(|(name, _)| name.to_owned())
            .collect()
    }

    #[test]
    fn the_hosts_own_secrets_are_given_to_nobody() {
        assert_eq!(names(&Allowed::All), ["PATH", "REPORTS_TOKEN"]);
        let by_name = BTreeSet::from(["REPORTS_TOKEN".to_owned(), "SLACK_BOT_TOKEN".to_owned()]);
        assert_eq!(names(&Allowed::Only(by_name)), ["REPORTS_TOKEN"]);
    }

    #[test]
    fn the_process_has_an_environment() {
        let path = std::env::var("PATH").unwrap_or_default();
        let seen = Environment::of_process();
        assert_eq!(
            seen.granted(&Allowed::Only(["PATH".to_owned()].into()), &BTreeSet::new()),
            [("PATH", path.as_str())]
        );
    }

    #[test]
    fn without_a_grant_there_is_no_environment() {
        assert!(names(&Allowed::Only(BTreeSet::new())).is_empty());
    }
}
