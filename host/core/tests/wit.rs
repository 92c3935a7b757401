//! `wit/` and the core have the same types: every case and every field, on both sides.
//!
//! A case or field added to the core does not compile here until it is listed; one that is listed and not in `wit/`,
//! or the other way round, fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::path::Path;
use std::time::Duration;

use innkeeper_core::alert::plugin::{
    CheckTold, Field, FieldKind, Metadata, Sending, ServiceTold, SlackMessage, SlackPlace, Telling, UserFields,
    UserTold,
};
use innkeeper_core::alert::{Acknowledgement, Importance, Kind, Shown};
use innkeeper_core::clock::Timestamp;
use innkeeper_core::config::Format;
use innkeeper_core::message::{BasicAuth, File, HttpRequest, Mail, Message, Post, Signature};
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
    u32 => "u32",
    Post => "post",
    File => "file",
    Message => "message",
    Field => "field",
    FieldKind => "field-kind",
    Kind => "kind",
    Shown => "status",
    Importance => "importance",
    CheckTold => "check",
    Acknowledgement => "acknowledgement",
    ServiceTold => "service",
    UserTold => "user",
    SlackPlace => "slack-place",
    BasicAuth => "basic-auth",
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

fn words(all: &[&str]) -> Vec<Line> {
    all.iter().map(|word| ((*word).to_owned(), None)).collect()
}

/// What is shown of a service that is told of: `disabled` never is.
fn statuses() -> Vec<Line> {
    let told = |shown: &&Shown| match shown {
        Shown::Passing | Shown::Warning | Shown::Error | Shown::Critical | Shown::Acknowledged => true,
        Shown::Disabled => false,
    };
    let told = Shown::ALL.iter().filter(told).map(|shown| shown.as_str());
    words(&told.collect::<Vec<_>>())
}

fn field_kinds() -> Vec<Line> {
    let next = |kind: &FieldKind| match kind {
        FieldKind::Text => Some(FieldKind::Number),
        FieldKind::Number => Some(FieldKind::Boolean),
        FieldKind::Boolean => None,
    };
    let all = std::iter::successors(Some(FieldKind::Text), next);
    all.map(|kind| (format!("{kind:?}").to_lowercase(), None)).collect()
}

fn slack_places() -> Vec<Line> {
    let next = |place: &SlackPlace| match place {
        SlackPlace::Alone => Some(SlackPlace::Incident),
        SlackPlace::Incident => Some(SlackPlace::Thread),
        SlackPlace::Thread => None,
    };
    let all = std::iter::successors(Some(SlackPlace::Alone), next);
    all.map(|place| (format!("{place:?}").to_lowercase(), None)).collect()
}

fn metadata_fields() -> Vec<Line> {
    let Metadata {
        name,
        author,
        version,
        description,
        wants_updates,
        settings,
    } = Metadata::default();
    vec![
        line("name", &name),
        line("author", &author),
        line("version", &version),
        line("description", &description),
        line("wants-updates", &wants_updates),
        line("settings", &settings),
        extra(),
    ]
}

fn field_fields() -> Vec<Line> {
    let Field {
        name,
        label,
        kind,
        max_length,
        optional,
        secret,
        default,
    } = Field::default();
    vec![
        line("name", &name),
        line("label", &label),
        line("kind", &kind),
        line("max-length", &max_length),
        line("optional", &optional),
        line("secret", &secret),
        line("default", &default),
        extra(),
    ]
}

fn user_fields_fields() -> Vec<Line> {
    let UserFields { title, fields } = UserFields::default();
    vec![line("title", &title), line("fields", &fields), extra()]
}

fn acknowledgement() -> Acknowledgement {
    let long_ago = Timestamp::from_micros(0);
    Acknowledgement {
        by: String::new(),
        at: long_ago,
        until: long_ago,
    }
}

fn acknowledgement_fields() -> Vec<Line> {
    let Acknowledgement { by, at, until } = acknowledgement();
    vec![
        line("by", &by),
        line("at", &at.as_micros()),
        line("until", &until.as_micros()),
        extra(),
    ]
}

fn check() -> CheckTold {
    CheckTold {
        name: String::new(),
        importance: Importance::Error,
        passing: false,
        run: None,
        output: String::new(),
    }
}

fn check_fields() -> Vec<Line> {
    let CheckTold {
        name,
        importance,
        passing,
        run,
        output,
    } = check();
    vec![
        line("name", &name),
        line("importance", &importance),
        line("passing", &passing),
        line("run", &run.map(|run| run.0)),
        line("output", &output),
        extra(),
    ]
}

fn service() -> ServiceTold {
    ServiceTold {
        name: String::new(),
        title: String::new(),
        url: None,
        runbook: None,
        before: Shown::Passing,
        now: Shown::Passing,
        since: Timestamp::from_micros(0),
        checks: Vec::new(),
        acknowledgement: None,
    }
}

fn service_fields() -> Vec<Line> {
    let ServiceTold {
        name,
        title,
        url,
        runbook,
        before,
        now,
        since,
        checks: _,
        acknowledgement: _,
    } = service();
    vec![
        line("name", &name),
        line("title", &title),
        line("url", &url),
        line("runbook", &runbook),
        line("before", &before),
        line("now", &now),
        line("since", &since.as_micros()),
        ("checks".to_owned(), Some(format!("list<{}>", check().wit()))),
        (
            "acknowledgement".to_owned(),
            Some(format!("option<{}>", acknowledgement().wit())),
        ),
        extra(),
    ]
}

/// Names and values.
fn pairs(name: &str, _: &[(String, String)]) -> Line {
    (name.to_owned(), Some("list<tuple<string, string>>".to_owned()))
}

fn user_fields() -> Vec<Line> {
    let UserTold {
        name,
        email,
        slack,
        fields,
    } = UserTold::default();
    vec![
        line("name", &name),
        line("email", &email),
        line("slack", &slack),
        pairs("fields", &fields),
        extra(),
    ]
}

fn alert_fields() -> Vec<Line> {
    let Telling {
        id,
        kind,
        at,
        incident,
        test,
        service,
        users,
        duty_officers,
        settings,
    } = Telling {
        id: String::new(),
        kind: Kind::Failing,
        at: Timestamp::from_micros(0),
        incident: 0,
        test: false,
        service: service(),
        users: Vec::new(),
        duty_officers: Vec::new(),
        settings: Vec::new(),
    };
    vec![
        line("id", &id),
        line("kind", &kind),
        line("at", &at.as_micros()),
        line("incident", &incident),
        line("test", &test),
        line("service", &service),
        line("users", &users),
        line("duty-officers", &duty_officers),
        pairs("settings", &settings),
        extra(),
    ]
}

fn signatures() -> Vec<Line> {
    let payload = |signature: Signature| match signature {
        Signature::StandardWebhooks(secret) => line("standard-webhooks", &secret),
    };
    vec![payload(Signature::StandardWebhooks(String::new()))]
}

fn basic_auth_fields() -> Vec<Line> {
    let BasicAuth { user, password } = BasicAuth::default();
    vec![line("user", &user), line("password", &password)]
}

fn http_request_fields() -> Vec<Line> {
    let HttpRequest {
        method,
        url,
        headers,
        body,
        idempotency_key,
        basic_auth,
        signature: _,
    } = HttpRequest::default();
    vec![
        line("method", &method),
        line("url", &url),
        pairs("headers", &headers),
        line("body", &body),
        line("idempotency-key", &idempotency_key),
        line("basic-auth", &basic_auth),
        ("signature".to_owned(), Some("option<signature>".to_owned())),
        extra(),
    ]
}

fn slack_message_fields() -> Vec<Line> {
    let SlackMessage {
        to,
        message,
        place,
        buttons,
    } = SlackMessage {
        to: String::new(),
        message: Message::Post(Post::default()),
        place: SlackPlace::Alone,
        buttons: false,
    };
    vec![
        line("to", &to),
        line("message", &message),
        line("place", &place),
        line("buttons", &buttons),
        extra(),
    ]
}

fn mail_fields() -> Vec<Line> {
    let Mail { to, subject, text } = Mail::default();
    vec![line("to", &to), line("subject", &subject), line("text", &text), extra()]
}

fn deliveries() -> Vec<Line> {
    let case = |sending: &Sending| match sending {
        Sending::Slack(_) => ("slack", "slack-message", Some(Sending::Http(HttpRequest::default()))),
        Sending::Http(_) => ("http", "http-request", Some(Sending::Mail(Mail::default()))),
        Sending::Mail(_) => ("mail", "mail", None),
    };
    let first = Sending::Slack(SlackMessage {
        to: String::new(),
        message: Message::Post(Post::default()),
        place: SlackPlace::Alone,
        buttons: false,
    });
    let all = std::iter::successors(Some(first), |sending| case(sending).2);
    all.map(|sending| {
        let (name, payload, _) = case(&sending);
        (name.to_owned(), Some(payload.to_owned()))
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
    compare("types", &core);
}

#[test]
fn wit_and_core_have_the_same_alerts() {
    let word = |kind: &Kind| kind.as_str();
    let kinds: Vec<&str> = Kind::ALL.iter().map(word).collect();
    let word = |importance: &Importance| importance.as_str();
    let importances: Vec<&str> = Importance::ALL.iter().map(word).collect();
    let core = [
        ("metadata", metadata_fields()),
        ("field", field_fields()),
        ("field-kind", field_kinds()),
        ("user-fields", user_fields_fields()),
        ("kind", words(&kinds)),
        ("status", statuses()),
        ("importance", words(&importances)),
        ("check", check_fields()),
        ("acknowledgement", acknowledgement_fields()),
        ("service", service_fields()),
        ("user", user_fields()),
        ("alert", alert_fields()),
        ("http-request", http_request_fields()),
        ("basic-auth", basic_auth_fields()),
        ("signature", signatures()),
        ("slack-place", slack_places()),
        ("slack-message", slack_message_fields()),
        ("mail", mail_fields()),
        ("delivery", deliveries()),
    ];
    compare("alerting", &core);
}

fn compare(interface: &str, core: &[(&str, Vec<Line>)]) {
    let resolve = read();
    let (_, interface) = resolve
        .interfaces
        .iter()
        .find(|(_, it)| it.name.as_deref() == Some(interface))
        .expect("wit/ has the interface");
    for (name, expected) in core {
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
