//! `[jobs.X]`: what runs, and with which limits.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::ComponentInspector;
use super::grants::{Kind, default_limits, limits};
use super::model::{ComponentSource, Grants, Job, Limits, Program, ReportRules, World};
use super::names::{job_fault, tick};
use super::namespace::Room;
use super::needs;
use super::oci::LONGEST_COMPONENT;
use super::problem::{Problem, Problems};
use super::pulled;
use super::raw::{RawFormat, RawJob};
use super::source::child;
use crate::command::template::{ArgumentTemplate, ScriptTemplate, TemplateError};

/// Grants that are enforced for components only.
const ONLY_COMPONENTS: [&str; 6] = [
    "files",
    "http",
    "registries",
    "limits/memory_mb",
    "limits/cpu_seconds",
    "limits/disk_mb",
];

/// Checks every job. Those with errors are left out.
pub(super) fn check(
    room: &Room<'_>,
    inspector: &dyn ComponentInspector,
    problems: &mut Problems,
) -> BTreeMap<String, Job> {
    check_trust(room, problems);
    check_grants_of_bash(room, problems);
    let mut inspected = Inspected {
        inspector,
        verdicts: BTreeMap::new(),
    };
    let mut jobs = BTreeMap::new();
    for (name, raw) in &room.raw.jobs {
        let pointer = child("/jobs", name);
        if let Some(fault) = job_fault(name) {
            let place = room.document.key(&pointer, "cannot be a job");
            problems.push(Problem::error(format!("bad name {}", tick(name)), place).help(fault));
        }
        check_report(room, &pointer, raw, problems);
        let kind = kind_of(room, name);
        let grants = needs::of_job(room, name, &raw.needs, problems);
        let limits = check_limits(room, &pointer, raw, kind, problems);
        let program = match kind {
            Kind::Bash => check_bash(room, &pointer, raw, problems),
            Kind::Component => check_component(room, &pointer, raw, &grants, &mut inspected, problems),
        };
        let formatter = check_formatter(room, &pointer, raw, &grants, &mut inspected, problems);
        let (Some(program), Ok(formatter)) = (program, formatter) else {
            continue;
        };
        let job = Job {
            namespace: room.name.clone(),
            name: name.clone(),
            program,
            report: ReportRules {
                stdout: raw.report_stdout,
                success: raw.report_success,
                format: raw.report_format.built_in(),
                formatter,
                suppress_empty: raw.suppress_empty,
                call_tech_support_on_error: raw.call_tech_support_on_error,
            },
            limits,
            grants,
        };
        jobs.insert(name.clone(), job);
    }
    jobs
}

/// A job that names a component, rightly or wrongly, is one.
pub(super) fn kind_of(room: &Room<'_>, job: &str) -> Kind {
    if room.document.has(&format!("{}/component", child("/jobs", job))) {
        Kind::Component
    } else {
        Kind::Bash
    }
}

fn check_trust(room: &Room<'_>, problems: &mut Problems) {
    if room.given.trusted {
        return;
    }
    let bash = room.raw.jobs.keys().filter(|job| kind_of(room, job) == Kind::Bash);
    let mut places = bash.map(|job| room.document.key(&child("/jobs", job), "runs bash"));
    let Some(first) = places.next() else { return };
    let title = format!("{} has bash jobs and is not trusted", tick(&room.name));
    let problem = places.fold(Problem::error(title, first), Problem::also);
    room.report_refused(problem, "trust", "trust = \"trusted\"", problems);
}

/// What a bash job can't be kept from. A grant of it must not look as if it were.
fn check_grants_of_bash(room: &Room<'_>, problems: &mut Problems) {
    let mut found = Vec::new();
    for name in room.raw.jobs.keys().filter(|job| kind_of(room, job) == Kind::Bash) {
        let needs = format!("{}/needs", child("/jobs", name));
        for key in ONLY_COMPONENTS {
            let pointer = format!("{needs}/{key}");
            if room.document.has(&pointer) {
                found.push((key, room.document.key(&pointer, format!("{} runs bash", tick(name)))));
            }
        }
    }
    let only_bash = room.raw.jobs.keys().all(|job| kind_of(room, job) == Kind::Bash);
    if only_bash && !room.jobs.is_empty() {
        for key in ONLY_COMPONENTS {
            let (asked, given) = (
                format!("/needs/{key}"),
                format!("{}/{key}", child("/namespaces", &room.name)),
            );
            let label = format!("every job of {} runs bash", tick(&room.name));
            if room.document.has(&asked) {
                found.push((key, room.document.key(&asked, label.clone())));
            }
            if room.host.document.has(&given) {
                found.push((key, room.host.document.key(&given, label)));
            }
        }
    }
    for (key, place) in found {
        let key = key.rsplit('/').next().unwrap_or_default();
        problems.push(
            Problem::error(format!("{} means nothing to bash", tick(key)), place).help(
                "a bash job is trusted code and not kept from files, network or memory: remove it, or make the job a component",
            ),
        );
    }
}

fn check_report(room: &Room<'_>, pointer: &str, raw: &RawJob, problems: &mut Problems) {
    let format = format!("{pointer}/report_format");
    let stdout = format!("{pointer}/report_stdout");
    let unused = raw.report_format != RawFormat::default()
        && !raw.report_stdout
        && room.document.value.pointer(&format).is_some();
    // A `report_stdout` of the wrong type has been reported, and may have meant true.
    let unclear = room.document.has(&stdout) && room.document.value.pointer(&stdout).is_none();
    if unused && !unclear {
        let place = room.document.key(&format, "stdout is not reported");
        problems.push(
            Problem::warning("`report_format` has no effect", place).help("add `report_stdout = true`, or remove it"),
        );
    }
}

fn check_limits(room: &Room<'_>, pointer: &str, raw: &RawJob, kind: Kind, problems: &mut Problems) -> Limits {
    let (limits, refused) = limits(
        kind,
        raw.report_format.built_in(),
        &room.given.limits,
        &room.raw.needs.limits,
        &raw.needs.limits,
    );
    for refusal in refused {
        let ours = format!("{pointer}/needs");
        let said = room.document.value.pointer(&format!("{ours}/{}", refusal.key));
        let by_job = said.is_some_and(|said| refusal.what.contains(&said.to_string()));
        room.report_need(if by_job { &ours } else { "/needs" }, &refusal, problems);
    }
    let most = room.host.raw.max_guest_memory_mb;
    let by_default = room.given.limits.memory_mb.is_none();
    if kind == Kind::Component && by_default && limits.memory > most << 20 {
        let default = default_limits(kind, raw.report_format.built_in()).memory >> 20;
        let place = room
            .host
            .document
            .value("/max_guest_memory_mb", format!("less than {default}"));
        problems.push(
            Problem::error("`max_guest_memory_mb` leaves no room for one component", place).help(format!(
                "a component gets {default} MiB where `limits` says nothing else"
            )),
        );
    }
    limits
}

fn check_bash(room: &Room<'_>, pointer: &str, raw: &RawJob, problems: &mut Problems) -> Option<Program> {
    let at = format!("{pointer}/run_args_template");
    let Some(text) = &raw.run_args_template else {
        if !room.document.has(&at) {
            let place = room.document.key(pointer, "nothing to run");
            problems.push(
                Problem::error(
                    format!(
                        "{} has neither `run_args_template` nor `component`",
                        tick(name_in(pointer))
                    ),
                    place,
                )
                .help("add `run_args_template = \"…\"` for bash, or `component = \"….wasm\"`"),
            );
        }
        return None;
    };
    match ScriptTemplate::parse(text) {
        Ok(script) => Some(Program::Bash { script }),
        Err(errors) => report_template(room, &at, errors, problems),
    }
}

fn report_template<T>(room: &Room<'_>, at: &str, errors: Vec<TemplateError>, problems: &mut Problems) -> Option<T> {
    for error in errors {
        let place = room.document.part(at, &error.span, "");
        problems.push(Problem::error(error.message, place).help(error.help.unwrap_or_default()));
    }
    None
}

fn name_in(pointer: &str) -> &str {
    pointer.rsplit('/').next().unwrap_or_default()
}

fn check_component(
    room: &Room<'_>,
    pointer: &str,
    raw: &RawJob,
    grants: &Grants,
    inspected: &mut Inspected<'_>,
    problems: &mut Problems,
) -> Option<Program> {
    let arguments = match &raw.run_args_template {
        None => None,
        Some(text) => match ArgumentTemplate::parse(text) {
            Ok(template) => Some(template),
            Err(errors) => {
                report_template::<()>(room, &format!("{pointer}/run_args_template"), errors, problems);
                None
            }
        },
    };
    let at = format!("{pointer}/component");
    let written = raw.component.as_ref()?;
    let Found { source, world } = find_component(room, &at, written, grants, inspected, problems)?;
    if world == Some(World::ReportFormat) {
        let fault = fault(
            format!("{} is a report format, not a job", tick(written)),
            "exports `format`, not `run`",
            format!("name it as `report_format = {{ component = \"{written}\" }}` of a job"),
        );
        problems.push(fault.at(room, &at));
        return None;
    }
    if world == Some(World::Alert) {
        let fault = fault(
            format!("{} is an alert plugin, not a job", tick(written)),
            "exports `send-alert`, not `run`",
            "whoever runs the host names it in `innkeeper.toml`, as `component` of `[plugins.<name>]`",
        );
        problems.push(fault.at(room, &at));
        return None;
    }
    if world == Some(World::AsyncCommand) && !grants.async_commands {
        check_async_command(room, &at, written, &source, problems);
    }
    Some(Program::Component {
        source,
        arguments,
        world,
    })
}

/// A program of WASI 0.3 is for namespaces that were granted it. One that was pulled does not refuse the start: it may have
/// been pulled while the host ran. Its runs say why they do not start.
fn check_async_command(room: &Room<'_>, at: &str, written: &str, source: &ComponentSource, problems: &mut Problems) {
    let place = room.document.value(at, "of WASI 0.3");
    let title = format!("{} is a program of WASI 0.3", tick(written));
    let problem = match source {
        ComponentSource::File(_) => Problem::error(title, place),
        ComponentSource::Registry(_) => Problem::warning(title, place),
    };
    match room.given.trusted {
        true => room.report_refused(problem, "wasi", "wasi = \"0.3\"", problems),
        false => problems.push(problem.help("build it for WASI 0.2: only trusted namespaces are granted 0.3")),
    }
}

/// The component that makes the job's messages, where it has one.
fn check_formatter(
    room: &Room<'_>,
    pointer: &str,
    raw: &RawJob,
    grants: &Grants,
    inspected: &mut Inspected<'_>,
    problems: &mut Problems,
) -> Result<Option<ComponentSource>, ()> {
    let Some(written) = raw.report_format.component() else {
        return Ok(None);
    };
    let at = format!("{pointer}/report_format/component");
    let found = find_component(room, &at, written, grants, inspected, problems).ok_or(())?;
    let other = match found.world {
        Some(World::Command | World::AsyncCommand | World::Job) => Some(("a job", "exports `run`, not `format`")),
        Some(World::Alert) => Some(("an alert plugin", "exports `send-alert`, not `format`")),
        Some(World::ReportFormat) | None => None,
    };
    if let Some((what, label)) = other {
        let fault = fault(
            format!("{} is {what}, not a report format", tick(written)),
            label,
            "name a component of the world `report-format`, or one of `text`, `blocks`, `code`, `file`",
        );
        problems.push(fault.at(room, &at));
        return Err(());
    }
    Ok(Some(found.source))
}

/// A component that a job names.
pub(super) struct Found {
    pub source: ComponentSource,
    /// What it is, where it is here.
    pub world: Option<World>,
}

/// What `written` at the pointer `at` names: a file, or something in a registry.
fn find_component(
    room: &Room<'_>,
    at: &str,
    written: &str,
    grants: &Grants,
    inspected: &mut Inspected<'_>,
    problems: &mut Problems,
) -> Option<Found> {
    if is_reference(written) {
        return pulled::find(room, at, written, grants, inspected, problems);
    }
    match find_file(room, written, inspected) {
        Ok((path, world)) => Some(Found {
            source: ComponentSource::File(path),
            world: Some(world),
        }),
        Err(fault) => {
            problems.push(fault.at(room, at));
            None
        }
    }
}

/// Why a component cannot be used.
pub(super) struct Fault {
    title: String,
    label: String,
    help: String,
}

impl Fault {
    pub(super) fn at(self, room: &Room<'_>, pointer: &str) -> Problem {
        Problem::error(self.title, room.document.value(pointer, self.label)).help(self.help)
    }
}

pub(super) fn fault(title: impl Into<String>, label: impl Into<String>, help: impl Into<String>) -> Fault {
    Fault {
        title: title.into(),
        label: label.into(),
        help: help.into(),
    }
}

/// The file that `component` names, and what it is. It stays in the namespace's folder; of an untrusted namespace, also by its links.
fn find_file(room: &Room<'_>, written: &str, inspected: &mut Inspected<'_>) -> Result<(PathBuf, World), Fault> {
    let outside = "put a copy of the component in the namespace's folder";
    let relative = Path::new(written);
    let plain = |part| matches!(part, std::path::Component::Normal(_) | std::path::Component::CurDir);
    if written.is_empty() || !relative.components().all(plain) {
        let label = "expected a path in the namespace's folder";
        return Err(fault(
            format!("{} leads out of the namespace", tick(written)),
            label,
            outside,
        ));
    }
    let path = room.folder.join(relative);
    let missing = |error: std::io::Error| {
        let title = format!("there is no component {}: {error}", tick(written));
        // Its source, where `innkeeper build` looks for it.
        let source = room.folder.join("src").join(relative.with_extension(""));
        let help = match source.is_dir() {
            true => format!("`innkeeper build {}` builds it, and every other guest there", room.name),
            false => format!("build it, and put it at `{}`", path.display()),
        };
        fault(title, "expected a WebAssembly component", help)
    };
    let real = path.canonicalize().map_err(missing)?;
    let home = room.folder.canonicalize().map_err(missing)?;
    if !room.given.trusted && !real.starts_with(home) {
        let label = format!("a link to `{}`", real.display());
        return Err(fault(
            format!("{} leads out of the namespace", tick(written)),
            label,
            outside,
        ));
    }
    let about = real.metadata().map_err(missing)?;
    if !about.is_file() || about.len() > LONGEST_COMPONENT {
        let title = format!("{} is not a file of at most 32 MiB", tick(written));
        return Err(fault(
            title,
            "expected a WebAssembly component",
            "build it for release, without debug information",
        ));
    }
    let world = inspected.inspect(&real).map_err(|why| {
        let help =
            "build it as a component of WASI 0.2, for example with `cargo build --release --target wasm32-wasip2`";
        fault(format!("{} cannot run here", tick(written)), why, help)
    })?;
    // A stranger's may become a link after this: what was looked at is what the runner insists on.
    Ok((if room.given.trusted { path } else { real }, world))
}

/// Whether it names an image in a registry (`ghcr.io/owner/name:tag`) and not a file.
fn is_reference(written: &str) -> bool {
    let host = written.split('/').next().unwrap_or_default();
    let last = written.rsplit('/').next().unwrap_or_default();
    let tagged =
        last.contains([':', '@']) && written.contains('/') && host.contains(['.', ':']) && !host.starts_with('.');
    written.contains("://") || tagged
}

/// Components are looked at once, however many jobs run them.
pub(super) struct Inspected<'a> {
    inspector: &'a dyn ComponentInspector,
    verdicts: BTreeMap<PathBuf, Result<World, String>>,
}

impl Inspected<'_> {
    pub(super) fn inspect(&mut self, file: &Path) -> Result<World, String> {
        if let Some(verdict) = self.verdicts.get(file) {
            return verdict.clone();
        }
        let verdict = self.inspector.inspect(file);
        self.verdicts.insert(file.to_owned(), verdict.clone());
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::is_reference;

    #[test]
    fn a_reference_is_not_a_file() {
        for reference in [
            "ghcr.io/owner/name:1.0",
            "oci://x/y",
            "localhost:5000/a@sha256:00",
            "https://x/y.wasm",
        ] {
            assert!(is_reference(reference), "{reference}");
        }
        for file in ["rota.wasm", "build/rota.wasm", "./a.b/c.wasm", "../x.wasm", "a:b.wasm"] {
            assert!(!is_reference(file), "{file}");
        }
    }
}
