//! A job's component that comes from a registry: whether the namespace may have it, and what of it is here. Nothing is
//! pulled.

use super::grants::registries_line;
use super::jobs::{Found, Inspected, fault};
use super::model::{ComponentSource, Grants};
use super::names::tick;
use super::namespace::Room;
use super::oci::{Here, OciReference, look, pulled_component};
use super::problem::{Problem, Problems};

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
    let unknown = |reference| {
        Some(Found {
            source: ComponentSource::Registry(reference),
            world: None,
        })
    };
    let Some(pin) = room.host.lock.pin(&reference) else {
        warn(
            room,
            at,
            format!("{} was never pulled", tick(written)),
            "not in the lock file",
            problems,
        );
        return unknown(reference);
    };
    let file = pulled_component(&room.host.data_dir, &pin.digest);
    let pulled = || format!("what was pulled of {}", tick(written));
    let again = match look(&file, &pin.digest) {
        Ok(Here::Whole) => None,
        Ok(Here::Missing) => Some(format!("{} is pinned, and not here", tick(written))),
        Ok(Here::Damaged) => Some(format!("{} is damaged", pulled())),
        Err(error) => Some(format!("{} cannot be read: {error}", pulled())),
    };
    if let Some(title) = again {
        warn(room, at, title, "to be pulled again", problems);
        return unknown(reference);
    }
    match inspected.inspect(&file) {
        Ok(world) => Some(Found {
            source: ComponentSource::Registry(reference),
            world: Some(world),
        }),
        Err(why) => {
            let help = "name another version; `innkeeper pull --update` looks for what the tag leads to now";
            problems.push(fault(format!("{} cannot run here", tick(written)), why, help).at(room, at));
            None
        }
    }
}

/// A reason to pull is none to refuse the start.
fn warn(room: &Room<'_>, at: &str, title: String, label: &str, problems: &mut Problems) {
    problems.push(Problem::warning(title, room.document.value(at, label)).help(HOW_TO_PULL));
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
