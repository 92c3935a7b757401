//! What a file is, without running or compiling it: a component, of a program, that wants what the host has.
//!
//! The file may be hostile. Only the outermost sections are read, nothing is followed into what is nested, and nothing
//! here calls itself, so that the work is bounded by the file's size, and that by [`MAX_FILE_BYTES`].

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use innkeeper_core::config::{ComponentInspector, World};
use wasmparser::{Chunk, ComponentTypeRef, Encoding, Parser, Payload};

use super::ending::tidy;
use super::wing::Edition;

/// A larger component is refused, in bytes.
pub const MAX_FILE_BYTES: u64 = 32 * 1024 * 1024;

/// Every interface of WASI 0.2 that guests are linked with.
pub(super) const LINKED: &[&str] = &[
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
    "wasi:http/outgoing-handler",
    "wasi:http/types",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:random/random",
    "wasi:sockets/instance-network",
    "wasi:sockets/ip-name-lookup",
    "wasi:sockets/network",
    "wasi:sockets/tcp",
    "wasi:sockets/tcp-create-socket",
    "wasi:sockets/udp",
    "wasi:sockets/udp-create-socket",
];
/// Every interface of WASI 0.3 that its programs are linked with besides.
pub(super) const LINKED_03: &[&str] = &[
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/system-clock",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:random/random",
    "wasi:sockets/ip-name-lookup",
    "wasi:sockets/types",
];
/// Interfaces of WASI 0.3 with types only: there is nothing to link.
const TYPES_03: &[&str] = &["wasi:cli/types", "wasi:clocks/types"];
/// The interfaces of `wit/` that guests import.
const OURS: &[&str] = &[
    "innkeeper:guest/alerting@0.1.0-dev",
    "innkeeper:guest/progress@0.1.0-dev",
    "innkeeper:guest/types@0.1.0-dev",
];
/// How the version begins of the WASI that guests are built for, and of the other one that some programs are.
const VERSION: &str = "0.2.";
const VERSION_03: &str = "0.3.";
const RUN: &str = "wasi:cli/run";

/// How long a name from the file may be in a sentence, in characters.
pub(super) const NAME_CHARACTERS: usize = 80;

/// Looks at components for `innkeeper check`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Inspector;

impl ComponentInspector for Inspector {
    fn inspect(&self, file: &Path) -> Result<World, String> {
        Ok(inspect_bytes(&read(file)?)?.world)
    }
}

/// What is known of a component that can be a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// What it is made for.
    pub world: World,
    /// What it imports, by full name, in the file's order.
    pub imports: Vec<String>,
    /// Its size in bytes.
    pub bytes: u64,
}

/// Looks at the file at `path`.
///
/// # Errors
/// A sentence that says why it cannot be a job, and what to do. It begins with the file's name.
pub fn inspect(path: &Path) -> Result<Inspection, String> {
    read(path)
        .and_then(|bytes| inspect_bytes(&bytes))
        .map_err(|why| sentence(path, &why))
}

/// Whether the file can run here: what a registry may have sent.
///
/// # Errors
/// As [`inspect`], without the name.
pub fn judge(path: &Path) -> Result<(), String> {
    read(path).and_then(|bytes| inspect_bytes(&bytes)).map(drop)
}

/// The sentence that begins with the name of the file and goes on with `why`.
pub(super) fn sentence(path: &Path, why: &str) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    format!("{} {why}", tidy(&name.to_string_lossy(), NAME_CHARACTERS))
}

/// Reads a component's file, but not more than the limit of it.
///
/// # Errors
/// As [`inspect`], without the name.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, String> {
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            format!("is missing (looked for {}): build the component first", path.display())
        }
        _ => format!("cannot be read: {error}"),
    };
    // A FIFO would hold the opening thread for ever.
    let opened = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path);
    let opened = opened.map_err(failed)?;
    if !opened.metadata().map_err(failed)?.is_file() {
        return Err("is not a file".into());
    }
    let mut bytes = Vec::new();
    opened
        .take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(format!(
            "is larger than {} MB; strip it (`wasm-tools strip`) or build it for size",
            MAX_FILE_BYTES >> 20
        ));
    }
    Ok(bytes)
}

/// The same for what was read already.
///
/// # Errors
/// As [`inspect`], without the name.
pub(super) fn inspect_bytes(bytes: &[u8]) -> Result<Inspection, String> {
    let outline = outline(bytes)?;
    let world = world(&outline.exports);
    let edition = world.as_ref().map_or(Edition::Wasi02, |world| Edition::of(*world));
    let unknown: Vec<String> = outline
        .imports
        .iter()
        .filter(|name| !is_linked(name, edition))
        .map(|name| tidy(name, NAME_CHARACTERS))
        .collect();
    if !unknown.is_empty() {
        return Err(unknown_imports(&unknown, edition));
    }
    Ok(Inspection {
        world: world?,
        imports: outline.imports,
        bytes: bytes.len() as u64,
    })
}

/// What a component is by what it exports.
fn world(exports: &[String]) -> Result<World, String> {
    let has = |wanted: &str| exports.iter().any(|name| name == wanted);
    let runs = |version: &str| exports.iter().any(|name| is_version_of(name, RUN, version));
    if runs(VERSION) {
        Ok(World::Command)
    } else if runs(VERSION_03) {
        Ok(World::AsyncCommand)
    } else if has("run") {
        Ok(World::Job)
    } else if has("format") {
        Ok(World::ReportFormat)
    } else if has("send-alert") {
        Ok(World::Alert)
    } else {
        Err(no_run(exports))
    }
}

/// What stands in the outermost sections.
pub(super) struct Outline {
    pub(super) imports: Vec<String>,
    pub(super) exports: Vec<String>,
}

/// Reads the outermost sections of a component.
pub(super) fn outline(bytes: &[u8]) -> Result<Outline, String> {
    if !bytes.starts_with(b"\0asm") {
        return Err(not_wasm(bytes));
    }
    let damaged = |why: String| format!("is damaged or cut off ({}); build or copy it again", tidy(&why, 200));
    let mut outline = Outline {
        imports: Vec::new(),
        exports: Vec::new(),
    };
    let mut parser = Parser::new(0);
    let mut rest = bytes;
    loop {
        let (consumed, payload) = match parser.parse(rest, true).map_err(|error| damaged(error.to_string()))? {
            Chunk::Parsed { consumed, payload } => (consumed, payload),
            Chunk::NeedMoreData(_) => return Err(damaged("it ends too early".into())),
        };
        rest = rest.get(consumed..).unwrap_or_default();
        match payload {
            Payload::Version {
                encoding: Encoding::Module,
                ..
            } => return Err(core_module()),
            Payload::ModuleSection { unchecked_range, .. } | Payload::ComponentSection { unchecked_range, .. } => {
                let length = unchecked_range.end.saturating_sub(unchecked_range.start);
                rest = usize::try_from(length)
                    .ok()
                    .and_then(|length| rest.get(length..))
                    .ok_or_else(|| damaged("it ends too early".into()))?;
            }
            Payload::ComponentImportSection(section) => {
                for import in section {
                    let import = import.map_err(|error| damaged(error.to_string()))?;
                    // A type is nothing that a guest could call.
                    if matches!(import.ty, ComponentTypeRef::Type(_)) {
                        continue;
                    }
                    outline.imports.push(import.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section {
                    let export = export.map_err(|error| damaged(error.to_string()))?;
                    outline.exports.push(export.name.name.to_owned());
                }
            }
            Payload::End(_) => return Ok(outline),
            _ => {}
        }
    }
}

/// Whether it names this interface, in a release that begins with `version`: drafts are like nothing but themselves.
fn is_version_of(name: &str, interface: &str, version: &str) -> bool {
    name.split_once('@')
        .is_some_and(|(name, its)| name == interface && its.starts_with(version) && !its.contains('-'))
}

fn is_linked(name: &str, edition: Edition) -> bool {
    let of_02 = || LINKED.iter().any(|interface| is_version_of(name, interface, VERSION));
    let mut of_03 = LINKED_03.iter().chain(TYPES_03);
    match edition {
        Edition::Wasi02 => OURS.contains(&name) || of_02(),
        Edition::Wasi03 => of_02() || of_03.any(|interface| is_version_of(name, interface, VERSION_03)),
    }
}

fn not_wasm(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "is empty; build the component again".into();
    }
    let text = bytes.starts_with(b"(")
        || bytes
            .iter()
            .take(512)
            .all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace());
    if text {
        return "is text, not WebAssembly; build it, or turn WebAssembly text into a file with `wasm-tools parse`"
            .into();
    }
    "is not WebAssembly; name the `.wasm` file that the build made".into()
}

fn core_module() -> String {
    "is a core module, not a component; build it for `wasm32-wasip2`, or wrap it with `wasm-tools component new`".into()
}

fn unknown_imports(names: &[String], edition: Edition) -> String {
    const SHOWN: usize = 3;
    let mut list = names
        .iter()
        .take(SHOWN)
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > SHOWN {
        list = format!("{list} and {} more", names.len() - SHOWN);
    }
    let more = match edition {
        Edition::Wasi02 => "",
        Edition::Wasi03 => ", and WASI 0.3 (cli, clocks, filesystem, random, sockets)",
    };
    format!(
        "imports {list}, which this host does not have; it has WASI 0.2 (cli, clocks, filesystem, http, io, random, sockets){more}"
    )
}

fn no_run(exports: &[String]) -> String {
    let run = exports.iter().find(|name| name.split('@').next() == Some(RUN));
    if let Some(other) = run {
        return format!(
            "exports `{}`; this host runs {RUN} of WASI 0.2, and for some namespaces of 0.3",
            tidy(other, NAME_CHARACTERS)
        );
    }
    if exports
        .iter()
        .any(|name| is_version_of(name, "wasi:http/incoming-handler", VERSION))
    {
        return format!("is an HTTP server, not a program; a job exports {RUN}: build one with a `main`");
    }
    if let Some(ours) = exports.iter().find(|name| name.starts_with("innkeeper:guest/")) {
        return format!(
            "exports `{}`, which this host does not call",
            tidy(ours, NAME_CHARACTERS)
        );
    }
    format!(
        "has no `main`: a job exports {RUN}, or `run` of innkeeper:guest; build a binary (not a library) for `wasm32-wasip2`"
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

    use proptest::prelude::*;

    use super::*;

    const GOOD: &str = r#"(component
        (import "wasi:cli/stdout@0.2.3" (instance))
        (core module $m (func (export "run") (result i32) i32.const 0))
        (core instance $i (instantiate $m))
        (func $run (result (result)) (canon lift (core func $i "run")))
        (instance $cli (export "run" (func $run)))
        (export "wasi:cli/run@0.2.3" (instance $cli)))"#;

    fn refusal(bytes: &[u8]) -> String {
        inspect_bytes(bytes).unwrap_err()
    }

    fn component(text: &str) -> Vec<u8> {
        wat::parse_str(text).unwrap()
    }

    #[test]
    fn a_program_passes_and_says_what_it_imports() {
        let inspection = inspect_bytes(&component(GOOD)).unwrap();
        assert_eq!(inspection.imports, ["wasi:cli/stdout@0.2.3"]);
    }

    #[test]
    fn what_is_no_component_is_told_what_to_do() {
        insta::assert_snapshot!(refusal(b""), @"is empty; build the component again");
        insta::assert_snapshot!(refusal(b"(component)"), @"is text, not WebAssembly; build it, or turn WebAssembly text into a file with `wasm-tools parse`");
        insta::assert_snapshot!(refusal(b"fn main() {}\n"), @"is text, not WebAssembly; build it, or turn WebAssembly text into a file with `wasm-tools parse`");
        insta::assert_snapshot!(refusal(b"\x7fELF\x02\x01\x01\x00"), @"is not WebAssembly; name the `.wasm` file that the build made");
        insta::assert_snapshot!(refusal(&component("(module)")), @"is a core module, not a component; build it for `wasm32-wasip2`, or wrap it with `wasm-tools component new`");
    }

    #[test]
    fn a_component_that_is_no_program_is_told_what_to_do() {
        insta::assert_snapshot!(refusal(&component("(component)")), @r#"has no `main`: a job exports wasi:cli/run, or `run` of innkeeper:guest; build a binary (not a library) for `wasm32-wasip2`"#);
        insta::assert_snapshot!(refusal(&component(r#"(component (instance $i) (export "wasi:http/incoming-handler@0.2.0" (instance $i)))"#)), @"is an HTTP server, not a program; a job exports wasi:cli/run: build one with a `main`");
        insta::assert_snapshot!(refusal(&component(r#"(component (instance $i) (export "wasi:cli/run@0.3.0-rc-2026-03-15" (instance $i)))"#)), @"exports `wasi:cli/run@0.3.0-rc-2026-03-15`; this host runs wasi:cli/run of WASI 0.2, and for some namespaces of 0.3");
    }

    #[test]
    fn a_program_of_wasi_0_3_is_one_of_its_own_and_nothing_else_imports_from_there() {
        let async_command = GOOD.replace("0.2.3", "0.3.0");
        let found = inspect_bytes(&component(&async_command)).unwrap();
        assert_eq!(found.world, World::AsyncCommand);
        let mixed = GOOD.replace("stdout@0.2.3", "stdout@0.3.0");
        insta::assert_snapshot!(refusal(&component(&mixed)), @r#"imports `wasi:cli/stdout@0.3.0`, which this host does not have; it has WASI 0.2 (cli, clocks, filesystem, http, io, random, sockets)"#);
        let with_http = async_command.replace("wasi:cli/stdout", "wasi:http/client");
        insta::assert_snapshot!(refusal(&component(&with_http)), @"imports `wasi:http/client@0.3.0`, which this host does not have; it has WASI 0.2 (cli, clocks, filesystem, http, io, random, sockets), and WASI 0.3 (cli, clocks, filesystem, random, sockets)");
    }

    #[test]
    fn an_import_that_nobody_serves_is_named_and_cut_short() {
        insta::assert_snapshot!(refusal(&component(r#"(component (import "wasi:keyvalue/store@0.2.0-draft" (instance)) (import "host-secret" (func)))"#)), @"imports `wasi:keyvalue/store@0.2.0-draft`, `host-secret`, which this host does not have; it has WASI 0.2 (cli, clocks, filesystem, http, io, random, sockets)");
        let long = format!(r#"(component (import "{}" (func)))"#, vec!["abcdefgh"; 5000].join("-"));
        assert!(refusal(&component(&long)).chars().count() < 300);
    }

    #[test]
    fn a_file_that_was_cut_off_says_so() {
        let whole = component(GOOD);
        for length in 8..whole.len() {
            // A cut between two sections leaves a whole, smaller component.
            let why = match inspect_bytes(&whole[..length]) {
                Err(why) => why,
                Ok(_) => continue,
            };
            assert!(
                why.starts_with("is damaged or cut off (") || why.starts_with("has no `main`"),
                "{length}: {why}"
            );
        }
    }

    #[test]
    fn a_nesting_bomb_is_not_followed() {
        let mut inner = b"\0asm\x0d\0\x01\0".to_vec();
        for _ in 0..3000 {
            let mut outer = b"\0asm\x0d\0\x01\0\x04".to_vec();
            leb(&mut outer, inner.len());
            outer.extend_from_slice(&inner);
            inner = outer;
        }
        assert!(refusal(&inner).starts_with("has no `main`"));
    }

    fn leb(out: &mut Vec<u8>, mut value: usize) {
        while value >= 0x80 {
            out.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        out.push(value as u8);
    }

    #[test]
    fn a_missing_file_and_a_folder_say_so() {
        let home = tempfile::tempdir().unwrap();
        let missing = inspect(&home.path().join("x.wasm")).unwrap_err();
        assert!(
            missing.starts_with("x.wasm is missing (looked for ") && missing.ends_with("build the component first")
        );
        assert!(inspect(home.path()).unwrap_err().ends_with("is not a file"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(tail in prop::collection::vec(any::<u8>(), 0..200), component_header: bool) {
            let mut bytes = b"\0asm".to_vec();
            bytes.extend_from_slice(if component_header { b"\x0d\0\x01\0" } else { b"\x01\0\0\0" });
            bytes.extend(tail);
            let _ = inspect_bytes(&bytes);
        }

        #[test]
        fn no_damage_makes_it_panic(at in 0_usize..150, value: u8) {
            let mut bytes = component(GOOD);
            let at = at % bytes.len();
            bytes[at] = value;
            let _ = inspect_bytes(&bytes);
        }
    }
}
