//! The bindings in the repository are those of `wit/`.
//!
//! After a change of `wit/`: `UPDATE_BINDINGS=1 cargo test -p innkeeper-guest --test bindings`, then deal with it in
//! `src/convert.rs`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::Path;

use wit_bindgen_core::wit_parser::Resolve;
use wit_bindgen_core::{Files, WorldGenerator as _};
use wit_bindgen_rust::{Opts, WithOption};

#[test]
fn job_is_what_wit_says() {
    compare("job", Opts::default());
}

#[test]
fn report_format_is_what_wit_says() {
    let same_types = WithOption::Path("crate::bindings::types".to_owned());
    compare(
        "report-format",
        Opts {
            with: vec![("innkeeper:guest/types@0.1.0-dev".to_owned(), same_types)],
            ..Opts::default()
        },
    );
}

#[test]
fn alert_is_what_wit_says() {
    let same = |name: &str| {
        let path = WithOption::Path(format!("crate::bindings::{name}"));
        (format!("innkeeper:guest/{name}@0.1.0-dev"), path)
    };
    compare(
        "alert",
        Opts {
            with: vec![same("types"), same("progress")],
            ..Opts::default()
        },
    );
}

fn compare(world: &str, options: Opts) {
    let module = world.replace('-', "_");
    let written = generate(
        world,
        Opts {
            format: true,
            pub_export_macro: true,
            export_macro_name: Some(format!("export_{module}")),
            ..options
        },
    );
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/bindings/{module}.rs"));
    if std::env::var_os("UPDATE_BINDINGS").is_some() {
        fs::write(&file, written).unwrap();
        return;
    }
    assert!(
        fs::read_to_string(&file).is_ok_and(|kept| kept == written),
        "{} is not what wit/ says: run `UPDATE_BINDINGS=1 cargo test -p innkeeper-guest --test bindings`",
        file.display()
    );
}

fn generate(world: &str, options: Opts) -> String {
    let mut resolve = Resolve::default();
    let (package, _) = resolve
        .push_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("wit"))
        .unwrap();
    let world = resolve.select_world(&[package], Some(world)).unwrap();
    let mut files = Files::default();
    options.build().generate(&mut resolve, world, &mut files).unwrap();
    let (_, code) = files.iter().next().unwrap();
    String::from_utf8(code.to_vec()).unwrap()
}
