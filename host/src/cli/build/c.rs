//! C: the wasi-sdk, Debian's clang with wasi-libc, or Zig's. They make core modules of WASI's first preview; the adapter
//! of wasmtime makes components of them, in this process.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use wasi_preview1_component_adapter_provider as adapter;
use wit_component::ComponentEncoder;

use super::pip::Package;
use super::shop::{Failed, Shop, program, run, version_of};
use super::source::{Recipe, Source};

const ZIG: Package = Package {
    name: "ziglang",
    version: "0.16.0",
};
const WASI_SDK: &str = "WASI_SDK_PATH";
/// Where Debian's wasi-libc is.
const DEBIAN_LIBC: &str = "/usr/include/wasm32-wasi";
/// Small, and with the warnings that find mistakes.
const FLAGS: &[&str] = &["-Os", "-Wl,--strip-debug", "-Wall", "-Wextra"];

pub(super) const RECIPE: Recipe = Recipe {
    marker: "main.c",
    version: Some(|shop| Ok(Compiler::find(shop)?.version())),
    make,
};

/// The first that is there, in this order.
enum Compiler {
    WasiSdk(PathBuf),
    Clang,
    Zig,
    ZigOfPyPi,
}

impl Compiler {
    fn find(_: &Shop) -> Result<Self, Failed> {
        if let Some(sdk) = std::env::var_os(WASI_SDK).filter(|sdk| !sdk.is_empty()) {
            let clang = Path::new(&sdk).join("bin/clang");
            return match clang.is_file() {
                true => Ok(Self::WasiSdk(clang)),
                false => Err(Failed::because(format!(
                    "{WASI_SDK} names no wasi-sdk: there is no {}",
                    clang.display()
                ))),
            };
        }
        let on_path = |name| which::which(name).is_ok();
        Ok(match () {
            () if Path::new(DEBIAN_LIBC).is_dir() && on_path("clang") && on_path("wasm-ld") => Self::Clang,
            () if on_path("zig") => Self::Zig,
            () => Self::ZigOfPyPi,
        })
    }

    fn version(&self) -> String {
        let said = match self {
            Self::WasiSdk(clang) => version_of(clang),
            Self::Clang => version_of("clang"),
            Self::Zig => run(program("zig").arg("version"), "")
                .ok()
                .map(|said| String::from_utf8_lossy(&said).into_owned()),
            Self::ZigOfPyPi => Some(ZIG.version()),
        };
        format!("{} {FLAGS:?}", said.unwrap_or_default())
    }

    fn command(&self, shop: &Shop) -> Result<Command, Failed> {
        let mut command = match self {
            Self::WasiSdk(clang) => {
                let mut command = program(clang);
                command.arg("--target=wasm32-wasip1");
                command
            }
            Self::Clang => {
                let mut command = program("clang");
                command.args(["--target=wasm32-wasi", "--sysroot=/usr"]);
                command
            }
            Self::Zig => {
                let mut command = program("zig");
                command.args(["cc", "-target", "wasm32-wasi"]);
                command
            }
            Self::ZigOfPyPi => {
                let mut command = ZIG.python(shop)?;
                command.args(["-m", "ziglang", "cc", "-target", "wasm32-wasi"]);
                command
            }
        };
        // Zig compiles its C library once.
        for variable in ["ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR"] {
            command.env(variable, shop.cache("zig"));
        }
        Ok(command)
    }
}

fn make(shop: &Shop, source: &Source) -> Result<PathBuf, Failed> {
    let mut files: Vec<PathBuf> = fs::read_dir(&source.folder)?
        .filter_map(|entry| Some(PathBuf::from(entry.ok()?.file_name())))
        .filter(|file| file.extension().is_some_and(|extension| extension == "c"))
        .collect();
    files.sort();
    let draft = shop.draft(source)?;
    let mut compiler = Compiler::find(shop)?.command(shop)?;
    compiler
        .current_dir(&source.folder)
        .args(FLAGS)
        .arg("-o")
        .arg(&draft)
        .args(files);
    run(
        &mut compiler,
        "install wasi-sdk, Debian's clang, lld and wasi-libc, or Zig",
    )?;
    let component = component(&fs::read(&draft)?)?;
    fs::write(&draft, component)?;
    Ok(draft)
}

/// Makes a component of a module of WASI's first preview. A component stays as it is.
fn component(bytes: &[u8]) -> Result<Vec<u8>, Failed> {
    if wasmparser::Parser::is_component(bytes) {
        return Ok(bytes.to_vec());
    }
    let name = adapter::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME;
    let encode = || {
        ComponentEncoder::default()
            .module(bytes)?
            .adapter(name, adapter::WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER)?
            .validate(true)
            .encode()
    };
    encode().map_err(|error| Failed::because(format!("what the compiler made cannot be made a component: {error:#}")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

    use super::component;

    #[test]
    fn a_module_of_the_first_preview_becomes_a_component() {
        let module = wat::parse_str(
            r#"(module
                (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
                (memory (export "memory") 1)
                (func (export "_start") (call $exit (i32.const 3))))"#,
        );
        let made = component(&module.unwrap()).unwrap();
        assert!(wasmparser::Parser::is_component(&made));
        assert_eq!(component(&made).unwrap(), made);
        assert!(component(b"int main").is_err());
    }
}
