//! `wit/` and the core have the same types: every case and every field, on both sides.
//!
//! A case or field added to the core does not compile here until it is listed; one that is listed and not in `wit/`,
//! or the other way round, fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::path::Path;
use std::time::Duration;

use innkeeper_core::clock::Timestamp;
use innkeeper_core::config::Format;
use innkeeper_core::message::{File, Message, Post};
use innkeeper_core::request::{GithubOrigin, HookOrigin, ScheduleOrigin, SlackOrigin};
use innkeeper_core::run::{Captured, Ending, Outcome, Report};
use wit_parser::{Resolve, Type, TypeDef, TypeDefKind};

/// What `wit/` calls a type of the core.
trait Wit {
    fn wit(&self) -> String;
}

macro_rules! wit_names {
    ($($rust:ty => $wit:literal),* $(,)?) => {
        $(impl Wit for $rust {
            fn wit(&self) -> String {
                $wit.to_owned()
            }
        })*
    };
}

wit_names! {
    i32 => "s32",
    i64 => "s64",
    u64 => "u64",
    bool => "bool",
    u8 => "u8",
    String => "string",
    // Microseconds.
    Duration => "u64",
    // JSON.
    serde_json::Value => "string",
    Ending => "ending",
    Captured => "captured",
    Post => "post",
    File => "file",
}

impl<T: Wit + Default> Wit for Option<T> {
    fn wit(&self) -> String {
        format!("option<{}>", T::default().wit())
    }
}

impl<T: Wit + Default> Wit for Vec<T> {
    fn wit(&self) -> String {
        format!("list<{}>", T::default().wit())
    }
}

/// A name and a type, as in `name: type` or `case(type)`.
type Line = (String, Option<String>);

fn line(name: &str, value: &dyn Wit) -> Line {
    (name.to_owned(), Some(value.wit()))
}

fn extra() -> Line {
    ("extra".to_owned(), Some("list<tuple<string, string>>".to_owned()))
}

fn formats() -> Vec<Line> {
    let next = |format: Format| match format {
        Format::Text => Some(Format::Blocks),
        Format::Blocks => Some(Format::Code),
        Format::Code => Some(Format::File),
        Format::File => None,
    };
    std::iter::successors(Some(Format::Text), |format| next(*format))
        .map(|format| {
            let name = serde_json::to_value(format).expect("a format is JSON");
            (name.as_str().expect("a word").to_owned(), None)
        })
        .collect()
}

fn endings() -> Vec<Line> {
    let text = String::new;
    let first = Ending::Exited { code: 0 };
    let next = |ending: &Ending| match ending {
        Ending::Exited { code: _ } => Some(Ending::Failed { message: text() }),
        Ending::Failed { message: _ } => Some(Ending::Signalled { signal: 0 }),
        Ending::Signalled { signal: _ } => Some(Ending::TimedOut { after_ms: 0 }),
        Ending::TimedOut { after_ms: _ } => Some(Ending::LimitReached { what: text() }),
        Ending::LimitReached { what: _ } => Some(Ending::Trapped { why: text() }),
        Ending::Trapped { why: _ } => Some(Ending::NotStarted { why: text() }),
        Ending::NotStarted { why: _ } => Some(Ending::Interrupted),
        Ending::Interrupted => None,
    };
    let payload = |ending: &Ending| match ending {
        Ending::Exited { code: number } | Ending::Signalled { signal: number } => Some(number.wit()),
        Ending::TimedOut { after_ms } => Some(after_ms.wit()),
        Ending::Failed { message: text }
        | Ending::LimitReached { what: text }
        | Ending::Trapped { why: text }
        | Ending::NotStarted { why: text } => Some(text.wit()),
        Ending::Interrupted => None,
    };
    std::iter::successors(Some(first), next)
        .map(|ending| {
            let json = serde_json::to_value(&ending).expect("an ending is JSON");
            (json["how"].as_str().expect("a word").to_owned(), payload(&ending))
        })
        .collect()
}

fn captured_fields() -> Vec<Line> {
    // Where the file is on the host is none of a guest's business.
    let Captured { path: _, kept, lost } = Captured::default();
    vec![line("kept", &kept), line("lost", &lost), extra()]
}

fn outcome_fields() -> Vec<Line> {
    let Outcome {
        ending,
        duration,
        stdout,
        stderr,
        // What a job returned is no business of a format.
        report: _,
    } = Outcome {
        report: None,
        ending: Ending::Interrupted,
        duration: Duration::ZERO,
        stdout: Captured::default(),
        stderr: Captured::default(),
    };
    vec![
        line("ending", &ending),
        line("duration", &duration),
        line("stdout", &stdout),
        line("stderr", &stderr),
        extra(),
    ]
}

fn post_fields() -> Vec<Line> {
    let Post { text, blocks, unfurl } = Post::default();
    vec![
        line("text", &text),
        line("blocks", &blocks),
        line("unfurl", &unfurl),
        extra(),
    ]
}

fn file() -> File {
    File {
        name: String::new(),
        comment: None,
        content: Vec::new(),
    }
}

fn file_fields() -> Vec<Line> {
    let File { name, comment, content } = file();
    vec![
        line("name", &name),
        line("comment", &comment),
        line("content", &content),
        extra(),
    ]
}

fn reports() -> Vec<Line> {
    let next = |report: &Report| match report {
        Report::Text(_) => Some(Report::Blocks(Post::default())),
        Report::Blocks(_) => Some(Report::Code(String::new())),
        Report::Code(_) => Some(Report::File(file())),
        Report::File(_) => None,
    };
    let line = |report: Report| match report {
        Report::Text(text) => line("text", &text),
        Report::Blocks(post) => line("blocks", &post),
        Report::Code(text) => line("code", &text),
        Report::File(file) => line("file", &file),
    };
    std::iter::successors(Some(Report::Text(String::new())), next)
        .map(line)
        .collect()
}

fn slack_fields() -> Vec<Line> {
    let SlackOrigin {
        team,
        channel,
        user,
        user_team,
        message,
        thread,
        direct,
    } = SlackOrigin {
        team: String::new(),
        channel: String::new(),
        user: String::new(),
        user_team: None,
        message: None,
        thread: None,
        direct: false,
    };
    vec![
        line("team", &team),
        line("channel", &channel),
        line("user", &user),
        line("user-team", &user_team),
        line("message", &message),
        line("thread", &thread),
        line("direct", &direct),
        extra(),
    ]
}

fn github_fields() -> Vec<Line> {
    let GithubOrigin {
        delivery,
        event,
        action,
        repository,
        sender,
        channel,
        // For the host alone.
        comment: _,
        write_back: _,
    } = GithubOrigin {
        delivery: String::new(),
        event: String::new(),
        action: None,
        repository: None,
        sender: None,
        channel: None,
        comment: false,
        write_back: None,
    };
    // Kept apart from the origin: few jobs are told.
    let payload: Vec<u8> = Vec::new();
    vec![
        line("delivery", &delivery),
        line("event", &event),
        line("action", &action),
        line("repository", &repository),
        line("sender", &sender),
        line("channel", &channel),
        line("payload", &payload),
        extra(),
    ]
}

fn hook_fields() -> Vec<Line> {
    let HookOrigin {
        hook,
        delivery,
        content_type,
        // For the host alone.
        channel: _,
        session: _,
    } = HookOrigin {
        hook: String::new(),
        delivery: None,
        content_type: None,
        channel: None,
        session: None,
    };
    // Kept apart from the origin, as GitHub's.
    let payload: Vec<u8> = Vec::new();
    vec![
        line("hook", &hook),
        line("delivery", &delivery),
        line("content-type", &content_type),
        line("payload", &payload),
        extra(),
    ]
}

fn schedule_fields() -> Vec<Line> {
    let ScheduleOrigin {
        due,
        schedule,
        // For the host alone.
        channel: _,
    } = ScheduleOrigin {
        due: Timestamp::from_micros(0),
        schedule: String::new(),
        channel: None,
    };
    vec![line("due", &due.as_micros()), line("schedule", &schedule), extra()]
}

fn messages() -> Vec<Line> {
    let next = |message: &Message| match message {
        Message::Post(_) => Some(Message::File(file())),
        Message::File(_) => None,
    };
    let payload = |message: &Message| match message {
        Message::Post(post) => post.wit(),
        Message::File(file) => file.wit(),
    };
    std::iter::successors(Some(Message::Post(Post::default())), next)
        .map(|message| {
            let json = serde_json::to_value(&message).expect("a message is JSON");
            (
                json["kind"].as_str().expect("a word").to_owned(),
                Some(payload(&message)),
            )
        })
        .collect()
}

fn read() -> Resolve {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
    let mut resolve = Resolve::default();
    resolve
        .push_dir(&folder)
        .unwrap_or_else(|error| panic!("wit/ does not resolve: {error:#}"));
    resolve
}

/// A type as WIT writes it.
fn written(resolve: &Resolve, ty: &Type) -> String {
    let Type::Id(id) = ty else {
        return match ty {
            Type::Bool => "bool",
            Type::U8 => "u8",
            Type::U64 => "u64",
            Type::S32 => "s32",
            Type::U32 => "u32",
            Type::S64 => "s64",
            Type::String => "string",
            other => panic!("teach this test the type {other:?}"),
        }
        .to_owned();
    };
    let definition = &resolve.types[*id];
    match (&definition.name, &definition.kind) {
        (Some(name), _) => name.clone(),
        (None, TypeDefKind::List(of)) => format!("list<{}>", written(resolve, of)),
        (None, TypeDefKind::Option(of)) => format!("option<{}>", written(resolve, of)),
        (None, TypeDefKind::Tuple(tuple)) => {
            let types: Vec<String> = tuple.types.iter().map(|ty| written(resolve, ty)).collect();
            format!("tuple<{}>", types.join(", "))
        }
        (None, other) => panic!("teach this test the type {other:?}"),
    }
}

/// The cases or fields of a type, each of which has a doc.
fn lines(resolve: &Resolve, definition: &TypeDef) -> Vec<Line> {
    let ty = |ty: &Type| Some(written(resolve, ty));
    let lines: Vec<(Line, bool)> = match &definition.kind {
        TypeDefKind::Enum(of) => of
            .cases
            .iter()
            .map(|case| ((case.name.clone(), None), case.docs.is_empty()))
            .collect(),
        TypeDefKind::Variant(of) => of
            .cases
            .iter()
            .map(|case| ((case.name.clone(), case.ty.as_ref().and_then(ty)), case.docs.is_empty()))
            .collect(),
        TypeDefKind::Record(of) => of
            .fields
            .iter()
            .map(|field| ((field.name.clone(), ty(&field.ty)), field.docs.is_empty()))
            .collect(),
        other => panic!("teach this test the kind {}", other.as_str()),
    };
    for ((name, _), undocumented) in &lines {
        assert!(!undocumented, "`{name}` of `{:?}` has no doc", definition.name);
    }
    lines.into_iter().map(|(line, _)| line).collect()
}

#[test]
fn wit_and_core_have_the_same_types() {
    let resolve = read();
    let (_, interface) = resolve
        .interfaces
        .iter()
        .find(|(_, interface)| interface.name.as_deref() == Some("types"))
        .expect("wit/ has the interface `types`");
    let core = [
        ("format", formats()),
        ("ending", endings()),
        ("captured", captured_fields()),
        ("outcome", outcome_fields()),
        ("post", post_fields()),
        ("file", file_fields()),
        ("message", messages()),
        ("report", reports()),
        ("slack-origin", slack_fields()),
        ("github-origin", github_fields()),
        ("hook-origin", hook_fields()),
        ("schedule-origin", schedule_fields()),
    ];
    for (name, expected) in &core {
        let definition = &resolve.types[interface.types[*name]];
        assert!(!definition.docs.is_empty(), "`{name}` has no doc");
        assert_eq!(
            &lines(&resolve, definition),
            expected,
            "`{name}`: left is wit/, right is the core"
        );
    }
}

#[test]
fn everything_in_the_package_is_documented() {
    let resolve = read();
    let ours =
        |package: Option<wit_parser::PackageId>| package.is_some_and(|id| resolve.packages[id].name.name == "guest");
    for (_, interface) in resolve.interfaces.iter().filter(|(_, it)| ours(it.package)) {
        let name = interface.name.as_deref().unwrap_or_default();
        assert!(!interface.docs.is_empty(), "the interface `{name}` has no doc");
        for (_, id) in &interface.types {
            let definition = &resolve.types[*id];
            // A `use` names what is documented where it is defined.
            if !matches!(definition.kind, TypeDefKind::Type(_)) {
                assert!(!definition.docs.is_empty(), "`{:?}` has no doc", definition.name);
                lines(&resolve, definition);
            }
        }
        for (name, function) in &interface.functions {
            assert!(!function.docs.is_empty(), "the function `{name}` has no doc");
        }
    }
    for (_, world) in resolve.worlds.iter().filter(|(_, it)| ours(it.package)) {
        assert!(!world.docs.is_empty(), "the world `{}` has no doc", world.name);
        for item in world.exports.values() {
            if let wit_parser::WorldItem::Function(function) = item {
                assert!(!function.docs.is_empty(), "`{}` has no doc", function.name);
            }
        }
    }
}

#[test]
fn the_package_promises_nothing_yet_and_has_the_world_command() {
    let resolve = read();
    let (_, package) = resolve
        .packages
        .iter()
        .find(|(_, package)| package.name.name == "guest")
        .expect("wit/ has the package `guest`");
    assert_eq!(package.name.to_string(), "innkeeper:guest@0.1.0-dev");
    let mut worlds: Vec<&str> = package.worlds.keys().map(String::as_str).collect();
    worlds.sort_unstable();
    assert_eq!(worlds, ["alert", "command", "job", "report-format"]);
    let world = &resolve.worlds[package.worlds["command"]];
    assert!(
        world.imports.is_empty() && world.exports.is_empty(),
        "it asks nothing of a guest"
    );
    assert!(!world.docs.is_empty());
}
