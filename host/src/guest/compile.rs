//! Compiling, in a child process with bounds of its own.
//!
//! Wasmtime does not count denial of service while *compiling* as a vulnerability: six kilobytes of component types
//! inside each other overflow the native stack, and no time limit and no `catch_unwind` helps against that. So the
//! binary runs itself with a hidden verb; the child bounds its address space, its processor time and its output,
//! reads the component on stdin and writes the compiled one to the file it is told; the parent bounds the time. What
//! can happen to the child, happens to the child, and becomes one sentence.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, Signal, nice, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wasmparser::{Validator, WasmFeatures};

use super::ending::tidy;
use super::engine;
use super::inspect::MAX_FILE_BYTES;
use super::wing::Edition;

/// The hidden verb: `innkeeper compile-guest OUTPUT EDITION` calls [`child_main`] before anything else of the program starts.
pub const VERB: &str = "compile-guest";

/// How long a component may take to compile.
pub const WALL_TIME: Duration = Duration::from_secs(60);
const ADDRESS_SPACE: u64 = 2 << 30;
const OUTPUT_BYTES: u64 = 512 << 20;
/// Compiler threads. Each takes address space (its stack, its malloc arena) whether it uses it or not.
const THREADS: u64 = 2;
/// The child's exit code where its stderr is a sentence for people.
const REFUSED: u8 = 3;
const SAID_BYTES: u64 = 16 * 1024;
const WHY_CHARACTERS: usize = 300;

/// How the child is started. The path of the output and the edition of WASI follow the arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompilerCommand {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
}

impl CompilerCommand {
    /// This very program, with the hidden verb. An upgrade on disk does not change what a running host starts.
    pub fn this_program() -> Self {
        Self {
            program: "/proc/self/exe".into(),
            args: vec![VERB.into()],
        }
    }
}

/// Has a child compile `component`, for the engine of an edition, into the new file `output`.
///
/// # Errors
/// What is wrong with the component, as the rest of a sentence that begins with its name. `output` may be left behind.
pub async fn compile(
    command: &CompilerCommand,
    edition: Edition,
    component: &[u8],
    output: &Path,
    limit: Duration,
) -> Result<(), String> {
    let failed = |error: io::Error| format!("cannot be compiled: the compiler cannot be run ({error})");
    let mut child = tokio::process::Command::new(&command.program)
        .args(&command.args)
        .arg(output)
        .arg(edition.as_str())
        .env_clear()
        .env("RAYON_NUM_THREADS", THREADS.to_string())
        .env("MALLOC_ARENA_MAX", THREADS.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
    let feed = async move {
        if let Some(mut stdin) = stdin {
            // A child that ended early has said why, by its exit or on stderr.
            let _ = stdin.write_all(component).await;
        }
    };
    let listen = async move {
        let mut said = Vec::new();
        if let Some(stderr) = stderr {
            let _ = stderr.take(SAID_BYTES).read_to_end(&mut said).await;
        }
        String::from_utf8_lossy(&said).into_owned()
    };
    let work = async { tokio::join!(feed, listen, child.wait()) };
    match tokio::time::timeout(limit, work).await {
        Ok(((), said, status)) => verdict(status.map_err(failed)?, &said),
        Err(_) => Err(too_slow(limit)),
    }
}

fn too_slow(limit: Duration) -> String {
    format!(
        "takes more than {} s to compile; build it smaller, for release",
        limit.as_secs()
    )
}

/// What the child's end says about the component.
fn verdict(status: ExitStatus, said: &str) -> Result<(), String> {
    if status.success() {
        return Ok(());
    }
    if status.code() == Some(REFUSED.into()) {
        return Err(tidy(said.trim(), WHY_CHARACTERS));
    }
    let ended_by = |signal: Signal| status.signal() == Some(signal.as_raw());
    let last_line = said.trim().lines().last().unwrap_or("no reason given");
    Err(
        if said.contains("memory allocation of") || said.contains("out of memory") {
            "needs more than 2 GB to compile; build it smaller, for release".into()
        } else if said.contains("overflowed its stack") || ended_by(Signal::SEGV) || ended_by(Signal::BUS) {
            "takes the compiler down: what is in it is nested too deep; build it with a usual toolchain".into()
        } else if ended_by(Signal::XCPU) || ended_by(Signal::KILL) {
            too_slow(WALL_TIME)
        } else if ended_by(Signal::XFSZ) {
            too_large()
        } else {
            format!(
                "cannot be compiled: the compiler ended with {status} ({})",
                tidy(last_line, WHY_CHARACTERS)
            )
        },
    )
}

fn too_large() -> String {
    format!("is more than {} MB when compiled; build it smaller", OUTPUT_BYTES >> 20)
}

/// The child: compiles what comes on stdin, for the engine of an edition, into the new file `output`.
pub fn child_main(output: &Path, edition: Edition) -> ExitCode {
    ExitCode::from(child(output, edition))
}

fn child(output: &Path, edition: Edition) -> u8 {
    match bound_self().and_then(|()| compile_stdin(output, edition)) {
        Ok(()) => 0,
        Err(why) => {
            // Nobody is left to be told where even stderr is gone; the exit code still says it.
            let _ = writeln!(io::stderr(), "{why}");
            REFUSED
        }
    }
}

fn bound_self() -> Result<(), String> {
    let bounds = [
        (Resource::As, ADDRESS_SPACE),
        (Resource::Core, 0),
        (Resource::Cpu, WALL_TIME.as_secs() * THREADS),
        (Resource::Fsize, OUTPUT_BYTES),
    ];
    for (resource, most) in bounds {
        let limit = Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        setrlimit(resource, limit)
            .map_err(|error| format!("cannot be compiled: no bound on {resource:?} ({error})"))?;
    }
    // Runs that are under way go first. Where that is not allowed, nothing is lost but a little politeness.
    let _ = nice(5);
    Ok(())
}

fn compile_stdin(output: &Path, edition: Edition) -> Result<(), String> {
    let mut component = Vec::new();
    io::stdin()
        .take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut component)
        .map_err(|error| format!("cannot be read: {error}"))?;
    if component.len() as u64 > MAX_FILE_BYTES {
        return Err(format!("is larger than {} MB", MAX_FILE_BYTES >> 20));
    }
    validate(&component, edition)?;
    let reason = |error: wasmtime::Error| format!("does not compile: {}", tidy(&format!("{error:#}"), WHY_CHARACTERS));
    let engine = engine::for_compiling(edition).map_err(reason)?;
    let compiled = engine.precompile_component(&component).map_err(reason)?;
    if compiled.len() as u64 > OUTPUT_BYTES {
        return Err(too_large());
    }
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(output)
        .and_then(|mut file| file.write_all(&compiled))
        .map_err(|error| format!("cannot be kept when compiled: {error}"))
}

/// The first gate: a newer validator than the compiler's own, which knows the nesting attacks.
fn validate(component: &[u8], edition: Edition) -> Result<(), String> {
    let mut on = WasmFeatures::default();
    on.set(WasmFeatures::CM_ASYNC, edition == Edition::Wasi03);
    let off = WasmFeatures::GC
        | WasmFeatures::EXCEPTIONS
        | WasmFeatures::MEMORY64
        | WasmFeatures::MULTI_MEMORY
        | WasmFeatures::THREADS;
    Validator::new_with_features(on - off)
        .validate_all(component)
        .map(|_| ())
        .map_err(|error| format!("is not valid: {}", tidy(&error.to_string(), WHY_CHARACTERS)))
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

    use super::*;

    /// This test binary, told to be the child: it runs [`as_a_child`] and nothing else.
    pub(in crate::guest) fn this_test_binary() -> CompilerCommand {
        CompilerCommand {
            program: std::env::current_exe().unwrap(),
            args: ["guest::compile::tests::as_a_child", "--exact", "--nocapture"]
                .map(OsString::from)
                .to_vec(),
        }
    }

    /// Not a test of its own: the child's side of the others. It acts only where an output path follows its name.
    #[test]
    fn as_a_child() {
        let mut args = std::env::args_os().skip_while(|arg| arg != "--nocapture").skip(1);
        if let Some(output) = args.next().filter(|path| Path::new(path).is_absolute()) {
            let edition = args.next().unwrap().to_str().unwrap().parse().unwrap();
            std::process::exit(child(Path::new(&output), edition).into());
        }
    }

    async fn refusal(component: &[u8]) -> String {
        let home = tempfile::tempdir().unwrap();
        compile(
            &this_test_binary(),
            Edition::Wasi02,
            component,
            &home.path().join("out"),
            WALL_TIME,
        )
        .await
        .unwrap_err()
    }

    #[tokio::test]
    async fn a_component_comes_back_compiled() {
        let home = tempfile::tempdir().unwrap();
        let output = home.path().join("out");
        let component = wat::parse_str("(component (core module (func (export \"f\"))))").unwrap();
        compile(&this_test_binary(), Edition::Wasi02, &component, &output, WALL_TIME)
            .await
            .unwrap();
        let compiled = std::fs::read(output).unwrap();
        assert!(wasmtime::Engine::detect_precompiled(&compiled).is_some());
    }

    #[tokio::test]
    async fn what_is_not_valid_is_refused_in_a_sentence() {
        insta::assert_snapshot!(refusal(b"\0asm\x0d\0\x01\0\xff").await, @"is not valid: malformed section id (at offset 0x8)");
        let threads = wat::parse_str("(component (core module (memory 1 1 shared)))").unwrap();
        insta::assert_snapshot!(refusal(&threads).await, @"is not valid: threads must be enabled for shared memories (at offset 0x15)");
    }

    /// Component types inside each other: 6 KB that overflow the stack of wasmtime 48 itself.
    fn nesting_bomb(depth: usize) -> Vec<u8> {
        let mut section = vec![1];
        section.extend([0x41, 1, 1].repeat(depth));
        section.extend([0x41, 0]);
        let mut bytes = b"\0asm\x0d\0\x01\0\x07".to_vec();
        bytes.extend([(section.len() & 0x7f) as u8 | 0x80, (section.len() >> 7) as u8]);
        bytes.extend(section);
        bytes
    }

    #[tokio::test]
    async fn a_nesting_bomb_is_refused_and_takes_nobody_down() {
        let why = refusal(&nesting_bomb(2000)).await;
        assert!(
            why.contains("nesting is too deep") || why.contains("nested too deep"),
            "{why}"
        );
    }

    #[tokio::test]
    async fn a_child_that_takes_too_long_is_killed() {
        let sleeper = CompilerCommand {
            program: "/bin/sh".into(),
            args: ["-c", "sleep 1000"].map(OsString::from).to_vec(),
        };
        let why = compile(
            &sleeper,
            Edition::Wasi02,
            b"",
            Path::new("/nowhere"),
            Duration::from_millis(50),
        )
        .await
        .unwrap_err();
        assert!(why.starts_with("takes more than"), "{why}");
    }

    #[tokio::test]
    async fn the_child_sees_nothing_of_the_hosts_environment() {
        let teller = CompilerCommand {
            program: "/bin/sh".into(),
            args: ["-c", "env >&2; exit 3"].map(OsString::from).to_vec(),
        };
        let seen = compile(&teller, Edition::Wasi02, b"", Path::new("/nowhere"), WALL_TIME)
            .await
            .unwrap_err();
        assert!(!seen.contains("CARGO") && !seen.contains("HOME="), "{seen}");
    }

    #[test]
    fn every_end_of_the_child_is_a_sentence() {
        let signalled = |signal: Signal| ExitStatus::from_raw(signal.as_raw());
        let told = |status, said| verdict(status, said).unwrap_err();
        insta::assert_snapshot!(told(signalled(Signal::ABORT), "memory allocation of 1073741824 bytes failed"), @"needs more than 2 GB to compile; build it smaller, for release");
        insta::assert_snapshot!(told(signalled(Signal::ABORT), "thread 'main' has overflowed its stack"), @"takes the compiler down: what is in it is nested too deep; build it with a usual toolchain");
        insta::assert_snapshot!(told(signalled(Signal::SEGV), ""), @"takes the compiler down: what is in it is nested too deep; build it with a usual toolchain");
        insta::assert_snapshot!(told(signalled(Signal::XCPU), ""), @"takes more than 60 s to compile; build it smaller, for release");
        insta::assert_snapshot!(told(signalled(Signal::XFSZ), ""), @"is more than 512 MB when compiled; build it smaller");
        insta::assert_snapshot!(told(ExitStatus::from_raw(101 << 8), "thread panicked\nat x"), @"cannot be compiled: the compiler ended with exit status: 101 (at x)");
        insta::assert_snapshot!(told(ExitStatus::from_raw(3 << 8), "is not valid: bad\n"), @"is not valid: bad");
        assert!(verdict(ExitStatus::from_raw(0), "").is_ok());
    }
}
