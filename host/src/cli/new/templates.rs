//! What `innkeeper new` writes, by kind and language. The files are in `templates/`.

use super::super::build::Language;
use super::Kind;

/// A file of a project: its path, and its text with `{{name}}` and `{{words}}` in it.
pub(super) type File = (&'static str, &'static str);

const WIT: [File; 2] = [
    ("wit/world.wit", include_str!("templates/wit/world.wit.in")),
    ("wit/deps/cli.wit", include_str!("templates/wit/cli.wit.in")),
];

/// The world `report-format`, as `wit/` of the repository has it.
const FORMAT_WIT: [File; 2] = [
    (
        "wit/report-format.wit",
        include_str!("../../../../wit/report-format.wit"),
    ),
    ("wit/types.wit", include_str!("../../../../wit/types.wit")),
];

/// The world `alert`, as `wit/` of the repository has it.
const ALERT_WIT: [File; 3] = [
    ("wit/alert.wit", include_str!("../../../../wit/alert.wit")),
    ("wit/progress.wit", include_str!("../../../../wit/progress.wit")),
    ("wit/types.wit", include_str!("../../../../wit/types.wit")),
];

/// The smallest `innkeeper.toml`.
pub(super) const HOST: &str = include_str!("templates/innkeeper.toml.in");
/// The smallest `namespace.toml`.
pub(super) const NAMESPACE: &str = include_str!("templates/namespace.toml.in");
/// What a job adds to `namespace.toml`.
pub(super) const JOB: &str = include_str!("templates/job.toml.in");

/// What an alert plugin adds to `innkeeper.toml`.
pub(super) const PLUGIN: &str = include_str!("templates/plugin.toml.in");

/// The files of a project; none where there is no such project in this version.
pub(super) fn project(kind: Kind, language: Language) -> Option<Vec<File>> {
    Some(match (kind, language) {
        (Kind::Job, Language::Rust) => vec![
            ("Cargo.toml", include_str!("templates/rust/Cargo.toml.in")),
            ("src/main.rs", include_str!("templates/rust/main.rs.in")),
            (".gitignore", include_str!("templates/rust/gitignore.in")),
        ],
        (Kind::Job, Language::Python) => with(WIT, "app.py", include_str!("templates/python/app.py.in")),
        (Kind::Job, Language::Js) => with(WIT, "app.js", include_str!("templates/js/app.js.in")),
        (Kind::Job, Language::C) => vec![("main.c", include_str!("templates/c/main.c.in"))],
        (Kind::Format, Language::Python) => with(FORMAT_WIT, "app.py", include_str!("templates/python/format.py.in")),
        (Kind::Format, Language::Js) => with(FORMAT_WIT, "app.js", include_str!("templates/js/format.js.in")),
        (Kind::Alert, Language::Rust) => {
            let files = [
                ("Cargo.toml", include_str!("templates/rust/alert-Cargo.toml.in")),
                ("src/lib.rs", include_str!("templates/rust/alert.rs.in")),
                (".gitignore", include_str!("templates/rust/gitignore.in")),
            ];
            files.into_iter().chain(ALERT_WIT).collect()
        }
        (Kind::Alert, Language::Python) => with(ALERT_WIT, "app.py", include_str!("templates/python/alert.py.in")),
        (Kind::Alert, Language::Js) => with(ALERT_WIT, "app.js", include_str!("templates/js/alert.js.in")),
        // They wait for bindings: the SDK's in Rust, wit-bindgen's in C.
        (Kind::Format, Language::Rust | Language::C) | (Kind::Alert, Language::C) => return None,
    })
}

fn with<const N: usize>(wit: [File; N], path: &'static str, text: &'static str) -> Vec<File> {
    std::iter::once((path, text)).chain(wit).collect()
}

/// A template with its names filled in. A command is words: `hello_to` is said as `hello to`.
pub(super) fn fill(template: &str, name: &str) -> String {
    let words = name.replace(['_', '-'], " ");
    template.replace("{{name}}", name).replace("{{words}}", words.trim())
}
