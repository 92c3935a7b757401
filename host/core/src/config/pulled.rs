//! Components that come from a registry: whether a namespace may have one, and what of it is here. Nothing is pulled.

use std::path::Path;

use super::grants::registries_line;
use super::host::Host;
use super::jobs::{Found, Inspected, fault};
use super::model::{ComponentSource, Grants, World};
use super::names::tick;
use super::namespace::Room;
use super::oci::{Here, OciReference, look, pulled_component};
use super::problem::{Problem, Problems};
use super::source::Document;

const HOW_TO_PULL: &str = "`innkeeper pull` pulls it now; a host that needs it pulls it when it starts";

/// The component that `written` at the pointer `at` names, where the job may have it.
pub(super) fn find(
    room: &Room<'_>,
    at: &str,
    written: &str,
    grants: &Grants,
    inspected: &mut Inspected<'_>,
    problems: &mut Problems,
) -> Option<Found> {
    let reference = match OciReference::parse(written) {
        Ok(reference) => reference,
        Err(why) => {
            let example = match written.contains("://") {
                true => "oci://ghcr.io/owner/name:1.0".to_owned(),
                false => format!("oci://{written}"),
            };
            let title = format!("{} names no component in a registry", tick(written));
            problems.push(fault(title, why, format!("for example {}", tick(&example))).at(room, at));
            return None;
        }
    };
    if !grants.registries.allows(&reference) {
        report_refused(room, at, &reference, problems);
        return None;
    }
    let inspect = |file: &Path| inspected.inspect(file);
    let world = look_at(room.host, &room.document, at, written, &reference, inspect, problems).ok()?;
    Some(Found {
        source: ComponentSource::Registry(reference),
        world,
    })
}

/// What the pulled component of a reference is, which `written` names at the pointer `at`; none where there is nothing to
/// look at. A reason to pull is none to refuse the start, and is a warning.
///
/// # Errors
/// It was pulled, and cannot run here. That is reported.
pub(super) fn look_at(
    host: &Host,
    document: &Document,
    at: &str,
    written: &str,
    reference: &OciReference,
    inspect: impl FnOnce(&Path) -> Result<World, String>,
    problems: &mut Problems,
) -> Result<Option<World>, ()> {
    let mut warn = |title: String, label: &str| {
        problems.push(Problem::warning(title, document.value(at, label)).help(HOW_TO_PULL));
        Ok(None)
    };
    let Some(pin) = host.lock.pin(reference) else {
        return warn(format!("{} was never pulled", tick(written)), "not in the lock file");
    };
    let file = pulled_component(&host.data_dir, &pin.digest);
    let pulled = || format!("what was pulled of {}", tick(written));
    let again = match look(&file, &pin.digest) {
        Ok(Here::Whole) => None,
        Ok(Here::Missing) => Some(format!("{} is pinned, and not here", tick(written))),
        Ok(Here::Damaged) => Some(format!("{} is damaged", pulled())),
        Err(error) => Some(format!("{} cannot be read: {error}", pulled())),
    };
    if let Some(title) = again {
        return warn(title, "to be pulled again");
    }
    inspect(&file).map(Some).map_err(|why| {
        let title = format!("{} cannot run here", tick(written));
        problems.push(
            Problem::error(title, document.value(at, why))
                .help("name another version; `innkeeper pull --update` looks for what the tag leads to now"),
        );
    })
}

fn report_refused(room: &Room<'_>, at: &str, reference: &OciReference, problems: &mut Problems) {
    let place = room.document.value(at, "needs a grant of this registry");
    let name = format!("{}/{}", reference.registry(), reference.name());
    let problem = Problem::error(format!("need not granted: registries {}", tick(&name)), place);
    let given = room.given.grants().registries;
    if given.allows(reference) {
        problems.push(problem.help("add it to `registries` in the `needs` that leave it out"));
    } else {
        // All of what one owner has there, as grants are mostly meant.
        let owner = name.rsplit_once('/').map_or(name.as_str(), |(owner, _)| owner);
        room.report_refused(problem, "registries", &registries_line(&given, [owner]), problems);
    }
}
