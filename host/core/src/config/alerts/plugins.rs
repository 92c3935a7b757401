//! `[plugins.X]` of `innkeeper.toml`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::super::ComponentInspector;
use super::super::checks::{check_http, check_name};
use super::super::grants::{Kind, limits};
use super::super::host::Host;
use super::super::model::{ComponentSource, Format, World};
use super::super::names::{job_fault, tick, variable_fault};
use super::super::oci::OciReference;
use super::super::problem::{Problem, Problems};
use super::super::pulled::look_at;
use super::super::raw::RawLimits;
use super::super::source::child;
use super::model::Plugin;
use super::raw::RawPlugin;

/// Checks every plugin. Those with errors are left out.
pub(super) fn check(
    host: &Host,
    inspector: &dyn ComponentInspector,
    problems: &mut Problems,
) -> BTreeMap<String, Arc<Plugin>> {
    let plugins = host.raw.plugins.iter();
    let checked = plugins.filter_map(|(name, raw)| {
        let plugin = check_plugin(host, name, raw, inspector, problems)?;
        Some((name.clone(), Arc::new(plugin)))
    });
    checked.collect()
}

fn check_plugin(
    host: &Host,
    name: &str,
    raw: &RawPlugin,
    inspector: &dyn ComponentInspector,
    problems: &mut Problems,
) -> Option<Plugin> {
    let (document, at) = (&host.document, child("/plugins", name));
    if let Some(fault) = job_fault(name) {
        let place = document.key(&at, "cannot be a plugin");
        let help = fault.replacen("a job", "a plugin", 1);
        problems.push(Problem::error(format!("bad name {}", tick(name)), place).help(help));
    }
    for (setting, secret) in &raw.secrets {
        let pointer = child(&format!("{at}/secrets"), setting);
        check_name(document, &pointer, secret, "variable", variable_fault, problems);
        if raw.settings.contains_key(setting) {
            let place = document.key(&pointer, "this one, or");
            problems.push(
                Problem::error(format!("the setting {} has two values", tick(setting)), place)
                    .also(document.key(&child(&format!("{at}/settings"), setting), "this one"))
                    .help("remove one of them"),
            );
        }
    }
    let http = check_http(document, &format!("{at}/http"), &raw.http, problems);
    let most = host.raw.max_guest_memory_mb;
    if raw.limits.memory_mb.is_some_and(|memory| memory > most) {
        let place = document.value(&format!("{at}/limits/memory_mb"), format!("more than {most}"));
        problems.push(
            Problem::error("`memory_mb` is beyond `max_guest_memory_mb`", place)
                .help("the plugin could never be called: lower it, or raise `max_guest_memory_mb`"),
        );
    }
    let none = RawLimits::default();
    let (limits, _) = limits(Kind::Component, Format::Text, &raw.limits, &none, &none);
    Some(Plugin {
        name: name.to_owned(),
        component: component(host, &at, raw.component.as_deref()?, inspector, problems)?,
        settings: raw.settings.clone(),
        secrets: raw.secrets.clone(),
        http: http.into_iter().collect(),
        limits,
    })
}

/// Where a plugin comes from. What is here of it is an alert plugin.
fn component(
    host: &Host,
    at: &str,
    written: &str,
    inspector: &dyn ComponentInspector,
    problems: &mut Problems,
) -> Option<ComponentSource> {
    let at = format!("{at}/component");
    let value = |label: String| host.document.value(&at, label);
    let (source, world) = if written.contains("://") {
        let reference = match OciReference::parse(written) {
            Ok(reference) => reference,
            Err(why) => {
                let title = format!("{} names no component in a registry", tick(written));
                problems.push(
                    Problem::error(title, value(why.to_owned())).help("for example `oci://ghcr.io/owner/name:1.0`"),
                );
                return None;
            }
        };
        let inspect = |file: &Path| inspector.inspect(file);
        let world = look_at(host, &host.document, &at, written, &reference, inspect, problems).ok()?;
        (ComponentSource::Registry(reference), world)
    } else {
        let path = host.folder.join(written);
        if !path.is_file() {
            problems.push(
                Problem::error(
                    format!("there is no component {}", tick(written)),
                    value("not a file that is there".to_owned()),
                )
                .help("build it, or name the file relative to this one"),
            );
            return None;
        }
        match inspector.inspect(&path) {
            Ok(world) => (ComponentSource::File(path), Some(world)),
            Err(why) => {
                let title = format!("{} cannot run here", tick(written));
                problems.push(
                    Problem::error(title, value(why)).help("`innkeeper new alert NAME` writes a plugin that can"),
                );
                return None;
            }
        }
    };
    let what = match world {
        None | Some(World::Alert) => return Some(source),
        Some(World::Command | World::AsyncCommand | World::Job) => "a job",
        Some(World::ReportFormat) => "a report format",
    };
    let title = format!("{} is {what}, not an alert plugin", tick(written));
    problems.push(
        Problem::error(title, value("exports no `send-alert`".to_owned()))
            .help("name a component of the world `alert`; `innkeeper new alert NAME` begins one"),
    );
    None
}
