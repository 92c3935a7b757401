//! Components in registries: granted or not, pulled or not.

use std::path::PathBuf;

use super::World;
use crate::config::oci::{Digest, Lock, OciReference, Pin, pulled_component};
use crate::config::{ComponentSource, Config, Loaded, Program, World as GuestWorld};

const REFERENCE: &str = "oci://ghcr.io/team/hello:1.0";
const GRANTED: &str = "[namespaces.demo]\nregistries = [\"ghcr.io/team\"]\n";

fn job(lines: &str) -> String {
    format!("[jobs.hello]\ncomponent = \"{REFERENCE}\"\nreport_stdout = true\n{lines}")
}

fn reference() -> OciReference {
    OciReference::parse(REFERENCE).unwrap()
}

impl World {
    fn loaded(&self) -> Loaded {
        self.load().unwrap_or_else(|problems| panic!("{problems}"))
    }

    /// The same after the component was pulled, with this content.
    fn pulled(self, content: &str) -> Self {
        let digest = Digest::of(content.as_bytes());
        let mut lock = Lock::default();
        let pin = Pin {
            digest: digest.clone(),
            manifest: Digest::of(b"manifest"),
        };
        lock.set(reference(), pin);
        let table = toml::Table::from_iter([("component".to_owned(), lock.to_toml().unwrap())]);
        let kept: PathBuf = pulled_component(&PathBuf::from("data"), &digest);
        self.file("innkeeper.lock", &toml::to_string_pretty(&table).unwrap())
            .file(kept.to_str().unwrap(), content)
    }
}

fn program(config: &Config) -> (&ComponentSource, Option<GuestWorld>) {
    match &config.namespaces["demo"].jobs["hello"].program {
        Program::Component { source, world, .. } => (source, *world),
        Program::Bash { .. } | Program::Probe(_) => panic!("is no component"),
    }
}

#[test]
fn what_was_never_pulled_is_warned_of_and_no_reason_not_to_start() {
    let loaded = World::demo(GRANTED, &job("")).loaded();
    let said = loaded.problems.to_string();
    assert!(
        said.contains("`oci://ghcr.io/team/hello:1.0` was never pulled"),
        "{said}"
    );
    assert!(said.contains("`innkeeper pull` pulls it now"), "{said}");
    assert_eq!(program(&loaded.config), (&ComponentSource::Registry(reference()), None));
}

#[test]
fn what_was_pulled_is_looked_at() {
    let config = World::demo(GRANTED, &job("")).pulled("component").config();
    let (source, world) = program(&config);
    assert_eq!(source, &ComponentSource::Registry(reference()));
    assert_eq!(world, Some(GuestWorld::Command));

    let said = World::demo(GRANTED, &job("")).pulled("format").check();
    assert!(said.contains("is a report format, not a job"), "{said}");
    let said = World::demo(GRANTED, &job("")).pulled("imports acme:db").check();
    assert!(
        said.contains("cannot run here") && said.contains("imports acme:db"),
        "{said}"
    );
}

#[test]
fn what_is_missing_or_damaged_is_to_be_pulled_again() {
    let world = World::demo(GRANTED, &job("")).pulled("component");
    let kept = pulled_component(&world.path("data"), &Digest::of(b"component"));
    std::fs::write(&kept, "tnenopmoc").unwrap();
    let said = world.loaded().problems.to_string();
    assert!(
        said.contains("is damaged") && said.contains("to be pulled again"),
        "{said}"
    );
    std::fs::remove_file(&kept).unwrap();
    let said = world.loaded().problems.to_string();
    assert!(said.contains("is pinned, and not here"), "{said}");
}

#[test]
fn a_report_format_may_be_pulled_too() {
    let format = format!(
        "[jobs.x]\ncomponent = \"x.wasm\"\nreport_stdout = true\nreport_format = {{ component = \"{REFERENCE}\" }}\n"
    );
    let world = World::demo(GRANTED, &format).file("workspace/demo/x.wasm", "component");
    let config = world.pulled("format").config();
    let formatter = &config.namespaces["demo"].jobs["x"].report.formatter;
    assert_eq!(formatter, &Some(ComponentSource::Registry(reference())));
}

#[test]
fn a_registry_needs_a_grant_and_trust_is_one() {
    assert!(
        World::demo("[namespaces.demo]\ntrust = \"trusted\"\n", &job(""))
            .load()
            .is_ok()
    );
    for grants in [
        "",
        "[namespaces.demo]\nregistries = [\"ghcr.io/other\", \"quay.io\"]\n",
        "[namespaces.demo]\ntrust = \"trusted\"\nregistries = []\n",
    ] {
        let said = World::demo(grants, &job("")).check();
        assert!(
            said.contains("need not granted: registries `ghcr.io/team/hello`"),
            "{grants}: {said}"
        );
        assert!(said.contains("\"ghcr.io/team\"]"), "the line that grants it: {said}");
    }
    let said = World::demo(GRANTED, &job("[jobs.hello.needs]\nregistries = []\n")).check();
    assert!(said.contains("in the `needs` that leave it out"), "{said}");
    let said = World::demo(GRANTED, &format!("[needs]\nregistries = [\"quay.io\"]\n{}", job(""))).check();
    assert!(said.contains("need not granted: registries `quay.io`"), "{said}");
}

#[test]
fn entries_that_are_no_registry_are_told_so() {
    let said = World::demo("[namespaces.demo]\nregistries = [\"oci://ghcr.io\", \"*\"]\n", "").check();
    assert!(
        said.contains("bad registry `oci://ghcr.io`") && said.contains("bad registry `*`"),
        "{said}"
    );
    let bash = "[jobs.x]\nrun_args_template = \"true\"\n[jobs.x.needs]\nregistries = [\"ghcr.io\"]\n";
    let said = World::demo("[namespaces.demo]\ntrust = \"trusted\"\n", bash).check();
    assert!(said.contains("`registries` means nothing to bash"), "{said}");
}

#[test]
fn a_lock_file_that_is_not_understood_keeps_everything_from_starting() {
    let world = World::demo(GRANTED, &job("")).file("innkeeper.lock", "[[component]]\nreference = \"ghcr.io/x\"\n");
    let said = world.check();
    assert!(said.contains("the lock file cannot be read"), "{said}");
}

#[test]
fn the_account_says_from_where_components_come() {
    let narrowed = format!("[needs]\nregistries = [\"ghcr.io/team/hello\"]\n{}", job(""));
    let accounts = World::demo(GRANTED, &narrowed).loaded().accounts;
    let line = accounts["demo"].iter().find(|line| line.key == "registries").unwrap();
    assert_eq!(line.asks.as_deref(), Some("ghcr.io/team/hello"));
    assert_eq!(line.gets, "ghcr.io/team/hello");
}
